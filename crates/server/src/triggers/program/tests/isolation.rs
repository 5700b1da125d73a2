//! What a program gets of the server: nothing.

use super::*;
use std::net::TcpListener;

#[tokio::test]
async fn the_environment_is_lambdas_and_the_settings() {
    let text = "export const handler = async () => process.env;";
    let mut scene = Scene::new();
    scene.environment.insert("TABLE".to_owned(), "users".to_owned());
    let environment = reply(&scene.handler("triggers.mjs", text), json!({})).await;
    let mut names: Vec<&str> = environment.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "HOME",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "TABLE",
        "TZ",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    ];
    assert_eq!(names, expected);
    let folder = scene.folder.path().to_str().unwrap();
    let values = [
        ("AWS_ENDPOINT_URL", SERVER),
        ("AWS_REGION", "eu-central-1"),
        ("HOME", "/nonexistent"),
        ("LAMBDA_TASK_ROOT", folder),
        ("TABLE", "users"),
        ("TZ", ":UTC"),
        ("_HANDLER", "triggers.handler"),
    ];
    for (name, value) in values {
        assert_eq!(environment[name], value, "{name}");
    }
}

#[tokio::test]
async fn the_access_key_is_the_chosen_one_or_in_development_an_invented_one() {
    let text = "export const handler = async () => [process.env.AWS_ACCESS_KEY_ID, process.env.AWS_SECRET_ACCESS_KEY];";
    let scene = Scene::new();
    let file = scene.write("a.mjs", text);
    let chosen = Some(("AKIAEXAMPLE".to_owned(), Zeroizing::new("secret-key".to_owned())));
    let cases = [
        (chosen.clone(), false, json!(["AKIAEXAMPLE", "secret-key"])),
        (chosen, true, json!(["AKIAEXAMPLE", "secret-key"])),
        (None, true, json!(["test", "test"])),
        (None, false, json!([null, null])),
    ];
    for (access_key, development, expected) in cases {
        let settings =
            functions::Program { run: Run::read(&file).unwrap(), environment: BTreeMap::new(), access_key };
        let program = Program::new(settings, 1, SERVER, "eu-central-1", development).unwrap();
        assert_eq!(reply(&program, json!({})).await, expected);
    }
}

#[test]
fn wrong_settings_are_refused() {
    let refused = |run: Run, name: &str| {
        let environment = BTreeMap::from([(name.to_owned(), String::new())]);
        let settings = functions::Program { run, environment, access_key: None };
        Program::new(settings, 1, SERVER, "eu-central-1", false).err()
    };
    let command = |words: &[&str]| Run::Command(words.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(refused(command(&["a"]), "TABLE"), None);
    assert_eq!(refused(command(&[]), "TABLE").as_deref(), Some("the command of a function names no program"));
    assert!(refused(command(&["a", "\0"]), "TABLE").is_some());
}

#[tokio::test]
async fn no_file_of_the_server_is_open_in_a_program() {
    let scene = Scene::new();
    let _file = fs::File::open(scene.folder.path()).unwrap();
    let _socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = "import os
def seen():
    for name in sorted(os.listdir('/proc/self/fd')):
        try:
            yield [int(name), os.readlink('/proc/self/fd/' + name)]
        except FileNotFoundError:
            pass
FILES = list(seen())
def handler(event, context):
    return FILES";
    let files = reply(&scene.handler("a.py", text), json!({})).await;
    // What the one who started the tests left open for all of their children is not the server's.
    let inherited = inherited();
    let is_own = |file: &&Value| !inherited.contains(&file[0].as_u64().unwrap());
    let files: Vec<&Value> = files.as_array().unwrap().iter().filter(is_own).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    assert_eq!(*files[0], json!([0, "/dev/null"]));
    for (file, number) in files.iter().zip(0..).skip(1) {
        assert_eq!(file[0], number);
        assert!(file[1].as_str().unwrap().starts_with("pipe:"), "{file}");
    }
}

/// The numbers from 3 on that this process was started with: those that are not closed when a program is started, while
/// Rust has all that it opens closed.
fn inherited() -> Vec<u64> {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let entries = fs::read_dir("/proc/self/fdinfo").unwrap().map(Result::unwrap);
    let is_left_open = |number: &u64| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
        let flags =
            info.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
        flags.is_some_and(|flags| flags & CLOSED_ON_EXEC == 0)
    };
    entries
        .map(|entry| entry.file_name().to_str().unwrap().parse().unwrap())
        .filter(|number| *number > 2)
        .filter(is_left_open)
        .collect()
}

#[tokio::test]
async fn a_program_leads_a_group_of_its_own() {
    let scene = Scene::new();
    let text =
        "import os\ndef handler(event, context):\n    return [os.getpgrp() == os.getpid(), os.getcwd()]";
    let expected = json!([true, fs::canonicalize(scene.folder.path()).unwrap()]);
    assert_eq!(reply(&scene.handler("a.py", text), json!({})).await, expected);
}
