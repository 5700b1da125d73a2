//! An authenticator of software and the client before it, for tests: it makes good ceremonies, of which a test changes
//! one thing. It writes CBOR by itself, so that the server's reading is checked by something else.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

pub const USER_PRESENT: u8 = 1;
pub const USER_VERIFIED: u8 = 1 << 2;
pub const BACKUP_ELIGIBLE: u8 = 1 << 3;
pub const BACKED_UP: u8 = 1 << 4;
pub const HAS_CREDENTIAL: u8 = 1 << 6;
pub const HAS_EXTENSIONS: u8 = 1 << 7;

/// A key pair of each algorithm that is supported.
#[derive(Clone)]
pub enum Key {
    Es256(Arc<EcdsaKeyPair>),
    Rs256(Arc<RsaKeyPair>),
    EdDsa(Arc<Ed25519KeyPair>),
}

/// One for all tests of a program: making one takes a while.
static RSA: LazyLock<Arc<RsaKeyPair>> =
    LazyLock::new(|| Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));

impl Key {
    pub fn es256() -> Key {
        Key::Es256(Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()))
    }

    pub fn rs256() -> Key {
        Key::Rs256(RSA.clone())
    }

    pub fn eddsa() -> Key {
        Key::EdDsa(Arc::new(Ed25519KeyPair::generate().unwrap()))
    }

    pub fn algorithm(&self) -> i64 {
        match self {
            Key::Es256(_) => -7,
            Key::Rs256(_) => -257,
            Key::EdDsa(_) => -8,
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Key::Es256(key) => key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Key::EdDsa(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    /// The members of the public key's COSE_Key.
    pub fn cose_members(&self) -> Vec<(i64, Vec<u8>)> {
        let algorithm = (3, cbor::int(self.algorithm()));
        match self {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                vec![
                    (1, cbor::int(2)),
                    algorithm,
                    (-1, cbor::int(1)),
                    (-2, cbor::bytes(&point[1..33])),
                    (-3, cbor::bytes(&point[33..])),
                ]
            }
            Key::Rs256(key) => {
                let key = key.public_key();
                vec![
                    (1, cbor::int(3)),
                    algorithm,
                    (-1, cbor::bytes(key.modulus().big_endian_without_leading_zero())),
                    (-2, cbor::bytes(key.exponent().big_endian_without_leading_zero())),
                ]
            }
            Key::EdDsa(key) => vec![
                (1, cbor::int(1)),
                algorithm,
                (-1, cbor::int(6)),
                (-2, cbor::bytes(key.public_key().as_ref())),
            ],
        }
    }

    /// The public key as a COSE_Key.
    pub fn cose(&self) -> Vec<u8> {
        cbor::labels(&self.cose_members())
    }
}

/// An authenticator with one credential, in the hands of a user on a page.
#[derive(Clone)]
pub struct SoftAuthenticator {
    pub key: Key,
    pub credential_id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    pub origin: String,
    /// Of both ceremonies, but for those that say which parts there are.
    pub flags: u8,
    /// Of the next ceremony. It stays 0 where it is 0, and else grows.
    pub sign_count: u32,
}

impl SoftAuthenticator {
    /// With a key of ES256, on the page of a host.
    pub fn new(origin: &str) -> SoftAuthenticator {
        SoftAuthenticator::with_key(Key::es256(), origin)
    }

    pub fn with_key(key: Key, origin: &str) -> SoftAuthenticator {
        // Bytes that nobody else has.
        let unique = Ed25519KeyPair::generate().unwrap();
        let credential_id = unique.public_key().as_ref()[..24].to_vec();
        SoftAuthenticator {
            key,
            credential_id,
            user_handle: None,
            origin: origin.to_owned(),
            flags: USER_PRESENT | USER_VERIFIED,
            sign_count: 1,
        }
    }

    /// The credential id as lists have it.
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.credential_id)
    }

    /// Registers: takes CredentialCreationOptions and answers RegistrationResponseJSON.
    pub fn create(&mut self, options: &Value) -> Value {
        self.creation(options).credential()
    }

    /// The same, to be changed before it is answered.
    pub fn creation(&mut self, options: &Value) -> Creation {
        self.user_handle = Some(URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().unwrap()).unwrap());
        Creation {
            client_data: self.client_data("webauthn.create", options),
            data: Data {
                relying_party_id: options["rp"]["id"].as_str().unwrap().to_owned(),
                flags: self.flags | HAS_CREDENTIAL,
                sign_count: self.counted(),
                aaguid: [0; 16],
                credential: Some((self.credential_id.clone(), self.key.cose())),
                rest: Vec::new(),
            },
            format: "none".to_owned(),
            statement: Statement::Empty,
            attachment: Some("cross-platform".to_owned()),
            credential_id: self.credential_id.clone(),
        }
    }

    /// Proves: takes CREDENTIAL_REQUEST_OPTIONS, read from its text, and answers AuthenticationResponseJSON.
    pub fn get(&mut self, options: &Value) -> Value {
        self.proof(options).credential()
    }

    /// The same, to be changed before it is answered.
    pub fn proof(&mut self, options: &Value) -> Proof {
        Proof {
            client_data: self.client_data("webauthn.get", options),
            data: Data {
                relying_party_id: options["rpId"].as_str().unwrap().to_owned(),
                flags: self.flags,
                sign_count: self.counted(),
                aaguid: [0; 16],
                credential: None,
                rest: Vec::new(),
            },
            credential_id: self.credential_id.clone(),
            user_handle: self.user_handle.clone(),
            key: self.key.clone(),
        }
    }

    fn client_data(&self, ceremony: &str, options: &Value) -> Value {
        json!({"type": ceremony, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false})
    }

    fn counted(&mut self) -> u32 {
        let count = self.sign_count;
        self.sign_count += u32::from(count != 0);
        count
    }
}

/// Authenticator data in their parts.
#[derive(Clone)]
pub struct Data {
    pub relying_party_id: String,
    pub flags: u8,
    pub sign_count: u32,
    pub aaguid: [u8; 16],
    /// Id and COSE_Key.
    pub credential: Option<(Vec<u8>, Vec<u8>)>,
    /// Extensions, or whatever else comes last.
    pub rest: Vec<u8>,
}

impl Data {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = digest(&SHA256, self.relying_party_id.as_bytes()).as_ref().to_vec();
        bytes.push(self.flags);
        bytes.extend(self.sign_count.to_be_bytes());
        if let Some((id, key)) = &self.credential {
            bytes.extend(self.aaguid);
            bytes.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
            bytes.extend(id);
            bytes.extend(key);
        }
        bytes.extend(&self.rest);
        bytes
    }
}

/// The attestation statement of a registration.
#[derive(Clone)]
pub enum Statement {
    /// An empty map.
    Empty,
    /// Of the format `packed`: this algorithm is named, this key signs, and these certificates come with it.
    Signed { algorithm: i64, key: Key, certificates: Option<Vec<Vec<u8>>> },
    /// Any CBOR.
    Written(Vec<u8>),
}

/// A registration before it is written.
#[derive(Clone)]
pub struct Creation {
    pub client_data: Value,
    pub data: Data,
    pub format: String,
    pub statement: Statement,
    pub attachment: Option<String>,
    pub credential_id: Vec<u8>,
}

impl Creation {
    /// The same with a statement of the format `packed`.
    pub fn packed(self, key: &Key, certificates: Option<Vec<Vec<u8>>>) -> Creation {
        let statement = Statement::Signed { algorithm: key.algorithm(), key: key.clone(), certificates };
        Creation { format: "packed".to_owned(), statement, ..self }
    }

    pub fn attestation_object(&self) -> Vec<u8> {
        let data = self.data.bytes();
        let statement = match &self.statement {
            Statement::Empty => cbor::map(&[]),
            Statement::Signed { algorithm, key, certificates } => {
                let hash = digest(&SHA256, self.client_data.to_string().as_bytes());
                let signature = key.sign(&[&data, hash.as_ref()].concat());
                let mut members = vec![("alg", cbor::int(*algorithm)), ("sig", cbor::bytes(&signature))];
                if let Some(certificates) = certificates {
                    let certificates: Vec<_> = certificates.iter().map(|c| cbor::bytes(c)).collect();
                    members.push(("x5c", cbor::array(&certificates)));
                }
                cbor::names(&members)
            }
            Statement::Written(bytes) => bytes.clone(),
        };
        cbor::names(&[
            ("fmt", cbor::text(&self.format)),
            ("attStmt", statement),
            ("authData", cbor::bytes(&data)),
        ])
    }

    /// RegistrationResponseJSON.
    pub fn credential(&self) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.credential_id);
        let mut credential = json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(self.client_data.to_string()),
                "attestationObject": URL_SAFE_NO_PAD.encode(self.attestation_object()),
                "transports": ["hybrid", "internal"],
            },
            "clientExtensionResults": {},
        });
        if let Some(attachment) = &self.attachment {
            credential["authenticatorAttachment"] = json!(attachment);
        }
        credential
    }
}

/// A proof before it is written.
#[derive(Clone)]
pub struct Proof {
    pub client_data: Value,
    pub data: Data,
    pub credential_id: Vec<u8>,
    pub user_handle: Option<Vec<u8>>,
    pub key: Key,
}

impl Proof {
    /// AuthenticationResponseJSON.
    pub fn credential(&self) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.credential_id);
        let (data, client_data) = (self.data.bytes(), self.client_data.to_string());
        let hash = digest(&SHA256, client_data.as_bytes());
        let signature = self.key.sign(&[&data, hash.as_ref()].concat());
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature),
                "userHandle": self.user_handle.as_ref().map(|handle| URL_SAFE_NO_PAD.encode(handle)),
            },
            "clientExtensionResults": {},
        })
    }
}

/// Writing CBOR.
pub mod cbor {
    fn head(major: u8, value: u64) -> Vec<u8> {
        let major = major << 5;
        let wide = value.to_be_bytes();
        match value {
            0..=23 => vec![major | wide[7]],
            24..=0xff => vec![major | 24, wide[7]],
            0x100..=0xffff => [&[major | 25], &wide[6..]].concat(),
            0x1_0000..=0xffff_ffff => [&[major | 26], &wide[4..]].concat(),
            _ => [&[major | 27], &wide[..]].concat(),
        }
    }

    fn list(major: u8, count: usize, parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut bytes = head(major, count as u64);
        bytes.extend(parts.into_iter().flatten());
        bytes
    }

    pub fn int(number: i64) -> Vec<u8> {
        if number < 0 { head(1, number.unsigned_abs() - 1) } else { head(0, number.unsigned_abs()) }
    }

    pub fn bytes(bytes: &[u8]) -> Vec<u8> {
        [head(2, bytes.len() as u64), bytes.to_vec()].concat()
    }

    pub fn text(text: &str) -> Vec<u8> {
        [head(3, text.len() as u64), text.as_bytes().to_vec()].concat()
    }

    pub fn array(entries: &[Vec<u8>]) -> Vec<u8> {
        list(4, entries.len(), entries.iter().cloned())
    }

    pub fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        list(5, entries.len(), entries.iter().map(|(key, value)| [key.as_slice(), value].concat()))
    }

    pub fn names(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
        map(&entries.iter().map(|(name, value)| (text(name), value.clone())).collect::<Vec<_>>())
    }

    pub fn labels(entries: &[(i64, Vec<u8>)]) -> Vec<u8> {
        map(&entries.iter().map(|(label, value)| (int(*label), value.clone())).collect::<Vec<_>>())
    }
}
