//! Every place where the store keeps a sealed value, for a change of the master key: a table is walked page by
//! page, and what was sealed anew is written back.
//!
//! Tickets are left out: none lives longer than the old key is kept.

use crate::{Row, Tx, access_keys, from_json, keys, outbox, to_json};
use rules::{
    Result, Sealed,
    ids::{PoolId, Sub},
    pool::Client,
    user::{
        Password, Totp, UserMfa,
        device::{Device, DeviceDetail},
    },
};

/// Seals a value again if that is needed, and answers whether it was. It is given what the value is bound to.
pub type Reseal<'a> = &'a mut dyn FnMut(&str, &mut Sealed) -> Result<bool>;

/// Where the next page begins: behind these values of the primary key, of which a table uses as many as it has.
pub type Place = [String; 3];

/// How a page of a table is walked: it answers the place of its last row, none when the table has ended.
pub type Walk = fn(&mut Tx<'_>, &Place, i64, Reseal<'_>) -> Result<Option<Place>>;

/// The tables with sealed values.
pub const TABLES: [(&str, Walk); 6] = [
    ("signing keys", signing_keys),
    ("client secrets", client_secrets),
    ("access keys", access_keys),
    ("users", users),
    ("devices", devices),
    ("messages", messages),
];

fn last(rows: &[Row], limit: i64, place: impl Fn(&Row) -> Result<Place>) -> Result<Option<Place>> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    rows.last().filter(|_| is_full).map(place).transpose()
}

fn by_id(row: &Row) -> Result<Place> {
    Ok([row.text(0)?, String::new(), String::new()])
}

fn signing_keys(tx: &mut Tx<'_>, after: &Place, limit: i64, reseal: Reseal<'_>) -> Result<Option<Place>> {
    let rows = tx.query(
        "SELECT kid, sealed_key FROM signing_keys WHERE kid > $1 ORDER BY kid LIMIT $2",
        &[(&after[0]).into(), limit.into()],
    )?;
    for row in &rows {
        let (kid, mut sealed) = (row.text(0)?, Sealed(row.blob(1)?));
        if reseal(&keys::sealed_context(&kid), &mut sealed)? {
            tx.execute(
                "UPDATE signing_keys SET sealed_key = $1 WHERE kid = $2",
                &[(&sealed.0).into(), (&kid).into()],
            )?;
        }
    }
    last(&rows, limit, by_id)
}

fn client_secrets(tx: &mut Tx<'_>, after: &Place, limit: i64, reseal: Reseal<'_>) -> Result<Option<Place>> {
    let rows = tx.query(
        "SELECT id, document FROM clients WHERE id > $1 ORDER BY id LIMIT $2",
        &[(&after[0]).into(), limit.into()],
    )?;
    for row in &rows {
        let mut client: Client = from_json(&row.text(1)?)?;
        let context = Client::secret_context(&client.id);
        let mut changed = false;
        for secret in &mut client.secrets {
            changed |= reseal(&context, &mut secret.value)?;
        }
        if changed {
            // The version stands still: nobody else's change is outdated by this one.
            tx.execute(
                "UPDATE clients SET document = $1 WHERE id = $2",
                &[(&to_json(&client)?).into(), (&client.id).into()],
            )?;
        }
    }
    last(&rows, limit, by_id)
}

fn access_keys(tx: &mut Tx<'_>, after: &Place, limit: i64, reseal: Reseal<'_>) -> Result<Option<Place>> {
    let rows = tx.query(
        "SELECT id, sealed_secret FROM access_keys WHERE id > $1 ORDER BY id LIMIT $2",
        &[(&after[0]).into(), limit.into()],
    )?;
    for row in &rows {
        let (id, mut sealed) = (row.text(0)?, Sealed(row.blob(1)?));
        if reseal(&access_keys::sealed_context(&id), &mut sealed)? {
            tx.execute(
                "UPDATE access_keys SET sealed_secret = $1 WHERE id = $2",
                &[(&sealed.0).into(), (&id).into()],
            )?;
        }
    }
    last(&rows, limit, by_id)
}

fn users(tx: &mut Tx<'_>, after: &Place, limit: i64, reseal: Reseal<'_>) -> Result<Option<Place>> {
    let rows = tx.query(
        "SELECT pool_id, sub, password, mfa FROM users WHERE (pool_id, sub) > ($1, $2) \
         ORDER BY pool_id, sub LIMIT $3",
        &[(&after[0]).into(), (&after[1]).into(), limit.into()],
    )?;
    for row in &rows {
        let (pool_id, sub) = (PoolId::from(row.text(0)?), Sub::from(row.text(1)?));
        let mut password: Option<Password> = row.opt_text(2)?.as_deref().map(from_json).transpose()?;
        let mut mfa: UserMfa = from_json(&row.text(3)?)?;
        let mut changed = false;
        if let Some(password) = &mut password {
            changed |= reseal(&Password::verifier_context(&pool_id, &sub), &mut password.srp_verifier)?;
        }
        if let Some(totp) = &mut mfa.totp {
            changed |= reseal(&Totp::context(&pool_id, &sub), &mut totp.secret)?;
        }
        if changed {
            let password = password.as_ref().map(to_json).transpose()?;
            tx.execute(
                "UPDATE users SET password = $1, mfa = $2 WHERE pool_id = $3 AND sub = $4",
                &[(&password).into(), (&to_json(&mfa)?).into(), (&pool_id).into(), (&sub).into()],
            )?;
        }
    }
    last(&rows, limit, |row| Ok([row.text(0)?, row.text(1)?, String::new()]))
}

fn devices(tx: &mut Tx<'_>, after: &Place, limit: i64, reseal: Reseal<'_>) -> Result<Option<Place>> {
    let rows = tx.query(
        "SELECT pool_id, sub, device_key, document FROM devices \
         WHERE (pool_id, sub, device_key) > ($1, $2, $3) ORDER BY pool_id, sub, device_key LIMIT $4",
        &[(&after[0]).into(), (&after[1]).into(), (&after[2]).into(), limit.into()],
    )?;
    for row in &rows {
        let (pool_id, sub, key) = (PoolId::from(row.text(0)?), Sub::from(row.text(1)?), row.text(2)?);
        let mut detail: DeviceDetail = from_json(&row.text(3)?)?;
        if reseal(&Device::verifier_context(&pool_id, &sub, &key), &mut detail.srp_verifier)? {
            tx.execute(
                "UPDATE devices SET document = $1 WHERE pool_id = $2 AND sub = $3 AND device_key = $4",
                &[(&to_json(&detail)?).into(), (&pool_id).into(), (&sub).into(), (&key).into()],
            )?;
        }
    }
    last(&rows, limit, |row| Ok([row.text(0)?, row.text(1)?, row.text(2)?]))
}

fn messages(tx: &mut Tx<'_>, after: &Place, limit: i64, reseal: Reseal<'_>) -> Result<Option<Place>> {
    let rows = tx.query(
        "SELECT id, sealed FROM outbox WHERE id > $1 AND recipient <> '' ORDER BY id LIMIT $2",
        &[(&after[0]).into(), limit.into()],
    )?;
    for row in &rows {
        let (id, mut sealed) = (row.text(0)?, Sealed(row.blob(1)?));
        if reseal(&outbox::sealed_context(&id), &mut sealed)? {
            tx.execute("UPDATE outbox SET sealed = $1 WHERE id = $2", &[(&sealed.0).into(), (&id).into()])?;
        }
    }
    last(&rows, limit, by_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    /// A column that is added here wants a walk in [`super::TABLES`], or a reason why it has none.
    #[tokio::test(flavor = "multi_thread")]
    async fn no_sealed_column_is_forgotten() {
        let db = Db::open_memory().await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        let sql = "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                   WHERE m.type = 'table' AND c.name LIKE '%sealed%' ORDER BY 1";
        let rows = db.read(move |tx| tx.query(sql, &[])).await.unwrap();
        let found: Vec<String> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(found, ["access_keys.sealed_secret", "outbox.sealed", "signing_keys.sealed_key"]);
        // Sealed values inside of documents: the secrets of clients, verifiers and authenticators of users, and
        // verifiers of devices.
        let walked: Vec<&str> = super::TABLES.iter().map(|(name, _)| *name).collect();
        assert_eq!(walked, ["signing keys", "client secrets", "access keys", "users", "devices", "messages"]);
    }

    /// Two users of two pools have devices with the same keys: a page may end between any two of them.
    #[tokio::test(flavor = "multi_thread")]
    async fn every_device_is_walked_whatever_the_length_of_a_page() {
        let db = Db::open_memory().await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        let mut wanted = Vec::new();
        for (pool_id, sub, key) in
            ["p1", "p2"].iter().flat_map(|p| ["s1", "s2"].map(|s| ["k1", "k2"].map(|k| (*p, s, k)))).flatten()
        {
            wanted.push(Device::verifier_context(&pool_id.into(), &sub.into(), key));
            let detail = DeviceDetail {
                name: None,
                srp_salt: "aa".to_owned(),
                srp_verifier: Sealed(vec![1]),
                remembered: true,
                modified_at: 0,
                authenticated_at: 0,
                last_address: None,
                sdk: String::new(),
            };
            let device = Device {
                pool_id: pool_id.into(),
                sub: sub.into(),
                key: key.to_owned(),
                created_at: 0,
                detail,
            };
            assert!(db.write(move |tx| crate::devices::insert(tx, &device)).await.unwrap());
        }
        for limit in 1..10 {
            let (mut seen, mut place) = (Vec::new(), Some(Place::default()));
            while let Some(after) = place {
                let page = db.write(move |tx| {
                    let mut contexts = Vec::new();
                    let next = devices(tx, &after, limit, &mut |context, sealed| {
                        contexts.push(context.to_owned());
                        sealed.0[0] += 1;
                        Ok(true)
                    })?;
                    Ok::<_, rules::Fault>((contexts, next))
                });
                let (contexts, next) = page.await.unwrap();
                seen.extend(contexts);
                place = next;
            }
            assert_eq!(seen, wanted, "pages of {limit}");
        }
        let device = db.read(|tx| crate::devices::find(tx, &"p2".into(), &"s1".into(), "k2")).await;
        assert_eq!(device.unwrap().unwrap().detail.srp_verifier.0, [10]);
    }
}
