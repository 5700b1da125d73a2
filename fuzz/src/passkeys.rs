//! Passkeys: what is no ceremony is refused in some way, and of all proofs only the genuine one is taken.

#[path = "../../crates/rules/src/webauthn/tests/soft_authenticator.rs"]
#[allow(dead_code, reason = "the tests of the rules use the rest")]
mod soft_authenticator;

use crate::values::Bytes;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{
    user::passkey::Passkey,
    webauthn::{
        Expected, Origins, Refusal, authenticate, challenge, credential_id,
        options::{NewPasskey, creation_options, request_options},
        register,
    },
};
use serde_json::{Value, json};
use soft_authenticator::{Creation, Key, Proof, SoftAuthenticator, Statement, cbor};
use spec::cognito_idp::UserVerificationType;
use std::sync::{Arc, OnceLock};

const EXPECTED: Expected<'static> = Expected {
    challenge: "ZqIqTmHYq1XsYZ2ZcJvvVSEJ3CkuhHyIwEQNLTMSFR8",
    relying_party_id: "example.com",
    origins: Origins { android: &[] },
    user_verification: true,
};
const SUB: &str = "0e5a4d0c-6d0b-4a4e-9b4a-1f6a3a1c2d3e";

/// A good registration, the passkey that it makes, and a good proof.
struct Genuine {
    creation: Creation,
    passkey: Passkey,
    proof: Proof,
    proven: Value,
}

fn genuine() -> &'static Genuine {
    static GENUINE: OnceLock<Genuine> = OnceLock::new();
    GENUINE.get_or_init(|| {
        // The same key for every run, so that a finding can be repeated.
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any seed is a key");
        let mut authenticator =
            SoftAuthenticator::with_key(Key::EdDsa(Arc::new(pair)), "https://login.example.com");
        authenticator.credential_id = vec![9; 24];
        let creation = authenticator.creation(&creation_options(&NewPasskey {
            challenge: EXPECTED.challenge,
            relying_party_id: EXPECTED.relying_party_id,
            sub: SUB,
            username: "jane",
            credential_ids: &[],
            user_verification: UserVerificationType::Required,
        }));
        let registered = register(&EXPECTED, &creation.credential()).expect("a good registration");
        let passkey = registered.into_passkey(&"pool".into(), &SUB.into(), EXPECTED.relying_party_id, 0);
        let options = request_options(
            EXPECTED.challenge,
            EXPECTED.relying_party_id,
            &[],
            UserVerificationType::Required,
        );
        let options: Value = serde_json::from_str(&options).expect("options are JSON");
        let proof = authenticator.proof(&options);
        let proven = proof.credential();
        authenticate(&EXPECTED, &passkey, &proven).expect("a good proof");
        Genuine { creation, passkey, proof, proven }
    })
}

/// Tries the input as one part of a registration, which its first byte chooses.
pub fn registration(data: &[u8]) {
    let Some((part, data)) = data.split_first() else { return };
    let mut creation = genuine().creation.clone();
    match part % 8 {
        0 => return whole(data),
        1 => return with(&creation.credential(), "clientDataJSON", data),
        2 => return with(&creation.credential(), "attestationObject", data),
        3 => {
            let object = edited(&creation.attestation_object(), data);
            return with(&creation.credential(), "attestationObject", &object);
        }
        4 => {
            let data = cbor::bytes(data);
            let object = [("fmt", cbor::text("none")), ("attStmt", cbor::map(&[])), ("authData", data)];
            return with(&creation.credential(), "attestationObject", &cbor::names(&object));
        }
        5 => {
            if let Some(credential) = &mut creation.data.credential {
                credential.1 = data.to_vec();
            }
        }
        6 => creation = creation.packed(&Key::es256(), Some(vec![data.to_vec()])),
        _ => {
            creation.format = "packed".to_owned();
            creation.statement = Statement::Written(data.to_vec());
        }
    }
    check_registration(&creation.credential());
}

/// Any JSON as a credential, of both ceremonies.
fn whole(data: &[u8]) {
    let Ok(credential) = serde_json::from_slice::<Value>(data) else { return };
    let _ = challenge(&credential);
    let _ = credential_id(&credential);
    check_registration(&credential);
    check_proof(&credential);
}

fn with(credential: &Value, member: &str, bytes: &[u8]) {
    let mut credential = credential.clone();
    credential["response"][member] = json!(URL_SAFE_NO_PAD.encode(bytes));
    check_registration(&credential);
}

/// What is registered can be asked for a proof: its key is read again.
fn check_registration(credential: &Value) {
    let Ok(registered) = register(&EXPECTED, credential) else { return };
    assert_eq!(credential_id(credential), Ok(registered.credential_id.clone()));
    assert!(challenge(credential).as_deref() == Some(EXPECTED.challenge) && registered.user_verified);
    let Genuine { proof, .. } = genuine();
    let mut passkey = registered.into_passkey(&"pool".into(), &SUB.into(), EXPECTED.relying_party_id, 0);
    passkey.detail.backup_eligible = false;
    let proof = Proof { credential_id: passkey.credential_id.clone(), ..proof.clone() };
    assert_ne!(authenticate(&EXPECTED, &passkey, &proof.credential()), Err(Refusal::PublicKey));
}

/// Tries the input as one part of a proof, or as changes to one, which its first byte chooses.
pub fn proof(data: &[u8]) {
    let Some((part, data)) = data.split_first() else { return };
    let Genuine { proof, proven, .. } = genuine();
    let member =
        ["clientDataJSON", "authenticatorData", "signature", "userHandle"][usize::from(part / 2 % 4)];
    let bytes = match (part % 2, member) {
        (0, _) => data.to_vec(),
        (_, "clientDataJSON") => edited(proof.client_data.to_string().as_bytes(), data),
        (_, "authenticatorData") => edited(&proof.data.bytes(), data),
        (_, member) => {
            let text = proven["response"][member].as_str().unwrap_or_default();
            edited(&URL_SAFE_NO_PAD.decode(text).unwrap_or_default(), data)
        }
    };
    let mut credential = proven.clone();
    credential["response"][member] = json!(URL_SAFE_NO_PAD.encode(bytes));
    check_proof(&credential);
}

/// Of all proofs only the genuine one is good, whatever is changed.
fn check_proof(credential: &Value) {
    let Genuine { passkey, proven, .. } = genuine();
    if authenticate(&EXPECTED, passkey, credential).is_ok() {
        for member in ["clientDataJSON", "authenticatorData", "signature"] {
            assert_eq!(bytes_of(credential, member), bytes_of(proven, member), "{credential}");
        }
    }
}

fn bytes_of(credential: &Value, member: &str) -> Option<Vec<u8>> {
    let text = credential["response"][member].as_str()?.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The bytes after the input's edits: a place in two bytes, a kind of edit, and a byte each.
fn edited(bytes: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut edits = Bytes(data);
    while !edits.0.is_empty() && !bytes.is_empty() {
        let at = (usize::from(edits.byte()) << 8 | usize::from(edits.byte())) % bytes.len();
        let kind = edits.byte();
        let byte = edits.byte();
        match kind % 5 {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => bytes.push(byte),
        }
    }
    bytes
}
