//! A password that is being set while a sign-in hashes the present one anew: it is still the same password.

use crate::{
    lab::{Busy, Lab},
    scene::{PASSWORD, Scene},
    sign_up::{list, verifying},
};
use serde_json::{Value, json};

const NEW: &str = "Another-Horse9";

/// Stores another hash of the same password, as a sign-in does after the settings of hashes were changed.
async fn rehash(lab: &Lab, scene: &Scene, name: &str) {
    let (pool, name) = (scene.pool.as_str().into(), name.to_owned());
    lab.app
        .db
        .write(move |tx| {
            let before = store::users::find(tx, &pool, &name)?.unwrap();
            let mut user = before.clone();
            // No password has this hash any more, so that only the setting can be compared.
            user.password.as_mut().unwrap().hash.push('x');
            let names = [before.username.to_string()];
            store::users::update(tx, &before, &user, &names, &names)
        })
        .await
        .unwrap();
}

/// Makes a call, and hashes the password anew between its reading and its writing.
async fn called(
    lab: &Lab,
    scene: &Scene,
    signed: bool,
    operation: &'static str,
    input: Value,
) -> crate::lab::Answer {
    let busy = Busy::new(&lab.app.workers).await;
    let calling = tokio::spawn({
        let lab = lab.clone();
        async move { if signed { lab.admin(operation, input).await } else { lab.call(operation, input).await } }
    });
    busy.somebody_waits().await;
    rehash(lab, scene, "jane").await;
    busy.end().await;
    calling.await.unwrap()
}

async fn a_rehash_is_no_other_password(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let attributes = list(json!({"email": "jane@example.com", "email_verified": "true"}));
    scene.user("jane", attributes).await;
    let set = json!({"UserPoolId": scene.pool, "Username": "jane", "Password": PASSWORD, "Permanent": true});
    called(&lab, &scene, true, "AdminSetUserPassword", set.clone()).await.ok();

    scene.public("ForgotPassword", json!({"Username": "jane"})).await.ok();
    let code = lab.code_for("jane@example.com").await;
    let reset =
        json!({"ClientId": scene.client, "Username": "jane", "ConfirmationCode": code, "Password": PASSWORD});
    called(&lab, &scene, false, "ConfirmForgotPassword", reset).await.ok();

    let token = scene.tokens("jane").await["AccessToken"].clone();
    let change = json!({"AccessToken": token, "PreviousPassword": PASSWORD, "ProposedPassword": NEW});
    called(&lab, &scene, false, "ChangePassword", change).await.ok();
    scene.sign_in("jane", NEW).await.ok();

    let invited =
        json!({"UserPoolId": scene.pool, "Username": "jane", "Password": PASSWORD, "Permanent": false});
    lab.admin("AdminSetUserPassword", invited).await.ok();
    let resend = json!({"UserPoolId": scene.pool, "Username": "jane", "MessageAction": "RESEND", "DesiredDeliveryMediums": ["EMAIL"]});
    called(&lab, &scene, true, "AdminCreateUser", resend).await.ok();
}

/// An invitation that is sent again must not undo a password that was set meanwhile.
async fn an_invitation_does_not_undo_a_password(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let invite = json!({
        "UserPoolId": scene.pool, "Username": "jane", "TemporaryPassword": PASSWORD,
        "UserAttributes": list(json!({"email": "jane@example.com"})), "DesiredDeliveryMediums": ["EMAIL"],
    });
    lab.admin("AdminCreateUser", invite.clone()).await.ok();
    let busy = Busy::new(&lab.app.workers).await;
    let resending = tokio::spawn({
        let (lab, mut resend) = (lab.clone(), invite);
        resend["MessageAction"] = json!("RESEND");
        async move { lab.admin("AdminCreateUser", resend).await }
    });
    busy.somebody_waits().await;
    let pool = scene.pool.as_str().into();
    lab.app
        .db
        .write(move |tx| {
            let before = store::users::find(tx, &pool, "jane")?.unwrap();
            let mut user = before.clone();
            user.password.as_mut().unwrap().srp_salt = "another".into();
            let names = [before.username.to_string()];
            store::users::update(tx, &before, &user, &names, &names)
        })
        .await
        .unwrap();
    busy.end().await;
    resending.await.unwrap().refused("TooManyRequestsException", "Rate exceeded");
}

both_engines!(a_rehash_is_no_other_password, an_invitation_does_not_undo_a_password);
