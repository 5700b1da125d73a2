//! Requests that fail before an operation is asked: unknown, unsigned, too large.

use super::Fault;
use spec::Code;

/// An operation that the API does not have. Unverified: text; AWS's JSON services send none.
pub fn unknown_operation() -> Fault {
    Fault::new(Code::UnknownOperationException, "The requested operation is not recognized by the service.")
}

/// A signed operation without a signature. From memory of generic AWS behavior.
pub fn missing_authentication_token() -> Fault {
    Fault::new(Code::MissingAuthenticationTokenException, "Missing Authentication Token")
}

/// A signature by an unknown access key. From memory of generic AWS behavior.
pub fn unrecognized_client() -> Fault {
    Fault::new(Code::UnrecognizedClientException, "The security token included in the request is invalid.")
}

/// A body above the limit. Unverified: text.
pub fn request_too_large(bytes_max: usize) -> Fault {
    Fault::new(
        Code::RequestEntityTooLargeException,
        format!("The request body is larger than {bytes_max} bytes."),
    )
}

/// A body that did not arrive whole, or not in time.
pub fn request_incomplete() -> Fault {
    Fault::new(Code::SerializationException, "The request body did not arrive whole.")
}

/// A body of another kind than the protocol's.
pub fn unsupported_content_type() -> Fault {
    Fault::new(Code::SerializationException, "The Content-Type is not application/x-amz-json-1.1.")
}
