//! Functions that are run by the Lambda Invoke API: Lambda's own, an emulator's, or that of the runtime interface
//! emulator in an image.

use super::{
    functions::Miss,
    invocation::{Failure, Invocation},
};
use crate::{
    config::functions::Invoke,
    outbound::{
        Client,
        aws::{self, Api},
    },
};
use rules::callers::sigv4::path_segment;
use serde_json::Value;
use std::time::Duration;

/// D: Lambda allows 6 MB. JSON takes many times its length in memory, and an event with its reply is far shorter.
const INVOKE_REPLY_BYTES_MAX: usize = 1024 * 1024;

const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/json"),
    ("x-amz-invocation-type", "RequestResponse"),
    ("x-amz-log-type", "None"),
];

/// An Invoke API.
pub(super) struct InvokeApi(Api);

impl InvokeApi {
    pub(super) fn new(client: Client, settings: Invoke) -> InvokeApi {
        let Invoke { endpoint, region, credentials } = settings;
        InvokeApi(Api { client, endpoint, service: "lambda", region, credentials })
    }

    /// Runs the function once.
    pub(super) async fn call(&self, invocation: &Invocation, timeout: Duration) -> Result<Value, Miss> {
        let path = format!("/2015-03-31/functions/{}/invocations", path_segment(&invocation.arn));
        let answer = self.0.post(&path, &HEADERS, invocation.event.clone(), timeout).await;
        let answer = answer.map_err(Miss::of_connection)?;
        let status = answer.status().as_u16();
        if status != 200 {
            let name = aws::error_name(answer).await;
            let reason = format!("the Invoke API answered {status}, {name}");
            return Err(Miss::final_one(Failure::Unavailable { name, reason }));
        }
        let has_failed = answer.header("x-amz-function-error").is_some();
        let body = answer.body(INVOKE_REPLY_BYTES_MAX).await.map_err(Miss::of_connection)?;
        match has_failed {
            true => Err(Miss::final_one(Failure::refused(&message(&body), &invocation.secrets))),
            false => super::functions::reply(&body).map_err(Miss::final_one),
        }
    }
}

/// What a function says of its failure.
fn message(body: &[u8]) -> String {
    let told: Option<Value> = serde_json::from_slice(body).ok();
    match told.as_ref().and_then(|told| told["errorMessage"].as_str()) {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(body).into_owned(),
    }
}
