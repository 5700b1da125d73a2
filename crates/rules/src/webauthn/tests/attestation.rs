use super::{
    ORIGIN, certificates::Template, creation, creation_options, expected, keys, soft_authenticator::*,
};
use crate::webauthn::{Refusal, register};
use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::json;

fn verdict(draft: &Creation) -> Option<Refusal> {
    register(&expected(), &draft.credential()).err()
}

#[test]
fn none_says_nothing() {
    let (_, mut draft) = creation();
    draft.statement = Statement::Written(cbor::names(&[("sig", cbor::bytes(b"x"))]));
    assert_eq!(verdict(&draft), Some(Refusal::AttestationStatement));
    draft.statement = Statement::Written(cbor::array(&[]));
    assert_eq!(verdict(&draft), Some(Refusal::AttestationStatement));
}

#[test]
fn a_credential_attests_itself() {
    for key in keys() {
        let mut authenticator = SoftAuthenticator::with_key(key.clone(), ORIGIN);
        let draft = authenticator.creation(&creation_options()).packed(&key, None);
        assert_eq!(verdict(&draft), None);
        let mut other_algorithm = draft.clone();
        let algorithm = if key.algorithm() == -7 { -8 } else { -7 };
        other_algorithm.statement = Statement::Signed { algorithm, key: key.clone(), certificates: None };
        assert_eq!(verdict(&other_algorithm), Some(Refusal::AttestationAlgorithm));
        let mut other_key = draft.clone();
        let other = if key.algorithm() == -257 { Key::es256() } else { Key::rs256() };
        other_key.statement =
            Statement::Signed { algorithm: key.algorithm(), key: other, certificates: None };
        assert_eq!(verdict(&other_key), Some(Refusal::AttestationSignature));
        // The signature is over these client data and this authenticator's data.
        let mut credential = draft.credential();
        let mut client_data = draft.client_data.clone();
        client_data["more"] = json!(1);
        credential["response"]["clientDataJSON"] = json!(URL_SAFE.encode(client_data.to_string()));
        assert_eq!(register(&expected(), &credential), Err(Refusal::AttestationSignature));
    }
}

#[test]
fn the_statement_has_its_form() {
    let (_, draft) = creation();
    let (alg, sig) = (("alg", cbor::int(-7)), ("sig", cbor::bytes(&[0; 70])));
    let chain = |entries: &[Vec<u8>]| ("x5c", cbor::array(entries));
    let many = vec![cbor::bytes(&[0]); 9];
    for members in [
        vec![],
        vec![alg.clone()],
        vec![sig.clone()],
        vec![("alg", cbor::text("ES256")), sig.clone()],
        vec![alg.clone(), ("sig", cbor::text("x"))],
        vec![alg.clone(), ("sig", cbor::bytes(&[0; 1_025]))],
        vec![alg.clone(), sig.clone(), ("x5c", cbor::bytes(&[0]))],
        vec![alg.clone(), sig.clone(), chain(&[])],
        vec![alg.clone(), sig.clone(), chain(&[cbor::text("x")])],
        vec![alg.clone(), sig.clone(), chain(&many)],
        vec![alg.clone(), sig.clone(), ("ecdaaKeyId", cbor::bytes(&[0]))],
    ] {
        let mut draft = draft.clone();
        draft.format = "packed".into();
        draft.statement = Statement::Written(cbor::names(&members));
        assert_eq!(verdict(&draft), Some(Refusal::AttestationStatement), "{members:?}");
    }
    let mut list = draft.clone();
    list.format = "packed".into();
    list.statement = Statement::Written(cbor::array(&[]));
    assert_eq!(verdict(&list), Some(Refusal::AttestationStatement));
    let mut unknown = draft;
    unknown.format = "packed".into();
    unknown.statement = Statement::Signed { algorithm: -65_535, key: Key::es256(), certificates: None };
    assert_eq!(verdict(&unknown), Some(Refusal::AttestationAlgorithm));
}

#[test]
fn a_makers_certificate_is_looked_at() {
    let aaguid = [9; 16];
    for key in keys() {
        let good = Template::of(&key, aaguid);
        let with = |certificate: Vec<u8>| {
            let (_, mut draft) = creation();
            draft.data.aaguid = aaguid;
            draft.packed(&key, Some(vec![certificate, b"an issuer's, which is not looked at".to_vec()]))
        };
        assert_eq!(verdict(&with(good.der())), None);
        assert_eq!(verdict(&with(Template { aaguid: None, ..good.clone() }.der())), None);
        let other = Template { aaguid: Some([8; 16]), ..good.clone() };
        assert_eq!(verdict(&with(other.der())), Some(Refusal::AttestationModel));
        for bad in good.spoiled() {
            assert_eq!(verdict(&with(bad.der())), Some(Refusal::AttestationCertificate), "{bad:?}");
        }
        let der = good.der();
        for bytes in [&der[..der.len() - 1], &[&der[..], &[0]].concat(), &[], &[0x30], &vec![0x30; 9_000]] {
            assert_eq!(verdict(&with(bytes.to_vec())), Some(Refusal::AttestationCertificate));
        }
        // Signed by another key than the certificate's, or by the credential's.
        let other = if key.algorithm() == -8 { Key::es256() } else { Key::eddsa() };
        let mut foreign = with(good.der());
        foreign.statement = Statement::Signed {
            algorithm: key.algorithm(),
            key: other.clone(),
            certificates: Some(vec![good.der()]),
        };
        assert_eq!(verdict(&foreign), Some(Refusal::AttestationSignature));
        // The algorithm is not that of the certificate's key.
        foreign.statement = Statement::Signed {
            algorithm: other.algorithm(),
            key: key.clone(),
            certificates: Some(vec![good.der()]),
        };
        assert_eq!(verdict(&foreign), Some(Refusal::AttestationSignature));
    }
}

#[test]
fn what_other_formats_say_is_not_read() {
    for (format, refusal) in [
        ("tpm", None),
        ("android-key", None),
        ("android-safetynet", None),
        ("fido-u2f", None),
        ("apple", None),
        ("compound", None),
        ("Packed", Some(Refusal::AttestationFormat)),
        ("", Some(Refusal::AttestationFormat)),
        ("made-up", Some(Refusal::AttestationFormat)),
    ] {
        let (_, mut draft) = creation();
        draft.format = format.into();
        draft.statement = Statement::Written(cbor::names(&[("ver", cbor::text("2.0"))]));
        assert_eq!(verdict(&draft), refusal, "{format}");
    }
}

#[test]
fn the_object_has_its_three_members() {
    let (_, draft) = creation();
    let data = cbor::bytes(&draft.data.bytes());
    let (fmt, statement) = (("fmt", cbor::text("none")), ("attStmt", cbor::map(&[])));
    let good = cbor::names(&[fmt.clone(), statement.clone(), ("authData", data.clone())]);
    let object = |bytes: &[u8]| {
        let mut credential = draft.credential();
        credential["response"]["attestationObject"] = json!(URL_SAFE.encode(bytes));
        register(&expected(), &credential).err()
    };
    assert_eq!(object(&good), None);
    for bytes in [
        cbor::names(&[fmt.clone(), statement.clone()]),
        cbor::names(&[fmt.clone(), ("authData", data.clone())]),
        cbor::names(&[statement.clone(), ("authData", data.clone())]),
        cbor::names(&[("fmt", cbor::int(1)), statement.clone(), ("authData", data.clone())]),
        cbor::names(&[fmt.clone(), statement.clone(), ("authData", cbor::text("x"))]),
        cbor::names(&[fmt.clone(), statement.clone(), ("authData", data.clone()), ("more", cbor::int(1))]),
        cbor::names(&[fmt.clone(), fmt, statement, ("authData", data)]),
        cbor::array(&[]),
        vec![],
        [good.clone(), vec![0]].concat(),
        good[..good.len() - 1].to_vec(),
    ] {
        assert_eq!(object(&bytes), Some(Refusal::AttestationObject), "{bytes:?}");
    }
}
