//! A closed loop: each of some clients sends its next request when its last one is answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Result;
use crate::http::{Ask, Connection};

/// How much is sent at the most; whichever is reached first ends it.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Requests.
    pub requests: usize,
    /// From the first request's start on.
    pub time: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Load {
    /// How long each success took, shortest first.
    latencies: Vec<Duration>,
    /// How many requests failed, by status or by what broke.
    pub failures: BTreeMap<String, usize>,
    /// From the first request's start to the last one's end.
    pub elapsed: Duration,
}

impl Load {
    /// How many requests were sent.
    pub fn requests(&self) -> usize {
        self.latencies.len() + self.failed()
    }

    /// How many were not answered with 2xx.
    pub fn failed(&self) -> usize {
        self.failures.values().sum()
    }

    /// Successes in a second.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of the successes did not exceed, by the nearest rank; zero if
    /// nothing succeeded.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.latencies.len() * percent).div_ceil(100);
        let at = self.latencies.get(rank.saturating_sub(1));
        at.copied().unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (what, times) in other.failures {
            *self.failures.entry(what).or_default() += times;
        }
    }
}

/// Sends `asks` in turn, from the first again after the last, by `clients` clients of one keep-alive
/// connection each. Answers are read whole.
///
/// # Errors
///
/// When the platform takes no connections. A request that fails is counted.
pub async fn run(address: &str, asks: &Arc<[Ask]>, clients: usize, bounds: Bounds) -> Result<Load> {
    let sent = Arc::new(AtomicUsize::new(0));
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(address).await?);
    }
    let mut running = JoinSet::new();
    let started = Instant::now();
    let deadline = started + bounds.time;
    for connection in connections {
        let client = Client {
            address: address.to_owned(),
            asks: Arc::clone(asks),
            sent: Arc::clone(&sent),
            requests: bounds.requests,
            deadline,
        };
        running.spawn(client.run(connection));
    }
    let mut load = Load::default();
    while let Some(done) = running.join_next().await {
        load.add(done??);
    }
    load.elapsed = started.elapsed();
    load.latencies.sort_unstable();
    Ok(load)
}

struct Client {
    address: String,
    asks: Arc<[Ask]>,
    sent: Arc<AtomicUsize>,
    requests: usize,
    deadline: Instant,
}

impl Client {
    async fn run(self, mut connection: Connection) -> Result<Load> {
        let mut load = Load::default();
        loop {
            let started = Instant::now();
            let place = self.sent.fetch_add(1, Ordering::Relaxed);
            if place >= self.requests || started >= self.deadline {
                return Ok(load);
            }
            let failure = match connection.send(&self.asks[place % self.asks.len()]).await {
                Ok(answer) if answer.status.is_success() => {
                    load.latencies.push(started.elapsed());
                    continue;
                }
                Ok(answer) => answer.status.as_str().to_owned(),
                Err(error) => {
                    connection = Connection::open(&self.address).await?;
                    error.to_string()
                }
            };
            *load.failures.entry(failure).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let load = Load {
            latencies,
            elapsed: Duration::from_secs(2),
            ..Load::default()
        };
        assert_eq!(load.percentile(50), Duration::from_millis(100));
        assert_eq!(load.percentile(99), Duration::from_millis(198));
        assert_eq!(load.percentile(100), Duration::from_millis(200));
        assert!((load.rate() - 100.0).abs() < 1e-9);
        assert_eq!(Load::default().percentile(99), Duration::ZERO);
    }
}
