//! Requests of the user pools API, made in advance, and single calls for what is prepared.

use crate::connection::{Connection, Request};
use anyhow::{Context, Result, bail};
use hyper::{
    Method, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, HeaderValue},
};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Every user's password; the users are nobody's.
pub const PASSWORD: &str = "Correct-Horse9";

/// Says whether the server lives.
pub const HEALTH_LIVE: &str = "/_cognate/health/live";
/// Says whether it is ready to serve.
pub const HEALTH_READY: &str = "/_cognate/health/ready";

/// In development mode any credentials administer, but there must be some.
const CREDENTIALS: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/cognito-idp/aws4_request, \
    SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
    Signature=0000000000000000000000000000000000000000000000000000000000000000";

/// Whether an operation is one that AWS credentials sign.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    Unsigned,
    Signed,
}

/// A call of an operation.
pub fn request(operation: &str, signing: Signing, input: &Value) -> Request {
    let mut request = post("/", "application/x-amz-json-1.1", input);
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let headers = request.headers_mut();
    headers.insert("x-amz-target", HeaderValue::try_from(target).expect("operations have names of letters"));
    if signing == Signing::Signed {
        headers.insert(AUTHORIZATION, HeaderValue::from_static(CREDENTIALS));
        headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
    }
    request
}

fn post(path: &'static str, content_type: &'static str, input: &Value) -> Request {
    let mut request = get(path);
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    *request.body_mut() = input.to_string().into();
    request
}

/// Asks for one of the server's own addresses.
pub fn get(path: &'static str) -> Request {
    let mut request = Request::default();
    *request.uri_mut() = Uri::from_static(path);
    request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
    request
}

/// A pool with one client, and single calls, each over a connection of its own: between two of them the server may
/// well have closed an idle one.
pub struct Api {
    pub pool: String,
    pub client: String,
    address: SocketAddr,
}

impl Api {
    /// Takes up a pool that is there.
    pub fn of(address: SocketAddr, pool: &str, client: &str) -> Api {
        Api { pool: pool.to_owned(), client: client.to_owned(), address }
    }

    /// Makes a pool and a client that may use every flow.
    pub async fn with_new_pool(address: SocketAddr) -> Result<Api> {
        let mut api = Api::of(address, "", "");
        let pool = json!({"PoolName": "bench", "AutoVerifiedAttributes": ["email"]});
        let pool = api.call("CreateUserPool", Signing::Signed, &pool).await?;
        api.pool = text(&pool["UserPool"]["Id"])?;
        let client = json!({
            "UserPoolId": api.pool,
            "ClientName": "bench",
            "PreventUserExistenceErrors": "ENABLED",
            "ExplicitAuthFlows":
                ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        });
        let client = api.call("CreateUserPoolClient", Signing::Signed, &client).await?;
        api.client = text(&client["UserPoolClient"]["ClientId"])?;
        Ok(api)
    }

    /// One call, which must succeed.
    pub async fn call(&self, operation: &str, signing: Signing, input: &Value) -> Result<Value> {
        self.send(&request(operation, signing, input)).await.with_context(|| operation.to_owned())
    }

    /// One call that was made in advance.
    pub async fn send(&self, request: &Request) -> Result<Value> {
        let answer = Connection::open(self.address).await?.send(request).await?;
        if answer.status != 200 {
            bail!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        Ok(if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(&answer.body)? })
    }

    /// Posts to one of the server's own addresses.
    pub async fn post(&self, path: &'static str, input: &Value) -> Result<Value> {
        self.send(&post(path, "application/json", input)).await.context(path)
    }

    /// The server's time, as HTTP writes it.
    pub async fn date(&self) -> Result<String> {
        let answer = Connection::open(self.address).await?.send(&get(HEALTH_LIVE)).await?;
        Ok(answer.headers.get(DATE).context("an answer without a Date")?.to_str()?.to_owned())
    }

    pub fn admin_create_user(&self, name: &str) -> Value {
        json!({
            "UserPoolId": self.pool,
            "Username": name,
            "MessageAction": "SUPPRESS",
            "UserAttributes": attributes(name),
        })
    }

    pub fn sign_up(&self, name: &str) -> Value {
        json!({
            "ClientId": self.client,
            "Username": name,
            "Password": PASSWORD,
            "UserAttributes": attributes(name),
        })
    }

    /// ListUsers.
    pub fn list_users(&self, members: &Value) -> Request {
        let mut input = json!({"UserPoolId": self.pool});
        for (name, value) in members.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        request("ListUsers", Signing::Signed, &input)
    }

    /// InitiateAuth.
    pub fn initiate(&self, flow: &str, parameters: &Value) -> Request {
        let input = json!({"ClientId": self.client, "AuthFlow": flow, "AuthParameters": parameters});
        request("InitiateAuth", Signing::Unsigned, &input)
    }

    /// InitiateAuth with a password in clear.
    pub fn password_sign_in(&self, name: &str, password: &str) -> Request {
        self.initiate("USER_PASSWORD_AUTH", &json!({"USERNAME": name, "PASSWORD": password}))
    }
}

/// What a user's e-mail address is.
pub fn email(name: &str) -> String {
    format!("{name}@example.com")
}

fn attributes(name: &str) -> Value {
    json!([{"Name": "email", "Value": email(name)}, {"Name": "given_name", "Value": "Ada"}])
}

/// A string of an answer.
pub fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("{value} is no text"))?.to_owned())
}
