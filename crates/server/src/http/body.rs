//! A request's body, read whole within its limits.

use super::limits::Limits;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use rules::{Result, fault};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How much of a body that is too long is still taken, so that the client comes to read the refusal.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A body up to this length is taken on any connection.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// How many longer ones are held at once; further ones wait, as long as a body may take.
const LARGE_MAX: usize = 64;

static LARGE: Semaphore = Semaphore::const_new(LARGE_MAX);

/// What a long body holds until its call is answered.
pub type Room = Option<SemaphorePermit<'static>>;

/// Reads a body. The room is to be kept as long as the body.
///
/// # Errors
/// RequestEntityTooLargeException above the limit, SerializationException when it breaks off or comes too slowly.
pub async fn read(limits: &Limits, body: Body) -> Result<(Bytes, Room)> {
    let collected = tokio::time::timeout(limits.body_timeout, collect(limits.body_bytes_max, body)).await;
    collected.unwrap_or_else(|_| Err(fault::request_incomplete().because("the body came too slowly")))
}

async fn collect(bytes_max: usize, mut body: Body) -> Result<(Bytes, Room)> {
    let (mut bytes, mut room) = (Vec::new(), None);
    let mut total: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| fault::request_incomplete().because(error))?;
        let Ok(data) = frame.into_data() else { continue };
        total = total.saturating_add(data.len());
        if total > SMALL_BYTES_MAX && room.is_none() {
            room = LARGE.acquire().await.ok();
        }
        if total <= bytes_max {
            bytes.extend_from_slice(&data);
        } else if total > DISCARDED_BYTES_MAX {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if total > bytes_max { Err(fault::request_too_large(bytes_max)) } else { Ok((bytes.into(), room)) }
}
