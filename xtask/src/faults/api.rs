//! A client of the user pools API that says exactly what it knows: done, refused, or no answer.

use crate::http;
use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use ureq::{Agent, Body, http::Response};

/// Any credentials administer in development mode.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDFAULTS/20260101/us-east-1/cognito-idp/aws4_request, \
                             SignedHeaders=host, Signature=00";
/// Longer than any answer may take: a server that needs longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: u64 = 4 << 20;

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
    agent: Agent,
    url: String,
    /// The longest that an answer took so far.
    pub slowest: Duration,
}

impl Api {
    pub fn new(port: u16) -> Api {
        Api { agent: http::agent(PATIENCE), url: format!("http://127.0.0.1:{port}"), slowest: Duration::ZERO }
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
        let headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("X-Amz-Target", &target),
            ("Authorization", AUTHORIZATION),
        ];
        let start = Instant::now();
        let answer = self.send("/", &headers, &input.to_string());
        self.slowest = self.slowest.max(start.elapsed());
        match answer {
            Err(error) => Outcome::Doubt(format!("{operation}: {error}")),
            Ok(answer) => outcome(operation, &answer),
        }
    }

    /// Calls an operation that must succeed.
    pub fn get(&mut self, operation: &str, input: &Value) -> Result<Value> {
        match self.call(operation, input) {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(Refusal { name, message }) => bail!("{operation}: {name}: {message}"),
            Outcome::Doubt(why) => bail!(why),
        }
    }

    /// Forgets the connection, whose server may be gone.
    pub fn disconnect(&mut self) {
        self.agent = http::agent(PATIENCE);
    }

    /// Sends JSON to an address of the server's own.
    pub fn post(&self, path: &str, body: &str) -> Result<Answer> {
        self.send(path, &[("Content-Type", "application/json")], body)
    }

    /// Reads an address of the server's own.
    pub fn read(&self, path: &str) -> Result<Answer> {
        whole(self.agent.get(format!("{}{path}", self.url)).call()?)
    }

    /// The messages in the outbox to one address, the newest first.
    pub fn outbox(&mut self, to: &str) -> Result<Vec<Value>> {
        let answer = self.read(&format!("/_cognate/outbox?to={to}"))?;
        ensure!(answer.status == 200, "the outbox answers {}: {}", answer.status, answer.body);
        Ok(serde_json::from_str(&answer.body)?)
    }

    fn send(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        whole(request.send(body)?)
    }
}

/// An answer that came to its end.
fn whole(mut response: Response<Body>) -> Result<Answer> {
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), body })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead, BufReader, ErrorKind, Read, Write},
        net::{Ipv4Addr, TcpListener},
        thread::JoinHandle,
    };

    const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    const REFUSAL: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 14\r\n\r\n{\"__type\":\"A\"}";
    const FAILURE: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}";
    const CUT_OFF: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 15\r\n\r\n{\"__type\":\"A\"}";

    /// Takes one connection after the other, and writes these texts as answers on each before it closes it; answers
    /// how many requests came.
    fn serve(connections: &'static [&'static [&'static str]]) -> (Api, JoinHandle<(TcpListener, usize)>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let api = Api::new(listener.local_addr().unwrap().port());
        let server = std::thread::spawn(move || {
            let mut count = 0;
            for answers in connections {
                let mut reader = BufReader::new(listener.accept().unwrap().0);
                for answer in *answers {
                    read_request(&mut reader);
                    count += 1;
                    reader.get_mut().write_all(answer.as_bytes()).unwrap();
                }
            }
            (listener, count)
        });
        (api, server)
    }

    fn read_request(reader: &mut BufReader<impl Read>) {
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).unwrap() > 2 {
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
    }

    /// No request came but these, and no connection is asked for.
    fn assert_requests(server: JoinHandle<(TcpListener, usize)>, expected: usize) {
        let (listener, count) = server.join().unwrap();
        assert_eq!(count, expected);
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn answers_tell_what_is_known() {
        let (mut api, server) = serve(&[&[REFUSAL, FAILURE, DONE]]);
        let refused = api.call_once("X", &json!({}));
        assert!(matches!(refused, Outcome::Refused(Refusal { name, .. }) if name == "A"));
        let failed = api.call_once("X", &json!({}));
        assert!(matches!(failed, Outcome::Doubt(why) if why.contains("500")));
        assert!(matches!(api.call_once("X", &json!({})), Outcome::Done(answer) if answer == json!({})));
        assert_requests(server, 3);
    }

    #[test]
    fn a_lost_answer_is_a_doubt_and_nothing_is_sent_again() {
        let (mut api, server) = serve(&[&[DONE, ""], &[""], &["HTTP/1.1 200 O"], &[CUT_OFF]]);
        assert!(matches!(api.call_once("X", &json!({})), Outcome::Done(_)));
        for _ in 0..4 {
            let lost = api.call_once("X", &json!({}));
            assert!(matches!(lost, Outcome::Doubt(_)), "{lost:?}");
        }
        assert_requests(server, 5);
    }

    #[test]
    fn a_server_that_is_away_or_silent_is_a_doubt() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut api = Api::new(listener.local_addr().unwrap().port());
        api.agent = http::agent(Duration::from_millis(50));
        let silent = api.call_once("X", &json!({}));
        assert!(matches!(&silent, Outcome::Doubt(why) if why.contains("timeout")), "{silent:?}");
        drop(listener);
        let refused = api.call_once("X", &json!({}));
        assert!(matches!(&refused, Outcome::Doubt(why) if why.contains("refused")), "{refused:?}");
    }
}
