//! User pools: their defaults, what is kept of a configuration, every refusal, and changes at the same time.

use crate::lab::Lab;
use serde_json::{Value, json};

const SMS: &str = "arn:aws:iam::123456789012:role/sms";
const SES: &str = "arn:aws:ses:us-east-1:123456789012:identity/a@example.com";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";
const INVALID: &str = "InvalidParameterException";

async fn create(lab: &Lab, mut settings: Value) -> Value {
    settings["PoolName"] = json!("p");
    lab.admin("CreateUserPool", settings).await.ok()["UserPool"].clone()
}

async fn describe(lab: &Lab, id: &Value) -> Value {
    lab.admin("DescribeUserPool", json!({"UserPoolId": id})).await.ok()["UserPool"].clone()
}

/// The same without its dates, which differ from call to call.
fn timeless(described: &Value) -> Value {
    let mut described = described.clone();
    let members = described.as_object_mut().unwrap();
    let (made, changed) =
        (members.remove("CreationDate").unwrap(), members.remove("LastModifiedDate").unwrap());
    assert!(made.as_f64().unwrap() <= changed.as_f64().unwrap(), "{made} {changed}");
    described
}

/// What UpdateUserPool takes of what DescribeUserPool answers, as clients send it back.
fn sent_back(described: &Value) -> Value {
    let mut request = described.clone();
    let members = request.as_object_mut().unwrap();
    let id = members.remove("Id").unwrap();
    let name = members.remove("Name").unwrap();
    for member in [
        "Arn",
        "CreationDate",
        "LastModifiedDate",
        "EstimatedNumberOfUsers",
        "SchemaAttributes",
        "AliasAttributes",
        "UsernameAttributes",
        "UsernameConfiguration",
    ] {
        members.remove(member);
    }
    request["UserPoolId"] = id;
    request["PoolName"] = name;
    // Of the two names of one setting only one may be sent; Terraform sends this one.
    request["AdminCreateUserConfig"].as_object_mut().unwrap().remove("UnusedAccountValidityDays");
    request
}

/// A configuration that names every member.
fn everything() -> Value {
    json!({
        "Policies": {
            "PasswordPolicy": {"MinimumLength": 10, "RequireUppercase": false, "RequireLowercase": true,
                "RequireNumbers": true, "RequireSymbols": false, "PasswordHistorySize": 4,
                "TemporaryPasswordValidityDays": 3},
            "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]},
        },
        "DeletionProtection": "ACTIVE",
        "LambdaConfig": {"PreSignUp": FUNCTION, "CustomMessage": FUNCTION, "PreTokenGeneration": FUNCTION,
            "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": FUNCTION},
            "CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": FUNCTION},
            "KMSKeyID": "arn:aws:kms:us-east-1:123456789012:key/1"},
        "AutoVerifiedAttributes": ["email", "phone_number"],
        "UsernameAttributes": ["email", "phone_number"],
        "SmsVerificationMessage": "{####} by SMS",
        "EmailVerificationMessage": "{####} by e-mail",
        "EmailVerificationSubject": "Verify",
        "VerificationMessageTemplate": {"SmsMessage": "{####} by SMS", "EmailMessage": "{####} by e-mail",
            "EmailSubject": "Verify", "EmailMessageByLink": "{##here##}", "EmailSubjectByLink": "Click",
            "DefaultEmailOption": "CONFIRM_WITH_CODE"},
        "SmsAuthenticationMessage": "{####} to sign in",
        "MfaConfiguration": "OPTIONAL",
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false},
        "EmailConfiguration": {"SourceArn": SES, "ReplyToEmailAddress": "r@example.com",
            "EmailSendingAccount": "DEVELOPER", "From": "A <a@example.com>", "ConfigurationSet": "set"},
        "SmsConfiguration": {"SnsCallerArn": SMS, "ExternalId": "x", "SnsRegion": "eu-west-1"},
        "UserPoolTags": {"team": "blue"},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true,
            "InviteMessageTemplate": {"SMSMessage": "{username} {####}", "EmailMessage": "{username}, {####}",
                "EmailSubject": "Welcome"}},
        "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT",
            "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "AUDIT"}},
        "DcrConfiguration": {"EnableStatus": "Enabled", "OpenDcrEnabled": false, "AllowedScopes": ["openid"]},
        "UsernameConfiguration": {"CaseSensitive": false},
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        "UserPoolTier": "PLUS",
        "KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"},
        "IssuerConfiguration": {"Type": "ORIGINAL"},
        "AcrConfiguration": {"Level1": {"AcrValue": "low"}, "Level2": {"AcrValue": "mid"},
            "Level3": {"AcrValue": "high"}, "Level4": {"AcrValue": "top"}},
    })
}

async fn a_pool_without_settings_is_described_with_the_defaults(lab: Lab) {
    let created = create(&lab, json!({})).await;
    let id = created["Id"].as_str().unwrap();
    let name = id.strip_prefix("us-east-1_").unwrap();
    assert!(name.len() == 9 && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    let mut described = describe(&lab, &created["Id"]).await;
    assert_eq!(described, created);
    assert_eq!(created["CreationDate"], created["LastModifiedDate"]);
    let schema = described.as_object_mut().unwrap().remove("SchemaAttributes").unwrap();
    let names: Vec<&str> = schema.as_array().unwrap().iter().map(|a| a["Name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "sub",
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "email",
            "email_verified",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "phone_number",
            "phone_number_verified",
            "address",
            "updated_at",
        ]
    );
    assert_eq!(
        timeless(&described),
        json!({
            "Id": id,
            "Name": "p",
            "Arn": format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}"),
            "EstimatedNumberOfUsers": 0,
            "Policies": {
                "PasswordPolicy": {"MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true,
                    "RequireNumbers": true, "RequireSymbols": true, "TemporaryPasswordValidityDays": 7},
                "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
            },
            "DeletionProtection": "INACTIVE",
            "LambdaConfig": {},
            "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
            "MfaConfiguration": "OFF",
            "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
            "UserPoolTags": {},
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7},
            "AccountRecoverySetting": {"RecoveryMechanisms": [
                {"Priority": 1, "Name": "verified_email"}, {"Priority": 2, "Name": "verified_phone_number"}]},
            "UserPoolTier": "ESSENTIALS",
            "AcrConfiguration": {
                "Level1": {"AcrValue": "urn:cognito:loa:1"}, "Level2": {"AcrValue": "urn:cognito:loa:2"},
                "Level3": {"AcrValue": "urn:cognito:loa:3"}, "Level4": {"AcrValue": "urn:cognito:loa:4"}},
        })
    );
    let mfa = lab.admin("GetUserPoolMfaConfig", json!({"UserPoolId": id})).await.ok();
    assert_eq!(mfa, json!({"MfaConfiguration": "OFF"}));
}

async fn everything_sent_is_described(lab: Lab) {
    let created = create(&lab, everything()).await;
    let described = describe(&lab, &created["Id"]).await;
    for (member, sent) in everything().as_object().unwrap() {
        let mut sent = sent.clone();
        if member == "AdminCreateUserConfig" {
            sent["UnusedAccountValidityDays"] = json!(3);
        }
        assert_eq!(described[member], sent, "{member}");
    }
}

async fn a_change_with_the_description_changes_nothing(lab: Lab) {
    for settings in [json!({}), everything()] {
        let created = create(&lab, settings).await;
        lab.advance(60);
        let answer = lab.admin("UpdateUserPool", sent_back(&created)).await.ok();
        assert_eq!(answer, json!({}));
        let described = describe(&lab, &created["Id"]).await;
        assert_eq!(timeless(&described), timeless(&created));
        assert_eq!(described["CreationDate"], created["CreationDate"]);
        let before = created["LastModifiedDate"].as_f64().unwrap();
        assert!(described["LastModifiedDate"].as_f64().unwrap() >= before + 60.0);
    }
}

async fn a_change_returns_to_the_defaults(lab: Lab) {
    let mut settings = everything();
    settings.as_object_mut().unwrap().remove("DcrConfiguration");
    let id = create(&lab, settings).await["Id"].clone();
    lab.admin("UpdateUserPool", json!({"UserPoolId": id, "UserPoolTier": "PLUS"})).await.ok();
    let mut expected = create(&lab, json!({
            "UsernameAttributes": ["email", "phone_number"], "UsernameConfiguration": {"CaseSensitive": false},
            "UserPoolTier": "PLUS",
        })).await;
    expected["Id"] = id.clone();
    let mut described = describe(&lab, &id).await;
    described["Arn"] = expected["Arn"].clone();
    assert_eq!(timeless(&described), timeless(&expected));
}

async fn refusals_leave_nothing_behind(lab: Lab) {
    let refused = json!({"PoolName": "p", "MfaConfiguration": "ON"});
    let text =
        "SMS configuration and Auto verification for phone_number are required when MFA is required/optional";
    lab.admin("CreateUserPool", refused).await.refused(INVALID, text);
    let list = lab.admin("ListUserPools", json!({"MaxResults": 60})).await.ok();
    assert_eq!(list, json!({"UserPools": []}));
    lab.admin("CreateUserPool", json!({})).await.refused(
            INVALID,
            "1 validation error detected: Value null at 'poolName' failed to satisfy constraint: Member must not be null",
        );

    let created = create(&lab, json!({"Policies": {"PasswordPolicy": {"MinimumLength": 12}}})).await;
    let id = &created["Id"];
    for (change, code, text) in [
        (
            json!({"AutoVerifiedAttributes": ["phone_number"]}),
            INVALID,
            "SMS configuration is required when phone_number is selected for auto verification",
        ),
        (
            json!({"UserPoolTags": {"aws:x": "y"}}),
            "UserPoolTaggingException",
            "Tag keys that begin with aws: are reserved.",
        ),
        (
            json!({"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}),
            "FeatureUnavailableInTierException",
            "The following features need to be disabled for the ESSENTIALS pricing tier configured: Threat \
                 Protection",
        ),
        (
            json!({"Policies": {"PasswordPolicy": {"MinimumLength": 5}}}),
            INVALID,
            "1 validation error detected: Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy \
                 constraint: Member must have value greater than or equal to 6",
        ),
    ] {
        let mut request = change.clone();
        request["UserPoolId"] = id.clone();
        lab.admin("UpdateUserPool", request).await.refused(code, text);
    }
    assert_eq!(describe(&lab, id).await, created);
    let passwordless =
        json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "SMS_OTP"]}}});
    let id = create(&lab, passwordless.clone()).await["Id"].clone();
    let mut lite = passwordless;
    lite["UserPoolId"] = id;
    lite["UserPoolTier"] = json!("LITE");
    lab.admin("UpdateUserPool", lite).await.refused(
            "TierChangeNotAllowedException",
            "The following features need to be disabled for the LITE pricing tier configured: Passwordless Sign-In",
        );
}

async fn an_unknown_pool_is_named(lab: Lab) {
    let id = "us-east-1_Unknown00";
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}");
    for (operation, input) in [
        ("DescribeUserPool", json!({"UserPoolId": id})),
        ("UpdateUserPool", json!({"UserPoolId": id})),
        ("DeleteUserPool", json!({"UserPoolId": id})),
        ("AddCustomAttributes", json!({"UserPoolId": id, "CustomAttributes": [{"Name": "x"}]})),
        ("GetUserPoolMfaConfig", json!({"UserPoolId": id})),
        ("SetUserPoolMfaConfig", json!({"UserPoolId": id, "MfaConfiguration": "OFF"})),
        ("ListTagsForResource", json!({"ResourceArn": arn})),
        ("TagResource", json!({"ResourceArn": arn, "Tags": {"a": "b"}})),
        ("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["a"]})),
    ] {
        let text = format!("User pool {id} does not exist.");
        lab.admin(operation, input).await.refused("ResourceNotFoundException", &text);
    }
}

async fn a_protected_pool_stays(lab: Lab) {
    let id = create(&lab, json!({"DeletionProtection": "ACTIVE"})).await["Id"].clone();
    let delete = json!({"UserPoolId": id});
    lab.admin("DeleteUserPool", delete.clone()).await.refused(
        INVALID,
        "The user pool cannot be deleted because deletion protection is activated. \
             Deletion protection must be inactivated first.",
    );
    lab.admin("UpdateUserPool", json!({"UserPoolId": id, "DeletionProtection": "INACTIVE"})).await.ok();
    let client = json!({"UserPoolId": id, "ClientName": "c"});
    let client = lab.admin("CreateUserPoolClient", client).await.ok();
    let client_id = client["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
    assert_eq!(lab.admin("DeleteUserPool", delete.clone()).await.ok(), Value::Null);
    let text = format!("User pool {} does not exist.", id.as_str().unwrap());
    lab.admin("DeleteUserPool", delete).await.refused("ResourceNotFoundException", &text);
    let sign_up = json!({"ClientId": client_id, "Username": "u", "Password": "Passw0rd!"});
    let text = format!("User pool client {client_id} does not exist.");
    lab.call("SignUp", sign_up).await.refused("ResourceNotFoundException", &text);
}

async fn attributes_are_added(lab: Lab) {
    let id = create(&lab, json!({"Schema": [{"Name": "email", "Required": true}]})).await["Id"].clone();
    let add = |attributes: Value| {
        let input = json!({"UserPoolId": id, "CustomAttributes": attributes});
        async { lab.admin("AddCustomAttributes", input).await }
    };
    let added = json!([{"Name": "team", "Mutable": true}, {"Name": "age", "AttributeDataType": "Number"}]);
    assert_eq!(add(added).await.ok(), json!({}));
    let described = describe(&lab, &id).await;
    assert_eq!(
        described["SchemaAttributes"].as_array().unwrap()[20..],
        [
            json!({"Name": "custom:team", "AttributeDataType": "String", "DeveloperOnlyAttribute": false,
                "Mutable": true, "Required": false, "StringAttributeConstraints": {}}),
            json!({"Name": "custom:age", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false,
                "Mutable": false, "Required": false, "NumberAttributeConstraints": {}}),
        ]
    );
    for (attributes, text) in [
        (json!([{"Name": "team"}]), "custom:team: Existing attribute already has name custom:team."),
        (json!([{"Name": "x", "Required": true}]), "Required custom attributes are not supported currently."),
        (
            json!([{"Name": "x", "StringAttributeConstraints": {"MaxLength": "2049"}}]),
            "user.custom:x: String attributes cannot have a length of more than 2048",
        ),
    ] {
        add(attributes).await.refused(INVALID, text);
    }
    assert_eq!(describe(&lab, &id).await, described);
    let many: Vec<Value> = (0..25).map(|i| json!({"Name": format!("m{i}")})).collect();
    add(json!(many)).await.ok();
    let many: Vec<Value> = (0..24).map(|i| json!({"Name": format!("n{i}")})).collect();
    add(json!(many)).await.refused(INVALID, "A user pool can have 50 custom attributes at the most.");
}

async fn changes_at_the_same_time_lose_nothing(lab: Lab) {
    let pool = create(&lab, json!({})).await;
    let changes: Vec<_> = (0..12)
        .map(|i| {
            let (lab, id, arn) = (lab.clone(), pool["Id"].clone(), pool["Arn"].clone());
            tokio::spawn(async move {
                if i % 2 == 0 {
                    let attributes = json!([{"Name": format!("a{i}")}]);
                    lab.admin(
                        "AddCustomAttributes",
                        json!({"UserPoolId": id, "CustomAttributes": attributes}),
                    )
                    .await
                } else {
                    let key = format!("t{i}");
                    lab.admin("TagResource", json!({"ResourceArn": arn, "Tags": {key: ""}})).await
                }
            })
        })
        .collect();
    for change in changes {
        assert_eq!(change.await.unwrap().ok(), json!({}));
    }
    let described = describe(&lab, &pool["Id"]).await;
    assert_eq!(described["SchemaAttributes"].as_array().unwrap().len(), 26);
    assert_eq!(described["UserPoolTags"].as_object().unwrap().len(), 6);
}

async fn second_factors_are_configured(lab: Lab) {
    let id = create(&lab, json!({})).await["Id"].clone();
    let set = |settings: Value| {
        let mut input = settings;
        input["UserPoolId"] = id.clone();
        async { lab.admin("SetUserPoolMfaConfig", input).await }
    };
    let sms = json!({"SnsCallerArn": SMS, "SnsRegion": "us-east-1"});
    for (settings, text) in [
        (
            json!({"MfaConfiguration": "ON"}),
            "Invalid MFA configuration given, can't disable all MFAs with a \
                required or optional configuration.",
        ),
        (
            json!({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
            "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
        ),
        (
            json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}}),
            "Email MFA requires an EmailConfiguration with the EmailSendingAccount DEVELOPER.",
        ),
    ] {
        set(settings).await.refused(INVALID, text);
    }
    let all = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true},
            "SmsMfaConfiguration": {"SmsAuthenticationMessage": "{####} now", "SmsConfiguration": sms},
            "WebAuthnConfiguration": {"RelyingPartyId": "example.com", "UserVerification": "preferred"}});
    assert_eq!(set(all.clone()).await.ok(), all);
    assert_eq!(lab.admin("GetUserPoolMfaConfig", json!({"UserPoolId": id})).await.ok(), all);
    let described = describe(&lab, &id).await;
    assert_eq!(described["MfaConfiguration"], "OPTIONAL");
    assert_eq!(described["SmsConfiguration"], sms);
    assert_eq!(described["SmsAuthenticationMessage"], "{####} now");
    set(json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}}))
        .await
        .refused(INVALID, "Can't turn off SMS_MFA when SMS configuration is set for the user pool");
    assert_eq!(set(json!({"MfaConfiguration": "OFF"})).await.ok(), json!({"MfaConfiguration": "OFF"}));
}

async fn pools_are_listed_in_pages(lab: Lab) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(create(&lab, json!({"LambdaConfig": {"PreSignUp": FUNCTION}})).await["Id"].clone());
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let page = lab.admin("ListUserPools", json!({"MaxResults": 2, "NextToken": token})).await.ok();
        seen.extend(page["UserPools"].as_array().unwrap().clone());
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(
        timeless(&seen[0]),
        json!({"Id": seen[0]["Id"], "Name": "p", "LambdaConfig": {"PreSignUp": FUNCTION}})
    );
    let mut found: Vec<Value> = seen.iter().map(|pool| pool["Id"].clone()).collect();
    found.sort_by_key(Value::to_string);
    ids.sort_by_key(Value::to_string);
    assert_eq!(found, ids);
    lab.admin("ListUserPools", json!({"MaxResults": 2, "NextToken": "forged"}))
        .await
        .refused(INVALID, "Invalid pagination token");
    lab.admin("ListUserPools", json!({"MaxResults": 61})).await.refused(
            INVALID,
            "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have \
             value less than or equal to 60",
        );
}

async fn tags_are_kept(lab: Lab) {
    let pool = create(&lab, json!({"UserPoolTags": {"a": "1", "b": "2"}})).await;
    let arn = &pool["Arn"];
    assert_eq!(
        lab.admin("TagResource", json!({"ResourceArn": arn, "Tags": {"b": "3", "c": ""}})).await.ok(),
        json!({})
    );
    let untagged = lab.admin("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["a", "x"]})).await.ok();
    assert_eq!(untagged, json!({}));
    let tags = lab.admin("ListTagsForResource", json!({"ResourceArn": arn})).await.ok();
    assert_eq!(tags, json!({"Tags": {"b": "3", "c": ""}}));
    assert_eq!(describe(&lab, &pool["Id"]).await["UserPoolTags"], tags["Tags"]);
    let many: serde_json::Map<String, Value> = (0..49).map(|i| (format!("t{i}"), json!(""))).collect();
    lab.admin("TagResource", json!({"ResourceArn": arn, "Tags": many}))
        .await
        .refused(INVALID, "A user pool can have 50 tags at the most.");
    let other = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/x";
    lab.admin("ListTagsForResource", json!({"ResourceArn": other}))
        .await
        .refused(INVALID, &format!("{other} is not the ARN of a user pool."));
    let foreign = arn.as_str().unwrap().replace("123456789012", "210987654321");
    let text = format!("User pool {} does not exist.", pool["Id"].as_str().unwrap());
    lab.admin("ListTagsForResource", json!({"ResourceArn": foreign}))
        .await
        .refused("ResourceNotFoundException", &text);
}

async fn users_are_counted(lab: Lab) {
    let id = create(&lab, json!({})).await["Id"].clone();
    for name in ["a", "b"] {
        let user = json!({"UserPoolId": id, "Username": name, "MessageAction": "SUPPRESS"});
        lab.admin("AdminCreateUser", user).await.ok();
    }
    assert_eq!(describe(&lab, &id).await["EstimatedNumberOfUsers"], 2);
}

both_engines!(
    a_pool_without_settings_is_described_with_the_defaults,
    everything_sent_is_described,
    a_change_with_the_description_changes_nothing,
    a_change_returns_to_the_defaults,
    refusals_leave_nothing_behind,
    an_unknown_pool_is_named,
    a_protected_pool_stays,
    attributes_are_added,
    changes_at_the_same_time_lose_nothing,
    second_factors_are_configured,
    pools_are_listed_in_pages,
    tags_are_kept,
    users_are_counted
);
