//! Stripe's API, as far as saved payment methods need it: <https://docs.stripe.com/api>.

use http::StatusCode;
use reqwest::RequestBuilder;
use serde::Deserialize;
use uuid::Uuid;

use super::Vendors;
use crate::error::{Code, Refusal, Result};
use crate::outbound::{Http, Reply};
use crate::secret::Secret;

/// The version of the API that these requests and replies are written for.
const VERSION: &str = "2024-06-20";

/// Stripe, with one account's secret key.
#[derive(Debug, Clone, Copy)]
pub struct Stripe<'a> {
    http: &'a Http,
    url: &'a str,
    key: &'a Secret,
}

impl Vendors {
    /// Stripe, with this secret key.
    pub fn stripe<'a>(&'a self, key: &'a Secret) -> Stripe<'a> {
        Stripe {
            http: &self.http,
            url: &self.urls.stripe,
            key,
        }
    }
}

/// A payment method, as far as it is looked at.
#[derive(Debug, Deserialize)]
pub struct PaymentMethod {
    /// `pm_…`
    pub id: String,
    /// `card`, `sepa_debit`, `us_bank_account` …
    #[serde(rename = "type")]
    pub kind: String,
    /// The Stripe customer that it is attached to.
    pub customer: Option<String>,
    /// For cards.
    pub card: Option<Card>,
}

/// What may be known of a card.
#[derive(Debug, Deserialize)]
pub struct Card {
    /// `visa`, `mastercard` …
    pub brand: String,
    /// The number's last four digits.
    pub last4: String,
    /// 1 to 12.
    pub exp_month: u8,
    /// Four digits.
    pub exp_year: u16,
}

#[derive(Deserialize)]
struct Customer {
    id: String,
}

#[derive(Deserialize)]
struct Found {
    data: Vec<Customer>,
}

#[derive(Deserialize)]
struct Failure {
    error: Problem,
}

/// Stripe's error object. Its message is not read: it is for the account's developers.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    code: Option<String>,
    decline_code: Option<String>,
}

/// What is sent as form members.
type Form<'a> = [(&'a str, &'a str)];

impl Stripe<'_> {
    /// The Stripe customer that was made for `reference`, at least a minute ago: younger ones may not be
    /// in the search yet.
    pub async fn find_customer(&self, reference: &str) -> Result<Option<String>> {
        // The reference is an org id and a customer id: it has no quote in it.
        let query = format!("metadata['portico_customer']:'{reference}'");
        let request = self
            .http
            .client()?
            .get(format!("{}/v1/customers/search", self.url));
        let request = request.query(&[("query", query.as_str()), ("limit", "1")]);
        let reply = self.send(request).await?;
        let found: Found = self.read(&reply)?;
        Ok(found.data.into_iter().next().map(|customer| customer.id))
    }

    /// Makes a Stripe customer for `reference`. It is told nothing else of ours.
    ///
    /// Stripe makes one customer for one `idempotency_key`, for a day.
    pub async fn create_customer(&self, reference: &str, idempotency_key: &str) -> Result<String> {
        let form = [("metadata[portico_customer]", reference)];
        let reply = self.post("/v1/customers", &form, idempotency_key).await?;
        Ok(self.read::<Customer>(&reply)?.id)
    }

    /// Deletes a Stripe customer, with every payment method that is attached to it. One that is deleted stays so.
    pub async fn delete_customer(&self, customer: &str) -> Result<()> {
        let url = format!("{}/v1/customers/{customer}", self.url);
        let reply = self.send(self.http.client()?.delete(url)).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        self.read::<Customer>(&reply).map(|_| ())
    }

    /// Attaches a payment method to a Stripe customer. Attaching it again changes nothing.
    ///
    /// # Errors
    ///
    /// The `402` codes when the card's bank says no; `validation_failed` for what is no payment method of
    /// this account, or is another customer's.
    pub async fn attach(&self, method: &str, customer: &str) -> Result<PaymentMethod> {
        let path = format!("/v1/payment_methods/{method}/attach");
        let form = [("customer", customer)];
        let reply = self.post(&path, &form, &once()).await?;
        if reply.status == StatusCode::BAD_REQUEST {
            // An earlier request that was not heard may have attached it.
            let there = self.retrieve(method).await?;
            return match there {
                Some(there) if there.customer.as_deref() == Some(customer) => Ok(there),
                _ => Err(unusable()),
            };
        }
        self.read(&reply)
    }

    /// Detaches a payment method from its customer. It cannot be attached to any again. Detaching what is
    /// detached, or gone, changes nothing.
    pub async fn detach(&self, method: &str) -> Result<()> {
        let path = format!("/v1/payment_methods/{method}/detach");
        let reply = self.post(&path, &[], &once()).await?;
        if matches!(
            reply.status,
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND
        ) {
            let there = self.retrieve(method).await?;
            return match there.and_then(|there| there.customer) {
                Some(_) => Err(reply.unexpected()),
                None => Ok(()),
            };
        }
        self.read::<PaymentMethod>(&reply).map(|_| ())
    }

    /// Makes an attached payment method the one that the customer's invoices are paid with.
    pub async fn set_default(&self, customer: &str, method: &str) -> Result<()> {
        let path = format!("/v1/customers/{customer}");
        let form = [("invoice_settings[default_payment_method]", method)];
        let reply = self.post(&path, &form, &once()).await?;
        self.read::<Customer>(&reply).map(|_| ())
    }

    /// A payment method; nothing if the account has no such one.
    async fn retrieve(&self, method: &str) -> Result<Option<PaymentMethod>> {
        let url = format!("{}/v1/payment_methods/{method}", self.url);
        let reply = self.send(self.http.client()?.get(url)).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.read(&reply).map(Some)
    }

    async fn post(&self, path: &str, form: &Form<'_>, idempotency_key: &str) -> Result<Reply> {
        let request = self.http.client()?.post(format!("{}{path}", self.url));
        let request = request.header("idempotency-key", idempotency_key);
        self.send(request.form(form)).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply> {
        let request = request
            .bearer_auth(self.key.reveal())
            .header("stripe-version", VERSION);
        // Whatever is posted carries an idempotency key.
        self.http.send("stripe", request, true).await
    }

    /// What a call that was done answered.
    fn read<T: serde::de::DeserializeOwned>(&self, reply: &Reply) -> Result<T> {
        if reply.status.is_success() {
            return reply.json();
        }
        match reply.status {
            StatusCode::PAYMENT_REQUIRED => Err(declined(&reply.json::<Failure>()?.error).into()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                tracing::warn!(key = self.key.redacted(), "Stripe refuses an org's key");
                let message = "Stripe refuses the key that this org has set";
                Err(Refusal::because(Code::IntegrationNotConfigured, message).into())
            }
            StatusCode::NOT_FOUND => Err(unusable()),
            _ => Err(reply.unexpected()),
        }
    }
}

/// A key for one intention: all attempts of the call share it, and no later call does. What is posted here
/// comes to the same when it is done twice; a lasting key would answer "make A the default" from memory
/// after B had been made it.
fn once() -> String {
    Uuid::now_v7().to_string()
}

fn unusable() -> crate::error::Error {
    let message = "Stripe has no such payment method, or it cannot be saved";
    Refusal::new(Code::ValidationFailed)
        .at("paymentMethodId", message)
        .into()
}

/// Stripe's reasons, <https://docs.stripe.com/declines/codes>, as far as a customer can do something about
/// them.
fn declined(problem: &Problem) -> Refusal {
    let reason = problem.decline_code.as_deref().or(problem.code.as_deref());
    let code = match reason.unwrap_or_default() {
        "expired_card" => Code::CardExpired,
        "incorrect_cvc" | "invalid_cvc" => Code::IncorrectCvc,
        "insufficient_funds" => Code::InsufficientFunds,
        "authentication_required" => Code::AuthenticationRequired,
        _ => Code::PaymentMethodDeclined,
    };
    Refusal::new(code)
}
