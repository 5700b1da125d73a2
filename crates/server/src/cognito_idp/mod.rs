//! The user pools' API, a file per resource or flow.

pub mod user_changes;
