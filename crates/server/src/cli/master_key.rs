//! The master key: from the environment, or from a file that is made at the first start and never overwritten.

use crate::vault::{MASTER_KEY_BYTES, SystemRandom, Vault};
use anyhow::{Context as _, Result, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::Random as _;
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    path::Path,
};
use store::Db;
use zeroize::Zeroizing;

const FILE: &str = "master.key";
const VARIABLE: &str = "COGNATE_MASTER_KEY";
/// Under this name the store keeps what proves that a master key is the one its secrets are sealed with.
const CHECK: &str = "master_key_check";

type Key = Zeroizing<[u8; MASTER_KEY_BYTES]>;

/// Opens the vault of a store, with the key that its secrets are sealed with.
pub async fn open_vault(db: &Db, data_dir: &Path) -> Result<Vault> {
    let expected = db.read(|tx| store::settings::find(tx, CHECK)).await?;
    let (key, place) = match from_environment()? {
        Some(key) => (key, VARIABLE.to_owned()),
        None => {
            let path = data_dir.join(FILE);
            let key = match read(&path)? {
                Some(key) => key,
                None if expected.is_some() => bail!(
                    "{} is missing, and the store's secrets cannot be opened without it.\n\
                     Put the file back, or give the key in {VARIABLE}.",
                    path.display()
                ),
                None => make(&path).with_context(|| format!("cannot make {}", path.display()))?,
            };
            (key, path.display().to_string())
        }
    };
    let vault = Vault::new(&key);
    let proof = STANDARD.encode(vault.mac(CHECK, &[]));
    let written = proof.clone();
    let kept = db.write(move |tx| store::settings::keep_first(tx, CHECK, &written)).await?;
    if kept != proof {
        bail!("the key in {place} is not the one that this store's secrets are sealed with");
    }
    Ok(vault)
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
    let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| anyhow!("not base64"))?;
    let mut key = Zeroizing::new([0; MASTER_KEY_BYTES]);
    if bytes.len() != MASTER_KEY_BYTES {
        bail!("a master key has {MASTER_KEY_BYTES} bytes, not {}", bytes.len());
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

fn read(path: &Path) -> Result<Option<Key>> {
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => decode(&text).map(Some).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes a new key beside its place and links it there, which fails if another process was faster; then that
/// process's key is the key.
fn make(path: &Path) -> Result<Key> {
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder)?;
    let mut key = Zeroizing::new([0; MASTER_KEY_BYTES]);
    SystemRandom.fill(&mut *key);
    let temporary = path.with_extension(format!("{}.new", SystemRandom.uuid_v4()));
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
        let sealed = open_vault(&db, mine.path()).await.unwrap().seal("a", b"secret");
        let again = open_vault(&db, mine.path()).await.unwrap();
        assert_eq!(**again.try_open("a", &sealed).unwrap(), *b"secret");

        let missing = open_vault(&db, other.path()).await.unwrap_err().to_string();
        assert!(missing.contains("is missing"), "{missing}");
        assert!(!other.path().join(FILE).exists());
        open_vault(&store().await, other.path()).await.unwrap();
        let wrong = open_vault(&db, other.path()).await.unwrap_err().to_string();
        assert!(wrong.contains("is not the one"), "{wrong}");
    }

    #[test]
    fn the_file_is_for_its_owner_and_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join(FILE);
        let first = make(&path).unwrap();
        assert_eq!(make(&path).unwrap(), first);
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()),
            0o100_600
        );
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::write(&path, "short").unwrap();
        assert!(read(&path).is_err());
    }
}
