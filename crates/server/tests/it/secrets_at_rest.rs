//! Signing keys that rotate, a master key that changes while servers run, and hashes that follow the settings.

use crate::{
    lab::{Busy, Lab, MASTER_KEY},
    scene::{PASSWORD, Scene, totp_code},
    srp_client::DeviceClient,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use cognate::{
    config::Hashing,
    jobs,
    keys::rotation::{self, Old},
    secrets::{master_keys, random::SystemRandom, vault::KeyId},
    users::devices,
};
use rules::{
    ids::{PoolId, Sub},
    user::device::Device,
};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

const NEW_KEY: [u8; 32] = [9; 32];
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn kid(token: &Value) -> String {
    let header = token.as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn published(scene: &Scene) -> Vec<String> {
    let keys = scene.lab.get(&format!("/{}/.well-known/jwks.json", scene.pool)).await.ok()["keys"].clone();
    keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn get_user(lab: &Lab, token: &Value) -> crate::lab::Answer {
    lab.call("GetUser", json!({"AccessToken": token})).await
}

async fn a_new_key_signs_and_the_old_one_stays_published(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let before = scene.tokens("jane").await["AccessToken"].clone();
    rotation::rotate(&lab.app, &scene.pool.as_str().into(), 0, Old::Published).await.unwrap();
    let after = scene.tokens("jane").await["AccessToken"].clone();
    assert_ne!(kid(&after), kid(&before));
    let keys = published(&scene).await;
    assert_eq!(keys.len(), 4);
    assert!(keys.contains(&kid(&before)) && keys.contains(&kid(&after)));
    get_user(&lab, &before).await.ok();
    get_user(&lab, &after).await.ok();

    lab.advance(DAY);
    jobs::purge(&lab.app).await.unwrap();
    assert_eq!(published(&scene).await.len(), 4);
    lab.advance(2 * HOUR);
    jobs::purge(&lab.app).await.unwrap();
    lab.advance(2);
    let keys = published(&scene).await;
    assert_eq!(keys.len(), 2);
    assert!(keys.contains(&kid(&after)));
}

async fn a_stolen_key_is_removed_with_its_tokens(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let before = scene.tokens("jane").await["AccessToken"].clone();
    rotation::rotate(&lab.app, &scene.pool.as_str().into(), 0, Old::Removed).await.unwrap();
    assert_eq!(published(&scene).await.len(), 2);
    let (code, _) = get_user(&lab, &before).await.error();
    assert_eq!(code, "NotAuthorizedException");
    get_user(&lab, &scene.tokens("jane").await["AccessToken"]).await.ok();
    let unknown = rotation::rotate(&lab.app, &"us-east-1_None".into(), 0, Old::Published).await.unwrap_err();
    assert_eq!(unknown.code.name(), "ResourceNotFoundException");
}

async fn keys_rotate_by_schedule_and_are_published_a_day_ahead(lab: Lab) {
    let lab = lab.another(MASTER_KEY, |config| config.signing_key_days = Some(30)).await.unwrap();
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let first = kid(&scene.tokens("jane").await["AccessToken"]);
    lab.advance(29 * DAY - HOUR);
    jobs::purge(&lab.app).await.unwrap();
    assert_eq!(published(&scene).await.len(), 2);
    lab.advance(2 * HOUR);
    jobs::purge(&lab.app).await.unwrap();
    jobs::purge(&lab.app).await.unwrap();
    assert_eq!(published(&scene).await.len(), 4);
    assert_eq!(kid(&scene.tokens("jane").await["AccessToken"]), first);
    lab.advance(DAY);
    assert_ne!(kid(&scene.tokens("jane").await["AccessToken"]), first);
    lab.advance(26 * HOUR);
    jobs::purge(&lab.app).await.unwrap();
    lab.advance(2);
    assert_eq!(published(&scene).await.len(), 2);
}

async fn a_change_that_died_before_its_end_leaves_no_key_behind(lab: Lab) {
    let (old, new, newer) = (MASTER_KEY.into(), NEW_KEY.into(), [3; 32].into());
    let (db, now) = (lab.app.db.clone(), lab.app.now());
    for (from, to) in [(&old, &new), (&new, &newer)] {
        assert!(master_keys::announce(&db, SystemRandom, from, to, now).await.unwrap());
        let node = lab.another(**to, |_| {}).await.unwrap();
        assert_eq!(master_keys::reseal(&db, &node.app.vault, |_, _| {}).await.unwrap().damaged, 0);
        // The first change ends here, after its key was put into its place.
    }
    master_keys::finish(&db, KeyId::of(&NEW_KEY)).await.unwrap();
    for key in [MASTER_KEY, NEW_KEY] {
        assert!(lab.another(key, |_| {}).await.is_none(), "a replaced key opens nothing");
    }
    assert!(lab.another([3; 32], |_| {}).await.is_some());
}

async fn a_change_of_the_master_key_can_be_taken_back_at_once(lab: Lab) {
    let (db, now) = (lab.app.db.clone(), lab.app.now());
    for (from, to) in [(MASTER_KEY, NEW_KEY), (NEW_KEY, MASTER_KEY), (MASTER_KEY, NEW_KEY)] {
        assert!(master_keys::announce(&db, SystemRandom, &from.into(), &to.into(), now).await.unwrap());
        let node = lab.another(to, |_| {}).await.unwrap();
        assert_eq!(master_keys::reseal(&db, &node.app.vault, |_, _| {}).await.unwrap().damaged, 0);
        master_keys::finish(&db, KeyId::of(&from)).await.unwrap();
        assert!(lab.another(from, |_| {}).await.is_none(), "the replaced key opens nothing");
        assert!(lab.another(to, |_| {}).await.is_some(), "the new key opens the store");
    }
}

async fn a_password_is_chosen_while_the_master_key_changes(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let temporary = json!({"Username": "jane", "Password": PASSWORD, "Permanent": false});
    scene.admin("AdminSetUserPassword", temporary).await;
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    // The new hash waits while everything is sealed anew.
    let busy = Busy::new(&lab.app.workers).await;
    let chosen = json!({"USERNAME": "jane", "NEW_PASSWORD": "Another-Horse9"});
    let (answer, ()) = tokio::join!(scene.respond("NEW_PASSWORD_REQUIRED", &session, chosen), async {
        busy.somebody_waits().await;
        let (db, now) = (&lab.app.db, lab.app.now());
        assert!(
            master_keys::announce(db, SystemRandom, &MASTER_KEY.into(), &NEW_KEY.into(), now).await.unwrap()
        );
        master_keys::follow(db, &lab.app.vault).await.unwrap();
        assert!(master_keys::reseal(db, &lab.app.vault, |_, _| {}).await.unwrap().resealed > 0);
        busy.end().await;
    });
    answer.ok();
    scene.srp("jane", "Another-Horse9").await.ok();
}

async fn the_master_key_changes_under_a_running_server(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let totp = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    scene.user("jane", json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
    scene.user("mary", json!([])).await;
    let secret = authenticator(&scene, "jane").await;
    let confidential = scene.new_client(json!({"GenerateSecret": true})).await;
    let refresh_token = scene.tokens("mary").await["RefreshToken"].clone();
    let page = scene.admin("ListUsers", json!({"Limit": 1})).await["PaginationToken"].clone();
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let forgot = json!({"ClientId": scene.client, "Username": "jane"});
    lab.call("ForgotPassword", forgot).await.ok();
    let code = lab.code_for("jane@example.com").await;

    let (old, new) = (MASTER_KEY.into(), NEW_KEY.into());
    let now = lab.app.now();
    let db = lab.app.db.clone();
    assert!(!master_keys::announce(&db, SystemRandom, &[1; 32].into(), &new, now).await.unwrap());
    assert!(master_keys::announce(&db, SystemRandom, &old, &new, now).await.unwrap());
    assert!(master_keys::announce(&db, SystemRandom, &old, &new, now).await.unwrap(), "it may be repeated");
    assert!(!master_keys::announce(&db, SystemRandom, &old, &[1; 32].into(), now).await.unwrap());
    // Between announcement and end either key starts a server, and both see what the other writes.
    let (with_old, with_new) =
        (lab.another(MASTER_KEY, |_| {}).await.unwrap(), lab.another(NEW_KEY, |_| {}).await.unwrap());
    assert_eq!(with_old.app.vault.sealing_id(), KeyId::of(&NEW_KEY));
    scene.user("late", json!([])).await;
    master_keys::follow(&db, &lab.app.vault).await.unwrap();
    assert_eq!(lab.app.vault.sealing_id(), KeyId::of(&NEW_KEY));

    let walked = master_keys::reseal(&db, &with_new.app.vault, |_, _| {}).await.unwrap();
    // Two keys, one client secret, three verifiers, one authenticator, one message.
    assert_eq!((walked.resealed, walked.damaged), (8, 0));
    assert_eq!(master_keys::reseal(&db, &lab.app.vault, |_, _| {}).await.unwrap(), Default::default());
    master_keys::finish(&db, KeyId::of(&MASTER_KEY)).await.unwrap();
    assert!(lab.another(MASTER_KEY, |_| {}).await.is_none(), "the old key opens nothing");

    let later = now + 3 * HOUR * 1_000;
    master_keys::sweep(&db, &lab.app.vault, later).await.unwrap();
    let fresh = lab.another(NEW_KEY, |_| {}).await.unwrap();
    assert_eq!(fresh.app.vault.key_ids(), [KeyId::of(&NEW_KEY)], "the replaced key is forgotten");
    for lab in [&lab, &fresh] {
        assert_eq!(lab.get("/_cognate/health/ready").await.text, "ready\n");
        let scene = Scene { lab: lab.clone(), ..scene.clone() };
        for name in ["mary", "late"] {
            scene.srp(name, PASSWORD).await.ok();
        }
        scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": refresh_token})).await.ok();
        scene.admin("ListUsers", json!({"Limit": 1, "PaginationToken": page})).await;
        let shown =
            scene.admin("DescribeUserPoolClient", json!({"ClientId": confidential["ClientId"]})).await;
        assert_eq!(shown["UserPoolClient"]["ClientSecret"], confidential["ClientSecret"]);
    }
    let scene = Scene { lab: fresh.clone(), ..scene.clone() };
    let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&fresh, &secret, 1)});
    scene.respond("SOFTWARE_TOKEN_MFA", &session, answer).await.ok();
    let confirm = json!({"ClientId": scene.client, "Username": "jane", "ConfirmationCode": code, "Password": "Another-Horse9"});
    fresh.call("ConfirmForgotPassword", confirm).await.ok();
}

async fn verifiers_of_devices_follow_the_master_key(lab: Lab) {
    let tracking = json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true}});
    let scene = Scene::with(&lab, tracking, json!({})).await;
    let sub = scene.user("jane", json!([])).await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        let tokens = scene.tokens("jane").await;
        let device = DeviceClient::new(&tokens["NewDeviceMetadata"]);
        let request = json!({"AccessToken": tokens["AccessToken"], "DeviceKey": device.key,
            "DeviceSecretVerifierConfig": device.verifier_config()});
        lab.call("ConfirmDevice", request).await.ok();
        kept.push((device, tokens));
    }
    let (db, now) = (lab.app.db.clone(), lab.app.now());
    assert!(
        master_keys::announce(&db, SystemRandom, &MASTER_KEY.into(), &NEW_KEY.into(), now).await.unwrap()
    );
    let fresh = lab.another(NEW_KEY, |_| {}).await.unwrap();
    let walked = master_keys::reseal(&db, &fresh.app.vault, |_, _| {}).await.unwrap();
    // Two keys that sign, the user's verifier, three devices.
    assert_eq!((walked.resealed, walked.damaged), (6, 0));
    master_keys::finish(&db, KeyId::of(&MASTER_KEY)).await.unwrap();
    let fresh = lab.another(NEW_KEY, |_| {}).await.unwrap();
    for (device, tokens) in kept {
        let (pool_id, sub) = (PoolId::from(scene.pool.clone()), Sub::from(sub.clone()));
        let (key, context) = (device.key.clone(), Device::verifier_context(&pool_id, &sub, &device.key));
        // What is derived from the root secret is the same as before.
        assert_eq!(devices::group_key(&fresh.app, &pool_id, &sub, &key), device.group_key);
        let stored =
            db.read(move |tx| store::devices::find(tx, &pool_id, &sub, &key)).await.unwrap().unwrap();
        let v = fresh.app.vault.open(&context, &stored.detail.srp_verifier).unwrap();
        let sent = device.verifier_config();
        let sent = STANDARD.decode(sent["PasswordVerifier"].as_str().unwrap()).unwrap();
        assert_eq!(v[1..], sent[sent.len() + 1 - v.len()..]);
        let scene = Scene { lab: fresh.clone(), ..scene.clone() };
        let refresh = json!({"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": device.key});
        scene.initiate("REFRESH_TOKEN_AUTH", refresh).await.ok();
    }
}

async fn two_servers_work_while_the_master_key_changes(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let other = lab.another(MASTER_KEY, |_| {}).await.unwrap();
    let rounds = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    let is_over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = [&lab, &other]
        .into_iter()
        .enumerate()
        .map(|(number, lab)| {
            let scene = Scene { lab: lab.clone(), ..scene.clone() };
            let (rounds, is_over) = (rounds[number].clone(), is_over.clone());
            tokio::spawn(async move {
                let mut names = Vec::new();
                while !is_over.load(Ordering::SeqCst) {
                    let name = format!("user-{number}-{}", names.len());
                    scene.user(&name, json!([])).await;
                    scene.srp(&name, PASSWORD).await.ok();
                    names.push(name);
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
                names
            })
        })
        .collect();
    // Two rounds of each server: what was under way before has ended.
    let work = async || {
        let before = rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        while rounds.iter().zip(before).any(|(rounds, before)| rounds.load(Ordering::SeqCst) < before + 2) {
            tokio::task::yield_now().await;
            assert!(workers.iter().all(|worker| !worker.is_finished()), "a server stopped working");
        }
    };
    work().await;
    let db = lab.app.db.clone();
    assert!(
        master_keys::announce(&db, SystemRandom, &MASTER_KEY.into(), &NEW_KEY.into(), lab.app.now())
            .await
            .unwrap()
    );
    work().await;
    // One follows late, as in life; meanwhile each opens what the other seals.
    master_keys::follow(&db, &lab.app.vault).await.unwrap();
    work().await;
    master_keys::follow(&db, &other.app.vault).await.unwrap();
    // What was sealed under the old key before is stored by now; in operation a later sweep finds it.
    work().await;
    let walked = master_keys::reseal(&db, &lab.app.vault, |_, _| {}).await.unwrap();
    assert!(walked.resealed > 4 && walked.damaged == 0, "{walked:?}");
    master_keys::finish(&db, KeyId::of(&MASTER_KEY)).await.unwrap();
    work().await;
    is_over.store(true, Ordering::SeqCst);
    let fresh = Scene { lab: lab.another(NEW_KEY, |_| {}).await.unwrap(), ..scene.clone() };
    for worker in workers {
        for name in worker.await.unwrap() {
            fresh.srp(&name, PASSWORD).await.ok();
        }
    }
    assert_eq!(master_keys::reseal(&db, &fresh.lab.app.vault, |_, _| {}).await.unwrap(), Default::default());
}

async fn a_server_that_missed_the_change_is_not_ready(lab: Lab) {
    let (old, new) = (MASTER_KEY.into(), NEW_KEY.into());
    master_keys::announce(&lab.app.db, SystemRandom, &old, &new, lab.app.now()).await.unwrap();
    master_keys::finish(&lab.app.db, KeyId::of(&MASTER_KEY)).await.unwrap();
    let answer = lab.get("/_cognate/health/ready").await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (503, "the store's secrets cannot be opened\n"));
}

async fn hashes_follow_the_settings_at_the_next_sign_in(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let sub = scene.user("jane", json!([])).await;
    let stored = async || {
        let (pool, sub) = (scene.pool.as_str().into(), sub.clone());
        let user = lab.app.db.read(move |tx| store::users::find(tx, &pool, &sub)).await.unwrap().unwrap();
        (user.password.unwrap().hash, user.updated_at)
    };
    let before = stored().await;
    assert!(before.0.contains("m=8,t=1,p=1"), "{}", before.0);
    scene.tokens("jane").await;
    assert_eq!(stored().await, before);
    let costlier = lab
        .another(MASTER_KEY, |config| config.hashing = Hashing { memory_kib: 16, passes: 2 })
        .await
        .unwrap();
    let scene = Scene { lab: costlier, ..scene.clone() };
    scene.sign_in("jane", "Wrong-Horse9").await.error();
    assert_eq!(stored().await, before);
    let answers = Arc::new(Mutex::new(Vec::new()));
    let sign_ins = (0..4).map(|_| {
        let (scene, answers) = (scene.clone(), answers.clone());
        tokio::spawn(async move {
            let answer = scene.sign_in("jane", PASSWORD).await;
            answers.lock().unwrap().push(answer.status.as_u16());
        })
    });
    for sign_in in sign_ins.collect::<Vec<_>>() {
        sign_in.await.unwrap();
    }
    assert_eq!(*answers.lock().unwrap(), [200; 4], "an upgrade is in nobody's way");
    let after = stored().await;
    assert!(after.0.contains("m=16,t=2,p=1"), "{}", after.0);
    assert_eq!(after.1, before.1, "nothing changed for the user");
    scene.srp("jane", PASSWORD).await.ok();
    scene.tokens("jane").await;
}

both_engines!(
    a_new_key_signs_and_the_old_one_stays_published,
    a_stolen_key_is_removed_with_its_tokens,
    keys_rotate_by_schedule_and_are_published_a_day_ahead,
    a_change_that_died_before_its_end_leaves_no_key_behind,
    a_change_of_the_master_key_can_be_taken_back_at_once,
    a_password_is_chosen_while_the_master_key_changes,
    the_master_key_changes_under_a_running_server,
    two_servers_work_while_the_master_key_changes,
    verifiers_of_devices_follow_the_master_key,
    a_server_that_missed_the_change_is_not_ready,
    hashes_follow_the_settings_at_the_next_sign_in
);

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_vault_print_no_secret() {
    const SECRET: &str = "hunter-zwei";
    let lab = Lab::with_settings(|config| {
        let url = |scheme: &str| Some(format!("{scheme}://user:{SECRET}@localhost/{SECRET}"));
        config.database_url = url("postgres");
        config.delivery.smtp_url = url("smtp");
        config.delivery.email_webhook = url("https");
        config.delivery.sms_webhook = url("https");
    })
    .await;
    let config = format!("{:?} {:#?}", lab.app.config, lab.app.config);
    assert!(config.contains("listen") && !config.contains(SECRET), "{config}");
    let vault = format!("{:?} {:?}", lab.app.vault, lab.app.vault.client_key());
    assert!(vault.starts_with("Vault(") && vault.len() < 80, "{vault}");
}

/// Registers an authenticator app and turns it on; answers its secret.
async fn authenticator(scene: &Scene, name: &str) -> String {
    let token = scene.tokens(name).await["AccessToken"].clone();
    let given = scene.lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok();
    let secret = given["SecretCode"].as_str().unwrap().to_owned();
    let code = totp_code(&scene.lab, &secret, 0);
    scene.lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.ok();
    let on =
        json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    scene.lab.call("SetUserMFAPreference", on).await.ok();
    secret
}
