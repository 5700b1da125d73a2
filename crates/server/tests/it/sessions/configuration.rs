//! What is set, and what is answered of it.

use super::{UNTRACKED, admin_list, configuration, configure, tracking};
use crate::{
    lab::{Answer, Lab},
    scene::{Scene, merged},
};
use serde_json::{Value, json};

const NOT_IN_TIER: (&str, &str) = (
    "FeatureUnavailableInTierException",
    "The following feature is not available for the LITE pricing tier configured: Session Tracking",
);

async fn set(scene: &Scene, members: Value) -> Answer {
    let request = merged(json!({"UserPoolId": scene.pool}), members);
    scene.lab.admin("SetUserPoolSessionConfiguration", request).await
}

async fn set_client(scene: &Scene, minutes: i64) -> Answer {
    let request = json!({
        "UserPoolId": scene.pool, "ClientId": scene.client, "SSOSession": {"MaxValidityMinutes": minutes},
    });
    scene.lab.admin("SetUserPoolClientSessionConfiguration", request).await
}

async fn get_client(scene: &Scene) -> Value {
    scene.admin("GetUserPoolClientSessionConfiguration", json!({"ClientId": scene.client})).await
}

async fn what_is_set_is_answered_and_replaced(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let whole = |tracking, max| merged(json!({"UserPoolId": scene.pool}), configuration(tracking, max));
    let get = async || scene.admin("GetUserPoolSessionConfiguration", json!({})).await;
    assert_eq!(get().await, whole("DISABLED", 20));
    for (tracking, max) in [("ENABLED", 1), ("ENABLED", 100), ("ENABLED", 100), ("DISABLED", 7)] {
        assert_eq!(set(&scene, configuration(tracking, max)).await.ok(), whole(tracking, max));
        assert_eq!(get().await, whole(tracking, max));
    }
    // Another change of the pool leaves it alone, and it stands nowhere else.
    configure(&scene, "ENABLED", 3).await;
    let described = scene.admin("DescribeUserPool", json!({})).await;
    scene.admin("UpdateUserPool", json!({})).await;
    assert_eq!(get().await, whole("ENABLED", 3));
    assert_eq!(described["UserPool"]["UserPoolTier"], "ESSENTIALS");
    assert!(!described.to_string().contains("TokenSession"));
}

async fn what_a_client_sets_is_answered_and_sleeps(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let whole = |minutes: i64| json!({"UserPoolId": scene.pool, "ClientId": scene.client, "SSOSession": {"MaxValidityMinutes": minutes}});
    assert_eq!(get_client(&scene).await, whole(60));
    set_client(&scene, 5).await.refused(UNTRACKED.0, UNTRACKED.1);
    configure(&scene, "ENABLED", 20).await;
    for minutes in [0, 129_600, 5, 5] {
        assert_eq!(set_client(&scene, minutes).await.ok(), whole(minutes));
        assert_eq!(get_client(&scene).await, whole(minutes));
    }
    configure(&scene, "DISABLED", 20).await;
    set_client(&scene, 6).await.refused(UNTRACKED.0, UNTRACKED.1);
    assert_eq!(get_client(&scene).await, whole(5));
    configure(&scene, "ENABLED", 20).await;
    scene.admin("UpdateUserPoolClient", json!({"ClientId": scene.client})).await;
    assert_eq!(get_client(&scene).await, whole(5));
}

async fn what_is_out_of_range_or_missing_is_refused(lab: Lab) {
    let scene = tracking(&lab, 5).await;
    let other = Scene::new(&lab).await;
    for wrong in [
        configuration("ENABLED", 0),
        configuration("ENABLED", -1),
        configuration("ENABLED", 101),
        configuration("enabled", 5),
        json!({"UserSessionTracking": "DISABLED"}),
        json!({"UserSessionTracking": "DISABLED", "TokenSession": {}}),
        json!({"TokenSession": {"MaxPerUser": 5}}),
    ] {
        assert_eq!(set(&scene, wrong.clone()).await.error().0, "InvalidParameterException", "{wrong}");
    }
    for wrong in [-1, 129_601] {
        assert_eq!(set_client(&scene, wrong).await.error().0, "InvalidParameterException");
    }
    assert_eq!(set(&scene, configuration("ENABLED", 1 << 40)).await.error().0, "SerializationException");
    let mixed = Scene { client: other.client.clone(), ..scene.clone() };
    assert_eq!(set_client(&mixed, 5).await.error().0, "ResourceNotFoundException");
    for operation in ["GetUserPoolClientSessionConfiguration", "GetUserPoolSessionConfiguration"] {
        let request = json!({"UserPoolId": "us-east-1_Nowhere", "ClientId": scene.client});
        assert_eq!(lab.admin(operation, request).await.error().0, "ResourceNotFoundException");
    }
    let nowhere = Scene { pool: "us-east-1_Nowhere".to_owned(), ..scene.clone() };
    assert_eq!(set(&nowhere, configuration("ENABLED", 5)).await.error().0, "ResourceNotFoundException");
    assert_eq!(set_client(&nowhere, 5).await.error().0, "ResourceNotFoundException");
    assert_eq!(
        scene.admin("GetUserPoolSessionConfiguration", json!({})).await,
        merged(json!({"UserPoolId": scene.pool}), configuration("ENABLED", 5))
    );
}

async fn sessions_need_a_tier_that_has_them(lab: Lab) {
    let lite = Scene::with(&lab, json!({"UserPoolTier": "LITE"}), json!({})).await;
    for tracking in ["ENABLED", "DISABLED"] {
        set(&lite, configuration(tracking, 5)).await.refused(NOT_IN_TIER.0, NOT_IN_TIER.1);
    }
    set_client(&lite, 5).await.refused(NOT_IN_TIER.0, NOT_IN_TIER.1);
    lite.admin("GetUserPoolSessionConfiguration", json!({})).await;
    get_client(&lite).await;

    let scene = tracking(&lab, 5).await;
    let downgrade = json!({"UserPoolId": scene.pool, "UserPoolTier": "LITE"});
    lab.admin("UpdateUserPool", downgrade.clone()).await.refused(
        "TierChangeNotAllowedException",
        "The following features need to be disabled for the LITE pricing tier configured: Session Tracking",
    );
    configure(&scene, "DISABLED", 5).await;
    lab.admin("UpdateUserPool", downgrade).await.ok();
}

async fn a_pool_without_tracking_has_no_sessions(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    let request = json!({"AccessToken": tokens["AccessToken"]});
    lab.call("ListUserSessions", request).await.refused(UNTRACKED.0, UNTRACKED.1);
    let request = json!({"UserPoolId": scene.pool, "Username": "jane"});
    lab.admin("AdminListUserSessions", request).await.refused(UNTRACKED.0, UNTRACKED.1);
    let own = super::session_of(&tokens);
    super::revoke(&scene, &tokens, &own).await.refused(UNTRACKED.0, UNTRACKED.1);
    super::admin_revoke(&scene, "jane", &own).await.refused(UNTRACKED.0, UNTRACKED.1);
    // What was before does not become a session, not even by its refresh.
    configure(&scene, "ENABLED", 5).await;
    super::refresh(&scene, &tokens).await.ok();
    assert_eq!(admin_list(&scene, "jane").await, Vec::<Value>::new());
    super::get_user(&scene, &tokens).await.ok();
}

async fn sessions_outlast_a_pause_of_tracking(lab: Lab) {
    let scene = tracking(&lab, 2).await;
    let before = scene.tokens("jane").await;
    configure(&scene, "DISABLED", 2).await;
    let meanwhile = [super::later(&scene, "jane").await, super::later(&scene, "jane").await];
    super::refresh(&scene, &before).await.ok();
    configure(&scene, "ENABLED", 2).await;
    assert_eq!(super::ids(&admin_list(&scene, "jane").await), [super::session_of(&before)]);
    for tokens in [&before, &meanwhile[0], &meanwhile[1]] {
        super::get_user(&scene, tokens).await.ok();
    }
}

both_engines!(
    what_is_set_is_answered_and_replaced,
    what_a_client_sets_is_answered_and_sleeps,
    what_is_out_of_range_or_missing_is_refused,
    sessions_need_a_tier_that_has_them,
    a_pool_without_tracking_has_no_sessions,
    sessions_outlast_a_pause_of_tracking,
);
