use super::{
    CHALLENGE, ORIGIN, RELYING_PARTY, SUB, creation, creation_options, expected, keys, soft_authenticator::*,
};
use crate::webauthn::{Expected, Refusal, Registered, challenge, credential_id, origin::Origins, register};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde_json::{Value, json};

fn refused(expected: &Expected<'_>, credential: &Value, refusal: Refusal) {
    assert_eq!(register(expected, credential).unwrap_err(), refusal, "{credential}");
}

#[test]
fn every_algorithm_registers() {
    for key in keys() {
        let mut authenticator = SoftAuthenticator::with_key(key, ORIGIN);
        let credential = authenticator.create(&creation_options());
        let found = register(&Expected { user_verification: true, ..expected() }, &credential).unwrap();
        assert_eq!(
            found,
            Registered {
                credential_id: authenticator.credential_id.clone(),
                public_key: authenticator.key.cose(),
                sign_count: 1,
                user_verified: true,
                backup_eligible: false,
                backed_up: false,
                attachment: Some("cross-platform".into()),
                transports: vec!["hybrid".into(), "internal".into()],
            }
        );
        assert_eq!(credential_id(&credential).unwrap(), authenticator.credential_id);
        assert_eq!(challenge(&credential).as_deref(), Some(CHALLENGE));
        assert_eq!(authenticator.user_handle.as_deref(), Some(SUB.as_bytes()));
    }
}

#[test]
fn names_of_passkeys() {
    for (attachment, expected_name, kept) in [
        (None, "Passkey", None),
        (Some("platform"), "Platform passkey", Some("platform")),
        (Some("cross-platform"), "Roaming passkey", Some("cross-platform")),
        (Some("satellite"), "Passkey", None),
    ] {
        let (_, mut draft) = creation();
        draft.attachment = attachment.map(str::to_owned);
        let registered = register(&expected(), &draft.credential()).unwrap();
        let passkey = registered.into_passkey(&"pool".into(), &SUB.into(), RELYING_PARTY, 5);
        assert_eq!((&*passkey.detail.name, passkey.detail.attachment.as_deref()), (expected_name, kept));
        assert_eq!((passkey.created_at, passkey.sign_count), (5, 1));
        assert_eq!(passkey.detail.relying_party_id, RELYING_PARTY);
    }
}

#[test]
fn the_form_of_a_credential() {
    use Refusal::{Credential, CredentialIdLength, CredentialType, Ids};
    let (_, draft) = creation();
    let good = draft.credential();
    let other = json!("AAAAAAAAAAAAAAAAAAAAAA");
    for (path, value, refusal) in [
        ("/id", other.clone(), Ids),
        ("/rawId", other, Ids),
        ("/id", json!(null), Credential),
        ("/id", json!(7), Credential),
        ("/id", json!("not base64!"), Credential),
        ("/rawId", json!("A".repeat(2_000)), Credential),
        ("/type", json!("password"), CredentialType),
        ("/type", json!(null), CredentialType),
        ("/response", json!(null), Credential),
        ("/response", json!([1]), Credential),
        ("/response/clientDataJSON", json!(null), Credential),
        ("/response/clientDataJSON", json!("A".repeat(20_000)), Credential),
        ("/response/attestationObject", json!(null), Credential),
        ("/response/attestationObject", json!({"a": 1}), Credential),
        ("/response/attestationObject", json!("A".repeat(50_000)), Credential),
        ("/response/transports", json!("usb"), Credential),
        ("/response/transports", json!([1]), Credential),
        ("/response/transports", json!(["<script>"]), Credential),
        ("/response/transports", json!(["a".repeat(33)]), Credential),
        ("/response/transports", json!(vec!["usb"; 9]), Credential),
    ] {
        let mut credential = good.clone();
        *credential.pointer_mut(path).unwrap() = value;
        refused(&expected(), &credential, refusal);
    }
    let mut empty = good.clone();
    empty["id"] = json!("");
    empty["rawId"] = json!("");
    refused(&expected(), &empty, CredentialIdLength);
    for nothing in [json!(null), json!("text"), json!([]), json!({}), json!(1)] {
        refused(&expected(), &nothing, Credential);
        assert!(challenge(&nothing).is_none());
    }
}

#[test]
fn clients_may_pad_and_leave_out_and_add() {
    let (authenticator, draft) = creation();
    let mut credential = draft.credential();
    credential["rawId"] = json!(URL_SAFE.encode(&authenticator.credential_id));
    credential["response"]["transports"] = json!(null);
    credential["response"]["publicKey"] = json!("AAAA");
    credential["response"]["publicKeyAlgorithm"] = json!(-257);
    assert_eq!(register(&expected(), &credential).unwrap().transports, [""; 0]);
    // Base64 of another alphabet is none.
    let standard = STANDARD.encode([0xff; 24]);
    credential["id"] = json!(standard);
    refused(&expected(), &credential, Refusal::Credential);
}

#[test]
fn client_data_are_of_this_ceremony() {
    use Refusal::{Ceremony, Challenge, ClientData, CrossOrigin, Origin};
    for (name, value, refusal) in [
        ("type", json!("webauthn.get"), Ceremony),
        ("type", json!("webauthn.create "), Ceremony),
        ("type", json!(1), ClientData),
        ("challenge", json!(format!("{CHALLENGE}=")), Challenge),
        ("challenge", json!(CHALLENGE[1..]), Challenge),
        ("challenge", json!(""), Challenge),
        ("challenge", json!(null), ClientData),
        ("origin", json!("https://example.org"), Origin),
        ("origin", json!(null), ClientData),
        ("crossOrigin", json!(true), CrossOrigin),
        ("crossOrigin", json!("true"), ClientData),
        ("topOrigin", json!("https://evil.example"), CrossOrigin),
        ("topOrigin", json!(ORIGIN), CrossOrigin),
        ("extra", json!("x".repeat(9_000)), Refusal::Credential),
    ] {
        let (_, mut draft) = creation();
        draft.client_data[name] = value;
        refused(&expected(), &draft.credential(), refusal);
    }
    for (text, refusal) in [
        ("", ClientData),
        ("[]", ClientData),
        ("{}", ClientData),
        ("{\"type\": \"webauthn.create\"", ClientData),
        (
            &*format!(
                "{{\"type\":\"webauthn.create\",\"challenge\":\"x\",\"challenge\":\"{CHALLENGE}\",\"origin\":\"{ORIGIN}\"}}"
            ),
            ClientData,
        ),
        (&"[".repeat(5_000), ClientData),
    ] {
        let (_, draft) = creation();
        let mut credential = draft.credential();
        credential["response"]["clientDataJSON"] = json!(URL_SAFE.encode(text));
        refused(&expected(), &credential, refusal);
    }
    let (_, draft) = creation();
    let mut credential = draft.credential();
    let marked = format!("\u{feff}{}", draft.client_data);
    credential["response"]["clientDataJSON"] = json!(URL_SAFE.encode(&marked));
    assert!(register(&expected(), &credential).is_ok());
    let mut broken = marked.into_bytes();
    broken[20] = 0xff;
    credential["response"]["clientDataJSON"] = json!(URL_SAFE.encode(broken));
    refused(&expected(), &credential, ClientData);
}

#[test]
fn an_android_app_that_is_named_registers() {
    let app = "android:apk-key-hash:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg".to_owned();
    let (_, mut draft) = creation();
    draft.client_data["origin"] = json!(app);
    refused(&expected(), &draft.credential(), Refusal::Origin);
    let named = [app];
    let expected = Expected { origins: Origins { android: &named }, ..expected() };
    assert!(register(&expected, &draft.credential()).is_ok());
}

#[test]
fn what_the_authenticator_says() {
    use Refusal::*;
    let required = || Expected { user_verification: true, ..expected() };
    let change = |change: &dyn Fn(&mut Data)| {
        let (_, mut draft) = creation();
        change(&mut draft.data);
        draft.credential()
    };
    let with_flags = |flags: u8| change(&|data: &mut Data| data.flags = flags | HAS_CREDENTIAL);
    refused(&expected(), &change(&|data| data.relying_party_id = "example.org".into()), RelyingParty);
    refused(&expected(), &change(&|data| data.relying_party_id = ORIGIN.into()), RelyingParty);
    refused(&expected(), &with_flags(USER_VERIFIED), UserPresence);
    refused(&required(), &with_flags(USER_PRESENT), UserVerification);
    assert!(!register(&expected(), &with_flags(USER_PRESENT)).unwrap().user_verified);
    refused(&expected(), &with_flags(USER_PRESENT | BACKED_UP), BackupState);
    let synced = register(&expected(), &with_flags(USER_PRESENT | BACKUP_ELIGIBLE | BACKED_UP)).unwrap();
    assert!(synced.backup_eligible && synced.backed_up);
    let eligible = register(&expected(), &with_flags(USER_PRESENT | BACKUP_ELIGIBLE)).unwrap();
    assert!(eligible.backup_eligible && !eligible.backed_up);

    let without = change(&|data| (data.flags, data.credential) = (USER_PRESENT, None));
    refused(&expected(), &without, NoCredentialData);
    refused(&expected(), &change(&|data| data.credential = None), AuthenticatorData);
    refused(&expected(), &change(&|data| data.flags = USER_PRESENT), AuthenticatorData);
    refused(&expected(), &change(&|data| data.rest = vec![0]), AuthenticatorData);
    refused(&expected(), &change(&|data| data.flags |= HAS_EXTENSIONS), AuthenticatorData);
    for (rest, is_good) in [
        (cbor::names(&[("credProtect", cbor::int(2))]), true),
        (cbor::map(&[]), true),
        (cbor::int(1), false),
        ([cbor::map(&[]), vec![0]].concat(), false),
        (vec![0xbf, 0xff], false),
    ] {
        let credential = change(&|data| {
            data.flags |= HAS_EXTENSIONS;
            data.rest.clone_from(&rest);
        });
        assert_eq!(
            register(&expected(), &credential).err(),
            (!is_good).then_some(AuthenticatorData),
            "{rest:?}"
        );
    }
}

#[test]
fn credential_ids_have_a_length_and_are_the_clients() {
    for (length, refusal) in [
        (0, Some(Refusal::CredentialIdLength)),
        (1, None),
        (1_023, None),
        (1_024, Some(Refusal::CredentialIdLength)),
    ] {
        let (_, mut draft) = creation();
        let id = vec![7; length];
        if (1..=1_023).contains(&length) {
            draft.credential_id.clone_from(&id);
        }
        draft.data.credential.as_mut().unwrap().0 = id;
        assert_eq!(register(&expected(), &draft.credential()).err(), refusal, "{length}");
    }
    let (_, mut draft) = creation();
    draft.credential_id = vec![1; 24];
    refused(&expected(), &draft.credential(), Refusal::CredentialId);
}

#[test]
fn only_keys_of_the_three_algorithms() {
    let change = |key: &Key, label: i64, value: Option<Vec<u8>>| {
        let mut members = key.cose_members();
        members.retain(|(known, _)| *known != label);
        members.extend(value.map(|value| (label, value)));
        cbor::labels(&members)
    };
    let [es256, rs256, eddsa] = keys();
    let int = |number| Some(cbor::int(number));
    let bytes = |bytes: &[u8]| Some(cbor::bytes(bytes));
    let modulus = |length: usize, first: u8, last: u8| {
        let mut modulus = vec![0xff; length];
        (modulus[0], modulus[length - 1]) = (first, last);
        bytes(&modulus)
    };
    for (key, is_good) in [
        (es256.cose(), true),
        (change(&es256, 1, int(1)), false),
        (change(&es256, 1, int(3)), false),
        (change(&es256, 1, None), false),
        (change(&es256, 3, None), false),
        (change(&es256, 3, int(-35)), false),
        (change(&es256, 3, int(-257)), false),
        (change(&es256, 3, int(-8)), false),
        (change(&es256, 3, Some(cbor::text("ES256"))), false),
        (change(&es256, -1, int(2)), false),
        (change(&es256, -1, int(8)), false),
        (change(&es256, -2, bytes(&[1; 32])), false),
        (change(&es256, -2, bytes(&[1; 31])), false),
        (change(&es256, -3, bytes(&[1; 33])), false),
        (change(&es256, -3, Some(vec![0xf5])), false),
        (change(&es256, -3, None), false),
        (change(&es256, 2, bytes(b"kid")), false),
        (change(&es256, -4, bytes(b"private")), false),
        (rs256.cose(), true),
        (change(&rs256, 1, int(2)), false),
        (change(&rs256, 3, int(-37)), false),
        (change(&rs256, 3, int(-65_535)), false),
        (change(&rs256, -1, modulus(256, 0x80, 1)), true),
        (change(&rs256, -1, modulus(256, 0x7f, 1)), false),
        (change(&rs256, -1, modulus(128, 0xff, 1)), false),
        (change(&rs256, -1, modulus(257, 0x00, 1)), false),
        (change(&rs256, -1, modulus(256, 0xff, 2)), false),
        (change(&rs256, -1, modulus(512, 0xff, 1)), true),
        (change(&rs256, -1, modulus(513, 0x01, 1)), false),
        (change(&rs256, -1, modulus(1_000, 0xff, 1)), false),
        (change(&rs256, -1, bytes(&[])), false),
        (change(&rs256, -2, bytes(&[1])), false),
        (change(&rs256, -2, bytes(&[3])), false),
        (change(&rs256, -2, bytes(&[1, 0, 0])), false),
        (change(&rs256, -2, bytes(&[0, 1, 0, 1])), false),
        (change(&rs256, -2, bytes(&[1, 0, 0, 0, 1])), false),
        (change(&rs256, -2, bytes(&[])), false),
        (eddsa.cose(), true),
        (change(&eddsa, 1, int(2)), false),
        (change(&eddsa, -1, int(7)), false),
        (change(&eddsa, -1, int(1)), false),
        (change(&eddsa, -2, bytes(&[1; 31])), false),
        (change(&eddsa, -3, bytes(&[1; 32])), false),
        (cbor::map(&[]), false),
        (cbor::int(4), false),
    ] {
        let (_, mut draft) = creation();
        draft.data.credential.as_mut().unwrap().1.clone_from(&key);
        let found = register(&expected(), &draft.credential()).err();
        assert_eq!(found, (!is_good).then_some(Refusal::PublicKey), "{key:?}");
    }
}
