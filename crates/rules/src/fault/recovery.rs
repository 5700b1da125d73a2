//! Sign-up, confirmation, passwords and their recovery.

use super::{Fault, invalid_parameter, not_authorized};
use spec::Code;

/// SignUp of a name that is taken. V
pub fn user_already_exists() -> Fault {
    Fault::new(Code::UsernameExistsException, "User already exists")
}

/// AdminCreateUser of a name that is taken. From memory of public reports.
pub fn user_account_already_exists() -> Fault {
    Fault::new(Code::UsernameExistsException, "User account already exists")
}

/// SignUp with an e-mail address or phone number that is another user's sign-in name. P for email.
pub fn attribute_already_used(attribute: &str) -> Fault {
    let what = if attribute == "phone_number" { "phone_number" } else { attribute };
    Fault::new(Code::UsernameExistsException, format!("An account with the given {what} already exists."))
}

/// Confirmation of an alias that another user holds. P
pub fn alias_exists(attribute: &str) -> Fault {
    Fault::new(Code::AliasExistsException, format!("An account with the given {attribute} already exists."))
}

/// From memory of public reports.
pub fn sign_up_closed() -> Fault {
    not_authorized("SignUp is not permitted for this user pool")
}

/// A wrong code of a sign-up, reset or attribute verification. V
pub fn code_mismatch() -> Fault {
    Fault::new(Code::CodeMismatchException, "Invalid verification code provided, please try again.")
}

/// An expired code, or none was asked for. P
pub fn code_expired() -> Fault {
    Fault::new(Code::ExpiredCodeException, "Invalid code provided, please request a code again.")
}

/// P
pub fn cannot_be_confirmed(status: &str) -> Fault {
    not_authorized(format!("User cannot be confirmed. Current status is {status}"))
}

/// From memory of public reports.
pub fn already_confirmed() -> Fault {
    invalid_parameter("User is already confirmed.")
}

/// ForgotPassword, ConfirmForgotPassword, ConfirmSignUp and ResendConfirmationCode of an unknown user. V
pub fn username_client_combination_not_found() -> Fault {
    Fault::new(Code::UserNotFoundException, "Username/client id combination not found.")
}

/// V
pub fn no_verified_channel() -> Fault {
    invalid_parameter(
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    )
}

/// P
pub fn password_cannot_be_reset() -> Fault {
    not_authorized("User password cannot be reset in the current state.")
}

/// Recovery is the administrator's. From memory of public reports.
pub fn contact_administrator() -> Fault {
    not_authorized("Contact administrator to reset password.")
}

/// SignUp. P
pub fn sign_up_password(rule: &str) -> Fault {
    Fault::new(Code::InvalidPasswordException, format!("Password did not conform with policy: {rule}"))
}

/// AdminCreateUser. P
pub fn create_user_password(rule: &str) -> Fault {
    Fault::new(
        Code::InvalidPasswordException,
        format!("Password did not conform with password policy: {rule}"),
    )
}

/// Every change of a password. P
pub fn changed_password(rule: &str) -> Fault {
    Fault::new(Code::InvalidPasswordException, format!("Password does not conform to policy: {rule}"))
}

/// Unverified: text.
pub fn password_in_history() -> Fault {
    Fault::new(
        Code::PasswordHistoryPolicyViolationException,
        "Password has previously been used. Choose a password that you have not used recently.",
    )
}

/// AdminCreateUser with RESEND for a user who has signed in already. Unverified: text.
pub fn resend_not_possible(status: &str) -> Fault {
    Fault::new(
        Code::UnsupportedUserStateException,
        format!("Resend not possible. {status} is not FORCE_CHANGE_PASSWORD"),
    )
}

/// Only these two can be verified. From memory of public reports.
pub fn attribute_cannot_be_verified() -> Fault {
    invalid_parameter("Invalid attribute name. Only phone_number and email can be verified.")
}

/// ResendConfirmationCode in a pool that verifies nothing by itself. From memory of public reports.
pub fn cannot_resend_codes() -> Fault {
    invalid_parameter("Cannot resend codes. Auto verification not turned on.")
}

/// A code is asked for an address that the user does not have. Unverified: text.
pub fn attribute_without_value(attribute: &str) -> Fault {
    invalid_parameter(format!("User does not have a value for the attribute {attribute}."))
}

/// SignUp without a password in a pool whose users cannot sign in by a code. Unverified: text.
pub fn password_missing() -> Fault {
    invalid_parameter("Missing required parameter PASSWORD")
}

/// A user takes away the address of the second factor. Unverified
pub fn address_is_second_factor(attribute: &str) -> Fault {
    invalid_parameter(format!("The attribute {attribute} is a second factor. Turn the factor off first."))
}

/// A user takes away the only attribute to sign in by. Unverified
pub fn address_is_last_name(attribute: &str) -> Fault {
    invalid_parameter(format!("The attribute {attribute} is the name to sign in by and cannot be removed."))
}
