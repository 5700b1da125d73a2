//! Pools whose e-mails stay, because they name a sender that the settings do not allow: they are older than the setting,
//! or than the mail server.

use crate::config::Delivery;
use rules::ids::PoolId;
use store::{Db, Error};

/// These pools, each with the sender that it names.
///
/// # Errors
/// If the store fails.
pub async fn find(db: &Db, settings: &Delivery) -> Result<Vec<(PoolId, String)>, Error> {
    let mut found = Vec::new();
    if settings.smtp_url.is_none() {
        return Ok(found);
    }
    store::pools::for_each(db, |pool| {
        let Some(email) = pool.detail.email_configuration else { return };
        let foreign = settings.foreign_sender(email.from.as_deref(), email.reply_to_email_address.as_deref());
        found.extend(foreign.map(|foreign| (pool.id, foreign.to_owned())));
    })
    .await?;
    Ok(found)
}
