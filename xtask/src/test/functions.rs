//! The functions that the pools of the client programs name: the files of clients/handlers, the program of
//! clients/rust-handler, and the two that the client programs play themselves.

use super::{children::run, server::steady_port, tools::Tools};
use anyhow::Result;
use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// How a server runs them, and where the client programs play.
pub struct Functions {
    settings: PathBuf,
    invoke_port: u16,
    webhook_port: u16,
}

impl Functions {
    /// Writes a server's settings into `folder`.
    pub fn write_settings(tools: &Tools, folder: &Path) -> Result<Functions> {
        let handlers = tools.root().join("clients/handlers");
        let functions = Functions {
            settings: folder.join("functions.toml"),
            invoke_port: steady_port()?,
            webhook_port: steady_port()?,
        };
        let mut text = fs::read_to_string(handlers.join("functions.toml"))?;
        for (word, value) in [
            ("HANDLERS", handlers.display().to_string()),
            ("NODE_MODULES", tools.root().join("clients/node/node_modules").display().to_string()),
            ("PYTHON_PATH", python_path(tools)),
            ("RUST_HANDLER", rust_handler(tools).display().to_string()),
            ("INVOKE_PORT", functions.invoke_port.to_string()),
            ("WEBHOOK_PORT", functions.webhook_port.to_string()),
        ] {
            text = text.replace(word, &value);
        }
        fs::write(&functions.settings, text)?;
        fs::set_permissions(&functions.settings, fs::Permissions::from_mode(0o600))?;
        Ok(functions)
    }

    /// The file for `--config`.
    pub fn settings(&self) -> &Path {
        &self.settings
    }

    /// Tells a client program where it plays functions. Programs run side by side, so one program alone plays each.
    pub fn tell(&self, program: &mut Command) {
        program.env("COGNATE_TEST_INVOKE_PORT", self.invoke_port.to_string());
        program.env("COGNATE_TEST_WEBHOOK_PORT", self.webhook_port.to_string());
    }
}

/// Builds the function that is written in Rust.
pub fn build_rust_handler(tools: &Tools) -> Result<()> {
    let mut cargo = tools.cargo();
    cargo.args(["build", "--quiet", "--locked", "--manifest-path", "clients/rust-handler/Cargo.toml"]);
    run(cargo.arg("--target-dir").arg(rust_handler_target(tools)))
}

/// A PATH in which the Python that has the Python clients comes first.
pub fn python_path(tools: &Tools) -> String {
    let own = tools.python().parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    format!("{own}:{}", env::var("PATH").unwrap_or_default())
}

fn rust_handler(tools: &Tools) -> PathBuf {
    rust_handler_target(tools).join("debug/rust-handler")
}

/// Where it is built.
pub fn rust_handler_target(tools: &Tools) -> PathBuf {
    tools.target().join("rust-handler")
}
