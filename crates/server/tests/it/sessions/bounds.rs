//! How many sessions a user may have, and which one goes.

use super::{
    admin_list, assert_ended, configure, get_user, ids, later, own_list, refresh, session_of, sessions_of,
    tracking, tracking_with,
};
use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{PASSWORD, Scene, totp_code},
};
use serde_json::json;
use tokio::task::JoinSet;

async fn the_least_recently_used_session_goes(lab: Lab) {
    let scene = tracking(&lab, 2).await;
    let joe = scene.tokens("joe").await;
    let (a, b) = (scene.tokens("jane").await, later(&scene, "jane").await);
    lab.advance(60);
    refresh(&scene, &a).await.ok();
    let c = later(&scene, "jane").await;
    assert_ended(&scene, &b).await;
    assert_eq!(ids(&own_list(&scene, &c).await), sessions_of(&[&c, &a]));
    let d = later(&scene, "jane").await;
    assert_ended(&scene, &a).await;
    assert_eq!(ids(&own_list(&scene, &c).await), sessions_of(&[&d, &c]));
    get_user(&scene, &joe).await.ok();
}

async fn another_clients_session_goes_too(lab: Lab) {
    let scene = tracking_with(&lab, 1, json!({"EnableTokenRevocation": false})).await;
    let other = scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned();
    let other = Scene { client: other, ..scene.clone() };
    let (a, b) = (scene.tokens("jane").await, later(&other, "jane").await);
    assert_ended(&scene, &a).await;
    get_user(&other, &b).await.ok();
    let c = later(&scene, "jane").await;
    assert_ended(&other, &b).await;
    get_user(&scene, &c).await.ok();
}

async fn a_lower_maximum_waits_for_the_next_sign_in(lab: Lab) {
    let scene = tracking(&lab, 10).await;
    let mut tokens = Vec::new();
    for _ in 0..6 {
        tokens.push(later(&scene, "jane").await);
    }
    configure(&scene, "ENABLED", 3).await;
    refresh(&scene, &tokens[0]).await.ok();
    assert_eq!(admin_list(&scene, "jane").await.len(), 6);
    let last = later(&scene, "jane").await;
    assert_eq!(ids(&admin_list(&scene, "jane").await), sessions_of(&[&last, &tokens[5], &tokens[4]]));
    for ended in &tokens[..4] {
        assert_ended(&scene, ended).await;
    }
}

/// A sign-in of which something else is asked first is no session, and neither is a wrong password.
async fn only_what_succeeds_ends_another(lab: Lab) {
    let scene = tracking(&lab, 1).await;
    let tokens = scene.tokens("jane").await;
    lab.advance(1);
    scene.sign_in("jane", "wrong").await.error();
    scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": "aa"})).await.ok();
    get_user(&scene, &tokens).await.ok();
    scene.srp("jane", PASSWORD).await.ok();
    assert_ended(&scene, &tokens).await;
}

/// Sessions that a sign-out everywhere has ended do not count, and do not pile up.
async fn what_is_void_makes_room_first(lab: Lab) {
    let scene = tracking(&lab, 2).await;
    for _ in 0..3 {
        later(&scene, "jane").await;
        let tokens = later(&scene, "jane").await;
        lab.call("GlobalSignOut", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
    }
    // The clock of the node that signs in next is behind.
    let behind = lab.another_off_by(-100_000).await;
    let behind = Scene { lab: behind, ..scene.clone() };
    let (a, b) = (behind.tokens("jane").await, behind.tokens("jane").await);
    for tokens in [&a, &b] {
        get_user(&behind, tokens).await.ok();
    }
    assert_eq!(admin_list(&scene, "jane").await.len(), 2);
}

async fn parallel_sign_ins_keep_to_the_maximum(lab: Lab) {
    let scene = tracking(&lab, 3).await;
    let elsewhere = lab.another(MASTER_KEY, |_| {}).await.unwrap();
    for _ in 0..3 {
        let mut calls = JoinSet::new();
        for lab in [&lab, &elsewhere].into_iter().cycle().take(12) {
            let scene = Scene { lab: lab.clone(), ..scene.clone() };
            calls.spawn(async move { scene.sign_in("jane", PASSWORD).await });
        }
        let answers = calls.join_all().await;
        let mut good = Vec::new();
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            let tokens = answer.ok()["AuthenticationResult"].clone();
            if get_user(&scene, &tokens).await.status == 200 {
                good.push(session_of(&tokens));
            }
        }
        let refused: Vec<_> =
            answers.iter().filter(|answer| answer.status != 200).map(|a| a.error()).collect();
        assert!(refused.iter().all(|(name, _)| name == "TooManyRequestsException"), "{refused:?}");
        assert!(answers.len() - refused.len() > 3, "{refused:?}");
        let mut listed = ids(&admin_list(&scene, "jane").await);
        good.sort();
        listed.sort();
        assert_eq!(listed.len(), 3);
        assert_eq!(listed, good);
        lab.advance(1);
    }
}

/// How many statements a sign-in takes for the sessions before it.
async fn a_pool_without_tracking_pays_no_statement(lab: Lab) {
    let scene = tracking(&lab, 2).await;
    let count = async || {
        let (app, sub) = (lab.app.clone(), scene.seen("jane").await["sub"].clone());
        let pool = app.pool(&scene.pool).await.unwrap();
        let db = app.db.clone();
        let counted = db.write(move |tx| {
            let user = store::users::find(tx, &pool.id, &sub)?.unwrap();
            let before = tx.statements();
            cognate::tokens::sessions::make_room(&app, tx, &pool, &user, app.now())?;
            Ok::<_, rules::Fault>(tx.statements() - before)
        });
        counted.await.unwrap()
    };
    assert_eq!(count().await, 1);
    configure(&scene, "DISABLED", 2).await;
    assert_eq!(count().await, 0);
}

/// Who knows a password and not the second factor ends nobody's session.
async fn half_a_sign_in_ends_no_session(lab: Lab) {
    let scene = tracking(&lab, 1).await;
    let totp = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    lab.advance(2);
    let tokens = scene.tokens("jane").await;
    let token = &tokens["AccessToken"];
    let secret = lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok();
    let secret = secret["SecretCode"].as_str().unwrap();
    let code = totp_code(&lab, secret, 0);
    lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.ok();
    let on = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true}});
    lab.call("SetUserMFAPreference", on).await.ok();
    let asked = scene.sign_in("jane", PASSWORD).await.ok();
    let guess = |code: &str| json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": code});
    scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], guess("000000")).await.error();
    scene.srp("jane", PASSWORD).await.ok();
    get_user(&scene, &tokens).await.ok();
    let right = guess(&totp_code(&lab, secret, 1));
    scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], right).await.ok();
    assert_ended(&scene, &tokens).await;
}

both_engines!(
    the_least_recently_used_session_goes,
    another_clients_session_goes_too,
    a_lower_maximum_waits_for_the_next_sign_in,
    only_what_succeeds_ends_another,
    half_a_sign_in_ends_no_session,
    what_is_void_makes_room_first,
    parallel_sign_ins_keep_to_the_maximum,
    a_pool_without_tracking_pays_no_statement,
);
