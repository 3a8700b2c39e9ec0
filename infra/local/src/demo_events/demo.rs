//! The people of the demo, as they ask a platform for what an event names.

use std::time::{Duration, Instant};

use http::Method;
use jiff::ToSpan as _;
use portico_shared::auth::Totp;
use portico_shared::clock;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{member, not_running, secret};

/// Somebody of acme, asking a platform; nobody in particular if the token is empty.
#[derive(Clone)]
pub(super) struct Demo {
    pub(super) client: reqwest::Client,
    pub(super) url: String,
    pub(super) token: String,
}

impl Demo {
    pub(super) fn of(url: &str) -> Result<Self, String> {
        // A proxy has no way to this machine's loopback.
        let client = reqwest::Client::builder().no_proxy().build();
        Ok(Self {
            client: client.map_err(|error| error.to_string())?,
            url: url.to_owned(),
            token: String::new(),
        })
    }

    pub(super) async fn staff(self) -> Result<Self, String> {
        let (staff, _) = self
            .signed_in("user", "owner@acme.example", "portico-demo-staff")
            .await?;
        Ok(staff)
    }

    pub(super) async fn signed_in(
        &self,
        kind: &str,
        email: &str,
        password: &str,
    ) -> Result<(Self, Value), String> {
        let body = json!({"email": email, "password": password});
        let session = self.post(&format!("/profile/{kind}/signin"), body).await?;
        let token = member(&session, "/token")?;
        let signed_in = Self {
            token,
            ..self.clone()
        };
        Ok((signed_in, session))
    }

    /// A customer who has just signed up, and their e-mail address and telephone number.
    pub(super) async fn newcomer(&self, name: &str) -> Result<(Self, String, String), String> {
        let id = Uuid::new_v4();
        let email = format!("{name}.{id}@example.com");
        let phone = format!("+1415{:07}", id.as_u128() % 10_000_000);
        let body = json!({"email": email, "password": "portico-demo-pass", "phone": phone});
        let session = self.post("/profile/customer/signup", body).await?;
        let token = member(&session, "/token")?;
        let newcomer = Self {
            token,
            ..self.clone()
        };
        Ok((newcomer, email, phone))
    }

    /// Asks for a code or a link, and takes it from the outbox.
    pub(super) async fn mailed(
        &self,
        path: &str,
        ask: Value,
        to: &str,
        subject: &str,
    ) -> Result<String, String> {
        self.post(path, ask).await?;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            let outbox = self.get("/_local/outbox.json").await?;
            let mut mails = outbox.as_array().into_iter().flatten();
            let mail = mails.find(|mail| {
                let about = mail["subject"].as_str().unwrap_or_default();
                mail["to"][0] == to && about.starts_with(subject)
            });
            if let Some(mail) = mail {
                let text = member(mail, "/text")?;
                return secret(&text).ok_or_else(|| format!("no code in {text:?}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("waited in vain for {subject:?}"))
    }

    /// A customer who was not there before, and the address.
    pub(super) async fn new_customer(&self) -> Result<(Self, String), String> {
        let email = format!("{}@example.com", Uuid::new_v4());
        let credentials = json!({"email": email, "password": "portico-demo-pass"});
        let session = self.post("/profile/customer/signup", credentials).await?;
        let token = member(&session, "/token")?;
        let signed_up = Self {
            token,
            ..self.clone()
        };
        Ok((signed_up, email))
    }

    /// Begins to set a second factor up; answers a first code.
    pub(super) async fn pending_factor(&self) -> Result<String, String> {
        let path = "/profile/security/2fa/setup/authenticator";
        let enrolment = self.post(path, json!({})).await?;
        let totp = Totp::from_text(&member(&enrolment, "/secret")?);
        let totp = totp.ok_or("the platform's secret is none")?;
        Ok(totp.code(Totp::step(clock::unix_seconds()) + 1))
    }

    pub(super) async fn verified_factor(&self) -> Result<(), String> {
        let code = json!({"code": self.pending_factor().await?});
        self.post("/profile/security/2fa/verify-setup", code)
            .await?;
        Ok(())
    }

    /// Switches a second factor on; answers its backup codes.
    pub(super) async fn factor(&self) -> Result<Value, String> {
        self.verified_factor().await?;
        self.post("/profile/security/2fa/enable", json!({})).await
    }

    /// A cart with one mug, and its id.
    pub(super) async fn cart(&self) -> Result<String, String> {
        let body = json!({"productItems": [{"sku": "MUG-BLUE", "quantity": 1}]});
        let cart = self.post("/storefront/cart/update/new", body).await?;
        member(&cart, "/cartId")
    }

    /// An order that has just been placed, with the address in `get-order-by-email`.
    pub(super) async fn order(&self) -> Result<Value, String> {
        let cart = self.cart().await?;
        let body = json!({
            "cartId": cart, "paymentMethod": "manual",
            "customer": {"email": "ann@acme.example", "firstName": "Ann"},
            "shippingAddress": {"street1": "1 Main St", "city": "Springfield", "country": "US"},
        });
        self.post("/storefront/checkout-cart", body).await
    }

    /// When a slot begins that is free, the day after tomorrow.
    pub(super) async fn slot(&self) -> Result<String, String> {
        let date = (jiff::Timestamp::now() + 48.hours())
            .strftime("%Y-%m-%d")
            .to_string();
        let wanted = json!({"definitionId": "bike-fitting", "date": date});
        let slots = self
            .post("/client-data/reservations/available-slots", wanted)
            .await?;
        member(&slots, "/slots/0/startTime")
    }

    /// A file of a few words.
    pub(super) async fn file(&self) -> Result<Value, String> {
        let path = "/client-data/files/upload?name=lease.txt";
        let ask = self.client.post(format!("{}{path}", self.url));
        let ask = ask.header("content-type", "text/plain").body("The lease.");
        self.answer(ask, &format!("POST {path}")).await
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, String> {
        self.ask(&Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.ask(&Method::POST, path, Some(body)).await
    }

    pub(super) async fn ask(
        &self,
        method: &Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, String> {
        let url = format!("{}{path}", self.url);
        let mut ask = self.client.request(method.clone(), url);
        if let Some(body) = body {
            ask = ask.json(&body);
        }
        self.answer(ask, &format!("{method} {path}")).await
    }

    /// What the platform answers with success.
    pub(super) async fn answer(
        &self,
        ask: reqwest::RequestBuilder,
        what: &str,
    ) -> Result<Value, String> {
        let mut ask = ask
            .header("orgid", "acme")
            .header("idempotency-key", Uuid::new_v4().to_string());
        if !self.token.is_empty() {
            ask = ask.bearer_auth(&self.token);
        }
        let answer = ask.send().await;
        let answer = answer.map_err(|_| not_running(&self.url))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|_| not_running(&self.url))?;
        if !status.is_success() {
            return Err(format!("{what}: {status} {text}"));
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| format!("{what}: {error}"))
    }
}
