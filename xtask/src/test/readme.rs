//! The README's code, run as a newcomer would: block after block in one shell, beside the server it starts.
//!
//! A bash block is run as it stands. A block in another language opens with a comment that names its file; it is
//! written to that file, and a later bash block runs it. The block that starts the server runs in the background, and
//! the one that runs the tests is what is running.

use super::{
    Tally,
    children::{Running, run},
    server::{Server, tail},
    tools::Tools,
};
use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const START: &str = "cargo run";
const TEST: &str = "cargo xtask test";
/// The port that the README's commands name.
const PORT: u16 = 9229;
const PATIENCE: Duration = Duration::from_secs(600);
/// Printed by the shell after each block that succeeded.
const PASSED: &str = "=== passed";

#[derive(Debug, PartialEq)]
enum Block {
    Start,
    Test,
    Shell(String),
    File { name: String, text: String },
}

/// Runs all blocks and counts them.
pub fn run_blocks(tools: &Tools) -> Result<Tally> {
    let blocks = read_blocks(&fs::read_to_string(tools.root().join("README.md"))?)?;
    ensure!(blocks.contains(&Block::Start), "the README does not say `{START}`");
    ensure!(blocks.contains(&Block::Test), "the README does not say `{TEST}`");
    TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).with_context(|| {
        format!("the README's commands speak to port {PORT}, and something listens there")
    })?;
    let folder = tools.target().join("readme");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("work"))?;
    run(tools.cargo().args(["build", "--locked"]))?;
    let mut command = tools.cargo();
    command.args(START.split(' ').skip(1)).env("COGNATE_DATA_DIR", folder.join("cognate-data"));
    let mut server = Server::start(&mut command, PORT, &folder.join("server.log"), Duration::from_secs(120))?;
    let tally = run_shell(&blocks, &folder)?;
    server.check_health()?;
    Ok(tally)
}

/// Runs the shell's part, and counts a block that was not reached as failed.
fn run_shell(blocks: &[Block], folder: &Path) -> Result<Tally> {
    let log = folder.join("shell.log");
    let mut script = String::from("set -euo pipefail\n");
    for block in blocks {
        match block {
            Block::Start | Block::Test => {}
            Block::Shell(text) => script += &format!("set -x\n{text}\n{{ set +x; }} 2>/dev/null\n"),
            Block::File { name, text } => {
                script += &format!("cat > {name} <<'END-OF-BLOCK'\n{text}\nEND-OF-BLOCK\n")
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

/// The README's code blocks in their order. Blocks marked `text` show output and are not run.
fn read_blocks(readme: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let text: Vec<&str> =
            lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
        blocks.extend(read_block(language, &text.join("\n"))?);
    }
    for block in &blocks {
        if let Block::File { name, .. } = block {
            let is_run =
                blocks.iter().any(|other| matches!(other, Block::Shell(text) if text.contains(&**name)));
            ensure!(is_run, "no bash block of the README runs {name}");
        }
    }
    Ok(blocks)
}

fn read_block(language: &str, text: &str) -> Result<Option<Block>> {
    let mark = match language {
        "text" => return Ok(None),
        "bash" if text.trim() == START => return Ok(Some(Block::Start)),
        "bash" if text.trim() == TEST => return Ok(Some(Block::Test)),
        "bash" => return Ok(Some(Block::Shell(text.to_owned()))),
        "python" => "# ",
        "javascript" => "// ",
        _ => bail!("the README has a block in {language:?}, which the test cannot run:\n{text}"),
    };
    let name = text.lines().next().and_then(|line| line.strip_prefix(mark));
    let name = name.filter(|name| !name.contains(' '));
    let name =
        name.with_context(|| format!("a {language} block of the README does not name its file:\n{text}"))?;
    Ok(Some(Block::File { name: name.to_owned(), text: text.to_owned() }))
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
            Block::File { name: "a.py".into(), text: "# a.py\nprint()".into() },
            Block::Shell("python a.py\nls".into()),
            Block::Test,
        ];
        assert_eq!(read_blocks(readme).unwrap(), expected);
    }

    #[test]
    fn blocks_that_would_not_run_are_refused() {
        for readme in ["```\nls\n```", "```ruby\n1\n```", "```python\nprint()\n```", "```python\n# a.py\n```"]
        {
            assert!(read_blocks(readme).is_err(), "{readme}");
        }
    }
}
