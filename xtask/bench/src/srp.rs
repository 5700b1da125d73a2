//! The client's half of SRP. What does not depend on the attempt is computed once for each user.

use crate::api::{PASSWORD, text};
use anyhow::{Result, anyhow};
use data_encoding::{BASE64, HEXLOWER};
use rules::{
    ids::PoolId,
    sign_in::srp::{self, Owner, PublicValue, SessionKey},
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The client's secret. Real ones are longer and are drawn each time; to the server a public value is like another.
const A_SECRET: &[u8] = &[0xc5, 0x1d, 0x73, 0x2b, 0x90, 0x4e, 0xa6, 0x57];

pub struct SrpClient {
    big_a: PublicValue,
    /// By user or device and salt: x, and k·g^x.
    known: HashMap<(String, String), ([u8; 32], Vec<u8>)>,
}

impl SrpClient {
    pub fn new() -> SrpClient {
        let big_a = PublicValue::from_bytes(&srp::modulus().exp_public(&[2], A_SECRET));
        SrpClient { big_a: big_a.expect("a power is between 1 and N"), known: HashMap::new() }
    }

    pub fn srp_a(&self) -> String {
        self.big_a.to_hex()
    }

    /// ChallengeResponses for PASSWORD_VERIFIER.
    pub fn answer(&mut self, pool: &str, parameters: &Value, timestamp: &str) -> Result<Value> {
        let user = text(&parameters["USER_ID_FOR_SRP"])?;
        let pool = PoolId::from(pool);
        let mut answer = self.claims(Owner::user(&pool, &user), &user, parameters, PASSWORD, timestamp)?;
        answer["USERNAME"] = user.into();
        Ok(answer)
    }

    /// ChallengeResponses for DEVICE_PASSWORD_VERIFIER, but for USERNAME.
    pub fn device_answer(
        &mut self,
        owner: Owner<'_>,
        parameters: &Value,
        password: &str,
        timestamp: &str,
    ) -> Result<Value> {
        let key = text(&parameters["DEVICE_KEY"])?;
        let mut answer = self.claims(owner, &key, parameters, password, timestamp)?;
        answer["DEVICE_KEY"] = key.into();
        Ok(answer)
    }

    fn claims(
        &mut self,
        owner: Owner<'_>,
        id: &str,
        parameters: &Value,
        password: &str,
        timestamp: &str,
    ) -> Result<Value> {
        let salt = text(&parameters["SALT"])?;
        let big_b = text(&parameters["SRP_B"])?;
        let big_b = PublicValue::parse(&big_b).map_err(|_| anyhow!("SRP_B is {big_b}"))?;
        let block = text(&parameters["SECRET_BLOCK"])?;
        let n = srp::modulus();
        let salt_bytes = HEXLOWER.decode(salt.as_bytes())?;
        let (x, kgx) = self.known.entry((id.to_owned(), salt)).or_insert_with(|| {
            let x = *srp::x(owner, &salt_bytes, password);
            (x, n.mul_mod(srp::multiplier(), &n.exp_public(&[2], &x)).to_vec())
        });
        let u = srp::u(&self.big_a, &big_b);
        // (B − k·g^x)^(a + u·x), without ever computing the long exponent.
        let base = n.sub_mod(big_b.as_bytes(), kgx);
        let s = n.mul_mod(&n.exp_public(&base, A_SECRET), &n.exp_public(&n.exp_public(&base, &u), x));
        let proof = SessionKey::new(&u, &s).signature(owner, &BASE64.decode(block.as_bytes())?, timestamp);
        Ok(json!({
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": BASE64.encode(&proof),
            "TIMESTAMP": timestamp,
        }))
    }
}

/// The TIMESTAMP of a proof from an answer's Date: `Fri, 20 Nov 2026 09:05:07 GMT`.
pub fn timestamp(date: &str) -> Result<String> {
    let words: Vec<&str> = date.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [weekday, day, month, year, time, _] = words[..] else { anyhow::bail!("the Date {date}") };
    Ok(format!("{weekday} {month} {} {time} UTC {year}", day.trim_start_matches('0')))
}
