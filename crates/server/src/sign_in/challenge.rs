//! The code that goes out with a question.

use super::Context;
use crate::{app::App, secrets::vault::Vault, users::codes::Draft};
use rules::{
    HOUR, Millis, Result, fault,
    messages::{Medium, recipients::Recipient},
    sign_in::{Challenge, SignIn, Waiting, factor_attribute},
    user::{MfaFactor, User},
};
use store::{Tx, attempts};

/// How many codes of second factors a user is sent in an hour.
const CODES_PER_HOUR: i64 = 20;

/// The medium of a factor that sends codes.
pub fn medium(factor: MfaFactor) -> Medium {
    if factor == MfaFactor::Email { Medium::Email } else { Medium::Sms }
}

/// How a code is kept inside a stored sign-in.
pub fn code_hash(vault: &Vault, sign_in: &SignIn, code: &str) -> [u8; 32] {
    vault.mac("sign-in-code", &[&sign_in.pool_id, &sign_in.sub, code])
}

/// Where the code of a question goes that has none yet.
pub fn awaits_code(sign_in: &SignIn) -> Option<Recipient> {
    match &sign_in.waiting {
        Waiting::Answer(Challenge::Code { factor, code, to, .. }) if code.is_empty() => {
            Some(Recipient { medium: medium(*factor), to: to.clone() })
        }
        _ => None,
    }
}

/// The address that is proved when the code of the question is right, where it is not proved yet: by that it may become
/// a name to sign in by.
pub fn address_to_prove<'a>(sign_in: &'a SignIn, user: &User) -> Option<&'a str> {
    match &sign_in.waiting {
        Waiting::Answer(Challenge::Code { factor, to, registers, .. })
            if *registers || !user.is_verified(factor_attribute(*factor)) =>
        {
            Some(to)
        }
        _ => None,
    }
}

/// Keeps and sends the code of a question.
pub fn send_code(
    tx: &mut Tx<'_>,
    app: &App,
    context: &Context,
    user: &User,
    sign_in: &mut SignIn,
    draft: &Draft,
    now: Millis,
) -> Result<()> {
    let hash = code_hash(&app.vault, sign_in, draft.code());
    if let Waiting::Answer(Challenge::Code { code, .. }) = &mut sign_in.waiting {
        check_sends(tx, app, user, now)?;
        *code = hash.to_vec();
        draft.post(app, tx, &context.pool, user)?;
    }
    Ok(())
}

/// Whoever knows a password must not be able to send messages without end.
fn check_sends(tx: &mut Tx<'_>, app: &App, user: &User, now: Millis) -> Result<()> {
    let counter = app.vault.mac("attempts", &["second-factor-messages", &user.pool_id, &user.sub]);
    let mut sent = attempts::get(tx, &counter)?;
    if now - sent.first_at >= HOUR {
        sent = attempts::Attempts { count: 0, first_at: now, last_at: now };
    }
    if sent.count >= CODES_PER_HOUR {
        return Err(fault::too_many_requests().because("the user was sent too many codes in an hour"));
    }
    sent.count += 1;
    sent.last_at = now;
    Ok(attempts::set(tx, &counter, sent)?)
}
