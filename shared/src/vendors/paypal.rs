//! PayPal's billing agreements, reference transactions as PayPal calls them:
//! <https://developer.paypal.com/docs/limited-release/reference-transactions/>.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use quick_cache::sync::Cache;
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Vendors;
use crate::error::{Code, Error, Refusal, Result};
use crate::outbound::{Http, Reply};
use crate::secret::Secret;

/// PayPal, as one application.
#[derive(Debug, Clone, Copy)]
pub struct PayPal<'a> {
    http: &'a Http,
    tokens: &'a Tokens,
    url: &'a str,
    id: &'a str,
    secret: &'a Secret,
}

impl Vendors {
    /// PayPal, as this application in one of its two worlds.
    pub fn paypal<'a>(&'a self, live: bool, id: &'a str, secret: &'a Secret) -> PayPal<'a> {
        let url = if live {
            &self.urls.paypal_live
        } else {
            &self.urls.paypal_sandbox
        };
        PayPal {
            http: &self.http,
            tokens: &self.tokens,
            url,
            id,
            secret,
        }
    }
}

/// Access tokens kept in the warm function, by a hash of what they were got with: an application's id alone,
/// which is no secret, must not give another org its token.
#[derive(Debug, Clone)]
pub(super) struct Tokens(Arc<Cache<[u8; 32], (Instant, Secret)>>);

impl Default for Tokens {
    fn default() -> Self {
        Self(Arc::new(Cache::new(256)))
    }
}

/// A token that is about to expire is not used.
const SPARE: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
struct Token {
    access_token: Secret,
    /// Seconds.
    expires_in: u64,
}

/// A billing agreement.
#[derive(Debug, Deserialize)]
pub struct Agreement {
    /// `B-…`
    pub id: String,
    /// `ACTIVE`, `CANCELLED` …
    pub state: String,
}

impl PayPal<'_> {
    /// Makes the agreement that a payer has approved, from its token (`BA-…`). PayPal answers the same
    /// `request_id` with the same agreement.
    ///
    /// # Errors
    ///
    /// `payment_method_declined` when PayPal or the payer says no; `validation_failed` for an unknown,
    /// expired or spent token.
    pub async fn agree(&self, token: &str, request_id: &str) -> Result<Agreement> {
        let client = self.http.client()?;
        let url = format!("{}/v1/billing-agreements/agreements", self.url);
        let request = || {
            client
                .post(&url)
                .header("paypal-request-id", request_id)
                .json(&json!({ "token_id": token }))
        };
        let reply = self.send(request).await?;
        match reply.status {
            status if status.is_success() => {
                let agreement: Agreement = reply.json()?;
                if agreement.state.eq_ignore_ascii_case("active") && is_id(&agreement.id) {
                    Ok(agreement)
                } else {
                    Err(Code::PaymentMethodDeclined.into())
                }
            }
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => {
                let message = "PayPal knows no such token, or it was not approved, or is spent";
                Err(Refusal::new(Code::ValidationFailed)
                    .at("paymentMethodId", message)
                    .into())
            }
            StatusCode::PAYMENT_REQUIRED
            | StatusCode::FORBIDDEN
            | StatusCode::UNPROCESSABLE_ENTITY => Err(Code::PaymentMethodDeclined.into()),
            _ => Err(reply.unexpected()),
        }
    }

    /// Cancels an agreement. Cancelling what is cancelled, or gone, changes nothing.
    pub async fn cancel(&self, agreement: &str) -> Result<()> {
        let url = format!("{}/v1/billing-agreements/agreements/{agreement}", self.url);
        let client = self.http.client()?;
        let cancel = || {
            let request = client.post(format!("{url}/cancel"));
            request.json(&json!({"note": "The payer removed it."}))
        };
        let reply = self.send(cancel).await?;
        if reply.status.is_success() || reply.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        let there = self.send(|| client.get(&url)).await?;
        if there.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        if there.status.is_success() && there.json::<Agreement>()?.state.starts_with("CANCEL") {
            return Ok(());
        }
        Err(reply.unexpected())
    }

    /// Sends a request with an access token, and once more with a new one if that is no longer good.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Reply> {
        let (token, fresh) = self.token().await?;
        let once = request().bearer_auth(token.reveal());
        // Making an agreement carries a request id; the others come to the same when done twice.
        let reply = self.http.send("paypal", once, true).await?;
        if reply.status != StatusCode::UNAUTHORIZED || fresh {
            return Ok(reply);
        }
        self.tokens.0.remove(&self.digest());
        let (token, _) = self.token().await?;
        let again = request().bearer_auth(token.reveal());
        self.http.send("paypal", again, true).await
    }

    /// An access token (OAuth 2.0 client credentials, RFC 6749 §4.4), and whether it is new.
    async fn token(&self) -> Result<(Secret, bool)> {
        let digest = self.digest();
        if let Some((until, token)) = self.tokens.0.get(&digest)
            && Instant::now() < until
        {
            return Ok((token, false));
        }
        let request = self
            .http
            .client()?
            .post(format!("{}/v1/oauth2/token", self.url))
            .basic_auth(self.id, Some(self.secret.reveal()))
            .form(&[("grant_type", "client_credentials")]);
        let reply = self.http.send("paypal", request, true).await?;
        if reply.status == StatusCode::UNAUTHORIZED {
            tracing::warn!("PayPal refuses an org's application");
            let message = "PayPal refuses the application that this org has set";
            return Err(Refusal::because(Code::IntegrationNotConfigured, message).into());
        }
        if !reply.status.is_success() {
            return Err(reply.unexpected());
        }
        let token: Token = reply.json()?;
        let lasts = Duration::from_secs(token.expires_in).saturating_sub(SPARE);
        let until = Instant::now().checked_add(lasts);
        let until =
            until.ok_or_else(|| Error::Unavailable("paypal: an endless token".to_owned()))?;
        let kept = (until, token.access_token.clone());
        self.tokens.0.insert(digest, kept);
        Ok((token.access_token, true))
    }

    fn digest(&self) -> [u8; 32] {
        let credentials = [self.url, self.id, self.secret.reveal()].join("\n");
        Sha256::digest(credentials).into()
    }
}

/// An agreement's id goes into paths.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
