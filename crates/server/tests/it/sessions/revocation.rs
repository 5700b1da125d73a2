//! The end of one session, by its user and by an administrator.

use super::{
    UNKNOWN, admin_list, admin_revoke, assert_ended, get_user, ids, later, refresh, revoke, session_of,
    tracking,
};
use crate::{
    lab::{Lab, MASTER_KEY},
    scene::Scene,
};
use serde_json::json;
use tokio::task::JoinSet;

async fn a_user_ends_another_session_of_their_own(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let (own, other, third) =
        (scene.tokens("jane").await, later(&scene, "jane").await, later(&scene, "jane").await);
    assert_eq!(revoke(&scene, &own, &session_of(&other)).await.ok(), json!({}));
    assert_ended(&scene, &other).await;
    for tokens in [&own, &third] {
        get_user(&scene, tokens).await.ok();
        refresh(&scene, tokens).await.ok();
    }
    // It is gone, so a second call finds none.
    revoke(&scene, &own, &session_of(&other)).await.refused(UNKNOWN.0, UNKNOWN.1);
    revoke(&scene, &other, &session_of(&own)).await.refused(super::REVOKED.0, super::REVOKED.1);
    revoke(&scene, &own, &session_of(&own))
        .await
        .refused("InvalidParameterException", "The current session cannot be revoked.");
    get_user(&scene, &own).await.ok();
    // A token that came by a refresh is of the same session.
    let refreshed = refresh(&scene, &own).await.ok()["AuthenticationResult"].clone();
    assert_eq!(revoke(&scene, &refreshed, &session_of(&own)).await.error().0, "InvalidParameterException");
}

async fn an_administrator_ends_any(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let (a, b) = (scene.tokens("jane").await, later(&scene, "jane").await);
    assert_eq!(admin_revoke(&scene, "jane", &session_of(&a)).await.ok(), json!({}));
    assert_ended(&scene, &a).await;
    get_user(&scene, &b).await.ok();
    admin_revoke(&scene, "jane", &session_of(&a)).await.refused(UNKNOWN.0, UNKNOWN.1);
    let linked = json!({
        "UserPoolId": scene.pool, "Username": "jane", "SessionId": session_of(&b),
        "RevokeAssociatedSessions": "LINKED",
    });
    lab.admin("AdminRevokeUserSession", linked).await.ok();
    assert_ended(&scene, &b).await;
    assert!(admin_list(&scene, "jane").await.is_empty());
}

async fn nobody_ends_what_is_not_theirs(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let elsewhere = tracking(&lab, 5).await;
    let (jane, joe) = (scene.tokens("jane").await, scene.tokens("joe").await);
    let foreign = elsewhere.tokens("jane").await;
    for session in [&session_of(&joe), &session_of(&foreign)] {
        revoke(&scene, &jane, session).await.refused(UNKNOWN.0, UNKNOWN.1);
        admin_revoke(&scene, "jane", session).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    admin_revoke(&elsewhere, "jane", &session_of(&jane)).await.refused(UNKNOWN.0, UNKNOWN.1);
    for (scene, tokens) in [(&scene, &jane), (&scene, &joe), (&elsewhere, &foreign)] {
        get_user(scene, tokens).await.ok();
        refresh(scene, tokens).await.ok();
    }
    assert_eq!(admin_revoke(&scene, "nobody", &session_of(&jane)).await.error().0, "UserNotFoundException");
    let never = "tkn0000000000000000000000001";
    let beyond = "tknzzzzzzzzzzzzzzzzzzzzzzzzz";
    let single_sign_on = session_of(&joe).replace("tkn", "sso");
    for session in [never, beyond, &single_sign_on] {
        revoke(&scene, &jane, session).await.refused(UNKNOWN.0, UNKNOWN.1);
        admin_revoke(&scene, "joe", session).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    let own = session_of(&joe);
    for session in
        ["", "tkn", &own[1..], &own.to_uppercase(), &format!("{own}0"), "tkn00000000000000000000000é0"]
    {
        assert_eq!(revoke(&scene, &jane, session).await.error().0, "InvalidParameterException");
        assert_eq!(admin_revoke(&scene, "joe", session).await.error().0, "InvalidParameterException");
    }
    let request = json!({
        "AccessToken": jane["AccessToken"], "SessionId": own, "RevokeAssociatedSessions": "ALL",
    });
    assert_eq!(lab.call("RevokeUserSession", request).await.error().0, "InvalidParameterException");
    assert_eq!(ids(&admin_list(&scene, "joe").await), [own]);
}

async fn of_many_at_once_one_ends_it(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let elsewhere = lab.another(MASTER_KEY, |_| {}).await.unwrap();
    let tokens = scene.tokens("jane").await;
    let session = session_of(&tokens);
    let mut calls = JoinSet::new();
    for lab in [&lab, &elsewhere].into_iter().cycle().take(8) {
        let (scene, session) = (Scene { lab: lab.clone(), ..scene.clone() }, session.clone());
        calls.spawn(async move { admin_revoke(&scene, "jane", &session).await });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(UNKNOWN.0, UNKNOWN.1);
    }
    assert_ended(&scene, &tokens).await;
}

/// A refresh at the same time does not bring an ended session back.
async fn a_refresh_does_not_revive_a_session(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    for _ in 0..5 {
        let tokens = scene.tokens("jane").await;
        lab.advance(61);
        let session = session_of(&tokens);
        let (ended, _) = tokio::join!(admin_revoke(&scene, "jane", &session), refresh(&scene, &tokens));
        ended.ok();
        assert_ended(&scene, &tokens).await;
        assert!(admin_list(&scene, "jane").await.is_empty());
    }
}

both_engines!(
    a_user_ends_another_session_of_their_own,
    an_administrator_ends_any,
    nobody_ends_what_is_not_theirs,
    of_many_at_once_one_ends_it,
    a_refresh_does_not_revive_a_session,
);
