//! Finding out who exists by the time that an answer takes: a name that nobody has costs as many statements.

use crate::{
    lab::{Answer, Lab, MASTER_KEY},
    scene::{PASSWORD, Scene, merged, timestamp},
    sign_up::verifying,
    srp_client::SrpClient,
};
use cognate::{
    app::App,
    messages::outbox::HOURLY_PER_RECIPIENT,
    users::{
        codes::{self, CodeOwner, CodePurpose},
        drafts::Draft,
    },
};
use rules::messages::{Medium, Occasion, recipients::Recipient};
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use store::users;

const WRONG: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");
const LOCKED: (&str, &str) = ("NotAuthorizedException", "Password attempts exceeded");

/// How many statements a code to a user takes, and one to a name that nobody has.
async fn statements(app: &App, scene: &Scene, purpose: CodePurpose) -> (usize, usize) {
    let pool = app.pool(&scene.pool).await.unwrap();
    let sub = scene.seen("jane").await["sub"].clone();
    let (app, now) = (Arc::new(app.clone()), app.now());
    let work = app.clone();
    let to = |to: &str| Recipient { medium: Medium::Email, to: to.to_owned() };
    let draft = Draft::of_nobody(&app, &pool, Occasion::Resend, to("jane@example.com"));
    let counted = app.db.write(move |tx| {
        let user = users::find(tx, &pool.id, &sub)?.unwrap();
        let before = tx.statements();
        codes::send_discreetly(&work, tx, &pool, &user, purpose, &draft, now)?;
        let between = tx.statements();
        codes::pretend(&work, tx, &pool, purpose, &CodeOwner::unknown(&pool, "nobody"), &to("n@e"), now)?;
        Ok::<_, rules::Fault>((between - before, tx.statements() - between))
    });
    counted.await.unwrap()
}

async fn case_41_a_code_to_nobody_costs_as_many_statements(lab: Lab) {
    let webhook = Some("http://127.0.0.1:9/".to_owned());
    let sends = lab.another(MASTER_KEY, |config| config.delivery.email_webhook = webhook).await.unwrap();
    let scene = verifying(&sends, json!({})).await;
    scene.reachable("jane").await;
    // The codes of sign-ups are bounded for each mailbox, which is a statement more.
    for (what, least) in [(CodePurpose::SignUp, 3), (CodePurpose::PasswordReset, 2)] {
        let sent = least + 1;
        assert_eq!(statements(&lab.app, &scene, what).await, (least, least), "{what:?}: nothing leaves");
        assert_eq!(statements(&sends.app, &scene, what).await, (sent, sent), "{what:?}: e-mails leave");
        sends.app.outbox_is_full.store(true, Ordering::Relaxed);
        assert_eq!(statements(&sends.app, &scene, what).await, (sent, sent), "{what:?}: the outbox is full");
        sends.app.outbox_is_full.store(false, Ordering::Relaxed);
    }
    for _ in 0..HOURLY_PER_RECIPIENT {
        assert_eq!(statements(&sends.app, &scene, CodePurpose::PasswordReset).await, (3, 3));
    }
    let sent = scene.messages("jane").await.len();
    assert_eq!(statements(&sends.app, &scene, CodePurpose::PasswordReset).await, (3, 3));
    assert_eq!(scene.messages("jane").await.len(), sent, "the address had its hour's messages");
}

/// Whoever knows a user name must not learn by the lock which address belongs to it.
async fn case_41_a_proof_under_any_name_counts(lab: Lab) {
    let hides = json!({"PreventUserExistenceErrors": "ENABLED"});
    let scene = Scene::with(&lab, json!({"AliasAttributes": ["email"]}), hides).await;
    let attributes =
        json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    scene.user("jane", attributes).await;
    for (typed, proved) in
        [("jane", "jane@example.com"), ("jane", "mary@example.com"), ("nobody", "nobody@example.com")]
    {
        lab.advance(3600);
        let client = SrpClient::new();
        let request = json!({"USERNAME": typed, "SRP_A": client.srp_a()});
        let challenge = scene.initiate("USER_SRP_AUTH", request).await.ok()["ChallengeParameters"].clone();
        let mut proof = client.answer(&scene.pool, &challenge, "Wrong-Horse9", &timestamp(&lab));
        proof["USERNAME"] = json!(proved);
        let answer = async || scene.respond("PASSWORD_VERIFIER", &Value::Null, proof.clone()).await;
        for _ in 0..5 {
            answer().await.refused(WRONG.0, WRONG.1);
        }
        answer().await.refused(LOCKED.0, LOCKED.1);
    }
}

async fn case_41_answers_about_names_leave_at_the_end_of_a_period(lab: Lab) {
    let scene = verifying(&lab, json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    scene.reachable("jane").await;
    let srp_a = SrpClient::new().srp_a();
    for name in ["jane", "nobody"] {
        let code = json!({"Username": name, "ConfirmationCode": "000000"});
        let reset = merged(code.clone(), json!({"Password": PASSWORD}));
        for (operation, members, period_ms) in [
            ("ForgotPassword", json!({"Username": name}), 20),
            ("ConfirmForgotPassword", reset, 20),
            ("ConfirmSignUp", code, 20),
            ("ResendConfirmationCode", json!({"Username": name}), 20),
            ("InitiateAuth", srp(name, &srp_a), 5),
        ] {
            let answer = scene.public(operation, members).await;
            assert_eq!(period(&answer), Some(Duration::from_millis(period_ms)), "{operation} {name}");
        }
    }
    for name in ["jane", "nobody"] {
        for _ in 0..5 {
            scene.sign_in(name, "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);
        }
        let locked = scene.sign_in(name, PASSWORD).await;
        locked.refused(LOCKED.0, LOCKED.1);
        assert_eq!(
            period(&locked),
            Some(Duration::from_millis(5)),
            "{name} is locked out, and nothing was hashed"
        );
    }
    let refresh = scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": "x"})).await;
    assert_eq!(period(&refresh), None, "nobody waits for want of a secret");
}

both_engines!(
    case_41_a_code_to_nobody_costs_as_many_statements,
    case_41_a_proof_under_any_name_counts,
    case_41_answers_about_names_leave_at_the_end_of_a_period
);

fn period(answer: &Answer) -> Option<Duration> {
    answer.period.expect("the server says at which period's end an answer left").0
}

fn srp(name: &str, srp_a: &str) -> Value {
    json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": name, "SRP_A": srp_a}})
}
