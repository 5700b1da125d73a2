//! PreTokenGeneration: what a function may say in tokens, in every version and wherever tokens are issued.

use super::stand_in::{FUNCTION, Reply, StandIn};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, claims},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn config(version: &str) -> Value {
    json!({"PreTokenGenerationConfig": {"LambdaVersion": version, "LambdaArn": FUNCTION}})
}

async fn scene(lab: &Lab, version: &str, client: Value, response: Value) -> (Scene, StandIn) {
    let play = move |_: &Value| Reply::With(response.clone());
    let (scene, functions) = StandIn::configured(lab, config(version), (json!({}), client), play).await;
    scene.user("jane", json!([{"Name": "email", "Value": "jane@example.com"}])).await;
    for (group, role) in [("staff", Some("arn:aws:iam::123456789012:role/staff")), ("testers", None)] {
        scene.admin("CreateGroup", json!({"GroupName": group, "RoleArn": role})).await;
        scene.admin("AdminAddUserToGroup", json!({"GroupName": group, "Username": "jane"})).await;
    }
    (scene, functions)
}

async fn the_first_version_changes_the_id_token(lab: Lab) {
    let response = json!({"claimsOverrideDetails": {
        "claimsToAddOrOverride": {"tier": "gold", "email": "other@example.com", "sub": "evil", "custom:x": "y"},
        "claimsToSuppress": ["email_verified", "iss"],
    }});
    let (scene, functions) = scene(&lab, "V1_0", json!({}), response).await;
    let tokens = scene.tokens("jane").await;
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    assert_eq!(
        (&id["tier"], &id["email"], &id["custom:x"]),
        (&json!("gold"), &json!("other@example.com"), &json!("y"))
    );
    assert!(id["iss"].is_string() && id["sub"] != "evil");
    assert_eq!(access.get("tier"), None);
    let event = functions.events().remove(0);
    assert_eq!(event["version"], "1");
    assert_eq!(event["request"].get("scopes"), None);
    assert_eq!(
        event["request"]["groupConfiguration"],
        json!({"groupsToOverride": ["staff", "testers"], "iamRolesToOverride": ["arn:aws:iam::123456789012:role/staff"],
            "preferredRole": "arn:aws:iam::123456789012:role/staff"})
    );
}

async fn groups_are_overridden_in_both_tokens(lab: Lab) {
    for (details, groups, roles) in [
        (
            json!({"groupsToOverride": ["vip"], "iamRolesToOverride": ["r"], "preferredRole": "r"}),
            json!(["vip"]),
            json!(["r"]),
        ),
        (json!({}), Value::Null, Value::Null),
        (Value::Null, Value::Null, Value::Null),
    ] {
        let response = json!({"claimsOverrideDetails": {"groupOverrideDetails": details}});
        let (scene, _) = scene(&lab, "V1_0", json!({}), response).await;
        let tokens = scene.tokens("jane").await;
        let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
        assert_eq!((&id["cognito:groups"], &access["cognito:groups"]), (&groups, &groups));
        assert_eq!(id["cognito:roles"], roles);
        // The user is in the groups all the same.
        let listed = scene.admin("AdminListGroupsForUser", json!({"Username": "jane"})).await;
        assert_eq!(listed["Groups"].as_array().unwrap().len(), 2);
    }
}

async fn later_versions_change_both_tokens(lab: Lab) {
    for (version, number) in [("V2_0", "2"), ("V3_0", "3")] {
        let response = json!({"claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {"claimsToAddOrOverride": {"tags": ["a", 1, true], "plan": {"level": 3}}},
            "accessTokenGeneration": {
                "claimsToAddOrOverride": {"tenant": "acme", "client_id": "evil", "username": "evil", "scope": "evil", "aud": "evil"},
                "claimsToSuppress": ["cognito:groups", "token_use"],
                "scopesToAdd": ["shop/read", "shop/write"],
            },
        }});
        let (scene, functions) = scene(&lab, version, json!({}), response).await;
        let tokens = scene.tokens("jane").await;
        let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
        assert_eq!((&id["tags"], &id["plan"]), (&json!(["a", 1, true]), &json!({"level": 3})));
        assert_eq!(access["scope"], "aws.cognito.signin.user.admin shop/read shop/write");
        assert_eq!((&access["tenant"], &access["client_id"]), (&json!("acme"), &json!(scene.client)));
        assert_eq!((&access["username"], &access["token_use"]), (&json!("jane"), &json!("access")));
        assert_eq!((access.get("cognito:groups"), access.get("aud")), (None, None));
        assert_eq!(id["cognito:groups"], json!(["staff", "testers"]));
        let event = functions.events().remove(0);
        assert_eq!(event["version"], number);
        assert_eq!(event["request"]["scopes"], json!(["aws.cognito.signin.user.admin"]));
        lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
    }
}

async fn a_suppressed_scope_is_not_there(lab: Lab) {
    let response = json!({"claimsAndScopeOverrideDetails": {"accessTokenGeneration":
        {"scopesToSuppress": ["aws.cognito.signin.user.admin"]}}});
    let (scene, _) = scene(&lab, "V2_0", json!({}), response).await;
    let tokens = scene.tokens("jane").await;
    assert_eq!(claims(&tokens["AccessToken"])["scope"], "");
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]}))
        .await
        .refused("NotAuthorizedException", "Access Token does not have required scopes");
}

/// REFRESH_TOKEN_AUTH of both sides and GetTokensFromRefreshToken ask the function alike.
async fn refreshed_tokens_are_changed_too(lab: Lab) {
    let response = json!({"claimsOverrideDetails": {"claimsToAddOrOverride": {"tier": "gold"}}});
    let (scene, functions) = scene(&lab, "V1_0", json!({}), response).await;
    let token = scene.tokens("jane").await["RefreshToken"].clone();
    functions.events();
    let ids = json!({"UserPoolId": scene.pool, "ClientId": scene.client});
    let mut admin = ids.clone();
    admin["AuthFlow"] = json!("REFRESH_TOKEN_AUTH");
    admin["AuthParameters"] = json!({"REFRESH_TOKEN": token});
    for answer in [
        scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": token})).await,
        scene.lab.admin("AdminInitiateAuth", admin).await,
        scene
            .lab
            .call("GetTokensFromRefreshToken", json!({"ClientId": scene.client, "RefreshToken": token}))
            .await,
    ] {
        assert_eq!(claims(&answer.ok()["AuthenticationResult"]["IdToken"])["tier"], "gold");
    }
    assert_eq!(functions.sources(), ["TokenGeneration_RefreshTokens"; 3]);
}

/// A function that refuses costs no token of a rotation, and a reused one is found out without asking it.
async fn a_refusal_does_not_rotate(lab: Lab) {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };
    let refuses = Arc::new(AtomicBool::new(false));
    let flag = refuses.clone();
    let play =
        move |_: &Value| if flag.load(Ordering::SeqCst) { Reply::Error("no") } else { Reply::Unchanged };
    let rotation = json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]});
    let (scene, functions) = StandIn::configured(&lab, config("V1_0"), (json!({}), rotation), play).await;
    scene.user("jane", json!([])).await;
    let first = scene.sign_in("jane", PASSWORD).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    let get = |token: Value| {
        let request = json!({"ClientId": scene.client, "RefreshToken": token});
        let lab = scene.lab.clone();
        async move { lab.call("GetTokensFromRefreshToken", request).await }
    };
    refuses.store(true, Ordering::SeqCst);
    get(first.clone())
        .await
        .refused("UserLambdaValidationException", "PreTokenGeneration failed with error no.");
    refuses.store(false, Ordering::SeqCst);
    let second = get(first.clone()).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    assert!(second.is_string() && second != first);
    functions.events();
    assert_eq!(get(first).await.error().0, "RefreshTokenReuseException");
    assert!(functions.sources().is_empty());
    get(second).await.error();
}

async fn long_and_wrong_claims_are_refused(lab: Lab) {
    for (version, response) in [
        ("V1_0", json!({"claimsOverrideDetails": {"claimsToAddOrOverride": {"n": 5}}})),
        ("V1_0", json!({"claimsOverrideDetails": {"claimsToAddOrOverride": {"n": "x".repeat(70_000)}}})),
        (
            "V2_0",
            json!({"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": ["a b"]}}}),
        ),
        ("V2_0", json!({"claimsAndScopeOverrideDetails": []})),
    ] {
        let (scene, _) = scene(&lab, version, json!({}), response).await;
        scene
            .sign_in("jane", PASSWORD)
            .await
            .refused("InvalidLambdaResponseException", "Unrecognizable lambda output");
    }
}

/// Case 48: whatever a function says in tokens, they are those of the user who signed in.
async fn case_48_no_function_says_who_somebody_is(lab: Lab) {
    const FIXED: &str = "acr amr at_hash aud auth_time azp client_id device_key event_id exp iat identities iss jti nbf \
        nonce origin_jti sub token_use username version";
    const OF_COGNITO: &str =
        "cognito:username cognito:groups cognito:roles cognito:preferred_role cognito:x cognito:";
    const ODD: [&str; 8] =
        ["SUB", "Sub", "sub ", " sub", "sub\u{0}", "\u{455}ub", "__proto__", "constructor"];
    let reserved: Vec<&str> = FIXED.split_whitespace().chain(OF_COGNITO.split_whitespace()).collect();
    let evil: serde_json::Map<String, Value> =
        reserved.iter().chain(&ODD).map(|name| ((*name).to_owned(), json!("mary"))).collect();
    for version in ["V2_0", "V3_0"] {
        let says = Arc::new(Mutex::new(json!({})));
        let said = says.clone();
        let play = move |_: &Value| Reply::With(said.lock().unwrap().clone());
        let (scene, _) = StandIn::configured(&lab, config(version), (json!({}), json!({})), play).await;
        let sub = scene.user("jane", json!([])).await;
        scene.user("mary", json!([])).await;
        scene
            .admin(
                "CreateGroup",
                json!({"GroupName": "staff", "RoleArn": "arn:aws:iam::123456789012:role/staff"}),
            )
            .await;
        scene.admin("AdminAddUserToGroup", json!({"GroupName": "staff", "Username": "jane"})).await;
        let plain = scene.tokens("jane").await;
        for suppressed in [json!([]), json!(reserved)] {
            let changes = json!({"claimsToAddOrOverride": evil, "claimsToSuppress": suppressed});
            *says.lock().unwrap() = json!({"claimsAndScopeOverrideDetails":
                {"idTokenGeneration": changes, "accessTokenGeneration": changes}});
            let tokens = scene.tokens("jane").await;
            let refresh = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
            let refreshed =
                scene.initiate("REFRESH_TOKEN_AUTH", refresh).await.ok()["AuthenticationResult"].clone();
            for (tokens, kind) in
                [&tokens, &refreshed].into_iter().flat_map(|t| [(t, "IdToken"), (t, "AccessToken")])
            {
                let (before, after) = (claims(&plain[kind]), claims(&tokens[kind]));
                for name in &reserved {
                    let are_groups =
                        ["cognito:groups", "cognito:roles", "cognito:preferred_role"].contains(name);
                    if are_groups && suppressed != json!([]) {
                        assert_eq!(after.get(name), None, "{kind} {name}");
                    } else if ["event_id", "jti", "origin_jti", "at_hash"].contains(name) {
                        // They are new in every sign-in.
                        assert_eq!(after.get(name).is_some(), before.get(name).is_some(), "{kind} {name}");
                        assert_ne!(after.get(name), Some(&json!("mary")), "{kind} {name}");
                    } else {
                        assert_eq!(after.get(name), before.get(name), "{kind} {name}");
                    }
                }
                assert_eq!(after["sub"], sub);
                assert!(
                    ODD.iter().all(|name| after[name] == "mary"),
                    "they are other names, which nobody asks for"
                );
            }
            for token in [&tokens["AccessToken"], &refreshed["AccessToken"]] {
                let user = scene.lab.call("GetUser", json!({"AccessToken": token})).await.ok();
                assert_eq!(user["Username"], "jane");
                assert_eq!(user["UserAttributes"], json!([{"Name": "sub", "Value": sub}]));
            }
        }
    }
}

both_engines!(
    case_48_no_function_says_who_somebody_is,
    the_first_version_changes_the_id_token,
    groups_are_overridden_in_both_tokens,
    later_versions_change_both_tokens,
    a_suppressed_scope_is_not_there,
    refreshed_tokens_are_changed_too,
    a_refusal_does_not_rotate,
    long_and_wrong_claims_are_refused,
);
