//! The tools that the tests need, found or installed: cargo's own under target/tools, Python's under
//! target/clients/venv, Node's under clients/node/node_modules, the rest (PostgreSQL, Chromium) from Debian's packages.

use super::{
    Part,
    children::{output, run, run_kept},
};
use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Cargo's tools: name, version, and the SHA-256 of the wheel in which Astral publishes that version on PyPI. Where no
/// wheel fits, cargo builds them.
const CARGO_TOOLS: [(&str, &str, &str); 2] = [
    ("cargo-nextest", "0.9.148", "76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968"),
    ("cargo-deny", "0.20.2", "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee"),
];
/// The least versions that the pinned clients accept.
const PYTHON_MIN: (u32, u32) = (3, 10);
const NODE_MIN: (u32, u32) = (20, 0);
/// Chromium and what is built from it, as their packages name the program. Debian keeps the newest version alone, so
/// none is pinned.
const CHROMIUMS: [&str; 3] = ["chromium", "google-chrome", "google-chrome-stable"];

pub struct Tools {
    root: PathBuf,
    target: PathBuf,
}

impl Tools {
    /// The places where the tools lie, or will.
    pub fn at(root: &Path) -> Tools {
        // This program lies in TARGET/debug/, wherever cargo was told to put its target folder.
        let here = env::current_exe().ok();
        let target = here.as_deref().and_then(Path::parent).and_then(Path::parent);
        let target = target.map_or_else(|| root.join("target"), Path::to_owned);
        Tools { root: root.to_owned(), target }
    }

    /// Installs what `only` this part needs, or what all parts need.
    pub fn install(root: &Path, only: Option<Part>) -> Result<Tools> {
        let tools = Tools::at(root);
        let has = |part| only.is_none_or(|one| one == part);
        if has(Part::Rust) {
            tools.install_cargo_tools()?;
        }
        if has(Part::Clients) || has(Part::Readme) {
            check_version("python3", PYTHON_MIN)?;
            check_version("node", NODE_MIN)?;
            check_version("npm", (8, 0))?;
            // Debian splits what makes virtual environments off from Python.
            if output(Command::new("python3").args(["-c", "import ensurepip"])).is_none() {
                install_packages(&["python3-venv"])?;
            }
        }
        if (has(Part::Clients) || has(Part::Readme)) && find_program("curl").is_none() {
            install_packages(&["curl"])?;
        }
        Ok(tools)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A cargo that finds the installed tools, in the workspace.
    pub fn cargo(&self) -> Command {
        let mut path = OsString::from(self.target.join("tools/bin"));
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).env("PATH", path);
        cargo
    }

    /// The Python that has the Python clients.
    pub fn python(&self) -> PathBuf {
        self.target.join("clients/venv/bin/python")
    }

    fn install_cargo_tools(&self) -> Result<()> {
        let is_missing = || CARGO_TOOLS.iter().any(|(name, version, _)| !self.has_cargo_tool(name, version));
        if is_missing()
            && let Err(error) = self.install_wheels()
        {
            println!("{error:#}");
        }
        for (name, version, _) in CARGO_TOOLS {
            if self.has_cargo_tool(name, version) {
                println!("{name} {version} is installed");
                continue;
            }
            println!("{name} {version} is built once; that takes minutes");
            let mut command = self.cargo();
            command.args(["install", name, "--version", version, "--locked", "--force", "--root"]);
            // Half the time of what its authors publish, and fast enough.
            command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off");
            run(command.arg(self.target.join("tools")))?;
        }
        Ok(())
    }

    fn has_cargo_tool(&self, name: &str, version: &str) -> bool {
        let subcommand = name.strip_prefix("cargo-").unwrap_or(name);
        let found = output(self.cargo().args([subcommand, "--version"])).unwrap_or_default();
        found.split_whitespace().nth(1) == Some(version)
    }

    /// Installs the wheels, whose programs come into the folder in which cargo looks.
    fn install_wheels(&self) -> Result<()> {
        let folder = self.target.join("tools");
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let wanted = folder.join("wheels.txt");
        let lines = CARGO_TOOLS.map(|(name, version, sha256)| {
            format!("astral-dev-toolchain-{name}=={version} --hash=sha256:{sha256}\n")
        });
        fs::write(&wanted, lines.concat())?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]);
        run(pip.arg(wanted))
    }

    /// Installs what the client programs use; what is printed is kept.
    pub fn install_clients(&self, kept: &mut String) -> Result<()> {
        self.install_python_clients(kept)?;
        self.install_node_clients(kept)?;
        install_browser(kept)
    }

    fn install_python_clients(&self, kept: &mut String) -> Result<()> {
        let wanted = self.root.join("clients/python/requirements.txt");
        let venv = self.target.join("clients/venv");
        if is_stamped(&venv, &wanted)? {
            kept.push_str("Python clients are installed\n");
            return Ok(());
        }
        let mut python = Command::new("python3");
        python.args(["-m", "venv", "--clear"]).arg(&venv);
        run_kept(python, kept)?;
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        pip.arg(&wanted);
        run_kept(pip, kept)?;
        stamp(&venv, &wanted)
    }

    fn install_node_clients(&self, kept: &mut String) -> Result<()> {
        let folder = self.root.join("clients/node");
        let wanted = folder.join("package-lock.json");
        let modules = folder.join("node_modules");
        if is_stamped(&modules, &wanted)? {
            kept.push_str("Node clients are installed\n");
            return Ok(());
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.current_dir(&folder);
        run_kept(npm, kept)?;
        stamp(&modules, &wanted)
    }
}

/// Whether `folder` was installed whole from the list that `wanted` holds now.
fn is_stamped(folder: &Path, wanted: &Path) -> Result<bool> {
    let list = fs::read(wanted).with_context(|| wanted.display().to_string())?;
    Ok(fs::read(folder.join(".installed-from")).is_ok_and(|installed| installed == list))
}

fn stamp(folder: &Path, wanted: &Path) -> Result<()> {
    fs::copy(wanted, folder.join(".installed-from"))?;
    Ok(())
}

fn check_version(program: &str, least: (u32, u32)) -> Result<()> {
    let text = output(Command::new(program).arg("--version"))
        .with_context(|| format!("{program} is needed and was not found"))?;
    let number = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let mut parts = number.split('.').map_while(|part| part.parse().ok());
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < least {
        bail!("{program} {}.{} or newer is needed, found {text}", least.0, least.1);
    }
    println!("{program} {}", text.trim_start_matches("Python "));
    Ok(())
}

/// Where a program lies, by PATH.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Where a Chromium lies.
pub fn find_chromium() -> Option<PathBuf> {
    CHROMIUMS.into_iter().find_map(find_program)
}

/// Installs the browser of the client programs, and what makes certificates for their pages.
fn install_browser(kept: &mut String) -> Result<()> {
    let chromium = find_chromium().is_none().then_some("chromium");
    let openssl = find_program("openssl").is_none().then_some("openssl");
    let missing: Vec<&str> = chromium.into_iter().chain(openssl).collect();
    if missing.is_empty() {
        kept.push_str("The browser is installed\n");
        return Ok(());
    }
    install_packages_by(&missing, |command| run_kept(command, kept))
}

/// Installs packages of the Debian release that this machine runs.
pub fn install_packages(names: &[&str]) -> Result<()> {
    install_packages_by(names, |mut command| run(&mut command))
}

fn install_packages_by(names: &[&str], mut run: impl FnMut(Command) -> Result<()>) -> Result<()> {
    if find_program("apt-get").is_none() {
        bail!("{} is needed; install it with this system's package manager", names.join(" and "));
    }
    let is_root = rustix::process::geteuid().is_root();
    let mut apt = |arguments: &[&str]| {
        let mut command = if is_root { Command::new("env") } else { Command::new("sudo") };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
        run(command)
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], names].concat())
}
