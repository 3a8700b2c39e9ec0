//! One HTTP client for all vendors: what is tried again, how long, and how much is read.

use std::sync::OnceLock;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use crate::deadline::left;
use crate::error::{Error, Result};
use crate::ids::random16;

/// How long one attempt may take, with connecting. Stripe and PayPal answer within a second, nearly always.
pub const ATTEMPT: Duration = Duration::from_secs(4);
/// How often a call is tried at the most. The deadline of the invocation often ends it earlier.
pub const ATTEMPTS: u32 = 3;
/// The longest pause before the second attempt; each later one is up to twice as long.
const BACKOFF: Duration = Duration::from_millis(200);
/// With less time than this left, a call is not begun: its outcome would not be heard.
const SHORTEST: Duration = Duration::from_millis(100);
/// Connecting takes a few round trips across the internet.
const CONNECT: Duration = Duration::from_secs(2);
/// A connection that was idle for longer was likely closed at the other end.
const IDLE: Duration = Duration::from_secs(20);
/// The largest answer that is read, in bytes. What is asked for here has a few KB.
const LARGEST: usize = 256 * 1024;

/// The client. Its trust roots are the machine's, read with the first call: functions that call no vendor
/// do not pay for them.
#[derive(Debug, Default)]
pub(super) struct Http {
    /// None if the machine has no trust roots.
    client: OnceLock<Option<Client>>,
    without_tls: bool,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    vendor: &'static str,
    /// The status, below 500.
    pub status: StatusCode,
    body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when it is not what the vendor documents. What was asked for may have been done.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let (vendor, status) = (self.vendor, self.status.as_u16());
            Error::Unavailable(format!(
                "{vendor}: an answer of status {status} that cannot be read"
            ))
        })
    }

    /// The failure of a call that was answered with a status that nobody expects.
    pub(super) fn unexpected(&self) -> Error {
        Error::Unavailable(format!("{}: status {}", self.vendor, self.status.as_u16()))
    }
}

/// Why an attempt came to nothing.
enum Lost {
    /// It was not sent.
    NotSent,
    /// It may have taken effect.
    Unheard(&'static str),
}

impl Http {
    pub(super) fn without_tls() -> Self {
        Self {
            without_tls: true,
            ..Self::default()
        }
    }

    /// The client, for building a request.
    ///
    /// # Errors
    ///
    /// When the machine has no trust roots.
    pub(super) fn client(&self) -> Result<&Client> {
        let client = self.client.get_or_init(|| {
            let client = Client::builder()
                .user_agent(concat!("portico/", env!("CARGO_PKG_VERSION")))
                .https_only(!self.without_tls)
                .redirect(Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT)
                .pool_idle_timeout(IDLE);
            client.build().ok()
        });
        let failed = || Error::Internal("no client: the machine has no trust roots".to_owned());
        client.as_ref().ok_or_else(failed)
    }

    /// Sends a request, whose body is in memory, until it is answered.
    ///
    /// It is sent again when it could not be sent, or when `repeatable` and its answer was lost, or was 409
    /// (another request with its idempotency key is under way), 429 or 5xx. Pauses grow, are drawn at random,
    /// and are as long as `Retry-After` asks for; where that is longer than there is time, it is given up.
    /// Whoever says `repeatable` sends an idempotency key, or asks for what can be done twice.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], which names the vendor and the kind of failure, and nothing of the request.
    pub(super) async fn send(
        &self,
        vendor: &'static str,
        request: RequestBuilder,
        repeatable: bool,
    ) -> Result<Reply> {
        let failed = |reason: &str| Error::Unavailable(format!("{vendor}: {reason}"));
        let mut attempt = 1;
        loop {
            let time = left().saturating_sub(SHORTEST / 2);
            if time < SHORTEST {
                return Err(failed("no time left"));
            }
            let once = request.try_clone().expect("the body is in memory");
            let (error, again, wanted) = match once_only(once.timeout(time.min(ATTEMPT))).await {
                Ok((status, headers, body)) => {
                    if !is_passing(status) {
                        return Ok(Reply {
                            vendor,
                            status,
                            body,
                        });
                    }
                    let error = failed(&format!("status {}", status.as_u16()));
                    (
                        error,
                        repeatable && !refuses_retry(&headers),
                        retry_after(&headers),
                    )
                }
                Err(Lost::NotSent) => (failed("no connection"), true, None),
                Err(Lost::Unheard(reason)) => (failed(reason), repeatable, None),
            };
            let pause = backoff(attempt).max(wanted.unwrap_or_default());
            if !again || attempt == ATTEMPTS || pause + SHORTEST * 2 > left() {
                return Err(error);
            }
            sleep(pause).await;
            attempt += 1;
        }
    }
}

async fn once_only(request: RequestBuilder) -> Result<(StatusCode, HeaderMap, Vec<u8>), Lost> {
    // reqwest's errors carry the URL. They are not passed on.
    let lost = |error: reqwest::Error| {
        if error.is_connect() {
            Lost::NotSent
        } else if error.is_timeout() {
            Lost::Unheard("timed out")
        } else {
            Lost::Unheard("no usable answer")
        }
    };
    let mut response: Response = request.send().await.map_err(lost)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Lost::Unheard("an answer that is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), response.headers().clone(), body))
}

/// Whether a status says that the same request may be answered otherwise a moment later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS)
}

/// Stripe says it where it knows.
fn refuses_retry(headers: &HeaderMap) -> bool {
    headers
        .get("stripe-should-retry")
        .is_some_and(|should| should == "false")
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3). None of the vendors sends the other form, a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?))
}

/// The pause after an attempt, counted from 1. Between half and all of the longest: those who failed
/// together do not come back together.
fn backoff(attempt: u32) -> Duration {
    let longest = BACKOFF * (1 << (attempt - 1));
    longest / 2 + longest / 2 * u32::from(random16()[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn in_production_a_vendor_is_called_over_tls_or_not_at_all() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = Http::default();
        let request = http.client().unwrap().get(&url);
        let refused = http.send("stripe", request, false).await.unwrap_err();
        assert_eq!(refused.to_string(), "stripe: no usable answer");
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err(), "it was called without TLS");
    }

    #[test]
    fn pauses_grow_and_are_never_the_same_for_all() {
        for attempt in 1..ATTEMPTS {
            let longest = BACKOFF * (1 << (attempt - 1));
            let pauses: Vec<_> = (0..64).map(|_| backoff(attempt)).collect();
            assert!(
                pauses
                    .iter()
                    .all(|pause| (longest / 2..=longest).contains(pause))
            );
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        }
    }
}
