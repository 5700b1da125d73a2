//! Sockets: who may connect, how patient the server is, and how it ends.

use super::{limits::Limits, per_address::PerAddress, route::Peer, write_timeout::TimedWrites};
use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, header},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use ipnet::IpNet;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

/// How long to wait when the system refuses a connection, as when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The sockets that the server listens on.
pub struct Listener {
    sockets: Vec<TcpListener>,
    /// Where the first one listens.
    pub address: SocketAddr,
    /// Proxies, which may have any number of connections.
    pub proxies: Vec<IpNet>,
}

impl Listener {
    /// Listens on `address`, and where that is a loopback address on the other one too, because
    /// `localhost` is 127.0.0.1 to some clients and ::1 to others.
    pub async fn bind(address: SocketAddr) -> io::Result<Listener> {
        let first = TcpListener::bind(address).await?;
        let address = first.local_addr()?;
        let mut sockets = vec![first];
        if let Some(other) = other_loopback(address.ip()) {
            match TcpListener::bind((other, address.port())).await {
                Ok(socket) => sockets.push(socket),
                Err(error) => tracing::info!(%other, %error, "not listening on the other loopback address"),
            }
        }
        Ok(Listener { sockets, address, proxies: Vec::new() })
    }

    /// Serves until `stop` is ready, then finishes what was accepted.
    pub async fn serve(self, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
        let graceful = Arc::new(GracefulShutdown::new());
        let connections = Arc::new(Semaphore::new(limits.connections_max));
        let of_addresses = PerAddress::new(limits.connections_per_address_max, &self.proxies);
        let (cut, is_cut) = watch::channel(());
        let mut accepting = tokio::task::JoinSet::new();
        for socket in self.sockets {
            let doorman = Doorman {
                router: router.clone(),
                limits: limits.clone(),
                graceful: graceful.clone(),
                connections: connections.clone(),
                of_addresses: of_addresses.clone(),
                is_cut: is_cut.clone(),
            };
            accepting.spawn(doorman.accept(socket));
        }
        drop(is_cut);
        stop.await;
        accepting.shutdown().await;
        let Some(graceful) = Arc::into_inner(graceful) else { return };
        if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!("some connections were cut off because they took too long to end");
            // What they asked for is reported before the process ends.
            let _ = cut.send(());
            cut.closed().await;
        }
    }
}

fn other_loopback(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => Some(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Ipv4Addr::LOCALHOST.into()),
        _ => None,
    }
}

/// How long a head is, as HTTP/1.1 writes it. The limit that hyper has is on its buffer, and looked at only when a head
/// has not ended yet: the last read before that may bring as much again.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    let target = uri.path_and_query().map_or(0, |path| path.as_str().len())
        + uri.authority().map_or(0, |authority| authority.as_str().len())
        + uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    let line = request.method().as_str().len() + target + "  HTTP/1.1\r\n".len();
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    line + headers + "\r\n".len()
}

/// The answer to a head that is too long, which hyper gives with the same status.
fn head_too_long() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

struct Doorman {
    router: Router,
    limits: Limits,
    graceful: Arc<GracefulShutdown>,
    connections: Arc<Semaphore>,
    of_addresses: PerAddress,
    /// Changes when connections are to end at once, and is held by each until it has ended.
    is_cut: watch::Receiver<()>,
}

impl Doorman {
    async fn accept(self, socket: TcpListener) {
        while let Ok(permit) = self.connections.clone().acquire_owned().await {
            match socket.accept().await {
                Ok((stream, peer)) => {
                    // Closed without a word: an answer would cost what the limit saves.
                    let Some(held) = self.of_addresses.hold(peer.ip()) else { continue };
                    let connection = self.connection(stream, peer.ip());
                    let mut is_cut = self.is_cut.clone();
                    tokio::spawn(async move {
                        tokio::select! {
                            () = connection => {}
                            _ = is_cut.changed() => {}
                        }
                        drop((held, permit));
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn connection(&self, stream: TcpStream, peer: IpAddr) -> impl Future<Output = ()> + use<> {
        let _ = stream.set_nodelay(true);
        let (router, head_bytes_max) = (self.router.clone(), self.limits.head_bytes_max);
        let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            let is_too_long = head_bytes(&request) > head_bytes_max;
            let router = router.clone();
            async move {
                if is_too_long {
                    return Ok(head_too_long());
                }
                tower::ServiceExt::oneshot(router, request).await
            }
        });
        let io = TokioIo::new(TimedWrites::new(stream, self.limits.write_timeout));
        let connection = http1::Builder::new()
            // Who hangs up while a call is under way does not end it: what was done is reported and recorded, and work
            // that was admitted is counted until it is done.
            .half_close(true)
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_timeout)
            .max_buf_size(self.limits.head_bytes_max)
            .max_headers(self.limits.headers_max)
            .serve_connection(io, TowerToHyperService::new(service));
        let connection = self.graceful.watch(connection);
        async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        }
    }
}
