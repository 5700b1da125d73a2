//! Sign-in, sessions and client secrets.

use super::{Fault, invalid_parameter, not_authorized};
use spec::Code;

/// InitiateAuth of an unknown user where errors may tell. V
pub fn user_does_not_exist() -> Fault {
    Fault::new(Code::UserNotFoundException, "User does not exist.")
}

/// A wrong password, a wrong proof, or an unknown user where errors may not tell. P
pub fn incorrect_username_or_password() -> Fault {
    not_authorized("Incorrect username or password.")
}

/// P
pub fn user_is_disabled() -> Fault {
    not_authorized("User is disabled.")
}

/// The right password of a user who has not confirmed. P
pub fn user_is_not_confirmed() -> Fault {
    Fault::new(Code::UserNotConfirmedException, "User is not confirmed.")
}

/// From memory of public reports.
pub fn password_reset_required() -> Fault {
    Fault::new(Code::PasswordResetRequiredException, "Password reset required for the user")
}

/// The lock after five wrong passwords. D, P
pub fn password_attempts_exceeded() -> Fault {
    not_authorized("Password attempts exceeded")
}

/// P
pub fn temporary_password_expired() -> Fault {
    not_authorized("Temporary password has expired and must be reset by an administrator.")
}

/// V
pub fn session_used() -> Fault {
    not_authorized("Invalid session for the user, session can only be used once.")
}

/// V
pub fn session_expired() -> Fault {
    not_authorized("Invalid session for the user, session is expired.")
}

/// Garbage, or a session of another user, client or challenge. P
pub fn session_invalid() -> Fault {
    not_authorized("Invalid session for the user.")
}

/// A wrong code of a challenge. V
pub fn challenge_code_mismatch() -> Fault {
    Fault::new(Code::CodeMismatchException, "Invalid code or auth state for the user.")
}

/// V
pub fn totp_used() -> Fault {
    Fault::new(Code::ExpiredCodeException, "Your software token has already been used once.")
}

/// P
pub fn secret_hash_missing(client_id: &str) -> Fault {
    not_authorized(format!("Client {client_id} is configured with secret but SECRET_HASH was not received"))
}

/// P
pub fn secret_hash_wrong(client_id: &str) -> Fault {
    not_authorized(format!("Unable to verify secret hash for client {client_id}"))
}

/// From memory of public reports.
pub fn secret_hash_wrong_on_refresh(client_id: &str) -> Fault {
    not_authorized(format!("SecretHash does not match for the client: {client_id}"))
}

/// A wrong ClientSecret of refresh or revocation. Unverified: text, taken from the hash's.
pub fn client_secret_wrong(client_id: &str) -> Fault {
    not_authorized(format!("Unable to verify secret for client {client_id}"))
}

/// P for USER_PASSWORD_AUTH, USER_SRP_AUTH and CUSTOM_AUTH; the others follow the second form.
pub fn flow_not_enabled(flow: &'static str) -> Fault {
    match flow {
        "USER_PASSWORD_AUTH" => invalid_parameter("USER_PASSWORD_AUTH flow not enabled for this client"),
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => {
            invalid_parameter("Auth flow not enabled for this client")
        }
        flow => {
            let text = format!("{flow} is not enabled for the client.");
            invalid_parameter(text.clone()).because(text)
        }
    }
}

/// An administrator's flow on InitiateAuth, or a user's on AdminInitiateAuth. From memory of public reports.
pub fn initiate_auth_method_not_supported() -> Fault {
    invalid_parameter("Initiate Auth method not supported.")
}

/// From memory of public reports.
pub fn missing_parameter(name: &'static str) -> Fault {
    let text = format!("Missing required parameter {name}");
    invalid_parameter(text.clone()).because(text)
}

/// P
pub fn cannot_modify_provided(attribute: &str) -> Fault {
    not_authorized(format!("Cannot modify an already provided {attribute}"))
}

/// P
pub fn custom_auth_not_configured() -> Fault {
    invalid_parameter("Custom auth lambda trigger is not configured for the user pool.")
}

/// P
pub fn no_delivery_config(factor: &str) -> Fault {
    invalid_parameter(format!("User does not have delivery config set to turn on {factor}"))
}

/// P
pub fn software_token_mfa_not_enabled() -> Fault {
    Fault::new(
        Code::SoftwareTokenMfaNotFoundException,
        "Software Token MFA has not been enabled by the userPool",
    )
}

/// From memory of public reports.
pub fn software_token_mismatch() -> Fault {
    Fault::new(Code::EnableSoftwareTokenMfaException, "Code mismatch and fail enable Software Token MFA")
}

/// SRP_A that is no number of the group, or a multiple of its prime. Unverified: text.
pub fn srp_a_invalid() -> Fault {
    invalid_parameter("Incorrect SRP_A value.")
}

/// NEW_PASSWORD_REQUIRED without a required attribute. From memory of public reports.
pub fn attribute_missing(name: &str) -> Fault {
    invalid_parameter(format!("Invalid attributes given, {name} is missing"))
}

/// SELECT_MFA_TYPE with something that is no factor. Unverified: text.
pub fn choice_invalid(answer: &str) -> Fault {
    invalid_parameter(format!("{answer} is not a valid MFA type."))
}

/// Unverified: text.
pub fn two_preferred_factors() -> Fault {
    invalid_parameter("Only one MFA method can be preferred.")
}

/// AssociateSoftwareToken or VerifySoftwareToken with both or none. Unverified: text.
pub fn token_or_session() -> Fault {
    invalid_parameter("Exactly one of AccessToken and Session must be provided.")
}

/// TARGET_ACR_VALUES that names no level of the pool. Unverified: text.
pub fn acr_values_unknown() -> Fault {
    invalid_parameter("TARGET_ACR_VALUES names no authentication level of the user pool.").because(
        "TARGET_ACR_VALUES names no authentication level of the user pool: \
         they are urn:cognito:loa:1 to urn:cognito:loa:4 unless AcrConfiguration renames them",
    )
}

/// The user has not what a wished level asks for. Unverified: text.
pub fn acr_values_unreachable() -> Fault {
    invalid_parameter("The user has no authentication factors that satisfy the requested TARGET_ACR_VALUES.")
}

/// The access token is of the wished level, or of a higher one. Unverified: text.
pub fn acr_values_reached() -> Fault {
    invalid_parameter("The access token already satisfies the requested TARGET_ACR_VALUES.")
}

/// ACCESS_TOKEN without TARGET_ACR_VALUES. Unverified: text.
pub fn acr_values_missing() -> Fault {
    invalid_parameter("TARGET_ACR_VALUES is required with ACCESS_TOKEN.")
}

/// ACCESS_TOKEN of another user or client than the call is about. Unverified: text.
pub fn access_token_of_another() -> Fault {
    not_authorized("USERNAME does not match the access token.")
}

/// MAX_AGE that is no number of seconds. Unverified: text.
pub fn max_age_invalid() -> Fault {
    invalid_parameter("MAX_AGE must be a number of seconds that is not negative.")
}

/// SELECT_CHALLENGE with something that is none of its choices. Unverified: text.
pub fn first_factor_invalid() -> Fault {
    invalid_parameter("ANSWER is none of the available challenges.")
}
