//! What each function is asked, and what its reply says.

use super::run::{About, Told, run};
use crate::app::App;
use rules::{
    Result,
    messages::Medium,
    tokens::customization::Customization,
    triggers::{
        Metadata, Source, attributes_to_be,
        challenges::{self, Next, Question, Round},
        check_reply, custom_message, post_authentication, post_confirmation, pre_authentication, pre_sign_up,
        pre_token_generation, token_version, user_attributes, user_migration,
    },
    user::{Membership, User, device},
};
use serde::Serialize;
use serde_json::{Value, json};
use spec::cognito_idp::{AttributeType, PreTokenGenerationLambdaVersionType as Version};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The version of every event but PreTokenGeneration's later ones.
const VERSION: &str = "1";

fn told<'a, R: Serialize, T, F: FnOnce(Source, &Value) -> Result<T>>(
    source: Source,
    request: &'a R,
    response: Value,
    read: F,
    describe: fn(&T) -> String,
) -> Told<'a, R, T, F> {
    Told { source, version: VERSION, request, response, secrets: Vec::new(), read, describe }
}

/// Runs what decides nothing but by an error; its reply must be an event all the same.
async fn notify<R: Serialize>(app: &App, about: About<'_>, source: Source, request: &R) -> Result<()> {
    let read = |_, reply: &_| check_reply(reply);
    run(app, about, told(source, request, json!({}), read, |()| String::new())).await?;
    Ok(())
}

/// ValidationData as functions are told of it.
pub fn pairs(data: &[AttributeType]) -> Metadata {
    data.iter().map(|pair| (pair.name.clone(), pair.value.clone().unwrap_or_default())).collect()
}

/// Whether a user with these attributes may be made, and how. `user` is not made yet.
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
    let read = |_, reply: &_| pre_sign_up::read(reply);
    let told = told(source, &request, pre_sign_up::unchanged(), read, pre_sign_up::Reply::describe);
    Ok(run(app, about, told).await?.unwrap_or_default())
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
    notify(app, about, source, &request).await
}

/// Whether a sign-in may begin. `user` is none for a name that no user has, where the client must not learn of it.
pub async fn pre_authentication(
    app: &App,
    about: About<'_>,
    user: Option<&User>,
    validation_data: Option<&Metadata>,
    hides_users: bool,
) -> Result<()> {
    let attributes = attributes_of(about, user);
    let user_not_found = hides_users.then_some(user.is_none());
    let request =
        pre_authentication::Request { user_attributes: &attributes, validation_data, user_not_found };
    notify(app, about, Source::PreAuthentication, &request).await
}

/// Everything was proved; tokens follow.
pub async fn post_authentication(
    app: &App,
    about: About<'_>,
    user: &User,
    known_device: Option<&str>,
    client_metadata: Option<&Metadata>,
) -> Result<()> {
    let attributes = user_attributes(about.pool, user);
    let request = post_authentication::Request {
        user_attributes: &attributes,
        new_device_used: known_device.is_none() && device::tracks(about.pool),
        client_metadata,
    };
    notify(app, about, Source::PostAuthentication, &request).await
}

/// A sign-in by custom challenges, as its functions are told of it.
#[derive(Clone, Copy)]
pub struct Rounds<'a> {
    /// The user; none for a name that no user has.
    pub user: Option<&'a User>,
    /// The rounds so far.
    pub rounds: &'a [Round],
    /// ClientMetadata.
    pub client_metadata: Option<&'a Metadata>,
    /// Whether the client must not learn who exists.
    pub hides_users: bool,
}

impl Rounds<'_> {
    fn user_not_found(&self) -> Option<bool> {
        self.hides_users.then_some(self.user.is_none())
    }
}

/// Which question comes next.
pub async fn define(app: &App, about: About<'_>, rounds: Rounds<'_>) -> Result<Option<Next>> {
    let request = challenges::DefineRequest {
        user_attributes: &attributes_of(about, rounds.user),
        session: rounds.rounds,
        client_metadata: rounds.client_metadata,
        user_not_found: rounds.user_not_found(),
    };
    let read = |_, reply: &_| challenges::read_define(reply);
    let describe = |next: &Next| format!("{next:?}");
    run(app, about, told(Source::DefineAuthChallenge, &request, challenges::undefined(), read, describe))
        .await
}

/// What the question is.
pub async fn create(app: &App, about: About<'_>, rounds: Rounds<'_>) -> Result<Option<Question>> {
    let request = challenges::CreateRequest {
        user_attributes: &attributes_of(about, rounds.user),
        challenge_name: "CUSTOM_CHALLENGE",
        session: rounds.rounds,
        client_metadata: rounds.client_metadata,
        user_not_found: rounds.user_not_found(),
    };
    let read = |_, reply: &_| challenges::read_create(reply);
    let describe = |question: &Question| {
        format!("{} parameters shown, {} kept", question.public.len(), question.private.len())
    };
    run(app, about, told(Source::CreateAuthChallenge, &request, challenges::not_created(), read, describe))
        .await
}

/// Whether the answer is right.
pub async fn verify(
    app: &App,
    about: About<'_>,
    rounds: Rounds<'_>,
    private: &BTreeMap<String, String>,
    answer: &str,
) -> Result<Option<bool>> {
    let source = Source::VerifyAuthChallengeResponse;
    let request = challenges::VerifyRequest {
        user_attributes: &attributes_of(about, rounds.user),
        private_challenge_parameters: private,
        challenge_answer: answer,
        client_metadata: rounds.client_metadata,
        user_not_found: rounds.user_not_found(),
    };
    let read = |_, reply: &_| challenges::read_verify(reply);
    let describe = |is_right: &bool| if *is_right { "right".to_owned() } else { "wrong".to_owned() };
    let mut told = told(source, &request, challenges::not_verified(), read, describe);
    told.secrets = private.values().cloned().chain([answer.to_owned()]).map(Zeroizing::new).collect();
    run(app, about, told).await
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
    let request = pre_token_generation::Request {
        user_attributes: Some(&attributes),
        scopes: (version != Version::V10).then_some(scopes),
        group_configuration: pre_token_generation::GroupConfiguration::of(groups),
        client_metadata,
    };
    let read: fn(Source, &Value) -> Result<Customization> = match version {
        Version::V10 => |_, reply| pre_token_generation::read(Version::V10, reply),
        Version::V20 => |_, reply| pre_token_generation::read(Version::V20, reply),
        Version::V30 => |_, reply| pre_token_generation::read(Version::V30, reply),
    };
    let unchanged = pre_token_generation::unchanged(version);
    let mut told = told(source, &request, unchanged, read, Customization::summary);
    told.version = pre_token_generation::event_version(version);
    run(app, about, told).await
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
    let describe = |reply: &user_migration::Reply| match reply.is_confirmed {
        true => "a confirmed user".to_owned(),
        false => "a user whose password must be reset".to_owned(),
    };
    let read = |_, reply: &_| user_migration::read(reply);
    let mut told = told(source, &request, user_migration::unchanged(), read, describe);
    told.secrets = password.into_iter().cloned().collect();
    run(app, about, told).await
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
    let describe = |reply: &custom_message::Reply| match reply == &custom_message::Reply::default() {
        true => "the pool's texts".to_owned(),
        false => "other texts".to_owned(),
    };
    let sends_links = custom_message::sends_links(about.pool);
    let read = |source, reply: &_| custom_message::read(source, medium, sends_links, reply);
    let told = told(source, &request, custom_message::unchanged(), read, describe);
    Ok(run(app, about, told).await?.unwrap_or_default())
}

fn attributes_of(about: About<'_>, user: Option<&User>) -> BTreeMap<String, String> {
    user.map(|user| user_attributes(about.pool, user)).unwrap_or_default()
}
