//! How a call's time and money follow from its budget. Every assumption is a constant here, and the document
//! prints it.

use std::ops::AddAssign;

use super::inputs::{Budget, Deployment};
use super::prices::{
    API_REQUEST, DATA_OUT, LAMBDA_REQUEST, LAMBDA_TIME, LOGS, MAIL, QUEUE_REQUEST, TABLE_READ,
    TABLE_WRITE,
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

const GB: f64 = 1e9;

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

fn lambda(memory_mb: u32, round_trips: f64, hashes: f64) -> f64 {
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

/// One invocation by the stream or the queue, apart from the request that caused it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What happens.
    pub what: &'static str,
    /// The type of the event source, as the template names it: `DynamoDB` is changes, `SQS` notifications.
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

const NOTHING: Step = Step {
    what: "",
    source: "DynamoDB",
    round_trips: 0.0,
    reads: 0.0,
    writes: 0.0,
    queue: 0.0,
    mails: 0.0,
};
/// The dashboard of a customer with five delivered orders: their rows (1.3 KB) and 21 notifications (10 KB) are
/// read consistently, the roll-up (under 1 KB) is put.
const DASHBOARD: Step = Step {
    what: "changes makes the dashboard anew for a notification",
    round_trips: 3.0,
    reads: 4.0,
    writes: 1.0,
    ..NOTHING
};
const ORDER: Step = Step {
    what: "changes queues the job of an order and makes the dashboard anew",
    round_trips: DASHBOARD.round_trips + 1.0,
    queue: 1.0,
    ..DASHBOARD
};
const CUSTOMER: Step = Step {
    what: "changes queues the job of a new customer",
    round_trips: 1.0,
    queue: 1.0,
    ..NOTHING
};
const DESK_JOB: Step = Step {
    what: "changes queues the job of a ticket or of a message of staff's",
    ..CUSTOMER
};
const NOTIFICATION: Step = Step {
    what: "notifications takes a job: recipient, record, mail, note that it was sent",
    source: "SQS",
    round_trips: 4.0,
    reads: 1.0,
    writes: 2.0,
    // Lambda receives it and deletes it.
    queue: 2.0,
    mails: 1.0,
};
const CODE_ISSUED: Step = Step {
    what: "changes queues the job of a one-time code or link",
    ..CUSTOMER
};
const CODE_SENT: Step = Step {
    what: "notifications takes the job of a code or link: the code, the login, mail, note that it was sent",
    round_trips: 3.0,
    reads: 1.0,
    writes: 1.0,
    ..NOTIFICATION
};
const CODE_TEXTED: Step = Step {
    what: "notifications takes the job of a code for a telephone: without SNS, which charges by country",
    reads: 0.5,
    mails: 0.0,
    ..CODE_SENT
};
const BOOKING: Step = Step {
    what: "changes queues the job of a booking",
    ..CUSTOMER
};
const BENEFIT: Step = Step {
    what: "changes queues the job of an application for a benefit",
    ..CUSTOMER
};
const DEVICE: Step = Step {
    what: "changes looks at the device of a sign-in",
    round_trips: 1.0,
    reads: 1.0,
    ..NOTHING
};
const PASSED_BY: Step = Step {
    what: "changes sees a change that concerns nobody",
    ..NOTHING
};

/// The kinds of steps, each once.
pub const STEPS: &[Step] = &[
    ORDER,
    CUSTOMER,
    DESK_JOB,
    NOTIFICATION,
    DASHBOARD,
    DEVICE,
    CODE_ISSUED,
    CODE_SENT,
    CODE_TEXTED,
    BOOKING,
    BENEFIT,
    PASSED_BY,
];

/// What follows when an order is placed or moves; a notification is two changes, when it is written and when
/// its mail was sent.
const ORDER_MOVED: &[Step] = &[ORDER, NOTIFICATION, DASHBOARD, PASSED_BY];
const CUSTOMER_MADE: &[Step] = &[CUSTOMER, NOTIFICATION, DASHBOARD, PASSED_BY, DEVICE];
/// On a device that is known: the others are rare.
const SIGNED_IN: &[Step] = &[DEVICE];
const GUEST_MADE: &[Step] = &[PASSED_BY, DEVICE];
const CUSTOMER_CHANGED: &[Step] = &[PASSED_BY];
const CODE_MAILED: &[Step] = &[CODE_ISSUED, CODE_SENT, PASSED_BY];
const CODE_BY_SMS: &[Step] = &[CODE_ISSUED, CODE_TEXTED, PASSED_BY];
/// The code's use and the profile, and the session of a sign-in; before them a try, if it is six digits.
const LINK_USED: &[Step] = &[PASSED_BY, PASSED_BY, DEVICE];
const CODE_TRIED: &[Step] = &[PASSED_BY];
const CODE_USED: &[Step] = &[PASSED_BY, PASSED_BY, PASSED_BY];
const SIGNED_IN_BY_CODE: &[Step] = &[PASSED_BY, PASSED_BY, PASSED_BY, DEVICE];
const PASSWORD_CHANGED: &[Step] = &[CODE_ISSUED, NOTIFICATION, DASHBOARD, PASSED_BY];
const BOOKING_MOVED: &[Step] = &[BOOKING, NOTIFICATION, DASHBOARD, PASSED_BY];

/// What follows when customers write to the desk, and when staff do: heads and messages pass the filter, and one of them
/// is told of.
const DESK: &[Step] = &[DESK_JOB, NOTIFICATION, DASHBOARD, PASSED_BY];
const PASSED: &[Step] = &[PASSED_BY];
const BENEFIT_MOVED: &[Step] = &[BENEFIT, NOTIFICATION, DASHBOARD, PASSED_BY];

/// What follows from which operation, by its case too. All others write nothing that passes the stream's
/// filter.
pub const FOLLOWS: &[(&str, &str, &[Step])] = &[
    ("POST /client-data/verification/email/send", "", CODE_MAILED),
    ("POST /client-data/verification/email/verify", "", CODE_USED),
    (
        "POST /client-data/verification/email/verify",
        "wrong code",
        CODE_TRIED,
    ),
    ("POST /client-data/verification/phone/send", "", CODE_BY_SMS),
    ("POST /client-data/verification/phone/verify", "", CODE_USED),
    (
        "POST /client-data/verification/phone/verify",
        "wrong code",
        CODE_TRIED,
    ),
    ("GET /profile/magic-link", "", CODE_MAILED),
    ("POST /profile/magic-link/redirect", "link", LINK_USED),
    ("POST /profile/customer/magic-link", "", CODE_MAILED),
    (
        "POST /profile/customer/magic-link/redirect",
        "code",
        SIGNED_IN_BY_CODE,
    ),
    (
        "POST /profile/customer/magic-link/redirect",
        "wrong code",
        CODE_TRIED,
    ),
    (
        "GET /profile/customer/password/forgot/{email}",
        "",
        CODE_MAILED,
    ),
    ("POST /profile/customer/password/forgot", "", CODE_MAILED),
    (
        "POST /profile/customer/password/reset",
        "three sessions",
        PASSWORD_CHANGED,
    ),
    (
        "POST /profile/customer/password/change",
        "one session",
        PASSWORD_CHANGED,
    ),
    ("PUT /client-data/profile", "", CUSTOMER_CHANGED),
    ("POST /profile/customer/update", "", CUSTOMER_CHANGED),
    ("POST /profile/customer/register-guest", "", GUEST_MADE),
    (
        "POST /profile/customer/signup",
        "a registered guest",
        CUSTOMER_MADE,
    ),
    ("POST /profile/customer/signup", "", CUSTOMER_MADE),
    ("POST /profile/customer/signin", "", SIGNED_IN),
    ("POST /profile/oauth/exchange", "", SIGNED_IN),
    ("POST /profile/{provider}/redirect", "known", SIGNED_IN),
    ("POST /profile/{provider}/token", "known", SIGNED_IN),
    (
        "POST /profile/security/challenge/verify",
        "device to be trusted",
        SIGNED_IN,
    ),
    ("POST /client-data/benefits/enroll", "", BENEFIT_MOVED),
    (
        "POST /client-data/benefits/enroll",
        "with a file",
        BENEFIT_MOVED,
    ),
    (
        "PUT /crm/benefits/enrollments/{enrollmentId}/approve",
        "",
        BENEFIT_MOVED,
    ),
    (
        "PUT /crm/benefits/enrollments/{enrollmentId}/reject",
        "",
        BENEFIT_MOVED,
    ),
    (
        "PUT /crm/benefits/enrollments/{enrollmentId}/revoke",
        "",
        BENEFIT_MOVED,
    ),
    ("POST /storefront/checkout-cart", "one line", ORDER_MOVED),
    (
        "POST /storefront/checkout-cart",
        "one line, with a benefit",
        ORDER_MOVED,
    ),
    (
        "POST /storefront/order/process/{orderNumber}",
        "",
        ORDER_MOVED,
    ),
    ("POST /storefront/order/ship/{orderNumber}", "", ORDER_MOVED),
    (
        "POST /storefront/order/deliver/{orderNumber}",
        "",
        ORDER_MOVED,
    ),
    ("POST /client-data/tickets", "", DESK),
    (
        "POST /client-data/tickets",
        "with an `Idempotency-Key`",
        DESK,
    ),
    (
        "POST /client-data/tickets/with-attachments",
        "one file",
        DESK,
    ),
    ("PUT /client-data/tickets", "comment", PASSED),
    (
        "PUT /client-data/tickets",
        "comment that staff waited for",
        PASSED,
    ),
    ("POST /crm/tickets/update", "reply", DESK),
    (
        "POST /crm/tickets/update",
        "reply, note and another status",
        DESK,
    ),
    ("POST /client-data/messages", "", PASSED),
    ("POST /client-data/messages", "new conversation", PASSED),
    ("POST /crm/chat-message/create", "", DESK),
    ("POST /crm/chat-message/create", "first answer", DESK),
    ("POST /crm/chat-message/create", "new conversation", DESK),
    (
        "PUT /client-data/messages/{messageId}/status/{status}",
        "read",
        PASSED,
    ),
    (
        "PUT /client-data/messages/{messageId}/status/{status}",
        "archived",
        PASSED,
    ),
    (
        "PUT /client-data/notifications/{notificationId}/read",
        "",
        &[DASHBOARD],
    ),
    ("POST /client-data/reservations", "", BOOKING_MOVED),
    (
        "PUT /client-data/reservations",
        "to another day",
        BOOKING_MOVED,
    ),
    ("PUT /client-data/reservations", "note", &[PASSED_BY]),
    (
        "DELETE /client-data/reservations/{reservationId}",
        "",
        BOOKING_MOVED,
    ),
];

/// What an operation costs after it was answered.
///
/// # Errors
///
/// As [`Step::money`].
pub fn later(budget: &Budget, deployment: &Deployment) -> Result<Money> {
    let steps = FOLLOWS
        .iter()
        .find(|(operation, case, _)| budget.operation == *operation && budget.case == *case)
        .map_or::<&[Step], _>(&[], |(_, _, steps)| steps);
    let mut money = Money::default();
    for step in steps {
        money += step.money(deployment)?;
    }
    Ok(money)
}
