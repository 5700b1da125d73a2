//! How many calls of one function run at once, as callers see it.

use super::stand_in::{FUNCTION, Reply, StandIn};
use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{PASSWORD, Scene},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

async fn a_function_that_is_used_up_refuses_and_others_go_on(lab: Lab) {
    let other = format!("{FUNCTION}-other");
    let play = |event: &Value| match event["triggerSource"].as_str() {
        Some("PreSignUp_SignUp") if event["userName"] != "quick" => Reply::Hangs,
        _ => Reply::Unchanged,
    };
    let config = json!({"PreSignUp": FUNCTION, "PreAuthentication": other});
    let (scene, functions) = StandIn::configured(&lab, config, (json!({}), json!({})), play).await;
    let lab = scene.lab.another(MASTER_KEY, |config| config.functions[0].concurrency = 2).await.unwrap();
    let scene = Scene { lab, ..scene };
    scene.user("jane", json!([])).await;
    functions.events();
    let sign_up = |scene: &Scene, name: &str| {
        let request = json!({"ClientId": scene.client, "Username": name, "Password": PASSWORD});
        let lab = scene.lab.clone();
        async move { lab.call("SignUp", request).await }
    };
    let mut hanging = JoinSet::new();
    let mut told = 0;
    for name in ["slow-1", "slow-2"] {
        hanging.spawn(sign_up(&scene, name));
    }
    while told < 2 {
        told += functions.events().len();
        tokio::task::yield_now().await;
    }
    let refused = sign_up(&scene, "quick").await;
    assert_eq!(refused.status, 400);
    refused.refused("TooManyRequestsException", "Rate exceeded");
    assert!(functions.sources().is_empty(), "it did not run");

    // The same pool's other function, another pool's function of the same entry, and a pool that has none.
    scene.tokens("jane").await;
    assert_eq!(functions.sources(), ["PreAuthentication_Authentication"]);
    let members = json!({"LambdaConfig": {"PreSignUp": format!("{FUNCTION}-third")}});
    let neighbor = Scene::with(&scene.lab, members, json!({})).await;
    sign_up(&neighbor, "quick").await.ok();
    assert_eq!(functions.sources(), ["PreSignUp_SignUp"]);
    sign_up(&Scene::new(&scene.lab).await, "quick").await.ok();

    hanging.shutdown().await;
    sign_up(&scene, "quick").await.ok();
    scene.admin("AdminGetUser", json!({"Username": "quick"})).await;
}

both_engines!(a_function_that_is_used_up_refuses_and_others_go_on);
