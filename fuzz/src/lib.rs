//! What is thrown at everything that reads bytes from strangers: any input at all must be answered, never by a
//! panic, and what was written must be read back. Each module is a target of the fuzzer, and an ordinary test over
//! its corpus.

pub mod aws_json;
mod generated;
pub mod passkeys;
pub mod probe;
pub mod query_xml;
pub mod rest_json;
pub mod sigv4;
pub mod tokens;
pub mod trigger_reply;
pub mod user_filter;
mod values;

/// A target: its name, which is also the name of its program and of its corpus, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 9] = [
    ("aws_json", aws_json::run),
    ("passkey_proof", passkeys::proof),
    ("passkey_registration", passkeys::registration),
    ("query_xml", query_xml::run),
    ("rest_json", rest_json::run),
    ("sigv4", sigv4::run),
    ("tokens", tokens::run),
    ("trigger_reply", trigger_reply::run),
    ("user_filter", user_filter::run),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    #[expect(clippy::print_stdout, reason = "the last line names the input that failed")]
    fn every_input_of_the_corpus_is_answered() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for (name, run) in TARGETS {
            let files = fs::read_dir(folder.join(name)).unwrap();
            let mut count = 0;
            for file in files {
                let path = file.unwrap().path();
                println!("{}", path.display());
                run(&fs::read(path).unwrap());
                count += 1;
            }
            assert!(count > 1, "{name} has no corpus");
            // Whatever an empty or a plain input means to a target.
            for input in [&b""[..], b"\0", b"\xff\xff\xff\xff", &[b'a'; 2_000]] {
                run(input);
            }
        }
    }

    #[test]
    fn every_target_has_its_program() {
        let manifest = include_str!("../Cargo.toml");
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
        }
    }
}
