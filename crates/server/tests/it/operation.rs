//! What operators learn: the audit trail and the numbers.

use crate::{
    lab::{Busy, Lab, MASTER_KEY},
    scene::{PASSWORD, Scene},
};
use cognate::{audit, jobs};
use serde_json::json;
use std::time::Duration;
use store::events::{self, Event, Wanted};

pub async fn trail(lab: &Lab, wanted: Wanted) -> Vec<Event> {
    audit::flush(&lab.app).await.unwrap();
    let mut events = Vec::new();
    let mut after = String::new();
    loop {
        // Small pages, so that there are several.
        let (wanted, from) = (wanted.clone(), after.clone());
        let page = lab.app.db.read(move |tx| events::list(tx, &wanted, &from, 3)).await.unwrap();
        events.extend(page.events);
        let Some(last) = page.last else { return events };
        after = last;
    }
}

fn brief(events: &[Event]) -> Vec<String> {
    let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
    let line = |e: &Event| format!("{} {} {} {}", e.operation, e.outcome, e.actor_kind, or_dash(&e.username));
    events.iter().map(line).collect()
}

/// How the calls of one operation ended, as the trail tells it.
pub async fn outcomes(lab: &Lab, operation: &str) -> Vec<String> {
    let events = trail(lab, Wanted::default()).await;
    let of_operation = events.into_iter().filter(|event| event.operation == operation);
    of_operation.map(|event| event.outcome).collect()
}

async fn every_deed_is_recorded(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let sub = scene.user("jane", json!([])).await;
    scene.sign_in("jane", "Wrong-Horse9").await.error();
    scene.sign_in("hunter2-typed-into-the-wrong-field", PASSWORD).await.error();
    scene.srp("jane", PASSWORD).await.ok();
    let tokens = scene.tokens("jane").await;
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
    scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await.ok();
    let agent = [("user-agent", "Browser/1.0 (x)")];
    let sign_up = json!({"ClientId": scene.client, "Username": "mary", "Password": PASSWORD});
    lab.call_with("SignUp", sign_up, &agent).await.ok();
    scene.admin("ListUsers", json!({})).await;
    lab.call("GlobalSignOut", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
    scene.admin("AdminDeleteUser", json!({"Username": "mary"})).await;

    let all = trail(&lab, Wanted::default()).await;
    assert_eq!(
        brief(&all),
        [
            "CreateUserPool Success operator -",
            "CreateUserPoolClient Success operator -",
            "AdminCreateUser Success operator jane",
            "AdminSetUserPassword Success operator jane",
            "InitiateAuth NotAuthorizedException anyone jane",
            "InitiateAuth UserNotFoundException anyone -",
            "RespondToAuthChallenge Success anyone jane",
            "InitiateAuth Success anyone jane",
            "InitiateAuth Success anyone jane",
            "SignUp Success anyone mary",
            "GlobalSignOut Success user jane",
            "AdminDeleteUser Success operator mary",
        ]
    );
    let wrong = &all[4];
    assert_eq!(wrong.sub.as_deref(), Some(&*sub));
    assert_eq!(
        (wrong.pool_id.as_deref(), wrong.client_id.as_deref()),
        (Some(&*scene.pool), Some(&*scene.client))
    );
    assert_eq!(wrong.reason.as_deref(), Some("Incorrect username or password."));
    assert_eq!(all[2].actor.as_deref(), Some("AKIDLAB"));
    assert_eq!(all[10].actor.as_ref(), Some(&sub));
    assert!(all.iter().any(|e| e.operation == "SignUp" && e.user_agent.is_some()));
    assert!(!format!("{all:?}").contains("hunter2"));

    let of_jane =
        Wanted { user: Some("jane".into()), pool_id: Some(scene.pool.as_str().into()), ..Wanted::default() };
    assert_eq!(trail(&lab, of_jane.clone()).await.len(), 7);
    assert_eq!(trail(&lab, Wanted { user: Some(sub), ..Wanted::default() }).await.len(), 7);
    let since = Wanted { since: Some(wrong.at), until: Some(wrong.at + 1), ..Wanted::default() };
    assert_eq!(trail(&lab, since).await, std::slice::from_ref(wrong));
    let until = |time| Wanted { until: Some(time), ..Wanted::default() };
    let earlier = trail(&lab, until(wrong.at)).await;
    assert!(earlier.len() < all.len() && earlier.iter().all(|event| event.at < wrong.at), "{earlier:?}");
    assert_eq!(trail(&lab, until(-1)).await, []);
    assert_eq!(trail(&lab, until(i64::MAX)).await, all);

    lab.advance(89 * 86_400);
    jobs::purge(&lab.app).await.unwrap();
    assert_eq!(trail(&lab, Wanted::default()).await.len(), 12);
    lab.advance(2 * 86_400);
    jobs::purge(&lab.app).await.unwrap();
    assert_eq!(trail(&lab, Wanted::default()).await, []);
}

async fn a_sign_in_under_way_says_what_it_asks(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let new =
        json!({"Username": "jane", "TemporaryPassword": "Temporary-Horse9", "MessageAction": "SUPPRESS"});
    scene.admin("AdminCreateUser", new).await;
    let asked = scene.sign_in("jane", "Temporary-Horse9").await.ok();
    let answer = json!({"USERNAME": "jane", "NEW_PASSWORD": "short"});
    scene.respond("NEW_PASSWORD_REQUIRED", &asked["Session"], answer).await.error();
    let events = trail(&lab, Wanted { user: Some("jane".into()), ..Wanted::default() }).await;
    assert_eq!(
        brief(&events),
        [
            "AdminCreateUser Success operator jane",
            "InitiateAuth NEW_PASSWORD_REQUIRED anyone jane",
            "RespondToAuthChallenge InvalidPasswordException anyone jane",
        ]
    );
}

async fn a_call_that_took_too_long_is_recorded(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let hasty = lab.another(MASTER_KEY, |config| config.limits.answer_timeout = Duration::from_secs(1)).await;
    let hasty = hasty.unwrap();
    let busy = Busy::new(&hasty.app.workers).await;
    let change = json!({"UserPoolId": scene.pool, "Username": "jane", "Password": PASSWORD});
    let answer = hasty.admin("AdminSetUserPassword", change).await;
    assert_eq!(answer.failure().0, "InternalErrorException");
    let wrong = json!({"USERNAME": "jane", "PASSWORD": "Wrong-Horse9"});
    let sign_in =
        json!({"ClientId": scene.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": wrong});
    assert_eq!(hasty.call("InitiateAuth", sign_in).await.failure().0, "InternalErrorException");
    busy.end().await;

    let events = trail(&hasty, Wanted::default()).await;
    assert_eq!(
        brief(&events),
        ["AdminSetUserPassword CutOff operator jane", "InitiateAuth CutOff anyone jane"]
    );
    let reason = "the call was cut off, and what it asked for may have been done";
    assert!(events.iter().all(|event| event.reason.as_deref() == Some(reason)), "{events:?}");
    assert_eq!(events[0].request_id, answer.headers["x-amzn-requestid"].to_str().unwrap());
    assert_eq!(events[0].actor.as_deref(), Some("AKIDLAB"));
    let metrics = hasty.get("/_cognate/metrics").await.text;
    let failed = "operation=\"AdminSetUserPassword\",outcome=\"InternalErrorException\"} 1\n";
    assert!(metrics.contains(failed), "{metrics}");
    assert!(metrics.contains("cognate_calls_in_flight 0\n"), "{metrics}");
}

async fn events_that_are_being_stored_when_the_server_ends_are_not_lost(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    // The end drops the job that stores them, wherever it is.
    tokio::select! {
        biased;
        stored = audit::flush(&lab.app) => stored.unwrap(),
        () = tokio::task::yield_now() => {}
    }
    let events = trail(&lab, Wanted::default()).await;
    let names: Vec<&str> = events.iter().map(|event| event.operation.as_str()).collect();
    assert_eq!(names, ["CreateUserPool", "CreateUserPoolClient", "AdminCreateUser", "AdminSetUserPassword"]);
}

async fn more_events_than_one_statement_takes_are_stored_in_order(lab: Lab) {
    let scene = Scene::new(&lab).await;
    for _ in 0..300 {
        let nobody = json!({"UserPoolId": scene.pool, "Username": "nobody"});
        lab.admin("AdminDisableUser", nobody).await.error();
    }
    let events = trail(&lab, Wanted { pool_id: Some(scene.pool.as_str().into()), ..Wanted::default() }).await;
    assert_eq!(events.len(), 302);
    assert!(events.is_sorted_by_key(|event| event.id.clone()));
}

both_engines!(
    every_deed_is_recorded,
    a_sign_in_under_way_says_what_it_asks,
    a_call_that_took_too_long_is_recorded,
    events_that_are_being_stored_when_the_server_ends_are_not_lost,
    more_events_than_one_statement_takes_are_stored_in_order
);

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_labels_of_a_known_few() {
    let lab = Lab::sqlite().await;
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    scene.tokens("jane").await;
    scene.sign_in("jane", "Wrong-Horse9").await.error();
    lab.call("Nonsense-of-a-caller", json!({})).await.error();
    let answer = lab.get("/_cognate/metrics").await;
    assert_eq!(answer.status, 200);
    for line in [
        "cognate_calls_total{service=\"cognito-idp\",operation=\"InitiateAuth\",outcome=\"Success\"} 1",
        "cognate_calls_total{service=\"cognito-idp\",operation=\"InitiateAuth\",outcome=\"NotAuthorizedException\"} 1",
        "cognate_calls_total{service=\"cognito-idp\",operation=\"unknown\",outcome=\"UnknownOperationException\"} 1",
        "cognate_call_duration_seconds_count{service=\"cognito-idp\",operation=\"InitiateAuth\"} 2",
        "cognate_calls_in_flight 0",
        "cognate_workers_waiting 0",
        "cognate_audit_dropped 0",
        "cognate_outbox_due 0",
    ] {
        assert!(answer.text.lines().any(|found| found == line), "{line} is not in\n{}", answer.text);
    }
    for word in ["jane", "Nonsense", &scene.pool, &scene.client] {
        assert!(!answer.text.contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_from_afar_take_the_token() {
    let lab = Lab::with_settings(|config| config.metrics_token = Some("let-me-count".into())).await;
    assert_eq!(lab.get("/_cognate/metrics").await.status, 403);
    let request =
        axum::http::Request::get("/_cognate/metrics").header("authorization", "Bearer let-me-count");
    assert_eq!(lab.send(request.body(axum::body::Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_can_question_postgresql() {
    let lab = Lab::postgres().await;
    let (version, _, clock) = lab.app.db.read(store::settings::postgres_facts).await.unwrap();
    assert!(version >= 140_000 && clock > 0, "{version} {clock}");
    lab.remove().await;
}
