//! How long one waits for a request's work: the function runs in this process, one request after the other, the
//! services in another.

use std::time::{Duration, Instant};

use axum::Router;
use serde_json::{Value, json};

use crate::Result;
use crate::events::http_event;
use crate::function::invoke;
use crate::platform::Platform;
use crate::world::Account;

/// How long requests took, from the event's JSON to the reply's.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// Half of them took no longer.
    pub half: Duration,
    /// One in a hundred took longer.
    pub slowest: Duration,
}

/// The event of a POST.
pub fn post_event(path: &str, body: &Value, who: &Account) -> String {
    let mut event = http_event(path, "", who);
    event["requestContext"]["http"]["method"] = json!("POST");
    event["headers"]["content-type"] = json!("application/json");
    event["body"] = json!(body.to_string());
    event.to_string()
}

/// Answers the events by turns, so many times in all. What is done in the background of what came before is
/// waited for, and one request of each is not counted: it finds nothing kept warm.
///
/// # Errors
///
/// When a request fails.
pub async fn wait(
    platform: &Platform,
    router: &Router,
    events: &[String],
    times: usize,
) -> Result<Waits> {
    for event in events {
        invoke(router, event.as_bytes()).await?;
    }
    platform.settled().await?;
    let mut waits = Vec::with_capacity(times);
    for event in events.iter().cycle().take(times) {
        let began = Instant::now();
        invoke(router, event.as_bytes()).await?;
        waits.push(began.elapsed());
    }
    waits.sort_unstable();
    Ok(Waits {
        half: waits[times / 2],
        slowest: waits[times * 99 / 100],
    })
}
