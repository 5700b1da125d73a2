//! `cargo xtask tidy`: the house rules that rustfmt and clippy do not know (STYLE.md has their reasons).

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing of what a module owns.
const EMPTY_NAMES: [&str; 7] = ["utils", "helpers", "common", "manager", "service", "types", "misc"];

/// Folders that hold nothing written by hand, at any depth.
const SKIPPED_FOLDERS: [&str; 8] =
    ["target", ".git", "node_modules", "__pycache__", "generated", "models", "cognate-data", "snapshots"];

const TEXT_ENDINGS: [&str; 13] =
    ["rs", "py", "mjs", "cjs", "js", "md", "toml", "json", "sql", "html", "css", "yml", "txt"];

/// Prose may speak of open ends; code names the issue.
const CODE_ENDINGS: [&str; 7] = ["rs", "py", "mjs", "cjs", "js", "sql", "toml"];

/// Fails with a line for every place below `root` that breaks a rule.
pub fn run(root: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut complaints = Vec::new();
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let name = file.strip_prefix(root).expect("collected below root");
        complaints.extend(check(name, &text).into_iter().map(|what| format!("{}{what}", name.display())));
    }
    if !complaints.is_empty() {
        bail!("{} places to tidy\n{}", complaints.len(), complaints.join("\n"));
    }
    println!("{} files are tidy", files.len());
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !SKIPPED_FOLDERS.contains(&&*name) {
                collect(&entry.path(), files)?;
            }
        } else if has_ending(Path::new(&*name), &TEXT_ENDINGS) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn has_ending(file: &Path, endings: &[&str]) -> bool {
    file.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known))
}

/// The complaints about one file, each beginning with `:LINE: ` or `: `.
fn check(file: &Path, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            complaints.push(format!(":{}: space at the end of the line", number + 1));
        }
        if has_ending(file, &CODE_ENDINGS) && has_open_end(line) {
            complaints.push(format!(":{}: an open end without its issue's number (#NNN)", number + 1));
        }
    }
    if has_ending(file, &["rs"]) {
        complaints.extend(empty_names(file));
        if is_measured(file) {
            complaints.extend(too_long(text));
            let shown = crate::secrets::derived_debug(&file.to_string_lossy(), text);
            complaints.extend(
                shown.iter().map(|line| format!(":{line}: a derived Debug shows what sounds secret")),
            );
        }
    }
    complaints
}

/// Whether a line leaves work for later without saying in which issue.
fn has_open_end(line: &str) -> bool {
    // Put together here so that this file does not complain about itself.
    let word = concat!("TO", "DO");
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].trim_start_matches(['(', ':', ' ']);
        let is_word = !before.is_some_and(char::is_alphanumeric)
            && !line[at + word.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let names_issue = after
            .strip_prefix('#')
            .is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
        is_word && !names_issue
    })
}

fn empty_names(file: &Path) -> Option<String> {
    let path = file.with_extension("");
    let name = path.iter().filter_map(|part| part.to_str()).find(|part| EMPTY_NAMES.contains(part))?;
    Some(format!(": the name `{name}` does not say what the module owns"))
}

/// Sources are measured, tests are not: a table of cases may be long.
fn is_measured(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().filter_map(|part| part.to_str()).collect();
    let is_source =
        matches!(parts[..], ["crates", _, "src", ..] | ["xtask", "src", ..] | ["xtask", _, "src", ..]);
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    is_source && !parts.contains(&"tests") && name != "tests" && !name.ends_with("_tests")
}

/// The complaints about the length of a file and of its functions, the test module at its end left out.
fn too_long(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod "));
    lines.truncate(tests.unwrap_or(lines.len()));
    let mut complaints = Vec::new();
    if lines.len() > FILE_LINES_MAX {
        complaints.push(format!(": {} lines, more than {FILE_LINES_MAX}", lines.len()));
    }
    for (start, line) in lines.iter().enumerate() {
        if let Some(length) = function_length(&lines[start..], line)
            && length > FUNCTION_LINES_MAX
        {
            complaints.push(format!(":{}: a function of {length} lines", start + 1));
        }
    }
    complaints
}

/// How many lines the function takes that begins with `line`, if one does. rustfmt puts a function's closing brace
/// under its first letter, so nothing needs to be parsed. Arms of one line are rows of a table and are not counted.
fn function_length(lines: &[&str], line: &str) -> Option<usize> {
    const QUALIFIERS: [&str; 7] = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "default"];
    let mut words = line.split_whitespace().skip_while(|word| QUALIFIERS.contains(word));
    if words.next() != Some("fn") || line.ends_with(['}', ';']) {
        return None;
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    for (offset, later) in lines.iter().enumerate().skip(1) {
        match later.strip_prefix(indent) {
            Some("}") => {
                return Some(offset + 1 - lines[..offset].iter().filter(|line| is_row(line)).count());
            }
            // The end of a signature without a body.
            Some(rest) if rest.starts_with(')') && rest.ends_with(';') => return None,
            _ => {}
        }
    }
    None
}

fn is_row(line: &str) -> bool {
    line.contains(" => ") && line.ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_tidy() {
        if let Err(complaints) = run(&crate::root()) {
            panic!("{complaints:#}");
        }
    }

    #[test]
    fn open_ends_name_their_issue() {
        let word = concat!("TO", "DO");
        for (line, expected) in [
            (format!("// {word}: later"), true),
            (format!("// {word}(#12): later"), false),
            (format!("// {word} #12"), false),
            (format!("let {word}S = 1;"), false),
            ("nothing".to_owned(), false),
        ] {
            assert_eq!(has_open_end(&line), expected, "{line}");
        }
    }

    #[test]
    fn functions_are_measured() {
        let text =
            format!("impl A {{\n    pub async fn long() {{\n{}    }}\n}}\n", "        a();\n".repeat(70));
        assert_eq!(too_long(&text), [":2: a function of 72 lines"]);
        let table =
            format!("fn table() {{\n    match a {{\n{}    }}\n}}\n", "        A => a(),\n".repeat(90));
        assert_eq!(too_long(&table), [""; 0]);
        let signature =
            format!("trait A {{\n    fn a(\n        b: u8,\n    ) -> u8;\n}}\n{}", "a\n".repeat(80));
        assert_eq!(too_long(&signature), [""; 0]);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "a\n".repeat(600));
        assert_eq!(too_long(&tests), [""; 0]);
        assert_eq!(too_long(&"a\n".repeat(501)), [": 501 lines, more than 500"]);
    }

    #[test]
    fn empty_names_are_refused() {
        assert!(empty_names(Path::new("crates/store/src/utils.rs")).is_some());
        assert!(empty_names(Path::new("crates/store/src/helpers/row.rs")).is_some());
        assert!(empty_names(Path::new("crates/store/src/users.rs")).is_none());
    }
}
