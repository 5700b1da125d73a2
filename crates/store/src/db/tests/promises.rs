use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;

use super::*;

pub(super) async fn acknowledged_writes_are_visible(place: &Place) {
    let db = place.open().await;
    for round in 0..50 {
        db.write(move |tx| insert(tx, &format!("thing-{round:02}"), round)).await.unwrap();
        assert_eq!(names(&db).await.len() as i64, round + 1);
    }
}

pub(super) async fn acknowledged_writes_survive_a_reopening(place: &Place) {
    let db = place.open().await;
    add(&db, "kept", 7).await;
    drop(db);
    assert_eq!(number(&place.open().await, "kept").await, Some(7));
}

pub(super) async fn a_refused_closure_leaves_nothing(place: &Place) {
    let db = place.open().await;
    add(&db, "before", 1).await;
    let refused: Result<(), Error> = db
        .write(|tx| {
            insert(tx, "refused", 1)?;
            tx.execute("UPDATE things SET number = 2", &[])?;
            Err(Error::Overloaded)
        })
        .await;
    assert!(matches!(refused, Err(Error::Overloaded)));
    assert_eq!(names(&db).await, ["before"]);
    assert_eq!(number(&db, "before").await, Some(1));
}

pub(super) async fn a_panic_rolls_back_and_the_store_goes_on(place: &Place) {
    let db = place.open().await;
    for _ in 0..40 {
        let panicked: Result<(), Error> = db
            .write(|tx| {
                insert(tx, "half", 1)?;
                panic!("on purpose");
            })
            .await;
        assert!(matches!(panicked, Err(Error::Panicked)));
        let panicked: Result<(), Error> = db.read(|_| panic!("on purpose")).await;
        assert!(matches!(panicked, Err(Error::Panicked)));
    }
    add(&db, "whole", 1).await;
    assert_eq!(names(&db).await, ["whole"]);
}

/// Its statements build on each other, however often it runs.
pub(super) async fn a_lookup_reads_and_no_more(place: &Place) {
    let db = place.open().await;
    for (name, number) in [("a", 1), ("b", 2)] {
        add(&db, name, number).await;
    }
    for length in [1, 2, 8, 9, 20] {
        let found = db.look_up(move |tx| {
            let mut numbers = Vec::new();
            for index in 0..length {
                let name = ["a", "b"][index % 2];
                let rows = tx.query("SELECT number FROM things WHERE name = $1", &[name.into()])?;
                numbers.push(rows.first().map_or(Ok(0), |row| row.int(0))?);
            }
            Ok::<_, Error>(numbers)
        });
        let expected: Vec<i64> = (0..length).map(|index| [1, 2][index % 2]).collect();
        assert_eq!(found.await.unwrap(), expected);
    }
    let wrote = db.look_up(|tx| {
        tx.query("SELECT name FROM things", &[])?;
        insert(tx, "c", 3)
    });
    assert!(wrote.await.is_err());
    let asked = async |sql: &'static str, params: &'static [Param<'static>]| {
        db.look_up(|tx| tx.query(sql, params).map(|rows| rows.len())).await
    };
    assert!(asked("SELECT nonsense FROM things", &[]).await.is_err());
    let count = asked("SELECT name FROM things WHERE name = $1", &[]).await;
    assert!(matches!(count, Err(Error::Parameters { expected: 1, given: 0 })), "{count:?}");
    let nul = asked("SELECT name FROM things WHERE name = $1", &[Param::Text("a\0")]).await;
    assert!(matches!(nul, Err(Error::NulInText { position: 1 })));
    let swallowed = db.look_up(|tx| {
        let _ = tx.query("SELECT nonsense FROM things", &[]);
        Ok::<_, Error>(())
    });
    assert!(matches!(swallowed.await, Err(Error::Aborted)));
    let panicked: Result<(), Error> = db.look_up(|_| panic!("on purpose")).await;
    assert!(matches!(panicked, Err(Error::Panicked)));
    assert_eq!(names(&db).await, ["a", "b"]);
    assert_eq!(asked("SELECT name FROM things", &[]).await.unwrap(), 2);
}

pub(super) async fn a_failed_statement_ends_the_transaction(place: &Place) {
    let db = place.open().await;
    add(&db, "taken", 1).await;
    let swallowed: Result<(), Error> = db
        .write(|tx| {
            insert(tx, "new", 1)?;
            assert!(insert(tx, "taken", 1).is_err());
            assert!(matches!(insert(tx, "newer", 1), Err(Error::Aborted)));
            Ok(())
        })
        .await;
    assert!(matches!(swallowed, Err(Error::Aborted)));
    assert_eq!(names(&db).await, ["taken"]);
    let counted = db
        .write(|tx| {
            tx.execute("INSERT INTO things (name) VALUES ($1) ON CONFLICT DO NOTHING", &["taken".into()])
        })
        .await;
    assert_eq!(counted.unwrap(), 0);
}

pub(super) async fn a_failed_commit_is_an_error(place: &Place) {
    let db = place.open().await;
    let table = "CREATE TABLE late (
        name TEXT PRIMARY KEY,
        other TEXT REFERENCES late (name) DEFERRABLE INITIALLY DEFERRED)";
    db.write(|tx| tx.batch(table)).await.unwrap();
    let dangling = |tx: &mut Tx<'_>| tx.execute("INSERT INTO late VALUES ('a', 'nobody')", &[]);
    assert!(db.write(dangling).await.is_err());
    add(&db, "next", 1).await;
    let rows = db.read(|tx| tx.query("SELECT name FROM late", &[])).await.unwrap();
    assert!(rows.is_empty());
}

pub(super) async fn a_read_cannot_write(place: &Place) {
    let db = place.open().await;
    assert!(db.read(|tx| insert(tx, "sneaked", 1)).await.is_err());
    let returning = "INSERT INTO things (name) VALUES ('sneaked') RETURNING name";
    assert!(db.read(|tx| tx.query(returning, &[])).await.is_err());
    assert!(names(&db).await.is_empty());
}

pub(super) async fn parallel_increments_all_count(place: &Place) {
    let db = place.open().await;
    add(&db, "counter", 0).await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let db = db.clone();
        tasks.spawn(async move {
            db.write(|tx| {
                let row = tx.query_one("SELECT number FROM things WHERE name = $1", &["counter".into()])?;
                let next = row.ok_or(Error::Aborted)?.int(0)? + 1;
                tx.execute("UPDATE things SET number = $2 WHERE name = $1", &["counter".into(), next.into()])
            })
            .await
        });
    }
    for result in tasks.join_all().await {
        assert_eq!(result.unwrap(), 1);
    }
    assert_eq!(number(&db, "counter").await, Some(64));
}

pub(super) async fn one_of_many_deletes_wins(place: &Place) {
    let db = place.open().await;
    add(&db, "ticket", 5).await;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let db = db.clone();
        tasks.spawn(async move {
            let take = "DELETE FROM things WHERE name = $1 RETURNING number";
            db.write(|tx| tx.query_one(take, &["ticket".into()])).await
        });
    }
    let winners: Vec<_> = tasks
        .join_all()
        .await
        .into_iter()
        .filter_map(Result::unwrap)
        .map(|row| row.int(0).unwrap())
        .collect();
    assert_eq!(winners, [5]);
}

pub(super) async fn markers_bind_by_number(place: &Place) {
    let db = place.open().await;
    add(&db, "a", 1).await;
    let sql = "UPDATE things SET number = $2 + $2, bytes = $3 WHERE name = $1 AND $2 > 0";
    let touched = db.write(|tx| tx.execute(sql, &["a".into(), 21.into(), b"x".into()])).await;
    assert_eq!(touched.unwrap(), 1);
    assert_eq!(number(&db, "a").await, Some(42));
    let paged = "SELECT name FROM things WHERE (number, name) > ($2, $1) ORDER BY number LIMIT $3";
    let rows = db.read(|tx| tx.query(paged, &["".into(), 41.into(), 10.into()])).await.unwrap();
    assert_eq!(rows[0].text(0).unwrap(), "a");
}

pub(super) async fn wrong_parameter_counts_are_errors(place: &Place) {
    let db = place.open().await;
    let sql = "SELECT name FROM things WHERE name = $1 AND number = $2";
    let few = db.read(|tx| tx.query(sql, &["a".into()])).await.err();
    assert!(matches!(few, Some(Error::Parameters { expected: 2, given: 1 })), "{few:?}");
    let many = db.read(|tx| tx.query(sql, &["a".into(), 1.into(), 2.into()])).await.err();
    assert!(matches!(many, Some(Error::Parameters { expected: 2, given: 3 })), "{many:?}");
}

pub(super) async fn every_kind_of_value_returns(place: &Place) {
    let db = place.open().await;
    let bytes: Vec<u8> = (0..=255).collect();
    let stored = bytes.clone();
    db.write(move |tx| {
        let sql = "INSERT INTO things (name, number, bytes) VALUES ($1, $2, $3)";
        tx.execute(sql, &["é😀".into(), i64::MAX.into(), (&stored).into()])?;
        tx.execute(sql, &["".into(), true.into(), None::<&[u8]>.into()])?;
        let note: Option<String> = None;
        tx.execute("INSERT INTO notes (id, note) VALUES ($1, $2)", &[1.into(), (&note).into()])
    })
    .await
    .unwrap();
    let rows =
        db.read(|tx| tx.query("SELECT name, number, bytes FROM things ORDER BY name", &[])).await.unwrap();
    assert_eq!((rows[0].text(0).unwrap(), rows[0].bool(1).unwrap()), (String::new(), true));
    assert_eq!(rows[0].opt_blob(2).unwrap(), None);
    assert_eq!((rows[1].text(0).unwrap(), rows[1].int(1).unwrap()), ("é😀".to_owned(), i64::MAX));
    assert_eq!(rows[1].blob(2).unwrap(), bytes);
    let row = db.read(|tx| tx.query_one("SELECT note, COUNT(*) FROM notes GROUP BY note", &[])).await;
    let row = row.unwrap().unwrap();
    assert_eq!((row.opt_text(0).unwrap(), row.opt_int(1).unwrap()), (None, Some(1)));
}

pub(super) async fn columns_are_checked(place: &Place) {
    let db = place.open().await;
    add(&db, "a", 2).await;
    let row =
        db.read(|tx| tx.query_one("SELECT name, number, bytes FROM things", &[])).await.unwrap().unwrap();
    assert!(matches!(row.int(0), Err(Error::Column { index: 0, found: "a text", .. })));
    assert!(matches!(row.opt_blob(0), Err(Error::Column { .. })));
    assert!(matches!(row.bool(1), Err(Error::Column { index: 1, wanted: "0 or 1", .. })));
    assert!(matches!(row.blob(2), Err(Error::Column { found: "NULL", .. })));
    assert!(matches!(row.text(3), Err(Error::Column { found: "nothing", .. })));
    let real = db.read(|tx| tx.query("SELECT 1.5", &[])).await;
    assert!(real.is_err());
}

pub(super) async fn texts_with_a_nul_byte_are_refused(place: &Place) {
    let db = place.open().await;
    let error = db.write(|tx| insert(tx, "a\0b", 1)).await.unwrap_err();
    assert!(matches!(error, Error::NulInText { position: 1 }));
    assert!(error.to_string().contains("NUL byte"));
}

pub(super) async fn texts_compare_by_bytes(place: &Place) {
    let db = place.open().await;
    for name in ["b", "B", "a_1", "a-1", "é", "a"] {
        add(&db, name, 0).await;
    }
    assert_eq!(names(&db).await, ["B", "a", "a-1", "a_1", "b", "é"]);
    let like = "SELECT name FROM things WHERE name LIKE $1 ESCAPE '!'";
    let rows = db.read(|tx| tx.query(like, &["b%".into()])).await.unwrap();
    assert_eq!(rows.len(), 1, "LIKE minds the case");
}

pub(super) async fn errors_hold_no_values(place: &Place) {
    let db = place.open().await;
    add(&db, "hunter2", 1).await;
    for error in [
        db.write(|tx| insert(tx, "hunter2", 1)).await.unwrap_err(),
        db.write(|tx| insert(tx, "hunter2-b", -1)).await.unwrap_err(),
        db.write(|tx| tx.execute("INSERT INTO notes VALUES (1, $1, 'x')", &["hunter2-c".into()]))
            .await
            .unwrap_err(),
        db.write(|tx| tx.execute("UPDATE things SET number = $1", &["hunter2".into()])).await.unwrap_err(),
    ] {
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    assert!(!format!("{:?}", [Param::from("hunter2"), Param::from(b"hunter2")]).contains("hunter2"));
}

pub(super) async fn query_one_refuses_a_second_row(place: &Place) {
    let db = place.open().await;
    assert!(db.read(|tx| tx.query_one("SELECT name FROM things", &[])).await.unwrap().is_none());
    add(&db, "a", 1).await;
    add(&db, "b", 1).await;
    let many = db.read(|tx| tx.query_one("SELECT name FROM things", &[])).await.err();
    assert!(matches!(many, Some(Error::ManyRows)));
}

pub(super) async fn own_error_types_pass_through(place: &Place) {
    #[derive(Debug, PartialEq)]
    enum Refusal {
        Mine,
        Store,
    }
    impl From<Error> for Refusal {
        fn from(_: Error) -> Refusal {
            Refusal::Store
        }
    }
    let db = place.open().await;
    assert_eq!(db.write(|_| Err::<(), _>(Refusal::Mine)).await, Err(Refusal::Mine));
    assert_eq!(db.read(|_| Err::<(), _>(Refusal::Mine)).await, Err(Refusal::Mine));
    let unknown = |tx: &mut Tx<'_>| Ok(tx.execute("DELETE FROM nowhere", &[])?);
    assert_eq!(db.write(unknown).await, Err(Refusal::Store));
}

pub(super) async fn close_finishes_what_was_accepted(place: &Place) {
    let db = place.open().await;
    let acknowledged = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for round in 0..50 {
        let (db, acknowledged) = (db.clone(), Arc::clone(&acknowledged));
        tasks.spawn(async move {
            match db.write(move |tx| insert(tx, &format!("thing-{round}"), round)).await {
                Ok(_) => acknowledged.fetch_add(1, Ordering::SeqCst),
                Err(error) => {
                    assert!(matches!(error, Error::Closed), "{error:?}");
                    0
                }
            };
        });
    }
    tokio::task::yield_now().await;
    db.close().await;
    db.close().await;
    tasks.join_all().await;
    assert!(matches!(db.write(|tx| insert(tx, "late", 1)).await, Err(Error::Closed)));
    let kept = names(&place.open().await).await.len();
    assert_eq!(kept, acknowledged.load(Ordering::SeqCst) as usize);
}

pub(super) async fn the_real_migrations_apply(place: &Place) {
    let db = place.open_empty().await;
    assert_eq!(db.migrate(1, |_, _| {}).await.unwrap() as usize, migrate::MIGRATIONS.len());
    assert_eq!(db.migrate(2, |_, _| {}).await.unwrap(), 0);
}

/// Users from before they had numbers, the last of them stored first, with another value in each column.
const UNNUMBERED: &str = "
    INSERT INTO pools (id, name, created_at, version, document) VALUES ('p', 'p', 0, 1, '{}'), ('q', 'q', 0, 1, '{}');
    INSERT INTO users (pool_id, sub, username, status, enabled, created_at, updated_at, version, attributes, pending,
        password, mfa, sign_outs)
    VALUES ('p', 'b', 'second', 'S', 1, 20, 21, 3, 'A', 'P', NULL, 'M', 4),
        ('q', 'a', 'other', 'S', 1, 15, 15, 1, 'A', 'P', NULL, 'M', 0),
        ('p', 'c', 'first', 's', 0, 10, 11, 2, 'a', 'p', 'pw', 'm', 5);
    INSERT INTO searchable_attributes (pool_id, attribute, value, sub)
    VALUES ('p', 'name', 'ada', 'b'), ('p', 'name', 'ada', 'c'), ('q', 'username', 'other', 'a');";

pub(super) async fn numbering_keeps_the_users(place: &Place) {
    let db = place.open_empty().await;
    migrate::run(&db, &migrate::MIGRATIONS[..3], 0, |_, _| {}).await.unwrap();
    db.write(|tx| tx.batch(UNNUMBERED)).await.unwrap();
    migrate::run(&db, migrate::MIGRATIONS, 0, |_, _| {}).await.unwrap();
    let found = |columns: &[&str], rest: &str| {
        let columns: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS text)")).collect();
        let (sql, db) = (format!("SELECT {} FROM {rest}", columns.join(" || ' ' || ")), db.clone());
        async move {
            let rows = db.read(move |tx| tx.query(&sql, &[])).await.unwrap();
            rows.iter().map(|row| row.text(0).unwrap()).collect::<Vec<_>>()
        }
    };
    let columns = [
        "username",
        "sub",
        "status",
        "enabled",
        "created_at",
        "updated_at",
        "version",
        "attributes",
        "pending",
        "COALESCE(password, '-')",
        "mfa",
        "sign_outs",
    ];
    let users = found(&columns, "users WHERE pool_id = 'p' ORDER BY number").await;
    assert_eq!(users, ["first c s 0 10 11 2 a p pw m 5", "second b S 1 20 21 3 A P - M 4"]);
    let columns = ["s.pool_id", "s.attribute", "s.value", "u.username"];
    let joined = "searchable_attributes s JOIN users u ON u.pool_id = s.pool_id AND u.number = s.number \
                  ORDER BY s.pool_id, s.attribute, s.value, s.number";
    assert_eq!(
        found(&columns, joined).await,
        ["p name ada first", "p name ada second", "q username other other"]
    );
    let twice = "INSERT INTO users (pool_id, sub, username, status, enabled, created_at, updated_at, version, \
                 attributes, pending, mfa, sign_outs) VALUES ('p', 'c', '', '', 0, 0, 0, 0, '', '', '', 0)";
    let error = db.write(|tx| tx.batch(twice)).await.unwrap_err().to_string();
    assert!(error.to_lowercase().contains("constraint"), "{error}");
}

const TWO: &[Migration] = &[
    TEST_SCHEMA[0],
    (2, "more", "ALTER TABLE things ADD COLUMN more TEXT; INSERT INTO things (name) VALUES ('from 2')"),
];

pub(super) async fn migrations_run_once(place: &Place) {
    let db = place.open().await;
    let seen = std::sync::Mutex::new(Vec::new());
    let note = |number: u32, name: &str| seen.lock().unwrap().push((number, name.to_owned()));
    assert_eq!(migrate::run(&db, TWO, 1234, note).await.unwrap(), 1);
    assert_eq!(migrate::run(&db, TWO, 5678, note).await.unwrap(), 0);
    assert_eq!(*seen.lock().unwrap(), [(2, "more".to_owned())]);
    let row = db.read(|tx| {
        tx.query_one("SELECT name, applied_at FROM schema_migrations WHERE number = $1", &[2.into()])
    });
    let row = row.await.unwrap().unwrap();
    assert_eq!((row.text(0).unwrap(), row.int(1).unwrap()), ("more".to_owned(), 1234));
    assert_eq!(names(&db).await, ["from 2"]);
}

pub(super) async fn two_migrate_at_once(place: &Place) {
    let (one, two) = (place.open_empty().await, place.open_empty().await);
    let (a, b) = tokio::join!(migrate::run(&one, TWO, 1, |_, _| {}), migrate::run(&two, TWO, 2, |_, _| {}));
    assert_eq!(a.unwrap() + b.unwrap(), 2);
    assert_eq!(names(&two).await, ["from 2"]);
}

pub(super) async fn a_newer_database_is_refused(place: &Place) {
    let db = place.open_empty().await;
    migrate::run(&db, TWO, 1, |_, _| {}).await.unwrap();
    let error = migrate::run(&db, TEST_SCHEMA, 2, |_, _| {}).await.unwrap_err().to_string();
    assert!(error.contains("newer than this binary"), "{error}");
    const OTHER: &[Migration] = &[(1, "other", ""), (2, "more", "")];
    let error = migrate::run(&db, OTHER, 2, |_, _| {}).await.unwrap_err().to_string();
    assert!(error.contains("number 1 (things)"), "{error}");
}

pub(super) async fn a_failing_migration_leaves_nothing(place: &Place) {
    const BROKEN: &[Migration] =
        &[TEST_SCHEMA[0], (2, "broken", "CREATE TABLE half (a INTEGER); CREATE TABLE things (a INTEGER)")];
    let db = place.open().await;
    let error = migrate::run(&db, BROKEN, 1, |_, _| {}).await.unwrap_err().to_string();
    assert!(error.contains("number 2 (broken)"), "{error}");
    assert!(db.read(|tx| tx.query("SELECT a FROM half", &[])).await.is_err());
    assert_eq!(migrate::run(&db, TWO, 1, |_, _| {}).await.unwrap(), 1);
}

pub(super) async fn work_together_is_kept_whole_or_not_at_all(place: &Place) {
    let db = place.open().await;
    let number_inside = db
        .in_one_transaction(|inside| async move {
            add(&inside, "one", 1).await;
            tokio::task::yield_now().await;
            let missing: Result<(), Error> = inside.read(|_| Err(Error::Overloaded)).await;
            assert!(missing.is_err());
            add(&inside, "two", 2).await;
            Ok::<_, Error>(number(&inside, "one").await)
        })
        .await;
    assert_eq!(number_inside.unwrap(), Some(1));
    assert_eq!(names(&db).await, ["one", "two"]);

    let refused: Result<(), Error> = db
        .in_one_transaction(|inside| async move {
            add(&inside, "three", 3).await;
            Err(Error::Overloaded)
        })
        .await;
    assert!(matches!(refused, Err(Error::Overloaded)));
    let overlooked: Result<(), Error> = db
        .in_one_transaction(|inside| async move {
            add(&inside, "four", 4).await;
            let refused: Result<(), Error> = inside.write(|_| Err(Error::Overloaded)).await;
            assert!(refused.is_err());
            Ok(())
        })
        .await;
    assert!(matches!(overlooked, Err(Error::Aborted)));
    let failed: Result<(), Error> = db
        .in_one_transaction(|inside| async move {
            add(&inside, "five", 5).await;
            let failed = inside.read(|tx| tx.query("SELECT nonsense", &[])).await;
            assert!(failed.is_err());
            Ok(())
        })
        .await;
    assert!(matches!(failed, Err(Error::Aborted)));
    assert_eq!(names(&db).await, ["one", "two"]);
    add(&db, "six", 6).await;
    assert_eq!(names(&db).await, ["one", "six", "two"]);
}

pub(super) async fn dropped_work_leaves_nothing(place: &Place) {
    let db = place.open().await;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let other = db.clone();
    let work = tokio::spawn(async move {
        let work = |inside: Db| async move {
            add(&inside, "half", 1).await;
            let _ = begun.send(());
            std::future::pending::<Result<(), Error>>().await
        };
        other.in_one_transaction(work).await
    });
    has_begun.await.unwrap();
    work.abort();
    assert!(work.await.unwrap_err().is_cancelled());
    add(&db, "whole", 1).await;
    assert_eq!(names(&db).await, ["whole"]);
}
