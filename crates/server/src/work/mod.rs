//! Work that burns the processor, and admission to it.

pub mod hashing;
pub mod pool;
