//! What the tokens say, how long they live, and what ends them.

pub mod claims;
pub mod customization;
pub mod refresh;
pub mod sessions;

use crate::{
    Millis, Result, fault,
    ids::{self, ClientId, PoolId, Sub, Username},
    pool::Client,
    sign_in::assurance::Method,
    user::{Membership, User},
};
use customization::Customization;
use serde::{Deserialize, Serialize};

/// A refresh token and all that was issued by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// A UUID; tokens carry it as `origin_jti`.
    pub id: String,
    /// The pool.
    pub pool_id: PoolId,
    /// The client that signed the user in.
    pub client_id: ClientId,
    /// The user.
    pub sub: Sub,
    /// When the user signed in, the `auth_time` of every token.
    pub authenticated_at: Millis,
    /// When the refresh token ends, rotated or not.
    pub expires_at: Millis,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// Random bytes that the refresh tokens are derived from, beside the master key.
    pub nonce: Vec<u8>,
    /// Which of its refresh tokens is good: 1, and one more with each rotation.
    pub generation: i64,
    /// How long the refresh token before it is still taken.
    pub previous_until: Option<Millis>,
    /// How often the user had been signed out everywhere before.
    pub sign_outs: i64,
    /// The device that signed in, known or new, where the pool tracks devices.
    pub device_key: Option<String>,
    /// When it was last used, where the pool tracks sessions.
    pub last_active_at: Option<Millis>,
    /// What the sign-in left for the tokens.
    pub facts: GrantFacts,
}

/// What the sign-in left for the tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GrantFacts {
    /// The event that the tokens name.
    pub event_id: String,
    /// The scopes of access tokens.
    pub scopes: Vec<String>,
    /// The name of the level of assurance that was wished for and reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How the user was authenticated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// The last use, where the pool tracks sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<sessions::SessionFacts>,
}

/// What the tokens are made of.
#[derive(Clone, Copy, Debug)]
pub struct TokenContext<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The client that they are for.
    pub client: &'a Client,
    /// The user that they speak of.
    pub user: &'a User,
    /// The user's groups, the lowest precedence first.
    pub groups: &'a [Membership],
    /// The grant that they belong to.
    pub grant: &'a Grant,
    /// What a function changes in them.
    pub customization: Option<&'a Customization>,
    /// The present.
    pub now: Millis,
}

/// The claims of an access token that the server reads back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The user.
    pub sub: Sub,
    /// The issuer, which ends in the pool id.
    pub iss: String,
    /// The client.
    pub client_id: ClientId,
    /// `access`.
    pub token_use: String,
    /// The scopes, by spaces.
    #[serde(default)]
    pub scope: String,
    /// Seconds since 1970.
    pub auth_time: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// Seconds since 1970.
    pub iat: i64,
    /// The token's own id, a UUID of version 7.
    pub jti: String,
    /// The grant's id, where the client revokes tokens.
    #[serde(default)]
    pub origin_jti: Option<String>,
    /// What all tokens of one sign-in have in common.
    #[serde(default)]
    pub event_id: Option<String>,
    /// The user name.
    #[serde(default)]
    pub username: Username,
    /// How the user was authenticated, where a level was wished for.
    #[serde(default)]
    pub amr: Vec<String>,
    /// The device that the sign-in has.
    #[serde(default)]
    pub device_key: Option<String>,
}

/// Checks that nothing ended the token before its expiry: its grant, a global sign-out, or the user's disabling.
pub fn check_access(claims: &AccessClaims, grant: Option<&Grant>, user: &User, revokes: bool) -> Result<()> {
    let signed_out_since = match grant {
        Some(grant) if grant.revoked_at.is_some() => return Err(fault::access_token_revoked()),
        Some(grant) => grant.sign_outs != user.sign_outs,
        // A client that turned revocation on later has tokens without a grant; they are judged by their own id.
        None if revokes && claims.origin_jti.is_some() => return Err(fault::access_token_revoked()),
        None => !ids::is_of_sign_outs(&claims.jti, user.sign_outs),
    };
    if signed_out_since {
        return Err(fault::access_token_revoked());
    }
    if !user.enabled {
        return Err(fault::user_is_disabled());
    }
    Ok(())
}
