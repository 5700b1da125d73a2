//! More work than the processors can do: a prompt refusal, and everything else goes on.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, timestamp},
    srp_client::SrpClient,
};
use cognate::work::pool::Workers;
use rules::endpoints::{Cost, Priority};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// Calls that are admitted to as much work as there may be, until they are told to end.
struct Crowd {
    end: Vec<oneshot::Sender<()>>,
    calls: Vec<tokio::task::JoinHandle<()>>,
}

impl Crowd {
    /// Fills what calls of one turn may fill.
    async fn gather(workers: &Workers, turn: Priority) -> Crowd {
        let mut crowd = Crowd { end: Vec::new(), calls: Vec::new() };
        loop {
            let (end, ended) = oneshot::channel::<()>();
            let (admitted, is_admitted) = oneshot::channel();
            let workers = workers.clone();
            let call = tokio::spawn(cognate::work::pool::scope(async move {
                let verdict = workers.admit(Cost::Light, turn);
                let goes_on = verdict.is_ok();
                admitted.send(goes_on).unwrap();
                if goes_on {
                    let _ = ended.await;
                }
            }));
            if !is_admitted.await.unwrap() {
                return crowd;
            }
            crowd.end.push(end);
            crowd.calls.push(call);
        }
    }

    async fn leave(self) {
        drop(self.end);
        for call in self.calls {
            call.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_refused_while_too_much_work_waits_and_health_answers() {
    let lab = Lab::sqlite().await;
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let crowd = Crowd::gather(&lab.app.workers, Priority::Continuing).await;
    for flow in ["USER_PASSWORD_AUTH", "USER_SRP_AUTH"] {
        let parameters = json!({"USERNAME": "jane", "PASSWORD": PASSWORD, "SRP_A": SrpClient::new().srp_a()});
        scene.initiate(flow, parameters).await.refused("TooManyRequestsException", "Rate exceeded");
    }
    let sign_up = json!({"ClientId": scene.client, "Username": "mary", "Password": PASSWORD});
    lab.call("SignUp", sign_up).await.refused("TooManyRequestsException", "Rate exceeded");
    for path in ["/_cognate/health/live", "/_cognate/health/ready"] {
        assert_eq!(lab.get(path).await.status, 200, "{path}");
    }
    // What needs no such work is answered.
    scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
    let metrics = lab.get("/_cognate/metrics").await.text;
    assert!(metrics.contains("outcome=\"TooManyRequestsException\"} 2\n"), "{metrics}");
    crowd.leave().await;
    scene.sign_in("jane", PASSWORD).await.ok();
    lab.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_was_begun_is_finished_where_a_new_one_is_refused() {
    let lab = Lab::sqlite().await;
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let client = SrpClient::new();
    let srp_a = client.srp_a();
    let parameters = json!({"USERNAME": "jane", "SRP_A": srp_a});
    let first = scene.initiate("USER_SRP_AUTH", parameters.clone()).await.ok();
    let crowd = Crowd::gather(&lab.app.workers, Priority::New).await;
    scene.initiate("USER_SRP_AUTH", parameters).await.refused("TooManyRequestsException", "Rate exceeded");
    let answer = client.answer(&scene.pool, &first["ChallengeParameters"], PASSWORD, &timestamp(&lab));
    let tokens = scene.respond("PASSWORD_VERIFIER", &Value::Null, answer).await.ok();
    assert!(tokens["AuthenticationResult"]["AccessToken"].is_string());
    crowd.leave().await;
    lab.remove().await;
}
