use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::Poll;

use super::super::sqlite::Sqlite;
use super::*;

/// Occupies the writer until the second wait on the barrier.
async fn occupy(db: &Db) -> (Arc<Barrier>, tokio::task::JoinHandle<Result<(), Error>>) {
    let barrier = Arc::new(Barrier::new(2));
    let (theirs, held) = (Arc::clone(&barrier), db.clone());
    let task = tokio::spawn(async move {
        held.write(move |_| {
            theirs.wait();
            theirs.wait();
            Ok(())
        })
        .await
    });
    meet(&barrier).await;
    (barrier, task)
}

async fn meet(barrier: &Arc<Barrier>) {
    let barrier = Arc::clone(barrier);
    tokio::task::spawn_blocking(move || barrier.wait()).await.unwrap();
}

/// Polls a future once, which puts its job into the queue.
async fn enqueue<F: Future>(future: &mut Pin<Box<F>>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once() {
    let db = Db::Sqlite(Sqlite::open_temporary_with(2).unwrap());
    migrate::run(&db, TEST_SCHEMA, 0, |_, _| {}).await.unwrap();
    let (barrier, task) = occupy(&db).await;
    let mut first = Box::pin(db.write(|tx| insert(tx, "first", 1)));
    let mut second = Box::pin(db.write(|tx| insert(tx, "second", 1)));
    enqueue(&mut first).await;
    enqueue(&mut second).await;
    assert!(matches!(db.write(|tx| insert(tx, "third", 1)).await, Err(Error::Overloaded)));
    // Reads go on beside a writer that is busy.
    assert!(names(&db).await.is_empty());
    meet(&barrier).await;
    task.await.unwrap().unwrap();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 1));
    assert_eq!(names(&db).await, ["first", "second"]);
}

#[tokio::test]
async fn every_connection_keeps_as_many_pages_as_it_is_meant_to() {
    let db = Db::Sqlite(Sqlite::open_temporary_with(2).unwrap());
    let kept = |tx: &mut Tx<'_>| tx.query_one("PRAGMA cache_size", &[])?.ok_or(Error::Aborted)?.int(0);
    assert_eq!(db.write(kept).await.unwrap(), -4096);
    assert_eq!(db.look_up(kept).await.unwrap(), -5120);
    let readers = std::thread::available_parallelism().unwrap().get().clamp(2, 4) as i64;
    assert_eq!(db.read(kept).await.unwrap(), -32 * 1024 / readers);
}

#[test]
fn a_full_disk_is_named_as_such() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA max_page_count = 2; CREATE TABLE a (b)").unwrap();
    let full = connection.execute("INSERT INTO a VALUES (zeroblob(100000))", []).unwrap_err();
    let text = Error::from(full).to_string();
    assert!(text.contains("disk is full; make room"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbors_in_a_group_stand_or_fall_alone() {
    let db = Place::sqlite().open().await;
    let (barrier, task) = occupy(&db).await;
    let mut kept = Box::pin(db.write(|tx| insert(tx, "kept", 1)));
    let mut refused = Box::pin(db.write(|tx| {
        insert(tx, "refused", 1)?;
        Err::<(), _>(Error::ManyRows)
    }));
    let mut panicked = Box::pin(db.write(|tx| {
        insert(tx, "panicked", 1)?;
        if insert(tx, "panicked too", 1)? == 1 {
            panic!("on purpose");
        }
        Ok(())
    }));
    let mut last = Box::pin(db.write(|tx| insert(tx, "last", 1)));
    enqueue(&mut kept).await;
    enqueue(&mut refused).await;
    enqueue(&mut panicked).await;
    enqueue(&mut last).await;
    meet(&barrier).await;
    task.await.unwrap().unwrap();
    assert_eq!(kept.await.unwrap(), 1);
    assert!(matches!(refused.await, Err(Error::ManyRows)));
    assert!(matches!(panicked.await, Err(Error::Panicked)));
    assert_eq!(last.await.unwrap(), 1);
    assert_eq!(names(&db).await, ["kept", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_fails_its_whole_group() {
    let db = Place::sqlite().open().await;
    let table = "CREATE TABLE late (
        name TEXT PRIMARY KEY,
        other TEXT REFERENCES late (name) DEFERRABLE INITIALLY DEFERRED)";
    db.write(|tx| tx.batch(table)).await.unwrap();
    let (barrier, task) = occupy(&db).await;
    let mut neighbor = Box::pin(db.write(|tx| insert(tx, "neighbor", 1)));
    let mut dangling = Box::pin(db.write(|tx| tx.execute("INSERT INTO late VALUES ('a', 'nobody')", &[])));
    enqueue(&mut neighbor).await;
    enqueue(&mut dangling).await;
    meet(&barrier).await;
    assert!(matches!(task.await.unwrap(), Err(Error::Sqlite(_))));
    assert!(matches!(neighbor.await, Err(Error::Sqlite(_))));
    assert!(matches!(dangling.await, Err(Error::Sqlite(_))));
    assert!(names(&db).await.is_empty());
    add(&db, "next", 1).await;
}

#[tokio::test]
async fn the_files_are_private_and_the_log_is_folded_in() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("new/data");
    let db = Db::open_sqlite(&directory).await.unwrap();
    migrate::run(&db, TEST_SCHEMA, 0, |_, _| {}).await.unwrap();
    #[cfg(unix)]
    for (path, mode) in [(directory.clone(), 0o700), (directory.join("cognate.db"), 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{path:?}");
    }
    db.close().await;
    assert!(!directory.join("cognate.db-wal").exists());
    let file = directory.join("cognate.db");
    assert!(matches!(Db::open_sqlite(&file).await, Err(Error::Open(_))));
}

#[tokio::test]
async fn the_pragmas_are_set() {
    let db = Place::sqlite().open().await;
    for (pragma, expected) in
        [("foreign_keys", 1), ("synchronous", 2), ("wal_autocheckpoint", 20_000), ("query_only", 0)]
    {
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.query_one(&format!("PRAGMA {pragma}"), &[])?;
            row.ok_or(Error::Aborted)?.int(0)
        };
        assert_eq!(db.write(read).await.unwrap(), expected, "{pragma}");
    }
    let mode = db.read(|tx| tx.query_one("PRAGMA journal_mode", &[])).await.unwrap().unwrap();
    assert_eq!(mode.text(0).unwrap(), "wal");
}

#[tokio::test]
async fn a_memory_database_is_its_own_and_vanishes() {
    let (one, two) = (Db::open_memory().await.unwrap(), Db::open_memory().await.unwrap());
    migrate::run(&one, TEST_SCHEMA, 0, |_, _| {}).await.unwrap();
    migrate::run(&two, TEST_SCHEMA, 0, |_, _| {}).await.unwrap();
    add(&one, "a", 1).await;
    assert!(names(&two).await.is_empty());
    let row = one.read(|tx| tx.query("PRAGMA database_list", &[])).await.unwrap();
    let file = row[0].text(2).unwrap();
    assert!(std::fs::exists(&file).unwrap());
    one.close().await;
    drop(one);
    assert!(!std::fs::exists(&file).unwrap());
}
