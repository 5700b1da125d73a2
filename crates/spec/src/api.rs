//! The five services, their protocols and their tables.

use crate::{
    cognito_identity, cognito_idp, cognito_sync,
    generated::codes::Code,
    kms,
    shape::{ErrorSpec, OperationSpec},
    sts,
};

/// One of the five AWS services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// User pools, awsJson1.1.
    CognitoIdp,
    /// Identity pools, awsJson1.1.
    CognitoIdentity,
    /// Sync, restJson1.
    CognitoSync,
    /// The Security Token Service, query/XML.
    Sts,
    /// What custom senders need of the Key Management Service, awsJson1.1.
    Kms,
}

impl Service {
    /// All five.
    pub const ALL: [Service; 5] =
        [Service::CognitoIdp, Service::CognitoIdentity, Service::CognitoSync, Service::Sts, Service::Kms];

    /// The name that signatures, ARNs and policies use.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Service::CognitoIdp => "cognito-idp",
            Service::CognitoIdentity => "cognito-identity",
            Service::CognitoSync => "cognito-sync",
            Service::Sts => "sts",
            Service::Kms => "kms",
        }
    }

    /// The operation with this name on the wire.
    pub fn operation(self, name: &str) -> Option<&'static OperationSpec> {
        match self {
            Service::CognitoIdp => cognito_idp::Operation::from_name(name).map(|o| o.spec()),
            Service::CognitoIdentity => cognito_identity::Operation::from_name(name).map(|o| o.spec()),
            Service::CognitoSync => cognito_sync::Operation::from_name(name).map(|o| o.spec()),
            Service::Sts => sts::Operation::from_name(name).map(|o| o.spec()),
            Service::Kms => kms::Operation::from_name(name).map(|o| o.spec()),
        }
    }

    /// The names of all its operations, in alphabetical order.
    pub fn operation_names(self) -> Vec<&'static str> {
        match self {
            Service::CognitoIdp => cognito_idp::Operation::ALL.iter().map(|o| o.spec().name).collect(),
            Service::CognitoIdentity => {
                cognito_identity::Operation::ALL.iter().map(|o| o.spec().name).collect()
            }
            Service::CognitoSync => cognito_sync::Operation::ALL.iter().map(|o| o.spec().name).collect(),
            Service::Sts => sts::Operation::ALL.iter().map(|o| o.spec().name).collect(),
            Service::Kms => kms::Operation::ALL.iter().map(|o| o.spec().name).collect(),
        }
    }

    /// The wire code and HTTP status of an error.
    pub fn error(self, code: Code) -> (&'static str, u16) {
        let table: &'static [ErrorSpec] = match self {
            Service::CognitoIdp => cognito_idp::ERRORS,
            Service::CognitoIdentity => cognito_identity::ERRORS,
            Service::CognitoSync => cognito_sync::ERRORS,
            Service::Sts => sts::ERRORS,
            Service::Kms => kms::ERRORS,
        };
        match table.iter().find(|e| e.code == code) {
            Some(error) => (error.wire, error.status),
            None => (code.name(), common_status(code)),
        }
    }
}

/// The status of an error that no model lists.
fn common_status(code: Code) -> u16 {
    match code {
        Code::RequestEntityTooLargeException => 413,
        Code::ServiceUnavailableException => 503,
        Code::InternalErrorException | Code::InternalServerException => 500,
        _ => 400,
    }
}
