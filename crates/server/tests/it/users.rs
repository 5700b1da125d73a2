//! What administrators do with users: every status that they cause, names, attributes, passwords, tenancy.

use crate::lab::Lab;
use serde_json::{Value, json};

const PASSWORD: &str = "Secret-pass-1";
const UNKNOWN: (&str, &str) = ("UserNotFoundException", "User does not exist.");

/// A new pool with these members besides its name.
pub async fn pool(lab: &Lab, members: Value) -> String {
    let answer = lab.admin("CreateUserPool", with(json!({ "PoolName": "users" }), members)).await.ok();
    answer["UserPool"]["Id"].as_str().unwrap().to_owned()
}

/// `base` with further members.
pub fn with(mut base: Value, members: Value) -> Value {
    base.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    base
}

/// The wire's list of attributes, from an object.
pub fn attributes(values: Value) -> Value {
    values.as_object().unwrap().iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
}

/// An attribute in the wire's list.
pub fn attribute<'a>(list: &'a Value, name: &str) -> Option<&'a str> {
    list.as_array().unwrap().iter().find(|a| a["Name"] == name).and_then(|a| a["Value"].as_str())
}

/// Makes a user with these attributes, without a message; answers the sub.
pub async fn create(lab: &Lab, pool: &str, username: &str, values: Value) -> String {
    let input = json!({ "UserPoolId": pool, "Username": username, "MessageAction": "SUPPRESS",
        "UserAttributes": attributes(values) });
    let user = lab.admin("AdminCreateUser", input).await.ok();
    attribute(&user["User"]["Attributes"], "sub").unwrap().to_owned()
}

async fn get(lab: &Lab, pool: &str, username: &str) -> Value {
    lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": username })).await.ok()
}

async fn update(lab: &Lab, pool: &str, username: &str, values: Value) -> crate::lab::Answer {
    let input = json!({ "UserPoolId": pool, "Username": username, "UserAttributes": attributes(values) });
    lab.admin("AdminUpdateUserAttributes", input).await
}

async fn set_password(
    lab: &Lab,
    pool: &str,
    username: &str,
    password: &str,
    permanent: bool,
) -> crate::lab::Answer {
    let input =
        json!({ "UserPoolId": pool, "Username": username, "Password": password, "Permanent": permanent });
    lab.admin("AdminSetUserPassword", input).await
}

/// How many messages were written for an address or user.
async fn messages(lab: &Lab, to: &str) -> usize {
    let to = to.replace('@', "%40").replace('+', "%2B");
    let list = lab.get(&format!("/_cognate/outbox?to={to}")).await.ok();
    list.as_array().or_else(|| list["messages"].as_array()).unwrap().len()
}

async fn client(lab: &Lab, pool: &str) -> String {
    let flows = json!(["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    let input = json!({ "UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": flows });
    let answer = lab.admin("CreateUserPoolClient", input).await.ok();
    answer["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned()
}

async fn sign_up(lab: &Lab, client: &str, username: &str, values: Value) -> crate::lab::Answer {
    let input = json!({ "ClientId": client, "Username": username, "Password": PASSWORD,
        "UserAttributes": attributes(values) });
    lab.call("SignUp", input).await
}

/// Signs in as an administrator does for a user; answers the tokens.
async fn sign_in(lab: &Lab, pool: &str, client: &str, username: &str) -> crate::lab::Answer {
    let input = json!({ "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": username, "PASSWORD": PASSWORD } });
    lab.admin("AdminInitiateAuth", input).await
}

async fn an_invited_user(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let input = json!({ "UserPoolId": pool, "Username": "jane", "DesiredDeliveryMediums": ["EMAIL"],
            "UserAttributes": attributes(json!({ "email": "jane@example.com", "email_verified": "True" })) });
    let made = lab.admin("AdminCreateUser", input).await.ok();
    let user = &made["User"];
    assert_eq!(user["Username"], "jane");
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert_eq!(user["Enabled"], true);
    assert_eq!(user["UserCreateDate"], user["UserLastModifiedDate"]);
    assert_eq!(attribute(&user["Attributes"], "email_verified"), Some("true"));
    let sub = attribute(&user["Attributes"], "sub").unwrap();
    assert_eq!(sub.len(), 36);
    assert_eq!(lab.code_for("jane@example.com").await.len(), 12);

    let found = get(&lab, &pool, "jane").await;
    assert_eq!(found["UserAttributes"], user["Attributes"]);
    assert_eq!(found["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert!(found.get("UserMFASettingList").is_none() && found.get("PreferredMfaSetting").is_none());
    assert_eq!(get(&lab, &pool, sub).await, found);
    let again = json!({ "UserPoolId": pool, "Username": "jane" });
    lab.admin("AdminCreateUser", again)
        .await
        .refused("UsernameExistsException", "User account already exists");
    lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": "joe" }))
        .await
        .refused(UNKNOWN.0, UNKNOWN.1);
    let no_pool = json!({ "UserPoolId": "us-east-1_Nope12345", "Username": "jane" });
    lab.admin("AdminGetUser", no_pool)
        .await
        .refused("ResourceNotFoundException", "User pool us-east-1_Nope12345 does not exist.");
}

async fn invitations(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let both = attributes(json!({ "email": "jane@example.com", "phone_number": "+15555550100" }));
    let invite = |name: &str, members: Value| {
        lab.admin("AdminCreateUser", with(json!({ "UserPoolId": pool, "Username": name }), members))
    };
    invite("a", json!({ "UserAttributes": both })).await.ok();
    assert_eq!((messages(&lab, "jane@example.com").await, messages(&lab, "+15555550100").await), (0, 1));
    invite("b", json!({ "UserAttributes": both, "DesiredDeliveryMediums": ["SMS", "EMAIL"] })).await.ok();
    assert_eq!((messages(&lab, "jane@example.com").await, messages(&lab, "+15555550100").await), (1, 2));
    invite("c", json!({ "UserAttributes": both, "MessageAction": "SUPPRESS" })).await.ok();
    assert_eq!((messages(&lab, "jane@example.com").await, messages(&lab, "+15555550100").await), (1, 2));
    invite("d", json!({ "DesiredDeliveryMediums": ["EMAIL"] }))
        .await
        .refused("InvalidParameterException", "No email provided but desired delivery medium was Email");
    invite("f", json!({ "UserAttributes": attributes(json!({ "email": "f@example.com" })) })).await.ok();
    assert_eq!(messages(&lab, "f@example.com").await, 1);
    invite("g", json!({})).await.ok();
    invite("g", json!({ "MessageAction": "RESEND" })).await.error();
    invite("e", json!({ "TemporaryPassword": "short" })).await.refused(
        "InvalidPasswordException",
        "Password did not conform with password policy: Password not long enough",
    );
    for name in ["d", "e"] {
        lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": name }))
            .await
            .refused(UNKNOWN.0, UNKNOWN.1);
    }

    let first = lab.code_for("b").await;
    lab.advance(60);
    let email = json!({ "MessageAction": "RESEND", "DesiredDeliveryMediums": ["EMAIL"] });
    let resent = invite("b", email.clone()).await.ok();
    assert_eq!(resent["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert_ne!(lab.code_for("jane@example.com").await, first);
    invite("nobody", email.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
    set_password(&lab, &pool, "b", PASSWORD, true).await.ok();
    assert_eq!(invite("b", email).await.error().0, "UnsupportedUserStateException");
    assert_eq!(messages(&lab, "jane@example.com").await, 2);
}

async fn users_without_a_password(lab: Lab) {
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let pool = pool(&lab, json!({ "Policies": policies })).await;
    let create = |members: Value| {
        lab.admin(
            "AdminCreateUser",
            with(json!({ "UserPoolId": pool, "MessageAction": "SUPPRESS" }), members),
        )
    };
    let email = attributes(json!({ "email": "jane@example.com", "email_verified": "true" }));
    let user = create(json!({ "Username": "a", "UserAttributes": email })).await.ok();
    assert_eq!(user["User"]["UserStatus"], "CONFIRMED");
    let user =
        create(json!({ "Username": "b", "UserAttributes": email, "TemporaryPassword": PASSWORD })).await.ok();
    assert_eq!(user["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert_eq!(create(json!({ "Username": "c" })).await.error().0, "InvalidParameterException");
}

async fn statuses(lab: Lab) {
    let recovery = json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "verified_email" }] });
    let pool = pool(&lab, json!({ "AccountRecoverySetting": recovery })).await;
    let status = async |name: &str| get(&lab, &pool, name).await["UserStatus"].as_str().unwrap().to_owned();
    let admin = async |operation: &str, name: &str| {
        lab.admin(operation, json!({ "UserPoolId": pool, "Username": name })).await
    };
    create(&lab, &pool, "jane", json!({ "email": "jane@example.com", "email_verified": "true" })).await;
    assert_eq!(status("jane").await, "FORCE_CHANGE_PASSWORD");
    admin("AdminResetUserPassword", "jane")
        .await
        .refused("NotAuthorizedException", "User password cannot be reset in the current state.");
    admin("AdminConfirmSignUp", "jane").await.refused(
        "NotAuthorizedException",
        "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD",
    );
    set_password(&lab, &pool, "jane", PASSWORD, true).await.ok();
    assert_eq!(status("jane").await, "CONFIRMED");
    set_password(&lab, &pool, "jane", PASSWORD, false).await.ok();
    assert_eq!(status("jane").await, "FORCE_CHANGE_PASSWORD");
    set_password(&lab, &pool, "jane", PASSWORD, true).await.ok();
    admin("AdminResetUserPassword", "jane").await.ok();
    assert_eq!(status("jane").await, "RESET_REQUIRED");
    assert_eq!(lab.code_for("jane@example.com").await.len(), 6);
    admin("AdminResetUserPassword", "jane").await.ok();
    assert_eq!(messages(&lab, "jane@example.com").await, 2);
    set_password(&lab, &pool, "jane", PASSWORD, true).await.ok();
    assert_eq!(status("jane").await, "CONFIRMED");

    create(&lab, &pool, "joe", json!({ "email": "joe@example.com" })).await;
    set_password(&lab, &pool, "joe", PASSWORD, true).await.ok();
    admin("AdminResetUserPassword", "joe").await.refused(
        "InvalidParameterException",
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    );
    assert_eq!(status("joe").await, "CONFIRMED");
}

async fn statuses_after_sign_up(lab: Lab) {
    let pool = pool(&lab, json!({ "AutoVerifiedAttributes": ["email"] })).await;
    let status = async |name: &str| get(&lab, &pool, name).await["UserStatus"].as_str().unwrap().to_owned();
    let admin = async |operation: &str, name: &str| {
        lab.admin(operation, json!({ "UserPoolId": pool, "Username": name })).await
    };
    let client = client(&lab, &pool).await;
    sign_up(&lab, &client, "ann", json!({ "email": "ann@example.com" })).await.ok();
    assert_eq!(status("ann").await, "UNCONFIRMED");
    admin("AdminResetUserPassword", "ann").await.error();
    admin("AdminConfirmSignUp", "ann").await.ok();
    assert_eq!(status("ann").await, "CONFIRMED");
    assert_ne!(attribute(&get(&lab, &pool, "ann").await["UserAttributes"], "email_verified"), Some("true"));
    admin("AdminConfirmSignUp", "ann")
        .await
        .refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED");
    sign_up(&lab, &client, "bob", json!({})).await.ok();
    set_password(&lab, &pool, "bob", PASSWORD, true).await.ok();
    assert_eq!(status("bob").await, "CONFIRMED");
}

/// Who is disabled or deleted holds tokens of no use, and neither being enabled again nor a successor of
/// the same name brings them back.
async fn tokens_end_with_their_user(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let client = client(&lab, &pool).await;
    let named = json!({ "UserPoolId": pool, "Username": "jane" });
    create(&lab, &pool, "jane", json!({})).await;
    set_password(&lab, &pool, "jane", PASSWORD, true).await.ok();
    let refresh = async |tokens: &Value| {
        lab.call(
            "InitiateAuth",
            json!({ "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH",
                "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } }),
        )
        .await
    };
    let get_user =
        async |tokens: &Value| lab.call("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    let tokens = sign_in(&lab, &pool, &client, "jane").await.ok()["AuthenticationResult"].clone();
    assert_eq!(get_user(&tokens).await.ok()["Username"], "jane");
    refresh(&tokens).await.ok();
    lab.admin("AdminDisableUser", named.clone()).await.ok();
    for _ in 0..2 {
        assert_eq!(get_user(&tokens).await.error().0, "NotAuthorizedException");
        assert_eq!(refresh(&tokens).await.error().0, "NotAuthorizedException");
        lab.admin("AdminEnableUser", named.clone()).await.ok();
    }
    lab.advance(1);
    let tokens = sign_in(&lab, &pool, &client, "jane").await.ok()["AuthenticationResult"].clone();
    get_user(&tokens).await.ok();
    lab.admin("AdminDeleteUser", named).await.ok();
    create(&lab, &pool, "jane", json!({})).await;
    set_password(&lab, &pool, "jane", PASSWORD, true).await.ok();
    get_user(&tokens).await.error();
    refresh(&tokens).await.error();
}

async fn the_password_that_was_set_signs_in(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let client = client(&lab, &pool).await;
    let input = json!({ "UserPoolId": pool, "Username": "jane", "MessageAction": "SUPPRESS",
            "TemporaryPassword": PASSWORD });
    lab.admin("AdminCreateUser", input).await.ok();
    assert_eq!(sign_in(&lab, &pool, &client, "jane").await.ok()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    set_password(&lab, &pool, "jane", PASSWORD, true).await.ok();
    assert!(sign_in(&lab, &pool, &client, "jane").await.ok()["AuthenticationResult"].is_object());
    set_password(&lab, &pool, "jane", "Other-pass-22", true).await.ok();
    assert_eq!(sign_in(&lab, &pool, &client, "jane").await.error().0, "NotAuthorizedException");
}

/// A generated temporary password is the one in the message, and it ages.
async fn the_invitations_password_ages(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let client = client(&lab, &pool).await;
    let input = json!({ "UserPoolId": pool, "Username": "jane", "DesiredDeliveryMediums": ["EMAIL"],
            "UserAttributes": attributes(json!({ "email": "jane@example.com" })) });
    lab.admin("AdminCreateUser", input.clone()).await.ok();
    let password = lab.code_for("jane@example.com").await;
    let sign_in = async |password: &str| {
        lab.admin(
            "AdminInitiateAuth",
            json!({ "UserPoolId": pool, "ClientId": client,
                "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                "AuthParameters": { "USERNAME": "jane", "PASSWORD": password } }),
        )
        .await
    };
    assert_eq!(sign_in(&password).await.ok()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    lab.advance(7 * 86_400);
    assert_eq!(sign_in(&password).await.error().0, "NotAuthorizedException");
    lab.admin("AdminCreateUser", with(input, json!({ "MessageAction": "RESEND" }))).await.ok();
    let renewed = lab.code_for("jane@example.com").await;
    assert_eq!(sign_in(&renewed).await.ok()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(sign_in(&password).await.error().0, "NotAuthorizedException");
}

async fn enabled_and_disabled(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    create(&lab, &pool, "jane", json!({})).await;
    let named = json!({ "UserPoolId": pool, "Username": "jane" });
    for (operation, enabled) in
        [("AdminDisableUser", false), ("AdminDisableUser", false), ("AdminEnableUser", true)]
    {
        lab.advance(1);
        assert_eq!(lab.admin(operation, named.clone()).await.ok(), json!({}));
        let user = get(&lab, &pool, "jane").await;
        assert_eq!(
            (&user["Enabled"], &user["UserStatus"]),
            (&json!(enabled), &json!("FORCE_CHANGE_PASSWORD"))
        );
        assert!(user["UserLastModifiedDate"].as_f64() > user["UserCreateDate"].as_f64());
    }
    lab.admin("AdminDeleteUser", named.clone()).await.ok();
    for operation in [
        "AdminGetUser",
        "AdminEnableUser",
        "AdminDisableUser",
        "AdminDeleteUser",
        "AdminConfirmSignUp",
        "AdminResetUserPassword",
        "AdminListGroupsForUser",
    ] {
        lab.admin(operation, named.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    update(&lab, &pool, "jane", json!({ "name": "x" })).await.refused(UNKNOWN.0, UNKNOWN.1);
    set_password(&lab, &pool, "jane", PASSWORD, true).await.refused(UNKNOWN.0, UNKNOWN.1);
}

async fn password_rules(lab: Lab) {
    let policy = json!({ "PasswordPolicy": { "MinimumLength": 8, "PasswordHistorySize": 2 } });
    let pool = pool(&lab, json!({ "Policies": policy })).await;
    create(&lab, &pool, "jane", json!({})).await;
    set_password(&lab, &pool, "jane", "short", true)
        .await
        .refused("InvalidPasswordException", "Password does not conform to policy: Password not long enough");
    for password in ["password-1", "password-2", "password-3"] {
        set_password(&lab, &pool, "jane", password, true).await.ok();
    }
    for (password, ok) in
        [("password-3", false), ("password-2", false), ("password-1", true), ("password-3", false)]
    {
        let answer = set_password(&lab, &pool, "jane", password, true).await;
        if ok {
            answer.ok();
        } else {
            assert_eq!(answer.error().0, "PasswordHistoryPolicyViolationException", "{password}");
        }
    }
}

async fn attributes_of_a_user(lab: Lab) {
    let schema = json!([
        { "Name": "plan", "AttributeDataType": "String", "Mutable": true },
        { "Name": "tenant", "AttributeDataType": "String", "Mutable": false },
        { "Name": "role", "AttributeDataType": "String", "Mutable": true, "DeveloperOnlyAttribute": true },
    ]);
    let pool = pool(&lab, json!({ "Schema": schema })).await;
    create(&lab, &pool, "jane", json!({ "custom:tenant": "t1", "name": "Jane" })).await;
    let values = json!({ "custom:plan": "gold", "dev:custom:role": "root", "name": "", "nickname": "J" });
    assert_eq!(update(&lab, &pool, "jane", values).await.ok(), json!({}));
    let list = get(&lab, &pool, "jane").await["UserAttributes"].clone();
    for (name, expected) in [
        ("custom:plan", Some("gold")),
        ("dev:custom:role", Some("root")),
        ("name", None),
        ("nickname", Some("J")),
        ("custom:tenant", Some("t1")),
    ] {
        assert_eq!(attribute(&list, name), expected, "{name}");
    }
    for (values, text) in [
        (json!({ "custom:tenant": "t2" }), "user.custom:tenant: Attribute cannot be updated."),
        (json!({ "sub": "x" }), "user.sub: Attribute cannot be updated."),
        (json!({ "identities": "[]" }), "user.identities: Attribute cannot be updated."),
        (json!({ "custom:nope": "x" }), "Type for attribute {custom:nope} could not be determined"),
        (json!({ "email": "jane" }), "Invalid email address format."),
        (json!({ "phone_number": "123" }), "Invalid phone number format."),
        (
            json!({ "nickname": "K", "custom:nope": "x" }),
            "Type for attribute {custom:nope} could not be determined",
        ),
    ] {
        update(&lab, &pool, "jane", values).await.refused("InvalidParameterException", text);
    }
    let delete = |names: Value| {
        lab.admin(
            "AdminDeleteUserAttributes",
            json!({ "UserPoolId": pool, "Username": "jane", "UserAttributeNames": names }),
        )
    };
    delete(json!(["custom:nope"])).await.refused(
        "InvalidParameterException",
        "Invalid user attributes: user.custom:nope: Attribute does not exist in the schema.\n",
    );
    assert_eq!(delete(json!(["nickname", "custom:plan"])).await.ok(), json!({}));
    let list = get(&lab, &pool, "jane").await["UserAttributes"].clone();
    assert_eq!((attribute(&list, "nickname"), attribute(&list, "custom:plan")), (None, None));
}

async fn changed_addresses(lab: Lab) {
    let before_update = json!({ "AttributesRequireVerificationBeforeUpdate": ["email"] });
    let strict = pool(
        &lab,
        json!({ "AutoVerifiedAttributes": ["email"],
            "UserAttributeUpdateSettings": before_update }),
    )
    .await;
    let usual = pool(&lab, json!({ "AutoVerifiedAttributes": ["email"] })).await;
    let plain = pool(&lab, json!({})).await;
    for (pool, shown, verified, sent) in [
        (&strict, "old@example.com", "true", 1),
        (&usual, "new@example.com", "false", 2),
        (&plain, "new@example.com", "false", 2),
    ] {
        create(&lab, pool, "jane", json!({ "email": "old@example.com", "email_verified": "true" })).await;
        update(&lab, pool, "jane", json!({ "email": "new@example.com" })).await.ok();
        let list = get(&lab, pool, "jane").await["UserAttributes"].clone();
        assert_eq!(attribute(&list, "email"), Some(shown));
        assert_eq!(attribute(&list, "email_verified"), Some(verified));
        assert_eq!(messages(&lab, "new@example.com").await, sent);
        update(&lab, pool, "jane", json!({ "email": "third@example.com", "email_verified": "true" }))
            .await
            .ok();
        let list = get(&lab, pool, "jane").await["UserAttributes"].clone();
        assert_eq!(attribute(&list, "email"), Some("third@example.com"));
        assert_eq!(attribute(&list, "email_verified"), Some("true"));
        assert_eq!(messages(&lab, "third@example.com").await, 0);
    }
    update(&lab, &plain, "jane", json!({ "email": "" })).await.ok();
    let list = get(&lab, &plain, "jane").await["UserAttributes"].clone();
    assert_eq!((attribute(&list, "email"), attribute(&list, "email_verified")), (None, None));
}

async fn triggers_are_not_skipped(lab: Lab) {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let pool = pool(&lab, json!({ "LambdaConfig": { "PreSignUp": arn } })).await;
    let refused = lab.admin("AdminCreateUser", json!({ "UserPoolId": pool, "Username": "jane" })).await;
    assert_eq!(refused.error().0, "UnexpectedLambdaException");
    lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": "jane" }))
        .await
        .refused(UNKNOWN.0, UNKNOWN.1);
}

both_engines!(
    an_invited_user,
    invitations,
    users_without_a_password,
    statuses,
    statuses_after_sign_up,
    tokens_end_with_their_user,
    the_password_that_was_set_signs_in,
    the_invitations_password_ages,
    enabled_and_disabled,
    password_rules,
    attributes_of_a_user,
    changed_addresses,
    triggers_are_not_skipped
);
