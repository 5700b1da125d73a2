//! Which API is this request for? Decodes it, runs the operation, and answers in the API's own protocol.

use super::{answer, body, cors, report, under_way::UnderWay, well_known};
use crate::{
    app::App,
    callers::call::Call,
    cognito_identity, cognito_idp, cognito_sync,
    development::custom_ids,
    http::{admission::Counted, call_facts, response_timing},
    sts,
    work::pool,
};
use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
};
use rules::{Fault, Result, fault, quotas};
use serde_json::Value;
use spec::{
    Code, DecodeError, Service, cognito_idp::ChallengeNameType, json, query, rest_json, shape::OperationSpec,
};
use std::net::IpAddr;

/// The address of the client: of the socket's other end, or what a trusted proxy says.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Who answers.
enum Door {
    UserPools(spec::cognito_idp::Operation),
    IdentityPools(spec::cognito_identity::Operation),
    Sync(spec::cognito_sync::Operation, Vec<(&'static str, String)>),
    /// Its action may stand in the body, which has not been read yet.
    Sts,
    WellKnown(String, well_known::Document),
    Preflight,
    FrontPage,
    /// Nobody, in the words of the service that was meant.
    None(Service),
}

/// Answers a request to any of the APIs.
pub async fn enter(app: &App, request: Request<Body>, request_id: String) -> Response<Body> {
    let (head, body) = request.into_parts();
    let origin = head.headers.get(header::ORIGIN).cloned();
    let is_head = head.method == Method::HEAD;
    let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
    let mut response = match door(&head) {
        Door::Preflight => cors::preflight(&head.headers),
        Door::FrontPage => front_page(app),
        Door::WellKnown(pool_id, document) => well_known(app, &pool_id, document, peer, &request_id).await,
        door => call(app, door, head, body, request_id).await,
    };
    cors::allow_reading(origin.is_some(), &mut response);
    if is_head {
        *response.body_mut() = Body::empty();
    }
    response
}

fn door(head: &Parts) -> Door {
    let path = head.uri.path();
    let reads = head.method == Method::GET || head.method == Method::HEAD;
    if cors::is_preflight(&head.method, &head.headers) {
        return Door::Preflight;
    }
    if let Some((pool_id, document)) = well_known::route(path).filter(|_| reads) {
        return Door::WellKnown(pool_id.to_owned(), document);
    }
    if head.headers.contains_key("x-amz-target") {
        return target(head);
    }
    if path.starts_with("/identitypools") {
        return rest_json::route(head.method.as_str(), path)
            .map_or(Door::None(Service::CognitoSync), |(operation, members)| Door::Sync(operation, members));
    }
    let in_query = head.uri.query().is_some_and(|q| q.split('&').any(|pair| pair.starts_with("Action=")));
    if path == "/" && (in_query || head.method == Method::POST && is_form(head)) {
        return Door::Sts;
    }
    if path == "/" && reads { Door::FrontPage } else { Door::None(Service::CognitoIdp) }
}

fn target(head: &Parts) -> Door {
    let mut targets = head.headers.get_all("x-amz-target").iter();
    let (Some(Ok(target)), None) = (targets.next().map(HeaderValue::to_str), targets.next()) else {
        return Door::None(Service::CognitoIdp);
    };
    if head.method != Method::POST {
        return Door::None(Service::CognitoIdp);
    }
    match target.split_once('.') {
        Some(("AWSCognitoIdentityProviderService", name)) => spec::cognito_idp::Operation::from_name(name)
            .map_or(Door::None(Service::CognitoIdp), Door::UserPools),
        Some(("AWSCognitoIdentityService", name)) => spec::cognito_identity::Operation::from_name(name)
            .map_or(Door::None(Service::CognitoIdentity), Door::IdentityPools),
        _ => Door::None(Service::CognitoIdp),
    }
}

/// Reads the body, answers, and reports what happened.
async fn call(app: &App, door: Door, head: Parts, body: Body, request_id: String) -> Response<Body> {
    let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
    let (body, unread) = match body::read(&app.config.limits, &app.long_bodies, peer, body).await {
        Ok(bytes) => (bytes, None),
        Err(fault) => (Default::default(), Some(fault)),
    };
    let call = Call::new(head, body, request_id, peer);
    call_facts::scope(async {
        let mut under_way = UnderWay::new(app, door.service(), call);
        // In a box, because every layer around a future may hold it twice.
        let answered = Box::pin(run(app, door, &mut under_way.call, unread));
        let (service, operation, result) = pool::scope(answered).await;
        under_way.answered((service, operation), &result);
        let waited = under_way.in_cadence().await;
        let request_id = &under_way.call.request_id;
        let mut response = match (result, operation) {
            (Ok(output), Some(operation)) => answer::good(service, operation, &output, request_id),
            (Ok(_), None) => answer::refused(service, None, &fault::unknown_operation(), request_id),
            (Err(fault), operation) => answer::refused(service, operation, &fault, request_id),
        };
        response.extensions_mut().insert(waited);
        response
    })
    .await
}

/// What was asked, and what became of it.
type Outcome = (Service, Option<&'static OperationSpec>, Result<Value>);

/// Runs the operation behind the door.
async fn run(app: &App, door: Door, call: &mut Call, unread: Option<Fault>) -> Outcome {
    if let Some(fault) = unread {
        return (door.service(), None, Err(counted(app, call, fault)));
    }
    match door {
        Door::UserPools(operation) => {
            (Service::CognitoIdp, Some(operation.spec()), user_pools(app, call, operation).await)
        }
        Door::IdentityPools(operation) => {
            (Service::CognitoIdentity, Some(operation.spec()), identity_pools(app, call, operation).await)
        }
        Door::Sync(operation, members) => {
            let spec = operation.spec();
            let asked = call.asks_for(app, Service::CognitoSync, spec).await;
            let result = match asked.and_then(|()| decode_rest(call, spec, &members)) {
                Ok(input) => cognito_sync::run(app, call, operation, input).await,
                Err(fault) => Err(fault),
            };
            (Service::CognitoSync, Some(spec), result)
        }
        Door::Sts => {
            let (spec, result) = call_sts(app, call).await;
            (Service::Sts, spec, result)
        }
        door => (door.service(), None, Err(counted(app, call, fault::unknown_operation()))),
    }
}

/// The refusal of what no operation was found for, which is counted for its address like a call of one.
fn counted(app: &App, call: &Call, refusal: Fault) -> Fault {
    app.rate_limits.check_address(call.peer).err().unwrap_or(refusal)
}

async fn user_pools(app: &App, call: &mut Call, operation: spec::cognito_idp::Operation) -> Result<Value> {
    let spec = operation.spec();
    call.asks_for(app, Service::CognitoIdp, spec).await?;
    let input = decode_json(app, call, Service::CognitoIdp, spec)?;
    let category = quotas::of_user_pools(operation, challenge(&input));
    let counted = app.rate_limits.check_input(spec.name, category, &input)?;
    // Before anything is read: what is refused has cost nothing.
    let wanted = pool::wanted(operation, &input);
    let result = match wanted.map_or(Ok(()), |(cost, priority)| app.workers.admit(cost, priority)) {
        Ok(()) => {
            call.period = response_timing::of(operation, &input);
            cognito_idp::run(app, call, operation, input).await
        }
        Err(fault) => Err(fault),
    };
    unless_refused(counted, result)
}

async fn identity_pools(
    app: &App,
    call: &mut Call,
    operation: spec::cognito_identity::Operation,
) -> Result<Value> {
    let spec = operation.spec();
    call.asks_for(app, Service::CognitoIdentity, spec).await?;
    let input = decode_json(app, call, Service::CognitoIdentity, spec)?;
    let counted = match quotas::of_identity_pools(operation) {
        Some(category) => app.rate_limits.check_input(spec.name, category, &input)?,
        None => Counted::default(),
    };
    unless_refused(counted, cognito_identity::run(app, call, operation, input).await)
}

/// What is refused further on, as too much of one user or for the machine, uses up nothing of what all share.
fn unless_refused(counted: Counted<'_>, result: Result<Value>) -> Result<Value> {
    if result.as_ref().is_err_and(|fault| fault.code == Code::TooManyRequestsException) {
        counted.give_back();
    }
    result
}

/// The challenge that a checked input answers.
fn challenge(input: &Value) -> Option<ChallengeNameType> {
    serde_json::from_value(input.get("ChallengeName")?.clone()).ok()
}

impl Door {
    fn service(&self) -> Service {
        match self {
            Door::IdentityPools(_) => Service::CognitoIdentity,
            Door::Sync(..) => Service::CognitoSync,
            Door::Sts => Service::Sts,
            Door::None(service) => *service,
            _ => Service::CognitoIdp,
        }
    }
}

fn decode_json(app: &App, call: &Call, service: Service, operation: &OperationSpec) -> Result<Value> {
    let content_type = call.head.headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or_default());
    let kind = content_type.unwrap_or(answer::AWS_JSON).split(';').next().unwrap_or_default().trim();
    if !matches!(kind, answer::AWS_JSON | answer::JSON | "application/x-amz-json-1.0") {
        return Err(fault::unsupported_content_type());
    }
    let Some(shape) = operation.input else { return Ok(Value::Null) };
    let names_client = matches!(operation.name, "CreateUserPoolClient" | "UpdateUserPoolClient");
    let decoded = match names_client {
        true => custom_ids::decode(app, shape, &call.body),
        false => json::decode(shape, &call.body),
    };
    decoded.inspect(call_facts::input).map_err(|error| answer::undecodable(service, error))
}

fn decode_rest(call: &Call, operation: &OperationSpec, members: &[(&'static str, String)]) -> Result<Value> {
    let query = call.head.uri.query().unwrap_or_default();
    let header = |name: &str| call.header(name).map(str::to_owned);
    rest_json::decode(operation, members, query, header, &call.body)
        .inspect(call_facts::input)
        .map_err(|error| answer::undecodable(Service::CognitoSync, error))
}

async fn call_sts(app: &App, call: &mut Call) -> (Option<&'static OperationSpec>, Result<Value>) {
    let refuse = |error: DecodeError| answer::undecodable(Service::Sts, error);
    let form =
        if call.body.is_empty() { call.head.uri.query().unwrap_or_default().as_bytes() } else { &call.body };
    let fields = match query::fields(form) {
        Ok(fields) => fields,
        Err(error) => return (None, Err(counted(app, call, refuse(error)))),
    };
    let action = fields.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.as_str());
    let Some(operation) = action.and_then(spec::sts::Operation::from_name) else {
        return (None, Err(counted(app, call, fault::unknown_operation())));
    };
    let spec = operation.spec();
    if let Err(fault) = call.asks_for(app, Service::Sts, spec).await {
        return (Some(spec), Err(fault));
    }
    let input = match spec.input.map(|shape| query::decode(shape, &fields)).transpose() {
        Ok(input) => input.unwrap_or_default(),
        Err(error) => return (Some(spec), Err(refuse(error))),
    };
    (Some(spec), sts::run(app, call, operation, input).await)
}

fn is_form(head: &Parts) -> bool {
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

async fn well_known(
    app: &App,
    pool_id: &str,
    document: well_known::Document,
    peer: Option<IpAddr>,
    request_id: &str,
) -> Response<Body> {
    let read = match app.rate_limits.check_address(peer) {
        Ok(()) => well_known::read(app, pool_id, document).await,
        Err(fault) => Err(fault),
    };
    match read {
        Ok(text) => answer::text(StatusCode::OK, answer::JSON, text),
        Err(fault) => {
            report::fault(&fault, request_id);
            let mut response = answer::refused(Service::CognitoIdp, None, &fault, request_id);
            // No protocol of AWS's is spoken here.
            if response.status() == StatusCode::BAD_REQUEST {
                let is_limited = fault.code == Code::TooManyRequestsException;
                *response.status_mut() =
                    if is_limited { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::NOT_FOUND };
            }
            response
        }
    }
}

fn front_page(app: &App) -> Response<Body> {
    let text = format!(
        "This is Cognate {}, Amazon Cognito on your own machines.\n\n\
         Point any AWS client at this address:\n\n    \
         aws --endpoint-url {} cognito-idp list-user-pools --max-results 10\n",
        env!("CARGO_PKG_VERSION"),
        app.config.public_url
    );
    answer::text(StatusCode::OK, "text/plain; charset=utf-8", text)
}

/// What a handler that panicked or took too long answers.
pub fn failed(cause: &'static str, request_id: &str) -> Response<Body> {
    let fault = Fault::internal(cause);
    report::fault(&fault, request_id);
    answer::refused(Service::CognitoIdp, None, &fault, request_id)
}
