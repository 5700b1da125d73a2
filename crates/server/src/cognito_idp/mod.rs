//! The user pools' API, a file per resource or flow.

pub mod group_members;
pub mod groups;
pub mod list_users;
pub mod pages;
pub mod user_changes;
