//! Copies of a SQLite store: of one that is in use, and back into a place where none is in use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tempfile::{NamedTempFile, PersistError};

use super::{Error, migrate};

/// How many pages one step copies.
const STEP_PAGES: i32 = 2_000;
/// The store's file in its folder.
const FILE: &str = "cognate.db";

/// Copies the store in `directory` into the new file `to`. Servers may go on writing: the copy is the store as it was
/// when the copying began. `progress` is told how many pages are copied, and how many there are.
pub fn backup(directory: &Path, to: &Path, progress: impl Fn(u64, u64)) -> Result<(), Error> {
    let from = directory.join(FILE);
    if to.exists() {
        return Err(Error::Open(format!("{} exists", to.display())));
    }
    let source = Connection::open_with_flags(&from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // A read that stays open holds the snapshot, else every write of a server would begin the copy anew.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT COUNT(*) FROM schema_migrations", [], |row| row.get::<_, i64>(0))?;
    // SQLite is told to follow no link, on the whole way.
    let folder = folder_of(to).canonicalize().map_err(|error| at(to, &error))?;
    let partial = make_private(&folder, to)?;
    copy(&source, partial.path(), progress)?;
    check(partial.path())?;
    // Whatever came into the place meanwhile stays.
    put(partial, to, NamedTempFile::persist_noclobber)
}

fn copy(source: &Connection, to: &Path, progress: impl Fn(u64, u64)) -> Result<(), Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut destination = Connection::open_with_flags(to, flags)?;
    let backup = Backup::new(source, &mut destination)?;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let state = backup.progress();
        let (left, all) = (state.remaining.unsigned_abs().into(), state.pagecount.unsigned_abs().into());
        progress(u64::saturating_sub(all, left), all);
        if step == StepResult::Done {
            break;
        }
    }
    drop(backup);
    // One file without a log beside it.
    destination.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(())
}

/// Puts a backup into `directory`, which no process may use. A store that is there already is kept beside it under
/// the name that is answered; without `replace` it is refused if it holds anything.
pub fn restore(from: &Path, directory: &Path, replace: bool) -> Result<Option<PathBuf>, Error> {
    check(from)?;
    let to = directory.join(FILE);
    let had_one = to.exists();
    if had_one {
        let is_empty = check_unused(&to)?;
        if !is_empty && !replace {
            return Err(Error::Open(format!("{} is not empty", to.display())));
        }
    }
    super::make_private_folder(directory).map_err(|error| at(directory, &error))?;
    let mut partial = make_private(directory, &to)?;
    let mut source = File::open(from).map_err(|error| at(from, &error))?;
    std::io::copy(&mut source, partial.as_file_mut()).map_err(|error| at(&to, &error))?;
    let replaced = beside(&to, "replaced");
    if had_one {
        fs::rename(&to, &replaced).map_err(|error| at(&to, &error))?;
    }
    for log in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(to.with_extension(log));
    }
    put(partial, &to, NamedTempFile::persist)?;
    Ok(had_one.then_some(replaced))
}

/// Refuses what is damaged, is no store of ours, or is newer than this program.
fn check(path: &Path) -> Result<(), Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(Error::Open(format!("{} is damaged: {found}", path.display())));
    }
    let mut statement = connection
        .prepare("SELECT number, name FROM schema_migrations ORDER BY number")
        .map_err(|_| Error::Open(format!("{} is no store of Cognate's", path.display())))?;
    let applied: Result<Vec<(i64, String)>, _> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect();
    migrate::check_known(migrate::MIGRATIONS, &applied?)
}

/// Refuses a store that another process has open; answers whether it is empty.
fn check_unused(path: &Path) -> Result<bool, Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let in_use = |_| Error::Open(format!("{} is in use: stop the server first", path.display()));
    connection.busy_timeout(std::time::Duration::from_millis(200))?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE").map_err(in_use)?;
    let has_pools = connection.query_row("SELECT COUNT(*) FROM pools", [], |row| row.get::<_, i64>(0));
    connection.execute_batch("COMMIT")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    // A file without our tables is one that was made and never used.
    Ok(has_pools.unwrap_or(0) == 0)
}

/// A new file in a folder, for this user alone, with a name that nobody foresees; it goes away unless it is put in its
/// place.
fn make_private(folder: &Path, to: &Path) -> Result<NamedTempFile, Error> {
    let mut prefix = to.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    // The file is made with O_EXCL, which follows no link, and with mode 0600.
    let made = tempfile::Builder::new().prefix(&prefix).suffix(".partial").tempfile_in(folder);
    made.map_err(|error| at(to, &error))
}

/// Moves a finished file into its place, so that it survives a loss of power.
fn put(
    partial: NamedTempFile,
    to: &Path,
    persist: fn(NamedTempFile, PathBuf) -> Result<File, PersistError>,
) -> Result<(), Error> {
    let moved = || {
        partial.as_file().sync_all()?;
        persist(partial, to.to_owned())?;
        File::open(folder_of(to))?.sync_all()
    };
    moved().map_err(|error: std::io::Error| at(to, &error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn at(path: &Path, error: &std::io::Error) -> Error {
    Error::Open(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Db, Param};
    use std::cell::Cell;

    async fn store(directory: &Path) -> Db {
        let db = Db::open_sqlite(directory).await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        db
    }

    async fn put_pool(db: &Db, id: &'static str) {
        db.write(move |tx| {
            tx.execute(
                "INSERT INTO pools (id, name, created_at, version, document) VALUES ($1, 'p', 0, 1, $2)",
                &[id.into(), Param::Text(&"x".repeat(500_000))],
            )
        })
        .await
        .map(drop)
        .unwrap_or_else(|error: Error| panic!("{error}"));
    }

    async fn pools(db: &Db) -> Vec<String> {
        let rows = db.read(|tx| tx.query("SELECT id FROM pools ORDER BY id", &[])).await.unwrap();
        rows.iter().map(|row| row.text(0).unwrap()).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_in_use_is_copied_as_it_was_and_put_back() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let db = store(here.path()).await;
        for id in
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s"]
        {
            put_pool(&db, id).await;
        }
        let (file, writer, steps) = (there.path().join("backup"), db.clone(), Cell::new(0));
        let runtime = tokio::runtime::Handle::current();
        let from = here.path().to_owned();
        let to = file.clone();
        let steps = tokio::task::spawn_blocking(move || {
            backup(&from, &to, |_, _| {
                // Another writes between two steps.
                let id: &'static str = Box::leak(format!("z{}", steps.get()).into_boxed_str());
                runtime.block_on(put_pool(&writer, id));
                steps.set(steps.get() + 1);
            })
            .unwrap();
            steps.get()
        })
        .await
        .unwrap();
        assert!(steps > 1, "{steps}");
        assert_eq!(pools(&db).await.len(), 19 + steps);
        assert!(backup(here.path(), &file, |_, _| {}).unwrap_err().to_string().contains("exists"));

        let in_use = restore(&file, here.path(), true).unwrap_err().to_string();
        assert!(in_use.contains("in use"), "{in_use}");
        db.close().await;
        let full = restore(&file, here.path(), false).unwrap_err().to_string();
        assert!(full.contains("is not empty"), "{full}");
        let kept = restore(&file, here.path(), true).unwrap().unwrap();
        assert!(kept.exists());
        let db = store(here.path()).await;
        assert_eq!(pools(&db).await.len(), 19);
        db.close().await;
        let empty = there.path().join("new");
        assert_eq!(restore(&file, &empty, false).unwrap(), None);
        let db = store(&empty).await;
        assert_eq!(pools(&db).await.len(), 19);
        db.close().await;
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread")]
    async fn copies_are_new_files_for_their_owner_alone() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let db = store(here.path()).await;
        put_pool(&db, "a").await;
        db.close().await;
        // Somebody who may write into the folder of backups has put links where the copy passes.
        let victim = there.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let file = there.path().join("backup");
        symlink(&victim, there.path().join("backup.partial")).unwrap();
        backup(here.path(), &file, |_, _| {}).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!(mode(&file), 0o600);
        // A link in the backup's own place is no place for it, whether it leads anywhere or not.
        for target in ["victim", "nowhere"] {
            let link = there.path().join(format!("link-to-{target}"));
            symlink(there.path().join(target), &link).unwrap();
            backup(here.path(), &link, |_, _| {}).unwrap_err();
            assert!(!there.path().join("nowhere").exists());
        }
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        // By way of a folder that is a link it may lie.
        let folder = there.path().join("folder");
        symlink(there.path(), &folder).unwrap();
        backup(here.path(), &folder.join("second"), |_, _| {}).unwrap();

        // A backup that everybody may read, as after a copy from elsewhere, becomes a store that they may not.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        let new = there.path().join("new");
        restore(&file, &new, false).unwrap();
        assert_eq!((mode(&new), mode(&new.join(FILE))), (0o700, 0o600));
        symlink(&victim, new.join("cognate.db.restoring")).unwrap();
        restore(&file, &new, true).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!(mode(&new.join(FILE)), 0o600);
        let db = store(&new).await;
        assert_eq!(pools(&db).await, ["a"]);
        for beside in ["cognate.db-wal", "cognate.db-shm"] {
            assert_eq!(mode(&new.join(beside)), 0o600, "{beside}");
        }
        db.close().await;
        let names: Vec<_> = fs::read_dir(there.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(
            !names.iter().any(|name| name.to_string_lossy().contains("backup.") && name != "backup.partial")
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_no_good_backup_is_refused() {
        let here = tempfile::tempdir().unwrap();
        let (text, other, newer) =
            (here.path().join("text"), here.path().join("other"), here.path().join("newer"));
        fs::write(&text, "no database, but long enough to be taken for one").unwrap();
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let db = store(&here.path().join("store")).await;
        db.close().await;
        backup(&here.path().join("store"), &newer, |_, _| {}).unwrap();
        Connection::open(&newer)
            .unwrap()
            .execute_batch("INSERT INTO schema_migrations VALUES (9999, 'future', 0)")
            .unwrap();
        for (file, expected) in [
            (&text, "not a database"),
            (&other, "no store of Cognate's"),
            (&newer, "newer"),
            (&here.path().join("none"), "open"),
        ] {
            let refusal = restore(file, &here.path().join("new"), false).unwrap_err().to_string();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }
}
