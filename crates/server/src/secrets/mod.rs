//! What keeps secrets: the vault and its master keys, and what is handed out under their protection.

pub mod master_keys;
pub mod page_token;
pub mod random;
pub mod vault;
