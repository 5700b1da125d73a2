//! Results and faults in the words of each protocol.

use crate::development;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use rules::{
    Fault,
    endpoints::{Endpoint, Form},
};
use serde_json::{Value, json};
use spec::{Code, DecodeError, Service, query, shape::OperationSpec};

/// The content type of awsJson1.1.
pub const AWS_JSON: &str = "application/x-amz-json-1.1";
/// The content type of the other JSON answers.
pub const JSON: &str = "application/json";
const XML: &str = "text/xml";

/// The name of a call in answers and logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// The name of an error.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// The text of an error.
pub const ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-amzn-errormessage");
/// In debug builds: the error that an operation answered although its model does not declare it.
pub const UNDECLARED_ERROR: HeaderName = HeaderName::from_static("x-cognate-undeclared-error");

/// How much of a message a header repeats, in characters.
const HEADER_CHARACTERS_MAX: usize = 512;

/// Errors that every operation may answer, whatever its model declares.
const COMMON: [Code; 16] = [
    Code::AccessDeniedException,
    Code::IncompleteSignatureException,
    Code::InternalErrorException,
    Code::InvalidParameterException,
    Code::InvalidSignatureException,
    Code::MissingAuthenticationTokenException,
    Code::NotAuthorizedException,
    Code::RequestEntityTooLargeException,
    Code::RequestExpired,
    Code::SerializationException,
    Code::ServiceUnavailableException,
    Code::ThrottlingException,
    Code::TooManyRequestsException,
    Code::UnknownOperationException,
    Code::UnrecognizedClientException,
    Code::ValidationException,
];

/// An answer with a body of the given type.
pub fn text(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The answer to a call that went well.
pub fn good(service: Service, operation: &OperationSpec, output: &Value, request_id: &str) -> Response<Body> {
    let status = StatusCode::from_u16(operation.status).unwrap_or(StatusCode::OK);
    if service == Service::Sts {
        return text(status, XML, query::encode(operation, output, request_id));
    }
    let content_type = if service == Service::CognitoSync { JSON } else { AWS_JSON };
    let body = if operation.output.is_none() {
        Vec::new()
    } else {
        serde_json::to_vec(output).expect("a JSON value has a text")
    };
    text(status, content_type, body)
}

/// The answer to a request that was refused or failed, in the endpoint's form.
pub fn refused(endpoint: Endpoint, fault: &Fault, request_id: &str) -> Response<Body> {
    match endpoint.form() {
        Form::Aws(service) => aws_error(service, endpoint.spec(), fault, request_id),
        Form::Document => no_document(fault, request_id),
        Form::Text => {
            let status = StatusCode::from_u16(Service::CognitoIdp.error(fault.code).1);
            development::plain(status.unwrap_or(StatusCode::BAD_REQUEST), &format!("{}\n", fault.message))
        }
    }
}

/// A document that is not there is told by the status, for no protocol of AWS's is spoken here.
fn no_document(fault: &Fault, request_id: &str) -> Response<Body> {
    let mut response = aws_error(Service::CognitoIdp, None, fault, request_id);
    if response.status() == StatusCode::BAD_REQUEST {
        let is_limited = fault.code == Code::TooManyRequestsException;
        *response.status_mut() =
            if is_limited { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::NOT_FOUND };
    }
    response
}

fn aws_error(
    service: Service,
    operation: Option<&OperationSpec>,
    fault: &Fault,
    request_id: &str,
) -> Response<Body> {
    let (name, status) = wire_name(service, fault.code);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let message = &*fault.message;
    let mut response = match service {
        Service::Sts => {
            let sender = status.is_client_error();
            text(status, XML, query::encode_error(name, message, sender, request_id))
        }
        Service::CognitoSync => text(status, JSON, error_body(name, message)),
        Service::CognitoIdp | Service::CognitoIdentity | Service::Kms => {
            text(status, AWS_JSON, error_body(name, message))
        }
    };
    let headers = response.headers_mut();
    headers.insert(ERROR_TYPE, HeaderValue::from_static(name));
    headers.insert(ERROR_MESSAGE, header_text(message));
    if cfg!(debug_assertions) && !is_declared(operation, fault.code) {
        tracing::error!(
            operation = operation.map(|o| o.name),
            error = name,
            "the model does not declare this"
        );
        headers.insert(UNDECLARED_ERROR, HeaderValue::from_static(name));
    }
    response
}

/// What could not be decoded, in the service's words.
pub fn undecodable(service: Service, error: DecodeError) -> Fault {
    match error {
        DecodeError::Malformed(text) => Fault::new(Code::SerializationException, text),
        DecodeError::Invalid(text) => match service {
            Service::CognitoIdp => Fault::new(Code::InvalidParameterException, text),
            _ => Fault::new(Code::ValidationException, text),
        },
    }
}

fn error_body(name: &str, message: &str) -> String {
    json!({"__type": name, "message": message}).to_string()
}

/// STS has names of its own for what every service answers.
fn wire_name(service: Service, code: Code) -> (&'static str, u16) {
    match (service, code) {
        (Service::Sts, Code::ValidationException | Code::InvalidParameterException) => {
            ("ValidationError", 400)
        }
        (Service::Sts, Code::AccessDeniedException) => ("AccessDenied", 403),
        (Service::Sts, Code::MissingAuthenticationTokenException) => ("MissingAuthenticationToken", 403),
        (Service::Sts, Code::InvalidSignatureException) => ("SignatureDoesNotMatch", 403),
        (Service::Sts, Code::UnrecognizedClientException) => ("InvalidClientTokenId", 403),
        (Service::Sts, Code::IncompleteSignatureException) => ("IncompleteSignature", 400),
        // P: restJson services answer 403 where awsJson ones answer 400.
        (
            Service::CognitoSync,
            Code::AccessDeniedException
            | Code::IncompleteSignatureException
            | Code::InvalidSignatureException
            | Code::MissingAuthenticationTokenException
            | Code::UnrecognizedClientException,
        ) => (code.name(), 403),
        (Service::Sts, Code::UnknownOperationException) => ("InvalidAction", 400),
        (Service::Sts, Code::SerializationException) => ("MalformedInput", 400),
        (Service::Sts, Code::InternalErrorException) => ("InternalFailure", 500),
        _ => service.error(code),
    }
}

fn is_declared(operation: Option<&OperationSpec>, code: Code) -> bool {
    COMMON.contains(&code) || operation.is_none_or(|operation| operation.errors.contains(&code))
}

/// A header holds visible ASCII only; whatever else a message has becomes a question mark.
fn header_text(message: &str) -> HeaderValue {
    let visible = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    let text: String = message.chars().take(HEADER_CHARACTERS_MAX).map(visible).collect();
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_never_break() {
        for (message, expected) in [
            ("Incorrect username or password.", "Incorrect username or password."),
            ("two\r\nlines: jané\0", "two??lines: jan??"),
            ("", ""),
        ] {
            assert_eq!(header_text(message), expected);
        }
        assert_eq!(header_text(&"x".repeat(10_000)).len(), HEADER_CHARACTERS_MAX);
    }

    #[test]
    fn each_protocol_has_its_own_words() {
        let fault = Fault::new(Code::ValidationException, "a < b");
        for (service, content_type, expected) in [
            (Service::CognitoIdp, AWS_JSON, "ValidationException"),
            (Service::CognitoSync, JSON, "ValidationException"),
            (Service::Sts, XML, "ValidationError"),
        ] {
            let response = refused(Endpoint::Unknown(service), &fault, "r");
            assert_eq!(response.status(), 400);
            assert_eq!(response.headers()["content-type"], content_type);
            assert_eq!(response.headers()["x-amzn-errortype"], expected);
        }
    }
}
