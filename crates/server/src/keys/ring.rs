//! The keys that sign tokens: two for each pool, made ahead of time, kept parsed in memory, sealed in the store.

use super::jwk::{self, VerifyingKey};
use crate::{
    cache::Cache,
    secrets::{random::SystemRandom, vault::Vault},
    work::pool::Workers,
};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom as AwsRandom,
    rsa::{KeyPair, KeySize},
    signature::RSA_PKCS1_SHA256,
};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{Fault, Millis, Random, Result, fault, ids::PoolId};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, RwLock},
};
use store::{
    Db,
    keys::{SigningKey, sealed_context},
};
use zeroize::Zeroizing;

/// How many key pairs are made ahead; a new pool takes two, and making one costs 80 ms.
const SPARE_MAX: usize = 8;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenUse {
    /// ID tokens.
    Id,
    /// Access tokens.
    Access,
}

impl TokenUse {
    /// The claim `token_use`.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenUse::Id => "id",
            TokenUse::Access => "access",
        }
    }
}

/// A private key, parsed once.
pub struct Signer {
    /// What its tokens begin with: their header, which names the key, and a dot.
    header: String,
    pair: KeyPair,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.header)
    }
}

impl Signer {
    fn new(kid: &str, pair: KeyPair) -> Signer {
        let mut header = URL_SAFE_NO_PAD.encode(json!({"kid": kid, "alg": "RS256"}).to_string());
        header.push('.');
        Signer { header, pair }
    }

    /// A compact JWS over the claims, RS256.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        let claims = serde_json::to_vec(claims).map_err(Fault::internal)?;
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let bytes = self.header.len() + (claims.len() + signature.len()) * 4 / 3 + 3;
        let mut token = String::with_capacity(bytes);
        token.push_str(&self.header);
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        self.pair
            .sign(&RSA_PKCS1_SHA256, &AwsRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| Fault::internal("RSA signing failed"))?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// The keys of one pool.
#[derive(Debug)]
pub struct PoolKeys {
    id: Arc<Signer>,
    access: Arc<Signer>,
    verifiers: HashMap<String, VerifyingKey>,
    /// The JWKS document.
    pub jwks: Value,
}

impl PoolKeys {
    /// The key that signs now.
    pub fn signer(&self, token_use: TokenUse) -> Arc<Signer> {
        match token_use {
            TokenUse::Id => self.id.clone(),
            TokenUse::Access => self.access.clone(),
        }
    }

    /// The published key of this name.
    pub fn verifier(&self, kid: &str) -> Option<&VerifyingKey> {
        self.verifiers.get(kid)
    }
}

/// The keys of all pools, read a moment ago, and spare ones.
#[derive(Default)]
pub struct KeyRing {
    pools: Cache<PoolKeys>,
    /// By key id, with the pool.
    signers: RwLock<HashMap<String, (PoolId, Arc<Signer>)>>,
    spare: Mutex<Vec<Zeroizing<Vec<u8>>>>,
}

impl KeyRing {
    /// An empty ring.
    pub fn new() -> KeyRing {
        KeyRing::default()
    }

    /// A ring that first gives out these key pairs, each PKCS #8: tests need no time to make keys.
    pub fn with_spare(pairs: Vec<Vec<u8>>) -> KeyRing {
        let spare = pairs.into_iter().map(Zeroizing::new).collect();
        KeyRing { spare: Mutex::new(spare), ..KeyRing::default() }
    }

    /// The keys of a pool.
    pub async fn of(&self, db: &Db, vault: &Vault, now: Millis, pool_id: &PoolId) -> Result<Arc<PoolKeys>> {
        if let Some(keys) = self.pools.get(pool_id, now) {
            return Ok(keys);
        }
        let id = pool_id.clone();
        let rows = db.look_up(move |tx| store::keys::list(tx, &id)).await?;
        self.keep_signers(pool_id, &rows);
        if rows.is_empty() {
            return Err(fault::unknown_pool(pool_id));
        }
        let keys = Arc::new(self.parse(vault, &rows, now)?);
        self.pools.put(pool_id, keys.clone(), now);
        Ok(keys)
    }

    /// Drops what is remembered of a pool's keys.
    pub fn forget(&self, pool_id: &PoolId) {
        self.pools.forget(pool_id);
        self.keep_signers(pool_id, &[]);
    }

    /// Drops the private keys of pools that nobody asked for in the last second: they may have been deleted, at whichever
    /// node. Those of others are parsed anew when they are asked for.
    pub fn forget_stale(&self, now: Millis) {
        self.pools.forget_stale(now);
        let mut signers = self.signers.write().unwrap_or_else(|e| e.into_inner());
        signers.retain(|_, (pool_id, _)| self.pools.get(pool_id, now).is_some());
    }

    /// Drops the private keys of a pool that are none of these: of a deleted pool, or replaced.
    fn keep_signers(&self, pool_id: &PoolId, rows: &[SigningKey]) {
        let mut signers = self.signers.write().unwrap_or_else(|e| e.into_inner());
        signers.retain(|kid, (of, _)| of != pool_id || rows.iter().any(|row| row.kid == *kid));
    }

    /// How many private keys are kept parsed.
    pub fn signer_count(&self) -> usize {
        self.signers.read().unwrap_or_else(|e| e.into_inner()).len()
    }

    /// Drops what is remembered of all pools' keys.
    pub fn forget_everything(&self) {
        self.pools.clear();
        self.signers.write().unwrap_or_else(|e| e.into_inner()).clear();
    }

    fn parse(&self, vault: &Vault, rows: &[SigningKey], now: Millis) -> Result<PoolKeys> {
        let mut verifiers = HashMap::new();
        let mut published = Vec::new();
        for row in rows {
            let jwk: Value = serde_json::from_str(&row.public_key).map_err(Fault::internal)?;
            verifiers.insert(row.kid.clone(), jwk::verifying_key(&jwk, &row.token_use)?);
            published.push(jwk);
        }
        let current = |token_use: TokenUse| {
            // They come newest first. To a clock that is behind the one that a pool was made by, its first key
            // is not due yet, and signs all the same.
            let mut of_use = rows.iter().filter(|r| r.token_use == token_use.as_str());
            let row = of_use.clone().find(|r| r.signs_from <= now).or_else(|| of_use.next_back());
            let row = row.ok_or_else(|| Fault::internal("a pool has no key that signs"))?;
            self.signer(vault, row)
        };
        Ok(PoolKeys {
            id: current(TokenUse::Id)?,
            access: current(TokenUse::Access)?,
            verifiers,
            jwks: json!({"keys": published}),
        })
    }

    /// Parsing a private key costs half as much as a signature, so it is done once.
    fn signer(&self, vault: &Vault, row: &SigningKey) -> Result<Arc<Signer>> {
        if let Some((_, signer)) = self.signers.read().unwrap_or_else(|e| e.into_inner()).get(&row.kid) {
            return Ok(signer.clone());
        }
        let der = vault.open(&sealed_context(&row.kid), &row.sealed_key)?;
        let pair =
            KeyPair::from_pkcs8(&der).map_err(|_| Fault::internal("a signing key cannot be parsed"))?;
        let signer = Arc::new(Signer::new(&row.kid, pair));
        self.signers
            .write()
            .unwrap_or_else(|e| e.into_inner())
            .insert(row.kid.clone(), (row.pool_id.clone(), signer.clone()));
        Ok(signer)
    }

    /// A new key pair for a pool, from the spare ones if there is one.
    pub async fn make(
        &self,
        workers: &Workers,
        vault: &Vault,
        mut random: SystemRandom,
        now: Millis,
        pool_id: &PoolId,
        token_use: TokenUse,
    ) -> Result<SigningKey> {
        let spare = self.spare.lock().unwrap_or_else(|e| e.into_inner()).pop();
        let der = match spare {
            Some(der) => der,
            None => workers.run(generate).await??,
        };
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| Fault::internal("a new key cannot be parsed"))?;
        let mut name = [0; 32];
        random.fill(&mut name);
        let kid = STANDARD.encode(name);
        let jwk = jwk::of(&kid, &pair);
        Ok(SigningKey {
            sealed_key: vault.seal(&sealed_context(&kid), &der),
            kid,
            pool_id: pool_id.clone(),
            token_use: token_use.as_str().to_owned(),
            created_at: now,
            signs_from: now,
            retired_at: None,
            public_key: jwk.to_string(),
        })
    }

    /// Makes one spare key pair unless there are enough; answers whether it did.
    pub async fn make_spare(&self) -> Result<bool> {
        if self.spare.lock().unwrap_or_else(|e| e.into_inner()).len() >= SPARE_MAX {
            return Ok(false);
        }
        let der = tokio::task::spawn_blocking(generate).await.map_err(Fault::internal)??;
        self.spare.lock().unwrap_or_else(|e| e.into_inner()).push(der);
        Ok(true)
    }
}

/// A new 2048-bit key, PKCS #8.
fn generate() -> Result<Zeroizing<Vec<u8>>> {
    let pair =
        KeyPair::generate(KeySize::Rsa2048).map_err(|_| Fault::internal("RSA key generation failed"))?;
    let der =
        AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| Fault::internal("RSA key encoding failed"))?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}
