//! When processes start, are shared, and end.

use super::*;
use axum::Router;
use std::sync::Arc;

const PIDS: &str = "import fs from 'node:fs'; import { spawn } from 'node:child_process';
    const child = spawn('sleep', ['600'], { stdio: 'inherit' });
    fs.writeFileSync('pids', `${process.pid} ${child.pid}`);
    export const handler = async (event) => {
        if (event.name) fs.writeFileSync(event.name, '');
        if (!event.hang) return process.pid;
        for (;;) if (event.hang === 'soft') await new Promise((done) => setTimeout(done, 1000));
    };";

#[tokio::test]
async fn one_that_overruns_is_killed_with_what_it_started() {
    for hang in ["soft", "hard"] {
        let scene = Scene::new();
        let program = scene.handler("a.mjs", PIDS);
        let first = reply(&program, json!({})).await;
        let pids = scene.read("pids").unwrap();
        let answer = program.invoke(&invocation(json!({"hang": hang})), soon()).await;
        assert_eq!(answer, Err(Failure::TimedOut));
        for pid in pids.split(' ') {
            gone(pid).await;
        }
        assert_ne!(reply(&program, json!({})).await, first);
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_ends_its_process() {
    let scene = Scene::new();
    let program = scene.handler("a.mjs", PIDS);
    let invocation = invocation(json!({"hang": "soft", "name": "running"}));
    tokio::select! {
        answer = program.invoke(&invocation, late()) => panic!("{answer:?}"),
        () = until(|| scene.path("running").exists().then_some(())) => {}
    }
    let pids = scene.read("pids").unwrap();
    for pid in pids.split(' ') {
        gone(pid).await;
    }
}

#[tokio::test]
async fn processes_end_with_the_program() {
    for is_awaited in [true, false] {
        let scene = Scene::new();
        let program = scene.handler("a.mjs", PIDS);
        let pid = reply(&program, json!({})).await.to_string();
        assert!(fs::exists(format!("/proc/{pid}")).unwrap());
        if is_awaited {
            program.end().await;
            assert!(!fs::exists(format!("/proc/{pid}")).unwrap());
        } else {
            drop(program);
            gone(&pid).await;
        }
    }
}

#[tokio::test]
async fn nothing_runs_before_the_first_call_and_one_process_serves_many() {
    let scene = Scene::new();
    let text = "import fs from 'node:fs'; fs.appendFileSync('starts', 'x');
        export const handler = async () => process.pid;";
    let program = scene.handler("a.mjs", text);
    assert_eq!(scene.read("starts"), None);
    let first = reply(&program, json!({})).await;
    for _ in 0..5 {
        assert_eq!(reply(&program, json!({})).await, first);
    }
    assert_eq!(scene.read("starts").as_deref(), Some("x"));
}

#[tokio::test]
async fn two_calls_run_at_once_and_a_third_waits_or_times_out() {
    let scene = Scene { concurrency: 2, ..Scene::new() };
    // Each of the two waits for the other's file, so neither ends before both run.
    let text = "import fs from 'node:fs';
        export const handler = async (event) => {
            if (event.name) fs.writeFileSync(event.name, '');
            while (event.other && !fs.existsSync(event.other)) await new Promise((done) => setTimeout(done, 5));
            return process.pid;
        };";
    let program = scene.handler("a.mjs", text);
    let (one, two) = tokio::join!(
        reply(&program, json!({"name": "one", "other": "two"})),
        reply(&program, json!({"name": "two", "other": "one"})),
    );
    assert_ne!(one, two);
    let busy =
        [invocation(json!({"name": "x", "other": "end"})), invocation(json!({"name": "y", "other": "end"}))];
    let third = async {
        until(|| (scene.path("x").exists() && scene.path("y").exists()).then_some(())).await;
        let timed_out = program.invoke(&invocation(json!({})), soon()).await;
        scene.write("end", "");
        (timed_out, program.invoke(&invocation(json!({})), late()).await)
    };
    let (x, y, (timed_out, waited)) =
        tokio::join!(program.invoke(&busy[0], late()), program.invoke(&busy[1], late()), third);
    assert_eq!(timed_out, Err(Failure::TimedOut));
    for pid in [x, y, waited] {
        let pid = pid.unwrap();
        assert!(pid == one || pid == two, "{pid}");
    }
}

#[tokio::test]
async fn a_process_runs_for_one_function_only() {
    let scene = Scene::new();
    let text = "export const handler = async () => [process.pid, process.env.AWS_LAMBDA_FUNCTION_NAME];";
    let program = scene.handler("a.mjs", text);
    let first = reply(&program, json!({})).await;
    let other = Invocation { arn: ARN.replace("pre-token", "other"), ..invocation(json!({})) };
    let second = program.invoke(&other, late()).await.unwrap();
    assert_eq!((&first[1], &second[1]), (&json!("pre-token"), &json!("other")));
    // There may be one process only, so the first has ended.
    gone(&first[0].to_string()).await;
}

#[tokio::test]
async fn one_that_exits_during_a_call_is_refused_and_started_again_at_once() {
    let text = "import os, signal
def handler(event, context):
    if 'exit' in event:
        os._exit(event['exit'])
    if 'signal' in event:
        os.kill(os.getpid(), event['signal'])
    return context.aws_request_id";
    let cases = [
        (json!({"exit": 3}), "Error: Runtime exited with error: exit status 3"),
        (json!({"exit": 0}), "Error: Runtime exited without providing a reason"),
        (json!({"signal": 9}), "Error: Runtime exited with error: signal: killed"),
        (json!({"signal": 11}), "Error: Runtime exited with error: signal: segmentation fault"),
    ];
    let scene = Scene::new();
    let program = scene.handler("a.py", text);
    for (event, expected) in cases {
        let message = refusal(&program, event).await;
        let words: Vec<&str> = message.splitn(3, ' ').collect();
        assert_eq!((words[0], words[1].len(), words[2]), ("RequestId:", 36, expected));
        assert!(reply(&program, json!({})).await.is_string());
    }
}

#[tokio::test]
async fn one_that_ended_between_two_calls_is_replaced() {
    let scene = Scene::new();
    let program = scene.handler("a.mjs", "export const handler = async () => process.pid;");
    let first = reply(&program, json!({})).await;
    let pid = rustix::process::Pid::from_raw(i32::try_from(first.as_i64().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    // Until the server has noticed, its connection may still be given an event.
    until(|| (!fs::exists(format!("/proc/{first}")).unwrap()).then_some(())).await;
    assert_ne!(reply(&program, json!({})).await, first);
}

#[tokio::test]
async fn one_that_exits_before_it_asks_for_an_event_is_left_alone_for_a_while() {
    let scene = Scene::new();
    let file = scene.write("a.sh", "printf x >> \"$(dirname \"$0\")/starts\"; exit 7");
    let program = scene.program(Run::Command(vec!["sh".to_owned(), file]));
    let reason = unavailable(&program).await;
    assert!(reason.starts_with("the command \"sh\" could not be started: RequestId: "), "{reason}");
    assert!(reason.ends_with("Runtime exited with error: exit status 7"), "{reason}");
    starts_until_paused(&scene, &program).await;
}

#[tokio::test]
async fn what_cannot_be_started_is_named_with_the_remedy() {
    let mut scene = Scene::new();
    let program = scene.program(Run::read(scene.path("none.mjs").to_str().unwrap()).unwrap());
    let reason = unavailable(&program).await;
    let file = scene.path("none.mjs").display().to_string();
    assert_eq!(
        reason,
        format!("the handler {file} does not exist: put the file there, or correct the setting")
    );

    let program = scene.program(Run::Command(vec!["no-such-program".to_owned()]));
    let reason = unavailable(&program).await;
    assert_eq!(
        reason,
        "the command \"no-such-program\" was not found: install it, or name it with its folder"
    );

    let file = scene.write("plain.txt", "no program");
    let reason = unavailable(&scene.program(Run::Command(vec![file.clone()]))).await;
    assert!(
        reason.starts_with(&format!("the command {file:?} could not be started: Permission denied")),
        "{reason}"
    );

    let empty = scene.folder.path().to_str().unwrap().to_owned();
    scene.environment.insert("PATH".to_owned(), empty);
    for (name, word) in
        [("a.mjs", "no node in PATH: install Node"), ("a.py", "no python3 in PATH: install Python")]
    {
        let reason = unavailable(&scene.handler(name, "")).await;
        assert!(reason.contains(word), "{reason}");
    }
}

#[tokio::test]
async fn a_slow_start_is_not_begun_anew_by_every_call() {
    let scene = Scene::new();
    let text = "import fs from 'node:fs'; fs.appendFileSync('starts', 'x');
        while (!fs.existsSync('go')) await new Promise((done) => setTimeout(done, 5));
        export const handler = async () => 1;";
    let program = scene.handler("a.mjs", text);
    for _ in 0..2 {
        assert_eq!(program.invoke(&invocation(json!({})), soon()).await, Err(Failure::TimedOut));
    }
    scene.write("go", "");
    assert_eq!(reply(&program, json!({})).await, json!(1));
    assert_eq!(scene.read("starts").as_deref(), Some("x"));
}

#[tokio::test]
async fn changed_files_are_taken_up_in_development_only() {
    for development in [true, false] {
        let scene = Scene { development, ..Scene::new() };
        scene.write("word.mjs", "export const word = 'one';");
        let text = "import { word } from './word.mjs'; export const handler = async () => word;";
        let program = scene.handler("a.mjs", text);
        assert_eq!(reply(&program, json!({})).await, json!("one"));
        scene.write("word.mjs", "export const word = 'second';");
        assert_eq!(reply(&program, json!({})).await, json!(if development { "second" } else { "one" }));
        scene.write("a.mjs", "export const handler = async () => 'three';");
        assert_eq!(reply(&program, json!({})).await, json!(if development { "three" } else { "one" }));
    }
}

#[tokio::test]
async fn a_corrected_file_ends_the_pause_in_development() {
    let scene = Scene { development: true, ..Scene::new() };
    let program = scene.handler("a.mjs", "throw new Error('wrong');");
    assert!(unavailable(&program).await.ends_with("could not be started: wrong"));
    scene.write("a.mjs", "export const handler = async () => 'right';");
    assert_eq!(reply(&program, json!({})).await, json!("right"));
}

#[tokio::test]
async fn one_that_asks_for_no_event_in_time_is_ended() {
    let scene = Scene::new();
    let mut program = scene.program(Run::Command(vec!["sleep".to_owned(), "600".to_owned()]));
    Arc::get_mut(&mut program.spec).unwrap().start_max = Duration::from_millis(200);
    let reason = unavailable(&program).await;
    assert!(reason.ends_with("Runtime exited with error: signal: killed"), "{reason}");
}

#[tokio::test]
async fn a_handler_calls_the_server_whose_call_runs_it_again() {
    let mut scene = Scene { concurrency: 2, ..Scene::new() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    scene.environment.insert("AWS_ENDPOINT_URL".to_owned(), format!("http://{address}"));
    let text = "export const handler = async (event) => {
        if (event.isInner) return 'inner';
        const answer = await fetch(process.env.AWS_ENDPOINT_URL);
        return `outer, ${await answer.text()}`;
    };";
    let program = Arc::new(scene.handler("a.mjs", text));
    let inner = program.clone();
    let router = Router::new().fallback(async move || {
        reply(&inner, json!({"isInner": true})).await.as_str().unwrap_or_default().to_owned()
    });
    tokio::spawn(axum::serve(listener, router).into_future());
    assert_eq!(reply(&program, json!({})).await, json!("outer, inner"));
}
