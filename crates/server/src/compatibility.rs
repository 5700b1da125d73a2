//! What works only in part, in one place; docs/compatibility.md is written from it and from what the operations
//! answer to a test, never by hand.

pub use crate::cognito_idp::{clients::LATER as CLIENT_MEMBERS, pools::LATER as POOL_MEMBERS};

const LINKED: &str = "RevokeAssociatedSessions is checked; SSO sessions wait for the sign-in pages, so LINKED finds none and \
                      does what NONE does";
const SESSIONS: &str = "token sessions are listed; SSO sessions, and with them OriginSessionId, wait for the sign-in pages; \
                        LastLocation is absent, because the server does not know where addresses are";

/// Operations that are built but do less than Cognito's, and what is missing.
pub const PARTLY: &[(&str, &str)] = &[
    ("AdminListUserSessions", SESSIONS),
    ("AdminRevokeUserSession", LINKED),
    ("CreateUserPool", "see the members of its configuration below"),
    ("CreateUserPoolClient", "see the members of its configuration below"),
    ("ListUserSessions", SESSIONS),
    ("RevokeToken", LINKED),
    ("RevokeUserSession", LINKED),
    (
        "SetUserPoolClientSessionConfiguration",
        "SSOSession.MaxValidityMinutes is kept and answered; the SSO sessions that it bounds wait for the sign-in pages",
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
