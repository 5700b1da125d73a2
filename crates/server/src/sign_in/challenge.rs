//! A question on the wire: its parameters, and the code that goes out with it.

use crate::cognito_idp::sign_in::Context;
use crate::{
    app::App,
    messages::outbox,
    secrets::{random::SystemRandom, vault::Vault},
    triggers::refuse_message,
};
use rules::{
    Fault, Random, Result, fault,
    messages::{self, Medium, Purpose, delivery_details},
    sign_in::{Challenge, SignIn},
    user::{MfaFactor, User, attributes},
};
use serde_json::json;
use spec::cognito_idp::DeliveryMediumType;
use std::collections::BTreeMap;
use store::{Tx, attempts};

/// How long a code by SMS or e-mail is, in digits.
const CODE_DIGITS: usize = 6;
/// How many codes of second factors a user is sent in an hour.
const CODES_PER_HOUR: i64 = 20;
const HOUR_MS: i64 = 3_600_000;

/// The medium of a factor that sends codes.
pub fn medium(factor: MfaFactor) -> Medium {
    if factor == MfaFactor::Email { Medium::Email } else { Medium::Sms }
}

/// How a code is kept inside a stored sign-in.
pub fn code_hash(vault: &Vault, sign_in: &SignIn, code: &str) -> [u8; 32] {
    vault.mac("sign-in-code", &[&sign_in.pool_id, &sign_in.sub, code])
}

/// Makes and sends the code of a question that has none yet.
pub fn send_code(
    tx: &mut Tx<'_>,
    app: &App,
    context: &Context,
    user: &User,
    sign_in: &mut SignIn,
    now: i64,
) -> Result<()> {
    let digits = SystemRandom.digits(CODE_DIGITS);
    let hash = code_hash(&app.vault, sign_in, &digits);
    let Some(Challenge::Code { factor, code, to, .. }) = &mut sign_in.waiting_for else { return Ok(()) };
    if !code.is_empty() {
        return Ok(());
    }
    let medium = medium(*factor);
    refuse_message(&context.pool, medium)?;
    check_sends(tx, app, user, now)?;
    *code = hash.to_vec();
    let message = messages::write(&context.pool, Purpose::Authentication, medium, user, &digits, to);
    outbox::post(app, tx, &outbox::entry(app, &context.pool.id, &message)?)
}

/// Whoever knows a password must not be able to send messages without end.
fn check_sends(tx: &mut Tx<'_>, app: &App, user: &User, now: i64) -> Result<()> {
    let counter = app.vault.mac("attempts", &["second-factor-messages", &user.pool_id, &user.sub]);
    let mut sent = attempts::get(tx, &counter)?;
    if now - sent.first_at >= HOUR_MS {
        sent = attempts::Attempts { count: 0, first_at: now, last_at: now };
    }
    if sent.count >= CODES_PER_HOUR {
        return Err(fault::too_many_requests().because("the user was sent too many codes in an hour"));
    }
    sent.count += 1;
    sent.last_at = now;
    Ok(attempts::set(tx, &counter, sent)?)
}

/// ChallengeParameters.
pub fn parameters(context: &Context, user: &User, question: &Challenge) -> Result<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::from([("USER_ID_FOR_SRP".to_owned(), user.username.clone())]);
    let mut add = |name: &str, value: String| parameters.insert(name.to_owned(), value);
    match question {
        Challenge::NewPasswordRequired => {
            let missing: Vec<String> = attributes::missing_required(&context.pool, &user.attributes)
                .map(|name| format!("userAttributes.{name}"))
                .collect();
            add("requiredAttributes", json!(missing).to_string());
            let readable = attributes::readable(&context.client);
            let shown: BTreeMap<&String, &String> =
                user.attributes.iter().filter(|(name, _)| readable(name)).collect();
            add("userAttributes", serde_json::to_string(&shown).map_err(Fault::internal)?);
        }
        Challenge::Code { factor, to, .. } => {
            let details = delivery_details(medium(*factor), to);
            let name = details.delivery_medium.map(DeliveryMediumType::as_str).unwrap_or_default();
            add("CODE_DELIVERY_DELIVERY_MEDIUM", name.to_owned());
            add("CODE_DELIVERY_DESTINATION", details.destination.unwrap_or_default());
        }
        Challenge::SoftwareToken => {
            // Seen in a sample: `transparent` where the user named no device.
            let device = user.mfa.totp.as_ref().and_then(|t| t.device_name.clone());
            add("FRIENDLY_DEVICE_NAME", device.unwrap_or_else(|| "transparent".to_owned()));
        }
        Challenge::SelectMfa { factors } => {
            add("MFAS_CAN_CHOOSE", names(factors));
        }
        Challenge::MfaSetup { factors, .. } => {
            add("MFAS_CAN_SETUP", names(factors));
        }
    }
    Ok(parameters)
}

/// A list inside a parameter is JSON in text.
fn names(factors: &[MfaFactor]) -> String {
    json!(factors.iter().map(|f| f.as_str()).collect::<Vec<_>>()).to_string()
}
