//! Signatures by AWS credentials, and what their holders may do. The texts are those that AWS services share;
//! few were captured from Cognito itself.

use super::Fault;
use crate::{calendar::basic_format, callers::policy::Decision};
use spec::Code;

/// A signature that lacks a part or cannot be read.
pub fn incomplete_signature(text: impl Into<String>) -> Fault {
    Fault::new(Code::IncompleteSignatureException, text.into())
}

/// The signature is not the one that the secret gives for this request. P
pub fn signature_mismatch() -> Fault {
    Fault::new(
        Code::InvalidSignatureException,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
         Access Key and signing method. Consult the service documentation for details.",
    )
}

/// The signature is for another day, region or service. P, each finding with a space behind it.
pub fn signature_scope(findings: &[String]) -> Fault {
    let text: String = findings.iter().flat_map(|finding| [finding, " "]).collect();
    Fault::new(Code::InvalidSignatureException, text)
}

/// Signed too long ago; times in seconds since 1970. P
pub fn signature_expired(signed_at: i64, now: i64, minutes: i64) -> Fault {
    let oldest = now.saturating_sub(minutes.saturating_mul(60));
    Fault::new(
        Code::InvalidSignatureException,
        format!(
            "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
            basic_format(signed_at),
            basic_format(oldest),
            basic_format(now)
        ),
    )
}

/// Signed in the future; times in seconds since 1970. P
pub fn signature_not_yet_current(signed_at: i64, now: i64, minutes: i64) -> Fault {
    let newest = now.saturating_add(minutes.saturating_mul(60));
    Fault::new(
        Code::InvalidSignatureException,
        format!(
            "Signature not yet current: {} is still later than {} ({} + {minutes} min.)",
            basic_format(signed_at),
            basic_format(newest),
            basic_format(now)
        ),
    )
}

/// A header that must be signed is not. From memory of public reports for `host`; the others follow it.
pub fn header_not_signed(header: &str) -> Fault {
    let text = if header == "host" {
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
    } else {
        format!("'{header}' must be a 'SignedHeader' in the AWS Authorization.")
    };
    Fault::new(Code::InvalidSignatureException, text)
}

/// The policy does not allow an operation, or denies it. P for the first (2023); D for the second.
pub fn access_denied(user_arn: &str, action: &str, resource: &str, decision: Decision) -> Fault {
    let why = match decision {
        Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        _ => format!("because no identity-based policy allows the {action} action"),
    };
    Fault::new(
        Code::AccessDeniedException,
        format!("User: {user_arn} is not authorized to perform: {action} on resource: {resource} {why}"),
    )
}

/// Open administration in development mode, asked for by a page of another origin or under a foreign host name.
pub fn administration_from_elsewhere() -> Fault {
    Fault::new(
        Code::AccessDeniedException,
        "In development mode only requests to and from this machine administer. Use an address of this machine, \
         or run in production mode with access keys.",
    )
}
