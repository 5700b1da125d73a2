//! A request's body, read whole within its limits.

use super::{
    limits::Limits,
    per_address::{Held, PerAddress},
};
use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use ipnet::IpNet;
use rules::{
    Result,
    endpoints::{self, Endpoint},
    fault,
};
use std::{net::IpAddr, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much of a body that is refused is still taken, so that the client comes to read the refusal.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The longest body of a line or two.
const SHORT_BYTES_MAX: usize = 4 * 1024;
/// A body up to this length is taken on any connection.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// How many longer ones are held at once. Nobody waits for room: who sends slowly could make everybody wait.
const LARGE_MAX: usize = 64;
/// How many of these are of one address.
const LARGE_PER_ADDRESS_MAX: usize = 16;

/// Room for long bodies.
#[derive(Clone)]
pub struct LongBodies {
    all: Arc<Semaphore>,
    of_addresses: PerAddress,
}

/// What a long body holds as long as it is there.
struct Room(#[expect(dead_code, reason = "held")] (OwnedSemaphorePermit, Held));

impl LongBodies {
    /// Room for any address, and more for proxies.
    pub fn new(proxies: &[IpNet]) -> LongBodies {
        LongBodies {
            all: Arc::new(Semaphore::new(LARGE_MAX)),
            of_addresses: PerAddress::new(LARGE_PER_ADDRESS_MAX, proxies),
        }
    }

    fn room(&self, peer: Option<IpAddr>) -> Result<Room> {
        let refusal = || fault::too_many_requests().because("too many long bodies at once");
        let held = peer.map_or_else(|| Some(Held::default()), |peer| self.of_addresses.hold(peer));
        let permit = self.all.clone().try_acquire_owned().map_err(|_| refusal())?;
        Ok(Room((permit, held.ok_or_else(refusal)?)))
    }
}

/// How long the body of a request for an endpoint may be.
fn bytes_max(limits: &Limits, endpoint: Endpoint) -> usize {
    match endpoint.body() {
        endpoints::Body::OfCall => limits.body_bytes_max,
        endpoints::Body::Short => SHORT_BYTES_MAX,
        endpoints::Body::Unread => 0,
    }
}

/// Reads the body that an address sends to an endpoint.
///
/// # Errors
/// RequestEntityTooLargeException above the limit, TooManyRequestsException where a long one finds no room,
/// SerializationException when it breaks off or comes too slowly.
pub async fn read(
    limits: &Limits,
    rooms: &LongBodies,
    endpoint: Endpoint,
    peer: Option<IpAddr>,
    body: Body,
) -> Result<Bytes> {
    let kept = Kept { bytes: Vec::new(), bytes_max: bytes_max(limits, endpoint), room: None };
    let collected = tokio::time::timeout(limits.body_timeout, collect(kept, rooms, peer, body)).await;
    collected.unwrap_or_else(|_| Err(fault::request_incomplete().because("the body came too slowly")))
}

async fn collect(kept: Kept, rooms: &LongBodies, peer: Option<IpAddr>, mut body: Body) -> Result<Bytes> {
    let mut kept = Ok(kept);
    let mut total: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| fault::request_incomplete().because(error))?;
        let Ok(data) = frame.into_data() else { continue };
        total = total.saturating_add(data.len());
        kept = kept.and_then(|kept| kept.and(&data, || rooms.room(peer)));
        if kept.is_err() && total > DISCARDED_BYTES_MAX {
            break;
        }
    }
    kept.map(Bytes::from_owner)
}

/// What has come of a body, with its room.
struct Kept {
    bytes: Vec<u8>,
    bytes_max: usize,
    room: Option<Room>,
}

impl Kept {
    fn and(mut self, data: &[u8], room: impl FnOnce() -> Result<Room>) -> Result<Kept> {
        let length = self.bytes.len().saturating_add(data.len());
        if length > self.bytes_max {
            return Err(fault::request_too_large(self.bytes_max));
        }
        if length > SMALL_BYTES_MAX && self.room.is_none() {
            self.room = Some(room()?);
        }
        self.bytes.extend_from_slice(data);
        Ok(self)
    }
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STS: Endpoint = Endpoint::Unknown(spec::Service::Sts);

    #[tokio::test]
    async fn nobody_alone_holds_all_room_and_it_is_free_with_the_bytes() {
        let rooms = LongBodies::new(&["203.0.113.0/24".parse().unwrap()]);
        let send = async |peer: &str, length: usize| {
            let body = Body::from(vec![b' '; length]);
            read(&Limits::default(), &rooms, STS, Some(peer.parse().unwrap()), body).await
        };
        let is_refused = async |peer: &str| {
            send(peer, SMALL_BYTES_MAX).await.unwrap();
            let refusal = send(peer, SMALL_BYTES_MAX + 1).await.err();
            refusal.is_some_and(|fault| fault.code == fault::too_many_requests().code)
        };
        let mut held = Vec::new();
        for _ in 0..LARGE_PER_ADDRESS_MAX {
            held.push(send("192.0.2.1", 100_000).await.unwrap());
        }
        assert!(is_refused("192.0.2.1").await);
        assert!(!is_refused("192.0.2.2").await);
        for _ in LARGE_PER_ADDRESS_MAX..LARGE_MAX {
            held.push(send("203.0.113.9", 100_000).await.unwrap());
        }
        for peer in ["192.0.2.2", "203.0.113.9", "127.0.0.1"] {
            assert!(is_refused(peer).await, "{peer}");
        }
        let again = held[0].clone();
        drop(held.remove(0));
        assert!(is_refused("192.0.2.1").await, "somebody still has the bytes");
        drop(again);
        assert!(!is_refused("192.0.2.1").await);
        let too_long = send("192.0.2.1", 2 * 1024 * 1024).await.unwrap_err();
        assert_eq!(too_long.code, fault::request_too_large(0).code);
    }
}
