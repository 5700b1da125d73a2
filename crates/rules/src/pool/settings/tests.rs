use super::{create, update};
use crate::{
    Millis,
    fault::Fault,
    pool::{Pool, mfa_config},
};
use serde_json::{Value, json};
use spec::Code;

const NOW: Millis = 1_767_225_600_000;
const SMS: &str = "arn:aws:iam::123456789012:role/sms";
const SES: &str = "arn:aws:ses:us-east-1:123456789012:identity/a@example.com";

fn made(mut request: Value) -> Result<Pool, Fault> {
    request["PoolName"] = json!("p");
    create(
        serde_json::from_value(request).unwrap(),
        "us-east-1_AbCdEfGhI".into(),
        "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI".into(),
        NOW,
    )
}

fn changed(pool: &Pool, mut request: Value) -> Result<Pool, Fault> {
    request["UserPoolId"] = json!(pool.id);
    update(pool, serde_json::from_value(request).unwrap(), NOW + 1)
}

fn with_mfa(pool: &Pool, mut request: Value) -> Result<Pool, Fault> {
    request["UserPoolId"] = json!(pool.id);
    mfa_config::set(pool, serde_json::from_value(request).unwrap(), NOW + 1)
}

fn detail(pool: &Pool) -> Value {
    serde_json::to_value(&pool.detail).unwrap()
}

fn sms() -> Value {
    json!({"SnsCallerArn": SMS, "ExternalId": "x"})
}

#[test]
fn a_pool_without_settings_has_the_defaults() {
    let mut described = detail(&made(json!({})).unwrap());
    assert_eq!(described["SchemaAttributes"].as_array().unwrap().len(), 20);
    described.as_object_mut().unwrap().remove("SchemaAttributes");
    assert_eq!(
        described,
        json!({
            "Id": "us-east-1_AbCdEfGhI",
            "Name": "p",
            "Arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI",
            "CreationDate": 1767225600.0,
            "LastModifiedDate": 1767225600.0,
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 8,
                    "RequireUppercase": true,
                    "RequireLowercase": true,
                    "RequireNumbers": true,
                    "RequireSymbols": true,
                    "TemporaryPasswordValidityDays": 7,
                },
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
                {"Priority": 1, "Name": "verified_email"},
                {"Priority": 2, "Name": "verified_phone_number"},
            ]},
            "UserPoolTier": "ESSENTIALS",
            "AcrConfiguration": {
                "Level1": {"AcrValue": "urn:cognito:loa:1"},
                "Level2": {"AcrValue": "urn:cognito:loa:2"},
                "Level3": {"AcrValue": "urn:cognito:loa:3"},
                "Level4": {"AcrValue": "urn:cognito:loa:4"},
            },
        })
    );
}

#[test]
fn members_that_imply_others() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let level = |n: u8| json!({"AcrValue": format!("urn:cognito:loa:{n}")});
    for (sent, member, expected) in [
        (
            json!({"Policies": {"PasswordPolicy": {"RequireNumbers": true, "PasswordHistorySize": 3}}}),
            "/Policies/PasswordPolicy",
            json!({"MinimumLength": 8, "RequireUppercase": false, "RequireLowercase": false, "RequireNumbers": true,
                "RequireSymbols": false, "PasswordHistorySize": 3, "TemporaryPasswordValidityDays": 7}),
        ),
        (
            json!({"Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 0}}}),
            "/AdminCreateUserConfig",
            json!({"AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7}),
        ),
        (
            json!({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 3}}),
            "/Policies/PasswordPolicy/TemporaryPasswordValidityDays",
            json!(3),
        ),
        (
            json!({"VerificationMessageTemplate": {"SmsMessage": "{####} a"}, "SmsVerificationMessage": "{####} b",
                "EmailVerificationMessage": "{####} c", "EmailVerificationSubject": "d"}),
            "/VerificationMessageTemplate",
            json!({"SmsMessage": "{####} a", "EmailMessage": "{####} c", "EmailSubject": "d",
                "DefaultEmailOption": "CONFIRM_WITH_CODE"}),
        ),
        (
            json!({"VerificationMessageTemplate": {"EmailMessage": "{####} a", "EmailSubject": "s"}}),
            "/EmailVerificationMessage",
            json!("{####} a"),
        ),
        (
            json!({"LambdaConfig": {"PreTokenGeneration": arn}}),
            "/LambdaConfig",
            json!({
                "PreTokenGeneration": arn,
                "PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": arn},
            }),
        ),
        (
            json!({"LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn}}}),
            "/LambdaConfig/PreTokenGeneration",
            json!(arn),
        ),
        (
            json!({"SmsConfiguration": sms()}),
            "/SmsConfiguration",
            json!({
                "SnsCallerArn": SMS, "ExternalId": "x", "SnsRegion": "us-east-1",
            }),
        ),
        (json!({"AliasAttributes": []}), "/AliasAttributes", Value::Null),
        (json!({"AutoVerifiedAttributes": []}), "/AutoVerifiedAttributes", Value::Null),
        (
            json!({"UserAttributeUpdateSettings": {}}),
            "/UserAttributeUpdateSettings",
            json!({"AttributesRequireVerificationBeforeUpdate": []}),
        ),
        (
            json!({"AcrConfiguration": {"Level4": {"AcrValue": "top"}}}),
            "/AcrConfiguration",
            json!({"Level1": level(1), "Level2": level(2), "Level3": level(3), "Level4": {"AcrValue": "top"}}),
        ),
        (
            json!({"DcrConfiguration": {}}),
            "/DcrConfiguration",
            json!({"EnableStatus": "Enabled", "OpenDcrEnabled": false}),
        ),
        (
            json!({"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}),
            "/UserPoolAddOns",
            json!({"AdvancedSecurityMode": "AUDIT"}),
        ),
    ] {
        let described = detail(&made(sent.clone()).unwrap());
        assert_eq!(described.pointer(member).unwrap_or(&Value::Null), &expected, "{sent}");
    }
}

#[test]
fn refusals() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let recovery = |names: &[(&str, u8)]| {
        let list: Vec<Value> = names.iter().map(|(n, p)| json!({"Name": n, "Priority": p})).collect();
        json!({"AccountRecoverySetting": {"RecoveryMechanisms": list}})
    };
    let needed_for_mfa =
        "SMS configuration and Auto verification for phone_number are required when MFA is required/optional";
    for (sent, expected) in [
        (json!({"MfaConfiguration": "ON"}), needed_for_mfa),
        (json!({"MfaConfiguration": "OPTIONAL"}), needed_for_mfa),
        (
            json!({"AutoVerifiedAttributes": ["phone_number"]}),
            "SMS configuration is required when phone_number is selected for auto verification",
        ),
        (
            json!({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}),
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        ),
        (
            json!({"AliasAttributes": ["preferred_username"], "Schema": [{"Name": "preferred_username", "Required": true}]}),
            "preferred_username cannot be both a required attribute and an alias.",
        ),
        (
            json!({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 7},
                "Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 7}}}),
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
        ),
        (
            json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "SOFTWARE_TOKEN"]}}}),
            "SOFTWARE_TOKEN is not supported in AllowedFirstAuthFactors.",
        ),
        (
            json!({"MfaConfiguration": "ON", "SmsConfiguration": sms(),
                "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}),
            "MFA cannot be required when EMAIL_OTP or SMS_OTP is in AllowedFirstAuthFactors.",
        ),
        (
            json!({"LambdaConfig": {"PreTokenGeneration": arn,
                "PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": format!("{arn}2")}}}),
            "Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's",
        ),
        (
            json!({"LambdaConfig": {"CustomSMSSender": {"LambdaVersion": "V1_0", "LambdaArn": arn}}}),
            "KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used.",
        ),
        (
            json!({"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}}),
            "email is in AttributesRequireVerificationBeforeUpdate and must be in AutoVerifiedAttributes.",
        ),
        (
            json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"}}),
            "SourceArn is required when EmailSendingAccount is DEVELOPER.",
        ),
        (
            json!({"SmsConfiguration": {"ExternalId": "x"}}),
            "SmsConfiguration needs one of SnsCallerArn and EumsSms.",
        ),
        (
            json!({"SmsConfiguration": {"SnsCallerArn": SMS, "EumsSms": {"CallerArn": SMS}}}),
            "SmsConfiguration needs one of SnsCallerArn and EumsSms.",
        ),
        (
            recovery(&[("admin_only", 1), ("verified_email", 2)]),
            "Invalid account recovery setting parameter. Account Recovery Setting cannot use admin_only setting with \
             any other recovery mechanisms.",
        ),
        (
            recovery(&[("verified_email", 1), ("verified_email", 2)]),
            "Invalid account recovery setting parameter. Account Recovery Setting cannot use a recovery mechanism twice.",
        ),
        (
            recovery(&[("verified_email", 1), ("verified_phone_number", 1)]),
            "Invalid account recovery setting parameter. Account Recovery Setting cannot use a priority twice.",
        ),
        (
            json!({"AcrConfiguration": {"Level1": {"AcrValue": "urn:cognito:loa:2"}}}),
            "AcrConfiguration must give the levels Level1 to Level4 different names.",
        ),
        (
            json!({"AcrConfiguration": {"Level5": {"AcrValue": "x"}}}),
            "AcrConfiguration must give the levels Level1 to Level4 different names.",
        ),
        (
            json!({"AdminCreateUserConfig": {"InviteMessageTemplate": {"EmailMessage": "Hello {####}"}}}),
            "EmailMessage of InviteMessageTemplate must contain {username}.",
        ),
        (
            json!({"AdminCreateUserConfig": {"InviteMessageTemplate": {"SMSMessage": "Hello {username}"}}}),
            "SMSMessage of InviteMessageTemplate must contain {####}.",
        ),
    ] {
        let fault = made(sent.clone()).unwrap_err();
        assert_eq!((fault.code, &*fault.message), (Code::InvalidParameterException, expected), "{sent}");
    }
}

#[test]
fn senders_are_mailboxes() {
    for (from, is_good) in [
        ("a@example.com", true),
        ("A B <a@example.com>", true),
        ("\"A, B\" <a@example.com>", true),
        ("A B", false),
        ("<a@example.com", false),
        ("a@b@c", false),
        ("a b@c", false),
        ("A <a@example.com>\r\nBcc: x@example.com", false),
    ] {
        assert_eq!(made(json!({"EmailConfiguration": {"From": from}})).is_ok(), is_good, "{from:?}");
    }
}

#[test]
fn what_cannot_be_promised_is_refused() {
    for sent in [
        json!({"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}),
        json!({"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT",
            "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "ENFORCED"}}}),
        json!({"KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY"}}),
        json!({"IssuerConfiguration": {"Type": "UPDATED"}}),
    ] {
        let fault = made(sent.clone()).unwrap_err();
        assert!(fault.message.ends_with("See docs/compatibility.md."), "{sent}: {fault}");
    }
}

#[test]
fn tiers_limit_features() {
    let otp = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "SMS_OTP"]},
        "PasswordPolicy": {"PasswordHistorySize": 1}});
    let fault = made(json!({"UserPoolTier": "LITE", "Policies": otp})).unwrap_err();
    assert_eq!(fault.code, Code::FeatureUnavailableInTierException);
    assert_eq!(
        fault.message,
        "The following features need to be disabled for the LITE pricing tier configured: Passwordless Sign-In, \
         Password History"
    );
    let fault = made(json!({"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}})).unwrap_err();
    assert_eq!(
        fault.message,
        "The following features need to be disabled for the ESSENTIALS pricing tier configured: Threat Protection"
    );
    let pool = made(json!({"Policies": otp})).unwrap();
    let fault = changed(&pool, json!({"UserPoolTier": "LITE", "Policies": otp})).unwrap_err();
    assert_eq!(fault.code, Code::TierChangeNotAllowedException);
    let lite = changed(&pool, json!({"UserPoolTier": "LITE"})).unwrap();
    let fault = changed(&lite, json!({"Policies": otp})).unwrap_err();
    assert_eq!(fault.code, Code::FeatureUnavailableInTierException, "a change without a tier keeps LITE");
}

#[test]
fn a_change_returns_to_defaults() {
    let pool = made(json!({
        "DeletionProtection": "ACTIVE", "AutoVerifiedAttributes": ["email"], "UserPoolTags": {"a": "b"},
        "UsernameAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false},
        "Schema": [{"Name": "team"}], "DcrConfiguration": {"EnableStatus": "Disabled"},
        "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true}, "SmsAuthenticationMessage": "{####} now",
    }))
    .unwrap();
    let mut expected = detail(
        &made(json!({
            "UsernameAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false},
            "Schema": [{"Name": "team"}], "DcrConfiguration": {"EnableStatus": "Disabled"},
        }))
        .unwrap(),
    );
    expected["LastModifiedDate"] = json!(1767225600.001);
    assert_eq!(detail(&changed(&pool, json!({})).unwrap()), expected);
    assert_eq!(detail(&changed(&pool, json!({"PoolName": "q"})).unwrap())["Name"], "q");
}

#[test]
fn factors_follow_the_configuration() {
    let totp = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let answer = |pool: &Pool| serde_json::to_value(mfa_config::describe(pool)).unwrap();
    let plain = made(json!({})).unwrap();
    assert_eq!(answer(&plain), json!({"MfaConfiguration": "OFF"}));

    let by_sms = made(json!({"MfaConfiguration": "ON", "SmsConfiguration": sms()})).unwrap();
    let described = json!({"SnsCallerArn": SMS, "ExternalId": "x", "SnsRegion": "us-east-1"});
    assert_eq!(
        answer(&by_sms),
        json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsConfiguration": described}})
    );

    let pool = with_mfa(&plain, totp.clone()).unwrap();
    assert_eq!(answer(&pool), totp);
    assert_eq!(detail(&pool)["MfaConfiguration"], "OPTIONAL");
    let pool = changed(&pool, json!({"MfaConfiguration": "ON"})).unwrap();
    assert_eq!(
        answer(&pool),
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}})
    );
    let off = changed(&pool, json!({})).unwrap();
    assert_eq!(answer(&off), json!({"MfaConfiguration": "OFF"}));
    assert!(changed(&off, json!({"MfaConfiguration": "ON"})).is_err());

    let both = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": false},
        "SmsMfaConfiguration": {"SmsAuthenticationMessage": "{####}!", "SmsConfiguration": described},
        "WebAuthnConfiguration": {"RelyingPartyId": "example.com", "UserVerification": "required"}});
    let pool = with_mfa(&plain, both.clone()).unwrap();
    assert_eq!(answer(&pool), both);
    assert_eq!(detail(&pool)["SmsConfiguration"], described);
    assert_eq!(detail(&pool)["SmsAuthenticationMessage"], "{####}!");

    let passkeys = json!({"WebAuthnConfiguration": {"RelyingPartyId": "example.org"}});
    let pool = with_mfa(&pool, passkeys).unwrap();
    assert_eq!(answer(&pool)["MfaConfiguration"], "ON");
    assert_eq!(answer(&pool)["WebAuthnConfiguration"], json!({"RelyingPartyId": "example.org"}));
}

#[test]
fn factors_are_refused() {
    let plain = made(json!({})).unwrap();
    let with_sms = made(json!({"SmsConfiguration": sms()})).unwrap();
    let own_mail = json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": SES}});
    let own_mail = made(own_mail).unwrap();
    let email = json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {"Message": "{####} it is", "Subject": "s"}});
    let none =
        "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.";
    let off = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.";
    let totp = json!({"Enabled": true});
    for (pool, sent, expected) in [
        (&plain, json!({"MfaConfiguration": "ON"}), none),
        (&with_sms, json!({"MfaConfiguration": "OPTIONAL"}), none),
        (
            &plain,
            json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": false}}),
            none,
        ),
        (&plain, json!({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": totp}), off),
        (&plain, json!({"SoftwareTokenMfaConfiguration": totp}), off),
        (&plain, json!({"MfaConfiguration": "OFF", "EmailMfaConfiguration": {}}), off),
        (&plain, json!({"MfaConfiguration": "OFF", "SmsMfaConfiguration": {"SmsConfiguration": sms()}}), off),
        (
            &with_sms,
            json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": totp}),
            "Can't turn off SMS_MFA when SMS configuration is set for the user pool",
        ),
        (
            &plain,
            json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {}}),
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        ),
        (
            &plain,
            email.clone(),
            "Email MFA requires an EmailConfiguration with the EmailSendingAccount DEVELOPER.",
        ),
    ] {
        assert_eq!(with_mfa(pool, sent.clone()).unwrap_err().message, expected, "{sent}");
    }
    assert!(with_mfa(&plain, json!({"MfaConfiguration": "OFF"})).is_ok());
    let pool = with_mfa(&own_mail, email).unwrap();
    assert_eq!(pool.mfa.email.as_ref().unwrap().subject.as_deref(), Some("s"));
    let lite = json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": SES},
        "MfaConfiguration": "ON", "UserPoolTier": "LITE"});
    assert_eq!(changed(&pool, lite).unwrap_err().code, Code::TierChangeNotAllowedException);
}
