//! What an operation costs: DynamoDB round trips, read units and write units, counted where the
//! calls are made. The cost is part of an operation's contract; see `docs/budgets.md`.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Consumption of one request. Units are DynamoDB's own request units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Calls to the table.
    pub round_trips: u64,
    /// Read request units: half a unit for 4 KB read eventually consistently.
    pub read_units: f64,
    /// Write request units: one for 1 KB written, two in a transaction.
    pub write_units: f64,
}

#[derive(Debug, Default)]
struct Meter {
    round_trips: AtomicU64,
    // Thousandths, because atomics are whole numbers and DynamoDB counts in halves.
    read_milli: AtomicU64,
    write_milli: AtomicU64,
}

tokio::task_local! {
    static METER: Meter;
}

/// Runs `work` and tells what it consumed.
pub async fn metered<F: Future>(work: F) -> (F::Output, Usage) {
    METER
        .scope(Meter::default(), async {
            let output = work.await;
            (output, METER.with(Meter::usage))
        })
        .await
}

/// Runs `work` outside the request's account: loading what the warm function keeps for later
/// requests is nobody's cost in particular.
pub async fn unmetered<F: Future>(work: F) -> F::Output {
    metered(work).await.0
}

impl Meter {
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    fn usage(&self) -> Usage {
        Usage {
            round_trips: self.round_trips.load(Relaxed),
            read_units: self.read_milli.load(Relaxed) as f64 / 1000.0,
            write_units: self.write_milli.load(Relaxed) as f64 / 1000.0,
        }
    }
}

/// Counts one call and what DynamoDB said it consumed.
pub(super) fn count(read_units: f64, write_units: f64) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small and never negative
    let milli = |units: f64| (units * 1000.0).round() as u64;
    // Outside a metered request (an operator's command, an event consumer) nobody asks.
    let _ = METER.try_with(|meter| {
        meter.round_trips.fetch_add(1, Relaxed);
        meter.read_milli.fetch_add(milli(read_units), Relaxed);
        meter.write_milli.fetch_add(milli(write_units), Relaxed);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_charged_for_its_own_calls_and_not_for_what_was_loaded_for_all() {
        let ((), usage) = metered(async {
            count(0.5, 0.0);
            unmetered(async { count(100.0, 0.0) }).await;
            count(0.0, 2.0);
        })
        .await;
        assert_eq!(
            usage,
            Usage {
                round_trips: 2,
                read_units: 0.5,
                write_units: 2.0
            }
        );
    }
}
