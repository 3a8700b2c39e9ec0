//! What the stream and the queue set off, step by step, and what a step costs.

use super::inputs::Deployment;
use super::model::{EVENT_LOG_BYTES, GB, Money, lambda};
use super::prices::{LOGS, MAIL, QUEUE_REQUEST, TABLE_READ, TABLE_WRITE};
use crate::Result;

/// One invocation by the stream or the queue, apart from the request that caused it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What happens.
    pub what: &'static str,
    /// The type of the event source, as the template names it: `DynamoDB` is changes, `SQS` notifications, and
    /// privacy as if it had no more memory.
    pub source: &'static str,
    /// Calls, one after the other.
    pub round_trips: f64,
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
    /// Requests of the queue, those that Lambda makes included.
    pub queue: f64,
    /// Mails.
    pub mails: f64,
}

impl Step {
    /// What it costs.
    ///
    /// # Errors
    ///
    /// When the template has no function with this source.
    pub fn money(&self, deployment: &Deployment) -> Result<Money> {
        let memory = deployment.memory("Type", self.source)?;
        Ok(Money {
            lambda: lambda(memory, self.round_trips, 0.0),
            table: TABLE_READ.of(self.reads) + TABLE_WRITE.of(self.writes),
            queue: QUEUE_REQUEST.of(self.queue),
            mail: MAIL.of(self.mails),
            logs_and_data: LOGS.of(EVENT_LOG_BYTES / GB),
            ..Money::default()
        })
    }
}

pub(super) const NOTHING: Step = Step {
    what: "",
    source: "DynamoDB",
    round_trips: 0.0,
    reads: 0.0,
    writes: 0.0,
    queue: 0.0,
    mails: 0.0,
};
/// The dashboard of a customer with five delivered orders: the roll-up (under 1 KB) and 21 notifications (10 KB) are
/// read consistently, the roll-up is written.
pub(super) const DASHBOARD: Step = Step {
    what: "changes counts the notifications of a dashboard anew",
    round_trips: 3.0,
    reads: 4.0,
    writes: 1.0,
    ..NOTHING
};
/// The rows of five orders are 1.3 KB.
pub(super) const ORDER: Step = Step {
    what: "changes queues the job of an order and counts the orders of a dashboard anew",
    round_trips: DASHBOARD.round_trips + 1.0,
    reads: 2.0,
    queue: 1.0,
    ..DASHBOARD
};
pub(super) const CUSTOMER: Step = Step {
    what: "changes queues the job of a new customer",
    round_trips: 1.0,
    queue: 1.0,
    ..NOTHING
};
pub(super) const DESK_JOB: Step = Step {
    what: "changes queues the job of a ticket or of a message of staff's",
    ..CUSTOMER
};
pub(super) const NOTIFICATION: Step = Step {
    what: "notifications takes a job: recipient, record, mail, note that it was sent",
    source: "SQS",
    round_trips: 4.0,
    reads: 1.5,
    writes: 2.0,
    // Lambda receives it and deletes it.
    queue: 2.0,
    mails: 1.0,
};
pub(super) const CODE_ISSUED: Step = Step {
    what: "changes queues the job of a one-time code or link",
    ..CUSTOMER
};
pub(super) const CODE_SENT: Step = Step {
    what: "notifications takes the job of a code or link: the code, the login, mail, note that it was sent",
    round_trips: 3.0,
    reads: 1.0,
    writes: 1.0,
    ..NOTIFICATION
};
pub(super) const CODE_TEXTED: Step = Step {
    what: "notifications takes the job of a code for a telephone: without SNS, which charges by country",
    reads: 0.5,
    mails: 0.0,
    ..CODE_SENT
};
pub(super) const BOOKING: Step = Step {
    what: "changes queues the job of a booking and counts the bookings of a dashboard anew",
    ..ORDER
};
pub(super) const BENEFIT: Step = Step {
    what: "changes queues the job of an application for a benefit",
    ..CUSTOMER
};
pub(super) const DEVICE: Step = Step {
    what: "changes looks at the device of a sign-in",
    round_trips: 1.0,
    reads: 1.0,
    ..NOTHING
};
pub(super) const PASSED_BY: Step = Step {
    what: "changes sees a change that concerns nobody",
    ..NOTHING
};

pub(super) const TASK: Step = Step {
    what: "changes queues the work on an account",
    round_trips: 1.0,
    queue: 1.0,
    ..NOTHING
};
/// An account of 20 KB with five orders. The object costs as much as eight write units.
pub(super) const COPY: Step = Step {
    what: "privacy makes a copy of an account",
    source: "SQS",
    round_trips: 4.0,
    reads: 6.0,
    writes: 9.0,
    queue: 2.0,
    ..NOTHING
};
pub(super) const READY: Step = Step {
    what: "changes queues the job of a copy that is ready",
    ..CUSTOMER
};
pub(super) const ERASING: Step = Step {
    what: "changes queues the work on an erasure and its confirmation",
    round_trips: 2.0,
    queue: 2.0,
    ..NOTHING
};
pub(super) const CONFIRMATION: Step = Step {
    what: "notifications confirms an erasure: the address, mail, forgetting it",
    round_trips: 3.0,
    reads: 1.0,
    writes: 1.0,
    ..NOTIFICATION
};
/// The same account: five orders of two units each, 21 notifications and a few more are gone one by one, twice over.
pub(super) const ERASURE: Step = Step {
    what: "privacy erases an account, and looks again when its tokens have expired",
    source: "SQS",
    round_trips: 48.0,
    reads: 14.0,
    writes: 40.0,
    queue: 5.0,
    ..NOTHING
};

/// The kinds of steps, each once.
pub const STEPS: &[Step] = &[
    ORDER,
    CUSTOMER,
    DESK_JOB,
    NOTIFICATION,
    DASHBOARD,
    TASK,
    COPY,
    READY,
    ERASING,
    CONFIRMATION,
    ERASURE,
    DEVICE,
    CODE_ISSUED,
    CODE_SENT,
    CODE_TEXTED,
    BOOKING,
    BENEFIT,
    PASSED_BY,
];
