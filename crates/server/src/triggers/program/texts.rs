//! What is said of a program that did not start, or ended.

use super::super::invocation::Failure;
use crate::config::functions::{Language, Run};
use std::{io, process::ExitStatus};

/// The names of errors of Lambda's Invoke API that fit best.
const NOT_FOUND: &str = "ResourceNotFoundException";
const SERVICE: &str = "ServiceException";

/// A process ended while its call waited.
// K: wording of AWS Lambda
pub(super) fn exit_text(id: &str, status: Option<ExitStatus>) -> String {
    let how = match status {
        Some(status) if status.success() => None,
        Some(status) => Some(status_text(status)),
        None => Some("unknown".to_owned()),
    };
    match how {
        Some(how) => format!("RequestId: {id} Error: Runtime exited with error: {how}"),
        None => format!("RequestId: {id} Error: Runtime exited without providing a reason"),
    }
}

fn status_text(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            6 => "signal: aborted".to_owned(),
            9 => "signal: killed".to_owned(),
            11 => "signal: segmentation fault".to_owned(),
            15 => "signal: terminated".to_owned(),
            other => format!("signal: {other}"),
        };
    }
    format!("exit status {}", status.code().unwrap_or_default())
}

/// The program, as the operator named it.
fn named(run: &Run) -> String {
    match run {
        Run::Handler { file, .. } => format!("the handler {}", file.display()),
        Run::Command(words) => {
            format!("the command {:?}", words.first().map(String::as_str).unwrap_or_default())
        }
    }
}

/// A process ended, or gave up, before it asked for an event.
pub(super) fn not_up(run: &Run, message: &str) -> Failure {
    Failure::Unavailable {
        name: SERVICE.to_owned(),
        reason: format!("{} could not be started: {message}", named(run)),
    }
}

/// Why nothing was started, and what helps.
pub(super) fn not_started(run: &Run, error: &io::Error) -> Failure {
    let what = named(run);
    if error.kind() != io::ErrorKind::NotFound {
        let reason = format!("{what} could not be started: {error}");
        return Failure::Unavailable { name: SERVICE.to_owned(), reason };
    }
    let reason = match run {
        Run::Handler { file, .. } if !file.is_file() => {
            format!("{what} does not exist: put the file there, or correct the setting")
        }
        Run::Handler { language: Language::Node, .. } => {
            format!(
                "{what} needs Node, but there is no node in PATH: install Node, or add its folder to PATH"
            )
        }
        Run::Handler { language: Language::Python, .. } => {
            format!(
                "{what} needs Python, but there is no python3 in PATH: install Python, or add its folder to PATH"
            )
        }
        Run::Command(_) => format!("{what} was not found: install it, or name it with its folder"),
    };
    Failure::Unavailable { name: NOT_FOUND.to_owned(), reason }
}
