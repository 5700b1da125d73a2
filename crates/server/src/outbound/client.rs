//! The one HTTP client. It follows no redirects, and reads no answer that is longer or slower than its caller allows.

use axum::body::Bytes;
use reqwest::{Response, StatusCode, Url, header::HeaderMap, redirect};
use std::{error::Error, fmt, time::Duration};

/// How long a connection that nothing uses is kept: less than the five seconds after which Node's servers close it,
/// since a request that meets the closing fails.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Speaks HTTP with servers that the settings name. Clones share connections.
#[derive(Clone)]
pub struct Client(reqwest::Client);

/// An answer whose body is still to be read. It has no Debug, because it may hold secrets.
pub struct Answer(Response);

/// Why there is no answer. The texts hold neither address nor content.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody got the request.
    NoConnection(String),
    /// The answer did not come in time.
    TimedOut,
    /// The answer is longer than this many bytes.
    TooLong(usize),
    /// The connection broke, or what came over it is no HTTP.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoConnection(reason) => write!(f, "no connection: {reason}"),
            Failure::TimedOut => write!(f, "no answer in time"),
            Failure::TooLong(bytes) => write!(f, "the answer is longer than {bytes} bytes"),
            Failure::Broken(reason) => write!(f, "the connection broke: {reason}"),
        }
    }
}

impl Client {
    /// A client that waits this long for a connection.
    ///
    /// # Errors
    /// A text for the operator, if the machine's certificates cannot be read.
    pub fn new(connect_timeout: Duration) -> Result<Client, String> {
        let client = reqwest::Client::builder()
            // A redirect would carry codes and passwords to a place that the operator has not named.
            .redirect(redirect::Policy::none())
            // And so would a proxy that only a variable of the environment names.
            .no_proxy()
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|error| format!("no HTTP client can be made: {}", innermost(&error)))?;
        Ok(Client(client))
    }

    /// POSTs a body. The time-out is for everything, from the connecting to the last byte of the answer.
    ///
    /// # Errors
    /// [`Failure`]; an answer is none, whatever its status.
    pub async fn post(
        &self,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let sent = self.0.post(url).headers(headers).body(body).timeout(timeout).send().await;
        sent.map(Answer).map_err(|error| failure(&error))
    }
}

impl Answer {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// Its body, of which no more than `bytes_max` is read.
    ///
    /// # Errors
    /// [`Failure::TooLong`], and what breaks a connection.
    pub async fn body(mut self, bytes_max: usize) -> Result<Bytes, Failure> {
        if self.0.content_length().is_some_and(|length| length > bytes_max as u64) {
            return Err(Failure::TooLong(bytes_max));
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.0.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + chunk.len() > bytes_max {
                return Err(Failure::TooLong(bytes_max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        Failure::NoConnection(innermost(error))
    } else if error.is_timeout() {
        Failure::TimedOut
    } else {
        Failure::Broken(innermost(error))
    }
}

/// The cause behind all others, which names no address.
pub fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// The address of a server that gives one answer to one request, then holds the connection if it is told to.
    fn server(answer: String, holds: bool) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://user:hunter2@{}/hunter2", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
            while !got.ends_with(b"the body") {
                let count = socket.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..count]);
            }
            socket.write_all(answer.as_bytes()).unwrap();
            let _ = holds && socket.read(&mut buffer).is_ok();
        });
        url.parse().unwrap()
    }

    async fn posted(url: Url, timeout: Duration) -> Result<Answer, Failure> {
        let client = Client::new(TIMEOUT).unwrap();
        client.post(url, HeaderMap::new(), "the body".into(), timeout).await
    }

    #[tokio::test]
    async fn a_longer_answer_is_not_read() {
        for (body, expected) in [("0123456789", Some(10)), ("0123456789a", None), ("", Some(0))] {
            let length = body.len();
            let chunk = if body.is_empty() { String::new() } else { format!("{length:x}\r\n{body}\r\n") };
            for answer in [
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"),
                format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"),
            ] {
                let answer = posted(server(answer, true), TIMEOUT).await.unwrap();
                let found = answer.body(10).await.map(|body| body.len());
                assert_eq!(found, expected.ok_or(Failure::TooLong(10)), "{body}");
            }
        }
    }

    /// The test above once more, in a process whose environment names a proxy where nobody listens.
    #[test]
    fn no_proxy_of_the_environment_is_asked() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "outbound::client::tests::a_longer_answer_is_not_read"]);
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            again.env(name, format!("http://{closed}"));
        }
        let output = again.env_remove("no_proxy").env_remove("NO_PROXY").output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
    }

    #[tokio::test]
    async fn redirects_are_answers() {
        let url = server("HTTP/1.1 307 No\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n".to_owned(), true);
        assert_eq!(posted(url, TIMEOUT).await.ok().map(|answer| answer.status().as_u16()), Some(307));
    }

    #[tokio::test]
    async fn failures_are_told_without_the_address() {
        let short = Duration::from_millis(50);
        let failure = |url, timeout| async move { posted(url, timeout).await.err().unwrap() };
        assert_eq!(failure(server(String::new(), true), short).await, Failure::TimedOut);

        let begun = server("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun".to_owned(), true);
        let answer = posted(begun, Duration::from_secs(2)).await.unwrap();
        assert_eq!(answer.body(10).await.err(), Some(Failure::TimedOut));

        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let nobody = format!("http://user:hunter2@{closed}/hunter2").parse().unwrap();
        let told = failure(nobody, TIMEOUT).await;
        assert!(matches!(told, Failure::NoConnection(_)), "{told}");
        assert!(!told.to_string().contains("hunter2"), "{told}");

        let told = failure(server(String::new(), false), TIMEOUT).await;
        assert!(matches!(told, Failure::Broken(_)), "{told}");
        assert!(!told.to_string().contains("hunter2"), "{told}");
    }
}
