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

/// What ends a reset code that is under way.
async fn end_a_reset(lab: &Lab, scene: &Scene, by: &str, token: &Value) {
    match by {
        "EmailMfaSettings" => {
            let request = json!({"AccessToken": token, by: {"Enabled": true, "PreferredMfa": true}});
            lab.call("SetUserMFAPreference", request).await.ok();
        }
        "ChangePassword" => {
            let changed = "Changed-Horse7";
            let request =
                json!({"AccessToken": token, "PreviousPassword": PASSWORD, "ProposedPassword": changed});
            lab.call(by, request).await.ok();
        }
        "AdminSetUserPassword" => {
            let set = json!({"Username": "jane", "Password": "Changed-Horse7", "Permanent": true});
            scene.admin(by, set).await;
        }
        "AdminUpdateUserAttributes" => {
            let unverified = list(json!({"email_verified": "false"}));
            scene.admin(by, json!({"Username": "jane", "UserAttributes": unverified})).await;
        }
        _ => {
            let mechanisms = json!({"RecoveryMechanisms": [{"Name": by, "Priority": 1}]});
            let email = json!({"EmailSendingAccount": "DEVELOPER", "SourceArn": SENDER});
            let request = json!({"AccountRecoverySetting": mechanisms, "EmailConfiguration": email,
                "MfaConfiguration": "OPTIONAL"});
            scene.admin("UpdateUserPool", request).await;
            lab.advance(2);
        }
    }
}

/// A code that waits in a mailbox is worth nothing once its user could not be sent one there any more, or has another
/// password: who has the mailbox must not reset the password and pass the second factor by it.
async fn case_34_a_reset_code_ends_with_what_let_it_be_sent(lab: Lab) {
    let mechanisms = json!({"RecoveryMechanisms": [
        {"Name": "verified_email", "Priority": 1}, {"Name": "verified_phone_number", "Priority": 2}]});
    let members = json!({
        "AccountRecoverySetting": mechanisms,
        "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": SENDER},
    });
    for (by, expected) in [
        ("EmailMfaSettings", Some(EXPIRED)),
        ("ChangePassword", Some(EXPIRED)),
        ("AdminSetUserPassword", Some(EXPIRED)),
        ("AdminUpdateUserAttributes", Some(EXPIRED)),
        ("admin_only", Some(EXPIRED)),
        ("verified_phone_number", Some(EXPIRED)),
        ("verified_email", None),
    ] {
        let scene = Scene::with(&lab, members.clone(), json!({})).await;
        let request = json!({"MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {}});
        scene.admin("SetUserPoolMfaConfig", request).await;
        let attributes = json!({"email": "jane@example.com", "email_verified": "true",
            "phone_number": "+15555559934", "phone_number_verified": "true"});
        scene.user("jane", list(attributes)).await;
        let token = scene.tokens("jane").await["AccessToken"].clone();
        // A code that an administrator has sent is under the same rule.
        match by {
            "admin_only" => scene.admin("AdminResetUserPassword", json!({"Username": "jane"})).await,
            _ => scene.forgot("jane").await.ok(),
        };
        let code = lab.code_for("jane@example.com").await;
        end_a_reset(&lab, &scene, by, &token).await;
        let answer = scene.reset("jane", &code, "Stolen-Horse9").await;
        match expected {
            Some((name, text)) => answer.refused(name, text),
            None => drop(answer.ok()),
        }
        scene.admin("DeleteUserPool", json!({})).await;
    }
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
        assert_eq!(rows(&lab, "tickets").await, 1);
        assert_eq!(lab.get("/_cognate/outbox").await.ok().as_array().unwrap().len(), 1);
        match ends {
            "AdminDeleteUser" => scene.admin(ends, json!({"Username": "jane"})).await,
            _ => scene.admin(ends, json!({})).await,
        };
        assert_eq!(rows(&lab, "tickets").await, 0, "{ends}");
        assert!(lab.get("/_cognate/outbox").await.ok().as_array().unwrap().is_empty(), "{ends}");
    }
}

/// How many messages were written, those of deleted users too.
async fn written(lab: &Lab) -> i64 {
    rows(lab, "outbox").await
}

/// A mailbox takes an hour's messages whatever follows the plus sign, and whoever was deleted since.
async fn case_34_variants_of_a_mailbox_share_its_messages(lab: Lab) {
    let webhook = Some("http://127.0.0.1:9/".to_owned());
    let sends =
        lab.another(crate::lab::MASTER_KEY, |config| config.delivery.email_webhook = webhook).await.unwrap();
    let scene = verifying(&sends, json!({})).await;
    for number in 0..60 {
        let email = format!("victim+{number}@example.com");
        scene.sign_up(&format!("user{number}"), json!({"email": email})).await.ok();
        scene.admin("AdminDeleteUser", json!({"Username": format!("user{number}")})).await;
    }
    assert_eq!(written(&lab).await, 50);
    scene.admin("DeleteUserPool", json!({})).await;
    let scene = verifying(&sends, json!({})).await;
    scene.sign_up("jane", json!({"email": "victim@example.com"})).await.ok();
    assert_eq!(written(&lab).await, 50, "another pool's users are sent none either");
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

/// Taking away the address that one was named by makes no name of the other one, and a user from before the difference
/// was noted takes no new one.
async fn case_28_no_unproved_address_becomes_a_name(lab: Lab) {
    let members =
        json!({"UsernameAttributes": ["email", "phone_number"], "AutoVerifiedAttributes": ["email"]});
    let scene = Scene::with(&lab, members, json!({})).await;
    for name in ["a@example.com", "b@example.com"] {
        scene.user(name, json!([])).await;
    }
    let pool = scene.pool.clone();
    let forget = move |tx: &mut store::Tx<'_>| {
        tx.execute(
            "UPDATE users SET named_by = NULL WHERE pool_id = $1 AND attributes LIKE '%b@example%'",
            &[(&pool).into()],
        )
    };
    lab.app.db.write(forget).await.unwrap();
    for name in ["a@example.com", "b@example.com"] {
        let token = scene.tokens(name).await["AccessToken"].clone();
        let phone = list(json!({"phone_number": "+15555550123"}));
        lab.call("UpdateUserAttributes", json!({"AccessToken": token, "UserAttributes": phone})).await.ok();
        let deletion = json!({"AccessToken": token, "UserAttributeNames": ["email"]});
        assert_eq!(lab.call("DeleteUserAttributes", deletion).await.error().0, "InvalidParameterException");
        assert_eq!(
            scene.sign_in("+15555550123", PASSWORD).await.error().0,
            "UserNotFoundException",
            "{name}"
        );
    }
    scene.sign_up("+15555550123", json!({})).await.ok();
}

/// A code by e-mail proves the address that it went to, so guesses at it count for the address; and somebody who signed
/// up with that address meanwhile shuts nobody out.
async fn case_34_second_factors_prove_addresses_too(lab: Lab) {
    let members = json!({
        "UsernameAttributes": ["email", "phone_number"],
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_phone_number", "Priority": 1}]},
        "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": SENDER},
    });
    let scene = Scene::with(&lab, members, json!({})).await;
    scene.admin("SetUserPoolMfaConfig", json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}})).await;
    let mut looked_at = 0;
    for number in 0..4 {
        let name = format!("+1555555010{number}");
        scene.user(&name, list(json!({"email": "victim@example.com"}))).await;
        let asked = scene.sign_in(&name, PASSWORD).await.ok();
        assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
        let code = lab.code_for("victim@example.com").await;
        for _ in 0..4 {
            let answer = json!({"USERNAME": name, "EMAIL_OTP_CODE": wrong(&code)});
            let answer = scene.respond("EMAIL_OTP", &asked["Session"], answer).await;
            looked_at += usize::from(answer.error().0 == "CodeMismatchException");
        }
    }
    assert_eq!(looked_at, 15);
    lab.advance(3_601);
    scene.user("+15555550200", list(json!({"email": "ann@example.com"}))).await;
    scene.sign_up("ann@example.com", json!({})).await.ok();
    let asked = scene.sign_in("+15555550200", PASSWORD).await.ok();
    let code = lab.code_for("ann@example.com").await;
    let answer = json!({"USERNAME": "+15555550200", "EMAIL_OTP_CODE": code});
    scene.respond("EMAIL_OTP", &asked["Session"], answer).await.ok();
    assert_eq!(scene.seen("+15555550200").await["email_verified"], "false");
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

/// A name that goes moves to the other address that was proved, and the last one stays, whatever comes into its place.
async fn case_36_a_name_moves_to_the_address_that_is_left(lab: Lab) {
    for auto_verified in [json!([]), json!(["email", "phone_number"])] {
        let members = json!({"UsernameAttributes": ["email", "phone_number"],
            "AutoVerifiedAttributes": auto_verified,
            "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sns", "ExternalId": "x"}});
        let scene = Scene::with(&lab, members, json!({})).await;
        let phone = json!({"phone_number": "+15555550100", "phone_number_verified": "true"});
        scene.user("jane@example.com", list(phone)).await;
        let token = scene.tokens("jane@example.com").await["AccessToken"].clone();
        let deletion = json!({"AccessToken": token, "UserAttributeNames": ["email"]});
        lab.call("DeleteUserAttributes", deletion).await.ok();
        scene.tokens("+15555550100").await;
        let other = list(json!({"phone_number": "+15555550111"}));
        lab.call("UpdateUserAttributes", json!({"AccessToken": token, "UserAttributes": other})).await.ok();
        scene.tokens("+15555550111").await;
        let deletion = json!({"AccessToken": token, "UserAttributeNames": ["phone_number"]});
        lab.call("DeleteUserAttributes", deletion).await.refused(
            "InvalidParameterException",
            "The attribute phone_number is the name to sign in by and cannot be removed.",
        );
        // A new address that nobody has proved is no name, so it does not come into the last one's place.
        let both = list(json!({"phone_number": "", "email": "thief@example.com"}));
        let refusal = lab.call("UpdateUserAttributes", json!({"AccessToken": token, "UserAttributes": both}));
        assert_eq!(refusal.await.error().0, "InvalidParameterException");
        scene.tokens("+15555550111").await;
        scene.admin("DeleteUserPool", json!({})).await;
    }
}

/// Whose name was noted as an address that has gone since, in a store from before names moved.
async fn case_36_a_name_that_had_gone_takes_none_away(lab: Lab) {
    let scene = Scene::with(&lab, json!({"UsernameAttributes": ["email", "phone_number"]}), json!({})).await;
    let phone = json!({"email": "jane@example.com", "email_verified": "true"});
    scene.user("+15555550100", list(phone)).await;
    let token = scene.tokens("+15555550100").await["AccessToken"].clone();
    let deletion = json!({"AccessToken": token, "UserAttributeNames": ["phone_number"]});
    lab.call("DeleteUserAttributes", deletion).await.ok();
    let stale =
        |tx: &mut store::Tx<'_>| tx.execute("UPDATE users SET named_by = 'phone_number'", &[]).map(drop);
    lab.app.db.write(stale).await.map_err(|error: store::Error| error).unwrap();
    let other = list(json!({"email": "other@example.com"}));
    lab.call("UpdateUserAttributes", json!({"AccessToken": token, "UserAttributes": other})).await.ok();
    scene.tokens("other@example.com").await;
}

/// A try to deliver that ends after its user was deleted brings nothing back.
async fn case_32_a_try_does_not_outlive_its_user(lab: Lab) {
    let webhook = Some("http://127.0.0.1:9/".to_owned());
    let sends =
        lab.another(crate::lab::MASTER_KEY, |config| config.delivery.email_webhook = webhook).await.unwrap();
    let scene = verifying(&sends, json!({})).await;
    for ends in ["delivered", "tried again", "given up"] {
        scene.sign_up("jane", json!({"email": "jane@example.com"})).await.ok();
        let now = lab.app.now();
        let lease = move |tx: &mut store::Tx<'_>| store::outbox::lease(tx, now, now + 60_000, 10);
        let leased = lab.app.db.write(lease).await.map_err(|error: store::Error| error).unwrap();
        let [entry] = &leased[..] else { panic!("{ends}: {leased:?}") };
        scene.admin("AdminDeleteUser", json!({"Username": "jane"})).await;
        let id = entry.id.clone();
        let end = move |tx: &mut store::Tx<'_>| match ends {
            "delivered" => store::outbox::delivered(tx, &id, now),
            "tried again" => store::outbox::failed(tx, &id, Some(now), "550 jane@example.com is unknown"),
            _ => store::outbox::failed(tx, &id, None, "550 jane@example.com is unknown"),
        };
        lab.app.db.write(end).await.map_err(|error: store::Error| error).unwrap();
        let left = |tx: &mut store::Tx<'_>| {
            let traces = "SELECT COUNT(*) FROM outbox WHERE last_error IS NOT NULL OR delivered_at IS NOT NULL \
                          OR next_try_at IS NOT NULL OR recipient <> ''";
            tx.query_one(traces, &[])?.map_or(Ok(0), |row| row.int(0))
        };
        let left = lab.app.db.read(left).await.map_err(|error: store::Error| error).unwrap();
        assert_eq!(left, 0, "{ends}");
    }
}

both_engines!(
    case_36_a_name_moves_to_the_address_that_is_left,
    case_36_a_name_that_had_gone_takes_none_away,
    case_32_a_try_does_not_outlive_its_user,
    case_34_one_mailbox_is_not_both_factors,
    case_34_a_reset_code_ends_with_what_let_it_be_sent,
    case_34_an_address_is_guessed_at_from_many_accounts,
    case_34_a_registered_address_is_guessed_at,
    case_34_few_codes_for_one_address_live_at_once,
    case_29_an_address_is_registered_as_the_client_may,
    case_32_nothing_outlives_its_user,
    case_34_variants_of_a_mailbox_share_its_messages,
    case_28_a_second_address_is_no_name_until_it_is_proved,
    case_28_no_unproved_address_becomes_a_name,
    case_34_second_factors_prove_addresses_too,
    case_36_an_address_does_not_go_from_under_its_factor,
    case_36_the_last_name_stays
);
