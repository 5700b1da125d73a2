//! Access tokens, refresh tokens and their revocation.

use super::{Fault, invalid_parameter, not_authorized};
use spec::Code;

/// Documentation.
pub fn access_token_revoked() -> Fault {
    not_authorized("Access Token has been revoked")
}

/// From memory of public reports.
pub fn access_token_expired() -> Fault {
    not_authorized("Access Token has expired")
}

/// Not a token, an ID token, or one of another issuer. From memory of public reports.
pub fn access_token_invalid() -> Fault {
    not_authorized("Invalid Access Token")
}

/// From memory of public reports.
pub fn access_token_signature() -> Fault {
    not_authorized("Could not verify signature for Access Token")
}

/// P
pub fn access_token_scopes() -> Fault {
    not_authorized("Access Token does not have required scopes")
}

/// Garbage, another client's, or one without its device. P
pub fn refresh_token_invalid() -> Fault {
    not_authorized("Invalid Refresh Token")
}

/// From memory of public reports.
pub fn refresh_token_revoked() -> Fault {
    not_authorized("Refresh Token has been revoked")
}

/// From memory of public reports.
pub fn refresh_token_expired() -> Fault {
    not_authorized("Refresh Token has expired")
}

/// A rotated-out token after its grace period. Unverified: text.
pub fn refresh_token_reused() -> Fault {
    Fault::new(Code::RefreshTokenReuseException, "Refresh token has been reused")
}

/// RevokeToken of another client's token. Unverified: text.
pub fn token_of_another_client() -> Fault {
    Fault::new(Code::UnauthorizedException, "Token is not from the client.")
}

/// RevokeToken by a client that does not exist. Unverified: name and text.
pub fn client_may_not_revoke() -> Fault {
    Fault::new(Code::UnauthorizedException, "Invalid client id.")
}

/// RevokeToken of an access or ID token. Unverified: text.
pub fn unsupported_token_type() -> Fault {
    Fault::new(Code::UnsupportedTokenTypeException, "Unsupported token type.")
}

/// RevokeToken for a client without EnableTokenRevocation. Unverified: text.
pub fn token_revocation_not_enabled() -> Fault {
    Fault::new(Code::UnsupportedOperationException, "Token revocation is not enabled for this client.")
}

/// Sessions of a pool that does not track them. The exception is, by its documentation, for an operation that is not
/// available for the pool's configuration. Unverified: that it is this one, and the text.
pub fn sessions_not_tracked() -> Fault {
    Fault::new(Code::OperationNotEnabledException, "Session tracking is not enabled for the user pool.")
}

/// A session that has ended, is another user's, or never was. Unverified: text.
pub fn unknown_session() -> Fault {
    Fault::new(Code::ResourceNotFoundException, "Session does not exist.")
}

/// RevokeUserSession of the session that the access token belongs to, which the documentation excludes. Unverified:
/// code and text.
pub fn session_is_current() -> Fault {
    invalid_parameter("The current session cannot be revoked.")
}
