//! How the Lambda functions that pools name are run: one entry for each function, or for all whose ARN fits a pattern.

use reqwest::Url;
use std::{collections::BTreeMap, path::PathBuf};
use zeroize::Zeroizing;

/// How functions whose ARN fits a pattern are run. It has no Debug, because it holds secrets.
#[derive(Clone)]
pub struct Function {
    /// The ARN, where `*` stands for any characters.
    pub arn: String,
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
