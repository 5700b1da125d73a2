//! Users, groups and attributes.

use super::{Fault, invalid_parameter, not_authorized};
use crate::messages::Medium;
use spec::Code;

/// An administrator's operation on an unknown user.
pub fn unknown_user() -> Fault {
    super::user_does_not_exist()
}

/// P
pub fn unknown_pool(id: &str) -> Fault {
    Fault::new(Code::ResourceNotFoundException, format!("User pool {id} does not exist."))
}

/// A pool that was deleted while the operation ran. Unverified: text.
pub fn pool_is_gone() -> Fault {
    Fault::new(Code::ResourceNotFoundException, "The user pool does not exist.")
}

/// P
pub fn unknown_client(id: &str) -> Fault {
    Fault::new(Code::ResourceNotFoundException, format!("User pool client {id} does not exist."))
}

/// From memory of public reports.
pub fn unknown_group() -> Fault {
    Fault::new(Code::ResourceNotFoundException, "Group not found.")
}

/// From memory of public reports.
pub fn group_exists() -> Fault {
    Fault::new(Code::GroupExistsException, "A group with the name already exists")
}

/// From memory of public reports.
pub fn filter_unreadable() -> Fault {
    invalid_parameter("Error while parsing filter")
}

/// From memory of public reports.
pub fn filter_attribute(name: &str) -> Fault {
    invalid_parameter(format!("Invalid search attribute: {name}"))
}

/// From memory of public reports.
pub fn attributes_to_get_unknown() -> Fault {
    invalid_parameter("One or more requested attributes do not exist.")
}

/// A page token that was not made for this call. Unverified: text.
pub fn page_token_invalid() -> Fault {
    invalid_parameter("Invalid pagination token")
}

/// Several findings are one text. P
pub fn schema_violation(findings: &[String]) -> Fault {
    invalid_parameter(format!("Attributes did not conform to the schema: {}", findings.join("\n")))
}

/// From memory of public reports.
pub fn attribute_not_writable() -> Fault {
    not_authorized("A client attempted to write unauthorized attribute")
}

/// From memory of public reports.
pub fn attribute_immutable(name: &str) -> Fault {
    invalid_parameter(format!("user.{name}: Attribute cannot be updated."))
}

/// P
pub fn attribute_type_unknown(name: &str) -> Fault {
    invalid_parameter(format!("Type for attribute {{{name}}} could not be determined"))
}

/// AdminDeleteUserAttributes names attributes that the pool does not have.
pub fn attributes_to_delete_unknown(names: &[&str]) -> Fault {
    let lines: String =
        names.iter().map(|n| format!("user.{n}: Attribute does not exist in the schema.\n")).collect();
    invalid_parameter(format!("Invalid user attributes: {lines}"))
}

/// P
pub fn username_looks_like(alias: &str) -> Fault {
    let what = if alias == "email" { "email" } else { "phone number" };
    invalid_parameter(format!(
        "Username cannot be of {what} format, since user pool is configured for {what} alias."
    ))
}

/// P
pub fn username_should_be(what: &str) -> Fault {
    invalid_parameter(format!("Username should be {what}."))
}

/// P
pub fn email_format() -> Fault {
    invalid_parameter("Invalid email address format.")
}

/// P
pub fn phone_number_format() -> Fault {
    invalid_parameter("Invalid phone number format.")
}

/// A sign-up whose typed name and attribute are two different addresses. Unverified: text.
pub fn username_and_attribute_differ(attribute: &str) -> Fault {
    invalid_parameter(format!("Username and attribute {attribute} do not match."))
}

/// A sign-up with a preferred user name where that is a sign-in name. D; the text is unverified.
pub fn preferred_username_before_confirmation() -> Fault {
    invalid_parameter("user.preferred_username: Attribute cannot be set before the user is confirmed.")
}

/// AdminCreateUser without a password where users sign in by codes and this one has no address. Unverified: text.
pub fn address_for_codes_missing() -> Fault {
    invalid_parameter(
        "A user without a password needs an email or phone_number that receives one-time passwords.",
    )
}

/// AdminCreateUser marks an address verified that is not there. Unverified: text.
pub fn verified_address_missing(attribute: &str) -> Fault {
    invalid_parameter(format!("{attribute}_verified cannot be true without {attribute}."))
}

/// AdminCreateUser asks for a medium that the user has no address for. P for e-mail, the other is unverified.
pub fn no_address_for_invitation(medium: Medium) -> Fault {
    invalid_parameter(match medium {
        Medium::Email => "No email provided but desired delivery medium was Email",
        Medium::Sms => "No phone number provided but desired delivery medium was SMS",
    })
}

/// A pool has as many groups as it may have. Unverified: text.
pub fn too_many_groups() -> Fault {
    Fault::new(Code::LimitExceededException, "The user pool has reached its limit of groups.")
}

/// A user is in as many groups as users may be. Unverified: error and text.
pub fn too_many_groups_of_user() -> Fault {
    invalid_parameter("The user has reached the limit of groups.")
}
