//! What works only in part, in one place; docs/compatibility.md is written from it and from what the operations
//! answer to a test, never by hand.

pub use crate::cognito_idp::{clients::LATER as CLIENT_MEMBERS, pools::LATER as POOL_MEMBERS};

const FLOWS: &str = "USER_AUTH is refused; every other flow works";
const CHALLENGES: &str =
    "devices, passkeys and first-factor challenges are refused; every other challenge works";

/// Operations that are built but do less than Cognito's, and what is missing.
pub const PARTLY: &[(&str, &str)] = &[
    ("AdminInitiateAuth", FLOWS),
    ("AdminRespondToAuthChallenge", CHALLENGES),
    ("AdminSetUserMFAPreference", "a passkey as a second factor is refused"),
    ("CreateUserPool", "see the members of its configuration below"),
    ("CreateUserPoolClient", "see the members of its configuration below"),
    ("InitiateAuth", FLOWS),
    ("RespondToAuthChallenge", CHALLENGES),
    ("SetUserMFAPreference", "a passkey as a second factor is refused"),
    (
        "SetUserPoolMfaConfig",
        "passkeys are registered; FactorConfiguration is kept and described, and signing in by a passkey is refused",
    ),
    ("UpdateUserPool", "see the members of its configuration below"),
    ("UpdateUserPoolClient", "see the members of its configuration below"),
];

/// Addresses that clients know, whether they are served, and what is to be said of them.
pub const ADDRESSES: &[(&str, bool, &str)] = &[
    ("`/{poolId}/.well-known/jwks.json`", true, ""),
    (
        "`/{poolId}/.well-known/openid-configuration`",
        true,
        "names the OAuth endpoints as Cognito's document does, though they are not built",
    ),
    ("`/oauth2/authorize`, `/oauth2/token`, `/oauth2/userInfo`, `/oauth2/revoke`, `/logout`", false, ""),
    ("the sign-in pages", false, ""),
];
