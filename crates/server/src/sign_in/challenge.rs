//! The code that goes out with a question.

use super::Context;
use crate::{
    app::App,
    messages::outbox,
    secrets::vault::Vault,
    users::{
        code_limits::{self, Limit},
        codes::CodeOwner,
        drafts::Draft,
    },
};
use rules::{
    Fault, Millis, Result, fault,
    messages::{Medium, recipients::Recipient},
    sign_in::{Challenge, SignIn, Waiting, factor_attribute},
    user::{MfaFactor, User},
};
use spec::Code;
use store::Tx;

/// The medium of a factor that sends codes.
pub fn medium(factor: MfaFactor) -> Medium {
    if factor == MfaFactor::Email { Medium::Email } else { Medium::Sms }
}

/// How a code is kept inside a stored sign-in.
pub fn code_hash(vault: &Vault, sign_in: &SignIn, code: &str) -> [u8; 32] {
    vault.mac("sign-in-code", &[&sign_in.pool_id, &sign_in.sub, code])
}

/// Where the code of a question goes that has none yet, and whether it is a proof of its own.
pub fn awaits_code(sign_in: &SignIn) -> Option<(Recipient, bool)> {
    match &sign_in.waiting {
        Waiting::Answer(Challenge::Code { factor, code, to, chosen, .. }) if code.is_empty() => {
            Some((Recipient { medium: medium(*factor), to: to.clone() }, *chosen))
        }
        _ => None,
    }
}

/// The address that is proved when the code of the question is right, where it is not proved yet: by that it may become
/// a name to sign in by. Of codes that are a proof of their own it is always told: whether an address is proved, or
/// somebody's, must not show in how many guesses there are.
pub fn address_to_prove<'a>(sign_in: &'a SignIn, user: &User) -> Option<&'a str> {
    match &sign_in.waiting {
        Waiting::Answer(Challenge::Code { factor, to, registers, chosen, .. })
            if *registers || *chosen || !user.is_verified(factor_attribute(*factor)) =>
        {
            Some(to)
        }
        _ => None,
    }
}

/// Whether the user may be sent another code by now.
///
/// # Errors
/// TooManyRequestsException.
pub fn check_messages(app: &App, tx: &mut Tx<'_>, user: &User, now: Millis) -> Result<()> {
    let owner = CodeOwner::user(user);
    match code_limits::is_used_up(app, tx, Limit::SecondFactorMessages, &owner, now)? {
        true => Err(too_many_codes()),
        false => Ok(()),
    }
}

fn too_many_codes() -> Fault {
    fault::too_many_requests().because("the user was sent too many codes in an hour")
}

/// Keeps and sends the code of a question that is a proof of its own. A stranger may have asked for it, and must not learn
/// whether there is such a user, or how many messages that was sent. So where nothing is sent, the same statements run,
/// and the question is one that no code answers.
pub fn send_chosen_code(
    tx: &mut Tx<'_>,
    app: &App,
    context: &Context,
    user: &User,
    sign_in: &mut SignIn,
    draft: &Draft,
    now: Millis,
) -> Result<()> {
    let hash = code_hash(&app.vault, sign_in, draft.code());
    let owner = match sign_in.nobody {
        None => CodeOwner::user(user),
        Some(_) => CodeOwner::unknown(&context.pool, &user.username),
    };
    let is_counted = code_limits::count(app, tx, Limit::ChosenCodeMessages, &owner, now)?.is_ok();
    let Waiting::Answer(Challenge::Code { code, .. }) = &mut sign_in.waiting else { return Ok(()) };
    if is_counted && draft.is_to_be_sent() {
        match draft.post(app, tx, &context.pool, user) {
            Ok(()) => {
                *code = hash.to_vec();
                return Ok(());
            }
            Err(refusal) if refusal.code == Code::TooManyRequestsException => {
                tracing::info!(reason = ?refusal.cause, "a code was not sent");
            }
            Err(failure) => return Err(failure),
        }
    } else {
        outbox::look_for_room(app, tx, &context.pool, &draft.recipient, now)?;
    }
    // No code has this hash.
    *code = vec![0];
    Ok(store::outbox::delivered(tx, "", now)?)
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
        // Whoever knows a password must not be able to send messages without end.
        let owner = CodeOwner::user(user);
        code_limits::count(app, tx, Limit::SecondFactorMessages, &owner, now)?
            .map_err(|_| too_many_codes())?;
        *code = hash.to_vec();
        draft.post(app, tx, &context.pool, user)?;
    }
    Ok(())
}
