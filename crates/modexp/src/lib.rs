//! modexp
