//! The code of the README and of docs/triggers.md, run as a newcomer would: block after block in one shell, beside the
//! server it starts.
//!
//! A bash block is run as it stands. A block in another language opens with a comment that names its file; it is
//! written to that file, or to its end where the comment says `continued`, and another block uses it. The block that
//! starts the server runs in the background, and the README's that runs the tests is what is running. A block in Rust
//! shows a file of this repository, word for word.

use super::{
    Tally,
    children::{Running, run},
    functions::{python_path, rust_handler_target},
    server::{Server, tail},
    tools::Tools,
};
use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const README: &str = "README.md";
const TRIGGERS: &str = "docs/triggers.md";
const START: &str = "cargo run";
const TEST: &str = "cargo xtask test";
/// How docs/triggers.md starts the server, each time with more settings.
const START_WITH_SETTINGS: &str = "cognate serve --config cognate.toml";
/// The port that the commands name.
const PORT: u16 = 9229;
const PATIENCE: Duration = Duration::from_secs(600);
/// Printed by the shell after each block that succeeded.
const PASSED: &str = "=== passed";

/// What defines `serve` for the shell: it ends the server that ran before, and waits until the new one is ready.
const SERVE: &str = r#"
SERVER=
trap '[ -z "$SERVER" ] || kill $SERVER' EXIT
serve() {
  if [ -n "$SERVER" ]; then kill $SERVER; wait $SERVER || true; fi
  "$@" >> ../server.log 2>&1 &
  SERVER=$!
  for try in $(seq 600); do
    if curl -sf http://localhost:9229/_cognate/health/ready > ready; then rm ready; return; fi
    kill -0 $SERVER || break
    sleep 0.1
  done
  tail -n 20 ../server.log
  return 1
}
"#;

#[derive(Debug, PartialEq)]
enum Block {
    Start,
    StartWithSettings,
    Test,
    Shell(String),
    File { name: String, text: String, is_continued: bool },
    Shown { name: String, text: String },
}

/// Runs all blocks of the README and counts them.
pub fn run_readme(tools: &Tools) -> Result<Tally> {
    let blocks = read_blocks(&fs::read_to_string(tools.root().join(README))?)?;
    ensure!(blocks.contains(&Block::Start), "the README does not say `{START}`");
    ensure!(blocks.contains(&Block::Test), "the README does not say `{TEST}`");
    let folder = make_folder(tools, "readme")?;
    run(tools.cargo().args(["build", "--locked"]))?;
    let mut command = tools.cargo();
    command.args(START.split(' ').skip(1)).env("COGNATE_DATA_DIR", folder.join("cognate-data"));
    let mut server = Server::start(&mut command, PORT, &folder.join("server.log"), Duration::from_secs(120))?;
    let tally = run_shell(&blocks, &folder, |_| ())?;
    server.check_health()?;
    Ok(tally)
}

/// Runs all blocks of docs/triggers.md and counts them. They use the built server and the installed clients.
pub fn run_triggers(tools: &Tools) -> Result<Tally> {
    let blocks = read_blocks(&fs::read_to_string(tools.root().join(TRIGGERS))?)?;
    ensure!(blocks.contains(&Block::StartWithSettings), "{TRIGGERS} does not say `{START_WITH_SETTINGS}`");
    for block in &blocks {
        let Block::Shown { name, text } = block else { continue };
        let file = fs::read_to_string(tools.root().join(name)).with_context(|| name.clone())?;
        ensure!(file.trim() == text.trim(), "{TRIGGERS} shows another {name} than there is");
    }
    let folder = make_folder(tools, "triggers")?;
    run_shell(&blocks, &folder, |bash| {
        let program = tools.target().join("debug");
        bash.env("PATH", format!("{}:{}", program.display(), python_path(tools)));
        bash.env("COGNATE", tools.root());
        // What was built already is not built again.
        bash.env("CARGO_TARGET_DIR", rust_handler_target(tools));
        bash.envs([("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any")]);
        bash.env("AWS_DEFAULT_REGION", "us-east-1");
    })
}

/// An empty folder for the run of a document, where nothing has its port.
fn make_folder(tools: &Tools, name: &str) -> Result<PathBuf> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).with_context(|| {
        format!("the commands of documents speak to port {PORT}, and something listens there")
    })?;
    let folder = tools.target().join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("work"))?;
    Ok(folder)
}

/// Runs the shell's part, and counts a block that was not reached as failed. `prepare` gives it an environment.
fn run_shell(blocks: &[Block], folder: &Path, prepare: impl FnOnce(&mut Command)) -> Result<Tally> {
    let log = folder.join("shell.log");
    let mut script = format!("set -euo pipefail\n{SERVE}");
    for block in blocks {
        match block {
            Block::Start | Block::Test | Block::Shown { .. } => {}
            Block::StartWithSettings => script += &format!("serve {START_WITH_SETTINGS}\n"),
            Block::Shell(text) => script += &format!("set -x\n{text}\n{{ set +x; }} 2>/dev/null\n"),
            Block::File { name, text, is_continued } => {
                let to = if *is_continued { ">>" } else { ">" };
                script += &format!("cat {to} {name} <<'END-OF-BLOCK'\n{text}\nEND-OF-BLOCK\n")
            }
        }
        // The block's last line need not have ended.
        script += &format!("echo; echo '{PASSED}'\n");
    }
    fs::write(folder.join("script.sh"), script)?;
    let file = File::create(&log)?;
    let mut bash = Command::new("bash");
    bash.arg(folder.join("script.sh")).current_dir(folder.join("work"));
    bash.stdout(file.try_clone()?).stderr(file);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            bash.env_remove(name);
        }
    }
    prepare(&mut bash);
    let ended = Running::start(&mut bash, Signal::TERM)?.wait_until(Instant::now() + PATIENCE)?;
    let text = fs::read_to_string(&log)?;
    let passed = text.lines().filter(|line| *line == PASSED).count();
    let succeeded = ended.is_some_and(|status| status.success());
    if !succeeded || passed != blocks.len() {
        println!("{}", tail(&log, 60));
        println!("block {} of {} failed; its output is in {}", passed + 1, blocks.len(), log.display());
        return Ok(Tally { passed, failed: (blocks.len() - passed).max(1) });
    }
    Ok(Tally { passed, failed: 0 })
}

/// A document's code blocks in their order. Blocks marked `text` show output and are not run, nor are diagrams.
fn read_blocks(document: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let text: Vec<&str> =
            lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
        blocks.extend(read_block(language, &text.join("\n"))?);
    }
    for block in &blocks {
        if let Block::File { name, .. } = block {
            let is_used = blocks.iter().any(|other| match other {
                Block::Shell(text) => text.contains(&**name),
                Block::File { name: other, text, .. } => other != name && text.contains(&**name),
                Block::StartWithSettings => START_WITH_SETTINGS.contains(&**name),
                Block::Start | Block::Test | Block::Shown { .. } => false,
            });
            ensure!(is_used, "no other block uses {name}");
        }
    }
    Ok(blocks)
}

fn read_block(language: &str, text: &str) -> Result<Option<Block>> {
    let mark = match language {
        "text" | "mermaid" => return Ok(None),
        "bash" if text.trim() == START => return Ok(Some(Block::Start)),
        "bash" if text.trim() == START_WITH_SETTINGS => return Ok(Some(Block::StartWithSettings)),
        "bash" if text.trim() == TEST => return Ok(Some(Block::Test)),
        "bash" => return Ok(Some(Block::Shell(text.to_owned()))),
        "python" | "toml" => "# ",
        "javascript" | "rust" => "// ",
        _ => bail!("a document has a block in {language:?}, which the test cannot run:\n{text}"),
    };
    let named = text.lines().next().and_then(|line| line.strip_prefix(mark)).unwrap_or_default();
    let (name, is_continued) = named.strip_suffix(", continued").map_or((named, false), |name| (name, true));
    ensure!(
        !name.is_empty() && !name.contains(' '),
        "a {language} block of a document does not name its file:\n{text}"
    );
    let (name, text) = (name.to_owned(), text.to_owned());
    Ok(Some(match language {
        "rust" => Block::Shown { name, text },
        _ => Block::File { name, text, is_continued },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_in_order() {
        let readme = "# A\n```bash\ncargo run\n```\nb\n```text\nout\n```\n\
            ```python\n# a.py\nprint()\n```\n```bash\npython a.py\nls\n```\n```bash\ncargo xtask test\n```\n";
        let expected = [
            Block::Start,
            Block::File { name: "a.py".into(), text: "# a.py\nprint()".into(), is_continued: false },
            Block::Shell("python a.py\nls".into()),
            Block::Test,
        ];
        assert_eq!(read_blocks(readme).unwrap(), expected);
    }

    #[test]
    fn settings_grow_from_start_to_start() {
        let document = "```toml\n# cognate.toml\na = 1\n```\n```bash\ncognate serve --config cognate.toml\n```\n\
            ```mermaid\nx\n```\n```rust\n// b.rs\nfn main() {}\n```\n```toml\n# cognate.toml, continued\nc = 2\n```\n";
        let file = |text: &str, is_continued| Block::File {
            name: "cognate.toml".into(),
            text: text.into(),
            is_continued,
        };
        let expected = [
            file("# cognate.toml\na = 1", false),
            Block::StartWithSettings,
            Block::Shown { name: "b.rs".into(), text: "// b.rs\nfn main() {}".into() },
            file("# cognate.toml, continued\nc = 2", true),
        ];
        assert_eq!(read_blocks(document).unwrap(), expected);
    }

    #[test]
    fn blocks_that_would_not_run_are_refused() {
        for document in
            ["```\nls\n```", "```ruby\n1\n```", "```python\nprint()\n```", "```python\n# a.py\n```"]
        {
            assert!(read_blocks(document).is_err(), "{document}");
        }
    }
}
