//! `cargo xtask fuzz`: the targets of fuzz/ under libFuzzer, with the stable toolchain. It needs a C++ compiler.

use crate::test::{
    children::{self, run, run_kept},
    tools::Tools,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What makes rustc count which branches an input takes; cargo-fuzz sets the same.
const INSTRUMENTATION: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
];
/// An input that takes longer, in seconds, or more memory, in MiB, is a finding.
const INPUT_SECONDS_MAX: u32 = 10;
const MEMORY_MIB_MAX: u32 = 1024;

/// The instrumented programs.
pub struct Programs {
    folder: PathBuf,
    work: PathBuf,
    root: PathBuf,
}

/// The names of the targets, which are those of the folders of the corpus.
pub fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/corpus");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let names: Result<Vec<String>, _> = entries
        .map(|entry| Ok::<_, std::io::Error>(entry?.file_name().to_string_lossy().into_owned()))
        .collect();
    let mut names = names?;
    names.sort();
    Ok(names)
}

impl Programs {
    /// Builds them beside the others: code that counts is other code. Naming the platform keeps build scripts and
    /// macros as they are.
    pub fn build(tools: &Tools) -> Result<Programs> {
        let host =
            children::output(Command::new("rustc").arg("--print=host-tuple")).context("rustc has no host")?;
        let target = tools.target().join("fuzz");
        let mut cargo = tools.cargo();
        cargo.args(["build", "--locked", "--package", "cognate-fuzz", "--features", "libfuzzer", "--bins"]);
        cargo.args(["--config", "profile.dev.opt-level=1", "--target", &host, "--target-dir"]).arg(&target);
        // As one value with unit separators between: none of the arguments is split again.
        run(cargo.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\x1f")))?;
        let folder = target.join(host).join("debug");
        Ok(Programs { folder, work: target, root: tools.root().to_owned() })
    }

    /// Runs a target for so long, from the inputs in the repository and those that earlier runs found.
    /// What it prints is kept at the end of `kept`.
    pub fn run(&self, target: &str, seconds: u32, kept: &mut String) -> Result<()> {
        let [found, findings] = ["corpus", "findings"].map(|name| self.work.join(name).join(target));
        fs::create_dir_all(&found)?;
        fs::create_dir_all(&findings)?;
        let mut program = Command::new(self.folder.join(target));
        program
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
            .arg(format!("-artifact_prefix={}/", findings.display()))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .arg(found)
            .arg(self.root.join("fuzz/corpus").join(target));
        run_kept(program, kept).with_context(|| {
            format!(
                "{target} has a finding, the newest file in {}; make it a test, and an input in fuzz/corpus/{target}",
                findings.display()
            )
        })
    }
}

/// Runs one target, or each in turn.
pub fn run_fuzz(root: &Path, only: Option<&str>, seconds: u32) -> Result<()> {
    children::end_with_this_program()?;
    let names = targets(root)?;
    if let Some(only) = only.filter(|only| !names.iter().any(|name| name == only)) {
        bail!("no target is called {only}; there are {}", names.join(", "));
    }
    let programs = Programs::build(&Tools::at(root))?;
    names.iter().filter(|name| only.is_none_or(|only| only == *name)).try_for_each(|name| {
        let mut kept = String::new();
        let result = programs.run(name, seconds, &mut kept);
        println!("{kept}");
        result
    })
}
