//! Tokens on the wire: claims from the rules, signatures from the key ring, refresh tokens from the master key.

use crate::{
    app::App,
    cognito_idp::sign_in::Context,
    keys::TokenUse,
    vault::{SystemRandom, Vault},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{
    Fault, Random, Result, fault, ids,
    tokens::{Grant, TokenContext, claims},
    user::{Membership, User, attributes},
};
use spec::cognito_idp::AuthenticationResultType;
use subtle::ConstantTimeEq;

/// The header that Cognito's refresh tokens begin with; clients take them for JWE and only keep them.
const REFRESH_HEADER: &str = r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#;

/// What tokens are issued for.
pub struct Issued<'a> {
    /// Pool and client.
    pub context: &'a Context,
    /// The user.
    pub user: User,
    /// The user's groups, the lowest precedence first.
    pub groups: Vec<Membership>,
    /// The grant.
    pub grant: Grant,
    /// Whether the answer holds a refresh token.
    pub with_refresh_token: bool,
}

/// Signs an ID and an access token, when it is the call's turn.
pub async fn issue(app: &App, issued: Issued<'_>) -> Result<AuthenticationResultType> {
    let Issued { context, user, groups, grant, with_refresh_token } = issued;
    let keys = app.keys.of(app, &context.pool.id).await?;
    let issuer = app.config.issuer_of(&context.pool.id);
    let now = app.now();
    let token_context = TokenContext {
        issuer: &issuer,
        client: &context.client,
        user: &user,
        groups: &groups,
        grant: &grant,
        now,
    };
    let readable = attributes::readable(&context.client);
    let access_token_id = ids::access_token_id(&mut SystemRandom, now, grant.sign_outs);
    let access_claims = claims::access_claims(&token_context, &access_token_id);
    let id_claims = claims::id_claims(&token_context, &SystemRandom.uuid_v4(), readable);
    let (id_signer, access_signer) = (keys.signer(TokenUse::Id), keys.signer(TokenUse::Access));
    let signed = app
        .workers
        .run_here(|| Ok::<_, Fault>((id_signer.sign(&id_claims)?, access_signer.sign(&access_claims)?)))
        .await??;
    let refresh_token = if with_refresh_token { Some(refresh_token(&app.vault, &grant)?) } else { None };
    Ok(AuthenticationResultType {
        id_token: Some(signed.0),
        access_token: Some(signed.1),
        expires_in: i32::try_from(context.client.token_validity().access_seconds).ok(),
        token_type: Some("Bearer".to_owned()),
        refresh_token,
        new_device_metadata: None,
    })
}

/// The refresh token of a grant's present generation.
///
/// It is derived from the grant's nonce under the master key, not random: so a client that repeats a rotation
/// gets the same one again, and neither the store nor the master key alone makes one.
pub fn refresh_token(vault: &Vault, grant: &Grant) -> Result<String> {
    let id = id_bytes(&grant.id).ok_or_else(|| Fault::internal("a grant's id is no UUID"))?;
    Ok(assemble(vault, &id, grant.generation, &grant.nonce))
}

/// What a refresh token names, before it is proved.
pub struct Presented {
    /// The grant.
    pub grant_id: String,
    /// Which of the grant's refresh tokens it says to be.
    pub generation: i64,
}

/// Reads the grant out of a refresh token. Nothing is proved by that: see [`is_genuine`].
///
/// # Errors
/// NotAuthorizedException for anything that is no refresh token of ours.
pub fn read_refresh_token(token: &str) -> Result<Presented> {
    let invalid = fault::refresh_token_invalid;
    let name = token.split('.').nth(1).ok_or_else(invalid)?;
    let name = URL_SAFE_NO_PAD.decode(name).map_err(|_| invalid())?;
    let (id, generation) = name.split_first_chunk::<16>().ok_or_else(invalid)?;
    let generation = i64::from_be_bytes(generation.try_into().map_err(|_| invalid())?);
    let hex = format!("{:032x}", u128::from_be_bytes(*id));
    let grant_id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    Ok(Presented { grant_id, generation })
}

/// Whether the token is this grant's, of the generation that it says.
pub fn is_genuine(vault: &Vault, grant: &Grant, token: &str, generation: i64) -> bool {
    let Some(id) = id_bytes(&grant.id) else { return false };
    assemble(vault, &id, generation, &grant.nonce).as_bytes().ct_eq(token.as_bytes()).into()
}

fn assemble(vault: &Vault, id: &[u8; 16], generation: i64, nonce: &[u8]) -> String {
    let mut name = id.to_vec();
    name.extend_from_slice(&generation.to_be_bytes());
    let name = URL_SAFE_NO_PAD.encode(name);
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    let halves = [&[&name, &nonce, "1"][..], &[&name, &nonce, "2"][..]];
    let [first, second] = vault.macs("refresh-token", halves);
    let parts = [&first[..12], &second[..], &first[12..28]].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{}.{name}.{}", URL_SAFE_NO_PAD.encode(REFRESH_HEADER), parts.join("."))
}

fn id_bytes(uuid: &str) -> Option<[u8; 16]> {
    let hex: String = uuid.chars().filter(|c| *c != '-').collect();
    let number = u128::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == 32)?;
    Some(number.to_be_bytes())
}
