//! What operations, pages and federation do with users alike.

pub mod changes;
pub mod code_limits;
pub mod code_requests;
pub mod codes;
pub mod devices;
pub mod drafts;
pub mod migration;
pub mod passwords;
