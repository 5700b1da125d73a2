//! A signed-in user looks, changes, proves addresses, and leaves.

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, merged},
    sign_up::{EXPIRED, LIMIT, MISMATCH, list, tally, verifying, wrong},
};
use serde_json::{Value, json};

const NEW: &str = "Another-Horse7";

/// A user with an access token.
struct Person {
    scene: Scene,
    name: String,
    token: String,
}

impl Person {
    async fn new(scene: &Scene, name: &str, attributes: Value) -> Person {
        scene.user(name, list(attributes)).await;
        Person::signed_in(scene, name).await
    }

    async fn signed_in(scene: &Scene, name: &str) -> Person {
        let tokens = scene.tokens(name).await;
        let token = tokens["AccessToken"].as_str().unwrap().to_owned();
        Person { scene: scene.clone(), name: name.to_owned(), token }
    }

    async fn call(&self, operation: &str, members: Value) -> Answer {
        self.scene.lab.call(operation, merged(json!({ "AccessToken": self.token }), members)).await
    }

    async fn change_password(&self, previous: &str, proposed: &str) -> Answer {
        let members = json!({ "PreviousPassword": previous, "ProposedPassword": proposed });
        self.call("ChangePassword", members).await
    }

    async fn update(&self, attributes: Value) -> Answer {
        self.call("UpdateUserAttributes", json!({ "UserAttributes": list(attributes) })).await
    }

    async fn verify(&self, attribute: &str, code: &str) -> Answer {
        self.call("VerifyUserAttribute", json!({ "AttributeName": attribute, "Code": code })).await
    }

    async fn ask_for_code(&self, attribute: &str) -> Answer {
        self.call("GetUserAttributeVerificationCode", json!({ "AttributeName": attribute })).await
    }

    /// An attribute as the administrator sees it.
    async fn has(&self, attribute: &str) -> Option<String> {
        self.scene.seen(&self.name).await.remove(attribute)
    }

    async fn code(&self) -> String {
        self.scene.lab.code_for(&self.name).await
    }
}

async fn sees_what_the_client_may_read(lab: Lab) {
    let members = json!({ "ReadAttributes": ["email", "custom:color"], "WriteAttributes": ["email"] });
    let pool = json!({ "Schema": [
            { "Name": "color", "AttributeDataType": "String", "Mutable": true },
            { "Name": "role", "AttributeDataType": "String", "Mutable": true } ] });
    let scene = Scene::with(&lab, pool, members).await;
    let attributes = json!({ "email": "jane@example.com", "name": "Jane", "custom:color": "red" });
    let jane = Person::new(&scene, "jane", attributes).await;
    let user = jane.call("GetUser", json!({})).await.ok();
    assert_eq!(user["Username"], "jane");
    let names: Vec<&str> =
        user["UserAttributes"].as_array().unwrap().iter().map(|a| a["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["sub", "custom:color", "email"]);
    assert!(user.get("UserMFASettingList").is_none() && user.get("PreferredMfaSetting").is_none());
    // Attack case 30: what a token may say of a user is not the user's to write.
    for name in ["custom:role", "custom:color", "name"] {
        jane.update(json!({ name: "admin" }))
            .await
            .refused("NotAuthorizedException", "A client attempted to write unauthorized attribute");
    }
}

async fn changes_the_password(lab: Lab) {
    let pool = json!({ "Policies": { "PasswordPolicy": { "MinimumLength": 8, "PasswordHistorySize": 2 } } });
    let scene = Scene::with(&lab, pool, json!({})).await;
    let jane = Person::new(&scene, "jane", json!({})).await;
    let incorrect = ("NotAuthorizedException", "Incorrect username or password.");
    jane.change_password("Wrong-Horse1", NEW).await.refused(incorrect.0, incorrect.1);
    jane.call("ChangePassword", json!({ "ProposedPassword": NEW })).await.refused(incorrect.0, incorrect.1);
    jane.change_password(PASSWORD, "short")
        .await
        .refused("InvalidPasswordException", "Password does not conform to policy: Password not long enough");
    let used = jane.change_password(PASSWORD, PASSWORD).await.error();
    assert_eq!(used.0, "PasswordHistoryPolicyViolationException");
    assert_eq!(jane.change_password(PASSWORD, NEW).await.ok(), json!({}));
    scene.sign_in("jane", NEW).await.ok();
    scene.sign_in("jane", PASSWORD).await.refused(incorrect.0, incorrect.1);
    let used = jane.change_password(NEW, PASSWORD).await.error();
    assert_eq!(used.0, "PasswordHistoryPolicyViolationException");
}

async fn a_stolen_token_does_not_find_the_password(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let jane = Person::new(&scene, "jane", json!({})).await;
    let input =
        json!({ "AccessToken": jane.token, "PreviousPassword": "Wrong-Horse1", "ProposedPassword": NEW });
    let counts = tally(&crate::sign_up::at_once(&lab, 20, "ChangePassword", input).await);
    assert_eq!(counts.get("LimitExceededException"), Some(&15), "{counts:?}");
    assert_eq!(counts.get("NotAuthorizedException"), Some(&5), "{counts:?}");
    jane.change_password(PASSWORD, NEW).await.refused(LIMIT.0, LIMIT.1);
    lab.advance(3_600);
    let jane = Person::signed_in(&scene, "jane").await;
    jane.change_password(PASSWORD, NEW).await.ok();
}

async fn a_new_address_is_unverified_until_it_is_proved(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let old = json!({ "email": "old@example.com", "email_verified": "true" });
    let jane = Person::new(&scene, "jane", old).await;
    let answer = jane.update(json!({ "email": "new@example.com", "name": "Jane" })).await.ok();
    let details = json!({ "Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email" });
    assert_eq!(answer, json!({ "CodeDeliveryDetailsList": [details] }));
    assert_eq!(jane.has("email").await.as_deref(), Some("new@example.com"));
    assert_eq!(jane.has("email_verified").await.as_deref(), Some("false"));
    assert_eq!(jane.has("name").await.as_deref(), Some("Jane"));
    let code = lab.code_for("new@example.com").await;
    jane.verify("email", wrong(&code)).await.refused(MISMATCH.0, MISMATCH.1);
    jane.verify("phone_number", &code).await.refused(EXPIRED.0, EXPIRED.1);
    assert_eq!(jane.verify("email", &code).await.ok(), json!({}));
    assert_eq!(jane.has("email_verified").await.as_deref(), Some("true"));
    jane.verify("email", &code).await.refused(EXPIRED.0, EXPIRED.1);
    assert_eq!(jane.update(json!({ "name": "J" })).await.ok(), json!({ "CodeDeliveryDetailsList": [] }));
}

async fn codes_of_addresses_are_limited(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let jane = Person::new(&scene, "jane", json!({ "email": "jane@example.com" })).await;
    jane.ask_for_code("name").await.refused(
        "InvalidParameterException",
        "Invalid attribute name. Only phone_number and email can be verified.",
    );
    jane.verify("name", "123456").await.refused(
        "InvalidParameterException",
        "Invalid attribute name. Only phone_number and email can be verified.",
    );
    jane.ask_for_code("phone_number")
        .await
        .refused("InvalidParameterException", "User does not have a value for the attribute phone_number.");
    jane.verify("email", "123456").await.refused(EXPIRED.0, EXPIRED.1);
    for _ in 0..4 {
        let answer = jane.ask_for_code("email").await.ok();
        assert_eq!(answer["CodeDeliveryDetails"]["AttributeName"], "email");
    }
    jane.ask_for_code("email").await.refused(LIMIT.0, LIMIT.1);
    let code = jane.code().await;
    for _ in 0..14 {
        jane.verify("email", wrong(&code)).await.refused(MISMATCH.0, MISMATCH.1);
    }
    jane.verify("email", &code).await.refused(LIMIT.0, LIMIT.1);
    lab.advance(3_600);
    let jane = Person::signed_in(&scene, "jane").await;
    jane.verify("email", &code).await.ok();
    jane.ask_for_code("email").await.ok();
    let code = jane.code().await;
    lab.advance(24 * 3_600);
    Person::signed_in(&scene, "jane").await.verify("email", &code).await.refused(EXPIRED.0, EXPIRED.1);
}

async fn the_old_address_stays_until_the_new_one_is_proved(lab: Lab) {
    let pool = json!({ "AutoVerifiedAttributes": ["email"], "UsernameAttributes": ["email"],
            "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] } });
    let scene = Scene::with(&lab, pool, json!({})).await;
    scene.user("old@example.com", list(json!({ "email_verified": "true" }))).await;
    let jane = Person::signed_in(&scene, "old@example.com").await;
    for address in ["first@example.com", "second@example.com"] {
        let answer = jane.update(json!({ "email": address })).await.ok();
        assert_eq!(answer["CodeDeliveryDetailsList"][0]["AttributeName"], "email");
    }
    assert_eq!(jane.has("email").await.as_deref(), Some("old@example.com"));
    assert_eq!(jane.has("email_verified").await.as_deref(), Some("true"));
    scene.sign_in("old@example.com", PASSWORD).await.ok();
    assert_eq!(scene.sign_in("second@example.com", PASSWORD).await.status, 400);
    // Attack case 33: a code proves the address it was sent to; the second change voided the first.
    let (first, second) = (lab.code_for("first@example.com").await, lab.code_for("second@example.com").await);
    if first != second {
        jane.verify("email", &first).await.refused(MISMATCH.0, MISMATCH.1);
    }
    jane.verify("email", &second).await.ok();
    let person = Person { name: "second@example.com".into(), ..jane };
    assert_eq!(person.has("email").await.as_deref(), Some("second@example.com"));
    assert_eq!(person.has("email_verified").await.as_deref(), Some("true"));
    scene.sign_in("second@example.com", PASSWORD).await.ok();
    assert_eq!(scene.sign_in("old@example.com", PASSWORD).await.status, 400);
}

async fn a_code_does_not_verify_what_came_after_it(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let jane = Person::new(&scene, "jane", json!({ "email": "mine@example.com" })).await;
    jane.ask_for_code("email").await.ok();
    let code = jane.code().await;
    // The administrator's change of the address sends a code of its own, to the victim.
    jane.update(json!({ "email": "victim@example.com" })).await.ok();
    let victims = lab.code_for("victim@example.com").await;
    if code != victims {
        jane.verify("email", &code).await.refused(MISMATCH.0, MISMATCH.1);
    }
    assert_eq!(jane.has("email_verified").await.as_deref(), Some("false"));
}

// Attack case 29.
async fn nobody_verifies_by_saying_so(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let jane = Person::new(&scene, "jane", json!({ "email": "jane@example.com" })).await;
    for attributes in [
        json!({ "email_verified": "true" }),
        json!({ "phone_number_verified": "true" }),
        json!({ "email": "victim@example.com", "email_verified": "true" }),
    ] {
        jane.update(attributes)
            .await
            .refused("NotAuthorizedException", "A client attempted to write unauthorized attribute");
    }
    jane.update(json!({ "sub": "00000000-0000-4000-8000-000000000000" })).await.error();
    assert_eq!(jane.has("email").await.as_deref(), Some("jane@example.com"));
    assert_ne!(jane.has("email_verified").await.as_deref(), Some("true"));
}

async fn an_alias_of_another_user_is_refused(lab: Lab) {
    let pool = json!({ "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"] });
    let scene = Scene::with(&lab, pool, json!({})).await;
    scene.user("owner", list(json!({ "email": "shared@example.com", "email_verified": "true" }))).await;
    let jane = Person::new(&scene, "jane", json!({})).await;
    jane.update(json!({ "email": "shared@example.com" })).await.ok();
    let code = jane.code().await;
    jane.verify("email", &code)
        .await
        .refused("AliasExistsException", "An account with the given email already exists.");
    scene.admin("AdminDeleteUser", json!({ "Username": "owner" })).await;
    // The refusal left the code good.
    jane.verify("email", &code).await.ok();
    assert_eq!(scene.seen("shared@example.com").await["username"], "jane");
}

async fn attributes_go_with_what_belongs_to_them(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let attributes = json!({ "email": "jane@example.com", "email_verified": "true", "name": "Jane" });
    let jane = Person::new(&scene, "jane", attributes).await;
    let delete = |names: Value| json!({ "UserAttributeNames": names });
    assert_eq!(jane.call("DeleteUserAttributes", delete(json!(["name", "email"]))).await.ok(), json!({}));
    assert_eq!((jane.has("name").await, jane.has("email").await), (None, None));
    assert_ne!(jane.has("email_verified").await.as_deref(), Some("true"));
    assert_eq!(jane.call("DeleteUserAttributes", delete(json!(["custom:x"]))).await.status, 400);
    assert_eq!(jane.call("DeleteUserAttributes", delete(json!(["sub"]))).await.status, 400);
}

// Attack case 32: a name that is free again brings nothing of its former bearer.
async fn leaves_for_good(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let jane = Person::new(&scene, "jane", json!({ "email": "jane@example.com" })).await;
    let sub = jane.has("sub").await;
    scene.admin("CreateGroup", json!({ "GroupName": "admins" })).await;
    scene.admin("AdminAddUserToGroup", json!({ "Username": "jane", "GroupName": "admins" })).await;
    jane.ask_for_code("email").await.ok();
    let code = jane.code().await;
    let answer = jane.call("DeleteUser", json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    jane.call("GetUser", json!({})).await.refused("UserNotFoundException", "User does not exist.");
    jane.call("DeleteUser", json!({})).await.refused("UserNotFoundException", "User does not exist.");
    let again = Person::new(&scene, "jane", json!({ "email": "jane@example.com" })).await;
    assert_ne!(again.has("sub").await, sub);
    let groups = scene.admin("AdminListGroupsForUser", json!({ "Username": "jane" })).await;
    assert_eq!(groups["Groups"], json!([]));
    again.verify("email", &code).await.refused(EXPIRED.0, EXPIRED.1);
}

both_engines!(
    sees_what_the_client_may_read,
    changes_the_password,
    a_stolen_token_does_not_find_the_password,
    a_new_address_is_unverified_until_it_is_proved,
    codes_of_addresses_are_limited,
    the_old_address_stays_until_the_new_one_is_proved,
    a_code_does_not_verify_what_came_after_it,
    nobody_verifies_by_saying_so,
    an_alias_of_another_user_is_refused,
    attributes_go_with_what_belongs_to_them,
    leaves_for_good
);
