//! The listener itself, over real sockets: both loopback addresses, slow clients, broken HTTP, an orderly end.

use crate::{
    lab::{Busy, Lab},
    operation::outcomes,
    scene::{PASSWORD, Scene},
};
use cognate::http::{limits::Limits, listener::Listener};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

const HEALTH: &str = "GET /_cognate/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

struct Server {
    lab: Lab,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Server {
        let lab = Lab::with_settings(|config| config.limits = limits).await;
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let address = listener.address;
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = lab.app.config.limits.clone();
        let router = cognate::http::router(lab.app.clone());
        let served = tokio::spawn(listener.serve(router, limits, async { drop(stopped.await) }));
        Server { lab, address, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends the bytes and reads until the server closes, which every one of these makes it do.
    async fn talk(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may refuse before it has taken all.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Short enough for a test that waits for them.
fn hasty() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(200),
        write_timeout: Duration::from_millis(200),
        ..Limits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_cut_off() {
    let server = Server::start(hasty()).await;
    // Nothing at all, half a head, and a second request that does not come.
    assert_eq!(server.talk(b"").await, "");
    assert_eq!(server.talk(b"POST / HTTP/1.1\r\nhost: local").await, "");
    assert!(server.talk(HEALTH.as_bytes()).await.ends_with("alive\n"));
    // A body that does not come.
    let answer = server.talk(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n{").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("SerializationException"), "{answer}");
    // A head that comes a byte at a time, as slowloris sends it.
    let mut stream = server.connect().await;
    let drip = async {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        loop {
            pause.tick().await;
            if stream.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), drip).await.expect("the drip was cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_answer_is_cut_off() {
    let server = Server::start(hasty()).await;
    let stream = server.connect().await;
    let (mut read, mut write) = stream.into_split();
    // Requests without reading: once the buffers between are full, the server gives up.
    let flood = async { while write.write_all(HEALTH.repeat(1_000).as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), flood).await.expect("the flood was cut off");
    let mut answers = Vec::new();
    let _ = read.read_to_end(&mut answers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_as_long_as_the_limit_and_no_longer() {
    let limits = hasty();
    let head_bytes_max = limits.head_bytes_max;
    let server = Server::start(limits).await;
    let head = |bytes: usize| {
        let start = "GET /_cognate/health/live HTTP/1.1\r\nhost: localhost\r\nx: ";
        format!("{start}{}\r\n\r\n", "x".repeat(bytes - start.len() - 4))
    };
    for (bytes, status) in [
        (head_bytes_max, "200"),
        (head_bytes_max + 1, "431"),
        (head_bytes_max * 3 / 2, "431"),
        (head_bytes_max * 2 - 1, "431"),
        (head_bytes_max * 4, "431"),
    ] {
        let answer = server.talk(head(bytes).as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{bytes}: {answer}");
        // In two pieces, of which the first is nearly all that may come.
        let mut stream = server.connect().await;
        let text = head(bytes);
        let (first, second) = text.split_at(head_bytes_max - 10);
        stream.write_all(first.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
        let _ = stream.write_all(second.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{bytes}: {answer}");
    }
    // HTTP/2 is not spoken, so that it has no limits of its own.
    let answer = server.talk(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!answer.contains(" 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_http_is_refused() {
    let server = Server::start(hasty()).await;
    let huge = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(1024 * 1024));
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    let long = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(200_000));
    for (what, bytes) in [
        ("a huge header", huge.as_bytes()),
        ("many headers", many.as_bytes()),
        ("a long path", long.as_bytes()),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n"),
        ("no version", b"GET /\r\n\r\n"),
        ("a NUL in a header", b"GET / HTTP/1.1\r\nhost: local\0host\r\n\r\n"),
        ("a bare line feed in a name", b"GET / HTTP/1.1\r\nho\nst: localhost\r\n\r\n"),
        ("two lengths", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        ("a negative length", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n"),
        ("a chunk of no size", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
        (
            "an endless chunk",
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        ),
        ("an unknown encoding", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: zip\r\n\r\n"),
    ] {
        let answer = server.talk(bytes).await;
        let refused =
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4");
        assert!(refused, "{what}: {answer}");
    }
    assert!(server.talk(HEALTH.as_bytes()).await.ends_with("alive\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_readably() {
    let server =
        Server::start(Limits { head_timeout: Duration::from_millis(200), ..Limits::default() }).await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 10000000\r\n\r\n";
    let mut request = head.as_bytes().to_vec();
    request.resize(head.len() + 10_000_000, b'x');
    let answer = server.talk(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("RequestEntityTooLargeException"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_loopback_addresses_answer() {
    let server = Server::start(hasty()).await;
    // A machine without IPv6 has one address only.
    if tokio::net::TcpListener::bind("[::1]:0").await.is_ok() {
        let mut stream = TcpStream::connect(("::1", server.address.port())).await.unwrap();
        stream.write_all(HEALTH.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("alive\n"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_finishes_what_was_accepted() {
    let server = Server::start(Limits::default()).await;
    let mut busy = server.connect().await;
    let body = "{\"MaxResults\": 10}";
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nauthorization: any\r\ncontent-length: {}\r\n\
         x-amz-target: AWSCognitoIdentityProviderService.ListUserPools\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body: the request is accepted.
    let mut continued = [0; 25];
    busy.read_exact(&mut continued).await.unwrap();
    assert!(continued.starts_with(b"HTTP/1.1 100"));
    let idle = server.connect().await;
    server.stop.send(()).unwrap();
    busy.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with("{\"UserPools\":[]}"), "{answer}");
    server.served.await.unwrap();
    drop(idle);
    assert!(TcpStream::connect(server.address).await.is_err());
    server.lab.remove().await;
}

fn sign_up(scene: &Scene, name: &str) -> String {
    let body =
        serde_json::json!({"ClientId": scene.client, "Username": name, "Password": PASSWORD}).to_string();
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: AWSCognitoIdentityProviderService.SignUp\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_does_not_end_the_call() {
    let server = Server::start(Limits::default()).await;
    let scene = Scene::new(&server.lab).await;
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    for (name, is_polite) in [("gone", true), ("reset", false)] {
        let busy = Busy::new(&server.lab.app.workers).await;
        let mut stream = server.connect().await;
        stream.write_all(sign_up(&scene, name).as_bytes()).await.unwrap();
        busy.somebody_waits().await;
        if !is_polite {
            stream.set_zero_linger().unwrap();
        }
        drop(stream);
        for _ in 0..5 {
            pause.tick().await;
        }
        busy.end().await;
        let filter = serde_json::json!({"Filter": format!("username = \"{name}\"")});
        let exists = async || {
            let users = scene.admin("ListUsers", filter.clone()).await;
            users["Users"].as_array().is_some_and(|users| !users.is_empty())
        };
        let mut tries = 0;
        while !exists().await {
            tries += 1;
            assert!(tries < 100, "the call ended with its connection: {name}");
            pause.tick().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_records_what_it_cuts_off() {
    let limits = Limits { shutdown_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits).await;
    let scene = Scene::new(&server.lab).await;
    let busy = Busy::new(&server.lab.app.workers).await;
    let mut stream = server.connect().await;
    stream.write_all(sign_up(&scene, "late").as_bytes()).await.unwrap();
    busy.somebody_waits().await;
    server.stop.send(()).unwrap();
    server.served.await.unwrap();
    assert_eq!(outcomes(&server.lab, "SignUp").await, ["CutOff"]);
    busy.end().await;
}

fn with_long_body() -> String {
    let length = 70_000;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\
         x-amz-target: AWSCognitoIdentityProviderService.SignUp\r\n\r\n"
    );
    head + &"x".repeat(length)
}

impl Server {
    /// Much sooner than a slow body is given up.
    async fn refuses_a_long_body(&self) -> bool {
        let long = with_long_body();
        let answer = tokio::time::timeout(Duration::from_secs(20), self.talk(long.as_bytes())).await;
        let answer = answer.expect("a long body waited for room");
        let is_refused = answer.contains("TooManyRequestsException");
        assert!(is_refused || answer.contains("SerializationException"), "{answer}");
        is_refused
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_room_for_long_bodies_is_left_the_next_is_refused_and_does_not_wait() {
    let server = Server::start(Limits::default()).await;
    let long = with_long_body();
    let is_refused = async || server.refuses_a_long_body().await;
    assert!(!is_refused().await);
    let mut slow = Vec::new();
    for _ in 0..64 {
        let mut stream = server.connect().await;
        // All but the last byte.
        stream.write_all(&long.as_bytes()[..long.len() - 1]).await.unwrap();
        slow.push(stream);
    }
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    while !is_refused().await {
        pause.tick().await;
    }
    // What is short needs no room.
    let short =
        server.talk(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}").await;
    assert!(short.contains("UnknownOperationException"), "{short}");
    drop(slow);
    while is_refused().await {
        pause.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_holds_no_room_while_the_rest_of_it_is_awaited() {
    let server = Server::start(Limits::default()).await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10000000\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..65 {
        let mut stream = server.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; 2_000_000]).await.unwrap();
        slow.push(stream);
    }
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    while server.refuses_a_long_body().await {
        pause.tick().await;
    }
}
