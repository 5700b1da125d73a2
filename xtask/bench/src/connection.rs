//! A connection to the server that is kept open and costs the client next to nothing.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How much room a read has at least.
const READ_BYTES: usize = 16 * 1024;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as long as the next one is not asked for.
pub struct Answer<'a> {
    pub status: u16,
    pub head: &'a str,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await.context("the server does not accept connections")?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a whole request and waits for the whole answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_bytes = loop {
            self.read().await?;
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
        };
        let body_bytes = length(&self.buffer[..head_bytes])?;
        while self.buffer.len() < head_bytes + body_bytes {
            self.read().await?;
        }
        let (head, body) = self.buffer.split_at(head_bytes);
        let head = std::str::from_utf8(head)?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).context("no status")?;
        Ok(Answer { status, head, body })
    }

    async fn read(&mut self) -> Result<()> {
        self.buffer.reserve(READ_BYTES);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed a connection in the middle of an answer");
        }
        Ok(())
    }
}

impl Answer<'_> {
    /// Whether the server has too much to do at the moment.
    pub fn is_too_many(&self) -> bool {
        find(self.body, b"TooManyRequestsException").is_some()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?;
    header(head, "content-length").and_then(|value| value.parse().ok()).context("an answer without a length")
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
