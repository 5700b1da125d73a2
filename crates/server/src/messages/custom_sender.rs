//! Messages that a pool's function sends in the server's place. Its event holds the code encrypted under the pool's key,
//! as the AWS Encryption SDK does.

use super::{Failure, Outgoing, TRY_TIMEOUT};
use crate::{
    app::App,
    kms::data_keys::DataKeys,
    secrets::random::SystemRandom,
    triggers::{
        self,
        invocation::{self, Invocation},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Fault, Result,
    messages::{
        Sending,
        encryption_sdk::{EncryptionContext, MessageKey, WrappedDataKey},
    },
    triggers::{Caller, Source, custom_sender::Request, event},
};
use serde_json::json;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// How often a function is asked again that refuses. K: Lambda runs a function that is not waited for three times.
const REFUSALS_MAX: i64 = 3;

/// Gives a message to the function. `tries` counts this one.
pub(super) async fn send(
    app: &App,
    outgoing: &Outgoing,
    sending: &Sending,
    tries: i64,
) -> std::result::Result<(), Failure> {
    let (source, invocation) = invocation(app, outgoing, sending).await?;
    let sent = triggers::invoke(app, source, &invocation, Instant::now() + TRY_TIMEOUT).await;
    // The function's reply decides nothing.
    let Err(failure) = sent else { return Ok(()) };
    let reason = failure.reason();
    match failure {
        invocation::Failure::Unreadable { .. } => Ok(()),
        invocation::Failure::Refused { .. } if tries >= REFUSALS_MAX => Err(Failure::for_good(reason)),
        _ => Err(Failure::for_now(reason)),
    }
}

fn for_now(fault: Fault) -> Failure {
    Failure::for_now(fault.cause.as_ref().map_or_else(|| fault.to_string(), ToString::to_string))
}

async fn invocation(
    app: &App,
    outgoing: &Outgoing,
    sending: &Sending,
) -> std::result::Result<(Source, Invocation), Failure> {
    let message = &outgoing.message;
    let pool = app.pool(&outgoing.pool_id).await.map_err(for_now)?;
    let source =
        Source::from_wire(&sending.source).ok_or_else(|| Failure::for_now("a sender's source is unknown"))?;
    let gone = || Failure::for_good("the pool names no function or no key for such messages any more");
    let arn = source.trigger().function(&pool).ok_or_else(gone)?.to_owned();
    let config = pool.detail.lambda_config.as_ref();
    let key_arn = config.and_then(|config| config.kms_key_id.as_deref()).ok_or_else(gone)?;
    let code = Zeroizing::new(message.code_for_sender().into_owned());
    let encrypted = encrypt_code(&app.data_keys, app.random(), &pool.id, key_arn, &code).await;
    let encrypted = encrypted.map_err(for_now)?;
    let metadata = sending.client_metadata.as_ref();
    let request = Request::new(source, Some(&encrypted), &sending.user_attributes, metadata);
    let caller = Caller {
        pool_id: &pool.id,
        client_id: sending.client_id.as_deref(),
        sdk_version: &sending.sdk_version,
    };
    let event = event((source, "1"), &caller, &message.username, &request, json!({})).map_err(for_now)?;
    let secrets = vec![code, Zeroizing::new(message.code.clone())];
    let request_id = outgoing.id.clone();
    Ok((
        source,
        Invocation {
            arn,
            pool_id: pool.id.clone(),
            trigger: source.trigger(),
            event: event.into(),
            request_id,
            secrets,
        },
    ))
}

/// A code or a temporary password, encrypted, in base64.
///
/// # Errors
/// An internal failure, if no data key can be made.
pub async fn encrypt_code(
    data_keys: &DataKeys,
    mut random: SystemRandom,
    pool_id: &str,
    key_arn: &str,
    code: &str,
) -> Result<String> {
    let failed = |_| Fault::internal("a code cannot be encrypted");
    let key = MessageKey::generate().map_err(failed)?;
    let context = EncryptionContext::from([("userpool-id".to_owned(), pool_id.to_owned())]);
    let context = key.bind(context);
    let data_key = data_keys.generate(random, key_arn, &context).await?;
    let wrapped = WrappedDataKey { key_arn: &data_key.key_arn, blob: &data_key.wrapped };
    let message = key.encrypt(&mut random, &context, &data_key.plaintext, &wrapped, code.as_bytes());
    Ok(STANDARD.encode(message.map_err(failed)?))
}
