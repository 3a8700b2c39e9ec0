//! How a call's time and money follow from its budget. Every assumption is a constant here, and the document
//! prints it.

use std::ops::AddAssign;

use super::inputs::{Budget, Deployment};
use super::prices::{
    API_REQUEST, DATA_OUT, LAMBDA_REQUEST, LAMBDA_TIME, LOGS, TABLE_READ, TABLE_WRITE,
};
use crate::Result;

/// Milliseconds of a whole vCPU for any invocation, the runtime's share included: what `make bench` measures,
/// rounded up.
pub const CPU_MS: f64 = 0.5;
/// Milliseconds until the table, the queue or SES has answered.
pub const ROUND_TRIP_MS: f64 = 4.0;
/// Milliseconds until another company has answered, across the internet.
pub const VENDOR_MS: f64 = 400.0;
/// Calls to other companies, by operation and case.
pub const VENDOR_CALLS: [(&str, &str, f64); 6] = [
    ("POST /client-data/payment-methods", "the first one", 4.0),
    ("POST /client-data/payment-methods", "another one", 1.0),
    (
        "PUT /client-data/payment-methods/{paymentMethodId}/default",
        "",
        1.0,
    ),
    (
        "DELETE /client-data/payment-methods/{paymentMethodId}",
        "the default",
        2.0,
    ),
    ("POST /client-data/addresses/autocomplete", "", 1.0),
    ("GET /client-data/addresses/place/{placeId}", "", 1.0),
];
/// Milliseconds of a whole vCPU for one password: Argon2id with 19 MiB and two passes.
pub const HASH_MS: f64 = 20.0;
/// MB of memory with which Lambda gives a whole vCPU; with less, a share of it.
pub const WHOLE_VCPU_MB: f64 = 1769.0;
/// One invocation in so many starts a new instance: AWS says that fewer do.
pub const COLD_ONE_IN: f64 = 100.0;
/// Milliseconds of such a start that are charged (since August 2025).
pub const COLD_MS: f64 = 100.0;
/// Bytes that a request leaves in the logs: access log, the function's line, Lambda's start and report.
pub const REQUEST_LOG_BYTES: f64 = 1_200.0;
/// Bytes that an invocation by the stream or the queue leaves: Lambda's start and report.
pub const EVENT_LOG_BYTES: f64 = 500.0;
/// Bytes of an answer with its headers.
pub const ANSWER_BYTES: f64 = 1_000.0;
/// Answers that are pages of twenty.
pub const LONG_ANSWERS: [(&str, f64); 3] = [
    ("GET /storefront/products", 12_000.0),
    ("GET /client-data/orders", 6_000.0),
    ("GET /storefront/orders/get/{author}", 6_000.0),
];
/// Operations that hash a password.
pub const HASHING: [&str; 7] = [
    "POST /profile/customer/password/change",
    "POST /profile/customer/password/reset",
    "POST /profile/customer/signup",
    "POST /profile/customer/signin",
    "POST /profile/user/signin",
    "POST /profile/signin",
    "POST /profile/security/2fa/disable",
];

pub(super) const GB: f64 = 1e9;

/// US dollars, by what they are paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Money {
    /// The HTTP API.
    pub api: f64,
    /// Invocations and their time.
    pub lambda: f64,
    /// Read and write units.
    pub table: f64,
    /// Requests of the queue.
    pub queue: f64,
    /// Mails.
    pub mail: f64,
    /// Logs, and data on its way out.
    pub logs_and_data: f64,
}

impl Money {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.api + self.lambda + self.table + self.queue + self.mail + self.logs_and_data
    }

    /// So many times as much.
    #[must_use]
    pub fn times(&self, number: f64) -> Self {
        Self {
            api: self.api * number,
            lambda: self.lambda * number,
            table: self.table * number,
            queue: self.queue * number,
            mail: self.mail * number,
            logs_and_data: self.logs_and_data * number,
        }
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.api += other.api;
        self.lambda += other.lambda;
        self.table += other.table;
        self.queue += other.queue;
        self.mail += other.mail;
        self.logs_and_data += other.logs_and_data;
    }
}

/// The milliseconds that an invocation is charged for: its own, begun ones included, and its share of a cold
/// start.
pub fn billed_ms(memory_mb: u32, round_trips: f64, hashes: f64) -> f64 {
    // One thread uses one vCPU at the most.
    let slower = (WHOLE_VCPU_MB / f64::from(memory_mb)).max(1.0);
    let own = (CPU_MS + hashes * HASH_MS) * slower + round_trips * ROUND_TRIP_MS;
    own.ceil() + COLD_MS / COLD_ONE_IN
}

pub(super) fn lambda(memory_mb: u32, round_trips: f64, hashes: f64) -> f64 {
    let seconds = billed_ms(memory_mb, round_trips, hashes) / 1000.0;
    LAMBDA_REQUEST.of(1.0) + LAMBDA_TIME.of(seconds * f64::from(memory_mb) / 1024.0)
}

/// What one call of an operation costs until it is answered.
///
/// # Errors
///
/// When no function of the template serves it.
pub fn call(budget: &Budget, deployment: &Deployment) -> Result<Money> {
    let memory = deployment.memory("Path", &format!("/{}", budget.tree()))?;
    let hashes = f64::from(u8::from(HASHING.contains(&budget.operation.as_str())));
    let asks = VENDOR_CALLS.iter().find(|(operation, case, _)| {
        (*operation, *case) == (budget.operation.as_str(), budget.case.as_str())
    });
    let asks = asks.map_or(0.0, |(.., calls)| *calls);
    let waits = budget.round_trips + asks * VENDOR_MS / ROUND_TRIP_MS;
    let answer = LONG_ANSWERS
        .iter()
        .find(|(operation, _)| *operation == budget.operation);
    let answer = answer.map_or(ANSWER_BYTES, |(_, bytes)| *bytes);
    Ok(Money {
        api: API_REQUEST.of(1.0),
        lambda: lambda(memory, waits, hashes),
        table: TABLE_READ.of(budget.reads) + TABLE_WRITE.of(budget.writes),
        logs_and_data: LOGS.of(REQUEST_LOG_BYTES / GB) + DATA_OUT.of(answer / GB),
        ..Money::default()
    })
}
