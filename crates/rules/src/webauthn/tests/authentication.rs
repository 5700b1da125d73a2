use super::{CHALLENGE, ORIGIN, RELYING_PARTY, SUB, expected, keys, registered, soft_authenticator::*};
use crate::{
    user::passkey::Passkey,
    webauthn::{Authenticated, Expected, Refusal, authenticate, credential_id, options},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::{Value, json};
use spec::cognito_idp::UserVerificationType;

fn request_options() -> Value {
    let text = options::request_options(CHALLENGE, RELYING_PARTY, &[], UserVerificationType::Preferred);
    serde_json::from_str(&text).unwrap()
}

/// An authenticator with a passkey of ours.
fn passkey(key: Key) -> (SoftAuthenticator, Passkey) {
    let mut authenticator = SoftAuthenticator::with_key(key, ORIGIN);
    let registered = registered(&mut authenticator);
    let passkey = registered.into_passkey(&"pool".into(), &SUB.into(), RELYING_PARTY, 1);
    (authenticator, passkey)
}

/// A good proof with one thing changed, and what becomes of it.
fn changed(change: impl Fn(&mut Proof)) -> Result<Authenticated, Refusal> {
    let (mut authenticator, passkey) = passkey(Key::es256());
    let mut proof = authenticator.proof(&request_options());
    change(&mut proof);
    authenticate(&expected(), &passkey, &proof.credential())
}

#[test]
fn every_algorithm_proves() {
    for key in keys() {
        let (mut authenticator, passkey) = passkey(key);
        let expected = Expected { user_verification: true, ..expected() };
        let credential = authenticator.get(&request_options());
        assert_eq!(credential_id(&credential).unwrap(), passkey.credential_id);
        assert_eq!(
            authenticate(&expected, &passkey, &credential),
            Ok(Authenticated { sign_count: 2, user_verified: true, backed_up: false })
        );
    }
}

#[test]
fn a_proof_is_of_one_passkey_and_user() {
    assert_eq!(changed(|proof| proof.credential_id = vec![1; 24]), Err(Refusal::CredentialId));
    assert!(changed(|proof| proof.user_handle = None).is_ok());
    for handle in [&b"somebody else"[..], b"", SUB.to_uppercase().as_bytes()] {
        assert_eq!(changed(|proof| proof.user_handle = Some(handle.to_vec())), Err(Refusal::UserHandle));
    }
    assert_eq!(changed(|proof| proof.user_handle = Some(vec![1; 65])), Err(Refusal::Credential));
    let (mut authenticator, mut passkey) = passkey(Key::es256());
    passkey.detail.relying_party_id = "sub.example.com".into();
    let credential = authenticator.get(&request_options());
    assert_eq!(authenticate(&expected(), &passkey, &credential), Err(Refusal::RelyingParty));
}

#[test]
fn a_proof_is_of_one_ceremony() {
    let said = |name: &str, value: Value| changed(|proof| proof.client_data[name] = value.clone());
    assert_eq!(said("type", json!("webauthn.create")), Err(Refusal::Ceremony));
    assert_eq!(said("challenge", json!("b3RoZXI")), Err(Refusal::Challenge));
    assert_eq!(said("origin", json!("https://login.example.com.evil.org")), Err(Refusal::Origin));
    assert_eq!(said("crossOrigin", json!(true)), Err(Refusal::CrossOrigin));
    assert_eq!(said("topOrigin", json!("https://a.example")), Err(Refusal::CrossOrigin));
    assert_eq!(said("origin", json!(4)), Err(Refusal::ClientData));
}

#[test]
fn what_the_authenticator_says() {
    let flags = |flags| changed(|proof| proof.data.flags = flags);
    assert_eq!(changed(|proof| proof.data.relying_party_id = "evil.org".into()), Err(Refusal::RelyingParty));
    assert_eq!(flags(USER_VERIFIED), Err(Refusal::UserPresence));
    assert_eq!(flags(USER_PRESENT | BACKED_UP), Err(Refusal::BackupState));
    assert_eq!(flags(USER_PRESENT | BACKUP_ELIGIBLE), Err(Refusal::BackupEligibility));
    assert_eq!(flags(USER_PRESENT).map(|found| found.user_verified), Ok(false));
    assert_eq!(changed(|proof| proof.data.rest = vec![1]), Err(Refusal::AuthenticatorData));
    let (key, id) = (Key::es256(), vec![1; 24]);
    let with_credential = changed(|proof| {
        proof.data.flags |= HAS_CREDENTIAL;
        proof.data.credential = Some((id.clone(), key.cose()));
    });
    assert_eq!(with_credential, Err(Refusal::CredentialDataInProof));
    let (mut authenticator, passkey) = passkey(Key::es256());
    authenticator.flags = USER_PRESENT;
    let credential = authenticator.get(&request_options());
    let required = Expected { user_verification: true, ..expected() };
    assert_eq!(authenticate(&required, &passkey, &credential), Err(Refusal::UserVerification));
}

#[test]
fn a_synced_passkey_stays_one() {
    let (mut authenticator, mut passkey) = passkey(Key::eddsa());
    passkey.detail.backup_eligible = true;
    let credential = authenticator.get(&request_options());
    assert_eq!(authenticate(&expected(), &passkey, &credential), Err(Refusal::BackupEligibility));
    authenticator.flags |= BACKUP_ELIGIBLE;
    let credential = authenticator.get(&request_options());
    assert_eq!(authenticate(&expected(), &passkey, &credential).map(|found| found.backed_up), Ok(false));
    authenticator.flags |= BACKED_UP;
    let credential = authenticator.get(&request_options());
    assert_eq!(authenticate(&expected(), &passkey, &credential).map(|found| found.backed_up), Ok(true));
}

#[test]
fn the_passkey_signed_all_of_it() {
    for (key, other) in keys().into_iter().zip([Key::es256(), Key::es256(), Key::eddsa()]) {
        let (mut authenticator, passkey) = passkey(key);
        let mut proof = authenticator.proof(&request_options());
        proof.key = other;
        assert_eq!(authenticate(&expected(), &passkey, &proof.credential()), Err(Refusal::Signature));

        let proof = authenticator.proof(&request_options());
        let good = proof.credential();
        let broken = |member: &str, bytes: &[u8]| {
            let mut credential = good.clone();
            credential["response"][member] = json!(URL_SAFE.encode(bytes));
            authenticate(&expected(), &passkey, &credential)
        };
        let mut data = proof.data.clone();
        data.sign_count += 1;
        assert_eq!(broken("authenticatorData", &data.bytes()), Err(Refusal::Signature));
        let client_data = format!("{} ", proof.client_data);
        assert_eq!(broken("clientDataJSON", client_data.as_bytes()), Err(Refusal::Signature));
        assert_eq!(broken("signature", &[]), Err(Refusal::Signature));
        assert_eq!(broken("signature", &[0; 64]), Err(Refusal::Signature));
        assert_eq!(broken("signature", &[0; 1_025]), Err(Refusal::Credential));
        let mut spoiled = passkey.clone();
        spoiled.detail.public_key.0.push(0);
        assert_eq!(authenticate(&expected(), &spoiled, &good), Err(Refusal::PublicKey));
        assert!(authenticate(&expected(), &passkey, &good).is_ok());
    }
}

#[test]
fn counters_grow() {
    for (stored, said, is_good) in [
        (0, 0, true),
        (0, 1, true),
        (1, 2, true),
        (5, 9, true),
        (5, 5, false),
        (5, 4, false),
        (5, 0, false),
        (i64::from(u32::MAX), u32::MAX, false),
    ] {
        let (mut authenticator, mut passkey) = passkey(Key::es256());
        passkey.sign_count = stored;
        let mut proof = authenticator.proof(&request_options());
        proof.data.sign_count = said;
        let found = authenticate(&expected(), &passkey, &proof.credential());
        assert_eq!(
            found.map(|found| found.sign_count),
            if is_good { Ok(said.into()) } else { Err(Refusal::SignCount) }
        );
    }
}
