//! From where passkeys may be registered and used, beside the pages of their relying parties.

/// What the installation says of passkeys.
#[derive(Clone, Debug, Default)]
pub struct Passkeys {
    /// Origins of Android apps, as `android:apk-key-hash:` and a hash.
    pub android_origins: Vec<String>,
}
