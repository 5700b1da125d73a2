//! What tokens say.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>

use super::{Metadata, envelope::response, members::Members};
use crate::{
    Result, fault,
    tokens::customization::{ClaimChanges, Customization, Groups},
    user::Membership,
};
use serde::Serialize;
use serde_json::{Value, json};
use spec::cognito_idp::PreTokenGenerationLambdaVersionType as Version;
use std::collections::BTreeMap;

/// How long all claims together may be that a function adds, in bytes of JSON: tokens travel in headers.
const CLAIMS_BYTES_MAX: usize = 64 * 1024;

/// What the function is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The user's attributes; none for a client that acts for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_attributes: Option<&'a BTreeMap<String, String>>,
    /// The scopes of the access token, from version 2 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<&'a [String]>,
    /// The user's groups.
    pub group_configuration: GroupConfiguration,
    /// ClientMetadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
}

/// The groups of a user and their roles.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupConfiguration {
    groups_to_override: Vec<String>,
    iam_roles_to_override: Vec<String>,
    preferred_role: Option<String>,
}

impl GroupConfiguration {
    /// Of the groups that a user is in.
    pub fn of(groups: &[Membership]) -> GroupConfiguration {
        let Groups { names, roles, preferred_role } = Groups::of(groups);
        GroupConfiguration { groups_to_override: names, iam_roles_to_override: roles, preferred_role }
    }
}

/// The `version` of events.
pub const fn event_version(version: Version) -> &'static str {
    match version {
        Version::V10 => "1",
        Version::V20 => "2",
        Version::V30 => "3",
    }
}

/// What the event holds as response.
pub fn unchanged(version: Version) -> Value {
    match version {
        Version::V10 => json!({ "claimsOverrideDetails": null }),
        Version::V20 | Version::V30 => json!({ "claimsAndScopeOverrideDetails": null }),
    }
}

/// Reads a reply.
///
/// # Errors
/// InvalidLambdaResponseException; in version 1 also for a claim that is no text. I
pub fn read(version: Version, reply: &Value) -> Result<Customization> {
    let response = response(reply)?;
    let customization = match version {
        Version::V10 => first_version(response),
        Version::V20 | Version::V30 => later_version(response),
    }?;
    let bytes = |changes: &ClaimChanges| {
        changes.add.iter().map(|(name, value)| name.len() + value.to_string().len()).sum::<usize>()
    };
    let scopes: usize = customization.scopes_to_add.iter().map(String::len).sum();
    if bytes(&customization.id) + bytes(&customization.access) + scopes > CLAIMS_BYTES_MAX {
        return Err(
            fault::lambda_output_unrecognizable().because("the claims of PreTokenGeneration are too long")
        );
    }
    // Scopes stand in one claim, with spaces between them.
    if customization.scopes_to_add.iter().any(|scope| scope.is_empty() || scope.contains(char::is_whitespace))
    {
        return Err(
            fault::lambda_output_unrecognizable().because("a scope of PreTokenGeneration has white space")
        );
    }
    Ok(customization)
}

fn first_version(response: Members<'_>) -> Result<Customization> {
    let Some(details) = response.object("claimsOverrideDetails")? else {
        return Ok(Customization::default());
    };
    let add = details.text_map("claimsToAddOrOverride")?.unwrap_or_default();
    let id = ClaimChanges {
        add: add.into_iter().map(|(name, value)| (name, value.into())).collect(),
        suppress: details.texts("claimsToSuppress")?.unwrap_or_default(),
    };
    Ok(Customization { id, groups: groups(details)?, ..Customization::default() })
}

fn later_version(response: Members<'_>) -> Result<Customization> {
    let Some(details) = response.object("claimsAndScopeOverrideDetails")? else {
        return Ok(Customization::default());
    };
    let changes = |of: Option<Members<'_>>| {
        let Some(of) = of else { return Ok(ClaimChanges::default()) };
        Ok::<_, fault::Fault>(ClaimChanges {
            add: of.value_map("claimsToAddOrOverride")?.unwrap_or_default(),
            suppress: of.texts("claimsToSuppress")?.unwrap_or_default(),
        })
    };
    let access = details.object("accessTokenGeneration")?;
    let scopes = |name| {
        Ok::<_, fault::Fault>(access.map(|a| a.texts(name)).transpose()?.flatten().unwrap_or_default())
    };
    Ok(Customization {
        id: changes(details.object("idTokenGeneration")?)?,
        access: changes(access)?,
        scopes_to_add: scopes("scopesToAdd")?,
        scopes_to_suppress: scopes("scopesToSuppress")?,
        groups: groups(details)?,
    })
}

/// What becomes of the groups: nothing where the member is absent. D: where it is null or empty, there are none.
fn groups(details: Members<'_>) -> Result<Option<Groups>> {
    if !details.names("groupOverrideDetails") {
        return Ok(None);
    }
    let Some(given) = details.object("groupOverrideDetails")? else { return Ok(Some(Groups::default())) };
    Ok(Some(Groups {
        names: given.texts("groupsToOverride")?.unwrap_or_default(),
        roles: given.texts("iamRolesToOverride")?.unwrap_or_default(),
        preferred_role: given.text("preferredRole")?,
    }))
}
