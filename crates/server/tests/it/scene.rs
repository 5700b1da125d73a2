//! A pool with a client and users, for tests that begin at a sign-in.

use crate::{lab::Lab, srp_client::SrpClient};
use serde_json::{Value, json};

pub const PASSWORD: &str = "Correct-Horse9";

/// A pool and its client.
#[derive(Clone)]
pub struct Scene {
    pub lab: Lab,
    pub pool: String,
    pub client: String,
}

/// Every flow that a client without a secret may have.
pub fn all_flows() -> Value {
    json!([
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_CUSTOM_AUTH"
    ])
}

impl Scene {
    /// A plain pool with a client that may use every flow.
    pub async fn new(lab: &Lab) -> Scene {
        Scene::with(lab, json!({}), json!({})).await
    }

    /// The same with further members of CreateUserPool and CreateUserPoolClient.
    pub async fn with(lab: &Lab, pool_members: Value, client_members: Value) -> Scene {
        let request = merged(json!({"PoolName": "scene"}), pool_members);
        let pool =
            lab.admin("CreateUserPool", request).await.ok()["UserPool"]["Id"].as_str().unwrap().to_owned();
        let mut scene = Scene { lab: lab.clone(), pool, client: String::new() };
        scene.client = scene.new_client(client_members).await["ClientId"].as_str().unwrap().to_owned();
        scene
    }

    /// Another client of the pool.
    pub async fn new_client(&self, members: Value) -> Value {
        let flows = all_flows();
        let request =
            merged(json!({"UserPoolId": self.pool, "ClientName": "c", "ExplicitAuthFlows": flows}), members);
        self.lab.admin("CreateUserPoolClient", request).await.ok()["UserPoolClient"].clone()
    }

    /// A confirmed user with the usual password; answers the sub.
    pub async fn user(&self, name: &str, attributes: Value) -> String {
        let created = self
            .lab
            .admin(
                "AdminCreateUser",
                json!({"UserPoolId": self.pool, "Username": name, "UserAttributes": attributes, "MessageAction": "SUPPRESS"}),
            )
            .await
            .ok();
        self.admin(
            "AdminSetUserPassword",
            json!({"Username": name, "Password": PASSWORD, "Permanent": true}),
        )
        .await;
        let attributes = created["User"]["Attributes"].as_array().unwrap();
        let sub = attributes.iter().find(|a| a["Name"] == "sub").unwrap();
        sub["Value"].as_str().unwrap().to_owned()
    }

    /// An administrator's operation on this pool, which must succeed.
    pub async fn admin(&self, operation: &str, members: Value) -> Value {
        self.lab.admin(operation, merged(json!({"UserPoolId": self.pool}), members)).await.ok()
    }

    /// InitiateAuth.
    pub async fn initiate(&self, flow: &str, parameters: Value) -> crate::lab::Answer {
        let request = json!({"ClientId": self.client, "AuthFlow": flow, "AuthParameters": parameters});
        self.lab.call("InitiateAuth", request).await
    }

    /// InitiateAuth with the password in clear.
    pub async fn sign_in(&self, name: &str, password: &str) -> crate::lab::Answer {
        self.initiate("USER_PASSWORD_AUTH", json!({"USERNAME": name, "PASSWORD": password})).await
    }

    /// Tokens of a user who needs no second factor.
    pub async fn tokens(&self, name: &str) -> Value {
        self.sign_in(name, PASSWORD).await.ok()["AuthenticationResult"].clone()
    }

    /// RespondToAuthChallenge.
    pub async fn respond(&self, challenge: &str, session: &Value, responses: Value) -> crate::lab::Answer {
        let mut request =
            json!({"ClientId": self.client, "ChallengeName": challenge, "ChallengeResponses": responses});
        if !session.is_null() {
            request["Session"] = session.clone();
        }
        self.lab.call("RespondToAuthChallenge", request).await
    }

    /// Both halves of USER_SRP_AUTH.
    pub async fn srp(&self, name: &str, password: &str) -> crate::lab::Answer {
        let client = SrpClient::new();
        let first = self.initiate("USER_SRP_AUTH", json!({"USERNAME": name, "SRP_A": client.srp_a()})).await;
        if first.status != 200 {
            return first;
        }
        let first = first.ok();
        assert_eq!(first["ChallengeName"], "PASSWORD_VERIFIER");
        assert!(first.get("Session").is_none(), "plain SRP has no Session");
        let answer =
            client.answer(&self.pool, &first["ChallengeParameters"], password, &timestamp(&self.lab));
        self.respond("PASSWORD_VERIFIER", &Value::Null, answer).await
    }
}

/// Both objects' members; the second wins.
pub fn merged(mut base: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

/// What a token says.
pub fn claims(token: &Value) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// What a confidential client sends as SECRET_HASH.
pub fn secret_hash(secret: &str, name: &str, client_id: &str) -> String {
    use aws_lc_rs::hmac;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{name}{client_id}").as_bytes()))
}

/// The lab's present as clients of SRP write it.
pub fn timestamp(lab: &Lab) -> String {
    let now = time::OffsetDateTime::from_unix_timestamp(lab.app.now() / 1_000).unwrap();
    let weekday = &now.weekday().to_string()[..3];
    let month = &now.month().to_string()[..3];
    let (hour, minute, second) = now.to_hms();
    format!("{weekday} {month} {} {hour:02}:{minute:02}:{second:02} UTC {}", now.day(), now.year())
}

/// The code that an authenticator app shows, `steps` of 30 seconds from now.
pub fn totp_code(lab: &Lab, secret: &str, steps: i64) -> String {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    rules::sign_in::totp::code_at(&secret, rules::sign_in::totp::step_at(lab.app.now()) + steps)
}
