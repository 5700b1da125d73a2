//! Requests of the user pools API, made in advance, and single calls for what is prepared.

use crate::connection::Connection;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Every user's password; the users are nobody's.
pub const PASSWORD: &str = "Correct-Horse9";

/// In development mode any credentials administer, but there must be some.
const AUTHORIZATION: &str = "Authorization: AWS4-HMAC-SHA256 \
    Credential=AKIDEXAMPLE/20260101/us-east-1/cognito-idp/aws4_request, \
    SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
    Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n\
    X-Amz-Date: 20260101T000000Z\r\n";

/// Whether an operation is one that AWS credentials sign.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    Unsigned,
    Signed,
}

/// A request as it goes over the wire.
pub fn request(operation: &str, signing: Signing, input: &Value) -> Vec<u8> {
    let authorization = if signing == Signing::Signed { AUTHORIZATION } else { "" };
    let body = input.to_string();
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: cognate-bench\r\nAccept: */*\r\n\
         Content-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AWSCognitoIdentityProviderService.{operation}\r\n{authorization}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
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
    pub async fn send(&self, request: &[u8]) -> Result<Value> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.send(request).await?;
        if answer.status != 200 {
            bail!("{} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(answer.body)? })
    }

    /// Posts to one of the server's own addresses.
    pub async fn post(&self, path: &str, input: &Value) -> Result<Value> {
        let body = input.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(request.as_bytes()).await.with_context(|| path.to_owned())
    }

    /// The server's time, as HTTP writes it.
    pub async fn date(&self) -> Result<String> {
        let mut connection = Connection::open(self.address).await?;
        let answer =
            connection.send(b"GET /_cognate/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        Ok(answer.header("date").context("an answer without a Date")?.to_owned())
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
    pub fn list_users(&self, members: &Value) -> Vec<u8> {
        let mut input = json!({"UserPoolId": self.pool});
        for (name, value) in members.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        request("ListUsers", Signing::Signed, &input)
    }

    /// InitiateAuth.
    pub fn initiate(&self, flow: &str, parameters: &Value) -> Vec<u8> {
        let input = json!({"ClientId": self.client, "AuthFlow": flow, "AuthParameters": parameters});
        request("InitiateAuth", Signing::Unsigned, &input)
    }

    /// InitiateAuth with a password in clear.
    pub fn password_sign_in(&self, name: &str, password: &str) -> Vec<u8> {
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
