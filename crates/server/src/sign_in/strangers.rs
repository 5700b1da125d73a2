//! What is kept for strangers is bounded.

use super::Context;
use crate::{
    app::App,
    users::{
        code_limits::{self, Limit},
        codes::CodeOwner,
    },
};
use rules::{Result, fault, sign_in::Side};

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
