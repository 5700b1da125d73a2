//! What a client is shown for a user who does not exist: the same kinds of values at the same cost, stable for
//! each name, so that neither one attempt nor a comparison of several tells that nobody is there.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;

use super::{GROUP, N_BYTES, Verifier, draw_salt};
use crate::{ids::PoolId, random::Random};

/// The verifier of a user who does not exist; nobody knows its password. `server_secret` is at least 32 secret
/// bytes that all nodes share and keep, `name` the name as typed, folded as the pool folds names.
pub fn fake_verifier(server_secret: &[u8], pool_id: &PoolId, name: &str) -> Verifier {
    let mut derived = Derived::new(server_secret, "salt", pool_id, name);
    let salt = HEXLOWER.encode(&draw_salt(&mut derived));
    // 16 bytes more than N has make the remainder uniform.
    let mut wide = [0; N_BYTES + 16];
    Derived::new(server_secret, "verifier", pool_id, name).fill(&mut wide);
    Verifier { salt, v: GROUP.n.reduce(&wide) }
}

/// The USER_ID_FOR_SRP of a user who does not exist: a UUID of version 4. Real ones must be of that version
/// too, or it tells them apart.
pub fn fake_user_id(server_secret: &[u8], pool_id: &PoolId, name: &str) -> String {
    Derived::new(server_secret, "user id", pool_id, name).uuid_v4()
}

/// The bytes of HMAC(server secret, counter ‖ purpose ‖ pool ‖ name): random to everyone else, and the same
/// each time.
struct Derived {
    key: hmac::Key,
    input: String,
    counter: u32,
}

impl Derived {
    fn new(server_secret: &[u8], purpose: &str, pool_id: &PoolId, name: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, server_secret);
        // Only the name, which comes last, may contain the separator.
        Self { key, input: format!("unknown user\0{purpose}\0{pool_id}\0{name}"), counter: 0 }
    }
}

impl Random for Derived {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let mut context = hmac::Context::with_key(&self.key);
            context.update(&self.counter.to_be_bytes());
            context.update(self.input.as_bytes());
            chunk.copy_from_slice(&context.sign().as_ref()[..chunk.len()]);
            self.counter += 1;
        }
    }
}
