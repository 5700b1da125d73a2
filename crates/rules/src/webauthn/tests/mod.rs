//! Good ceremonies, and the same with one thing changed: every check refuses exactly what it is for.

mod attestation;
mod authentication;
mod certificates;
mod options;
mod other_authenticator;
mod parts;
mod registration;
#[allow(dead_code, reason = "the tests of the server use the rest")]
mod soft_authenticator;

use super::{Expected, Origins, Registered, options::NewPasskey};
use serde_json::Value;
use soft_authenticator::{Creation, Key, SoftAuthenticator};
use spec::cognito_idp::UserVerificationType;

const RELYING_PARTY: &str = "example.com";
const ORIGIN: &str = "https://login.example.com";
const CHALLENGE: &str = "ZqIqTmHYq1XsYZ2ZcJvvVSEJ3CkuhHyIwEQNLTMSFR8";
const SUB: &str = "0e5a4d0c-6d0b-4a4e-9b4a-1f6a3a1c2d3e";

fn expected() -> Expected<'static> {
    Expected {
        challenge: CHALLENGE,
        relying_party_id: RELYING_PARTY,
        origins: Origins::default(),
        user_verification: false,
    }
}

fn creation_options() -> Value {
    super::options::creation_options(&NewPasskey {
        challenge: CHALLENGE,
        relying_party_id: RELYING_PARTY,
        sub: SUB,
        username: "jane",
        credential_ids: &[],
        user_verification: UserVerificationType::Preferred,
    })
}

fn keys() -> [Key; 3] {
    [Key::es256(), Key::rs256(), Key::eddsa()]
}

/// A good registration, and the authenticator behind it.
fn creation() -> (SoftAuthenticator, Creation) {
    let mut authenticator = SoftAuthenticator::new(ORIGIN);
    let creation = authenticator.creation(&creation_options());
    (authenticator, creation)
}

/// The credential of a good registration.
fn registered(authenticator: &mut SoftAuthenticator) -> Registered {
    super::register(&expected(), &authenticator.create(&creation_options())).unwrap()
}
