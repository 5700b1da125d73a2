//! Addresses that are guessed at, squatted on, left behind, or made to carry both factors.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene},
    sign_up::{EXPIRED, LIMIT, MISMATCH, list, verifying, wrong},
};
use serde_json::{Value, json};

const NO_CHANNEL: (&str, &str) = (
    "InvalidParameterException",
    "Cannot reset password for the user as there is no registered/verified email or phone_number",
);
const SENDER: &str = "arn:aws:ses:us-east-1:123456789012:identity/example.com";

/// A pool in which everybody takes a code by e-mail as second factor.
async fn by_email(lab: &Lab, recovery: &str, client: Value) -> Scene {
    let members = json!({
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": recovery, "Priority": 1}]},
        "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": SENDER},
    });
    let scene = Scene::with(lab, members, client).await;
    let request = json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}});
    scene.admin("SetUserPoolMfaConfig", request).await;
    scene
}

/// Nobody turned the factor on, but sign-in falls back on the address at hand: it must not reset the password as well.
async fn case_34_one_mailbox_is_not_both_factors(lab: Lab) {
    // Cognito refuses such settings only where they name e-mail alone, so the pool is given them one after the other.
    let scene = by_email(&lab, "verified_phone_number", json!({})).await;
    scene.user("jane", list(json!({"email": "jane@example.com", "email_verified": "true"}))).await;
    assert_eq!(scene.sign_in("jane", PASSWORD).await.ok()["ChallengeName"], "EMAIL_OTP");
    scene.forgot("jane").await.refused(NO_CHANNEL.0, NO_CHANNEL.1);
    lab.admin("AdminResetUserPassword", json!({"UserPoolId": scene.pool, "Username": "jane"}))
        .await
        .refused(NO_CHANNEL.0, NO_CHANNEL.1);
}

/// Guesses at the codes that prove one address count together, whichever accounts they are for.
async fn case_34_an_address_is_guessed_at_from_many_accounts(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let mut refused = 0;
    for account in ["a", "b"] {
        scene.sign_up(account, json!({"email": "Victim@example.com"})).await.ok();
        let code = lab.code_for("Victim@example.com").await;
        for _ in 0..10 {
            let answer = scene.confirm(account, wrong(&code)).await;
            match answer.error().0.as_str() {
                "LimitExceededException" => refused += 1,
                _ => answer.refused(MISMATCH.0, MISMATCH.1),
            }
        }
    }
    assert_eq!(refused, 5, "fifteen wrong guesses at one address");
    // A variant of the mailbox is the same one, and even the right code waits for the hour's end.
    scene.sign_up("c", json!({"email": "victim+tag@example.com"})).await.ok();
    let code = lab.code_for("victim+tag@example.com").await;
    scene.confirm("c", &code).await.refused(LIMIT.0, LIMIT.1);
    // Another address is none of that.
    scene.sign_up("d", json!({"email": "other@example.com"})).await.ok();
    let other = lab.code_for("other@example.com").await;
    scene.confirm("d", &other).await.ok();
    lab.advance(3_601);
    scene.confirm("c", &code).await.ok();
}

/// The same by an address that is registered in the middle of a sign-in.
async fn case_34_a_registered_address_is_guessed_at(lab: Lab) {
    let scene = by_email(&lab, "verified_phone_number", json!({})).await;
    let mut wrong_guesses = 0;
    for name in ["a", "b", "c", "d"] {
        scene.user(name, json!([])).await;
        let begun = scene.sign_in(name, PASSWORD).await.ok()["Session"].clone();
        let request = json!({"USERNAME": name, "EMAIL": "victim@example.com"});
        let asked = scene.respond("MFA_SETUP", &begun, request).await.ok();
        let code = lab.code_for("victim@example.com").await;
        for _ in 0..5 {
            let answer = json!({"USERNAME": name, "EMAIL_OTP_CODE": wrong(&code)});
            let answer = scene.respond("EMAIL_OTP", &asked["Session"], answer).await;
            wrong_guesses += usize::from(answer.error().0 == "CodeMismatchException");
        }
    }
    assert_eq!(wrong_guesses, 15);
}

/// Beyond five unconfirmed accounts the oldest code for an address ends, and nobody is kept from registering.
async fn case_34_few_codes_for_one_address_live_at_once(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let mut codes = Vec::new();
    for number in 0..7 {
        let name = format!("user{number}");
        scene.sign_up(&name, json!({"email": "jane@example.com"})).await.ok();
        codes.push((name, lab.code_for("jane@example.com").await));
        lab.advance(1);
    }
    for (index, (name, code)) in codes.iter().enumerate() {
        let answer = scene.confirm(name, code).await;
        if index < 2 {
            answer.refused(EXPIRED.0, EXPIRED.1);
        } else {
            answer.ok();
        }
    }
    scene.public("ResendConfirmationCode", json!({"Username": "user0"})).await.ok();
    let code = lab.code_for("jane@example.com").await;
    scene.confirm("user0", &code).await.ok();
}

/// An address that a user registers in a sign-in is an attribute that the client writes.
async fn case_29_an_address_is_registered_as_the_client_may(lab: Lab) {
    let scene = by_email(&lab, "verified_phone_number", json!({"WriteAttributes": ["name"]})).await;
    scene.user("jane", json!([])).await;
    let begun = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let answer = json!({"USERNAME": "jane", "EMAIL": "jane@example.com"});
    let refusal = scene.respond("MFA_SETUP", &begun, answer).await.error();
    assert_eq!(refusal.0, "NotAuthorizedException", "{}", refusal.1);
    assert!(scene.messages("jane@example.com").await.is_empty());
}

/// How many rows hold something of a user.
async fn rows(lab: &Lab, table: &'static str) -> i64 {
    lab.app
        .db
        .read(move |tx| {
            let row = tx.query_one(&format!("SELECT COUNT(*) FROM {table}"), &[])?;
            row.map_or(Ok(0), |row| row.int(0))
        })
        .await
        .map_err(|error: store::Error| error)
        .unwrap()
}

/// What waits for a user or is under way goes with the user, and with the pool.
async fn case_32_nothing_outlives_its_user(lab: Lab) {
    for ends in ["AdminDeleteUser", "DeleteUserPool"] {
        let scene = by_email(&lab, "verified_phone_number", json!({})).await;
        scene.user("jane", list(json!({"email": "jane@example.com", "email_verified": "true"}))).await;
        scene.sign_in("jane", PASSWORD).await.ok();
        assert_eq!((rows(&lab, "tickets").await, rows(&lab, "outbox").await), (1, 1));
        match ends {
            "AdminDeleteUser" => scene.admin(ends, json!({"Username": "jane"})).await,
            _ => scene.admin(ends, json!({})).await,
        };
        assert_eq!((rows(&lab, "tickets").await, rows(&lab, "outbox").await), (0, 0), "{ends}");
    }
}

/// A mailbox takes an hour's messages whatever follows the plus sign.
async fn case_34_variants_of_a_mailbox_share_its_messages(lab: Lab) {
    let webhook = Some("http://127.0.0.1:9/".to_owned());
    let sends =
        lab.another(crate::lab::MASTER_KEY, |config| config.delivery.email_webhook = webhook).await.unwrap();
    let scene = verifying(&sends, json!({})).await;
    let mut last = None;
    for number in 0..51 {
        let email = format!("victim+{number}@example.com");
        last = Some(scene.sign_up(&format!("user{number}"), json!({"email": email})).await);
    }
    last.unwrap().refused("TooManyRequestsException", "Rate exceeded");
}

/// Of two addresses in a pool whose names are addresses, the unproved second one is no name.
async fn case_28_a_second_address_is_no_name_until_it_is_proved(lab: Lab) {
    let members =
        json!({"UsernameAttributes": ["email", "phone_number"], "AutoVerifiedAttributes": ["email"]});
    let scene = Scene::with(&lab, members, json!({})).await;
    scene.sign_up("squatter@example.com", json!({"phone_number": "+15555550100"})).await.ok();
    scene.sign_up("+15555550100", json!({"email": "owner@example.com"})).await.ok();
    let verified = list(json!({"phone_number_verified": "true"}));
    let squatter =
        json!({"UserPoolId": scene.pool, "Username": "squatter@example.com", "UserAttributes": verified});
    assert_eq!(lab.admin("AdminUpdateUserAttributes", squatter).await.error().0, "AliasExistsException");
    let owner = scene.seen("+15555550100").await;
    assert_eq!(owner["email"], "owner@example.com");
    // Its owner was named by the number, so that the e-mail address is still free.
    scene.sign_up("owner@example.com", json!({})).await.ok();
}

const FACTOR: (&str, &str) = (
    "InvalidParameterException",
    "The attribute phone_number is a second factor. Turn the factor off first.",
);

/// With the address goes what rests on it, so a user, or a thief of a token, cannot take it away; an administrator can.
async fn case_36_an_address_does_not_go_from_under_its_factor(lab: Lab) {
    for required in ["OPTIONAL", "ON"] {
        let scene = Scene::new(&lab).await;
        let attributes = json!({"phone_number": "+15555559934", "phone_number_verified": "true"});
        scene.user("jane", list(attributes)).await;
        let token = scene.tokens("jane").await["AccessToken"].clone();
        let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sns", "ExternalId": "x"}});
        scene
            .admin("SetUserPoolMfaConfig", json!({"MfaConfiguration": required, "SmsMfaConfiguration": sms}))
            .await;
        let on = json!({"AccessToken": token, "SMSMfaSettings": {"Enabled": true, "PreferredMfa": true}});
        lab.call("SetUserMFAPreference", on).await.ok();
        lab.advance(2);
        let deletion = json!({"AccessToken": token, "UserAttributeNames": ["phone_number"]});
        lab.call("DeleteUserAttributes", deletion).await.refused(FACTOR.0, FACTOR.1);
        let blank = json!({"AccessToken": token, "UserAttributes": list(json!({"phone_number": ""}))});
        lab.call("UpdateUserAttributes", blank).await.refused(FACTOR.0, FACTOR.1);
        assert_eq!(scene.sign_in("jane", PASSWORD).await.ok()["ChallengeName"], "SMS_MFA", "{required}");
        scene
            .admin(
                "AdminDeleteUserAttributes",
                json!({"Username": "jane", "UserAttributeNames": ["phone_number"]}),
            )
            .await;
        let user = scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
        assert!(user.get("UserMFASettingList").is_none() && user.get("PreferredMfaSetting").is_none());
    }
}

/// Where addresses are the names, the last one stays.
async fn case_36_the_last_name_stays(lab: Lab) {
    let scene = Scene::with(&lab, json!({"UsernameAttributes": ["email"]}), json!({})).await;
    scene.user("jane@example.com", json!([])).await;
    let token = scene.tokens("jane@example.com").await["AccessToken"].clone();
    let deletion = json!({"AccessToken": token, "UserAttributeNames": ["email"]});
    lab.call("DeleteUserAttributes", deletion).await.refused(
        "InvalidParameterException",
        "The attribute email is the name to sign in by and cannot be removed.",
    );
}

both_engines!(
    case_34_one_mailbox_is_not_both_factors,
    case_34_an_address_is_guessed_at_from_many_accounts,
    case_34_a_registered_address_is_guessed_at,
    case_34_few_codes_for_one_address_live_at_once,
    case_29_an_address_is_registered_as_the_client_may,
    case_32_nothing_outlives_its_user,
    case_34_variants_of_a_mailbox_share_its_messages,
    case_28_a_second_address_is_no_name_until_it_is_proved,
    case_36_an_address_does_not_go_from_under_its_factor,
    case_36_the_last_name_stays
);
