//! What programs print stands in the log: bounded, escaped, and without secrets.

use super::*;
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Captures what is logged on this thread, where all tasks of these tests run.
    fn begin() -> (Captured, tracing::subscriber::DefaultGuard) {
        let captured = Captured::default();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(captured.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (captured, guard)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Waits until a line stands in the log.
    async fn line(&self, part: &str) -> String {
        until(|| self.text().lines().find(|line| line.contains(part)).map(str::to_owned)).await
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Captured;

    fn make_writer(&'a self) -> Captured {
        self.clone()
    }
}

#[tokio::test]
async fn lines_name_the_function_and_the_request() {
    let cases = [
        (
            "a.mjs",
            "export const handler = async () => { console.log('to out\\x1b[1m'); console.error('to err'); };",
        ),
        (
            "a.py",
            "import sys\ndef handler(event, c):\n    print('to out\\x1b[1m')\n    print('to err', file=sys.stderr)",
        ),
    ];
    for (name, text) in cases {
        let (captured, _guard) = Captured::begin();
        let scene = Scene::new();
        let program = scene.handler(name, text);
        reply(&program, json!({})).await;
        let line = captured.line("to out").await;
        for part in ["cognate::function", "to out\\u{1b}[1m", "pre-token", "request-1", "stdout"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(captured.line("to err").await.contains("stderr"));
    }
}

#[tokio::test]
async fn the_stack_of_an_error_is_printed() {
    let (captured, _guard) = Captured::begin();
    let scene = Scene::new();
    let program =
        scene.handler("a.mjs", "export const handler = async () => { throw new Error('Not today'); };");
    refusal(&program, json!({})).await;
    captured.line("Error: Not today").await;
    captured.line("a.mjs:1:").await;
}

#[tokio::test]
async fn secrets_are_blotted_however_an_event_is_printed() {
    let secret = "pa\"ss'w\\örd";
    let cases = [
        ("a.mjs", "export const handler = async (e) => { console.log(e); console.log(JSON.stringify(e)); console.log(e.p);
            console.log(JSON.stringify({ body: JSON.stringify(e) })); console.log('end'); };"),
        ("a.py", "import json\ndef handler(e, c):\n    print(e)\n    print(json.dumps(e))\n    print(e['p'])
    print(json.dumps({'body': json.dumps(e)}))\n    print('end')"),
    ];
    for (name, text) in cases {
        let (captured, _guard) = Captured::begin();
        let scene = Scene::new();
        let program = scene.handler(name, text);
        let invocation = with_secrets(json!({"p": secret, "code": "12", "n": 123}), &[secret, "12"]);
        program.invoke(&invocation, late()).await.unwrap();
        captured.line(": end").await;
        let text = captured.text();
        assert!(text.matches("***").count() >= 7, "{name}: {text}");
        for part in ["rd\"", "rd'", "w\\", "ss'", "\"12\"", "'12'", "00f6"] {
            assert!(!text.contains(part), "{name}: {part} in {text}");
        }
        assert!(text.contains("123"), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_secret_is_blotted_after_its_call_too() {
    let (captured, _guard) = Captured::begin();
    let scene = Scene::new();
    let text = "let kept; export const handler = async (event) => { console.log(`kept ${kept}`); kept = event.code; };";
    let program = scene.handler("a.mjs", text);
    program.invoke(&with_secrets(json!({"code": "123456"}), &["123456"]), late()).await.unwrap();
    program.invoke(&with_secrets(json!({"code": "654321"}), &["654321"]), late()).await.unwrap();
    captured.line("kept ***").await;
    assert!(!captured.text().contains("123456"));
}

#[tokio::test]
async fn the_access_keys_secret_is_blotted() {
    let (captured, _guard) = Captured::begin();
    let scene = Scene::new();
    let file = scene.write("a.mjs", "export const handler = async () => console.log(process.env, 'end');");
    let access_key = Some(("AKIAEXAMPLE".to_owned(), Zeroizing::new("secret-key".to_owned())));
    let settings =
        functions::Program { run: Run::read(&file).unwrap(), environment: BTreeMap::new(), access_key };
    let program = Program::new(settings, 1, SERVER, "eu-central-1", false).unwrap();
    reply(&program, json!({})).await;
    captured.line("} end").await;
    assert!(captured.text().contains("AKIAEXAMPLE") && !captured.text().contains("secret-key"));
}

#[tokio::test]
async fn a_flood_is_dropped_and_counted_for_each_call() {
    let (captured, _guard) = Captured::begin();
    let scene = Scene::new();
    let text = "import sys\ndef handler(event, context):
    for number in range(event['lines']):
        print('line', number)
    sys.stdout.write('x' * event['long'] + '\\n')
    print('last', event['lines'])
    return event['lines']";
    let program = scene.handler("a.py", text);
    assert_eq!(reply(&program, json!({"lines": 200_000, "long": 0})).await, json!(200_000));
    assert_eq!(reply(&program, json!({"lines": 1, "long": 30_000_000})).await, json!(1));
    let last = captured.line("last 1").await;
    assert!(last.contains("stdout"), "{last}");
    let text = captured.text();
    assert!(text.contains("line 255 ") && !text.contains("line 256 "));
    let left_out: u64 = text
        .lines()
        .filter_map(|line| {
            line.split_once(" further lines were left out")?.0.rsplit(' ').next()?.parse::<u64>().ok()
        })
        .sum();
    assert_eq!(left_out, 200_000 - 256 + 1);
    assert!(text.len() < 256 * 300 + 64 * 1024, "{}", text.len());
    captured.line("xxxx…").await;
}
