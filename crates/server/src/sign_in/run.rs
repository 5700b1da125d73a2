//! The driver of every sign-in: one transaction that counts, advances the machine, spends what may be used once, and
//! writes what follows.

use super::{
    Context,
    attempts::{self, Counter},
    challenge,
    conclusion::{self, Conclusion, Fresh, Subject, Undone, WantedDraft, Written},
    facts::{check_credit, has_passkey, user_of},
    functions,
    origin::{NamedDevice, Origin, UsedPasskey},
    session,
};
use crate::{
    app::App,
    users::{
        changes::{self, RESTARTS_MAX},
        code_limits::{self, Limit},
        codes::CodeOwner,
        drafts::{Addressed, Draft},
    },
};
use rules::{
    Fault, Millis, Result, fault,
    messages::Occasion,
    sign_in::{Challenge, Facts, Input, Reply, SignIn, Waiting, lockout},
    user::{
        Membership, User,
        device::{self, Device},
    },
};
use spec::Code;
use std::sync::Arc;
use store::Tx;

/// Checks that whoever answers a Session means its user.
pub type CheckAnswerer = Arc<dyn Fn(&App, &Context, &User) -> Result<()> + Send + Sync>;

/// Makes the machine's input of what was submitted: secrets are compared here, in constant time.
pub type Compare = Box<dyn Fn(&App, &SignIn, &User, Millis) -> Result<Input> + Send + Sync>;

/// Which failures are counted, and where.
#[derive(Clone, Copy)]
pub enum Guesses {
    /// Wrong passwords. They are counted before the machine is asked, so here only a right one clears the counter.
    Passwords(Counter),
    /// Wrong codes of second factors.
    SecondFactors,
    /// Nothing that could be guessed; but no answer passes while second factors are locked.
    BehindSecondFactors,
    /// Nothing that could be guessed.
    None,
}

/// An answer on its way into the machine.
pub struct Attempt {
    /// Pool, client and side.
    pub context: Context,
    /// Where the sign-in comes from.
    pub origin: Origin,
    /// What is counted.
    pub guesses: Guesses,
    /// The passkey that has signed.
    pub passkey: Option<UsedPasskey>,
    /// The device that the call names.
    pub device: Option<NamedDevice>,
    /// What was submitted.
    pub compare: Compare,
}

impl Attempt {
    /// Runs the attempt to its end: tokens, or the next question.
    ///
    /// # Errors
    /// The machine's refusal. A wrong code stays counted and leaves the Session good; any other refusal of the machine
    /// changes nothing. Where a function refuses, what was spent is spent, and what the user changed is stored.
    pub async fn run(self, app: &App) -> Result<Conclusion> {
        let context = self.context.clone();
        match self.write(app).await? {
            Written::End(conclusion) => Ok(conclusion),
            Written::Functions(pending) => functions::finish(app, context, *pending).await,
        }
    }

    /// The end of a sign-in whose last function has replied: the user is looked at as it is by then, and the reply taken
    /// again.
    ///
    /// # Errors
    /// The machine's refusal; and NotAuthorizedException where something else would follow by now.
    pub async fn end(app: &App, context: Context, sign_in: Box<SignIn>, reply: Reply) -> Result<Conclusion> {
        let attempt = Attempt {
            context,
            origin: Origin::InMemory { sign_in },
            guesses: Guesses::None,
            passkey: None,
            device: None,
            compare: Box::new(move |_, _, _, _| Ok(Input::Reply(reply.clone()))),
        };
        match attempt.write(app).await? {
            Written::End(conclusion) => Ok(conclusion),
            Written::Functions(_) => Err(fault::session_invalid().because("the user was changed meanwhile")),
        }
    }

    async fn write(self, app: &App) -> Result<Written> {
        let now = app.now();
        let attempt = Arc::new(self);
        let mut fresh = Fresh::draw(app, &attempt.context, now);
        for _ in 0..=RESTARTS_MAX {
            let (this, server) = (attempt.clone(), app.clone());
            let drawn = Arc::new(fresh);
            let writing = drawn.clone();
            match app.db.write(move |tx| this.step(&server, tx, &writing, now)).await {
                Ok(written) => return written,
                Err(Undone::Fault(fault)) => return Err(fault),
                // The next question takes a code. Its message is made outside, where a function may write the text.
                Err(Undone::WantsDraft(wanted)) => {
                    fresh = Fresh::draw(app, &attempt.context, now);
                    fresh.draft = Some(attempt.draft(app, *wanted).await?);
                }
            }
        }
        Err(fault::too_many_requests().because("the user was changed at each try"))
    }

    /// The message of the next question.
    async fn draft(&self, app: &App, wanted: WantedDraft) -> Result<Draft> {
        let WantedDraft { user, to, is_chosen, is_nobody } = wanted;
        let occasion = if is_chosen { Occasion::ChosenCode } else { Occasion::SignIn };
        if is_nobody {
            return Ok(Draft::of_nobody(app, &self.context.pool, occasion, to));
        }
        let addressed = Addressed {
            about: self.context.about(&user.username),
            occasion,
            user: &user,
            client_metadata: self.context.client_metadata.as_deref(),
        };
        Draft::of(app, addressed, to).await
    }

    fn step(
        &self,
        app: &App,
        tx: &mut Tx<'_>,
        fresh: &Fresh,
        now: Millis,
    ) -> std::result::Result<Result<Written>, Undone> {
        let (mut sign_in, before, groups) = self.recall(app, tx)?;
        check_credit(app, tx, &sign_in)?;
        let device = self.device(tx, &mut sign_in, &before)?;
        let has_passkey = has_passkey(tx, &self.context.pool, &sign_in)?;
        let counter = self.counter(app, &sign_in, &before);
        let failures = counter.map(|counter| attempts::failures(tx, &counter)).transpose()?;
        if let Some(failures) = failures {
            lockout::check(failures, now)?;
        }
        // A code to an unproved address proves it, as the code of a sign-up does.
        let address =
            challenge::address_to_prove(&sign_in, &before).map(|to| CodeOwner::address(&sign_in.pool_id, to));
        if let Some(address) = &address
            && code_limits::is_used_up(app, tx, Limit::WrongGuessesAtAddress, address, now)?
        {
            return Err(fault::password_attempts_exceeded().into());
        }
        let input = (self.compare)(app, &sign_in, &before, now)?;
        let Context { pool, client, .. } = &self.context;
        let facts = Facts { pool, client, device: device.as_ref(), has_passkey, now };
        let outcome = match (sign_in.advance(&facts, before.clone(), input), counter) {
            (Ok(outcome), _) => outcome,
            // A wrong code does not use the session up, but it counts; the refusal is committed with the count.
            (Err(refusal), Some(counter)) if self.counts(&refusal) => {
                if let Some(address) = &address {
                    let _counted = code_limits::count(app, tx, Limit::WrongGuessesAtAddress, address, now)?;
                }
                return Ok(Err(attempts::fail(tx, &counter, now, refusal)?));
            }
            (Err(refusal), _) => return Err(refusal.into()),
        };
        self.spend(tx)?;
        if let (Some(counter), Some(failures)) = (counter, failures)
            && failures.count > 0
            && !matches!(self.guesses, Guesses::BehindSecondFactors)
        {
            store::attempts::delete(tx, &counter)?;
        }
        let device = device.as_ref();
        let subject = Subject { context: &self.context, before: &before, groups: &groups, device, now };
        conclusion::write(app, tx, subject, outcome, fresh).map(Ok)
    }

    /// The sign-in, and its user as the store has it now.
    fn recall(&self, app: &App, tx: &mut Tx<'_>) -> Result<(SignIn, User, Vec<Membership>)> {
        let Context { pool, client, side, .. } = &self.context;
        match &self.origin {
            Origin::FirstFactor { user, rehashed, sign_in, .. } => {
                let found = store::users::find_with_groups(tx, &user.pool_id, &user.sub)?;
                let (mut present, groups) = found.ok_or_else(fault::incorrect_username_or_password)?;
                // A password that was changed meanwhile is not the one that was compared.
                if !present.has_same_password(user) {
                    return Err(fault::incorrect_username_or_password());
                }
                if let (Some(hash), Some(password)) = (rehashed, &mut present.password) {
                    password.hash.clone_from(hash);
                    // For the user nothing has changed.
                    changes::save(tx, pool, &present, &present)?;
                    present.version += 1;
                }
                let begun = || SignIn::new(client, &present.sub, *side);
                let sign_in = sign_in.as_deref().cloned().unwrap_or_else(begun);
                // The typed name may mean another user by now.
                if sign_in.sub != present.sub {
                    return Err(fault::session_invalid());
                }
                Ok((sign_in, present, groups))
            }
            Origin::Session { key, check_answerer } => {
                let sign_in = session::find(tx, key, &client.id, *side)?;
                let (user, groups) = user_of(app, tx, &sign_in)?;
                if let Some(check) = check_answerer {
                    check(app, &self.context, &user)?;
                }
                Ok((sign_in, user, groups))
            }
            Origin::InMemory { sign_in } => {
                store::clients::find(tx, &client.id)?.ok_or_else(|| fault::unknown_client(&client.id))?;
                let (user, groups) = user_of(app, tx, sign_in)?;
                Ok((sign_in.as_ref().clone(), user, groups))
            }
        }
    }

    /// The device that the sign-in names, as it is now. An unknown one is refused before anything is spent, so that the
    /// client can forget it and answer again; one that was forgotten on the way is none any more.
    fn device(&self, tx: &mut Tx<'_>, sign_in: &mut SignIn, user: &User) -> Result<Option<Device>> {
        if !device::tracks(&self.context.pool) {
            sign_in.device = None;
        }
        let named = self.device.as_ref().filter(|_| device::tracks(&self.context.pool));
        if let Some(named) = named {
            sign_in.device = Some(named.key.clone());
        }
        let Some(key) = &sign_in.device else { return Ok(None) };
        let device = store::devices::find(tx, &user.pool_id, &user.sub, key)?;
        if device.is_none() {
            if named.is_some_and(|named| named.is_refused) {
                return Err(fault::device_does_not_exist());
            }
            sign_in.device = None;
        }
        Ok(device)
    }

    fn counter(&self, app: &App, sign_in: &SignIn, user: &User) -> Option<Counter> {
        let is_chosen = matches!(sign_in.waiting, Waiting::Answer(Challenge::Code { chosen: true, .. }));
        match self.guesses {
            Guesses::Passwords(counter) => Some(counter),
            Guesses::SecondFactors if is_chosen && sign_in.passed.is_empty() => {
                let name = self.context.pool.fold_name(&user.username);
                Some(attempts::chosen_codes(&app.vault, sign_in, &name))
            }
            Guesses::SecondFactors | Guesses::BehindSecondFactors => {
                Some(attempts::second_factors(&app.vault, &sign_in.pool_id, &sign_in.sub))
            }
            Guesses::None => None,
        }
    }

    fn counts(&self, refusal: &Fault) -> bool {
        matches!(self.guesses, Guesses::SecondFactors)
            && matches!(refusal.code, Code::CodeMismatchException | Code::ExpiredCodeException)
    }

    fn spend(&self, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(used) = &self.passkey
            && !store::passkeys::update_sign_count(tx, &used.passkey, used.sign_count)?
        {
            let reason = "the passkey was used or deleted meanwhile";
            return Err(fault::incorrect_username_or_password().because(reason));
        }
        self.origin.spend(tx)
    }
}
