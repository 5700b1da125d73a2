//! A client and an authenticator that were written elsewhere, by the same rules.

use super::{CHALLENGE, ORIGIN, RELYING_PARTY, SUB, creation_options, expected};
use crate::webauthn::{Expected, authenticate, options, register};
use passkey::{
    authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod},
    client::{Client, DefaultClientData},
    crypto::rust_crypto::RustCryptoBackend,
    types::{
        Passkey,
        ctap2::{Aaguid, Ctap2Error},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use spec::cognito_idp::UserVerificationType;
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};
use url::Url;

/// Somebody who agrees to everything and shows a finger.
struct Agrees;

#[async_trait::async_trait]
impl UserValidationMethod for Agrees {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// Nothing here waits for anything outside.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// What is asked, as the client has it.
fn asked<T: DeserializeOwned>(options: Value) -> T {
    serde_json::from_value(json!({ "publicKey": options })).unwrap()
}

/// What the client answers, with its lists of bytes as texts, as browsers have them.
fn answered(credential: impl Serialize) -> Value {
    let mut credential = serde_json::to_value(credential).unwrap();
    let id = credential["rawId"].take();
    credential["rawId"] = encoded(&id);
    for value in credential["response"].as_object_mut().unwrap().values_mut() {
        if value.as_array().is_some_and(|list| list.iter().all(Value::is_number)) {
            *value = encoded(value);
        }
    }
    credential
}

fn encoded(list: &Value) -> Value {
    let bytes: Vec<u8> = serde_json::from_value(list.clone()).unwrap();
    json!(options::encoded_id(&bytes))
}

#[test]
fn an_authenticator_from_elsewhere_registers_and_proves() {
    let authenticator = Authenticator::new(Aaguid::new_empty(), None::<Passkey>, Agrees, RustCryptoBackend);
    let mut client = Client::new(authenticator);
    let origin = Url::parse(ORIGIN).unwrap();
    let expected = Expected { user_verification: true, ..expected() };

    let created = run(client.register(&origin, asked(creation_options()), DefaultClientData)).unwrap();
    let created = answered(created);
    let registered = register(&expected, &created).unwrap_or_else(|refusal| panic!("{refusal}: {created}"));
    let mut passkey = registered.into_passkey(&"pool".into(), &SUB.into(), RELYING_PARTY, 1);

    let ids = [passkey.credential_id.clone()];
    let text = options::request_options(CHALLENGE, RELYING_PARTY, &ids, UserVerificationType::Required);
    for _ in 0..2 {
        let options = asked(serde_json::from_str(&text).unwrap());
        let proof = run(client.authenticate(&origin, options, DefaultClientData)).unwrap();
        let proof = answered(proof);
        let found = authenticate(&expected, &passkey, &proof).unwrap();
        assert!(found.user_verified);
        passkey.sign_count = found.sign_count;
    }
}
