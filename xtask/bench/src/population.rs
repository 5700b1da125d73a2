//! Stores with many users. A few hundred are made by the API and can sign in; the others are copies of one of them,
//! written straight into the tables, with names and subs of their own.

use crate::{
    api::{Api, PASSWORD, Signing, request},
    load::{self, HASHING_CLIENTS},
    process::{self, Place, Server},
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The user whose copies the others are. Nothing else in its rows contains the word.
const ORIGINAL: &str = "original";

/// A store that the scenarios find their way in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Population {
    pub pool: String,
    pub client: String,
    /// How many users there are at least.
    pub users: usize,
    /// How many of them the API made.
    pub made: usize,
}

impl Population {
    /// The names of those that the API made.
    pub fn made_names(&self) -> Vec<String> {
        (0..self.made).map(|number| format!("user-{number}")).collect()
    }

    /// How many are copies.
    pub fn copies(&self) -> usize {
        self.users.saturating_sub(self.made)
    }

    /// The name of a copy, numbered from 0. Its password is right, but it cannot sign in by SRP, because a verifier
    /// is sealed for its user.
    pub fn copy_name(number: usize) -> String {
        format!("copy-{:07}", number + 1)
    }
}

/// Makes a store of `users` users in an empty place, the first `made` of them by the API.
pub async fn populate(place: &Place, users: usize, made: usize) -> Result<Population> {
    let (server, _) = Server::start(place).await?;
    let api = Api::with_new_pool(server.address).await?;
    let population = Population { pool: api.pool.clone(), client: api.client.clone(), users, made };
    let mut names = population.made_names();
    names.push(ORIGINAL.to_owned());
    let create = |name: &String| request("AdminCreateUser", Signing::Signed, &api.admin_create_user(name));
    load::each(&server, HASHING_CLIENTS, &names.iter().map(create).collect()).await?;
    let set = |name: &String| {
        let password =
            json!({"UserPoolId": api.pool, "Username": name, "Password": PASSWORD, "Permanent": true});
        request("AdminSetUserPassword", Signing::Signed, &password)
    };
    load::each(&server, HASHING_CLIENTS, &names.iter().map(set).collect()).await?;
    server.stop()?;
    match &place.database_url {
        None => {
            let (data_dir, copies) = (place.data_dir.clone(), population.copies());
            tokio::task::spawn_blocking(move || copy_in_sqlite(&data_dir, copies)).await??;
        }
        Some(url) => copy_in_postgres(url, population.copies()).await?,
    }
    Ok(population)
}

/// A populated SQLite store, made once for each schema and size and kept; answers a fresh copy of it in `run_dir`.
pub async fn sqlite(
    program: &Path,
    kept: &Path,
    run_dir: &Path,
    users: usize,
    made: usize,
) -> Result<(Place, Population)> {
    let kept = kept.join(format!("{users}-{made}-{}", schema_name()));
    let description = kept.join("population.json");
    if !description.exists() {
        process::make_empty(&kept)?;
        let place = Place {
            program: program.to_owned(),
            data_dir: kept.clone(),
            database_url: None,
            postmaster: None,
        };
        let population = populate(&place, users, made).await?;
        fs::write(&description, serde_json::to_vec(&population)?)?;
    }
    process::make_empty(run_dir)?;
    for entry in fs::read_dir(&kept)? {
        let entry = entry?;
        fs::copy(entry.path(), run_dir.join(entry.file_name()))?;
    }
    let population = serde_json::from_slice(&fs::read(run_dir.join("population.json"))?)?;
    let place = Place {
        program: program.to_owned(),
        data_dir: run_dir.to_owned(),
        database_url: None,
        postmaster: None,
    };
    Ok((place, population))
}

/// A populated database of its own on the PostgreSQL at `server`, and a data folder for the master key.
pub async fn postgres(
    program: &Path,
    server: &str,
    run_dir: &Path,
    name: &str,
    users: usize,
    made: usize,
) -> Result<(Place, Population)> {
    process::make_empty(run_dir)?;
    let name = format!("bench_{}_{name}_{users}", std::process::id());
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    let backend: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let postmaster = process::parent_of(backend.unsigned_abs())?;
    drop(client);
    connection.await??;
    let (base, _) = server.rsplit_once('/').context("--postgres-url names no database")?;
    let place = Place {
        program: program.to_owned(),
        data_dir: run_dir.to_owned(),
        database_url: Some(format!("{base}/{name}")),
        postmaster: Some(postmaster),
    };
    let population = populate(&place, users, made).await?;
    Ok((place, population))
}

/// Removes the database that [`postgres`] made on `server`.
pub async fn discard(server: &str, place: &Place) -> Result<()> {
    let Some((_, name)) = place.database_url.as_deref().and_then(|url| url.rsplit_once('/')) else {
        return Ok(());
    };
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    drop(client);
    Ok(connection.await??)
}

/// A name for the tables as they are now, so that a store made for others is not used.
fn schema_name() -> String {
    let folder = crate::root().join("crates/store/migrations");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let text: Vec<u8> = files.iter().flat_map(|file| fs::read(file).unwrap_or_default()).collect();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
    digest.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// What copies the original: the same text for both engines but for how numbers and subs are made. `columns` are those
/// of the table of users.
fn statements(numbers: &str, sub: &str, columns: &[String], copies: usize) -> [String; 3] {
    let of_original = |column| format!("(SELECT {column} FROM users WHERE username = '{ORIGINAL}')");
    let name = "'copy-' || substr(CAST(10000000 + n.i AS TEXT), 2)";
    let values = columns.iter().map(|column| match column.as_str() {
        "sub" => sub.to_owned(),
        "username" => name.to_owned(),
        // They came one after the other.
        "created_at" => "u.created_at + n.i".to_owned(),
        "attributes" => format!("replace(u.attributes, '{ORIGINAL}', {name})"),
        other => format!("u.{other}"),
    });
    let values: Vec<String> = values.collect();
    [
        format!(
            "WITH RECURSIVE {numbers} INSERT INTO users ({}) SELECT {} \
             FROM n, users u WHERE u.username = '{ORIGINAL}' AND n.i <= {copies}",
            columns.join(", "),
            values.join(", ")
        ),
        // The join is written so that SQLite begins with the few rows of the original.
        format!(
            "INSERT INTO sign_in_names (pool_id, name, sub) \
             SELECT c.pool_id, replace(t.name, '{ORIGINAL}', c.username), c.sub \
             FROM sign_in_names t CROSS JOIN users c \
             WHERE t.sub = {} AND c.pool_id = t.pool_id AND c.username LIKE 'copy-%' ORDER BY 1, 2",
            of_original("sub")
        ),
        format!(
            "INSERT INTO searchable_attributes (pool_id, attribute, value, number) \
             SELECT c.pool_id, t.attribute, replace(t.value, '{ORIGINAL}', c.username), c.number \
             FROM searchable_attributes t CROSS JOIN users c \
             WHERE t.number = {} AND c.pool_id = t.pool_id AND c.username LIKE 'copy-%' \
             ORDER BY 1, 2, 3, 4",
            of_original("number")
        ),
    ]
}

fn copy_in_sqlite(data_dir: &Path, copies: usize) -> Result<()> {
    let file = fs::read_dir(data_dir)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "db"))
        .context("the server made no store")?;
    let connection = rusqlite::Connection::open(file)?;
    // If this is cut off, the store is made anew.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -1_048_576)?;
    let hex = |bytes: usize| format!("lower(hex(randomblob({bytes})))");
    let sub = format!(
        "{} || '-' || {} || '-4' || substr({}, 2) || '-a' || substr({}, 2) || '-' || {}",
        hex(4),
        hex(2),
        hex(2),
        hex(2),
        hex(6)
    );
    let numbers = format!("n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies})");
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info('users') WHERE name <> 'number'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    connection.execute_batch("BEGIN")?;
    for statement in statements(&numbers, &sub, &columns, copies) {
        connection.execute(&statement, [])?;
    }
    connection.execute_batch("COMMIT")?;
    // The server works with a log, and finds it so.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    Ok(())
}

async fn copy_in_postgres(url: &str, copies: usize) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    let numbers = format!("n AS (SELECT generate_series(1, {copies}) AS i)");
    let columns = "SELECT column_name::text FROM information_schema.columns \
                   WHERE table_name = 'users' AND column_name <> 'number'";
    let columns: Vec<String> = client.query(columns, &[]).await?.iter().map(|row| row.get(0)).collect();
    for statement in statements(&numbers, "gen_random_uuid()::text", &columns, copies) {
        client.batch_execute(&statement).await?;
    }
    // As autovacuum would before long.
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    drop(client);
    Ok(connection.await??)
}
