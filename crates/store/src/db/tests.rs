//! What both engines promise, asked of both, and what each promises beside.

mod postgres_only;
mod promises;
mod sqlite_only;

use tempfile::TempDir;

use super::migrate::{self, Migration};
use super::{Db, Error, Param, Tx};

const TEST_SCHEMA: &[Migration] = &[(
    1,
    "things",
    "CREATE TABLE things (
        name TEXT NOT NULL PRIMARY KEY,
        number INTEGER NOT NULL DEFAULT 0 CHECK (number >= 0),
        bytes BLOB
    ) /*sqlite: STRICT, WITHOUT ROWID */;
    CREATE TABLE notes (id INTEGER NOT NULL, thing TEXT REFERENCES things (name), note TEXT, PRIMARY KEY (id));",
)];

/// Where a test keeps its database, which may be opened several times.
enum Place {
    Sqlite(TempDir),
    Postgres { admin: String, url: String, schema: String },
}

impl Place {
    fn sqlite() -> Place {
        Place::Sqlite(tempfile::tempdir().unwrap())
    }

    /// A schema of the test's own.
    #[allow(clippy::disallowed_methods, reason = "`cargo xtask test` says so where PostgreSQL runs")]
    async fn postgres(test: &str) -> Place {
        let Ok(admin) = std::env::var("COGNATE_TEST_POSTGRES_URL") else {
            panic!("no PostgreSQL to test on: run `cargo xtask test`");
        };
        let schema = format!("store_{test}");
        let separator = if admin.contains('?') { '&' } else { '?' };
        let url = format!("{admin}{separator}options=-csearch_path%3D{schema}&application_name={schema}");
        let place = Place::Postgres { admin, url, schema };
        place.administer("DROP SCHEMA IF EXISTS $ CASCADE; CREATE SCHEMA $").await;
        place
    }

    async fn administer(&self, sql: &str) {
        let Place::Postgres { admin, schema, .. } = self else { return };
        let sql = sql.replace('$', schema);
        let db = Db::open_postgres(admin).await.unwrap();
        db.write(move |tx| tx.batch(&sql)).await.unwrap();
        db.close().await;
    }

    async fn open_empty(&self) -> Db {
        match self {
            Place::Sqlite(directory) => Db::open_sqlite(directory.path()).await.unwrap(),
            Place::Postgres { url, .. } => Db::open_postgres(url).await.unwrap(),
        }
    }

    async fn open(&self) -> Db {
        let db = self.open_empty().await;
        migrate::run(&db, TEST_SCHEMA, 0, |_, _| {}).await.unwrap();
        db
    }

    async fn remove(self) {
        self.administer("DROP SCHEMA $ CASCADE").await;
    }
}

fn insert(tx: &mut Tx<'_>, name: &str, number: i64) -> Result<u64, Error> {
    tx.execute("INSERT INTO things (name, number) VALUES ($1, $2)", &[name.into(), number.into()])
}

async fn add(db: &Db, name: &'static str, number: i64) {
    db.write(move |tx| insert(tx, name, number)).await.unwrap();
}

async fn number(db: &Db, name: &'static str) -> Option<i64> {
    db.read(move |tx| {
        let row = tx.query_one("SELECT number FROM things WHERE name = $1", &[name.into()])?;
        row.map(|row| row.int(0)).transpose()
    })
    .await
    .unwrap()
}

async fn names(db: &Db) -> Vec<String> {
    db.read(|tx| {
        let rows = tx.query("SELECT name FROM things ORDER BY name", &[])?;
        rows.iter().map(|row| row.text(0)).collect::<Result<_, Error>>()
    })
    .await
    .unwrap()
}

/// Runs each promise on both engines.
macro_rules! on_both {
    ($($promise:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                super::promises::$promise(&super::Place::sqlite()).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                let place = super::Place::postgres(stringify!($promise)).await;
                super::promises::$promise(&place).await;
                place.remove().await;
            })*
        }
    };
}

on_both!(
    acknowledged_writes_are_visible,
    acknowledged_writes_survive_a_reopening,
    a_refused_closure_leaves_nothing,
    a_panic_rolls_back_and_the_store_goes_on,
    a_lookup_reads_and_no_more,
    a_failed_statement_ends_the_transaction,
    a_failed_commit_is_an_error,
    a_read_cannot_write,
    parallel_increments_all_count,
    one_of_many_deletes_wins,
    markers_bind_by_number,
    wrong_parameter_counts_are_errors,
    every_kind_of_value_returns,
    columns_are_checked,
    texts_with_a_nul_byte_are_refused,
    texts_compare_by_bytes,
    errors_hold_no_values,
    query_one_refuses_a_second_row,
    own_error_types_pass_through,
    close_finishes_what_was_accepted,
    the_real_migrations_apply,
    numbering_keeps_the_users,
    migrations_run_once,
    two_migrate_at_once,
    a_newer_database_is_refused,
    a_failing_migration_leaves_nothing,
    work_together_is_kept_whole_or_not_at_all,
    dropped_work_leaves_nothing,
);
