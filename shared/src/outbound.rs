//! HTTP to services that no SDK is used for: what is tried again, how long, and how much is read.

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
/// The largest answer that is read, in bytes. Most have a few KB.
const LARGEST: usize = 256 * 1024;

/// A client. Its trust roots are the machine's, read with the first call: functions that call nobody
/// do not pay for them.
#[derive(Debug)]
pub(crate) struct Http {
    /// None if the machine has no trust roots.
    client: OnceLock<Option<Client>>,
    without_tls: bool,
    attempts: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            client: OnceLock::new(),
            without_tls: false,
            attempts: ATTEMPTS,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    service: &'static str,
    /// The status: below 500, or 501.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when it is not what the service documents. What was asked for may have been done.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|_| {
            let (service, status) = (self.service, self.status.as_u16());
            Error::Unavailable(format!(
                "{service}: an answer of status {status} that cannot be read"
            ))
        })
    }

    /// A header, if it is there and readable.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The failure of a call that was answered with a status that nobody expects.
    pub(crate) fn unexpected(&self) -> Error {
        Error::Unavailable(format!("{}: status {}", self.service, self.status.as_u16()))
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
    pub(crate) fn without_tls() -> Self {
        Self {
            without_tls: true,
            ..Self::default()
        }
    }

    /// With so many attempts for a call instead of [`ATTEMPTS`].
    pub(crate) fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The client, for building a request.
    ///
    /// # Errors
    ///
    /// When the machine has no trust roots.
    pub(crate) fn client(&self) -> Result<&Client> {
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
    /// [`Error::Unavailable`], which names the service and the kind of failure, and nothing of the request.
    pub(crate) async fn send(
        &self,
        service: &'static str,
        request: RequestBuilder,
        repeatable: bool,
    ) -> Result<Reply> {
        let failed = |reason: &str| Error::Unavailable(format!("{service}: {reason}"));
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
                            service,
                            status,
                            headers,
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
            if !again || attempt == self.attempts || pause + SHORTEST * 2 > left() {
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
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
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
