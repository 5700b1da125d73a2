//! A connection to the server that is kept open.

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// A request, made in advance. A copy shares its texts.
pub type Request = hyper::Request<Full<Bytes>>;

pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await.context("the server does not accept connections")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // What breaks the connection, the sender is told; and it ends when the sender goes.
        tokio::spawn(connection);
        Ok(Connection { sender })
    }

    /// Sends a whole request and waits for the whole answer.
    pub async fn send(&mut self, request: &Request) -> Result<Answer> {
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request.clone()).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

impl Answer {
    /// Whether the server has too much to do at the moment.
    pub fn is_too_many(&self) -> bool {
        String::from_utf8_lossy(&self.body).contains("TooManyRequestsException")
    }
}
