//! Who may administer: proofs of AWS credentials, and the policies that say what their holders may do.

pub mod policy;
pub mod resources;
pub mod sigv4;
pub mod wrapped;
