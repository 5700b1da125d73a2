//! What is known of the call under way: noted by whoever finds it out, read at the end by what logs, counts
//! and records the call. Operations take no argument for it, because nothing they do depends on it.

use rules::{
    Fault,
    endpoints::Endpoint,
    ids::{ClientId, PoolId, Sub, Username},
    triggers::Source,
};
use serde_json::Value;
use spec::Code;
use std::{cell::RefCell, fmt, time::Duration};

/// What is known of a call. It has no Debug, because people type passwords where a name belongs.
#[derive(Clone, Default)]
pub struct CallFacts {
    /// The pool.
    pub pool_id: Option<PoolId>,
    /// The client.
    pub client_id: Option<ClientId>,
    /// The user whom the call is about.
    pub sub: Option<Sub>,
    /// That user's name.
    pub username: Option<Username>,
    /// The name that the caller typed, which may mean nobody: it is looked up and never kept.
    pub typed_name: Option<String>,
    /// Whether nothing was done, although the answer does not tell.
    pub is_without_effect: bool,
    /// Whether the call was refused for want of the right to it.
    pub is_without_right: bool,
    /// Who called.
    pub actor: Actor,
    /// The question that a sign-in asks next.
    pub challenge: Option<String>,
    /// The functions that ran.
    pub functions: Vec<FunctionRun>,
}

/// A function that ran for a call.
#[derive(Clone, Debug)]
pub struct FunctionRun {
    /// For what.
    pub source: Source,
    /// The function's name.
    pub name: String,
    /// How long.
    pub took: Duration,
    /// `ok`, or the kind of its failure.
    pub outcome: &'static str,
    /// What its reply decided, without anything that a user or the function wrote.
    pub decided: String,
}

impl fmt::Display for FunctionRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FunctionRun { source, name, took, outcome, decided } = self;
        write!(f, "{} {outcome} in {} ms by {name}", source.as_str(), took.as_millis())?;
        if decided.is_empty() { Ok(()) } else { write!(f, ": {decided}") }
    }
}

/// Who called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Actor {
    /// Nobody who has proved anything beforehand.
    #[default]
    Anyone,
    /// Who named this access key and did not prove to have it.
    Claimed(String),
    /// Who signed with this access key.
    Operator(String),
    /// The user with this sub, by an access token.
    User(Sub),
}

impl Actor {
    /// The kind and the name.
    pub fn parts(self) -> (&'static str, Option<String>) {
        match self {
            Actor::Anyone => ("anyone", None),
            Actor::Claimed(access_key) => ("claimed", Some(access_key)),
            Actor::Operator(access_key) => ("operator", Some(access_key)),
            Actor::User(sub) => ("user", Some(sub.into())),
        }
    }
}

tokio::task_local! {
    static FACTS: RefCell<CallFacts>;
}

/// Runs a call of which things are noted.
pub async fn scope<T>(call: impl Future<Output = T>) -> T {
    FACTS.scope(RefCell::default(), call).await
}

/// What was noted of the call under way, also where it is being dropped; outside of one it is nothing.
pub fn take() -> CallFacts {
    let mut taken = CallFacts::default();
    note(|facts| taken = std::mem::take(facts));
    taken
}

/// Notes something about the call under way; outside of one it does nothing.
pub fn note(f: impl FnOnce(&mut CallFacts)) {
    let _ = FACTS.try_with(|facts| {
        if let Ok(mut facts) = facts.try_borrow_mut() {
            f(&mut facts);
        }
    });
}

/// Notes the user whom the call is about.
pub fn user(user: &rules::user::User) {
    note(|facts| {
        facts.pool_id = Some(user.pool_id.clone());
        facts.sub = Some(user.sub.clone());
        facts.username = Some(user.username.clone());
    });
}

/// Notes a user whom the call has made.
pub fn made(pool_id: PoolId, sub: Sub, username: Username) {
    note(|facts| {
        facts.pool_id = Some(pool_id);
        facts.sub = Some(sub);
        facts.username = Some(username);
    });
}

/// Notes that nothing was done, although the answer does not tell: what was named is nobody's, or had ended already.
pub fn without_effect() {
    note(|facts| facts.is_without_effect = true);
}

/// Notes that the caller has shown no right to the call. A failure of ours says nothing about that.
pub fn without_right(fault: &Fault) {
    if fault.code != Code::InternalErrorException {
        note(|facts| facts.is_without_right = true);
    }
}

/// Notes what a checked input names.
pub fn input(endpoint: Endpoint, input: &Value) {
    note(|facts| {
        facts.pool_id = input["UserPoolId"].as_str().map(PoolId::from);
        facts.client_id = input["ClientId"].as_str().map(ClientId::from);
        facts.typed_name = endpoint.typed_name(input).map(str::to_owned);
    });
}

/// Notes what only the answer tells: what was made, and the question of a sign-in.
pub fn output(output: &Value) {
    note(|facts| {
        take_text(&mut facts.challenge, &output["ChallengeName"]);
        take_text(&mut facts.pool_id, &output["UserPool"]["Id"]);
        take_text(&mut facts.client_id, &output["UserPoolClient"]["ClientId"]);
        take_text(&mut facts.sub, &output["UserSub"]);
    });
}

fn take_text<T: for<'a> From<&'a str>>(fact: &mut Option<T>, found: &Value) {
    if let Some(found) = found.as_str() {
        *fact = Some(found.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::pending,
        panic::{AssertUnwindSafe, catch_unwind},
        pin::pin,
        sync::{Arc, Mutex},
        task::{Context, Waker},
    };

    struct Taker(Arc<Mutex<CallFacts>>);

    impl Drop for Taker {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = take();
        }
    }

    #[test]
    fn what_was_noted_is_there_while_the_call_is_dropped() {
        for panics in [false, true] {
            let taken = Arc::<Mutex<CallFacts>>::default();
            let taker = Taker(taken.clone());
            let call = async move {
                let _taker = taker;
                note(|facts| facts.sub = Some("jane".into()));
                if panics {
                    note(|_| panic!("as a handler may"));
                }
                pending::<()>().await;
            };
            {
                let mut call = pin!(scope(call));
                let poll = || call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
                assert_eq!(catch_unwind(AssertUnwindSafe(poll)).is_err(), panics);
            }
            assert_eq!(taken.lock().unwrap().sub.as_deref(), Some("jane"), "{panics}");
        }
    }
}
