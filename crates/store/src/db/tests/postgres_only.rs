use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::postgres::{CONNECTIONS_MAX, LOOKUP_CONNECTIONS, SHARERS_MAX};
use super::*;

/// Ends the connections of a test.
const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '$'";

#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_recover_by_themselves() {
    let place = Place::postgres("lost").await;
    let db = place.open().await;
    for round in 0..5 {
        place.administer(TERMINATE).await;
        db.write(move |tx| insert(tx, &format!("thing-{round}"), 1)).await.unwrap();
        place.administer(TERMINATE).await;
        assert_eq!(names(&db).await.len(), round + 1);
        place.administer(TERMINATE).await;
        let found = db.look_up(|tx| Ok::<_, Error>(tx.query("SELECT name FROM things", &[])?.len())).await;
        assert_eq!(found.unwrap(), round + 1);
    }
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let result = db.write(move |tx| {
        insert(tx, "in the middle", 1)?;
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            tx.query("SELECT pg_terminate_backend(pg_backend_pid())", &[])?;
        }
        Ok::<_, Error>(())
    });
    result.await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(number(&db, "in the middle").await, Some(1));
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collisions_end() {
    let place = Place::postgres("collisions").await;
    let db = place.open().await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let table = "CREATE FUNCTION collide() RETURNS BIGINT LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION ''no luck'' USING ERRCODE = ''40001''; END'";
    db.write(|tx| tx.batch(table)).await.unwrap();
    let result = db.write(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        tx.query("SELECT collide()", &[])
    });
    assert!(matches!(result.await.err(), Some(Error::Conflict { tries: 12 })));
    assert_eq!(runs.load(Ordering::SeqCst), 12);
    place.remove().await;
}

/// A store that is too slow already must not be asked twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_took_too_long_is_not_tried_again() {
    let place = Place::postgres("slow_lookup").await;
    let db = place.open().await;
    let function = "CREATE FUNCTION be_slow() RETURNS BIGINT LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION ''as the server says'' USING ERRCODE = ''57014''; END'";
    db.write(|tx| tx.batch(function)).await.unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let result = db.look_up(move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        tx.query("SELECT be_slow()", &[])
    });
    assert!(matches!(result.await.err(), Some(Error::TimedOut)));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    place.remove().await;
}

async fn backend(db: &Db) -> i64 {
    let sql = "SELECT pg_backend_pid()";
    db.look_up(|tx| tx.query_one(sql, &[])?.ok_or(Error::Aborted)?.int(0)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_lookups_share_few_connections() {
    let place = Place::postgres("shared").await;
    let db = place.open().await;
    add(&db, "shared", 7).await;
    let mut tasks = tokio::task::JoinSet::new();
    for wanted in 0..200 {
        let db = db.clone();
        tasks.spawn(async move {
            let sql = "SELECT pg_backend_pid(), $1 + number FROM things";
            let answer = db.look_up(move |tx| {
                let row = tx.query_one(sql, &[wanted.into()])?.ok_or(Error::Aborted)?;
                Ok::<_, Error>((row.int(0)?, row.int(1)?))
            });
            let (backend, found) = answer.await.unwrap();
            assert_eq!(found, wanted + 7, "each gets its own answer");
            backend
        });
    }
    let backends: HashSet<i64> = tasks.join_all().await.into_iter().collect();
    assert!(backends.len() <= CONNECTIONS_MAX + LOOKUP_CONNECTIONS, "{backends:?}");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..LOOKUP_CONNECTIONS * SHARERS_MAX {
        let db = db.clone();
        tasks.spawn(async move { backend(&db).await });
    }
    let backends: HashSet<i64> = tasks.join_all().await.into_iter().collect();
    assert!(backends.len() <= LOOKUP_CONNECTIONS, "{backends:?}");
    place.remove().await;
}

/// Whoever comes next would wait for what nobody waits for anymore.
#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_is_dropped_leaves_its_connection_to_nobody() {
    let place = Place::postgres("dropped").await;
    let db = place.open().await;
    let backend_of_lookups = backend(&db).await;
    let sleeper = db.clone();
    let sleep = "SELECT CAST(pg_sleep(30) AS TEXT) AS dropped";
    let task = tokio::spawn(async move { sleeper.look_up(|tx| tx.query(sleep, &[])).await.map(drop) });
    let asleep = "SELECT pid FROM pg_stat_activity WHERE query = $1 AND state = 'active'";
    let asleep = loop {
        let row = db.read(|tx| tx.query_one(asleep, &[sleep.into()])).await.unwrap();
        if let Some(row) = row {
            break row.int(0).unwrap();
        }
    };
    assert_eq!(backend_of_lookups, asleep, "it shares the connection that is there");
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_ne!(backend(&db).await, asleep);
    place.administer(TERMINATE).await;
    place.remove().await;
}

/// The values that a statement reads decide, not only those that it writes.
#[tokio::test(flavor = "multi_thread")]
async fn writes_are_serializable() {
    let place = Place::postgres("skew").await;
    let db = place.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..16 {
        let db = db.clone();
        tasks.spawn(async move {
            db.write(move |tx| {
                let count =
                    tx.query_one("SELECT COUNT(*) FROM things", &[])?.ok_or(Error::Aborted)?.int(0)?;
                if count == 0 { insert(tx, &format!("thing-{round}"), 1) } else { Ok(0) }
            })
            .await
            .unwrap()
        });
    }
    assert_eq!(tasks.join_all().await.iter().sum::<u64>(), 1);
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_exception_does_not_quote_the_row() {
    let place = Place::postgres("quotes").await;
    let db = place.open().await;
    add(&db, "hunter2", 1).await;
    let error = db.read(|tx| tx.query("SELECT CAST(name AS BIGINT) FROM things", &[])).await.err().unwrap();
    assert_eq!(error.to_string(), "PostgreSQL: data exception (22P02)");
    place.remove().await;
}

/// A node keeps its prepared statements while another one migrates.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_elsewhere_is_survived() {
    let place = Place::postgres("stale").await;
    let (one, two) = (place.open().await, place.open().await);
    let all = |tx: &mut Tx<'_>| tx.query("SELECT * FROM things", &[]);
    one.read(all).await.unwrap();
    two.write(|tx| tx.batch("ALTER TABLE things ADD COLUMN more BIGINT")).await.unwrap();
    // The statement that no longer fits fails once and is then prepared anew.
    let _ = one.read(all).await;
    one.read(all).await.unwrap();
    place.remove().await;
}

#[tokio::test]
async fn an_unreachable_server_is_an_error() {
    let error = Db::open_postgres("postgres://hunter2:hunter2@127.0.0.1:1/none").await.err().unwrap();
    assert!(matches!(error, Error::Postgres(_)), "{error:?}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
