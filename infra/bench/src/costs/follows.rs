//! What the stream and the queue set off after which operation, and what that costs.

use super::inputs::{Budget, Deployment};
use super::model::Money;
use super::steps::{
    BENEFIT, BOOKING, CODE_ISSUED, CODE_SENT, CODE_TEXTED, CONFIRMATION, COPY, CUSTOMER, DASHBOARD,
    DESK_JOB, DEVICE, ERASING, ERASURE, NOTIFICATION, ORDER, PASSED_BY, READY, Step, TASK,
};
use crate::Result;

/// What follows when an order is placed or moves; a notification is two changes, when it is written and when
/// its mail was sent.
const ORDER_MOVED: &[Step] = &[ORDER, NOTIFICATION, DASHBOARD, PASSED_BY];
const CUSTOMER_MADE: &[Step] = &[CUSTOMER, NOTIFICATION, DASHBOARD, PASSED_BY, DEVICE];
/// On a device that is known: the others are rare.
const SIGNED_IN: &[Step] = &[DEVICE];
const GUEST_MADE: &[Step] = &[PASSED_BY, DEVICE];
const CUSTOMER_CHANGED: &[Step] = &[PASSED_BY];
const COPIED: &[Step] = &[TASK, COPY, READY, NOTIFICATION, DASHBOARD, PASSED_BY];
const ERASED: &[Step] = &[ERASING, CONFIRMATION, ERASURE, PASSED_BY];

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
    ("POST /client-data/privacy/export", "", COPIED),
    ("POST /client-data/privacy/erasure", "one session", ERASED),
    ("POST /client-data/privacy/erasure/code", "", CODE_MAILED),
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
    (
        "POST /profile/customer/signin",
        "second factor wanted, code mailed",
        CODE_MAILED,
    ),
    (
        "POST /profile/security/challenge/send",
        "by mail",
        CODE_MAILED,
    ),
    (
        "POST /profile/security/2fa/setup/{method}",
        "by mail",
        CODE_MAILED,
    ),
    (
        "POST /profile/security/2fa/verify-setup",
        "mailed code",
        CODE_TRIED,
    ),
    (
        "POST /profile/security/challenge/verify",
        "mailed code",
        LINK_USED,
    ),
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
