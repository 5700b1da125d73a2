//! The user pools' API, a file per resource or flow.

pub mod admin_create_user;
pub mod admin_user_attributes;
pub mod client_secrets;
pub mod clients;
pub mod group_members;
pub mod groups;
pub mod list_users;
pub mod mfa_config;
pub mod mfa_preference;
pub mod pages;
pub mod pools;
pub mod sign_in;
pub mod sign_out;
pub mod software_token;
pub mod tags;
pub mod user_changes;
pub mod user_passwords;
pub mod users;
