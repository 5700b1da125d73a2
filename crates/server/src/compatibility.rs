//! What works only in part, in one place; docs/compatibility.md is written from it and from what the operations
//! answer to a test, never by hand.

pub use crate::cognito_idp::{clients::LATER as CLIENT_MEMBERS, pools::LATER as POOL_MEMBERS};

const TRIGGERS: &str = "a pool that names a Lambda function for this is refused: triggers are not built";
const FLOWS: &str = "USER_SRP_AUTH, USER_PASSWORD_AUTH and REFRESH_TOKEN work; USER_AUTH and CUSTOM_AUTH are refused, \
                     and so are pools that name a Lambda function for sign-in";
const CHALLENGES: &str = "PASSWORD_VERIFIER, NEW_PASSWORD_REQUIRED, SMS_MFA, EMAIL_OTP, SOFTWARE_TOKEN_MFA, MFA_SETUP \
                          and SELECT_MFA_TYPE work; devices, passkeys, custom and first-factor challenges are refused";

/// Operations that are built but do less than Cognito's, and what is missing.
pub const PARTLY: &[(&str, &str)] = &[
    ("AdminConfirmSignUp", TRIGGERS),
    ("AdminCreateUser", TRIGGERS),
    (
        "AdminInitiateAuth",
        "as InitiateAuth, with ADMIN_USER_PASSWORD_AUTH; USER_AUTH and CUSTOM_AUTH are refused, and so are pools that \
         name a Lambda function for sign-in",
    ),
    ("AdminResetUserPassword", TRIGGERS),
    ("AdminRespondToAuthChallenge", CHALLENGES),
    ("AdminSetUserMFAPreference", "a passkey as a second factor is refused"),
    ("ConfirmForgotPassword", TRIGGERS),
    ("ConfirmSignUp", TRIGGERS),
    ("CreateUserPool", "see the members of its configuration below"),
    ("CreateUserPoolClient", "see the members of its configuration below"),
    ("ForgotPassword", TRIGGERS),
    ("GetTokensFromRefreshToken", TRIGGERS),
    ("GetUserAttributeVerificationCode", TRIGGERS),
    ("InitiateAuth", FLOWS),
    ("ResendConfirmationCode", TRIGGERS),
    ("RespondToAuthChallenge", CHALLENGES),
    ("SetUserMFAPreference", "a passkey as a second factor is refused"),
    ("SetUserPoolMfaConfig", "WebAuthnConfiguration is kept and described; passkeys are not built"),
    ("SignUp", TRIGGERS),
    ("UpdateUserAttributes", TRIGGERS),
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
