//! Pages for people, and what lies beside them.

pub mod outbox;
