//! Case 45: addresses that come by an API. The server asks those of its settings alone.

use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{PASSWORD, Scene},
};
use axum::{Router, extract::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cognate::{
    config::{
        functions::{Function, Invoke, Way},
        kms::Kms,
    },
    messages::{Transports, round},
};
use serde_json::json;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::net::TcpListener;

/// A server that answers as Lambda and KMS do, and keeps for which path and host it was asked.
async fn stand_in() -> (reqwest::Url, Arc<Mutex<Vec<(String, String)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let asked = Arc::<Mutex<Vec<(String, String)>>>::default();
    let kept = asked.clone();
    let router = Router::new().fallback(move |request: Request| {
        let (path, kept) = (request.uri().to_string(), kept.clone());
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        async move {
            let of_kms = path == "/";
            kept.lock().unwrap().push((host, path));
            let key = json!({"KeyId": "k", "CiphertextBlob": "AAAA", "Plaintext": STANDARD.encode([7; 32])});
            if of_kms { key.to_string() } else { json!({"response": {}}).to_string() }
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

/// A place that nobody named in the settings, and how often somebody connected to it.
async fn elsewhere() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, count) = (listener.local_addr().unwrap().to_string(), Arc::<AtomicUsize>::default());
    let counted = count.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, count)
}

/// What stands for ARNs: addresses, and parts that would lead elsewhere if they became part of one.
fn names(service: &str, address: &str) -> Vec<String> {
    let resource = if service == "kms" { "key/" } else { "function:" };
    let (host, port) = address.split_once(':').unwrap();
    let arn = |region: &str, name: &str| format!("arn:aws:{service}:{region}:123456789012:{resource}{name}");
    let regions = [address, host, "@127.0.0.1", "127.0.0.1/", "us-east-1.evil.example/", "/", ""];
    let inner = [
        &format!("http://{address}/"),
        &format!("//{address}/"),
        &format!("@{address}/"),
        &format!("{host}:{port}"),
        &format!("/{host}/"),
        "http://169.254.169.254/",
        "http://169.254.169.254/latest/meta-data",
        "../../../../latest/meta-data",
        "..",
        "/",
        "a?b=c",
        "a#b",
        "a%2f..%2fb",
        "a,b+c=d@e",
    ];
    let addresses = [format!("http://{address}/"), "http://169.254.169.254/".to_owned(), address.to_owned()];
    let all = addresses.into_iter().chain(regions.iter().map(|region| arn(region, "f")));
    all.chain(inner.iter().map(|name| arn("us-east-1", name))).collect()
}

async fn case_45_no_api_names_an_address_that_the_server_calls(lab: Lab) {
    let ((url, asked), (address, connections)) = (stand_in().await, elsewhere().await);
    let own_host = url.authority().to_owned();
    let invoke = Invoke { endpoint: url.clone(), region: "us-east-1".to_owned(), credentials: None };
    let (arn, pools, way) = ("*".to_owned(), vec!["*".to_owned()], Way::Invoke(invoke));
    let kms = Kms { endpoint: url, region: "us-east-1".to_owned(), credentials: None };
    let change = |config: &mut cognate::config::Config| {
        config.functions = vec![Function { arn, pools, way, concurrency: 10 }];
        config.kms = Some(kms);
    };
    let lab = lab.another(MASTER_KEY, change).await.unwrap();
    let transports = Arc::new(Transports::new(&lab.app.config.delivery).unwrap());
    let plain = "arn:aws:lambda:us-east-1:123456789012:function:f".to_owned();
    let key = "arn:aws:kms:us-east-1:123456789012:key/a".to_owned();
    let functions = names("lambda", &address).into_iter().map(|name| (name, key.clone()));
    let keys = names("kms", &address).into_iter().map(|name| (plain.clone(), name));
    let (mut taken, mut tried) = (0, 0);
    for (function, key) in functions.chain(keys) {
        tried += 1;
        let sender = json!({"LambdaVersion": "V1_0", "LambdaArn": function});
        let config = json!({"PreSignUp": function, "CustomEmailSender": sender, "KMSKeyID": key});
        let request = json!({"PoolName": "p", "LambdaConfig": config, "AutoVerifiedAttributes": ["email"]});
        let made = lab.admin("CreateUserPool", request).await;
        if made.status != 200 {
            assert_eq!(made.error().0, "InvalidParameterException", "{function} {key}");
            continue;
        }
        taken += 1;
        let pool = made.ok()["UserPool"]["Id"].as_str().unwrap().to_owned();
        let mut scene = Scene { lab: lab.clone(), pool, client: String::new() };
        scene.client = scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned();
        let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
            "UserAttributes": [{"Name": "email", "Value": format!("jane-{tried}@example.com")}]});
        lab.call("SignUp", request).await.ok();
        round(&lab.app, &transports).await.unwrap();
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        let paths: Vec<&str> = asked.iter().map(|(_, path)| path.as_str()).collect();
        let [before, of_kms, after] = paths[..] else { panic!("{function} {key}: {paths:?}") };
        assert!(asked.iter().all(|(host, _)| *host == own_host), "{function} {key}");
        assert_eq!((of_kms, before), ("/", after), "{function} {key}");
        let name =
            before.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
        assert!(name.is_some_and(|name| !name.contains(['/', '?', '#'])), "{before}");
    }
    assert!(taken > 10 && taken < tried, "{taken} of {tried}: some look like ARNs, and some do not");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

both_engines!(case_45_no_api_names_an_address_that_the_server_calls);
