//! What every file in `events/` is expected to be answered, whatever runs the functions.

use std::collections::BTreeMap;
use std::path::PathBuf;

use portico_local::demo_events::{self, fill, values};
use serde_json::{Value, json};

use crate::{World, root};

/// The HTTP events and the status of each one's answer, in an order in which all of them can be replayed
/// with the same ids.
pub const ANSWERS: &[(&str, u64)] = &[
    // Its code is good for a minute.
    ("profile/second-factor-verify", 200),
    ("profile/health", 200),
    ("profile/signup", 201),
    ("profile/signin", 200),
    ("profile/signin-base64", 200),
    ("profile/signin-rest", 200),
    ("profile/user-signin", 200),
    ("profile/whoami", 200),
    ("profile/whoami-rest", 200),
    // No org of the demo has applications at other companies.
    ("profile/oauth-begin", 503),
    ("profile/oauth-begin-by-client", 503),
    ("profile/oauth-come-back", 400),
    ("profile/oauth-end-by-client", 400),
    ("profile/oauth-end-by-app", 503),
    ("profile/oauth-exchange", 400),
    ("profile/list-identities", 200),
    ("profile/link-identity", 400),
    ("profile/unlink-identity", 204),
    ("client-data/health", 200),
    ("client-data/get-profile", 200),
    ("client-data/get-profile-prod", 200),
    ("client-data/get-profile-rest", 200),
    ("client-data/put-profile", 200),
    ("client-data/list-addresses", 200),
    ("client-data/put-address", 201),
    ("client-data/put-address-rest", 201),
    ("client-data/delete-address", 204),
    // No org of the demo has accounts with other companies.
    ("client-data/list-payment-methods", 200),
    ("client-data/add-payment-method", 503),
    ("client-data/remove-payment-method", 404),
    ("client-data/make-payment-method-default", 404),
    ("client-data/autocomplete-address", 503),
    ("client-data/get-place", 503),
    ("client-data/get-dashboard", 200),
    ("client-data/get-all", 200),
    ("client-data/request-export", 202),
    ("client-data/list-exports", 200),
    ("client-data/send-erasure-code", 200),
    // Nobody of the demo's is erased: the password is wrong.
    ("client-data/erase-account", 401),
    ("client-data/list-notifications", 200),
    ("client-data/list-orders", 200),
    ("client-data/get-order", 200),
    ("client-data/add-wish", 200),
    ("client-data/list-wishes", 200),
    ("client-data/remove-wish", 204),
    ("client-data/open-ticket", 201),
    ("client-data/open-ticket-with-attachments", 201),
    ("client-data/list-tickets", 200),
    ("client-data/get-ticket", 200),
    ("client-data/amend-ticket", 200),
    ("client-data/send-message", 201),
    ("client-data/list-conversations", 200),
    ("client-data/list-messages", 200),
    ("client-data/mark-message", 200),
    ("client-data/read-notification", 200),
    ("client-data/read-notifications", 200),
    ("client-data/get-preferences", 200),
    ("client-data/put-preferences", 200),
    ("client-data/register-push-token", 204),
    ("client-data/register-push-token-mobile", 204),
    ("client-data/forget-push-token", 204),
    ("client-data/list-benefits", 200),
    ("client-data/enroll", 201),
    ("client-data/list-enrollments", 200),
    ("crm/list-enrollments", 200),
    ("crm/get-enrollment", 200),
    ("crm/approve-enrollment", 200),
    ("crm/revoke-enrollment", 200),
    ("crm/reject-enrollment", 200),
    ("client-data/list-definitions", 200),
    ("client-data/available-slots", 200),
    ("client-data/book-reservation", 201),
    ("client-data/list-reservations", 200),
    ("client-data/get-reservation", 200),
    ("client-data/put-reservation", 200),
    ("client-data/cancel-reservation", 204),
    ("client-data/list-transactions", 200),
    ("profile/upload-file", 201),
    ("client-data/list-files", 200),
    ("client-data/upload-file", 201),
    ("client-data/announce-file", 201),
    ("client-data/complete-file", 200),
    ("client-data/get-file", 200),
    ("client-data/get-file-encoded", 200),
    ("client-data/get-file-rest", 200),
    ("client-data/get-file-rest-encoded", 200),
    ("client-data/delete-file", 204),
    ("client-data/delete-file-rest", 204),
    ("storefront/health", 200),
    ("storefront/list-products", 200),
    ("storefront/list-products-prod", 200),
    ("storefront/list-products-api", 200),
    ("storefront/list-products-rest", 200),
    ("storefront/get-product", 200),
    ("storefront/get-cart", 200),
    ("storefront/get-cart-guest", 200),
    ("storefront/get-cart-by-id", 200),
    ("storefront/clear-cart", 200),
    ("storefront/clear-cart-by-post", 200),
    ("storefront/clear-cart-by-delete", 200),
    ("storefront/update-cart", 200),
    ("storefront/update-cart-base64", 200),
    ("storefront/checkout-cart", 201),
    // The same key again: the same order.
    ("storefront/checkout-cart-rest", 201),
    ("storefront/list-orders", 200),
    ("storefront/get-order", 200),
    ("storefront/get-order-by-email", 200),
    ("storefront/process-order", 200),
    ("storefront/ship-order", 200),
    ("storefront/deliver-order", 200),
    ("crm/health", 200),
    ("crm/health-rest", 200),
    ("crm/ticket-collections", 200),
    ("crm/list-tickets", 200),
    ("crm/get-ticket", 200),
    ("crm/update-ticket", 200),
    ("crm/list-conversations", 200),
    ("crm/list-messages", 200),
    ("crm/create-message", 201),
    ("profile/forgot-password-by-path", 200),
    ("profile/forgot-password", 200),
    ("profile/validate-reset-token", 200),
    ("profile/reset-password", 200),
    ("profile/change-password", 200),
    ("profile/magic-link", 200),
    ("profile/customer-magic-link", 200),
    ("profile/redeem-magic-link", 200),
    ("profile/customer-redeem-magic-code", 200),
    ("client-data/get-verification-status", 200),
    ("client-data/verify-email", 200),
    ("client-data/verify-phone", 200),
    ("client-data/send-email-code", 200),
    ("client-data/send-phone-code", 200),
    ("profile/principal", 200),
    ("profile/get-profile", 200),
    ("profile/update-profile", 200),
    ("profile/look-up-customer", 200),
    ("profile/staff-signin", 200),
    ("profile/user-refresh", 200),
    ("profile/register-guest", 201),
    ("profile/list-sessions", 200),
    ("profile/end-session", 204),
    ("profile/end-other-sessions", 204),
    ("profile/second-factor-status", 200),
    ("profile/second-factor-setup", 200),
    ("profile/second-factor-enable", 200),
    ("profile/second-factor-backup-codes", 200),
    // An authenticator's codes are not sent.
    ("profile/challenge-send", 409),
    ("profile/challenge-verify", 200),
    ("profile/second-factor-disable", 200),
    ("profile/refresh", 200),
    ("profile/customer-signout", 204),
    ("profile/signout", 204),
];

/// The stream's and the queue's events, and what each one's reply reports as failed.
pub const BATCHES: &[(&str, &[&str])] = &[
    ("changes/customer-created", &[]),
    ("changes/order-placed", &[]),
    ("changes/order-shipped", &[]),
    ("changes/notification-read", &[]),
    ("changes/session-opened", &[]),
    ("changes/redelivered-batch", &[]),
    ("changes/export-requested", &[]),
    ("changes/notification-expired", &[]),
    ("privacy/export", &[]),
    ("privacy/erase", &[]),
    ("changes/code-sent", &[]),
    ("notifications/customer-created", &[]),
    ("notifications/new-device", &[]),
    ("notifications/order-placed", &[]),
    // Nobody issued it.
    ("notifications/code-sent", &[]),
    (
        "notifications/broken-body",
        &["8325148f-2e6d-4c91-9461-0567ede254bd"],
    ),
];

/// The folder of the files.
pub fn folder() -> PathBuf {
    root().join("events")
}

/// The text of a file.
///
/// # Panics
///
/// When it is not there.
pub fn text(name: &str) -> String {
    demo_events::text(&folder(), name).expect("the file is there")
}

/// The function whose folder a file is in.
///
/// # Panics
///
/// Never, as it is.
pub fn function(file: &str) -> &str {
    file.split('/')
        .next()
        .expect("a file is in a function's folder")
}

/// What calls a function as Lambda does.
pub trait Invoke {
    /// What the function replies to an event.
    fn invoke(&self, function: &str, event: &Value) -> impl Future<Output = Value>;
}

/// Replays every file: the functions' answers must be as `ANSWERS` and `BATCHES` say.
///
/// # Panics
///
/// When one is not.
pub async fn every_event_is_answered(world: &World, lambda: &impl Invoke) {
    let names: Vec<_> = all().collect();
    let texts: String = names.iter().map(|name| text(name)).collect();
    let values = values(world.platform.url(), &texts).await.unwrap();
    for name in names {
        let event = fill(&text(name), &values).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_answered(name, &event, lambda).await;
    }
}

/// Every expected file, in an order in which all of them can be replayed with the same ids.
pub fn all() -> impl Iterator<Item = &'static str> {
    let answers = ANSWERS.iter().map(|(file, _)| *file);
    answers.chain(BATCHES.iter().map(|(file, _)| *file))
}

/// Holds a function's answer to an event to what is expected of this file.
///
/// # Panics
///
/// When it is not that.
pub async fn assert_answered(file: &str, event: &Value, lambda: &impl Invoke) {
    let reply = lambda.invoke(function(file), event).await;
    if let Some((_, failed)) = BATCHES.iter().find(|(name, _)| *name == file) {
        let failed = failed.iter().map(|id| json!({"itemIdentifier": id}));
        let failed: Vec<_> = failed.collect();
        assert_eq!(reply, json!({"batchItemFailures": failed}), "{file}");
        return;
    }
    let status = ANSWERS.iter().find(|(name, _)| *name == file);
    let status = status.expect("an answer is expected").1;
    let reply = Reply::read(event, &reply);
    assert_eq!(reply.status, status, "{file}: {}", reply.body);
    assert_eq!(
        event["requestContext"]["requestId"],
        reply.headers["x-request-id"].as_str(),
        "{file}"
    );
    assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{file}");
    assert_eq!(reply.headers["cache-control"], "no-store", "{file}");
    let content_type = reply.headers.get("content-type").map(String::as_str);
    let expected = match status {
        204 => None,
        400.. => Some("application/problem+json"),
        _ => Some("application/json"),
    };
    assert_eq!(content_type, expected, "{file}");
    assert_eq!(reply.json().is_null(), status == 204, "{file}");
}

/// An HTTP answer, whichever payload format it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status code.
    pub status: u64,
    /// The headers, by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
}

impl Reply {
    /// Holds the reply to the payload format of its event: REST APIs read `multiValueHeaders`, HTTP
    /// APIs read `headers` and `cookies`.
    ///
    /// # Panics
    ///
    /// When it is of no such format.
    pub fn read(event: &Value, reply: &Value) -> Self {
        assert_eq!(
            reply["isBase64Encoded"], false,
            "JSON goes as it is: {reply}"
        );
        let headers = if event["version"] == "2.0" {
            assert_eq!(
                (&reply["cookies"], &reply["multiValueHeaders"]),
                (&json!([]), &json!({})),
                "{reply}"
            );
            &reply["headers"]
        } else {
            assert_eq!(
                (reply.get("cookies"), &reply["headers"]),
                (None, &json!({})),
                "{reply}"
            );
            &reply["multiValueHeaders"]
        };
        let one = |value: &Value| match value {
            Value::Array(values) => match values.as_slice() {
                [Value::String(only)] => only.clone(),
                _ => panic!("one value for each header: {reply}"),
            },
            Value::String(value) => value.clone(),
            _ => panic!("headers are text: {reply}"),
        };
        let headers = headers.as_object().expect("an object of headers").iter();
        Self {
            status: reply["statusCode"].as_u64().expect("a status"),
            headers: headers
                .map(|(name, value)| (name.clone(), one(value)))
                .collect(),
            body: reply["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// The body as JSON; null if it is empty.
    ///
    /// # Panics
    ///
    /// When it is neither.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}
