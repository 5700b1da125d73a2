//! What operations, pages and federation do with users alike.

pub mod changes;
pub mod codes;
pub mod passwords;
