//! Forward-only migrations, written once in SQLite's words and translated for PostgreSQL.
//!
//! In a migration's text, outside comments and quotes:
//! - the type words `INTEGER`, `BLOB` and `TEXT`, in capitals, become `BIGINT`, `BYTEA` and `TEXT COLLATE "C"` on
//!   PostgreSQL, so that both engines order texts by their bytes. Write `CAST(x AS text)` in small letters,
//!   where a collation may not stand.
//! - `/*sqlite: STRICT, WITHOUT ROWID */` is a comment to PostgreSQL; SQLite reads what it encloses. The other way
//!   round with `/*postgres: GENERATED ALWAYS AS IDENTITY */`.

use super::{Db, Error, Param};
use rules::Millis;

/// Number, name and text of a migration.
pub(super) type Migration = (u32, &'static str, &'static str);

/// Every migration, in order; a test holds this list against the folder.
pub(super) const MIGRATIONS: &[Migration] = &[
    (1, "foundation", include_str!("../../migrations/0001_foundation.sql")),
    (2, "sign_outs", include_str!("../../migrations/0002_sign_outs.sql")),
    (3, "users_by_creation", include_str!("../../migrations/0003_users_by_creation.sql")),
    (4, "numbered_users", include_str!("../../migrations/0004_numbered_users.sql")),
    (5, "events_in_order", include_str!("../../migrations/0005_events_in_order.sql")),
    (6, "owners_of_tickets", include_str!("../../migrations/0006_owners_of_tickets.sql")),
    (7, "events_that_are_sums", include_str!("../../migrations/0007_events_that_are_sums.sql")),
    (8, "functions_send", include_str!("../../migrations/0008_functions_send.sql")),
    (9, "passkeys_devices_sessions", include_str!("../../migrations/0009_passkeys_devices_sessions.sql")),
];

const RECORD: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

const INSERT: &str = "INSERT INTO schema_migrations (number, name, applied_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING";

/// Applies what is missing, each migration in a transaction of its own, and answers how many these were. `progress` is
/// told of each before it begins.
pub(super) async fn run(
    db: &Db,
    migrations: &'static [Migration],
    now_ms: Millis,
    progress: impl Fn(u32, &str),
) -> Result<u32, Error> {
    let _lock = match db {
        Db::Postgres(postgres) => Some(postgres.lock_migrations().await?),
        // SQLite's writers take turns by themselves.
        Db::Sqlite(_) => None,
        Db::Joined(_) => return Err(Error::Migration("a transaction is under way".to_owned())),
    };
    db.write(|tx| tx.batch(RECORD)).await?;
    let missing = missing(db, migrations).await?;
    let mut count = 0;
    for migration in &migrations[migrations.len() - missing..] {
        let (number, name, _) = *migration;
        progress(number, name);
        // On SQLite another process may have been faster.
        let applied = apply(db, migration, now_ms).await.map_err(|error| named(number, name, &error))?;
        count += u32::from(applied);
    }
    Ok(count)
}

/// How many migrations are not applied yet.
pub(super) async fn missing(db: &Db, migrations: &'static [Migration]) -> Result<usize, Error> {
    let rows =
        db.read(|tx| tx.query("SELECT number, name FROM schema_migrations ORDER BY number", &[])).await?;
    let applied =
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect::<Result<Vec<_>, Error>>()?;
    check_known(migrations, &applied)?;
    Ok(migrations.len().saturating_sub(applied.len()))
}

/// Refuses a database whose history is not the beginning of this binary's.
pub(super) fn check_known(migrations: &[Migration], applied: &[(i64, String)]) -> Result<(), Error> {
    for (index, (number, name)) in applied.iter().enumerate() {
        let text = match migrations.get(index) {
            Some((known, its_name, _)) if i64::from(*known) == *number && its_name == name => continue,
            Some((known, its_name, _)) => format!(
                "the database has number {number} ({name}) where this binary has number {known} ({its_name})"
            ),
            None => format!(
                "the database is newer than this binary: it has number {number} ({name}), \
                 and the newest known here is number {}",
                migrations.len()
            ),
        };
        return Err(Error::Migration(text));
    }
    Ok(())
}

async fn apply(db: &Db, migration: &Migration, now_ms: Millis) -> Result<bool, Error> {
    let (number, name, text) = *migration;
    let text = match db {
        Db::Postgres(_) => for_postgres(text),
        _ => for_sqlite(text),
    };
    db.write(move |tx| {
        let record = [Param::Int(number.into()), name.into(), now_ms.into()];
        let new = tx.execute(INSERT, &record)?;
        if new == 1 {
            tx.batch(&text)?;
        }
        Ok(new == 1)
    })
    .await
}

fn named(number: u32, name: &str, error: &Error) -> Error {
    Error::Migration(format!("number {number} ({name}) failed and was rolled back: {error}"))
}

fn for_sqlite(text: &str) -> String {
    opened(text, "/*sqlite:")
}

/// Opens the comments that begin so.
fn opened(text: &str, comment: &str) -> String {
    let mut pieces = text.split(comment);
    let mut answer = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (inside, rest) = piece.split_once("*/").unwrap_or((piece, ""));
        answer.push_str(inside);
        answer.push_str(rest);
    }
    answer
}

/// Replaces the type words too.
fn for_postgres(text: &str) -> String {
    let text = opened(text, "/*postgres:");
    let mut answer = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_length(rest, first));
        answer.push_str(match token {
            "INTEGER" => "BIGINT",
            "BLOB" => "BYTEA",
            "TEXT" => "TEXT COLLATE \"C\"",
            token => token,
        });
        rest = after;
    }
    answer
}

/// A comment, a quoted piece and a word are one token each; any other character is one by itself.
fn token_length(text: &str, first: char) -> usize {
    let up_to =
        |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    match first {
        '-' if text.starts_with("--") => up_to("\n", 2),
        '/' if text.starts_with("/*") => up_to("*/", 2),
        '\'' => up_to("'", 1),
        '"' => up_to("\"", 1),
        _ if is_word(first) => text.find(|c| !is_word(c)).unwrap_or(text.len()),
        _ => first.len_utf8(),
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_matches_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".sql"))
            .collect();
        files.sort();
        let listed: Vec<_> =
            MIGRATIONS.iter().map(|(number, name, _)| format!("{number:04}_{name}.sql")).collect();
        assert_eq!(listed, files, "add the file to MIGRATIONS");
        for ((number, name, text), file) in MIGRATIONS.iter().zip(&files) {
            let found = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
            assert_eq!(*text, found, "migration {number} ({name}) includes another file");
        }
        let numbers: Vec<_> = MIGRATIONS.iter().map(|(number, ..)| *number).collect();
        assert_eq!(numbers, (1..=MIGRATIONS.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn type_words_are_replaced_and_nothing_else() {
        let text = "CREATE TABLE t (a INTEGER, b TEXT NOT NULL, \"TEXT\" BLOB, TEXT_b text) -- TEXT\n\
                    /*sqlite: STRICT */; INSERT INTO t VALUES ('it''s TEXT é');";
        assert_eq!(
            for_postgres(text),
            "CREATE TABLE t (a BIGINT, b TEXT COLLATE \"C\" NOT NULL, \"TEXT\" BYTEA, TEXT_b text) -- TEXT\n\
             /*sqlite: STRICT */; INSERT INTO t VALUES ('it''s TEXT é');"
        );
        assert_eq!(for_sqlite("(a) /*sqlite: STRICT */; /* b */"), "(a)  STRICT ; /* b */");
        let text = "(a INTEGER /*postgres: UNIQUE */) /*sqlite: STRICT */";
        assert_eq!(for_postgres(text), "(a BIGINT  UNIQUE ) /*sqlite: STRICT */");
        assert_eq!(for_sqlite(text), "(a INTEGER /*postgres: UNIQUE */)  STRICT ");
    }
}
