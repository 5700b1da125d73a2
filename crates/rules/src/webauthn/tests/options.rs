use super::{CHALLENGE, RELYING_PARTY, SUB};
use crate::{
    random::Seeded,
    webauthn::options::{self, NewPasskey, creation_options, request_options},
};
use serde_json::{Value, json};
use spec::cognito_idp::UserVerificationType;

#[test]
fn options_of_a_registration() {
    let new = NewPasskey {
        challenge: CHALLENGE,
        relying_party_id: RELYING_PARTY,
        sub: SUB,
        username: "jane",
        credential_ids: &[vec![1, 2, 3]],
        user_verification: UserVerificationType::Preferred,
    };
    let expected = json!({
        "rp": {"id": "example.com", "name": "example.com"},
        "user": {
            "id": "MGU1YTRkMGMtNmQwYi00YTRlLTliNGEtMWY2YTNhMWMyZDNl",
            "name": "jane",
            "displayName": "jane",
        },
        "challenge": CHALLENGE,
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -257},
            {"type": "public-key", "alg": -8},
        ],
        "timeout": 60000,
        "excludeCredentials": [{"id": "AQID", "type": "public-key"}],
        "authenticatorSelection": {
            "requireResidentKey": true,
            "residentKey": "required",
            "userVerification": "preferred",
        },
    });
    assert_eq!(creation_options(&new), expected);
    let first = NewPasskey { credential_ids: &[], ..new };
    assert_eq!(creation_options(&first)["excludeCredentials"], json!([]));
}

#[test]
fn options_of_a_proof() {
    let text = request_options(CHALLENGE, RELYING_PARTY, &[vec![1, 2, 3]], UserVerificationType::Required);
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({
            "challenge": CHALLENGE,
            "timeout": 180000,
            "rpId": "example.com",
            "allowCredentials": [{"id": "AQID", "type": "public-key"}],
            "userVerification": "required",
        })
    );
}

#[test]
fn challenges_are_long_and_differ() {
    assert_eq!(options::challenge(&mut Seeded(1)).len(), 43);
    assert_ne!(options::challenge(&mut Seeded(1)), options::challenge(&mut Seeded(2)));
    assert_eq!(options::decoded_id(&options::encoded_id(&[9; 20])), Some(vec![9; 20]));
    assert_eq!(options::decoded_id("A==="), None);
}
