//! What the SDK's retries leave to be done: writes that met another transaction, and writes whose answer
//! was lost and that met their own effect when they were sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use super::StoreError;

/// How often a write is tried while others hold its items. The SDK does not try these again: it cannot
/// know that nothing was written.
const ATTEMPTS: u32 = 5;
/// The longest pause before the second attempt; each later one is up to twice as long.
const BACKOFF: Duration = Duration::from_millis(20);

/// Counts how often one write is sent, by the SDK's retries and by ours. A write that was sent once was
/// refused for what others did; one that was sent again may have met its own effect.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempts(Arc<AtomicUsize>);

impl Attempts {
    pub(super) fn several(&self) -> bool {
        self.0.load(Relaxed) > 1
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Relaxed);
        Ok(())
    }
}

/// Makes a call again while it fails without having written anything. Whoever drops it at a deadline stops
/// it.
pub(super) async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut attempt = 1;
    loop {
        match call().await {
            Err(StoreError::Contended | StoreError::Throttled) if attempt < ATTEMPTS => {
                pause(attempt).await;
            }
            done => return done,
        }
        attempt += 1;
    }
}

/// The pause after an attempt, counted from 1. Full jitter: those who met will hardly meet again.
pub(super) async fn pause(attempt: u32) {
    let longest = BACKOFF * (1 << (attempt - 1));
    let random = u32::from(uuid::Uuid::now_v7().as_bytes()[15]);
    tokio::time::sleep(longest * random / 255).await;
}
