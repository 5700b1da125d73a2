//! Types whose derived Debug would print a secret. The generated types have a test of their own in `fuzz::probe`.

/// A field whose name holds one of these words holds a secret.
const WORDS: [&str; 13] = [
    "code", "hash", "key", "nonce", "password", "private", "salt", "secret", "seed", "session", "token",
    "typed", "verifier",
];

/// What a secret can be read from.
const READABLE: [&str; 5] = ["String", "str", "u8", "Zeroizing", "Blob"];

/// Fields that sound like a secret and are none, by the end of their file's name and their own.
const HARMLESS: [(&str, &str); 15] = [
    // The name of a key, of a use, or a public half.
    ("server/src/keys/ring.rs", "verifiers"),
    ("server/src/callers/operator.rs", "access_key"),
    ("store/src/keys.rs", "public_key"),
    ("store/src/keys.rs", "token_use"),
    ("rules/src/tokens/mod.rs", "token_use"),
    ("rules/src/user/passkey.rs", "public_key"),
    // A device's name, which access tokens carry.
    ("rules/src/tokens/mod.rs", "device_key"),
    ("rules/src/tokens/refresh.rs", "device_key"),
    ("rules/src/sign_in/assurance.rs", "device_key"),
    ("rules/src/user/device.rs", "key"),
    ("rules/src/webauthn/mod.rs", "public_key"),
    // An error's name.
    ("store/src/db/error.rs", "code"),
    // Of no use without the server's own keys: a code's keyed hash, a salt, and what tokens are derived from.
    ("rules/src/sign_in/challenge.rs", "code"),
    ("rules/src/sign_in/mod.rs", "password"),
    ("rules/src/tokens/mod.rs", "nonce"),
];

/// The lines of fields that a derived Debug would print though they sound like a secret.
pub fn derived_debug(file: &str, text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut derived_at: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.starts_with("#[derive(") {
            derived_at = line.contains("Debug").then_some(indent);
        } else if derived_at.is_some_and(|at| indent == at && line.ends_with(['}', ';'])) {
            derived_at = None;
        } else if derived_at.is_some_and(|at| indent > at)
            && let Some((name, kind)) = field(line)
            && WORDS.iter().any(|word| name.contains(word))
            && kind.split(|c: char| !c.is_alphanumeric()).any(|part| READABLE.contains(&part))
            && !HARMLESS.iter().any(|(end, harmless)| file.ends_with(end) && name == *harmless)
        {
            found.push(number + 1);
        }
    }
    found
}

/// Name and type in `pub name: Type,`.
fn field(line: &str) -> Option<(&str, &str)> {
    let line =
        line.strip_prefix("pub ").or_else(|| line.split_once(") ").map(|(_, rest)| rest)).unwrap_or(line);
    let (name, kind) = line.strip_suffix(',')?.split_once(": ")?;
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_').then_some((name, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found() {
        let text = "#[derive(Clone, Debug)]\npub struct A {\n    /// The code: secret,\n    pub id: String,\n    \
                    pub(crate) client_secret: Option<String>,\n    token: Vec<u8>,\n    sealed_secret: Sealed,\n}\n\n\
                    #[derive(Clone)]\nstruct B {\n    password: String,\n}\n\n\
                    #[derive(Debug)]\nenum C {\n    D {\n        code: [u8; 6],\n    },\n}\n\
                    fn f() {\n    let code: String = x(\n        password: String,\n    );\n}\n";
        assert_eq!(derived_debug("crates/a/src/b.rs", text), [5, 6, 18]);
        assert_eq!(
            derived_debug(
                "crates/store/src/keys.rs",
                "#[derive(Debug)]\nstruct A {\n    token_use: String,\n}\n"
            ),
            [0; 0]
        );
    }
}
