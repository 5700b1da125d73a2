//! A client of the user pools API that says exactly what it knows: done, refused, or no answer.

use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Any credentials administer in development mode.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDFAULTS/20260101/us-east-1/cognito-idp/aws4_request, \
                             SignedHeaders=host, Signature=00";
/// Longer than any answer may take: a server that needs longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A connection that rested longer may have been closed by the server, and a request on it would be lost.
const REST_MAX: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// What an overloaded server answers.
const TOO_MANY: &str = "TooManyRequestsException";
const TRIES_MAX: u64 = 20;

/// What a caller knows after a call.
#[derive(Debug)]
pub enum Outcome {
    /// Acknowledged.
    Done(Value),
    /// Refused for a reason: nothing changed but counters of attempts.
    Refused(Refusal),
    /// Nothing is known: no answer came, or one that says that the server failed.
    Doubt(String),
}

/// An error of the API.
#[derive(Debug)]
pub struct Refusal {
    pub name: String,
    pub message: String,
}

/// An answer of HTTP.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// One connection to a server on this machine, made anew when it was lost.
pub struct Api {
    port: u16,
    stream: Option<(TcpStream, Instant)>,
    /// The longest that an answer took so far.
    pub slowest: Duration,
}

impl Api {
    pub fn new(port: u16) -> Api {
        Api { port, stream: None, slowest: Duration::ZERO }
    }

    /// Calls an operation, and like an SDK again where the server has too much to do: it says that nothing changed.
    pub fn call(&mut self, operation: &str, input: &Value) -> Outcome {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.call_once(operation, input) {
                Outcome::Refused(Refusal { name, .. }) if name == TOO_MANY && tries < TRIES_MAX => {
                    std::thread::sleep(Duration::from_millis(20 * tries));
                }
                outcome => return outcome,
            }
        }
    }

    /// Calls an operation, signed if it must be.
    pub fn call_once(&mut self, operation: &str, input: &Value) -> Outcome {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let headers = format!(
            "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\nAuthorization: {AUTHORIZATION}\r\n"
        );
        let start = Instant::now();
        let answer = self.send("POST", "/", &headers, &input.to_string());
        self.slowest = self.slowest.max(start.elapsed());
        match answer {
            Err(error) => Outcome::Doubt(format!("{operation}: {error}")),
            Ok(answer) => outcome(operation, &answer),
        }
    }

    /// Calls an operation that must succeed.
    pub fn get(&mut self, operation: &str, input: &Value) -> anyhow::Result<Value> {
        match self.call(operation, input) {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(Refusal { name, message }) => anyhow::bail!("{operation}: {name}: {message}"),
            Outcome::Doubt(why) => anyhow::bail!(why),
        }
    }

    /// Forgets the connection, whose server may be gone.
    pub fn disconnect(&mut self) {
        self.stream = None;
    }

    /// Sends JSON to an address of the server's own.
    pub fn post(&mut self, path: &str, body: &str) -> std::io::Result<Answer> {
        self.send("POST", path, "Content-Type: application/json\r\n", body)
    }

    /// Reads an address of the server's own.
    pub fn read(&mut self, path: &str) -> std::io::Result<Answer> {
        self.send("GET", path, "", "")
    }

    /// The messages in the outbox to one address, the newest first.
    pub fn outbox(&mut self, to: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.read(&format!("/_cognate/outbox?to={to}"))?;
        anyhow::ensure!(answer.status == 200, "the outbox answers {}: {}", answer.status, answer.body);
        Ok(serde_json::from_str(&answer.body)?)
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
        let kept = self.stream.take().filter(|(_, used)| used.elapsed() < REST_MAX);
        let mut stream = match kept {
            Some((stream, _)) => stream,
            None => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
                let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                stream
            }
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let (answer, stays) = read_answer(&mut stream)?;
        if stays {
            self.stream = Some((stream, Instant::now()));
        }
        Ok(answer)
    }
}

fn outcome(operation: &str, answer: &Answer) -> Outcome {
    let body = match answer.body.as_str() {
        "" => json!({}),
        text => serde_json::from_str(text).unwrap_or(Value::Null),
    };
    match answer.status {
        200 => Outcome::Done(body),
        400..=499 => {
            let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
            Outcome::Refused(Refusal { name: text("__type"), message: text("message") })
        }
        status => Outcome::Doubt(format!("{operation}: status {status}: {}", answer.body)),
    }
}

/// An answer, and whether the connection stays open.
fn read_answer(stream: &mut impl Read) -> std::io::Result<(Answer, bool)> {
    let broken = |why: &str| std::io::Error::other(format!("not an answer of HTTP: {why}"));
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        if let Some(head_length) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..head_length]).to_ascii_lowercase();
            let header = |name: &str| {
                head.lines()
                    .filter_map(|line| line.split_once(':'))
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| v.trim())
            };
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            let status = status.ok_or_else(|| broken("no status"))?;
            let length: usize =
                header("content-length").unwrap_or("0").parse().map_err(|_| broken("no length"))?;
            let end = head_length + 4 + length;
            if length > ANSWER_BYTES_MAX {
                return Err(broken("too long"));
            }
            if bytes.len() >= end {
                let body = String::from_utf8_lossy(&bytes[head_length + 4..end]).into_owned();
                let stays = header("connection") != Some("close");
                return Ok((Answer { status, body }, stays));
            }
        }
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 15\r\n\r\n{\"__type\":\"A\"}\n";
        let (answer, stays) = read_answer(&mut text.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.body.len(), stays), (400, 15, true));
        assert!(matches!(outcome("X", &answer), Outcome::Refused(Refusal { name, .. }) if name == "A"));
        assert!(read_answer(&mut &text.as_bytes()[..text.len() - 1]).is_err());
        let failed = Answer { status: 500, body: "{}".to_owned() };
        assert!(matches!(outcome("X", &failed), Outcome::Doubt(_)));
    }
}
