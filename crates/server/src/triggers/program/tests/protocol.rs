//! Programs that speak the Runtime API themselves, well or badly.

use super::*;

#[tokio::test]
async fn a_program_of_its_own_gets_events_and_answers() {
    let scene = Scene::new();
    let program = scene.runtime(
        r#"
while True:
    id, headers, event = take()
    names = ["Lambda-Runtime-Invoked-Function-Arn", "Content-Type"]
    reply = {"n": event["n"] + 1, "headers": [headers[name] for name in names],
        "in_time": int(headers["Lambda-Runtime-Deadline-Ms"]) > time.time() * 1000,
        "trace": len(headers["Lambda-Runtime-Trace-Id"]), "handler": os.environ["_HANDLER"]}
    status, _, body = ask("POST", f"invocation/{id}/response", json.dumps(reply))
    assert (status, body) == (202, '{"status":"OK"}'), (status, body)
"#,
    );
    let expected = json!({"n": 2, "headers": [ARN, "application/json"], "in_time": true, "trace": 74,
        "handler": "python3"});
    assert_eq!(reply(&program, json!({"n": 1})).await, expected);
    assert_eq!(reply(&program, json!({"n": 2})).await["n"], 3);
}

#[tokio::test]
async fn an_error_of_a_program_is_its_message() {
    let cases = [
        (r#"'{"errorMessage": "Not today", "errorType": "Sorry", "stackTrace": []}', {}"#, "Not today"),
        (r#"'{"errorType": "Sorry"}', {}"#, "Sorry"),
        (r#"'', {"Lambda-Runtime-Function-Error-Type": "Runtime.Sorry"}"#, "Runtime.Sorry"),
        (r"'[]', {}", "Unhandled"),
    ];
    for (arguments, expected) in cases {
        let scene = Scene::new();
        let text = format!(
            "while True:\n    id, _, _ = take()\n    ask('POST', f'invocation/{{id}}/error', {arguments})"
        );
        assert_eq!(refusal(&scene.runtime(&text), json!({})).await, expected);
    }
}

#[tokio::test]
async fn a_reply_that_is_no_json_or_too_long_is_unreadable_and_the_program_runs_on() {
    let scene = Scene::new();
    let program = scene.runtime(
        r#"
bodies = ["nothing {", "", '"' + "x" * (1024 * 1024 - 2) + '"', '"' + "x" * (1024 * 1024 - 1) + '"', str(os.getpid())]
for body in bodies:
    id, _, _ = take()
    try:
        ask("POST", f"invocation/{id}/response", body)
    except OSError:
        pass
take()
"#,
    );
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(program.invoke(&invocation(json!({})), late()).await);
    }
    let reason = |at: usize| match &answers[at] {
        Err(Failure::Unreadable { reason }) => reason.as_str(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(0), "the reply is no JSON (line 1, column 2)");
    assert_eq!(reason(1), "the reply is no JSON (line 1, column 0)");
    assert_eq!(answers[2].as_ref().unwrap().as_str().map(str::len), Some(1024 * 1024 - 2));
    assert_eq!(reason(3), "the reply is longer than 1 MiB");
    assert!(answers[4].as_ref().unwrap().is_u64());
}

#[tokio::test]
async fn handlers_with_a_reply_that_is_too_long_run_on() {
    let cases = [
        ("a.mjs", "export const handler = async (event) => event.long ? 'x'.repeat(8e6) : process.pid;"),
        (
            "a.py",
            "import os\ndef handler(event, context):\n    return 'x' * 8000000 if event['long'] else os.getpid()",
        ),
    ];
    for (name, text) in cases {
        let scene = Scene::new();
        let program = scene.handler(name, text);
        let pid = reply(&program, json!({"long": false})).await;
        let long = program.invoke(&invocation(json!({"long": true})), late()).await;
        assert!(matches!(long, Err(Failure::Unreadable { .. })), "{name}: {long:?}");
        assert_eq!(reply(&program, json!({"long": false})).await, pid, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_the_programs_turn_is_refused() {
    let scene = Scene::new();
    let program = scene.runtime(
        r#"
def name(answer):
    return [answer[0], json.loads(answer[2])["errorType"]]
first, _, _ = take()
seen = [name(ask("POST", "invocation/other/response", "1")), name(ask("POST", "invocation/other/error", "{}")),
    name(ask("GET", "invocation/next")), name(ask("POST", "init/error", "{}"))]
ask("POST", f"invocation/{first}/response", json.dumps(seen))
seen = [name(ask("POST", f"invocation/{first}/response", '"again"'))]
second, _, _ = take()
seen.append(name(ask("POST", f"invocation/{first}/response", '"old"')))
seen.append(ask("GET", "elsewhere")[0])
host = {"Host": "rebound.example:80"}
seen.append(name(ask("POST", f"invocation/{second}/response", "1", host)))
seen.append(name(ask("POST", f"invocation/{second}/response", "1", {"Sec-Fetch-Site": "cross-site"})))
seen.append(name(ask("POST", f"invocation/{second}/response", "1", {"Origin": "http://evil.example"})))
ask("POST", f"invocation/{second}/response", json.dumps(seen))
take()
"#,
    );
    let (id, state) = (json!([400, "InvalidRequestID"]), json!([403, "InvalidStateTransition"]));
    assert_eq!(reply(&program, json!({})).await, json!([id, id, state, state]));
    assert_eq!(reply(&program, json!({})).await, json!([id, id, 404, state, state, state]));
}

#[tokio::test]
async fn a_program_that_says_it_cannot_run_is_left_alone_for_a_while() {
    let scene = Scene::new();
    let program = scene.runtime(
        r#"
open(os.path.join(os.path.dirname(__file__), "starts"), "a").write("x")
ask("POST", "init/error", '{"errorMessage": "no table", "errorType": "Sorry"}')
time.sleep(60)
"#,
    );
    // The text is for the operator; a stranger hears that the function is not there, also at the first try.
    for _ in 0..2 {
        let reason = unavailable(&program).await;
        assert_eq!(reason, "the command \"python3\" could not be started: no table");
    }
    let starts = starts_until_paused(&scene, &program).await;
    // After the pause it is tried again.
    while scene.starts() == starts {
        unavailable(&program).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
