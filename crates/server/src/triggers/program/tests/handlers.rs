//! Handler files as they were written for Lambda.

use super::*;

#[tokio::test]
async fn handlers_of_every_kind_answer() {
    let cases = [
        ("async.mjs", "export const handler = async (event) => ({ n: event.n + 1 });"),
        (
            "sync.mjs",
            "export function handler(event, context, callback) { callback(null, { n: event.n + 1 }); }",
        ),
        ("common.cjs", "exports.handler = async (event) => ({ n: event.n + 1 });"),
        (
            "common.js",
            "module.exports.handler = (event, _, done) => setTimeout(() => done(null, { n: event.n + 1 }), 5);",
        ),
        (
            "computed.js",
            "const name = 'handler'; module.exports = { [name]: async (event) => ({ n: event.n + 1 }) };",
        ),
        ("then.js", "exports.handler = (event) => Promise.resolve({ n: event.n + 1 });"),
        ("succeed.js", "exports.handler = (event, context) => context.succeed({ n: event.n + 1 });"),
        ("done.js", "exports.handler = (event, context) => context.done(null, { n: event.n + 1 });"),
        ("named.mjs#other.one", "export const other = { one: async (event) => ({ n: event.n + 1 }) };"),
        (
            "required.js",
            "const fs = require('fs'); exports.handler = async (event) => fs && { n: event.n + 1 };",
        ),
        ("plain.py#lambda_handler", "def lambda_handler(event, context):\n    return {'n': event['n'] + 1}"),
        ("with-dash.py", "import json\ndef handler(event, context):\n    return {'n': event['n'] + 1}"),
    ];
    for (name, text) in cases {
        let scene = Scene::new();
        let program = scene.handler(name, text);
        assert_eq!(reply(&program, json!({"n": 1})).await, json!({"n": 2}), "{name}");
        assert_eq!(reply(&program, json!({"n": 41, "text": "é"})).await, json!({"n": 42}), "{name}");
    }
}

#[tokio::test]
async fn a_handler_that_answers_nothing_answers_null() {
    let cases = [
        ("a.mjs", "export const handler = async () => {};"),
        ("b.js", "exports.handler = () => {};"),
        ("c.js", "exports.handler = (event, context, callback) => { callback(); };"),
        ("d.py", "def handler(event, context):\n    pass"),
    ];
    for (name, text) in cases {
        let scene = Scene::new();
        assert_eq!(reply(&scene.handler(name, text), json!({})).await, Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_handlers_error_is_its_message() {
    let cases = [
        ("a.mjs", "export const handler = async () => { throw new Error('Not today'); };", "Not today"),
        (
            "b.js",
            "exports.handler = (event, context, callback) => callback(new Error('Not today'));",
            "Not today",
        ),
        ("c.js", "exports.handler = (event, context, callback) => callback('a text');", "a text"),
        ("d.js", "exports.handler = (event, context) => context.fail(new Error('Not today'));", "Not today"),
        ("e.js", "exports.handler = () => { throw new TypeError('Not today'); };", "Not today"),
        ("f.js", "exports.handler = () => { setTimeout(() => { throw new Error('later'); }); };", "later"),
        ("g.js", "exports.handler = () => { Promise.reject(new Error('lost')); };", "Error: lost"),
        ("h.mjs", "export const handler = async () => ({ big: 1n });", "Unable to stringify response body"),
        ("i.py", "def handler(event, context):\n    raise Exception('Not today')", "Not today"),
        (
            "j.py",
            "def handler(event, context):\n    return {1, 2}",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ];
    for (name, text, expected) in cases {
        let scene = Scene::new();
        let program = scene.handler(name, text);
        assert_eq!(refusal(&program, json!({})).await, expected, "{name}");
        assert_eq!(refusal(&program, json!({})).await, expected, "{name}, again");
    }
}

#[tokio::test]
async fn a_promise_that_is_never_settled_is_an_error() {
    let scene = Scene::new();
    let program =
        scene.handler("a.mjs", "export const handler = async () => { await new Promise(() => {}); };");
    assert!(refusal(&program, json!({})).await.contains("never settled"));
}

#[tokio::test]
async fn a_file_that_cannot_be_loaded_tells_the_operator_why() {
    let cases = [
        ("a.mjs", "export const other = 1;", "a.handler is undefined or not exported"),
        ("b.js#one", "exports.one = 1;", "b.one is not a function"),
        ("c.mjs", "throw new Error('no table');", "no table"),
        ("d.js", "require('./nowhere');", "Error: Cannot find module './nowhere'"),
        ("e.py", "x = 1", "Handler 'handler' missing on module 'e'"),
        ("f.py", "import nowhere", "Unable to import module 'f': No module named 'nowhere'"),
        ("g.py", "raise ValueError('no table')", "no table"),
        ("h.py", "def handler(", "Syntax error in module 'h': "),
        ("i.mjs", "export const handler = ;", "SyntaxError: Unexpected token ';'"),
    ];
    for (name, text, expected) in cases {
        let scene = Scene::new();
        let reason = unavailable(&scene.handler(name, text)).await;
        let (_, message) = reason.split_once(" could not be started: ").unwrap();
        assert!(message.starts_with(expected), "{name}: {message}");
    }
}

#[tokio::test]
async fn a_handler_is_told_of_its_call() {
    let node =
        "export const handler = async (event, c) => [c.functionName, c.functionVersion, c.memoryLimitInMB,
        c.invokedFunctionArn, c.logGroupName, c.awsRequestId.length, c.getRemainingTimeInMillis() > 10000,
        c.getRemainingTimeInMillis() <= 30000];";
    let python = "def handler(event, c):
    return [c.function_name, c.function_version, c.memory_limit_in_mb, c.invoked_function_arn, c.log_group_name,
        len(c.aws_request_id), c.get_remaining_time_in_millis() > 10000, c.get_remaining_time_in_millis() <= 30000]";
    for (name, text) in [("a.mjs", node), ("a.py", python)] {
        let scene = Scene::new();
        let expected = json!(["pre-token", "$LATEST", "128", ARN, "/aws/lambda/pre-token", 36, true, true]);
        assert_eq!(reply(&scene.handler(name, text), json!({})).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_callback_waits_for_what_goes_on_unless_it_is_told_not_to() {
    let scene = Scene::new();
    let text = "let order = []; exports.handler = (event, context, callback) => {
        const before = order; order = [];
        context.callbackWaitsForEmptyEventLoop = event.waits;
        setTimeout(() => order.push('timer'), 50);
        callback(null, before);
    };";
    let program = scene.handler("a.js", text);
    assert_eq!(reply(&program, json!({"waits": true})).await, json!([]));
    assert_eq!(reply(&program, json!({"waits": false})).await, json!(["timer"]));
    assert_eq!(reply(&program, json!({"waits": false})).await, json!([]));
}

#[tokio::test]
async fn a_handler_loads_the_files_beside_it() {
    let scene = Scene::new();
    scene.write("words.py", "WORD = 'python'");
    scene.write("words.mjs", "export const word = 'node';");
    let python = scene.handler("a.py", "import words\ndef handler(event, context):\n    return words.WORD");
    assert_eq!(reply(&python, json!({})).await, json!("python"));
    let text = "import fs from 'node:fs'; import { word } from './words.mjs';
        export const handler = async () => [word, fs.readFileSync('words.py', 'utf8')];";
    assert_eq!(reply(&scene.handler("a.mjs", text), json!({})).await, json!(["node", "WORD = 'python'"]));
    assert!(!scene.path("__pycache__").exists());
}
