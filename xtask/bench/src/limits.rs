//! What the arithmetic of a call costs by itself: the same computations with the same libraries, with nothing around
//! them. Processor time, so that whatever else runs matters little; on every processor at once, as they share the way to
//! memory, which the server cannot help either.

use crate::api::PASSWORD;
use anyhow::{Context, Result, anyhow};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    },
};
use large_pages::LargePages;
use rules::sign_in::srp;
use rustix::time::{ClockId, clock_gettime};
use std::{
    collections::BTreeMap,
    hint::black_box,
    thread::{self, available_parallelism},
    time::Duration,
};

/// About as long as the claims of a token with its header.
const TOKEN_BYTES: usize = 900;
/// What an authenticator signs: its data and the hash of the client's.
const PROOF_BYTES: usize = 37 + 32;

/// A computation that a call cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// An RSA-2048 signature, as of each token.
    Signature,
    /// The verification of one.
    Verification,
    /// B = k·v + g^b, the first call of SRP.
    SrpChallenge,
    /// S = (A·v^u)^b, the second.
    SrpProof,
    /// v = g^x, for a new password.
    SrpVerifier,
    /// The verification of an ECDSA signature on P-256, as of most passkeys.
    PasskeyProof,
    /// An Argon2id with the server's parameters, in memory that is at hand.
    Argon2id,
}

/// The pieces ready to be measured.
pub struct Arithmetic {
    operands: Operands,
    /// For each processor.
    memories: Vec<LargePages<Block>>,
}

/// What the pieces compute with.
struct Operands {
    pair: KeyPair,
    public: ParsedPublicKey,
    signature: Vec<u8>,
    passkey: ParsedPublicKey,
    passkey_signature: Vec<u8>,
    k: Vec<u8>,
    big: Vec<u8>,
    secret: [u8; 32],
    argon2: Argon2<'static>,
}

/// What each piece costs now, in seconds.
pub type Costs = BTreeMap<Piece, f64>;

impl Arithmetic {
    pub fn new() -> Result<Arithmetic> {
        let params = Params::default();
        let processors = available_parallelism()?.get();
        let memory = || LargePages::new(params.block_count(), Block::default());
        let memories = (0..processors).map(|_| memory()).collect::<Result<_, _>>()?;
        Ok(Arithmetic { operands: Operands::new(params)?, memories })
    }

    /// Measures the pieces, each for so long.
    pub fn measure(&mut self, pieces: &[Piece], duration: Duration) -> Result<Costs> {
        pieces.iter().map(|piece| Ok((*piece, self.cost(*piece, duration)?))).collect()
    }

    /// The mean of all processors.
    fn cost(&mut self, piece: Piece, duration: Duration) -> Result<f64> {
        let operands = &self.operands;
        let costs: Result<Vec<f64>> = thread::scope(|scope| {
            let on_each =
                self.memories.iter_mut().map(|memory| scope.spawn(|| operands.cost(piece, duration, memory)));
            let threads: Vec<_> = on_each.collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a panic"))?).collect()
        });
        let costs = costs?;
        Ok(costs.iter().sum::<f64>() / costs.len() as f64)
    }
}

impl Operands {
    fn new(params: Params) -> Result<Operands> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
            .map_err(|_| anyhow!("the public key cannot be parsed"))?;
        let secret = [0xa7; 32];
        let big = srp::modulus().exp_public(&[2], &secret).to_vec();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (signature, k) = (Vec::new(), secret.to_vec());
        let pass = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let passkey = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pass.public_key().as_ref())
            .map_err(|_| anyhow!("the public key cannot be parsed"))?;
        let passkey_signature = pass.sign(&SystemRandom::new(), &[b'a'; PROOF_BYTES])?.as_ref().to_vec();
        let mut operands =
            Operands { pair, public, signature, passkey, passkey_signature, k, big, secret, argon2 };
        operands.signature = operands.sign();
        Ok(operands)
    }

    /// On this processor.
    fn cost(&self, piece: Piece, duration: Duration, memory: &mut [Block]) -> Result<f64> {
        self.compute(piece, memory)?;
        let (start, mut count) = (thread_cpu(), 0);
        loop {
            self.compute(piece, memory)?;
            count += 1;
            let used = thread_cpu() - start;
            if used >= duration {
                return Ok(used.as_secs_f64() / f64::from(count));
            }
        }
    }

    fn compute(&self, piece: Piece, memory: &mut [Block]) -> Result<()> {
        let (n, secret, big) = (srp::modulus(), &self.secret[..], &self.big[..]);
        match piece {
            Piece::Signature => {
                black_box(self.sign());
            }
            Piece::Verification => {
                let verdict = self.public.verify_sig(&[b'a'; TOKEN_BYTES], &self.signature);
                verdict.ok().context("the signature does not hold")?;
            }
            Piece::PasskeyProof => {
                let verdict = self.passkey.verify_sig(&[b'a'; PROOF_BYTES], &self.passkey_signature);
                verdict.ok().context("the signature does not hold")?;
            }
            Piece::SrpChallenge => {
                black_box(n.add_mod(&n.mul_mod(&self.k, big), &n.exp_secret(&[2], secret)));
            }
            Piece::SrpProof => {
                black_box(n.exp_secret(&n.mul_mod(big, &n.exp_public(big, secret)), secret));
            }
            Piece::SrpVerifier => {
                black_box(n.exp_secret(&[2], secret));
            }
            Piece::Argon2id => {
                let mut out = [0; 32];
                self.argon2
                    .hash_password_into_with_memory(PASSWORD.as_bytes(), &secret[..16], &mut out, memory)
                    .map_err(|error| anyhow!("{error}"))?;
                black_box(out);
            }
        }
        Ok(())
    }

    fn sign(&self) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[b'a'; TOKEN_BYTES], &mut signature)
            .expect("a key pair signs any message");
        signature
    }
}

fn thread_cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}
