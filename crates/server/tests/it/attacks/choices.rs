//! Sign-in by choice: what a step of it is worth elsewhere, what it tells of who exists, and what it lets strangers do.

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, merged, totp_code},
    srp_client::SrpClient,
};
use serde_json::{Value, json};
use std::time::Duration;

const WRONG: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");
const LOCKED: (&str, &str) = ("NotAuthorizedException", "Password attempts exceeded");
const MISMATCH: (&str, &str) = ("CodeMismatchException", "Invalid code or auth state for the user.");
const RESET: (&str, &str) = ("PasswordResetRequiredException", "Password reset required for the user");

/// A pool whose users choose, and have authenticator apps if they want to.
async fn choosing(lab: &Lab, hides: bool, pool: Value) -> Scene {
    let policies = json!({
        "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]}},
        "AutoVerifiedAttributes": ["email"],
    });
    let prevent = if hides { "ENABLED" } else { "LEGACY" };
    let flows = [
        "ALLOW_USER_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    ];
    let client = json!({"ExplicitAuthFlows": flows, "PreventUserExistenceErrors": prevent});
    let scene = Scene::with(lab, merged(policies, pool), client).await;
    let totp = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    scene
}

fn email(name: &str) -> Value {
    json!([{"Name": "email", "Value": format!("{name}@example.com")}, {"Name": "email_verified", "Value": "true"}])
}

async fn begin(scene: &Scene, name: &str, parameters: Value) -> Answer {
    scene.initiate("USER_AUTH", merged(json!({"USERNAME": name}), parameters)).await
}

async fn by_password(scene: &Scene, name: &str, password: &str) -> Answer {
    begin(scene, name, json!({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": password})).await
}

async fn guess(scene: &Scene, name: &str, session: &Value) -> Answer {
    scene.respond("EMAIL_OTP", session, json!({"USERNAME": name, "EMAIL_OTP_CODE": "00000000"})).await
}

/// An authenticator app that the user has; it is asked for where `is_on`. Answers its secret.
async fn app_of(scene: &Scene, token: &Value, is_on: bool) -> String {
    let secret = scene.lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok();
    let secret = secret["SecretCode"].as_str().unwrap().to_owned();
    let code = totp_code(&scene.lab, &secret, 0);
    scene.lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.ok();
    let on = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": is_on}});
    scene.lab.call("SetUserMFAPreference", on).await.ok();
    secret
}

/// A password that was proved by choice ends with its reset, as one that was not chosen does.
async fn case_40_a_reset_ends_a_chosen_password_too(lab: Lab) {
    let scene = choosing(&lab, false, json!({})).await;
    scene.user("jane", email("jane")).await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let secret = app_of(&scene, &token, true).await;
    let asked = by_password(&scene, "jane", PASSWORD).await.ok();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    scene.admin("AdminResetUserPassword", json!({"Username": "jane"})).await;
    let right = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], right).await.refused(RESET.0, RESET.1);
}

/// Wrong passwords lock by one counter, whichever way they come and whether or not there is such a user.
async fn case_41_one_lock_whoever_it_is_and_whatever_the_way(lab: Lab) {
    let scene = choosing(&lab, true, json!({})).await;
    scene.user("jane", email("jane")).await;
    scene.user("gone", email("gone")).await;
    scene.admin("AdminDisableUser", json!({"Username": "gone"})).await;
    for chosen_first in [true, false] {
        for name in ["jane", "gone", "joey"] {
            lab.advance(3_600);
            for _ in 0..5 {
                let refused = if chosen_first {
                    by_password(&scene, name, "Wrong-Horse9").await
                } else {
                    scene.sign_in(name, "Wrong-Horse9").await
                };
                refused.refused(WRONG.0, WRONG.1);
            }
            scene.sign_in(name, "Wrong-Horse9").await.refused(LOCKED.0, LOCKED.1);
            by_password(&scene, name, "Wrong-Horse9").await.refused(LOCKED.0, LOCKED.1);
            let selection = begin(&scene, name, json!({})).await.ok();
            let answer = json!({"USERNAME": name, "ANSWER": "PASSWORD", "PASSWORD": "Wrong-Horse9"});
            let refused = scene.respond("SELECT_CHALLENGE", &selection["Session"], answer).await;
            refused.refused(LOCKED.0, LOCKED.1);
        }
    }
}

/// Many wrong guesses at chosen codes end alike, whether the address is proved, is not, or is nobody's.
async fn case_41_guesses_at_chosen_codes_end_alike(lab: Lab) {
    let scene = choosing(&lab, true, json!({"UsernameAttributes": ["email"]})).await;
    scene.user("jane@example.com", email("jane")).await;
    scene.sign_up("june@example.com", json!({})).await.ok();
    let mut told = Vec::new();
    for name in ["jane@example.com", "june@example.com", "joey@example.com"] {
        let mut answers = Vec::new();
        for failures in 1..=17_u32 {
            let asked = begin(&scene, name, json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"})).await.ok();
            answers.push(guess(&scene, name, &asked["Session"]).await.error());
            let lock = 1_i64 << failures.saturating_sub(5);
            lab.advance(if failures < 5 { 0 } else { lock.min(899) + 1 });
        }
        assert_eq!(answers[0].0, MISMATCH.0);
        told.push(answers);
    }
    assert_eq!(told[0], told[1], "an address that is not proved");
    assert_eq!(told[0], told[2], "nobody's address");
}

/// How long an answer takes is hidden by what it proves, and nothing that a client adds changes that.
async fn case_41_no_member_changes_when_an_answer_leaves(lab: Lab) {
    let scene = choosing(&lab, true, json!({})).await;
    scene.user("jane", email("jane")).await;
    let asked = begin(&scene, "jane", json!({})).await.ok();
    for (more, session) in [
        (json!({}), asked["Session"].clone()),
        (json!({"AuthFlow": "REFRESH_TOKEN_AUTH"}), asked["Session"].clone()),
    ] {
        let request = json!({"ClientId": scene.client, "ChallengeName": "PASSWORD", "Session": session,
            "ChallengeResponses": {"USERNAME": "jane", "PASSWORD": "Wrong-Horse9"}});
        let answer = lab.call("RespondToAuthChallenge", merged(request, more.clone())).await;
        assert_eq!(answer.error().0, WRONG.0);
        assert_eq!(answer.period.unwrap().0, Some(Duration::from_millis(5)), "{more}");
    }
    let request = json!({"ClientId": scene.client, "AuthFlow": "USER_AUTH", "ChallengeName": "SMS_MFA",
        "AuthParameters": {"USERNAME": "jane", "PREFERRED_CHALLENGE": "EMAIL_OTP"}});
    let answer = lab.call("InitiateAuth", request).await;
    assert_eq!(answer.period.unwrap().0, Some(Duration::from_millis(20)));
}

/// Who lifts a sign-in from before a second factor was turned on must give that factor, and no other code.
async fn case_36_a_step_up_spares_no_second_factor(lab: Lab) {
    let scene = choosing(&lab, false, json!({})).await;
    scene.user("jane", email("jane")).await;
    let old = scene.tokens("jane").await["AccessToken"].clone();
    let secret = app_of(&scene, &scene.tokens("jane").await["AccessToken"].clone(), true).await;
    let wish = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:3", "ACCESS_TOKEN": old});
    let mut asked = begin(&scene, "jane", wish).await.ok();
    let mut names = Vec::new();
    for _ in 0..4 {
        let name = asked["ChallengeName"].as_str().unwrap_or("tokens").to_owned();
        names.push(name.clone());
        let answer = match name.as_str() {
            "SELECT_MFA_TYPE" => json!({"USERNAME": "jane", "ANSWER": "EMAIL_OTP"}),
            "EMAIL_OTP" => {
                let code = lab.code_for("jane@example.com").await;
                json!({"USERNAME": "jane", "EMAIL_OTP_CODE": code})
            }
            "SOFTWARE_TOKEN_MFA" => {
                json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)})
            }
            _ => break,
        };
        asked = scene.respond(&name, &asked["Session"], answer).await.ok();
    }
    assert!(names.contains(&"SOFTWARE_TOKEN_MFA".to_owned()), "{names:?}");
    assert!(asked["AuthenticationResult"]["AccessToken"].is_string(), "{names:?}");
}

/// The same by a choice: the earlier sign-in was without the factor that the user has by now.
async fn case_36_no_choice_of_a_step_up_spares_a_second_factor(lab: Lab) {
    let scene = choosing(&lab, false, json!({})).await;
    scene.user("jane", email("jane")).await;
    let old = scene.tokens("jane").await["AccessToken"].clone();
    app_of(&scene, &scene.tokens("jane").await["AccessToken"].clone(), true).await;
    for level in 2..=4 {
        for preferred in ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"] {
            let parameters = json!({"TARGET_ACR_VALUES": format!("urn:cognito:loa:{level}"), "ACCESS_TOKEN": old,
                "PREFERRED_CHALLENGE": preferred, "PASSWORD": PASSWORD, "SRP_A": SrpClient::new().srp_a()});
            let answer = begin(&scene, "jane", parameters).await;
            if answer.status == 200 {
                let asked = answer.ok();
                assert!(asked["AuthenticationResult"].is_null(), "{level} {preferred}");
                if asked["ChallengeName"] == "EMAIL_OTP" {
                    let code = lab.code_for("jane@example.com").await;
                    let answer = json!({"USERNAME": "jane", "EMAIL_OTP_CODE": code});
                    let next = scene.respond("EMAIL_OTP", &asked["Session"], answer).await;
                    assert!(
                        next.status != 200 || next.ok()["ChallengeName"] == "SOFTWARE_TOKEN_MFA",
                        "{level} {preferred} {}",
                        next.text
                    );
                }
            }
        }
    }
}

/// Of two accounts with one address, whoever reads the mailbox gets the own one alone: what another has signed up
/// under it is left without its password, its sign-ins under way and its other address.
async fn case_28_who_signed_up_with_anothers_address_keeps_nothing(lab: Lab) {
    let scene = choosing(&lab, false, json!({"UsernameAttributes": ["email"]})).await;
    // The thief registers the victim's address, with a password and phone of the thief's.
    let request = json!({"ClientId": scene.client, "Username": "jane@example.com", "Password": PASSWORD,
        "UserAttributes": [{"Name": "phone_number", "Value": "+15550001234"}]});
    let signed_up = lab.call("SignUp", request).await.ok();
    let thief_sms = begin(&scene, "jane@example.com", json!({"PREFERRED_CHALLENGE": "SMS_OTP"})).await.ok();
    let thief = SrpClient::new();
    let parameters = json!({"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": thief.srp_a()});
    let thief_srp = begin(&scene, "jane@example.com", parameters).await.ok();
    let thief_select = begin(&scene, "jane@example.com", json!({})).await.ok();
    // The victim signs in by a code.
    let asked = begin(&scene, "jane@example.com", json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"})).await.ok();
    let name = &asked["ChallengeParameters"]["USER_ID_FOR_SRP"];
    let code = lab.code_for("jane@example.com").await;
    let done = scene
        .respond("EMAIL_OTP", &asked["Session"], json!({"USERNAME": name, "EMAIL_OTP_CODE": code}))
        .await;
    done.ok();
    // Everything that the thief has is worth nothing.
    if thief_sms["ChallengeName"] == "SMS_OTP" {
        let code = lab.code_for("+15550001234").await;
        let answer = json!({"USERNAME": name, "SMS_OTP_CODE": code});
        let refused = scene.respond("SMS_OTP", &thief_sms["Session"], answer).await;
        assert_eq!(refused.error().0, "NotAuthorizedException");
    }
    let stamp = crate::scene::timestamp(&lab);
    let answer = thief.answer(&scene.pool, &thief_srp["ChallengeParameters"], PASSWORD, &stamp);
    let refused = scene.respond("PASSWORD_VERIFIER", &thief_srp["Session"], answer).await;
    refused.refused(WRONG.0, WRONG.1);
    let answer = json!({"USERNAME": name, "ANSWER": "PASSWORD", "PASSWORD": PASSWORD});
    let asked = scene.respond("SELECT_CHALLENGE", &thief_select["Session"], answer).await.ok();
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP"]), "the password is gone");
    let again = begin(&scene, "jane@example.com", json!({"PREFERRED_CHALLENGE": "SMS_OTP"})).await.ok();
    assert_eq!(again["ChallengeName"], "SELECT_CHALLENGE", "the other address is not proved");
    assert_eq!(again["AvailableChallenges"], json!(["EMAIL_OTP"]));
    let with_session = json!({"ClientId": scene.client, "AuthFlow": "USER_AUTH", "Session": signed_up["Session"],
        "AuthParameters": {"USERNAME": name}});
    assert_eq!(lab.call("InitiateAuth", with_session).await.error().0, "NotAuthorizedException");
}

/// The Session of one step answers no other: each challenge of the sign-in is tried at each Session.
async fn case_36_a_session_answers_its_own_challenge_alone(lab: Lab) {
    let scene = choosing(&lab, false, json!({})).await;
    scene.user("jane", email("jane")).await;
    scene.user("june", email("june")).await;
    let token = scene.tokens("june").await["AccessToken"].clone();
    let secret = app_of(&scene, &token, true).await;
    let signed_up = scene.sign_up("jill", json!({"email": "jill@example.com"})).await.ok();
    let srp = json!({"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": SrpClient::new().srp_a()});
    let code = begin(&scene, "jane", json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"})).await.ok();
    let sent = lab.code_for("jane@example.com").await;
    let sessions = [
        ("jane", "SELECT_CHALLENGE", begin(&scene, "jane", json!({})).await.ok()["Session"].clone()),
        ("jane", "EMAIL_OTP", code["Session"].clone()),
        ("jane", "PASSWORD_VERIFIER", begin(&scene, "jane", srp).await.ok()["Session"].clone()),
        ("june", "SOFTWARE_TOKEN_MFA", by_password(&scene, "june", PASSWORD).await.ok()["Session"].clone()),
        ("jill", "none", signed_up["Session"].clone()),
    ];
    let totp = totp_code(&lab, &secret, 1);
    for (name, own, session) in &sessions {
        for (challenge, answer) in [
            ("SELECT_CHALLENGE", json!({"ANSWER": "EMAIL_OTP"})),
            ("PASSWORD", json!({"PASSWORD": PASSWORD})),
            ("PASSWORD_SRP", json!({"SRP_A": SrpClient::new().srp_a()})),
            ("EMAIL_OTP", json!({"EMAIL_OTP_CODE": sent})),
            ("SMS_OTP", json!({"SMS_OTP_CODE": sent})),
            ("SMS_MFA", json!({"SMS_MFA_CODE": sent})),
            ("SOFTWARE_TOKEN_MFA", json!({"SOFTWARE_TOKEN_MFA_CODE": totp})),
            ("SELECT_MFA_TYPE", json!({"ANSWER": "EMAIL_OTP"})),
            ("MFA_SETUP", json!({})),
            ("NEW_PASSWORD_REQUIRED", json!({"NEW_PASSWORD": "Another-Horse9"})),
            ("CUSTOM_CHALLENGE", json!({"ANSWER": "x"})),
            ("WEB_AUTHN", json!({})),
            ("WEB_AUTHN", json!({"CREDENTIAL": "{}"})),
            ("DEVICE_SRP_AUTH", json!({"DEVICE_KEY": "us-east-1_0", "SRP_A": "2"})),
        ] {
            let is_selection = *own == "SELECT_CHALLENGE"
                && ["SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP"].contains(&challenge);
            if challenge == *own || is_selection {
                continue;
            }
            let answer = merged(json!({"USERNAME": name}), answer);
            let refused = scene.respond(challenge, session, answer).await.error();
            let is_refused =
                ["NotAuthorizedException", "InvalidParameterException"].contains(&refused.0.as_str());
            assert!(is_refused, "{own} {challenge}: {refused:?}");
        }
        for operation in ["AssociateSoftwareToken", "VerifySoftwareToken"] {
            let request = json!({"Session": session, "UserCode": totp});
            let request =
                if operation == "AssociateSoftwareToken" { json!({"Session": session}) } else { request };
            assert_eq!(
                lab.call(operation, request).await.error().0,
                "NotAuthorizedException",
                "{own} {operation}"
            );
        }
        if *own != "none" {
            let sign_up = json!({"ClientId": scene.client, "Username": "jill", "ConfirmationCode": lab.code_for("jill@example.com").await, "Session": session});
            assert_eq!(lab.call("ConfirmSignUp", sign_up).await.error().0, "NotAuthorizedException", "{own}");
            let begun = json!({"ClientId": scene.client, "AuthFlow": "USER_AUTH", "Session": session, "AuthParameters": {"USERNAME": name}});
            assert_eq!(lab.call("InitiateAuth", begun).await.error().0, "NotAuthorizedException", "{own}");
        }
        // An operator's operation takes none of them.
        let answer = json!({"USERNAME": name, "EMAIL_OTP_CODE": sent, "SOFTWARE_TOKEN_MFA_CODE": totp, "ANSWER": "PASSWORD", "PASSWORD": PASSWORD});
        for challenge in ["EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_CHALLENGE"] {
            let request = json!({"UserPoolId": scene.pool, "ClientId": scene.client, "ChallengeName": challenge,
                "Session": session, "ChallengeResponses": answer});
            let refused = lab.admin("AdminRespondToAuthChallenge", request).await.error();
            assert_eq!(refused.0, "NotAuthorizedException", "{own} {challenge}");
        }
    }
    // They are as good as before.
    let answer = json!({"USERNAME": "jane", "EMAIL_OTP_CODE": sent});
    scene.respond("EMAIL_OTP", &sessions[1].2, answer).await.ok();
    let answer = json!({"USERNAME": "june", "SOFTWARE_TOKEN_MFA_CODE": totp});
    scene.respond("SOFTWARE_TOKEN_MFA", &sessions[3].2, answer).await.ok();
}

/// One of many answers at once succeeds, for each kind of proof; and a code of an authenticator app counts once though two
/// sign-ins wait for it.
async fn case_35_of_the_same_proof_at_once_one_counts(lab: Lab) {
    let scene = choosing(&lab, false, json!({})).await;
    scene.user("jane", email("jane")).await;
    let asked = begin(&scene, "jane", json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"})).await.ok();
    let code = lab.code_for("jane@example.com").await;
    let answer = json!({"USERNAME": "jane", "EMAIL_OTP_CODE": code});
    let sessions = vec![asked["Session"].clone(); 4];
    assert_eq!(successes(&scene, "EMAIL_OTP", sessions, answer).await, 1);
    let client = SrpClient::new();
    let parameters = json!({"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": client.srp_a()});
    let asked = begin(&scene, "jane", parameters).await.ok();
    let stamp = crate::scene::timestamp(&lab);
    let answer = client.answer(&scene.pool, &asked["ChallengeParameters"], PASSWORD, &stamp);
    let sessions = vec![asked["Session"].clone(); 4];
    assert_eq!(successes(&scene, "PASSWORD_VERIFIER", sessions, answer).await, 1);
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let secret = app_of(&scene, &token, true).await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(by_password(&scene, "jane", PASSWORD).await.ok()["Session"].clone());
    }
    let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    assert_eq!(successes(&scene, "SOFTWARE_TOKEN_MFA", sessions, answer).await, 1);
    // A sealed selection is answered once, whatever is chosen.
    scene.user("june", email("june")).await;
    let asked = begin(&scene, "june", json!({})).await.ok();
    let answer = json!({"USERNAME": "june", "ANSWER": "EMAIL_OTP"});
    assert_eq!(successes(&scene, "SELECT_CHALLENGE", vec![asked["Session"].clone(); 4], answer).await, 1);
}

async fn successes(scene: &Scene, challenge: &'static str, sessions: Vec<Value>, answer: Value) -> usize {
    let answers: Vec<_> = sessions
        .into_iter()
        .map(|session| {
            let (scene, answer) = (scene.clone(), answer.clone());
            tokio::spawn(async move { scene.respond(challenge, &session, answer).await.status == 200 })
        })
        .collect();
    let mut successes = 0;
    for answer in answers {
        successes += usize::from(answer.await.unwrap());
    }
    successes
}

/// What a client carries for a user is as long as what it carries for nobody.
async fn case_41_blocks_and_sessions_have_one_length(lab: Lab) {
    let only = json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}});
    let scene = choosing(&lab, true, only).await;
    scene.user("jane", email("jane")).await;
    for (name, status) in [("gone", "AdminDisableUser"), ("rese", "AdminResetUserPassword")] {
        scene.user(name, email(name)).await;
        scene.admin(status, json!({"Username": name})).await;
    }
    let a = "7".repeat(768);
    let mut lengths = Vec::new();
    for name in ["jane", "gone", "rese", "joey"] {
        let asked = begin(&scene, name, json!({})).await.ok();
        let choice = json!({"USERNAME": name, "ANSWER": "PASSWORD_SRP", "SRP_A": a});
        let selected = scene.respond("SELECT_CHALLENGE", &asked["Session"], choice).await.ok();
        let preferred =
            begin(&scene, name, json!({"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": a})).await.ok();
        let length = |value: &Value| value.as_str().unwrap().len();
        lengths.push([
            length(&asked["Session"]),
            length(&selected["Session"]),
            length(&selected["ChallengeParameters"]["SECRET_BLOCK"]),
            length(&preferred["Session"]),
            length(&preferred["ChallengeParameters"]["SECRET_BLOCK"]),
        ]);
    }
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}

both_engines!(
    case_41_blocks_and_sessions_have_one_length,
    case_40_a_reset_ends_a_chosen_password_too,
    case_41_one_lock_whoever_it_is_and_whatever_the_way,
    case_41_guesses_at_chosen_codes_end_alike,
    case_41_no_member_changes_when_an_answer_leaves,
    case_36_a_step_up_spares_no_second_factor,
    case_36_no_choice_of_a_step_up_spares_a_second_factor,
    case_28_who_signed_up_with_anothers_address_keeps_nothing,
    case_36_a_session_answers_its_own_challenge_alone,
    case_35_of_the_same_proof_at_once_one_counts
);
