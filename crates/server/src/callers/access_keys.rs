//! Access keys: made, listed and revoked by the command line, looked up by whoever checks a signature.

use crate::{app::App, clock::Clock, secrets::vault::Vault};
use rules::{
    Fault, HOUR, Millis, Random, Result,
    callers::policy::{BadPolicy, Policy},
    ids,
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use store::{Db, access_keys as table};
use zeroize::Zeroizing;

/// How old the note of a key's last use may become before it is written again.
const USE_NOTED_EVERY_MS: Millis = HOUR;
/// The longest name of a key's holder; IAM's limit.
const NAME_CHARACTERS_MAX: usize = 64;

/// A key that is good, opened. Debug shows neither secret nor policy.
pub struct AccessKey {
    /// What requests name.
    pub id: String,
    /// Whose key it is.
    pub name: String,
    /// What it may do.
    pub policy: Arc<Policy>,
    /// What requests are signed with.
    pub secret: Zeroizing<Vec<u8>>,
    last_used_at: AtomicI64,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A key as it is given to its holder, once. Debug does not show the secret.
pub struct NewAccessKey {
    /// The public half.
    pub id: String,
    /// The secret half; the store keeps it sealed.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for NewAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The key with this id, as it was at most a second ago; none if there is none or it was revoked.
pub async fn find(app: &App, id: &str) -> Result<Option<Arc<AccessKey>>> {
    if let Some(key) = app.access_keys.get(id, app.now()) {
        return Ok(Some(key));
    }
    if !ids::is_access_key_id(id) {
        return Ok(None);
    }
    let wanted = id.to_owned();
    let found = app.db.read(move |tx| table::find(tx, &wanted)).await?;
    let Some(key) = found.filter(|key| key.revoked_at.is_none()) else { return Ok(None) };
    let secret = app.vault.open(&table::sealed_context(id), &key.sealed_secret)?;
    // Policies are checked before they are stored, but an older version may have understood more.
    let policy = Policy::parse(&key.policy).map_err(Fault::internal)?;
    let key = Arc::new(AccessKey {
        id: key.id,
        name: key.name,
        policy: Arc::new(policy),
        secret,
        last_used_at: AtomicI64::new(key.last_used_at.unwrap_or(i64::MIN)),
    });
    app.access_keys.put(id, key.clone(), app.now());
    Ok(Some(key))
}

/// The secret of a key, for a program that this server starts; none if there is no such key or it was revoked.
///
/// # Errors
/// If the store fails, or was sealed under another master key.
pub async fn secret(db: &Db, vault: &Vault, id: &str) -> Result<Option<Zeroizing<String>>> {
    let wanted = id.to_owned();
    let found = db.read(move |tx| table::find(tx, &wanted)).await?;
    let Some(key) = found.filter(|key| key.revoked_at.is_none()) else { return Ok(None) };
    let secret = vault.open(&table::sealed_context(id), &key.sealed_secret)?;
    let text = std::str::from_utf8(&secret).map_err(Fault::internal)?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// Notes that a key was used, once in an hour. A failure does not concern whoever called.
pub async fn note_use(app: &App, key: &AccessKey) {
    let now = app.now();
    let before = key.last_used_at.load(Ordering::Relaxed);
    let is_due = now.saturating_sub(before) >= USE_NOTED_EVERY_MS
        && key.last_used_at.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
    if !is_due {
        return;
    }
    let id = key.id.clone();
    if let Err(error) = app.db.write(move |tx| table::note_use(tx, &id, now)).await {
        tracing::warn!(%error, access_key = key.id, "the use of an access key could not be noted");
    }
}

/// Makes a key for `name` under a policy document.
///
/// # Errors
/// [`Refusal::Name`] and [`Refusal::Policy`], in words for whoever asked.
pub async fn create(
    db: &Db,
    vault: &Vault,
    clock: &Clock,
    random: &mut dyn Random,
    name: &str,
    policy: &str,
) -> std::result::Result<NewAccessKey, Refusal> {
    // IAM's rule for names of users, which become a part of ARNs.
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.is_empty() || name.len() > NAME_CHARACTERS_MAX || !name.chars().all(is_name) {
        return Err(Refusal::Name);
    }
    Policy::parse(policy).map_err(Refusal::Policy)?;
    let id = ids::access_key_id(random);
    let secret = Zeroizing::new(ids::secret_access_key(random));
    let row = table::AccessKey {
        id: id.clone(),
        name: name.to_owned(),
        created_at: clock.now(),
        revoked_at: None,
        last_used_at: None,
        policy: policy.to_owned(),
        sealed_secret: vault.seal(&table::sealed_context(&id), secret.as_bytes()),
    };
    let is_new = db
        .write(move |tx| table::insert(tx, &row))
        .await
        .map_err(|e: store::Error| Refusal::Failure(e.into()))?;
    if !is_new {
        return Err(Refusal::Failure(Fault::internal("an access key with this id exists")));
    }
    Ok(NewAccessKey { id, secret })
}

/// Why no key was made.
#[derive(Debug)]
pub enum Refusal {
    /// The name is not one.
    Name,
    /// The policy is not understood.
    Policy(BadPolicy),
    /// The store failed.
    Failure(Fault),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Name => write!(
                f,
                "a name has from 1 to {NAME_CHARACTERS_MAX} letters, digits and characters of +=,.@_-"
            ),
            Refusal::Policy(reason) => reason.fmt(f),
            Refusal::Failure(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}
