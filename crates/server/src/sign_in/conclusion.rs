//! The end of every step: tokens, or the next question, written with all that belongs to it.

use super::{
    Context, challenge,
    functions::SCOPE,
    session::{self, SessionKey},
};
use crate::{
    app::App,
    tokens::sessions,
    users::{changes, devices, drafts::Draft},
};
use rules::{
    Fault, Millis, Random,
    messages::{Medium, recipients::Recipient},
    sign_in::{Challenge, Ending, Outcome, SignIn, Step, Waiting},
    tokens::{Grant, GrantFacts, customization::Customization},
    user::{
        Membership, User,
        device::{self, Device},
    },
    webauthn::{options, settings::is_enabled},
};
use store::Tx;

/// What was written.
pub enum Conclusion {
    /// A grant; its tokens are signed next.
    Granted {
        /// The user as stored.
        user: Box<User>,
        /// The user's groups.
        groups: Vec<Membership>,
        /// The grant.
        grant: Box<Grant>,
        /// What a function changes in the tokens.
        customization: Option<Box<Customization>>,
        /// Whether the grant's device is one that the client is told of now.
        is_new_device: bool,
    },
    /// A question, with the session that answers it.
    Asked {
        /// The user as stored.
        user: Box<User>,
        /// The sign-in under way.
        sign_in: Box<SignIn>,
        /// What the client must send back.
        session: String,
    },
}

/// What a transaction of a sign-in has written.
pub enum Written {
    /// The end of this call.
    End(Conclusion),
    /// What was spent and what the user has changed; functions are asked next, outside of the transaction.
    Functions(Box<Pending>),
}

/// A sign-in that waits for a function, in memory alone.
pub struct Pending {
    /// The sign-in.
    pub sign_in: Box<SignIn>,
    /// The user as stored.
    pub user: User,
    /// The user's groups.
    pub groups: Vec<Membership>,
    /// The device that the sign-in names.
    pub device: Option<Device>,
}

/// What a decision was made about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Pool, client and side.
    pub context: &'a Context,
    /// The user as the store has it.
    pub before: &'a User,
    /// The user's groups.
    pub groups: &'a [Membership],
    /// The device that the sign-in names.
    pub device: Option<&'a Device>,
    /// The present.
    pub now: Millis,
}

/// Writes what a decision leaves: the changed user, and a grant or a ticket with its message.
pub fn write(
    app: &App,
    tx: &mut Tx<'_>,
    subject: Subject<'_>,
    outcome: Outcome,
    fresh: &Fresh,
) -> std::result::Result<Written, Undone> {
    let Subject { context, before, groups, device, now } = subject;
    let Outcome { step, mut user } = outcome;
    leave_taken_unproved(tx, context, before, &mut user)?;
    if user != *before {
        user.updated_at = now;
        changes::save(tx, &context.pool, before, &user)?;
    }
    match step {
        Step::Done(ending) => {
            sessions::make_room(app, tx, &context.pool, &user, now)?;
            let (grant, is_new_device) = granted(tx, &subject, &user, &ending, fresh)?;
            let (user, grant, groups) = (Box::new(user), Box::new(grant), groups.to_vec());
            let customization = ending.customization;
            Ok(Written::End(Conclusion::Granted { user, groups, grant, customization, is_new_device }))
        }
        Step::Invoke(sign_in) => {
            let device = device.cloned();
            Ok(Written::Functions(Box::new(Pending { sign_in, user, groups: groups.to_vec(), device })))
        }
        Step::Ask(mut sign_in) => {
            if let Some((to, is_chosen)) = challenge::awaits_code(&sign_in) {
                let draft = fresh.draft.as_ref().filter(|draft| draft.recipient == to);
                match draft {
                    Some(draft) if is_chosen => {
                        challenge::send_chosen_code(tx, app, context, &user, &mut sign_in, draft, now)?;
                    }
                    Some(draft) => challenge::send_code(tx, app, context, &user, &mut sign_in, draft, now)?,
                    None => {
                        // Nobody's function is asked for a message that may not be sent.
                        if !is_chosen {
                            challenge::check_messages(app, tx, &user, now)?;
                        }
                        let is_nobody = sign_in.nobody.is_some();
                        let wanted = WantedDraft { user, to, is_chosen, is_nobody };
                        return Err(Undone::WantsDraft(Box::new(wanted)));
                    }
                }
            }
            if let Waiting::Answer(Challenge::Passkey { challenge }) = &mut sign_in.waiting {
                challenge.clone_from(&fresh.challenge);
            }
            let (session, key) = &fresh.session;
            session::put(tx, key, &sign_in)?;
            Ok(Written::End(Conclusion::Asked { user: Box::new(user), sign_in, session: session.clone() }))
        }
    }
}

/// Stores the grant, and notes that a known device signed in. Answers also whether the grant's device is a new one.
fn granted(
    tx: &mut Tx<'_>,
    subject: &Subject<'_>,
    user: &User,
    ending: &Ending,
    fresh: &Fresh,
) -> rules::Result<(Grant, bool)> {
    let Subject { context, now, .. } = *subject;
    if let Some(key) = &ending.device {
        let address = context.origin.address.map(|address| address.to_string());
        devices::note_sign_in(tx, (&context.pool.id, &user.sub), key, address, now)?;
    }
    let grant = fresh.grant(context, user, now, ending);
    store::grants::insert(tx, &grant)?;
    let is_new_device = ending.device.is_none() && grant.device_key.is_some();
    Ok((grant, is_new_device))
}

/// A code proves the address that it went to. Where another user signs in by that address by now, it stays unproved,
/// because whoever registers an address must not be able to shut others out of their second factor.
fn leave_taken_unproved(
    tx: &mut Tx<'_>,
    context: &Context,
    before: &User,
    user: &mut User,
) -> rules::Result<()> {
    for medium in [Medium::Email, Medium::Sms] {
        let attribute = medium.attribute();
        let Some(address) = user.attribute(attribute).filter(|_| user.is_verified(attribute)) else {
            continue;
        };
        if before.is_verified(attribute) && before.attribute(attribute) == Some(address) {
            continue;
        }
        let name = context.pool.fold_name(address);
        if user.sign_in_names(&context.pool).contains(&name)
            && store::users::find_name(tx, &user.pool_id, &name)?.is_some_and(|(sub, _)| sub != user.sub)
        {
            user.set_verified(attribute, false);
        }
    }
    Ok(())
}

/// What an end may need that is new each time: drawn before the transaction, which may run again.
pub struct Fresh {
    grant_id: String,
    event_id: String,
    nonce: Vec<u8>,
    /// The key of a new device, where the pool tracks devices.
    device_key: Option<String>,
    session: (String, SessionKey),
    challenge: String,
    /// The code of the next question, once it is known that there is one.
    pub draft: Option<Draft>,
}

impl Fresh {
    /// Draws what an end at this time may need.
    pub fn draw(app: &App, context: &Context, now: Millis) -> Fresh {
        let mut random = app.random();
        let mut nonce = vec![0; 16];
        random.fill(&mut nonce);
        let device_key =
            device::tracks(&context.pool).then(|| device::new_key(&app.config.region, &mut random));
        Fresh {
            grant_id: random.uuid_v7(now),
            event_id: random.uuid_v4(),
            nonce,
            device_key,
            session: session::new(app, context),
            // Only where users may be asked for a passkey.
            challenge: if is_enabled(&context.pool) {
                options::challenge(&mut random)
            } else {
                String::new()
            },
            draft: None,
        }
    }

    /// The grant of a device that the user is known by, or else of a new one.
    fn grant(&self, context: &Context, user: &User, now: Millis, ending: &Ending) -> Grant {
        let session = context.pool.sessions.tracked.then(|| context.origin.session_facts());
        Grant {
            id: self.grant_id.clone(),
            pool_id: context.pool.id.clone(),
            client_id: context.client.id.clone(),
            sub: user.sub.clone(),
            authenticated_at: now,
            expires_at: now + context.client.token_validity().refresh_seconds * 1_000,
            revoked_at: None,
            nonce: self.nonce.clone(),
            generation: 1,
            previous_until: None,
            sign_outs: user.sign_outs,
            device_key: ending.device.clone().or_else(|| self.device_key.clone()),
            last_active_at: session.is_some().then_some(now),
            facts: GrantFacts {
                event_id: self.event_id.clone(),
                scopes: vec![SCOPE.to_owned()],
                acr: ending.acr.clone(),
                methods: ending.methods.clone(),
                session,
            },
        }
    }
}

/// A code whose message is to be made.
pub struct WantedDraft {
    /// The user, or who stands for nobody.
    pub user: User,
    /// Where it goes.
    pub to: Recipient,
    /// Whether it is a proof of its own.
    pub is_chosen: bool,
    /// Whether it is for show.
    pub is_nobody: bool,
}

/// Why nothing was written.
pub enum Undone {
    /// The next question takes a code, whose message is made outside of the transaction.
    WantsDraft(Box<WantedDraft>),
    /// A refusal or failure.
    Fault(Fault),
}

impl From<Fault> for Undone {
    fn from(fault: Fault) -> Undone {
        Undone::Fault(fault)
    }
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Undone {
        Undone::Fault(error.into())
    }
}
