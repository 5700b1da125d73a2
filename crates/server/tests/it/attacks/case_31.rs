//! Case 31: letter case, Unicode, and one user under several names.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene},
    srp_client::SrpClient,
};
use serde_json::{Value, json};

const WRONG: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");
const LOCKED: (&str, &str) = ("NotAuthorizedException", "Password attempts exceeded");

async fn srp_names(scene: &Scene, typed: &str) -> (Value, Value, Value) {
    let request = json!({"USERNAME": typed, "SRP_A": SrpClient::new().srp_a()});
    let parameters = scene.initiate("USER_SRP_AUTH", request).await.ok()["ChallengeParameters"].clone();
    (parameters["USERNAME"].clone(), parameters["USER_ID_FOR_SRP"].clone(), parameters["SALT"].clone())
}

/// A stranger who types a name in odd letters must not see from the echo whether it is somebody's.
async fn case_31_and_41_letter_case_does_not_tell_who_exists(lab: Lab) {
    let folding = json!({"UsernameConfiguration": {"CaseSensitive": false}});
    let scene = Scene::with(&lab, folding, json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    scene.user("Jane", json!([])).await;
    for name in ["jane", "nobody"] {
        let odd = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let (exact, other) = (srp_names(&scene, name).await, srp_names(&scene, &odd).await);
        assert_eq!(exact, other);
        assert_eq!((exact.0, exact.1), (json!(name), json!(name)));
    }
    for typed in ["Jane", "jane", "JANE"] {
        let tokens = scene.srp(typed, PASSWORD).await.ok();
        let claims = crate::scene::claims(&tokens["AuthenticationResult"]["AccessToken"]);
        assert_eq!(claims["username"], "Jane", "the name stays as it was given");
    }
}

/// The lock counts users, not the names that they are tried by (CVE-2025-24806).
async fn case_31_and_34_all_names_of_a_user_are_locked_together(lab: Lab) {
    let members = json!({"AliasAttributes": ["email", "preferred_username"], "UsernameConfiguration": {"CaseSensitive": false}});
    let scene = Scene::with(&lab, members, json!({})).await;
    let attributes = json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"},
            {"Name": "preferred_username", "Value": "janie"}]);
    let sub = scene.user("jane", attributes).await;
    for name in ["jane", "JANE", "jane@example.com", "janie", &sub] {
        scene.sign_in(name, "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);
    }
    for name in ["jane", "Jane@Example.com", "JANIE", &sub] {
        scene.sign_in(name, PASSWORD).await.refused(LOCKED.0, LOCKED.1);
        scene.srp(name, PASSWORD).await.refused(LOCKED.0, LOCKED.1);
        let request = json!({"UserPoolId": scene.pool, "ClientId": scene.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD}});
        lab.admin("AdminInitiateAuth", request).await.refused(LOCKED.0, LOCKED.1);
    }
}

/// A name is looked up by an index, whose entries are bounded, and is no longer than a user name.
async fn case_31_a_further_name_is_as_short_as_a_user_name(lab: Lab) {
    let scene = Scene::with(&lab, json!({"AliasAttributes": ["preferred_username"]}), json!({})).await;
    scene.user("jane", json!([])).await;
    let rename = async |name: String| {
        let attributes = json!([{"Name": "preferred_username", "Value": name}]);
        lab.admin(
            "AdminUpdateUserAttributes",
            json!({"UserPoolId": scene.pool, "Username": "jane", "UserAttributes": attributes}),
        )
        .await
    };
    // Letters that do not compress.
    let name = |length: u32| (0..length).filter_map(|i| char::from_u32(0x4e00 + i * 7919 % 20_000)).collect();
    rename(name(128)).await.ok();
    assert_eq!(rename(name(129)).await.error().0, "InvalidParameterException");
    assert_eq!(rename(name(2048)).await.error().0, "InvalidParameterException");
    scene.sign_in(&name(128), PASSWORD).await.ok();
}

both_engines!(
    case_31_and_41_letter_case_does_not_tell_who_exists,
    case_31_and_34_all_names_of_a_user_are_locked_together,
    case_31_a_further_name_is_as_short_as_a_user_name
);
