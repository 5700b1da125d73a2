//! Who asks, and the typed proofs that operations take as arguments.

pub mod access_keys;
pub mod call;
pub mod call_origin;
pub mod client_secret;
pub mod operator;
pub mod runners;
pub mod signed_in;

pub use call_origin::CallOrigin;
pub use operator::Operator;
pub use signed_in::SignedIn;
