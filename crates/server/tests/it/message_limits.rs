//! How many messages leave: to one address whatever they are for, of one user's changes, and in all.

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene},
    sign_up::verifying,
};
use cognate::messages::{
    outbox::{HOURLY_PER_RECIPIENT, WAITING_MAX},
    see_whether_full,
};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use store::outbox;

const REFUSAL: (&str, &str) = ("TooManyRequestsException", "Rate exceeded");

/// A lab whose e-mails would leave.
async fn lab() -> Lab {
    Lab::with_settings(|config| config.delivery.email_webhook = Some("http://127.0.0.1:9/".into())).await
}

async fn sent(lab: &Lab, to: &'static str) -> usize {
    let found = lab.app.db.read(move |tx| outbox::list(tx, Some(to), 1_000)).await;
    found.unwrap_or_else(|e: store::Error| panic!("{e}")).len()
}

/// Registers users with one address, spelled in many ways, until that gets no more messages.
async fn flood(scene: &Scene, to: &str) -> Answer {
    for n in 0..HOURLY_PER_RECIPIENT {
        let mut spelled = to.to_owned();
        spelled[..n as usize % to.len()].make_ascii_uppercase();
        scene.sign_up(&format!("flood{n}"), json!({"email": spelled})).await.ok();
    }
    scene.sign_up("one-too-many", json!({"email": to})).await
}

#[tokio::test]
async fn an_address_is_sent_so_many_messages_in_an_hour_whatever_they_are_for() {
    let lab = lab().await;
    let hiding = json!({"PreventUserExistenceErrors": "ENABLED"});
    let scene = verifying(&lab, hiding).await;
    let to = "jane@example.com";
    let verified = json!([{"Name": "email", "Value": to}, {"Name": "email_verified", "Value": "true"}]);
    scene.user("jane", verified).await;
    // Nobody is kept from registering, but no message goes out.
    flood(&scene, to).await.ok();
    assert_eq!(sent(&lab, to).await, HOURLY_PER_RECIPIENT as usize);
    assert_eq!(scene.seen("one-too-many").await["email"], to);

    let tokens = scene.tokens("jane").await;
    let access = &tokens["AccessToken"];
    let verification = json!({"AccessToken": access, "AttributeName": "email"});
    let refused = [
        lab.call("GetUserAttributeVerificationCode", verification).await,
        lab.admin("AdminResetUserPassword", json!({"UserPoolId": scene.pool, "Username": "jane"})).await,
        lab.admin(
            "AdminCreateUser",
            json!({"UserPoolId": scene.pool, "Username": "mary", "DesiredDeliveryMediums": ["EMAIL"],
                   "UserAttributes": [{"Name": "email", "Value": to}]}),
        )
        .await,
    ];
    for answer in refused {
        answer.refused(REFUSAL.0, REFUSAL.1);
    }
    // A stranger does not learn from it who has an account.
    let forgot = async |name: &str| scene.public("ForgotPassword", json!({"Username": name})).await.ok();
    let (known, unknown) = (forgot("jane").await, forgot("nobody").await);
    assert_eq!(
        known["CodeDeliveryDetails"]["DeliveryMedium"],
        unknown["CodeDeliveryDetails"]["DeliveryMedium"]
    );
    scene.public("ResendConfirmationCode", json!({"Username": "flood0"})).await.ok();
    assert_eq!(sent(&lab, to).await, HOURLY_PER_RECIPIENT as usize);
    // Other addresses get theirs, and this one in an hour.
    scene.sign_up("john", json!({"email": "john@example.com"})).await.ok();
    lab.advance(3_600);
    scene.public("ResendConfirmationCode", json!({"Username": "one-too-many"})).await.ok();
    assert_eq!(sent(&lab, to).await, HOURLY_PER_RECIPIENT as usize + 1);
    lab.remove().await;
}

#[tokio::test]
async fn without_a_way_out_nobody_is_flooded() {
    let lab = Lab::sqlite().await;
    let scene = verifying(&lab, json!({})).await;
    flood(&scene, "jane@example.com").await.ok();
    lab.remove().await;
}

async fn a_user_changes_addresses_so_often_in_an_hour(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    let change_with = async |tokens: &Value, name: &str, value: String| {
        let attributes = json!([{"Name": name, "Value": value}]);
        let input = json!({"AccessToken": tokens["AccessToken"], "UserAttributes": attributes});
        lab.call("UpdateUserAttributes", input).await
    };
    let change = async |name, value| change_with(&tokens, name, value).await;
    for n in 0..10 {
        change("email", format!("jane{n}@example.com")).await.ok();
    }
    change("email", "jane10@example.com".into()).await.refused(REFUSAL.0, REFUSAL.1);
    assert_eq!(scene.seen("jane").await["email"], "jane9@example.com");
    // What sends nothing is not counted.
    change("nickname", "jj".into()).await.ok();
    lab.advance(3_600);
    let tokens = scene.tokens("jane").await;
    change_with(&tokens, "email", "jane10@example.com".into()).await.ok();
}

both_engines!(a_user_changes_addresses_so_often_in_an_hour);

#[tokio::test]
async fn a_full_outbox_takes_no_more_until_it_has_room() {
    let lab = lab().await;
    let scene = verifying(&lab, json!({})).await;
    scene.sign_up("jane", json!({"email": "jane@example.com"})).await.ok();
    assert!(!lab.app.outbox_is_full.load(Ordering::SeqCst));
    let copy = lab.app.db.read(|tx| outbox::list(tx, None, 1)).await;
    let copy = copy.unwrap_or_else(|e: store::Error| panic!("{e}")).remove(0);
    lab.app
        .db
        .write(move |tx| {
            for n in 1..WAITING_MAX {
                outbox::insert(
                    tx,
                    &outbox::Entry { id: format!("copy{n}"), recipient: n.to_string(), ..copy.clone() },
                )?;
            }
            Ok::<_, store::Error>(())
        })
        .await
        .unwrap();
    see_whether_full(&lab.app).await.unwrap();
    scene.sign_up("john", json!({"email": "john@example.com"})).await.refused(REFUSAL.0, REFUSAL.1);
    // Without a message all goes on.
    scene.user("mary", json!([])).await;
    scene.sign_in("mary", PASSWORD).await.ok();
    let now = lab.app.now();
    lab.app
        .db
        .write(move |tx| outbox::delivered(tx, "copy1", now))
        .await
        .unwrap_or_else(|e: store::Error| panic!("{e}"));
    see_whether_full(&lab.app).await.unwrap();
    scene.sign_up("john", json!({"email": "john@example.com"})).await.ok();
    lab.remove().await;
}
