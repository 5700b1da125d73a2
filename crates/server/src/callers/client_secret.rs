//! The proof of a confidential client: SECRET_HASH over a user name, or the secret itself.

use crate::app::App;
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{Fault, Result, fault, pool::Client};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// Checks SECRET_HASH: `Base64(HMAC-SHA-256(secret, name ‖ client id))` over one of `names` with either secret.
/// A client without a secret ignores a hash.
///
/// # Errors
/// NotAuthorizedException when it is missing or wrong.
pub fn check_hash(app: &App, client: &Client, submitted: Option<&str>, names: &[&str]) -> Result<()> {
    if client.secrets.is_empty() {
        return Ok(());
    }
    let submitted = submitted.ok_or_else(|| fault::secret_hash_missing(&client.id))?;
    if is_hash_of(app, client, submitted, names)? {
        Ok(())
    } else {
        Err(fault::secret_hash_wrong(&client.id))
    }
}

/// Whether `submitted` is the hash over one of `names` with one of the client's secrets.
pub fn is_hash_of(app: &App, client: &Client, submitted: &str, names: &[&str]) -> Result<bool> {
    let submitted = STANDARD.decode(submitted).unwrap_or_default();
    let mut found = Choice::from(0);
    for secret in secrets(app, client)? {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        for name in names {
            let mut context = hmac::Context::with_key(&key);
            context.update(name.as_bytes());
            context.update(client.id.as_bytes());
            found |= context.sign().as_ref().ct_eq(&submitted);
        }
    }
    Ok(found.into())
}

/// Checks the secret itself, as refresh, revocation and client tokens send it.
///
/// # Errors
/// NotAuthorizedException when it is missing or wrong.
pub fn check_plain(app: &App, client: &Client, submitted: Option<&str>) -> Result<()> {
    if client.secrets.is_empty() {
        return Ok(());
    }
    let submitted = submitted.ok_or_else(|| fault::secret_hash_missing(&client.id))?;
    let mut found = Choice::from(0);
    for secret in secrets(app, client)? {
        // Equal lengths are not secret: every secret is as long as its maker chose.
        found |= secret.as_slice().ct_eq(submitted.as_bytes());
    }
    if found.into() { Ok(()) } else { Err(fault::client_secret_wrong(&client.id)) }
}

fn secrets(app: &App, client: &Client) -> std::result::Result<Vec<Zeroizing<Vec<u8>>>, Fault> {
    let context = Client::secret_context(&client.id);
    client.secrets.iter().map(|secret| app.vault.open(&context, &secret.value)).collect()
}
