//! The keys of custom senders: who may use them, and what they open.

use crate::{
    lab::{AUTHORIZATION, Answer, Lab, MASTER_KEY},
    signer::Signer,
    triggers::opened::Opened,
};
use axum::http::Request;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cognate::{
    config::kms::Kms, kms::data_keys::DataKeys, messages::custom_sender, secrets::random::SystemRandom,
};
use rules::messages::encryption_sdk::EncryptionContext;
use serde_json::{Value, json};
use zeroize::Zeroizing;

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const OTHER_KEY: &str = "arn:aws:kms:eu-west-1:210987654321:alias/other";

pub async fn kms(lab: &Lab, operation: &str, input: Value) -> Answer {
    let request = Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("authorization", AUTHORIZATION)
        .header("x-amz-target", format!("TrentService.{operation}"));
    lab.send(request.body(input.to_string().into()).unwrap()).await
}

async fn data_key(lab: &Lab, key: &str, context: Value) -> (Value, Value) {
    let input = json!({"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context});
    let made = kms(lab, "GenerateDataKey", input).await.ok();
    assert_eq!(made["KeyId"], key);
    (made["Plaintext"].clone(), made["CiphertextBlob"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_it_wrapped_for_the_same_context() {
    let lab = Lab::sqlite().await;
    let context = json!({"userpool-id": "us-east-1_A", "aws-crypto-public-key": "A"});
    let (plaintext, blob) = data_key(&lab, KEY, context.clone()).await;
    assert_eq!(STANDARD.decode(plaintext.as_str().unwrap()).unwrap().len(), 32);
    let (other_plaintext, other_blob) = data_key(&lab, KEY, context.clone()).await;
    assert!(plaintext != other_plaintext && blob != other_blob);

    // Another process of the same store opens it too.
    let again = lab.another(MASTER_KEY, |_| {}).await.unwrap();
    for (lab, input) in [
        (&lab, json!({"CiphertextBlob": blob, "KeyId": KEY, "EncryptionContext": context})),
        (&again, json!({"CiphertextBlob": blob, "EncryptionContext": context})),
    ] {
        let opened = kms(lab, "Decrypt", input).await.ok();
        let algorithm = "SYMMETRIC_DEFAULT";
        assert_eq!(opened, json!({"KeyId": KEY, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm}));
    }
    let mut changed = STANDARD.decode(blob.as_str().unwrap()).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    for input in [
        json!({"CiphertextBlob": blob, "KeyId": KEY}),
        json!({"CiphertextBlob": blob, "KeyId": KEY, "EncryptionContext": {"userpool-id": "us-east-1_A"}}),
        json!({"CiphertextBlob": blob, "KeyId": OTHER_KEY, "EncryptionContext": context}),
        json!({"CiphertextBlob": STANDARD.encode(changed), "KeyId": KEY, "EncryptionContext": context}),
        json!({"CiphertextBlob": "AAAA", "KeyId": KEY, "EncryptionContext": context}),
    ] {
        kms(&lab, "Decrypt", input).await.refused("InvalidCiphertextException", "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_for_other_keys_and_forms_are_refused_in_kms_words() {
    let lab = Lab::sqlite().await;
    let described = kms(&lab, "DescribeKey", json!({"KeyId": KEY})).await.ok();
    assert_eq!(described["KeyMetadata"]["Arn"], KEY);
    assert_eq!(described["KeyMetadata"]["KeySpec"], "SYMMETRIC_DEFAULT");
    let (_, blob) = data_key(&lab, OTHER_KEY, json!({})).await;
    let made = kms(&lab, "GenerateDataKey", json!({"KeyId": KEY, "NumberOfBytes": 5})).await.ok();
    assert_eq!(STANDARD.decode(made["Plaintext"].as_str().unwrap()).unwrap().len(), 5);
    let recipient = json!({"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": "AA=="});
    for (operation, input, expected) in [
        ("DescribeKey", json!({"KeyId": "alias/a"}), "NotFoundException"),
        ("GenerateDataKey", json!({"KeyId": "a", "KeySpec": "AES_256"}), "NotFoundException"),
        ("Decrypt", json!({"CiphertextBlob": blob, "KeyId": "a"}), "NotFoundException"),
        ("Decrypt", json!({}), "ValidationException"),
        ("Decrypt", json!({"CiphertextBlob": blob, "Recipient": recipient}), "ValidationException"),
        (
            "Decrypt",
            json!({"CiphertextBlob": blob, "EncryptionAlgorithm": "SM2PKE"}),
            "InvalidKeyUsageException",
        ),
        ("Decrypt", json!({"CiphertextBlob": blob, "DryRun": true}), "DryRunOperationException"),
        ("GenerateDataKey", json!({"KeyId": KEY}), "ValidationException"),
        (
            "GenerateDataKey",
            json!({"KeyId": KEY, "KeySpec": "AES_256", "NumberOfBytes": 5}),
            "ValidationException",
        ),
        ("GenerateDataKey", json!({"KeyId": KEY, "NumberOfBytes": 1025}), "ValidationException"),
        ("GenerateDataKey", json!({"KeySpec": "AES_256"}), "ValidationException"),
        ("Encrypt", json!({"KeyId": KEY, "Plaintext": "AA=="}), "UnknownOperationException"),
    ] {
        assert_eq!(kms(&lab, operation, input.clone()).await.error().0, expected, "{operation} {input}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_says_who_may_use_which_key() {
    let lab = Lab::sqlite().await;
    let (_, blob) = data_key(&lab, KEY, json!({})).await;
    let (_, other_blob) = data_key(&lab, OTHER_KEY, json!({})).await;
    let lab = lab.another(MASTER_KEY, |config| config.development = false).await.unwrap();
    let signer = |name: &'static str, statements: Value| {
        let lab = &lab;
        async move {
            let policy = json!({"Version": "2012-10-17", "Statement": statements});
            Signer { service: "kms", ..Signer::with_policy(lab, name, &policy).await }
        }
    };
    let one = signer("one", json!([{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}])).await;
    let all_but_one = json!([
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": KEY},
    ]);
    let all_but_one = signer("all-but-one", all_but_one).await;
    for (signer, operation, input, is_allowed) in [
        (&one, "Decrypt", json!({"CiphertextBlob": blob, "KeyId": KEY}), true),
        (&one, "Decrypt", json!({"CiphertextBlob": other_blob, "KeyId": OTHER_KEY}), false),
        (&one, "Decrypt", json!({"CiphertextBlob": blob}), true),
        (&one, "Decrypt", json!({"CiphertextBlob": other_blob}), false),
        (&one, "Decrypt", json!({"CiphertextBlob": "AAAA"}), false),
        (&one, "GenerateDataKey", json!({"KeyId": KEY, "KeySpec": "AES_256"}), false),
        (&one, "DescribeKey", json!({"KeyId": KEY}), false),
        (&all_but_one, "GenerateDataKey", json!({"KeyId": KEY, "KeySpec": "AES_256"}), true),
        (&all_but_one, "Decrypt", json!({"CiphertextBlob": blob, "KeyId": KEY}), false),
        (&all_but_one, "Decrypt", json!({"CiphertextBlob": blob}), false),
        (&all_but_one, "Decrypt", json!({"CiphertextBlob": other_blob}), true),
    ] {
        let target = format!("TrentService.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &*target)];
        let answer = lab.send(signer.sign("POST", "/", &headers, input.to_string()).request()).await;
        match is_allowed {
            true => drop(answer.ok()),
            false => assert_eq!(answer.error().0, "AccessDeniedException", "{operation} {input}"),
        }
    }
    let wrong = Signer { service: "cognito-idp", ..one.clone() };
    let headers = [("x-amz-target", "TrentService.Decrypt")];
    let answer = lab.send(wrong.sign("POST", "/", &headers, "{}".to_owned()).request()).await;
    assert_eq!(answer.error().0, "InvalidSignatureException");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_keys_come_from_this_server_or_from_the_kms_of_the_settings() {
    let lab = Lab::sqlite().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let router = cognate::http::router(lab.app.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let credentials = Some(("AKIDLAB".to_owned(), Zeroizing::new("secret".to_owned())));
    let settings = Kms { endpoint, region: "us-east-1".to_owned(), credentials };
    let elsewhere = DataKeys::new(Some(&settings), lab.app.vault.clone()).unwrap();
    let context = EncryptionContext::from([("userpool-id".to_owned(), "us-east-1_A".to_owned())]);
    for keys in [&*lab.app.data_keys, &elsewhere] {
        let key = keys.generate(SystemRandom, KEY, &context).await.unwrap();
        let blob = STANDARD.encode(&key.wrapped);
        let input = json!({"CiphertextBlob": blob, "KeyId": KEY, "EncryptionContext": context});
        let opened = kms(&lab, "Decrypt", input).await.ok();
        assert_eq!(opened["Plaintext"], STANDARD.encode(&*key.plaintext));
        let fault = keys.generate(SystemRandom, "alias/a", &context).await.err().unwrap();
        let cause = fault.cause.unwrap().to_string();
        assert!(cause.contains("alias/a") || cause == "KMS answered 400, NotFoundException", "{cause}");
    }
    let code = custom_sender::encrypt_code(&elsewhere, SystemRandom, "us-east-1_A", KEY, "123456").await;
    assert!(code.unwrap().starts_with("AYADe"));
}

/// Where a pool names an alias, a message names the key behind it, as the KMS says; this server's aliases are keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_names_the_key_behind_an_alias() {
    let lab = Lab::sqlite().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let answer = async |body: String| {
        let asked: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(asked["KeyId"], OTHER_KEY);
        json!({"KeyId": KEY, "CiphertextBlob": "AAAA", "Plaintext": STANDARD.encode([7; 32])}).to_string()
    };
    let router = axum::Router::new().route("/", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = Kms { endpoint, region: "eu-west-1".to_owned(), credentials: None };
    let elsewhere = DataKeys::new(Some(&settings), lab.app.vault.clone()).unwrap();
    for (keys, expected) in [(&elsewhere, KEY), (&lab.app.data_keys, OTHER_KEY)] {
        let code =
            custom_sender::encrypt_code(keys, SystemRandom, "us-east-1_A", OTHER_KEY, "1").await.unwrap();
        assert_eq!(Opened::read(&json!(code)).key, expected);
    }
}
