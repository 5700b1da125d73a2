//! Finding out who exists by the time that an answer takes: a name that nobody has costs as many statements.

use crate::{lab::MASTER_KEY, scene::Scene, sign_up::verifying};
use cognate::{
    app::App,
    codes::{self, Owner, What},
    delivery::HOURLY_PER_RECIPIENT,
};
use rules::messages::{Medium, recipients::Recipient};
use serde_json::json;
use std::sync::{Arc, atomic::Ordering};
use store::users;

/// How many statements a code to a user takes, and one to a name that nobody has.
async fn statements(app: &App, scene: &Scene, what: What) -> (usize, usize) {
    let pool = app.pool(&scene.pool).await.unwrap();
    let sub = scene.seen("jane").await["sub"].clone();
    let (app, now) = (Arc::new(app.clone()), app.now());
    let work = app.clone();
    let counted = app.db.write(move |tx| {
        let user = users::find(tx, &pool.id, &sub)?.unwrap();
        let to = |to: &str| Recipient { medium: Medium::Email, to: to.to_owned() };
        let before = tx.statements();
        codes::send_discreetly(&work, tx, &pool, &user, what, &to("jane@example.com"), now, true)?;
        let between = tx.statements();
        codes::pretend(&work, tx, what, &Owner::unknown(&pool, "nobody"), &to("n@e"), now)?;
        Ok::<_, rules::Fault>((between - before, tx.statements() - between))
    });
    counted.await.unwrap()
}

both_engines! {
    async fn case_41_a_code_to_nobody_costs_as_many_statements(lab: Lab) {
        let webhook = Some("http://127.0.0.1:9/".to_owned());
        let sends = lab.another(MASTER_KEY, |config| config.delivery.email_webhook = webhook).await.unwrap();
        let scene = verifying(&sends, json!({})).await;
        scene.reachable("jane").await;
        for what in [What::SignUp, What::PasswordReset] {
            assert_eq!(statements(&lab.app, &scene, what).await, (2, 2), "{what:?}: nothing leaves");
            assert_eq!(statements(&sends.app, &scene, what).await, (3, 3), "{what:?}: e-mails leave");
            sends.app.outbox_is_full.store(true, Ordering::Relaxed);
            assert_eq!(statements(&sends.app, &scene, what).await, (3, 3), "{what:?}: the outbox is full");
            sends.app.outbox_is_full.store(false, Ordering::Relaxed);
        }
        for _ in 0..HOURLY_PER_RECIPIENT {
            assert_eq!(statements(&sends.app, &scene, What::PasswordReset).await, (3, 3));
        }
        let sent = scene.messages("jane").await.len();
        assert_eq!(statements(&sends.app, &scene, What::PasswordReset).await, (3, 3));
        assert_eq!(scene.messages("jane").await.len(), sent, "the address had its hour's messages");
    }
}
