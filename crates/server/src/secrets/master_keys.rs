//! Which master keys a store accepts, and the change from one to another while servers run.
//!
//! For each accepted key the store has an *envelope*, sealed under it: the root secret, and the other keys that its
//! holder must know. Outside a change there is one envelope. A change goes in three steps, each of which may be
//! repeated after a crash:
//!
//! 1. [`announce`]: the new key gets an envelope, each of the two envelopes holds the other key, and the new key
//!    seals from now on. Running servers see that within a second ([`follow`]) and know both keys.
//! 2. [`reseal`]: every stored value is sealed again, page by page.
//! 3. [`finish`]: the old key's envelope goes, so that the old key opens nothing any more. The new key's envelope
//!    holds the old key until a walk an hour later has found nothing left under it ([`sweep`]): a request that
//!    overlapped with the change may still have written something.

use crate::secrets::{
    random::SystemRandom,
    vault::{KeyId, MASTER_KEY_BYTES, SealingKey, Vault},
};
use rules::{Fault, HOUR, Millis, Random as _, Result, Sealed};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use store::{Db, Tx, sealed::Place, settings};
use zeroize::Zeroizing;

/// A master key or a root secret.
pub type Secret = Zeroizing<[u8; MASTER_KEY_BYTES]>;

/// Under this name the store keeps which key seals now.
const SEALING: &str = "sealing_key";
const ROOT_CONTEXT: &str = "root-secret";
/// How many rows one transaction seals again, unless it collides with those of running servers.
const PAGE_ROWS: i64 = 200;
/// How often one page may collide.
const COLLISIONS_MAX: u32 = 50;
/// How long a replaced key is remembered at least: longer than any request or ticket lasts.
const REPLACED_KEPT_MS: Millis = 2 * HOUR;

/// Which key seals now, and since when.
#[derive(Serialize, Deserialize)]
struct Sealing {
    id: String,
    since: Millis,
}

/// What the holder of one key may open.
#[derive(Serialize, Deserialize)]
struct Envelope {
    root: Sealed,
    /// Other keys, by their names.
    #[serde(default)]
    others: BTreeMap<String, Sealed>,
}

fn envelope_name(id: KeyId) -> String {
    format!("master_key/{id}")
}

fn other_context(id: &str) -> String {
    format!("master-key/{id}")
}

fn find_sealing(tx: &mut Tx<'_>) -> Result<Option<Sealing>> {
    read(settings::find(tx, SEALING)?)
}

fn find_envelope(tx: &mut Tx<'_>, id: KeyId) -> Result<Option<Envelope>> {
    read(settings::find(tx, &envelope_name(id))?)
}

fn read<T: serde::de::DeserializeOwned>(text: Option<String>) -> Result<Option<T>> {
    let parsed = text.as_deref().map(serde_json::from_str).transpose();
    parsed.map_err(|_| Fault::internal("a setting of the master key is damaged"))
}

fn put(tx: &mut Tx<'_>, name: &str, value: &impl Serialize) -> Result<()> {
    Ok(settings::put(tx, name, &serde_json::to_string(value).map_err(Fault::internal)?)?)
}

fn secret(bytes: &[u8]) -> Result<Secret> {
    let bytes = bytes.try_into().map_err(|_| Fault::internal("a key in an envelope has a wrong length"))?;
    Ok(Zeroizing::new(bytes))
}

impl Envelope {
    fn root(&self, key: &SealingKey) -> Result<Secret> {
        let root = key.try_open(ROOT_CONTEXT, &self.root);
        secret(&root.ok_or_else(|| Fault::internal("the root secret cannot be opened"))?)
    }

    fn others(&self, key: &SealingKey) -> Result<Vec<SealingKey>> {
        let open = |(id, sealed): (&String, &Sealed)| {
            let other = key.try_open(&other_context(id), sealed);
            Ok(SealingKey::new(&*secret(&other.ok_or_else(|| Fault::internal("a key cannot be opened"))?)?))
        };
        self.others.iter().map(open).collect()
    }
}

/// Whether the store's secrets are sealed under some key already.
pub async fn is_sealed(db: &Db) -> Result<bool> {
    Ok(db.read(find_sealing).await?.is_some())
}

/// Opens the vault of a store. The first key that comes to a new store becomes its key. None: the key is not one
/// that the store accepts.
pub async fn open(db: &Db, mut random: SystemRandom, key: &Secret, now: Millis) -> Result<Option<Vault>> {
    let (key, mut root) = (key.clone(), Secret::default());
    random.fill(&mut *root);
    let task_key = key.clone();
    let new_root = SealingKey::new(&key).seal(&mut random, ROOT_CONTEXT, &*root);
    let found = db
        .write(move |tx| {
            let sealer = SealingKey::new(&task_key);
            if find_sealing(tx)?.is_none() {
                let envelope = Envelope { root: new_root.clone(), others: BTreeMap::new() };
                put(tx, &envelope_name(sealer.id), &envelope)?;
                put(tx, SEALING, &Sealing { id: sealer.id.to_string(), since: now })?;
            }
            let envelope = find_envelope(tx, sealer.id)?;
            Ok::<_, Fault>(envelope.zip(find_sealing(tx)?))
        })
        .await?;
    let Some((envelope, sealing)) = found else { return Ok(None) };
    let sealer = SealingKey::new(&key);
    let vault = Vault::new(random, &key, &*envelope.root(&sealer)?);
    learn(&vault, envelope.others(&sealer)?, &sealing)?;
    Ok(Some(vault))
}

fn learn(vault: &Vault, keys: Vec<SealingKey>, sealing: &Sealing) -> Result<()> {
    let known = keys.iter().map(|key| key.id).chain(vault.key_ids()).find(|id| id.to_string() == sealing.id);
    let Some(id) = known else {
        return Err(Fault::internal(format!(
            "the master key was changed to the one named {}, which this server does not have: \
             restart it with the new key",
            sealing.id
        )));
    };
    vault.learn(keys, id);
    Ok(())
}

/// Learns of a change of the master key by another process. It costs one read.
///
/// # Errors
/// An internal fault when the store is sealed under a key that this server does not know.
pub async fn follow(db: &Db, vault: &Vault) -> Result<()> {
    let ids = vault.key_ids();
    let present = vault.sealing_id().to_string();
    let (sealing, envelopes) = db
        .read(move |tx| {
            let sealing = find_sealing(tx)?;
            let mut envelopes = Vec::new();
            if sealing.as_ref().is_some_and(|sealing| sealing.id != present) {
                for id in &ids {
                    envelopes.extend(find_envelope(tx, *id)?.map(|envelope| (*id, envelope)));
                }
            }
            Ok::<_, Fault>((sealing, envelopes))
        })
        .await?;
    let Some(sealing) = sealing.filter(|sealing| sealing.id != vault.sealing_id().to_string()) else {
        return Ok(());
    };
    let mut keys = Vec::new();
    for (id, envelope) in envelopes {
        if let Some(key) = vault.key(id) {
            keys.extend(envelope.others(&key)?);
        }
    }
    learn(vault, keys, &sealing)?;
    tracing::info!(key = sealing.id, "secrets are sealed under another master key now");
    Ok(())
}

/// Begins a change from `old` to `new`; begun already, it changes nothing. False: the store does not accept `old`,
/// or another change is under way.
pub async fn announce(
    db: &Db,
    random: SystemRandom,
    old: &Secret,
    new: &Secret,
    now: Millis,
) -> Result<bool> {
    let (old, new) = (old.clone(), new.clone());
    db.write(move |tx| {
        let (from, to) = (SealingKey::new(&old), SealingKey::new(&new));
        let Some(mut envelope) = find_envelope(tx, from.id)? else { return Ok(false) };
        let sealing = find_sealing(tx)?.map(|sealing| sealing.id);
        if sealing == Some(to.id.to_string()) {
            return Ok(true);
        }
        if sealing != Some(from.id.to_string()) {
            return Ok(false);
        }
        // For nonces alone: a run that comes again seals under others.
        let mut random = random;
        let root = envelope.root(&from)?;
        let mut next = Envelope { root: to.seal(&mut random, ROOT_CONTEXT, &*root), others: BTreeMap::new() };
        // What the old key's holder had to know, the new one's must: a change may follow soon after another.
        // The new key itself may be among them, where a change is taken back.
        for (id, sealed) in envelope.others.iter().filter(|(id, _)| **id != to.id.to_string()) {
            let other = from.try_open(&other_context(id), sealed);
            let other = other.ok_or_else(|| Fault::internal("a key cannot be opened"))?;
            next.others.insert(id.clone(), to.seal(&mut random, &other_context(id), &other));
        }
        let (from_name, to_name) = (from.id.to_string(), to.id.to_string());
        next.others.insert(from_name.clone(), to.seal(&mut random, &other_context(&from_name), &*old));
        envelope.others.insert(to_name.clone(), from.seal(&mut random, &other_context(&to_name), &*new));
        put(tx, &envelope_name(from.id), &envelope)?;
        put(tx, &envelope_name(to.id), &next)?;
        put(tx, SEALING, &Sealing { id: to_name, since: now })?;
        Ok(true)
    })
    .await
}

/// What a walk through the store found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// How many values were sealed again.
    pub resealed: u64,
    /// How many no known key opens.
    pub damaged: u64,
}

/// Seals again whatever is not sealed under the present key, a page in each transaction. `progress` is told the
/// table and the count so far.
pub async fn reseal(db: &Db, vault: &Arc<Vault>, progress: impl Fn(&str, u64)) -> Result<Walked> {
    let mut walked = Walked::default();
    for (table, walk) in store::sealed::TABLES {
        let (mut place, mut rows, mut collisions) = (Some(Place::default()), PAGE_ROWS, 0);
        while let Some(after) = place {
            let vault = vault.clone();
            // A transaction may run twice, so each run counts from nothing.
            let (done, damaged) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
            let counts = (done.clone(), damaged.clone());
            let from = after.clone();
            let page = db
                .write(move |tx| {
                    counts.0.store(0, Ordering::Relaxed);
                    counts.1.store(0, Ordering::Relaxed);
                    walk(tx, &from, rows, &mut |context, sealed| {
                        let changed = vault.reseal(context, sealed);
                        match &changed {
                            Ok(true) => counts.0.fetch_add(1, Ordering::Relaxed),
                            Ok(false) => 0,
                            Err(_) => counts.1.fetch_add(1, Ordering::Relaxed),
                        };
                        Ok(changed.unwrap_or(false))
                    })
                })
                .await;
            place = match page {
                // A shorter transaction meets fewer others.
                Err(fault) if store::is_collision(&fault) && collisions < COLLISIONS_MAX => {
                    (rows, collisions, place) = ((rows / 4).max(1), collisions + 1, Some(after));
                    continue;
                }
                page => page?,
            };
            collisions = 0;
            walked.resealed += done.load(Ordering::Relaxed);
            walked.damaged += damaged.load(Ordering::Relaxed);
            progress(table, walked.resealed);
        }
    }
    Ok(walked)
}

/// Ends a change: no key but the one that seals opens the store any more.
pub async fn finish(db: &Db, old: KeyId) -> Result<()> {
    db.write(move |tx| {
        let sealing = find_sealing(tx)?.filter(|sealing| sealing.id != old.to_string());
        let Some(sealing) = sealing else { return Ok(()) };
        settings::delete(tx, &envelope_name(old))?;
        // A change before this one that died just before its end has left its old key's envelope.
        let envelope: Option<Envelope> = read(settings::find(tx, &format!("master_key/{}", sealing.id))?)?;
        let others = envelope.iter().flat_map(|envelope| envelope.others.keys());
        for other in others.filter(|other| **other != sealing.id) {
            settings::delete(tx, &format!("master_key/{other}"))?;
        }
        Ok(())
    })
    .await
}

/// Seals again what was written while a change was under way and, two hours after it, forgets the replaced keys.
/// Where no key was replaced it costs one read.
pub async fn sweep(db: &Db, vault: &Arc<Vault>, now: Millis) -> Result<Walked> {
    let id = vault.sealing_id();
    let found = db.read(move |tx| Ok::<_, Fault>((find_envelope(tx, id)?, find_sealing(tx)?))).await?;
    let (Some(envelope), Some(sealing)) = found else { return Ok(Walked::default()) };
    if envelope.others.is_empty() {
        return Ok(Walked::default());
    }
    let walked = reseal(db, vault, |_, _| {}).await?;
    if walked == Walked::default() && now - sealing.since >= REPLACED_KEPT_MS {
        db.write(move |tx| {
            let Some(mut envelope) = find_envelope(tx, id)? else { return Ok(()) };
            let replaced: Vec<String> = envelope.others.keys().cloned().collect();
            for other in replaced {
                // An old key whose envelope still stands belongs to a change that has not ended.
                if settings::find(tx, &format!("master_key/{other}"))?.is_none() {
                    envelope.others.remove(&other);
                }
            }
            put(tx, &envelope_name(id), &envelope)
        })
        .await?;
    }
    Ok(walked)
}
