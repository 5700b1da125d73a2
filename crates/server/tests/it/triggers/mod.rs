//! Lambda triggers: which functions run in which flow, what they are told, and what follows from their replies.

mod concurrency;
mod custom;
mod messages;
mod migration;
pub mod opened;
mod registration;
mod senders;
mod sign_in;
pub mod stand_in;
mod tokens;
