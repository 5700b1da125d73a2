//! The real program: copies of a store in use, keys that change under load, an orderly end, and a search for secrets
//! in everything that it leaves behind, on both engines.

use crate::{
    lab,
    scene::{PASSWORD, all_flows},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
};

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDLAB/20260101/us-east-1/cognito-idp/aws4_request, \
                      SignedHeaders=host, Signature=00";

/// A server process with its log in a file.
pub struct Program {
    child: Child,
    url: String,
    /// What it prints after its URL.
    printed: mpsc::Receiver<String>,
}

pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
    command.env_clear().current_dir(folder).arg("--data-dir").arg(folder.join("data")).args(arguments);
    command
}

/// Runs a command to its end; answers what it printed, which must be a success.
#[track_caller]
pub fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout) + &text(&output.stderr)
}

impl Program {
    pub fn start(folder: &Path, log: &Path) -> Program {
        Program::start_with(folder, log, &[])
    }

    pub fn start_with(folder: &Path, log: &Path, further: &[&str]) -> Program {
        Program::start_in(folder, log, further, &[])
    }

    /// Starts with these variables and no others.
    pub fn start_in(folder: &Path, log: &Path, further: &[&str], variables: &[(&str, &str)]) -> Program {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut arguments = vec!["--listen", "127.0.0.1:0", "--log", "trace", "--log-format", "json"];
        arguments.extend(further);
        arguments.push("serve");
        let mut command = command(folder, &arguments);
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::from(log));
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url =
            lines.by_ref().find_map(|line| Some(line.unwrap().strip_prefix("Cognate serves ")?.to_owned()));
        // Somebody must read what the program prints.
        let (sender, printed) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        Program { child, url: url.unwrap(), printed }
    }

    /// So many lines of those that it prints after its URL, or as many as there are.
    pub fn first_lines(&self, count: usize) -> Vec<String> {
        let wait = std::time::Duration::from_secs(10);
        std::iter::from_fn(|| self.printed.recv_timeout(wait).ok()).take(count).collect()
    }

    async fn call(&self, operation: &str, input: Value) -> (u16, String) {
        let request = reqwest::Client::new()
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .header("authorization", SIGNED)
            .body(input.to_string());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let (status, text) = self.call(operation, input).await;
        assert_eq!(status, 200, "{operation}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn get(&self, path: &str) -> String {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap().text().await.unwrap()
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(
            self.url.strip_prefix("http://localhost").map(|p| format!("127.0.0.1{p}")).unwrap(),
        )
        .unwrap()
    }

    fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub fn end(mut self) {
        self.terminate();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &folder.path().join("log"));
    let body = json!({"PoolName": "late"}).to_string();
    let mut stream = program.connect();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: AWSCognitoIdentityProviderService.CreateUserPool\r\nauthorization: {SIGNED}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    // The head has arrived when another connection that came later was answered.
    program.get("/_cognate/health/live").await;
    program.terminate();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(program.child.wait().unwrap().success());
    // Its event was stored too, although the process ended at once.
    let events = run(folder.path(), &["audit", "--json"]);
    assert!(events.contains("CreateUserPool"), "{events}");
}

#[cfg(not(feature = "telemetry"))]
#[test]
fn traces_are_refused_by_a_build_that_sends_none() {
    let folder = tempfile::tempdir().unwrap();
    let url = "http://localhost:4318/v1/traces";
    let output = command(folder.path(), &["--otlp-url", url, "serve"]).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--otlp-url") && text.contains("--features telemetry"), "{text}");
}

#[cfg(feature = "telemetry")]
#[tokio::test(flavor = "multi_thread")]
async fn traces_go_where_the_settings_say() {
    use cognate::http::{limits::Limits, listener::Listener};
    let folder = tempfile::tempdir().unwrap();
    let (sent, mut received) = tokio::sync::mpsc::unbounded_channel();
    let take = async move |body: axum::body::Bytes| {
        sent.send(body).unwrap();
    };
    let collector = axum::Router::new().route("/v1/traces", axum::routing::post(take));
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}/v1/traces", listener.address);
    tokio::spawn(listener.serve(collector, Limits::default(), std::future::pending()));

    let program = Program::start_with(folder.path(), &folder.path().join("log"), &["--otlp-url", &url]);
    let life = Life::live(&program).await;
    program.end();
    let mut all = Vec::new();
    while let Ok(body) = received.try_recv() {
        all.extend_from_slice(&body);
    }
    let has = |text: &[u8]| all.windows(text.len()).any(|window| window == text);
    for text in ["InitiateAuth", "store.write", "store.read", "work", "NotAuthorizedException"] {
        assert!(has(text.as_bytes()), "{text}");
    }
    for (name, secret) in &life.secrets {
        assert!(!has(secret), "{name} is in the traces");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = folder.join("log");
    let program = Program::start(folder, &log);
    let mut life = Life::live(&program).await;

    let backup = folder.join("backup");
    let mut shown = run(folder, &["backup", backup.to_str().unwrap()]);
    let old_key = fs::read_to_string(folder.join("data/master.key")).unwrap().trim().to_owned();
    shown += &run(folder, &["keys", "rotate", "--all"]);
    shown += &run(folder, &["keys", "rekey", "--settle-seconds", "2"]);
    shown += &run(folder, &["keys", "list", "--all"]);
    let new_key = fs::read_to_string(folder.join("data/master.key")).unwrap().trim().to_owned();
    assert_ne!(old_key, new_key);
    life.sign_in(&program).await;
    assert_eq!(program.get("/_cognate/health/ready").await, "ready\n");
    shown += &run(folder, &["doctor", "--public-url", &program.url]);
    shown += &run(folder, &["config"]);
    shown += &run(folder, &["audit", "--csv"]);
    assert!(shown.contains("ChangeMasterKey") && shown.contains("RotateSigningKeys"), "{shown}");
    let metrics = program.get("/_cognate/metrics").await;
    program.end();

    for key in [&old_key, &new_key] {
        life.secrets.push(("master key", key.clone().into_bytes()));
        life.secrets.push(("master key, raw", STANDARD.decode(key).unwrap()));
    }
    let things = [
        ("log", fs::read(&log).unwrap()),
        ("store", fs::read(folder.join("data/cognate.db")).unwrap()),
        ("backup", fs::read(&backup).unwrap()),
        ("what commands print", shown.into_bytes()),
        ("metrics", metrics.into_bytes()),
        ("errors", std::mem::take(&mut life.errors).into_bytes()),
    ];
    let log_text = String::from_utf8_lossy(&things[0].1);
    assert!(log_text.contains("a call was refused") && log_text.contains("a call was answered"));
    things.iter().for_each(|(thing, bytes)| life.check_hidden(thing, bytes));

    // The old key opens nothing, the new one everything, and the backup lives under the old one.
    let program = Program::start(folder, &log);
    life.sign_in(&program).await;
    program.end();
    let refused = command(folder, &["serve"]).env("COGNATE_MASTER_KEY", &old_key).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is not the one"));
    let refused = command(folder, &["restore", backup.to_str().unwrap()]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"));
    let told = run(folder, &["restore", "--force", backup.to_str().unwrap()]);
    assert!(told.contains("Now put the master key that the backup was made under"), "{told}");
    fs::write(folder.join("data/master.key"), &old_key).unwrap();
    let program = Program::start(folder, &log);
    life.sign_in(&program).await;
    program.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_left_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let log = folder.join("log");
    let (schema, url) = lab::new_schema().await;
    let program = Program::start_with(folder, &log, &["--database-url", &url]);
    let mut life = Life::live(&program).await;
    let before = dump(&url, &schema).await;
    let keys = |arguments: &[&str]| run(folder, &[&["--database-url", &url, "keys"], arguments].concat());
    let shown = keys(&["rotate", "--all"]) + &keys(&["rekey", "--settle-seconds", "2"]);
    life.sign_in(&program).await;
    program.end();
    let after = dump(&url, &schema).await;
    lab::administer(format!("DROP SCHEMA {schema} CASCADE")).await;
    // A search that sees what is there.
    for text in ["jane@example.com", "CONFIRMED", &life.client, "$argon2id$"] {
        assert!(after.contains(text) && before.contains(text), "{text}");
    }
    // Bytes are written in hexadecimal there.
    let in_hex: Vec<_> = life.secrets.iter().map(|(name, secret)| (*name, hex(secret))).collect();
    life.secrets.extend(in_hex);
    for (thing, text) in [("store", after), ("store before", before), ("what commands print", shown)] {
        life.check_hidden(thing, text.as_bytes());
    }
    life.check_hidden("log", &fs::read(&log).unwrap());
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    data_encoding::HEXLOWER.encode(bytes).into_bytes()
}

/// Every row of every table, as text.
async fn dump(url: &str, schema: &str) -> String {
    let db = store::Db::open_postgres(url).await.unwrap();
    let tables =
        format!("SELECT table_name::text FROM information_schema.tables WHERE table_schema = '{schema}'");
    let text = db
        .read(move |tx| {
            let mut text = String::new();
            for table in tx.query(&tables, &[])? {
                let name = table.text(0)?;
                for row in tx.query(&format!("SELECT CAST(t AS text) FROM {name} t"), &[])? {
                    text += &format!("{name} {}\n", row.text(0)?);
                }
            }
            Ok::<_, store::Error>(text)
        })
        .await
        .unwrap();
    db.close().await;
    text
}

/// What a user and an administrator did, and the secrets that they saw meanwhile.
struct Life {
    client: String,
    secrets: Vec<(&'static str, Vec<u8>)>,
    errors: String,
}

impl Life {
    async fn live(program: &Program) -> Life {
        let pool =
            program.ok("CreateUserPool", json!({"PoolName": "p", "AutoVerifiedAttributes": ["email"]})).await;
        let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
        let mfa = json!({"UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
        program.ok("SetUserPoolMfaConfig", mfa).await;
        let client = json!({"UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": all_flows()});
        let open = program.ok("CreateUserPoolClient", client.clone()).await;
        let mut confidential = client;
        confidential["GenerateSecret"] = json!(true);
        let confidential = program.ok("CreateUserPoolClient", confidential).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut life = Life {
            client: text(&open["UserPoolClient"]["ClientId"]),
            secrets: Vec::new(),
            errors: String::new(),
        };
        life.keep("password", PASSWORD);
        life.keep("client secret", &text(&confidential["UserPoolClient"]["ClientSecret"]));

        let sign_up = json!({"ClientId": life.client, "Username": "jane", "Password": PASSWORD,
            "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}]});
        program.ok("SignUp", sign_up).await;
        let code = program.get("/_cognate/outbox/code?to=jane@example.com").await.trim().to_owned();
        let confirm = json!({"ClientId": life.client, "Username": "jane", "ConfirmationCode": code});
        program.ok("ConfirmSignUp", confirm).await;
        // Six digits alone may come by in any number.
        life.keep("code", &format!("code is {code}"));
        life.keep("code in JSON", &format!("\"{code}\""));

        let tokens = life.sign_in(program).await;
        let given = program.ok("AssociateSoftwareToken", json!({"AccessToken": tokens["AccessToken"]})).await;
        let secret = text(&given["SecretCode"]);
        life.keep("authenticator", &secret);
        life.secrets
            .push(("authenticator, raw", data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap()));
        let refresh = json!({"ClientId": life.client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": tokens["RefreshToken"]}});
        program.ok("InitiateAuth", refresh).await;
        life.fail(program, &text(&tokens["AccessToken"])).await;
        life
    }

    /// Fails if one of the secrets stands in something.
    #[track_caller]
    fn check_hidden(&self, thing: &str, bytes: &[u8]) {
        for (name, secret) in &self.secrets {
            let found = bytes.windows(secret.len()).position(|window| window == secret);
            let around =
                found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(80)..at]).into_owned());
            assert_eq!(around, None, "{name} is in the {thing}");
        }
    }

    fn keep(&mut self, name: &'static str, secret: &str) {
        self.secrets.push((name, secret.as_bytes().to_vec()));
    }

    async fn sign_in(&mut self, program: &Program) -> Value {
        let request = json!({"ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "jane", "PASSWORD": PASSWORD}});
        let tokens = program.ok("InitiateAuth", request).await["AuthenticationResult"].clone();
        for name in ["AccessToken", "IdToken"] {
            let token = tokens[name].as_str().unwrap();
            self.secrets
                .push(("signature of a token", token.rsplit('.').next().unwrap().as_bytes().to_vec()));
        }
        let token = tokens["RefreshToken"].as_str().unwrap();
        self.secrets.push(("refresh token", token.rsplit('.').next().unwrap().as_bytes().to_vec()));
        tokens
    }

    /// Mistakes with secrets in wrong places.
    async fn fail(&mut self, program: &Program, access_token: &str) {
        for (operation, input) in [
            ("SignUp", json!({"ClientId": self.client, "Username": "jane", "Password": PASSWORD})),
            ("SignUp", json!({"ClientId": self.client, "Username": "mary", "Password": [PASSWORD]})),
            ("SignUp", json!({"ClientId": "§", "Username": "mary", "Password": PASSWORD})),
            ("GetUser", json!({"AccessToken": format!("{access_token}x")})),
            (
                "ConfirmSignUp",
                json!({"ClientId": self.client, "Username": "jane", "ConfirmationCode": "999999"}),
            ),
            (
                "InitiateAuth",
                json!({"ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": PASSWORD, "PASSWORD": "x"}}),
            ),
            ("InitiateAuth", json!({"ClientId": self.client, "AuthFlow": PASSWORD})),
        ] {
            let (status, text) = program.call(operation, input).await;
            assert!((400..500).contains(&status), "{operation}: {text}");
            // What the caller itself sent may come back to the caller, where AWS does so too.
            if !text.contains("failed to satisfy constraint") {
                self.errors += &text;
            }
        }
    }
}
