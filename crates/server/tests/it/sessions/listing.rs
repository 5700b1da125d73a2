//! What the lists say, and of which sessions.

use super::{
    admin_list, get_user, ids, initiate_from, later, own_list, refresh, session_of, sessions_of,
    sign_in_from, tracking, tracking_with,
};
use crate::{
    lab::{BEGINNING_MS, Lab},
    scene::Scene,
};
use rules::tokens::{Grant, GrantFacts, sessions::session_id};
use serde_json::{Value, json};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1";

/// The sessions with dates of whole seconds: the lab's clock goes on a little with every call.
fn in_seconds(mut sessions: Vec<Value>) -> Vec<Value> {
    for session in &mut sessions {
        for date in ["CreateDate", "LastActiveDate"] {
            session[date] = json!(session[date].as_f64().unwrap() as i64);
        }
    }
    sessions
}

async fn a_list_says_where_its_sessions_are(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let first = sign_in_from(&scene, "192.0.2.1", FIREFOX).await;
    lab.advance(10);
    let second = scene.tokens("jane").await;
    scene.tokens("joe").await;
    let created = BEGINNING_MS / 1_000;
    let described = |tokens: &Value, at: i64, is_current: bool, device: &str| {
        json!({
            "SessionId": session_of(tokens), "SessionType": "TOKEN", "ClientId": scene.client,
            "CreateDate": at, "LastActiveDate": at, "DeviceType": device, "IsCurrentSession": is_current,
        })
    };
    let mut older = described(&first, created, true, "Firefox on Linux");
    older["LastIPAddress"] = json!("192.0.2.1");
    let newer = described(&second, created + 10, false, "unknown");
    assert_eq!(in_seconds(own_list(&scene, &first).await), [newer.clone(), older.clone()]);
    older["IsCurrentSession"] = json!(false);
    assert_eq!(in_seconds(admin_list(&scene, "jane").await), [newer, older]);
    assert_eq!(admin_list(&scene, "joe").await.len(), 1);
}

async fn a_refresh_is_noted_once_a_minute(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let tokens = sign_in_from(&scene, "192.0.2.1", FIREFOX).await;
    let created = BEGINNING_MS / 1_000;
    let parameters = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
    let refreshed = async |address| {
        initiate_from(&scene, "REFRESH_TOKEN_AUTH", parameters.clone(), address, IPHONE).await;
        let [session] = &admin_list(&scene, "jane").await[..] else { panic!() };
        (
            session["LastActiveDate"].as_f64().unwrap() as i64 - created,
            session["LastIPAddress"].as_str().unwrap().to_owned(),
            session["DeviceType"].as_str().unwrap().to_owned(),
        )
    };
    for (advance, address, expected) in [
        (59, "192.0.2.2", (0, "192.0.2.1", "Firefox on Linux")),
        (1, "2001:db8::2", (60, "2001:db8::2", "Safari on iOS")),
        (59, "192.0.2.3", (60, "2001:db8::2", "Safari on iOS")),
        (3_600, "192.0.2.3", (3_719, "192.0.2.3", "Safari on iOS")),
    ] {
        lab.advance(advance);
        let (at, seen, device) = refreshed(address).await;
        assert_eq!((at, &*seen, &*device), expected);
    }
}

async fn a_rotation_is_noted_at_once(lab: Lab) {
    let rotation = json!({
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
    });
    let scene = tracking_with(&lab, 5, rotation.clone()).await;
    let untracked = Scene::with(&lab, json!({}), rotation).await;
    untracked.user("jane", json!([])).await;
    for scene in [&scene, &untracked] {
        let tokens = scene.tokens("jane").await;
        lab.advance(5);
        let request = json!({"ClientId": scene.client, "RefreshToken": tokens["RefreshToken"]});
        let rotated = lab.call("GetTokensFromRefreshToken", request.clone()).await.ok();
        let rotated = &rotated["AuthenticationResult"]["RefreshToken"];
        assert_ne!(*rotated, tokens["RefreshToken"]);
        let repeated = lab.call("GetTokensFromRefreshToken", request).await.ok();
        assert_eq!(repeated["AuthenticationResult"]["RefreshToken"], *rotated);
    }
    let [session] = &admin_list(&scene, "jane").await[..] else { panic!() };
    let seconds = |member: &str| session[member].as_f64().unwrap() as i64;
    assert_eq!(seconds("LastActiveDate") - seconds("CreateDate"), 5);
}

async fn the_last_used_session_comes_first(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let (a, b) = (scene.tokens("jane").await, later(&scene, "jane").await);
    assert_eq!(ids(&admin_list(&scene, "jane").await), sessions_of(&[&b, &a]));
    lab.advance(60);
    refresh(&scene, &a).await.ok();
    assert_eq!(ids(&admin_list(&scene, "jane").await), sessions_of(&[&a, &b]));
}

async fn what_has_ended_is_not_listed(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let short = scene
        .new_client(json!({"RefreshTokenValidity": 1, "TokenValidityUnits": {"RefreshToken": "hours"}}))
        .await;
    let short = Scene { client: short["ClientId"].as_str().unwrap().to_owned(), ..scene.clone() };
    let tokens = scene.tokens("jane").await;
    let expiring = short.tokens("jane").await;
    assert_eq!(admin_list(&scene, "jane").await.len(), 2);
    lab.advance(3_600);
    assert_eq!(ids(&admin_list(&scene, "jane").await), [session_of(&tokens)]);
    super::admin_revoke(&scene, "jane", &session_of(&expiring))
        .await
        .refused(super::UNKNOWN.0, super::UNKNOWN.1);

    let tokens = scene.tokens("jane").await;
    lab.call("RevokeToken", json!({"ClientId": scene.client, "Token": tokens["RefreshToken"]})).await.ok();
    assert_eq!(admin_list(&scene, "jane").await.len(), 1);
    let tokens = scene.tokens("jane").await;
    lab.call("GlobalSignOut", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
    assert_eq!(admin_list(&scene, "jane").await.len(), 0);
    let tokens = scene.tokens("jane").await;
    assert_eq!(ids(&own_list(&scene, &tokens).await), [session_of(&tokens)]);

    scene.admin("AdminDisableUser", json!({"Username": "jane"})).await;
    assert_eq!(admin_list(&scene, "jane").await.len(), 0);
    super::admin_revoke(&scene, "jane", &session_of(&tokens))
        .await
        .refused(super::UNKNOWN.0, super::UNKNOWN.1);
    scene.admin("AdminEnableUser", json!({"Username": "jane"})).await;
    assert_eq!(admin_list(&scene, "jane").await.len(), 0);
    short.tokens("jane").await;
    lab.admin("DeleteUserPoolClient", json!({"UserPoolId": scene.pool, "ClientId": short.client})).await.ok();
    assert_eq!(admin_list(&scene, "jane").await.len(), 0);
}

/// Tokens of such clients name no grant.
async fn clients_that_do_not_revoke_tokens_have_sessions(lab: Lab) {
    let scene = tracking_with(&lab, 5, json!({"EnableTokenRevocation": false})).await;
    let (a, b) = (scene.tokens("jane").await, later(&scene, "jane").await);
    let currents = |sessions: &[Value]| -> Vec<bool> {
        sessions.iter().map(|session| session["IsCurrentSession"].as_bool().unwrap()).collect()
    };
    let list = own_list(&scene, &a).await;
    assert_eq!(currents(&list), [false, true]);
    assert_eq!(currents(&own_list(&scene, &b).await), [true, false]);
    let [other, own] = &ids(&list)[..] else { panic!() };
    super::revoke(&scene, &a, own).await.error();
    super::revoke(&scene, &a, other).await.ok();
    super::assert_ended(&scene, &b).await;
    get_user(&scene, &a).await.ok();
}

async fn nobody_else_is_listed(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let list = |members: Value| async { lab.admin("AdminListUserSessions", members).await.error().0 };
    assert_eq!(list(json!({"UserPoolId": scene.pool, "Username": "nobody"})).await, "UserNotFoundException");
    assert_eq!(
        list(json!({"UserPoolId": "us-east-1_X", "Username": "jane"})).await,
        "ResourceNotFoundException"
    );
    for token in ["", "x", "a.b.c"] {
        lab.call("ListUserSessions", json!({"AccessToken": token})).await.error();
    }
    let tokens = scene.tokens("jane").await;
    lab.call("ListUserSessions", json!({"AccessToken": tokens["IdToken"]})).await.error();
}

/// More sessions than any maximum allows, as a page is longer than that.
async fn long_lists_have_pages(lab: Lab) {
    let scene = tracking(&lab, 100).await;
    let tokens = scene.tokens("jane").await;
    let origin = crate::scene::claims(&tokens["AccessToken"])["origin_jti"].as_str().unwrap().to_owned();
    lab.app
        .db
        .write(move |tx| {
            let grant = store::grants::find(tx, &origin)?.unwrap();
            for number in 0..300_i64 {
                let id = format!("00000000-0000-4000-8000-{number:012}");
                // Every three are of one time.
                let last_active_at = grant.last_active_at.map(|at| at - number / 3);
                let facts = GrantFacts { event_id: id.clone(), ..GrantFacts::default() };
                store::grants::insert(tx, &Grant { id, last_active_at, facts, ..grant.clone() })?;
            }
            Ok::<_, store::Error>(())
        })
        .await
        .unwrap();
    let own = json!({"AccessToken": tokens["AccessToken"]});
    let admin = json!({"UserPoolId": scene.pool, "Username": "jane"});
    for (operation, request) in [("ListUserSessions", own), ("AdminListUserSessions", admin)] {
        let (mut found, mut lengths, mut request) = (Vec::new(), Vec::new(), request);
        loop {
            let answer = lab.admin(operation, request.clone()).await.ok();
            let page = ids(answer["Sessions"].as_array().unwrap());
            lengths.push(page.len());
            found.extend(page);
            if answer["NextToken"].is_null() {
                break;
            }
            request["NextToken"] = answer["NextToken"].clone();
        }
        assert_eq!(lengths, [125, 125, 51]);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 301);
        // A token is good for its list alone.
        let token = request["NextToken"].as_str().unwrap().to_owned();
        let joe = json!({"UserPoolId": scene.pool, "Username": "joe", "NextToken": token});
        let forged = json!({"UserPoolId": scene.pool, "Username": "jane", "NextToken": format!("{token}A")});
        for wrong in [joe, forged] {
            let (name, _) = lab.admin("AdminListUserSessions", wrong).await.error();
            assert_eq!(name, "InvalidParameterException");
        }
        let joe = scene.tokens("joe").await;
        let wrong = json!({"AccessToken": joe["AccessToken"], "NextToken": token});
        assert_eq!(lab.call("ListUserSessions", wrong).await.error().0, "InvalidParameterException");
        lab.advance(3_600);
        assert_eq!(
            lab.admin(
                "AdminListUserSessions",
                json!({"UserPoolId": scene.pool, "Username": "jane", "NextToken": token})
            )
            .await
            .error()
            .0,
            "InvalidParameterException"
        );
        lab.advance(-3_600);
    }
    // A sign-in brings the user back to the maximum, in batches.
    later(&scene, "jane").await;
    let list = ids(&admin_list(&scene, "jane").await);
    assert_eq!(list.len(), 100);
    assert_eq!(list[1], session_of(&tokens));
    assert!(list.contains(&session_id("00000000-0000-4000-8000-000000000097").unwrap()));
}

both_engines!(
    a_list_says_where_its_sessions_are,
    a_refresh_is_noted_once_a_minute,
    a_rotation_is_noted_at_once,
    the_last_used_session_comes_first,
    what_has_ended_is_not_listed,
    clients_that_do_not_revoke_tokens_have_sessions,
    nobody_else_is_listed,
    long_lists_have_pages,
);
