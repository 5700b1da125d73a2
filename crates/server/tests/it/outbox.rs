//! The development outbox: who reads it, and who must not.

use crate::{
    lab::{Answer, Lab},
    scene::Scene,
    sign_up::verifying,
};
use axum::{body::Body, http::Request};
use serde_json::json;

async fn get(lab: &Lab, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    lab.send(request.body(Body::empty()).unwrap()).await
}

async fn lists_messages_newest_first(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    assert_eq!(lab.get("/_cognate/outbox").await.ok(), json!([]));
    assert_eq!(lab.get("/_cognate/outbox/code?to=jane").await.status, 404);
    for name in ["jane", "john"] {
        scene.sign_up(name, json!({ "email": format!("{name}@example.com") })).await.ok();
    }
    scene.public("ResendConfirmationCode", json!({ "Username": "jane" })).await.ok();
    let all = scene.messages("").await;
    assert_eq!(all.len(), 3);
    let usernames: Vec<_> = all.iter().map(|m| m["username"].as_str().unwrap()).collect();
    assert_eq!(usernames, ["jane", "john", "jane"]);
    let names: Vec<_> = all[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["id", "medium", "to", "username", "purpose", "subject", "body", "code", "created_at"];
    assert_eq!(names, expected);
    assert!(all[0]["created_at"].as_str().unwrap().starts_with("2026-01-01T00:00:0"));
    for to in ["jane", "jane@example.com", "jane%40example.com"] {
        let answer = lab.get(&format!("/_cognate/outbox/code?to={to}")).await;
        assert_eq!(answer.text.trim(), all[0]["code"].as_str().unwrap());
    }
    assert_eq!(lab.get("/_cognate/outbox/elsewhere").await.status, 404);
}

both_engines!(lists_messages_newest_first);

async fn finds_an_address_in_any_spelling_and_shows_its_own(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.sign_up("Jane", json!({ "email": "Jane.Doe@Example.com" })).await.ok();
    for to in ["Jane.Doe@Example.com", "jane.doe@example.com", "JANE.DOE@EXAMPLE.COM", "Jane"] {
        let found = scene.messages(to).await;
        assert_eq!(found.len(), 1, "{to}");
        assert_eq!(found[0]["to"], "Jane.Doe@Example.com");
    }
}

both_engines!(finds_an_address_in_any_spelling_and_shows_its_own);

#[tokio::test]
async fn a_page_for_people_escapes_what_it_shows() {
    let lab = Lab::sqlite().await;
    let members = json!({ "AutoVerifiedAttributes": ["email"], "VerificationMessageTemplate": {
        "EmailSubject": "<script>alert(1)</script>", "EmailMessage": "<img src=x onerror=alert(2)> {####}" } });
    let scene = Scene::with(&lab, members, json!({})).await;
    scene.sign_up("<svg/onload=alert(3)>", json!({ "email": "jane@example.com" })).await.ok();
    for (path, accept) in [
        ("/_cognate/outbox", "text/html,application/xhtml+xml,*/*;q=0.8"),
        ("/_cognate/outbox/page?to=%3Csvg%2Fonload%3Dalert(3)%3E", "*/*"),
    ] {
        let page = get(&lab, path, &[("accept", accept)]).await;
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!page.text.contains("<script") && !page.text.contains("<img") && !page.text.contains("<svg"));
        assert!(
            page.text.contains("jane@example.com") && page.text.contains("&#60;script&#62;"),
            "{}",
            page.text
        );
    }
    assert!(lab.get("/_cognate/outbox").await.headers["content-type"].to_str().unwrap().contains("json"));
}

#[tokio::test]
async fn only_this_machine_reads_it() {
    let lab = Lab::sqlite().await;
    verifying(&lab, json!({})).await.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    for (headers, expected) in [
        (&[("host", "localhost:9229")][..], 200),
        (&[("host", "127.0.0.1:9229")], 200),
        (&[("host", "[::1]:9229")], 200),
        (&[("host", "localhost:9229"), ("origin", "http://localhost:3000")], 200),
        // DNS rebinding, and a web site that asks a visitor's browser.
        (&[("host", "evil.example:9229")], 403),
        (&[("host", "localhost.evil.example")], 403),
        (&[("host", "127.0.0.1.evil.example")], 403),
        (&[("host", "localhost@evil.example")], 403),
        (&[("host", "")], 403),
        (&[("host", "localhost:9229"), ("origin", "https://evil.example")], 403),
        (&[("host", "localhost:9229"), ("origin", "null")], 403),
    ] {
        for path in ["/_cognate/outbox", "/_cognate/outbox/code?to=jane", "/_cognate/outbox/page"] {
            let answer = get(&lab, path, headers).await;
            assert_eq!(answer.status.as_u16(), expected, "{path} {headers:?}");
            assert_eq!(answer.text.contains("jane"), expected == 200 && !path.contains("code"));
        }
    }
}

#[tokio::test]
async fn it_exists_in_development_only() {
    let lab = Lab::with_settings(|config| config.development = false).await;
    for path in ["/_cognate/outbox", "/_cognate/outbox/code", "/_cognate/outbox/page"] {
        assert_eq!(lab.get(path).await.status, 404, "{path}");
    }
}
