//! All that is stored, removed at once.

use crate::{Error, Tx};

/// Every table, those that others refer to last.
const TABLES: &[&str] = &[
    "attempts",
    "clients",
    "devices",
    "events",
    "grants",
    "group_members",
    "groups",
    "outbox",
    "passkeys",
    "searchable_attributes",
    "sign_in_names",
    "signing_keys",
    "spent",
    "tickets",
    "users",
    "pools",
];

/// Empties every table. What stays is what belongs to the installation: its master keys, its access keys, and
/// which migrations were applied.
pub fn everything(tx: &mut Tx<'_>) -> Result<(), Error> {
    TABLES.iter().try_for_each(|table| tx.execute(&format!("DELETE FROM {table}"), &[]).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_table_is_forgotten() {
        let db = Db::open_memory().await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        let sql =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
        let rows = db.read(move |tx| tx.query(sql, &[])).await.unwrap();
        let mut found: Vec<String> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        let mut known: Vec<&str> =
            TABLES.iter().copied().chain(["access_keys", "schema_migrations", "settings"]).collect();
        found.sort();
        known.sort();
        assert_eq!(found, known);
        db.write(everything).await.unwrap();
    }
}
