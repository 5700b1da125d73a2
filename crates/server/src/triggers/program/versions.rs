//! Which version of a program's files a process was started from.

use super::Spec;
use crate::config::functions::Run;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How many files of a folder are looked at.
const FILES_MAX: usize = 1000;

/// The endings of what a handler loads.
const CODE: [&str; 5] = ["cjs", "js", "json", "mjs", "py"];

/// The names, lengths and times of the files; empty where changes are not looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version(Vec<(PathBuf, u64, Option<SystemTime>)>);

/// The handler's file and those beside it, or the file of a command that names one.
pub(super) fn version(spec: &Spec) -> Version {
    let mut files = match &spec.run {
        Run::Handler { file, .. } => beside(file).unwrap_or_default(),
        Run::Command(words) => {
            words.first().filter(|word| word.contains('/')).map(PathBuf::from).into_iter().collect()
        }
    };
    files.sort();
    files.dedup();
    Version(files.into_iter().filter_map(described).collect())
}

fn beside(file: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let others = fs::read_dir(folder)?.take(FILES_MAX).map(|entry| Ok(entry?.path()));
    let mut files = others.collect::<io::Result<Vec<PathBuf>>>()?;
    // A handler may write data into its folder at every call.
    files.retain(|file| file.extension().is_some_and(|ending| CODE.iter().any(|code| ending == *code)));
    // In a very large folder it may not have been among the first.
    files.push(file.to_owned());
    Ok(files)
}

fn described(file: PathBuf) -> Option<(PathBuf, u64, Option<SystemTime>)> {
    let metadata = fs::metadata(&file).ok().filter(|metadata| metadata.is_file())?;
    Some((file, metadata.len(), metadata.modified().ok()))
}
