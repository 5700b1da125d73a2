//! The master key: from the environment, from a file that a setting names, or from one in the data folder that is made
//! at the first start and never overwritten.

use super::{
    random,
    settings::{environment::MASTER_KEY as VARIABLE, file::shown},
};
use crate::{
    clock::Clock,
    config::Config,
    secrets::{
        master_keys::{self, Secret as Key},
        vault::{KeyId, MASTER_KEY_BYTES, Vault},
    },
};
use anyhow::{Context as _, Result, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::Random as _;
use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};
use store::Db;
use zeroize::Zeroizing;

const FILE: &str = "master.key";

/// Where a master key was found.
pub enum Place {
    /// In the environment.
    Environment,
    /// In the file that a setting names, which is somebody else's to make and change.
    Named(PathBuf),
    /// In the data folder.
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Environment => f.write_str(VARIABLE),
            Place::Named(path) => f.write_str(&shown(path)),
            Place::File(path) => path.display().fmt(f),
        }
    }
}

/// The master key and where it was found, or should be: the environment, a file that a setting names, the data folder.
pub fn find(config: &Config) -> Result<(Option<Key>, Place)> {
    match (from_environment()?, &config.master_key_file) {
        (Some(_), Some(_)) => bail!("{VARIABLE} and --master-key-file say the same thing: choose one"),
        (Some(key), None) => return Ok((Some(key), Place::Environment)),
        (None, Some(path)) => return Ok((read(path)?, Place::Named(path.clone()))),
        (None, None) => {}
    }
    let path = config.data_dir.join(FILE);
    Ok((read(&path)?, Place::File(path)))
}

/// Opens the vault of a store, with the key that its secrets are sealed with.
pub async fn open_vault(db: &Db, config: &Config) -> Result<Vault> {
    let (key, place) = find(config)?;
    let key = match (key, &place) {
        (Some(key), _) => key,
        (None, Place::Named(path)) => {
            bail!("there is no master key in {} (--master-key-file)", shown(path))
        }
        (None, Place::File(path)) if !master_keys::is_sealed(db).await? => {
            make(path).with_context(|| format!("cannot make {}", path.display()))?
        }
        (None, _) => bail!(
            "{place} is missing, and the store's secrets cannot be opened without it.\n\
             Put the file back, or give the key in {VARIABLE}."
        ),
    };
    let vault = master_keys::open(db, random(), &key, Clock::System.now()).await?;
    vault.with_context(|| {
        format!("the key in {place} is not the one that this store's secrets are sealed with")
    })
}

/// The vault of a store that is new and ends with this process, with a key that is kept nowhere.
pub async fn new_vault(db: &Db) -> Result<Vault> {
    let vault = master_keys::open(db, random(), &new_key(), Clock::System.now()).await?;
    vault.context("a new store is sealed already")
}

fn new_key() -> Key {
    let mut key = Zeroizing::new([0; MASTER_KEY_BYTES]);
    random().fill(&mut *key);
    key
}

#[allow(clippy::disallowed_methods, reason = "not a flag, because other users can read a command line")]
fn from_environment() -> Result<Option<Key>> {
    match std::env::var(VARIABLE) {
        Ok(text) => Ok(Some(decode(&Zeroizing::new(text)).context(VARIABLE)?)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => bail!("{VARIABLE} is not base64"),
    }
}

fn decode(text: &str) -> Result<Key> {
    let bytes =
        STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| anyhow!("a master key is base64"))?;
    let mut key = Zeroizing::new([0; MASTER_KEY_BYTES]);
    if bytes.len() != MASTER_KEY_BYTES {
        bail!("a master key has {MASTER_KEY_BYTES} bytes, not {}", bytes.len());
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// The key in a file; none if there is no file.
pub fn read(path: &Path) -> Result<Option<Key>> {
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => decode(&text).map(Some).with_context(|| shown(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", shown(path))),
    }
}

/// Puts the key of another file into the place of the one in `path`, which is kept beside it under its key's name:
/// backups that were made under it need it.
pub fn replace(path: &Path, old: &Key, new: &Path) -> Result<PathBuf> {
    let kept = path.with_extension(format!("{}.old", KeyId::of(old)));
    match fs::hard_link(path, &kept) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => fs::rename(new, path)?,
    }
    File::open(path.parent().context("a file lies in a folder")?)?.sync_all()?;
    Ok(kept)
}

/// Writes a new key beside its place and links it there, which fails if another process was faster; then that
/// process's key is the key.
pub fn make(path: &Path) -> Result<Key> {
    let folder = path.parent().context("a file lies in a folder")?;
    store::db::make_private_folder(folder)?;
    let key = new_key();
    let temporary = path.with_extension(format!("{}.new", random().uuid_v4()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(*key)));
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&temporary, path));
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => File::open(folder)?.sync_all()?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    read(path)?.context("it vanished")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store() -> Db {
        let db = Db::open_memory().await.unwrap();
        db.migrate(0, |_, _| {}).await.unwrap();
        db
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_keeps_to_its_key() {
        let (mine, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let db = store().await;
        let config =
            |folder: &tempfile::TempDir| Config::local(([127, 0, 0, 1], 1).into(), folder.path().into());
        let (mine_config, other_config) = (config(&mine), config(&other));
        let sealed = open_vault(&db, &mine_config).await.unwrap().seal("a", b"secret");
        let again = open_vault(&db, &mine_config).await.unwrap();
        assert_eq!(**again.try_open("a", &sealed).unwrap(), *b"secret");

        let missing = open_vault(&db, &other_config).await.unwrap_err().to_string();
        assert!(missing.contains("is missing"), "{missing}");
        assert!(!other.path().join(FILE).exists());
        open_vault(&store().await, &other_config).await.unwrap();
        let wrong = open_vault(&db, &other_config).await.unwrap_err().to_string();
        assert!(wrong.contains("is not the one"), "{wrong}");

        // A key that a setting names lies where it lies, and is not made.
        let mut named = config(&other);
        named.master_key_file = Some(mine.path().join(FILE));
        open_vault(&db, &named).await.unwrap();
        named.master_key_file = Some(mine.path().join("nothing"));
        let missing = open_vault(&store().await, &named).await.unwrap_err().to_string();
        assert!(missing.contains("there is no master key in"), "{missing}");
        assert!(!mine.path().join("nothing").exists());
    }

    #[test]
    fn the_file_is_for_its_owner_and_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join(FILE);
        let first = make(&path).unwrap();
        assert_eq!(make(&path).unwrap(), first);
        #[cfg(unix)]
        for (path, expected) in [(&*path, 0o600), (path.parent().unwrap(), 0o700)] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
            assert_eq!(mode & 0o777, expected, "{}", path.display());
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::write(&path, "short").unwrap();
        assert!(read(&path).is_err());
    }
}
