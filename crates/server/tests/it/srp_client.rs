//! A client's half of SRP, over another big-number library than the server's.

use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use num_bigint::BigUint;
use serde_json::{Value, json};

const N: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD\
                 3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F\
                 24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552\
                 BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF0\
                 6F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64EC\
                 FB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A\
                 0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D1\
                 20A93AD2CAFFFFFFFFFFFFFFFF";

/// The client's secret and public value.
pub struct SrpClient {
    a: BigUint,
    pub big_a: BigUint,
}

fn n() -> BigUint {
    BigUint::parse_bytes(N.replace(' ', "").as_bytes(), 16).unwrap()
}

fn pad(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes[0] >= 0x80 {
        bytes.insert(0, 0);
    }
    bytes
}

fn sha(parts: &[&[u8]]) -> Vec<u8> {
    digest::digest(&digest::SHA256, &parts.concat()).as_ref().to_vec()
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}

impl SrpClient {
    pub fn new() -> SrpClient {
        let mut secret = [0; 32];
        rules::Random::fill(&mut cognate::secrets::random::SystemRandom, &mut secret);
        let a = BigUint::from_bytes_be(&secret);
        let big_a = BigUint::from(2u8).modpow(&a, &n());
        SrpClient { a, big_a }
    }

    pub fn srp_a(&self) -> String {
        self.big_a.to_str_radix(16)
    }

    /// ChallengeResponses for PASSWORD_VERIFIER.
    pub fn answer(&self, pool_id: &str, parameters: &Value, password: &str, timestamp: &str) -> Value {
        let text = |name: &str| parameters[name].as_str().unwrap().to_owned();
        let user = text("USER_ID_FOR_SRP");
        let owner = [pool_id.split_once('_').unwrap().1, &user];
        json!({
            "USERNAME": text("USERNAME"),
            "PASSWORD_CLAIM_SECRET_BLOCK": text("SECRET_BLOCK"),
            "PASSWORD_CLAIM_SIGNATURE": self.signature(owner, parameters, password, timestamp),
            "TIMESTAMP": timestamp,
        })
    }

    /// PASSWORD_CLAIM_SIGNATURE of a user, by pool name and user name, or of a device, by group key and key, for SALT,
    /// SRP_B and SECRET_BLOCK.
    pub fn signature(
        &self,
        [group, id]: [&str; 2],
        parameters: &Value,
        password: &str,
        timestamp: &str,
    ) -> String {
        let text = |name: &str| parameters[name].as_str().unwrap();
        let (salt, big_b) = (number(text("SALT")), number(text("SRP_B")));
        let x = x([group, id], &salt, password);
        let k = BigUint::from_bytes_be(&sha(&[&pad(&n()), &[2]]));
        let u = BigUint::from_bytes_be(&sha(&[&pad(&self.big_a), &pad(&big_b)]));
        let gx = BigUint::from(2u8).modpow(&x, &n());
        let base = (big_b + n() * &k - (k * gx)) % n();
        let s = base.modpow(&(&self.a + &u * x), &n());
        let key = mac(&mac(&pad(&u), &pad(&s)), b"Caldera Derived Key\x01")[..16].to_vec();
        let block = STANDARD.decode(text("SECRET_BLOCK")).unwrap();
        let message = [group.as_bytes(), id.as_bytes(), &block, timestamp.as_bytes()].concat();
        STANDARD.encode(mac(&key, &message))
    }
}

fn x([group, id]: [&str; 2], salt: &BigUint, password: &str) -> BigUint {
    let inner = sha(&[format!("{group}{id}:{password}").as_bytes()]);
    BigUint::from_bytes_be(&sha(&[&pad(salt), &inner]))
}

/// What a client keeps of a device that it confirms.
pub struct DeviceClient {
    pub key: String,
    pub group_key: String,
    pub password: String,
    pub salt: BigUint,
}

impl DeviceClient {
    /// A device by NewDeviceMetadata, with a password that nobody else knows.
    pub fn new(metadata: &Value) -> DeviceClient {
        let mut random = cognate::secrets::random::SystemRandom;
        let (mut password, mut salt) = ([0; 40], [0; 16]);
        rules::Random::fill(&mut random, &mut password);
        rules::Random::fill(&mut random, &mut salt);
        DeviceClient {
            key: metadata["DeviceKey"].as_str().unwrap().to_owned(),
            group_key: metadata["DeviceGroupKey"].as_str().unwrap().to_owned(),
            password: STANDARD.encode(password),
            salt: BigUint::from_bytes_be(&salt),
        }
    }

    /// DeviceSecretVerifierConfig of ConfirmDevice.
    pub fn verifier_config(&self) -> Value {
        let x = x([&self.group_key, &self.key], &self.salt, &self.password);
        let v = BigUint::from(2u8).modpow(&x, &n());
        json!({"PasswordVerifier": STANDARD.encode(pad(&v)), "Salt": STANDARD.encode(pad(&self.salt))})
    }
}
