use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::postgres::{LOOKUP_CONNECTIONS, SHARERS_MAX};
use super::*;
use crate::user_search::{FROM_VALUE, SAME_VALUE, all_sql, attribute_sql, word_sql};

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
            let sql = "SELECT $1 + number FROM things";
            let answer =
                db.look_up(move |tx| tx.query_one(sql, &[wanted.into()])?.ok_or(Error::Aborted)?.int(0));
            assert_eq!(answer.await.unwrap(), wanted + 7, "each gets its own answer");
        });
    }
    tasks.join_all().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..LOOKUP_CONNECTIONS * SHARERS_MAX {
        let db = db.clone();
        tasks.spawn(async move { backend(&db).await });
    }
    let backends: HashSet<i64> = tasks.join_all().await.into_iter().collect();
    assert!(backends.len() <= LOOKUP_CONNECTIONS, "{backends:?}");
    place.remove().await;
}

/// As where other programs took the last connections that PostgreSQL lets in.
#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_goes_the_ordinary_way_where_no_further_connection_is_let_in() {
    let place = Place::postgres("crowded").await;
    add(&place.open().await, "found", 1).await;
    place.administer("DROP ROLE IF EXISTS $; CREATE ROLE $ LOGIN CONNECTION LIMIT 1").await;
    place.administer("GRANT USAGE ON SCHEMA $ TO $; GRANT SELECT ON ALL TABLES IN SCHEMA $ TO $").await;
    let Place::Postgres { url, schema, .. } = &place else { unreachable!() };
    let db = Db::open_postgres(&format!("{url}&user={schema}")).await.unwrap();
    assert_eq!(names(&db).await, ["found"]);
    let found = db.look_up(|tx| Ok::<_, Error>(tx.query("SELECT name FROM things", &[])?.len())).await;
    assert_eq!(found.unwrap(), 1);
    db.close().await;
    place.administer("DROP OWNED BY $; DROP ROLE $").await;
    place.remove().await;
}

/// As behind a PgBouncer that has no connection left.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lets_in_and_answers_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut startup = [0; 1024];
        assert!(socket.read(&mut startup).await.unwrap() > 0);
        // AuthenticationOk and ReadyForQuery.
        socket.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await.unwrap();
        while socket.read(&mut startup).await.unwrap() > 0 {}
    });
    let url = format!("postgres://anyone@{address}/any?sslmode=disable");
    let opened = tokio::time::timeout(Duration::from_secs(30), Db::open_postgres(&url)).await;
    let error = opened.expect("it is not waited for without end").err().unwrap();
    assert!(matches!(error, Error::Pool(_)), "{error}");
    server.await.unwrap();
}

/// Users of three pools, who came by turns, and then of a fourth; of the first, the last who came have another status.
const MANY_USERS: &str = "
    INSERT INTO pools (id, name, created_at, version, document)
    SELECT p, p, 0, 1, '{}' FROM unnest(ARRAY['a', 'b', 'c', 'late']) p;
    INSERT INTO users (pool_id, sub, username, status, enabled, created_at, updated_at, version, attributes, pending,
        mfa, sign_outs)
    SELECT CASE WHEN i > 36000 THEN 'late' ELSE (ARRAY['a', 'b', 'c'])[i % 3 + 1] END, i, i,
        CASE WHEN i > 30000 THEN 'FORCE_CHANGE_PASSWORD' ELSE 'CONFIRMED' END, CASE WHEN i > 30000 THEN 0 ELSE 1 END,
        i, i, 1, repeat('x', 900), '', '', 0 FROM generate_series(1, 40000) i;
    INSERT INTO searchable_attributes (pool_id, attribute, value, number)
    SELECT pool_id, 'email', username, number FROM users
    UNION ALL SELECT pool_id, 'name', 'ada', number FROM users;
    ANALYZE";

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_searches_walk_their_indexes() {
    let place = Place::postgres("plans").await;
    let db = place.open_empty().await;
    db.migrate(0, |_, _| {}).await.unwrap();
    db.write(|tx| tx.batch(MANY_USERS)).await.unwrap();
    let (same, from) = (attribute_sql(SAME_VALUE), attribute_sql(FROM_VALUE));
    let asked: [(String, &[&str], &[&str]); 5] = [
        (all_sql(), &[], &["numbered_users_pkey"]),
        (word_sql("status"), &["'FORCE_CHANGE_PASSWORD'"], &["users_by_status"]),
        (word_sql("enabled"), &["0"], &["users_by_enabled"]),
        (same, &["'name'", "'ada'"], &["numbered_attributes_pkey", "numbered_users_pkey"]),
        (from, &["'email'", "'1'"], &["numbered_attributes_pkey", "numbered_users_pkey"]),
    ];
    for pool in ["'a'", "'b'", "'late'"] {
        for (sql, values, indexes) in &asked {
            let mut params = vec![pool];
            params.extend(*values);
            params.extend(["0", "60"]);
            let mut sql = format!("EXPLAIN {sql}");
            for (number, value) in params.iter().enumerate() {
                sql = sql.replace(&format!("${}", number + 1), value);
            }
            let rows = db.read(move |tx| tx.query(&sql, &[])).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.text(0).unwrap()).collect();
            let plan = plan.join("\n");
            let scans: Vec<&str> = plan.lines().filter(|line| line.contains("Scan")).collect();
            assert_eq!(scans.len(), indexes.len(), "{plan}");
            assert!(scans.iter().zip(*indexes).all(|(scan, index)| scan.contains(index)), "{plan}");
            assert!(!plan.contains("Filter") && !plan.contains("Sort"), "{plan}");
        }
    }
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

/// Whoever reads the whole database for a long time, as `pg_dump` does, keeps no migration waiting, and so no server behind
/// the lock that it waits for.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_does_not_wait_for_a_lock() {
    let place = Place::postgres("locked").await;
    let (one, two) = (place.open().await, place.open().await);
    let met = Arc::new(Barrier::new(2));
    let there = Arc::clone(&met);
    let reader = tokio::spawn(async move {
        let reading = one.write(move |tx| {
            tx.query("SELECT * FROM things", &[])?;
            there.wait();
            there.wait();
            Ok::<_, Error>(())
        });
        reading.await
    });
    tokio::task::block_in_place(|| met.wait());
    let change = |tx: &mut Tx<'_>| tx.batch("ALTER TABLE things ADD COLUMN more BIGINT");
    let refused = two.write(change).await;
    tokio::task::block_in_place(|| met.wait());
    reader.await.unwrap().unwrap();
    let error = refused.unwrap_err().to_string();
    assert!(error.ends_with("(55P03)"), "{error}");
    two.write(change).await.unwrap();
    place.remove().await;
}

#[tokio::test]
async fn an_unreachable_server_is_an_error() {
    let error = Db::open_postgres("postgres://hunter2:hunter2@127.0.0.1:1/none").await.err().unwrap();
    assert!(matches!(error, Error::Postgres(_)), "{error:?}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
