//! `[passkeys]`: apps in which passkeys may be registered and used.

use super::section::Section;
use crate::config::Passkeys;
use anyhow::Result;
use rules::webauthn::origin;
use std::path::Path;

const MEMBERS: [&str; 1] = ["android_origins"];

/// Reads the section.
///
/// # Errors
/// A text that names the member.
pub fn read(table: &toml::Table, folder: &Path) -> Result<Passkeys> {
    let section = Section::new("[passkeys]", table, folder, &MEMBERS)?;
    let origins = section.texts("android_origins")?.unwrap_or_default();
    if !origins.iter().all(|app| origin::is_android(app)) {
        return Err(section.mistake(
            "android_origins must be origins of Android apps: android:apk-key-hash: and the SHA-256 hash of the \
             signing certificate, 43 characters of base64url",
        ));
    }
    Ok(Passkeys { android_origins: origins.into_iter().map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_of_android() {
        let read = |text: &str| read(&text.parse().unwrap(), Path::new("/"));
        let app = "android:apk-key-hash:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
        assert_eq!(read(&format!("android_origins = ['{app}']")).unwrap().android_origins, [app]);
        assert!(read("").unwrap().android_origins.is_empty());
        for text in [
            "android_origins = 'hunter2'",
            "android_origins = ['https://example.com']",
            "android_origins = ['android:apk-key-hash:hunter2']",
            "android_origins = [1]",
            "origins = ['x']",
        ] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.starts_with("[passkeys]: ") && !told.contains("hunter2"), "{told}");
        }
    }
}
