//! Sign-ins in which nothing is proved: who stands for a name that no user has, and how many an address may begin.

use super::Context;
use crate::{
    app::App,
    users::{
        code_limits::{self, Limit},
        codes::CodeOwner,
    },
};
use rules::{
    Result, Sealed, fault, ids,
    sign_in::{Side, SignIn},
    user::User,
};

/// Counts a sign-in that leaves a ticket before anything is proved, by the network that it comes from.
///
/// # Errors
/// TooManyRequestsException where the network has begun too many.
pub async fn count(app: &App, context: &Context) -> Result<()> {
    let address = app.rate_limits.counted(context.origin.address);
    let (Side::User, Some(address)) = (context.side, address) else { return Ok(()) };
    let (owner, now) = (CodeOwner::network(&context.pool.id, address), app.now());
    app.write(move |app, tx| {
        let counted = code_limits::count(app, tx, Limit::UnprovedSignIns, &owner, now)?;
        Ok(counted.map_err(|_| fault::too_many_requests().because("one address began too many sign-ins")))
    })
    .await?
}

/// The user, or who stands for nobody under this name, and then the name, sealed for the sign-in.
pub fn user_or_nobody(
    app: &App,
    context: &Context,
    user: Option<&User>,
    typed_name: &str,
) -> (User, Option<Sealed>) {
    if let Some(user) = user {
        return (user.clone(), None);
    }
    let pool_id = &context.pool.id;
    let nobody = User::nobody(pool_id, ids::sub(&mut app.random()), typed_name);
    let sealed = app.vault.seal(&SignIn::nobody_context(pool_id, &nobody.sub), typed_name.as_bytes());
    (nobody, Some(sealed))
}
