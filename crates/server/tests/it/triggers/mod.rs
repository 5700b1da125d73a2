//! Lambda triggers: which functions run in which flow, what they are told, and what follows from their replies.

mod custom;
mod messages;
mod migration;
mod registration;
mod senders;
mod sign_in;
mod stand_in;
mod tokens;
