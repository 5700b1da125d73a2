//! What can go wrong in the store. No message carries a value that was bound or stored, so that every error
//! may be logged.

use std::error::Error as _;
use std::fmt;

/// A refusal or failure of the store.
///
/// It is `Clone` because one failed commit answers every write of its group.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite refused a statement or could not reach its file.
    #[error("SQLite: {0}")]
    Sqlite(SqliteError),
    /// PostgreSQL refused a statement, or the way to it failed.
    #[error("PostgreSQL: {0}")]
    Postgres(PostgresError),
    /// No PostgreSQL connection came free, or none could be made, in time.
    #[error("no PostgreSQL connection: {0}")]
    Pool(String),
    /// The queue is full: the work was refused before anything was done.
    #[error("the store is overloaded: its queue is full")]
    Overloaded,
    /// A write kept colliding with others until its tries were used up; nothing was written.
    #[error("the transaction collided with others {tries} times")]
    Conflict {
        /// How often it was tried.
        tries: u32,
    },
    /// A statement took longer than the store allows.
    #[error("a statement took too long")]
    TimedOut,
    /// The schema cannot be brought to the version this binary needs.
    #[error("migration: {0}")]
    Migration(String),
    /// The place or address of the database cannot be used.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// A stored document cannot be written or read; the text names no value.
    #[error("a stored document does not fit its structure: {0}")]
    Document(String),
    /// A column does not hold what was asked of it.
    #[error("column {index} holds {found}, not {wanted}")]
    Column {
        /// Which column, counted from 0.
        index: usize,
        /// What the caller asked for.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// The statement has another number of `$N` markers than parameters were given.
    #[error("the statement takes {expected} parameters and was given {given}")]
    Parameters {
        /// The highest `$N` of the text.
        expected: usize,
        /// How many were handed in.
        given: usize,
    },
    /// A text holds a NUL byte, which PostgreSQL cannot store.
    #[error("parameter ${position} is a text with a NUL byte, which the store does not take")]
    NulInText {
        /// The `$N` it was bound to.
        position: usize,
    },
    /// `query_one` found a second row.
    #[error("the statement returned more than one row")]
    ManyRows,
    /// The closure went on after one of its statements had failed, so its writes were undone.
    #[error("the transaction went on after a failed statement and was rolled back")]
    Aborted,
    /// SQLite undid a whole group of writes because one of them met a full disk or the like.
    #[error("the transaction was undone together with others")]
    Undone,
    /// The closure panicked, so its writes were undone.
    #[error("a transaction panicked and was rolled back")]
    Panicked,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

/// SQLite's own account of a failure.
#[derive(Clone, Debug)]
pub struct SqliteError {
    /// SQLite's extended result code, where SQLite itself spoke.
    pub code: Option<i32>,
    message: String,
}

impl fmt::Display for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error {
    /// Whether SQLite would have had to wait for somebody else.
    pub(super) fn is_busy(&self) -> bool {
        // The low byte of an extended code is the code itself.
        matches!(self, Error::Sqlite(error) if error.code.map(|code| code & 0xff) == Some(rusqlite::ffi::SQLITE_BUSY))
    }

    /// Whether a row was refused because what it belongs to does not exist: in this schema always a pool, which was
    /// deleted while somebody still remembered it.
    pub fn is_dangling(&self) -> bool {
        match self {
            Error::Sqlite(error) => error.code == Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY),
            Error::Postgres(error) => error.code.as_deref() == Some("23503"),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        // SQLite's messages name tables, columns and pieces of the statement, never values.
        let code = error.sqlite_error().map(|e| e.extended_code);
        let advice = match code.map(|code| code & 0xff) {
            Some(rusqlite::ffi::SQLITE_FULL) => "; make room, and the server writes again by itself",
            Some(rusqlite::ffi::SQLITE_IOERR) => {
                "; the disk cannot be written or read, look at the system's log, quotas and limits of files"
            }
            _ => "",
        };
        Error::Sqlite(SqliteError { code, message: format!("{error}{advice}") })
    }
}

/// PostgreSQL's own account of a failure, without DETAIL, which quotes rows.
#[derive(Clone, Debug)]
pub struct PostgresError {
    /// The SQLSTATE, where the server itself spoke.
    pub code: Option<String>,
    message: String,
    closed: bool,
}

impl PostgresError {
    /// Says whether the transaction lost against others and may be run again.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self.code.as_deref(), Some("40001" | "40P01"))
    }

    /// Says whether the connection is gone or about to go: 57P01 to 57P03 are a server that stops or starts.
    pub(super) fn is_lost(&self) -> bool {
        self.closed
            || matches!(self.code.as_deref(), Some(code) if code.starts_with("57P0") || code.starts_with("08"))
    }

    /// Says whether a prepared statement no longer fits the schema, as after another node's migration.
    pub(super) fn is_stale_statement(&self) -> bool {
        matches!(self.code.as_deref(), Some("0A000" | "26000"))
    }
}

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> PostgresError {
        if let Some(db) = error.as_db_error() {
            return PostgresError {
                code: Some(db.code().code().to_owned()),
                message: db_message(db),
                closed: false,
            };
        }
        let mut message = error.to_string();
        let mut io = false;
        let mut cause = error.source();
        while let Some(inner) = cause {
            message.push_str(": ");
            message.push_str(&inner.to_string());
            io |= inner.is::<std::io::Error>();
            cause = inner.source();
        }
        PostgresError { code: None, message, closed: io || error.is_closed() }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Error {
        Error::Postgres(error.into())
    }
}

/// Data exceptions (class 22) quote the datum, and some servers quote the key of a violated constraint
/// (class 23), so of these only the names are kept.
fn db_message(db: &tokio_postgres::error::DbError) -> String {
    let kind = match &db.code().code()[..2] {
        "22" => "data exception",
        "23" => "constraint violated",
        _ => return db.message().to_owned(),
    };
    let named = [("table", db.table()), ("column", db.column()), ("constraint", db.constraint())];
    named.iter().fold(kind.to_owned(), |text, (what, name)| match name {
        Some(name) => format!("{text}, {what} {name}"),
        None => text,
    })
}
