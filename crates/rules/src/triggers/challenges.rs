//! The three functions of custom challenges: which comes next, what it asks, and whether an answer is right.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html>

use super::{Metadata, envelope::response};
use crate::{Result, fault};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};

/// How long the parameters of one question may be, names and values together, in bytes.
pub const PARAMETERS_BYTES_MAX: usize = 32 * 1024;
/// How long `challengeMetadata` may be, in bytes.
const METADATA_BYTES_MAX: usize = 1024;

/// A question of this sign-in, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    /// The question's name on the wire.
    pub challenge_name: String,
    /// Whether it was answered rightly.
    pub challenge_result: bool,
    /// What CreateAuthChallenge calls it.
    pub challenge_metadata: Option<String>,
}

/// What DefineAuthChallenge is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DefineRequest<'a> {
    /// The user's attributes; empty for a name that nobody has.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// The rounds so far.
    pub session: &'a [Round],
    /// ClientMetadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
    /// Whether nobody has the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_not_found: Option<bool>,
}

/// What CreateAuthChallenge is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRequest<'a> {
    /// The user's attributes; empty for a name that nobody has.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// What DefineAuthChallenge chose.
    pub challenge_name: &'a str,
    /// The rounds so far.
    pub session: &'a [Round],
    /// ClientMetadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
    /// Whether nobody has the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_not_found: Option<bool>,
}

/// What VerifyAuthChallengeResponse is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyRequest<'a> {
    /// The user's attributes; empty for a name that nobody has.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// What CreateAuthChallenge keeps from the client.
    pub private_challenge_parameters: &'a BTreeMap<String, String>,
    /// ANSWER.
    pub challenge_answer: &'a str,
    /// ClientMetadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
    /// Whether nobody has the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_not_found: Option<bool>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Next {
    /// The user has proved enough.
    IssueTokens,
    /// The sign-in ends.
    Fail,
    /// A question that CreateAuthChallenge makes.
    Custom,
    /// The password by SRP.
    PasswordVerifier,
}

/// A question that CreateAuthChallenge made. Its Debug does not show what the client must not see.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What the client is shown.
    pub public: BTreeMap<String, String>,
    /// What VerifyAuthChallengeResponse is told.
    pub private: BTreeMap<String, String>,
    /// What the function calls it.
    pub metadata: Option<String>,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("public", &self.public)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// What DefineAuthChallenge's event holds as response.
pub fn undefined() -> Value {
    json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null })
}

/// What CreateAuthChallenge's event holds as response.
pub fn not_created() -> Value {
    json!({ "publicChallengeParameters": null, "privateChallengeParameters": null, "challengeMetadata": null })
}

/// What VerifyAuthChallengeResponse's event holds as response.
pub fn not_verified() -> Value {
    json!({ "answerCorrect": null })
}

/// Reads what DefineAuthChallenge decided. Where it both issues and fails, it fails.
///
/// # Errors
/// InvalidLambdaResponseException, also where it decides nothing or names a question that it cannot ask. Unverified: that
/// a name other than these two is refused.
pub fn read_define(reply: &Value) -> Result<Next> {
    let response = response(reply)?;
    let (issues, fails) = (response.boolean("issueTokens")?, response.boolean("failAuthentication")?);
    let name = response.text("challengeName")?;
    match (fails, issues, name.as_deref()) {
        (Some(true), _, _) => Ok(Next::Fail),
        (_, Some(true), _) => Ok(Next::IssueTokens),
        (_, _, Some("CUSTOM_CHALLENGE")) => Ok(Next::Custom),
        (_, _, Some("PASSWORD_VERIFIER")) => Ok(Next::PasswordVerifier),
        _ => Err(fault::lambda_output_unrecognizable().because(
            "DefineAuthChallenge must set issueTokens or failAuthentication to true, or challengeName to \
             CUSTOM_CHALLENGE or PASSWORD_VERIFIER",
        )),
    }
}

/// Reads the question that CreateAuthChallenge made.
///
/// # Errors
/// InvalidLambdaResponseException.
pub fn read_create(reply: &Value) -> Result<Question> {
    let response = response(reply)?;
    let question = Question {
        public: response.text_map("publicChallengeParameters")?.unwrap_or_default(),
        private: response.text_map("privateChallengeParameters")?.unwrap_or_default(),
        metadata: response.text("challengeMetadata")?,
    };
    let bytes: usize = question.public.iter().chain(&question.private).map(|(k, v)| k.len() + v.len()).sum();
    let named = question.metadata.as_ref().map_or(0, String::len);
    if bytes > PARAMETERS_BYTES_MAX || named > METADATA_BYTES_MAX {
        return Err(
            fault::lambda_output_unrecognizable().because("the parameters of a challenge are too long")
        );
    }
    Ok(question)
}

/// Reads whether VerifyAuthChallengeResponse found the answer right.
///
/// # Errors
/// InvalidLambdaResponseException.
pub fn read_verify(reply: &Value) -> Result<bool> {
    Ok(response(reply)?.boolean("answerCorrect")?.unwrap_or(false))
}
