//! The environment of a program: what Lambda gives, what its settings name, and nothing of the server's.

use super::{Lambda, Spec};
use crate::config::functions::Run;
use std::{collections::BTreeMap, ffi::OsString, path::Path};

/// D: AWS's guide, "Defined runtime environment variables": the names that a function's settings cannot have.
const RESERVED: [&str; 13] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// Likewise where they name an access key of this server. Without one they say as whom and where the program calls AWS.
const OF_CREDENTIALS: [&str; 5] =
    ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION", SECRET_ACCESS_KEY, "AWS_SESSION_TOKEN"];

/// The variable that holds a secret.
pub(super) const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";

/// Where programs are sought when the server has no PATH itself.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A folder that is not there, because files of others could wait in one that everybody may write to.
const HOME: &str = "/nonexistent";

const MEMORY_MB: &str = "128";

/// Refuses names that are Lambda's own, and what no environment can hold.
///
/// # Errors
/// A text for the operator.
pub fn check(variables: &BTreeMap<String, String>, has_access_key: bool) -> Result<(), String> {
    for (name, value) in variables {
        let mut letters = name.bytes();
        let is_name = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
        if OF_CREDENTIALS.contains(&name.as_str()) && has_access_key {
            return Err(format!("environment cannot name {name} beside access_key, which sets it"));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(format!("environment cannot name {name}, which Lambda sets itself"));
        }
        if !is_name {
            return Err(format!(
                "environment cannot name {name:?}, which is no name of a variable: letters, digits and underscores, a letter first"
            ));
        }
        if value.contains('\0') {
            return Err(format!("environment has a zero byte in the value of {name}"));
        }
    }
    Ok(())
}

/// All variables of a process.
pub(super) fn variables(spec: &Spec, lambda: &Lambda) -> Vec<(String, OsString)> {
    let mut all: BTreeMap<String, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        all.insert(name.to_owned(), value.into());
    };
    set("TZ", ":UTC");
    set("LANG", "en_US.UTF-8");
    set("HOME", HOME);
    set("AWS_ENDPOINT_URL", &spec.server_url);
    set("AWS_LAMBDA_FUNCTION_NAME", &lambda.function);
    set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MB);
    set("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", lambda.function));
    set("AWS_LAMBDA_LOG_STREAM_NAME", &lambda.log_stream);
    set("AWS_LAMBDA_RUNTIME_API", &lambda.runtime_api);
    set("AWS_REGION", &spec.region);
    set("AWS_DEFAULT_REGION", &spec.region);
    set("_HANDLER", &handler(&spec.run));
    if let Some((id, secret)) = &spec.access_key {
        set("AWS_ACCESS_KEY_ID", id);
        set(SECRET_ACCESS_KEY, secret);
    }
    // Checked before, so that what Lambda sets stays.
    for (name, value) in &spec.environment {
        set(name, value);
    }
    all.insert("LAMBDA_TASK_ROOT".to_owned(), spec.folder.clone().into());
    // Where programs lie is the one thing that it shares with the server, and it is no secret.
    all.entry("PATH".to_owned())
        .or_insert_with(|| std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into()));
    all.into_iter().collect()
}

/// What Lambda calls a handler: the file without its ending, and the function.
fn handler(run: &Run) -> String {
    match run {
        Run::Handler { file, export, .. } => {
            let stem = file.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
            format!("{stem}.{export}")
        }
        Run::Command(words) => {
            let name = words.first().and_then(|word| Path::new(word).file_name());
            name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        }
    }
}

/// The function's name in an ARN, `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`.
pub fn function_name(arn: &str) -> &str {
    arn.split(':').nth(6).filter(|name| !name.is_empty()).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_lambda_reserves_are_refused() {
        let cases = [
            ("TABLE", "users", true),
            ("PATH", "/opt/bin", true),
            ("AWS_ENDPOINT_URL", "https://example.com", true),
            ("AWS_EXECUTION_ENV", "x", false),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1", false),
            ("_HANDLER", "a.b", false),
            ("_MINE", "x", false),
            ("A=B", "x", false),
            ("", "x", false),
            ("A", "x\0y", false),
        ];
        for (name, value, expected) in cases {
            let variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            for has_access_key in [false, true] {
                assert_eq!(check(&variables, has_access_key).is_ok(), expected, "{name}");
            }
        }
        for name in OF_CREDENTIALS {
            let variables = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
            assert_eq!(check(&variables, false), Ok(()));
            assert!(check(&variables, true).unwrap_err().contains("beside access_key"));
        }
    }

    #[test]
    fn a_functions_name_stands_in_its_arn() {
        let cases = [
            ("arn:aws:lambda:eu-central-1:123456789012:function:pre-token", "pre-token"),
            ("arn:aws:lambda:eu-central-1:123456789012:function:pre-token:live", "pre-token"),
            (
                "arn:aws:lambda:eu-central-1:123456789012:function:",
                "arn:aws:lambda:eu-central-1:123456789012:function:",
            ),
            ("something", "something"),
        ];
        for (arn, expected) in cases {
            assert_eq!(function_name(arn), expected);
        }
    }
}
