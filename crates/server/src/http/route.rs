//! Which API is this request for? Decodes it, runs the operation, and answers in the API's own protocol.

use super::{answer, body, cors, report, under_way::UnderWay, well_known};
use crate::{
    app::App, callers::call::Call, cognito_identity, cognito_idp, cognito_sync, development::custom_ids,
    http::call_facts, kms, sts, work::pool,
};
use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
};
use rules::{Fault, Result, endpoints::Endpoint, fault};
use serde_json::Value;
use spec::{Code, Service, query, rest_json, shape::OperationSpec};
use std::net::IpAddr;

/// The address of the client: of the socket's other end, or what a trusted proxy says.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Who answers.
enum Destination {
    /// An operation, and the members that its path names.
    Operation(Endpoint, Vec<(&'static str, String)>),
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
    let has_origin = head.headers.contains_key(header::ORIGIN);
    let is_head = head.method == Method::HEAD;
    let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
    let destination = destination(&head);
    let endpoint = destination.endpoint();
    let mut response = match destination {
        Destination::Preflight => cors::preflight(&head.headers),
        Destination::FrontPage => front_page(app),
        Destination::WellKnown(pool_id, document) => {
            well_known(app, &pool_id, document, peer, &request_id).await
        }
        destination => call(app, destination, head, body, request_id).await,
    };
    cors::allow_reading(endpoint, has_origin, &mut response);
    if is_head {
        *response.body_mut() = Body::empty();
    }
    response
}

fn destination(head: &Parts) -> Destination {
    let path = head.uri.path();
    let reads = head.method == Method::GET || head.method == Method::HEAD;
    if cors::is_preflight(&head.method, &head.headers) {
        return Destination::Preflight;
    }
    if let Some((pool_id, document)) = well_known::route(path).filter(|_| reads) {
        return Destination::WellKnown(pool_id.to_owned(), document);
    }
    if head.headers.contains_key("x-amz-target") {
        return target(head);
    }
    if path.starts_with("/identitypools") {
        return rest_json::route(head.method.as_str(), path)
            .map_or(Destination::None(Service::CognitoSync), |(operation, members)| {
                Destination::Operation(Endpoint::Sync(operation), members)
            });
    }
    let in_query = head.uri.query().is_some_and(|q| q.split('&').any(|pair| pair.starts_with("Action=")));
    if path == "/" && (in_query || head.method == Method::POST && is_form(head)) {
        return Destination::Sts;
    }
    if path == "/" && reads { Destination::FrontPage } else { Destination::None(Service::CognitoIdp) }
}

fn target(head: &Parts) -> Destination {
    let mut targets = head.headers.get_all("x-amz-target").iter();
    let (Some(Ok(target)), None) = (targets.next().map(HeaderValue::to_str), targets.next()) else {
        return Destination::None(Service::CognitoIdp);
    };
    if head.method != Method::POST {
        return Destination::None(Service::CognitoIdp);
    }
    let (service, found) = match target.split_once('.') {
        Some(("AWSCognitoIdentityProviderService", name)) => {
            (Service::CognitoIdp, spec::cognito_idp::Operation::from_name(name).map(Endpoint::UserPools))
        }
        Some(("AWSCognitoIdentityService", name)) => (
            Service::CognitoIdentity,
            spec::cognito_identity::Operation::from_name(name).map(Endpoint::IdentityPools),
        ),
        Some(("TrentService", name)) => {
            (Service::Kms, spec::kms::Operation::from_name(name).map(Endpoint::Kms))
        }
        _ => (Service::CognitoIdp, None),
    };
    found.map_or(Destination::None(service), |endpoint| Destination::Operation(endpoint, Vec::new()))
}

/// Reads the body, answers, and reports what happened.
async fn call(
    app: &App,
    destination: Destination,
    head: Parts,
    body: Body,
    request_id: String,
) -> Response<Body> {
    let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
    let asked = destination.endpoint();
    let (body, unread) = match body::read(&app.config.limits, &app.long_bodies, asked, peer, body).await {
        Ok(bytes) => (bytes, None),
        Err(fault) => (Default::default(), Some(fault)),
    };
    let call = Call::new(head, body, request_id, peer);
    call_facts::scope(async {
        let mut under_way = UnderWay::new(app, Endpoint::Unknown(asked.service()), call);
        // In a box, because every layer around a future may hold it twice.
        let answered = Box::pin(run(app, destination, &mut under_way.call, unread));
        let (endpoint, result) = pool::scope(answered).await;
        under_way.answered(endpoint, &result);
        let waited = under_way.until_period_ends().await;
        let request_id = &under_way.call.request_id;
        let mut response = match (result, endpoint.spec()) {
            (Ok(output), Some(spec)) => answer::good(endpoint.service(), spec, &output, request_id),
            (Ok(_), None) => answer::refused(endpoint, &fault::unknown_operation(), request_id),
            (Err(fault), _) => answer::refused(endpoint, &fault, request_id),
        };
        response.extensions_mut().insert(waited);
        response
    })
    .await
}

/// What was asked, and what became of it.
type Outcome = (Endpoint, Result<Value>);

/// What an operation's input is decoded from.
enum Input {
    Json,
    /// Members of the path; more stand in the query, the headers and the body.
    Rest(Vec<(&'static str, String)>),
    Form(Vec<(String, String)>),
}

/// Runs the operation that is meant.
async fn run(app: &App, destination: Destination, call: &mut Call, unread: Option<Fault>) -> Outcome {
    let unknown = Endpoint::Unknown(destination.endpoint().service());
    if let Some(fault) = unread {
        return (unknown, Err(counted(app, call, fault)));
    }
    match destination {
        Destination::Operation(endpoint @ Endpoint::Sync(_), members) => {
            (endpoint, operation(app, call, endpoint, Input::Rest(members)).await)
        }
        Destination::Operation(endpoint, _) => (endpoint, operation(app, call, endpoint, Input::Json).await),
        Destination::Sts => match action(call) {
            Ok((found, fields)) => {
                let endpoint = Endpoint::Sts(found);
                (endpoint, operation(app, call, endpoint, Input::Form(fields)).await)
            }
            Err(fault) => (unknown, Err(counted(app, call, fault))),
        },
        Destination::WellKnown(..)
        | Destination::Preflight
        | Destination::FrontPage
        | Destination::None(_) => (unknown, Err(counted(app, call, fault::unknown_operation()))),
    }
}

/// The refusal of what no operation was found for, which is counted for its address like a call of one.
fn counted(app: &App, call: &Call, refusal: Fault) -> Fault {
    app.rate_limits.check_address(call.peer).err().unwrap_or(refusal)
}

/// Runs an operation as its row in the table of endpoints says.
async fn operation(app: &App, call: &mut Call, endpoint: Endpoint, input: Input) -> Result<Value> {
    call.asks_for(app, endpoint).await?;
    let input = decode(app, call, endpoint, &input)?;
    call_facts::input(endpoint, &input);
    let counted = app.rate_limits.check_input(endpoint, &input)?;
    // Before anything is read: what is refused has cost nothing.
    let cost = endpoint.cost(&input);
    let result = match cost.map_or(Ok(()), |(cost, priority)| app.workers.admit(cost, priority)) {
        Ok(()) => {
            call.period = endpoint.period(&input);
            answer_of(app, call, endpoint, input).await
        }
        Err(fault) => Err(fault),
    };
    // What is refused further on, as too much of one user or for the machine, uses up nothing of what all share.
    if result.as_ref().is_err_and(|fault| fault.code == Code::TooManyRequestsException) {
        counted.give_back();
    }
    result
}

/// The answer by the table of contents that the operation stands in.
async fn answer_of(app: &App, call: &Call, endpoint: Endpoint, input: Value) -> Result<Value> {
    match endpoint {
        Endpoint::UserPools(operation) => cognito_idp::run(app, call, operation, input).await,
        Endpoint::IdentityPools(operation) => cognito_identity::run(app, call, operation, input).await,
        Endpoint::Sync(operation) => cognito_sync::run(app, call, operation, input).await,
        Endpoint::Sts(operation) => sts::run(app, call, operation, input).await,
        Endpoint::Kms(operation) => kms::run(app, call, operation, input).await,
        Endpoint::Unknown(_)
        | Endpoint::WellKnown
        | Endpoint::Preflight
        | Endpoint::FrontPage
        | Endpoint::Health
        | Endpoint::Metrics
        | Endpoint::Outbox
        | Endpoint::Clock
        | Endpoint::Reset
        | Endpoint::NotFound => Err(fault::unknown_operation()),
    }
}

impl Destination {
    /// What is asked for, as far as the head says.
    fn endpoint(&self) -> Endpoint {
        match self {
            Destination::Operation(endpoint, _) => *endpoint,
            Destination::Sts => Endpoint::Unknown(Service::Sts),
            Destination::WellKnown(..) => Endpoint::WellKnown,
            Destination::Preflight => Endpoint::Preflight,
            Destination::FrontPage => Endpoint::FrontPage,
            Destination::None(service) => Endpoint::Unknown(*service),
        }
    }
}

fn decode(app: &App, call: &Call, endpoint: Endpoint, input: &Input) -> Result<Value> {
    let Some(spec) = endpoint.spec() else { return Err(fault::unknown_operation()) };
    let decoded = match input {
        Input::Json => return decode_json(app, call, endpoint, spec),
        Input::Rest(members) => {
            let query = call.head.uri.query().unwrap_or_default();
            let header = |name: &str| call.header(name).map(str::to_owned);
            rest_json::decode(spec, members, query, header, &call.body)
        }
        Input::Form(fields) => spec.input.map_or(Ok(Value::default()), |shape| query::decode(shape, fields)),
    };
    decoded.map_err(|error| answer::undecodable(endpoint.service(), error))
}

fn decode_json(app: &App, call: &Call, endpoint: Endpoint, spec: &OperationSpec) -> Result<Value> {
    let content_type = call.head.headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or_default());
    let kind = content_type.unwrap_or(answer::AWS_JSON).split(';').next().unwrap_or_default().trim();
    if !matches!(kind, answer::AWS_JSON | answer::JSON | "application/x-amz-json-1.0") {
        return Err(fault::unsupported_content_type());
    }
    let Some(shape) = spec.input else { return Ok(Value::Null) };
    let decoded = custom_ids::decode(app, endpoint, shape, &call.body);
    decoded.map_err(|error| answer::undecodable(endpoint.service(), error))
}

/// The operation of STS that a call names, and its fields.
fn action(call: &Call) -> Result<(spec::sts::Operation, Vec<(String, String)>)> {
    let form =
        if call.body.is_empty() { call.head.uri.query().unwrap_or_default().as_bytes() } else { &call.body };
    let fields = query::fields(form).map_err(|error| answer::undecodable(Service::Sts, error))?;
    let action = fields.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.as_str());
    let operation = action.and_then(spec::sts::Operation::from_name);
    Ok((operation.ok_or_else(fault::unknown_operation)?, fields))
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
            report::fault(Endpoint::WellKnown, &fault, request_id);
            answer::refused(Endpoint::WellKnown, &fault, request_id)
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
    let endpoint = Endpoint::Unknown(Service::CognitoIdp);
    report::fault(endpoint, &fault, request_id);
    answer::refused(endpoint, &fault, request_id)
}
