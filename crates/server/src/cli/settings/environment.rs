//! The environment: a variable with our prefix is one that is known, or the program does not start. A misspelt
//! COGNATE_MODE would leave administration open.

use super::all;
use crate::config::text::nearest;
use anyhow::{Result, bail};
use std::ffi::OsStr;

const PREFIX: &str = "COGNATE_";
/// What our own tests and tools are told by.
const OF_TESTS: &str = "COGNATE_TEST_";
/// The master key itself, which is no setting because a flag can be read by every user of the machine.
pub const MASTER_KEY: &str = "COGNATE_MASTER_KEY";

/// Refuses a variable that is none of ours though it looks like one.
#[allow(clippy::disallowed_methods, reason = "the names of all variables, before any is read")]
pub fn check() -> Result<()> {
    check_all(std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value))))
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

fn check_all(variables: impl Iterator<Item = (String, String)>) -> Result<()> {
    let known: Vec<String> =
        all().iter().filter_map(|arg| arg.get_env().map(lossy)).chain([MASTER_KEY.to_owned()]).collect();
    for (name, value) in variables {
        let is_ours = name.starts_with(PREFIX) && !name.starts_with(OF_TESTS);
        if !is_ours || known.contains(&name) || is_of_orchestrator(&name, &value) {
            continue;
        }
        match nearest(&name, known.iter().map(String::as_str)) {
            Some(meant) => bail!("there is no setting {name}; the nearest is {meant}"),
            None => bail!("there is no setting {name}: `cognate --help` lists all"),
        }
    }
    Ok(())
}

/// Whether Kubernetes set the variable for a Service named `cognate`, or beginning so: `COGNATE_SERVICE_HOST`,
/// `COGNATE_PORT=tcp://…`, `COGNATE_PORT_9229_TCP_ADDR` and so on. Docker's links look alike.
fn is_of_orchestrator(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let is_port = name.split_once("_PORT_").is_some_and(|(_, rest)| {
        let (port, rest) = rest.split_once('_').unwrap_or_default();
        let protocol = rest.split('_').next().unwrap_or_default();
        port.parse::<u16>().is_ok() && ["TCP", "UDP", "SCTP"].contains(&protocol)
    });
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && is_address)
        || is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_known_or_refused() {
        for (name, value, expected) in [
            ("COGNATE_MODE", "production", None),
            ("COGNATE_MASTER_KEY", "x", None),
            ("COGNATE_MASTER_KEY_FILE", "/x", None),
            ("COGNATE_SMTP_URL_FILE", "/x", None),
            ("COGNATE_TEST_POSTGRES_URL", "x", None),
            ("PATH", "/bin", None),
            ("COGNATE_SERVICE_HOST", "10.0.0.1", None),
            ("COGNATE_SERVICE_PORT_HTTP", "9229", None),
            ("COGNATE_PORT", "tcp://10.0.0.1:9229", None),
            ("COGNATE_PORT_9229_TCP", "tcp://10.0.0.1:9229", None),
            ("COGNATE_METRICS_PORT_9229_TCP_ADDR", "10.0.0.1", None),
            ("COGNATE_MDOE", "production", Some("the nearest is COGNATE_MODE")),
            ("COGNATE_LISTN", "1", Some("the nearest is COGNATE_LISTEN")),
            ("COGNATE_MASTERKEY", "hunter2", Some("the nearest is COGNATE_MASTER_KEY")),
            ("COGNATE_PORT", "9229", Some("there is no setting COGNATE_PORT")),
            ("COGNATE_PORT_MODE", "hunter2", Some("there is no setting COGNATE_PORT_MODE")),
            ("COGNATE_", "", Some("there is no setting")),
            ("COGNATE_ADMIN_PASSWORD", "hunter2", Some("`cognate --help` lists all")),
        ] {
            let found = check_all([(name.to_owned(), value.to_owned())].into_iter());
            let text = found.err().map(|error| error.to_string());
            assert!(text.as_deref().is_none_or(|text| !text.contains("hunter2")), "{text:?}");
            match expected {
                None => assert_eq!(text, None, "{name}"),
                Some(part) => {
                    assert!(text.as_ref().is_some_and(|text| text.contains(part)), "{name}: {text:?}")
                }
            }
        }
    }
}
