//! How the Lambda functions that pools name are run: one entry for each function, or for all whose ARN fits a pattern.

use reqwest::Url;
use std::{collections::BTreeMap, path::PathBuf};
use zeroize::Zeroizing;

/// How functions whose ARN fits a pattern are run. It has no Debug, because it holds secrets.
#[derive(Clone)]
pub struct Function {
    /// The ARN, where `*` stands for any characters.
    pub arn: String,
    /// The pools whose function it may be, likewise.
    pub pools: Vec<String>,
    /// The way.
    pub way: Way,
    /// How many calls of one function run at once.
    pub concurrency: usize,
}

/// A way to run a function.
#[derive(Clone)]
pub enum Way {
    /// By the Lambda Invoke API.
    Invoke(Invoke),
    /// By a signed POST.
    Webhook(Webhook),
    /// By a program on this machine that speaks the Lambda Runtime API.
    Program(Program),
}

/// The Lambda Invoke API.
#[derive(Clone)]
pub struct Invoke {
    /// Its address, without a path.
    pub endpoint: Url,
    /// The region that requests are signed for.
    pub region: String,
    /// Access key id and secret access key; none: requests are not signed.
    pub credentials: Option<(String, Zeroizing<String>)>,
}

/// A signed POST.
#[derive(Clone)]
pub struct Webhook {
    /// Where to.
    pub url: Url,
    /// The secrets that sign, one or two.
    pub secrets: Vec<Zeroizing<String>>,
}

/// A program on this machine.
#[derive(Clone)]
pub struct Program {
    /// What is started.
    pub run: Run,
    /// Variables of its environment, beside Lambda's own.
    pub environment: BTreeMap<String, String>,
    /// The id and the secret of the access key that it calls this server with.
    pub access_key: Option<(String, Zeroizing<String>)>,
}

/// What is started.
#[derive(Clone)]
pub enum Run {
    /// A file of Node or Python, by the loader inside this program.
    Handler {
        /// The file.
        file: PathBuf,
        /// The name of the function in it.
        export: String,
        /// What runs it.
        language: Language,
    },
    /// A program and its arguments.
    Command(Vec<String>),
}

/// What runs a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `node`.
    Node,
    /// `python3`.
    Python,
}

/// The export that a file's handler has unless another is named.
const DEFAULT_EXPORT: &str = "handler";

impl Run {
    /// The setting `handler`: a file, and after `#` the name of the function in it.
    ///
    /// # Errors
    /// A text that names the forms.
    pub fn read(text: &str) -> Result<Run, String> {
        let (file, export) = text.rsplit_once('#').unwrap_or((text, DEFAULT_EXPORT));
        let file = PathBuf::from(file);
        let language = match file.extension().and_then(|extension| extension.to_str()) {
            Some("mjs" | "cjs" | "js") => Language::Node,
            Some("py") => Language::Python,
            _ => {
                return Err(format!(
                    "the handler {text:?} must be a file of Node (.mjs, .cjs, .js) or Python (.py), such as \
                     triggers/pre-token.mjs or triggers/pre_token.py#lambda_handler; anything else is started as a \
                     command"
                ));
            }
        };
        if export.is_empty() {
            return Err(format!("the handler {text:?} names no function after the #"));
        }
        Ok(Run::Handler { file, export: export.to_owned(), language })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_a_file_and_perhaps_a_name() {
        let cases = [
            ("triggers/pre-token.mjs", Some(("triggers/pre-token.mjs", "handler", Language::Node))),
            ("a.cjs#one", Some(("a.cjs", "one", Language::Node))),
            ("a.js#one.two", Some(("a.js", "one.two", Language::Node))),
            ("/x/a.py#lambda_handler", Some(("/x/a.py", "lambda_handler", Language::Python))),
            ("a#b/c.py#d", Some(("a#b/c.py", "d", Language::Python))),
            ("a.py#", None),
            ("a.ts", None),
            ("a", None),
            (".py", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let read = match Run::read(text) {
                Ok(Run::Handler { file, export, language }) => Some((file, export, language)),
                _ => None,
            };
            let expected =
                expected.map(|(file, export, language)| (PathBuf::from(file), export.to_owned(), language));
            assert_eq!(read, expected, "{text}");
        }
    }
}
