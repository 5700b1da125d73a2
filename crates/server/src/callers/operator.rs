//! Who administers: the proof that a call was signed with an access key, and what its policy allows.

use crate::{
    app::App,
    callers::access_keys,
    config::Config,
    http::{
        call_facts::{self, Actor},
        home,
    },
};
use axum::http::request::Parts;
use rules::{
    Result,
    callers::{
        policy::{Decision, Policy},
        resources,
        sigv4::{Request, Scope, Signature},
    },
    fault, ids,
};
use serde_json::Value;
use spec::Service;
use std::sync::Arc;

/// How far an operator's clock may be from ours, in minutes.
const SKEW_MINUTES: i64 = 5;
/// STS is more patient. P
const STS_SKEW_MINUTES: i64 = 15;
/// Clients of STS sign for this region where they name none.
const STS_REGION: &str = "us-east-1";

/// Whoever signed the request with AWS credentials that may administer.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The access key that signed; in development mode whatever was sent.
    pub access_key: String,
    /// The holder's ARN.
    pub arn: String,
    rights: Rights,
}

#[derive(Clone, Debug)]
enum Rights {
    /// Development mode, which listens on loopback only.
    Everything,
    By(Arc<Policy>),
}

impl Operator {
    /// The server itself, which applies what its own settings say.
    pub fn server(config: &Config) -> Operator {
        let arn = format!("arn:aws:iam::{}:root", config.account_id);
        Operator { access_key: String::new(), arn, rights: Rights::Everything }
    }

    /// Checks that the policy allows an operation on what its checked input names.
    ///
    /// # Errors
    /// AccessDeniedException.
    pub fn check_allowed(
        &self,
        config: &Config,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<()> {
        let Rights::By(policy) = &self.rights else { return Ok(()) };
        let action = resources::action(service, operation);
        let resource = resources::resource(service, operation, input, &config.region, &config.account_id);
        match policy.decide(&action, &resource) {
            Decision::Allowed => Ok(()),
            decision => Err(fault::access_denied(&self.arn, &action, &resource, decision)),
        }
    }
}

/// Checks that a call is signed by someone who may administer. In development anyone may who says any name.
///
/// # Errors
/// MissingAuthenticationTokenException, IncompleteSignatureException, UnrecognizedClientException,
/// InvalidSignatureException.
pub async fn prove(app: &App, service: Service, head: &Parts, body: &[u8]) -> Result<Operator> {
    if app.config.development {
        return anyone(app, head);
    }
    let request = signed_request(head, body);
    let signature = Signature::of(&request)?;
    // What is no key's id may be a secret in the wrong place.
    if ids::is_access_key_id(&signature.access_key) {
        call_facts::note(|facts| facts.actor = Actor::Claimed(signature.access_key.to_string()));
    }
    let key = access_keys::find(app, &signature.access_key).await?;
    let Some(key) = key else {
        return Err(fault::unrecognized_client().because("unknown or revoked access key"));
    };
    if signature.session_token.is_some() {
        return Err(fault::unrecognized_client().because("a session token with a key that has none"));
    }
    let region = app.config.region.as_str();
    let (regions, skew_minutes) = match service {
        Service::Sts => ([region, STS_REGION], STS_SKEW_MINUTES),
        _ => ([region, region], SKEW_MINUTES),
    };
    let scope = Scope { service: service.signing_name(), regions: &regions, skew_minutes };
    signature.check(&request, &scope, &key.secret, app.now())?;
    access_keys::note_use(app, &key).await;
    Ok(Operator {
        access_key: key.id.clone(),
        arn: resources::user_arn(&app.config.account_id, &key.name),
        rights: Rights::By(key.policy.clone()),
    })
}

fn signed_request<'a>(head: &'a Parts, body: &'a [u8]) -> Request<'a> {
    Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
        body,
    }
}

/// Development mode: any credentials will do, but there must be some, so that a client that would fail elsewhere
/// fails here too.
fn anyone(app: &App, head: &Parts) -> Result<Operator> {
    // A web site that the developer happens to visit must not be able to make their browser administer.
    if !home::is_at_home(head) {
        return Err(fault::administration_from_elsewhere());
    }
    let access_key = match head.headers.get("authorization") {
        Some(value) => value.to_str().ok().and_then(access_key_of_header).unwrap_or_default(),
        None => access_key_of_query(head.uri.query().unwrap_or_default())
            .ok_or_else(fault::missing_authentication_token)?,
    };
    let arn = format!("arn:aws:iam::{}:root", app.config.account_id);
    Ok(Operator { access_key, arn, rights: Rights::Everything })
}

/// The access key in `AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/cognito-idp/aws4_request, …`.
fn access_key_of_header(header: &str) -> Option<String> {
    let (_, credential) = header.split_once("Credential=")?;
    Some(credential.split(['/', ',', ' ']).next()?.to_owned())
}

/// The access key of a presigned address.
fn access_key_of_query(query: &str) -> Option<String> {
    let fields = spec::query::fields(query.as_bytes()).ok()?;
    let value = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    value("X-Amz-Signature")?;
    Some(value("X-Amz-Credential")?.split('/').next()?.to_owned())
}
