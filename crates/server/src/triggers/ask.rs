//! What each function is asked, and its reply.

use super::run::{About, Told, run};
use crate::app::App;
use rules::{
    Result,
    messages::Medium,
    tokens::customization::Customization,
    triggers::{
        Metadata, Source, attributes_to_be,
        challenges::{self, Next, Question, Round},
        custom_message, post_authentication, post_confirmation, pre_authentication, pre_sign_up,
        pre_token_generation, token_version, user_attributes, user_migration,
    },
    user::{Membership, User},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The version of every event but PreTokenGeneration's later ones.
const VERSION: &str = "1";

fn told<R: Serialize>(source: Source, request: &R, response: Value) -> Told<'_, R> {
    Told { source, version: VERSION, request, response, secrets: Vec::new() }
}

/// Whether a user with these attributes may be made, and how. `user` is nobody yet.
pub async fn pre_sign_up(
    app: &App,
    about: About<'_>,
    source: Source,
    user: &User,
    validation_data: Option<Metadata>,
    client_metadata: Option<&Metadata>,
) -> Result<pre_sign_up::Reply> {
    let status = (source == Source::PreSignUpByOperator).then_some(user.status);
    let attributes = attributes_to_be(&user.attributes, status);
    let request = pre_sign_up::Request { user_attributes: &attributes, validation_data, client_metadata };
    let reply = run(app, about, told(source, &request, pre_sign_up::unchanged())).await?;
    reply.as_ref().map_or_else(|| Ok(pre_sign_up::Reply::default()), pre_sign_up::read)
}

/// A user was confirmed, or a password replaced. What was done stays done if the function refuses.
pub async fn post_confirmation(
    app: &App,
    about: About<'_>,
    source: Source,
    user: &User,
    client_metadata: Option<&Metadata>,
) -> Result<()> {
    let attributes = user_attributes(about.pool, user);
    let request = post_confirmation::Request { user_attributes: &attributes, client_metadata };
    read_nothing(run(app, about, told(source, &request, json!({}))).await?)
}

/// Whether a sign-in may begin. Without a user nobody has the name, and the client must not learn of it.
pub async fn pre_authentication(
    app: &App,
    about: About<'_>,
    user: Option<&User>,
    validation_data: Option<&Metadata>,
    tells_of_nobody: bool,
) -> Result<()> {
    let attributes = attributes_of(about, user);
    let user_not_found = tells_of_nobody.then_some(user.is_none());
    let request =
        pre_authentication::Request { user_attributes: &attributes, validation_data, user_not_found };
    read_nothing(run(app, about, told(Source::PreAuthentication, &request, json!({}))).await?)
}

/// Everything was proved; tokens follow.
pub async fn post_authentication(
    app: &App,
    about: About<'_>,
    user: &User,
    client_metadata: Option<&Metadata>,
) -> Result<()> {
    let attributes = user_attributes(about.pool, user);
    let request = post_authentication::Request {
        user_attributes: &attributes,
        new_device_used: false,
        client_metadata,
    };
    read_nothing(run(app, about, told(Source::PostAuthentication, &request, json!({}))).await?)
}

/// A sign-in by custom challenges, as its functions are told of it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The user; none for a name that nobody has.
    pub user: Option<&'a User>,
    /// The rounds so far.
    pub rounds: &'a [Round],
    /// ClientMetadata.
    pub client_metadata: Option<&'a Metadata>,
    /// Whether the client must not learn who exists.
    pub tells_of_nobody: bool,
}

impl Asked<'_> {
    fn user_not_found(&self) -> Option<bool> {
        self.tells_of_nobody.then_some(self.user.is_none())
    }
}

/// Which question comes next.
pub async fn define(app: &App, about: About<'_>, asked: Asked<'_>) -> Result<Option<Next>> {
    let request = challenges::DefineRequest {
        user_attributes: &attributes_of(about, asked.user),
        session: asked.rounds,
        client_metadata: asked.client_metadata,
        user_not_found: asked.user_not_found(),
    };
    let told = told(Source::DefineAuthChallenge, &request, challenges::undefined());
    run(app, about, told).await?.as_ref().map(challenges::read_define).transpose()
}

/// What the question is.
pub async fn create(app: &App, about: About<'_>, asked: Asked<'_>) -> Result<Option<Question>> {
    let request = challenges::CreateRequest {
        user_attributes: &attributes_of(about, asked.user),
        challenge_name: "CUSTOM_CHALLENGE",
        session: asked.rounds,
        client_metadata: asked.client_metadata,
        user_not_found: asked.user_not_found(),
    };
    let told = told(Source::CreateAuthChallenge, &request, challenges::not_created());
    run(app, about, told).await?.as_ref().map(challenges::read_create).transpose()
}

/// Whether the answer is right.
pub async fn verify(
    app: &App,
    about: About<'_>,
    asked: Asked<'_>,
    private: &BTreeMap<String, String>,
    answer: &str,
) -> Result<Option<bool>> {
    let request = challenges::VerifyRequest {
        user_attributes: &attributes_of(about, asked.user),
        private_challenge_parameters: private,
        challenge_answer: answer,
        client_metadata: asked.client_metadata,
        user_not_found: asked.user_not_found(),
    };
    let mut told = told(Source::VerifyAuthChallengeResponse, &request, challenges::not_verified());
    told.secrets = private.values().cloned().chain([answer.to_owned()]).map(Zeroizing::new).collect();
    run(app, about, told).await?.as_ref().map(challenges::read_verify).transpose()
}

/// What tokens say; none where nothing is changed in them.
pub async fn tokens(
    app: &App,
    about: About<'_>,
    source: Source,
    (user, groups): (&User, &[Membership]),
    scopes: &[String],
    client_metadata: Option<&Metadata>,
) -> Result<Option<Customization>> {
    let version = token_version(about.pool);
    let attributes = user_attributes(about.pool, user);
    let is_first = pre_token_generation::event_version(version) == VERSION;
    let request = pre_token_generation::Request {
        user_attributes: Some(&attributes),
        scopes: (!is_first).then_some(scopes),
        group_configuration: pre_token_generation::GroupConfiguration::of(groups),
        client_metadata,
    };
    let told = Told {
        source,
        version: pre_token_generation::event_version(version),
        request: &request,
        response: pre_token_generation::unchanged(version),
        secrets: Vec::new(),
    };
    let reply = run(app, about, told).await?;
    reply.as_ref().map(|reply| pre_token_generation::read(version, reply)).transpose()
}

/// Whether another system knows the name and, in a sign-in, its password.
pub async fn migrate(
    app: &App,
    about: About<'_>,
    password: Option<&Zeroizing<String>>,
    metadata: Option<&Metadata>,
) -> Result<Option<user_migration::Reply>> {
    let (source, validation_data, client_metadata) = match password {
        Some(_) => (Source::Migration, metadata, None),
        None => (Source::MigrationOfReset, None, metadata),
    };
    let request = user_migration::Request {
        password: password.map(|password| password.as_str()),
        validation_data,
        client_metadata,
    };
    let mut told = told(source, &request, user_migration::unchanged());
    told.secrets = password.into_iter().cloned().collect();
    run(app, about, told).await?.as_ref().map(user_migration::read).transpose()
}

/// The texts of a message to a user by this medium.
pub async fn message(
    app: &App,
    about: About<'_>,
    source: Source,
    medium: Medium,
    user: &User,
    client_metadata: Option<&Metadata>,
) -> Result<custom_message::Reply> {
    let attributes = user_attributes(about.pool, user);
    let request = custom_message::Request::new(source, &attributes, client_metadata);
    let reply = run(app, about, told(source, &request, custom_message::unchanged())).await?;
    let Some(reply) = reply else { return Ok(custom_message::Reply::default()) };
    custom_message::read(source, medium, custom_message::sends_links(about.pool), &reply)
}

fn attributes_of(about: About<'_>, user: Option<&User>) -> BTreeMap<String, String> {
    user.map(|user| user_attributes(about.pool, user)).unwrap_or_default()
}

/// A reply that decides nothing must be an event all the same.
fn read_nothing(reply: Option<Value>) -> Result<()> {
    reply.as_ref().map_or(Ok(()), rules::triggers::check_reply)
}
