//! The vectors made with pycognito and identity-js, a client of our own over num-bigint, and the attacks of
//! RFC 5054 §2.5.4.

use aws_lc_rs::{digest::SHA256, digest::digest, hmac};
use num_bigint::BigUint;

use super::*;
use crate::random::Seeded;

const SECRET_BLOCK: &[u8] = b"sealed by the server";
const TIMESTAMP: &str = "Fri Nov 20 09:05:07 UTC 2026";

fn big(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    big(hex).to_bytes_be()
}

#[test]
fn k_is_the_hash_of_n_and_g() {
    assert_eq!(HEXLOWER.encode(&*hash(&[&pad(&GROUP.n_bytes), &pad(G)])), K_HEX);
    assert_eq!((GROUP.n_bytes.len(), GROUP.n.byte_width()), (N_BYTES, N_BYTES));
}

#[test]
fn agrees_with_the_vectors() {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(include_str!("../srp_vectors.json")).unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in &vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let owner = match text("name") {
            "device1" => Owner::device(text("group"), text("user")),
            _ => Owner { group: text("group"), id: text("user") },
        };
        let x = x(owner, &bytes(text("salt")), text("password"));
        assert_eq!(bytes(text("x")), *x);
        let v = GROUP.g.exp_secret(&*x);
        assert_eq!(bytes(text("v")), *v);

        let a = PublicValue::parse(text("A")).unwrap();
        assert_eq!(a.to_hex(), text("A"));
        assert_eq!(bytes(text("A")), *GROUP.n.exp_secret(G, &bytes(text("a"))));
        let b = bytes(text("b"));
        // Longer than the server's own, for which there is the table.
        let big_b = big_b(&v, &GROUP.n.exp_secret(G, &b));
        assert_eq!(big_b.to_hex(), text("B"));

        let u = u(&a, &big_b);
        assert_eq!(bytes(text("u")), u);
        assert_eq!(big(text("S")), BigUint::from_bytes_be(&premaster(&a, &b, &v, &u)));
        let key = session_key(&a, &b, &v, &u).unwrap();
        assert_eq!(HEXLOWER.encode(&key.0), text("key"));
        let block = BASE64.decode(text("secret_block").as_bytes()).unwrap();
        let signature = key.signature(owner, &block, text("timestamp"));
        assert_eq!(BASE64.encode(&signature), text("signature"));
        assert_eq!(key.check_proof(owner, &block, text("timestamp"), text("signature")), Ok(()));
    }
}

/// A client as the wire describes it, sharing no code with the server. Hexadecimal as in identity-js: an even
/// number of digits, `00` in front where the first is 8 to f.
struct Client {
    a: BigUint,
    n: BigUint,
}

impl Client {
    fn new(random: &mut Seeded) -> Self {
        Self { a: BigUint::from_bytes_be(&random.array::<32>()), n: big(N_HEX) }
    }

    fn pad(number: &BigUint) -> Vec<u8> {
        let mut hex = number.to_str_radix(16);
        if hex.len() % 2 == 1 {
            hex.insert(0, '0');
        }
        if hex.as_bytes()[0] >= b'8' {
            hex.insert_str(0, "00");
        }
        HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    fn srp_a(&self) -> String {
        BigUint::from(2u8).modpow(&self.a, &self.n).to_str_radix(16)
    }

    /// x of the names and password, in the client's spelling of the formula.
    fn x(names: &str, salt: &str, password: &str) -> BigUint {
        let inner = digest(&SHA256, format!("{names}:{password}").as_bytes());
        let outer = [&Self::pad(&big(salt)), inner.as_ref()].concat();
        BigUint::from_bytes_be(digest(&SHA256, &outer).as_ref())
    }

    /// PASSWORD_CLAIM_SIGNATURE for `names`, pool name and user id in one text.
    fn signature(&self, names: &str, salt: &str, srp_b: &str, password: &str) -> String {
        let (n, g, k) = (&self.n, BigUint::from(2u8), big(K_HEX));
        let (big_a, big_b) = (big(&self.srp_a()), big(srp_b));
        let u_input = [Self::pad(&big_a), Self::pad(&big_b)].concat();
        let u = BigUint::from_bytes_be(digest(&SHA256, &u_input).as_ref());
        let x = Self::x(names, salt, password);
        let base = (&big_b + n - k * g.modpow(&x, n) % n) % n;
        let s = base.modpow(&(&self.a + &u * &x), n);
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
        let prk = sign(&Self::pad(&u), &Self::pad(&s));
        let key = sign(prk.as_ref(), b"Caldera Derived Key\x01");
        let message = [names.as_bytes(), SECRET_BLOCK, TIMESTAMP.as_bytes()].concat();
        BASE64.encode(sign(&key.as_ref()[..16], &message).as_ref())
    }
}

/// One whole exchange: the server knows `verifier`, the client believes `names` and `password`.
fn exchange(
    verifier: &Verifier,
    owner: Owner,
    names: &str,
    password: &str,
    random: &mut Seeded,
) -> Result<(), Refusal> {
    let client = Client::new(random);
    let a = PublicValue::parse(&client.srp_a())?;
    let challenge = Exchange::new(&verifier.v, random);
    let signature = client.signature(names, &verifier.salt, &challenge.big_b.to_hex(), password);
    challenge.session_key(&a, &verifier.v)?.check_proof(owner, SECRET_BLOCK, TIMESTAMP, &signature)
}

#[test]
fn lets_200_users_in() {
    let mut random = Seeded(1);
    for round in 0..200 {
        let length = 1 + random.below(60);
        let username = random.uuid_v4();
        let password = random.string(length, b"abcXYZ019 !\"%") + ["", "ü", "日本", "🔑"][round % 4];
        let pool = PoolId::from("eu-west-1_AbC_dEf");
        let owner = Owner::user(&pool, &username);
        let verifier = Verifier::new(owner, &password, &mut random);
        let names = format!("AbC_dEf{username}");
        assert_eq!(exchange(&verifier, owner, &names, &password, &mut random), Ok(()), "round {round}");
    }
}

/// u and S are padded as integers: one in 256 of each is a byte shorter than usual, and half of those that are
/// not gain a zero byte.
#[test]
fn lets_users_in_whatever_u_and_s_begin_with() {
    let mut random = Seeded(8);
    let pool = PoolId::from("eu-west-1_Pool");
    let owner = Owner::user(&pool, "jane");
    let verifier = Verifier::new(owner, "correct", &mut random);
    let client = Client::new(&mut random);
    let a = PublicValue::parse(&client.srp_a()).unwrap();
    let mut kinds_seen = std::collections::HashSet::new();
    while kinds_seen.len() < 6 {
        let challenge = Exchange::new(&verifier.v, &mut random);
        let u = u(&a, &challenge.big_b);
        let s = premaster(&a, &*challenge.b, &verifier.v, &u);
        let kind = |name, number: &[u8]| (name, pad(number).len().cmp(&number.len()));
        for kind in [kind("u", &u), kind("S", &s)] {
            if kinds_seen.insert(kind) {
                let srp_b = challenge.big_b.to_hex();
                let proof = client.signature("Pooljane", &verifier.salt, &srp_b, "correct");
                let key = challenge.session_key(&a, &verifier.v).unwrap();
                assert_eq!(key.check_proof(owner, SECRET_BLOCK, TIMESTAMP, &proof), Ok(()), "{kind:?}");
            }
        }
    }
}

#[test]
fn keeps_everyone_else_out() {
    let mut random = Seeded(2);
    let pool = PoolId::from("eu-west-1_Pool");
    let owner = Owner::user(&pool, "jane");
    let verifier = Verifier::new(owner, "correct", &mut random);
    assert_eq!(exchange(&verifier, owner, "Pooljane", "correct", &mut random), Ok(()));
    for (names, password) in
        [("Pooljane", "wrong"), ("Pooljane", ""), ("Poolmary", "correct"), ("pooljane", "correct")]
    {
        let result = exchange(&verifier, owner, names, password, &mut random);
        assert_eq!(result, Err(Refusal::Proof), "{names} {password}");
    }
}

#[test]
fn lets_devices_in() {
    let mut random = Seeded(3);
    let owner = Owner::device("-abcDEF12", "us-east-1_a1b2");
    let names = "-abcDEF12us-east-1_a1b2";
    for first_salt_byte in ["0a", "7f", "80", "ff"] {
        let salt = format!("{first_salt_byte}{}", HEXLOWER.encode(&random.array::<15>()));
        let v = BigUint::from(2u8).modpow(&Client::x(names, &salt, "secret"), &big(N_HEX));
        let (v, salt) = (BASE64.encode(&Client::pad(&v)), BASE64.encode(&Client::pad(&big(&salt))));
        let verifier = Verifier::from_device(&v, &salt).unwrap();
        assert_eq!(verifier.v.len(), N_BYTES);
        assert_eq!(exchange(&verifier, owner, names, "secret", &mut random), Ok(()));
        assert_eq!(exchange(&verifier, owner, names, "wrong", &mut random), Err(Refusal::Proof));
    }
}

#[test]
fn refuses_what_is_no_device_verifier() {
    let n = big(N_HEX);
    let encode = |number: BigUint| BASE64.encode(&Client::pad(&number));
    let salt = BASE64.encode(&[1; 16]);
    assert!(Verifier::from_device(&encode(&n - 2u8), &salt).is_ok());
    for v in [0u8, 1].map(BigUint::from).into_iter().chain([&n - 1u8, n.clone(), &n + 2u8, &n * 2u8]) {
        assert_eq!(Verifier::from_device(&encode(v), &salt).err(), Some(Refusal::DeviceVerifier));
    }
    let v = encode(&n - 2u8);
    for (v, salt) in [("", &*salt), ("é", &salt), (&v, ""), (&v, "*"), (&v, &"A".repeat(1000))] {
        assert_eq!(Verifier::from_device(v, salt).err(), Some(Refusal::DeviceVerifier), "{salt}");
    }
}

#[test]
fn refuses_public_values_out_of_range() {
    let n = big(N_HEX);
    let hex = |number: BigUint| number.to_str_radix(16);
    for text in ["0".into(), "00000".into(), hex(n.clone()), hex(&n * 2u8), hex(&n + 1u8), hex(&n << 8)] {
        assert_eq!(PublicValue::parse(&text), Err(Refusal::PublicValue), "{text}");
    }
    for text in ["", "-1", "+1", "0x12", " 12", "12 ", "12\n", "1g", "1١", "\0", &"0".repeat(1025)] {
        assert_eq!(PublicValue::parse(text), Err(Refusal::PublicValue), "{text:?}");
    }
    assert_eq!(PublicValue::from_bytes(&[0; 384]), Err(Refusal::PublicValue));
    for (text, number) in [("1", "1"), ("0aBC", "abc"), ("abc", "abc"), (&"0".repeat(1000), "")] {
        assert_eq!(PublicValue::parse(text).map(|a| a.to_hex()).unwrap_or_default(), number);
    }
    let largest = PublicValue::parse(&hex(&n - 1u8)).unwrap();
    assert_eq!(PublicValue::from_bytes(largest.as_bytes()), Ok(largest));
}

#[test]
fn refuses_a_zero_scrambler() {
    let a = PublicValue::parse("2").unwrap();
    let mut u = [0; 32];
    assert_eq!(session_key(&a, &[3], &[5], &u).err(), Some(Refusal::PublicValue));
    u[31] = 1;
    assert!(session_key(&a, &[3], &[5], &u).is_ok());
}

#[test]
fn a_proof_counts_for_one_exchange_only() {
    let mut random = Seeded(4);
    let pool = PoolId::from("eu-west-1_Pool");
    let owner = Owner::user(&pool, "jane");
    let verifier = Verifier::new(owner, "correct", &mut random);
    let client = Client::new(&mut random);
    let a = PublicValue::parse(&client.srp_a()).unwrap();
    let challenge = Exchange::new(&verifier.v, &mut random);
    let key = challenge.session_key(&a, &verifier.v).unwrap();
    let proof = client.signature("Pooljane", &verifier.salt, &challenge.big_b.to_hex(), "correct");
    assert_eq!(key.check_proof(owner, SECRET_BLOCK, TIMESTAMP, &proof), Ok(()));

    let mary = Owner::user(&pool, "mary");
    let other_time = "Fri Nov 20 09:05:08 UTC 2026";
    for (owner, block, timestamp, proof) in [
        (mary, SECRET_BLOCK, TIMESTAMP, &*proof),
        (owner, b"sealed for another attempt", TIMESTAMP, &proof),
        (owner, SECRET_BLOCK, other_time, &proof),
        (owner, SECRET_BLOCK, TIMESTAMP, ""),
        (owner, SECRET_BLOCK, TIMESTAMP, &proof[..40]),
        (owner, SECRET_BLOCK, TIMESTAMP, "not base64"),
        (owner, SECRET_BLOCK, TIMESTAMP, &format!("{proof}{proof}")),
    ] {
        assert_eq!(key.check_proof(owner, block, timestamp, proof), Err(Refusal::Proof), "{proof}");
    }
    // The same answer to another challenge of the same user, and to another client's A.
    let next = Exchange::new(&verifier.v, &mut random).session_key(&a, &verifier.v).unwrap();
    assert_eq!(next.check_proof(owner, SECRET_BLOCK, TIMESTAMP, &proof), Err(Refusal::Proof));
    let other_a = PublicValue::parse(&Client::new(&mut random).srp_a()).unwrap();
    let other = challenge.session_key(&other_a, &verifier.v).unwrap();
    assert_eq!(other.check_proof(owner, SECRET_BLOCK, TIMESTAMP, &proof), Err(Refusal::Proof));
}

#[test]
fn pads_as_java_does() {
    for (number, padded) in [
        (&[][..], &[0][..]),
        (&[0, 0], &[0]),
        (&[0x7f], &[0x7f]),
        (&[0x80], &[0, 0x80]),
        (&[0, 0, 0x80, 1], &[0, 0x80, 1]),
        (&[0, 0x01], &[1]),
    ] {
        assert_eq!(*pad(number), padded);
    }
}

#[test]
fn draws_salts_that_every_client_reads_alike() {
    let mut random = Seeded(5);
    for _ in 0..500 {
        let salt = draw_salt(&mut random);
        assert!(salt[0] >= 16, "{salt:x?}");
    }
}

#[test]
fn invents_the_same_user_each_time() {
    let secret = [7; 32];
    let fake = |pool: &str, name| {
        let pool = PoolId::from(pool);
        (fake_user_id(&secret, &pool, name), fake_verifier(&secret, &pool, name))
    };
    let (id, verifier) = fake("eu-west-1_Pool", "nobody");
    assert_eq!(id, fake("eu-west-1_Pool", "nobody").0);
    assert_eq!(id.len(), 36);
    assert_eq!((verifier.salt.len(), verifier.v.len()), (32, N_BYTES));
    assert_ne!(verifier.salt.as_bytes()[0], b'0');
    let again = fake("eu-west-1_Pool", "nobody").1;
    assert_eq!((&again.salt, &again.v), (&verifier.salt, &verifier.v));
    for (other_id, other) in [fake("eu-west-1_Pool", "nobody2"), fake("eu-west-1_Pool2", "nobody")] {
        assert_ne!((other_id, &other.salt, &other.v), (id.clone(), &verifier.salt, &verifier.v));
        assert_ne!(other.salt, verifier.salt);
        assert_ne!(other.v, verifier.v);
    }
    let other_server = fake_verifier(&[8; 32], &"eu-west-1_Pool".into(), "nobody");
    assert_ne!(other_server.salt, verifier.salt);
    // The exchange runs to its end and fails like a wrong password.
    let pool = PoolId::from("eu-west-1_Pool");
    let owner = Owner::user(&pool, &id);
    let result = exchange(&verifier, owner, &format!("Pool{id}"), "guess", &mut Seeded(6));
    assert_eq!(result, Err(Refusal::Proof));
}

#[test]
fn prints_no_secrets() {
    let mut random = Seeded(7);
    let verifier = Verifier::new(Owner::user(&"eu_P".into(), "jane"), "pw", &mut random);
    let challenge = Exchange::new(&verifier.v, &mut random);
    let a = PublicValue::parse("abc").unwrap();
    let key = challenge.session_key(&a, &verifier.v).unwrap();
    assert_eq!(format!("{key:?}"), "SessionKey(…)");
    assert_eq!(format!("{verifier:?}"), format!("Verifier {{ salt: {:?}, .. }}", verifier.salt));
    assert!(!format!("{challenge:?}").contains(" b:"));
}
