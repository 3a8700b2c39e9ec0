//! The platform with its demo data, for one test.

use std::time::{Duration, Instant};

use http::Method;
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_local::{EmbeddedAws, Options, Platform, Template};
use serde_json::{Value, json};

use crate::{Answer, Ask, root};

/// A running platform of its own, with the demo data.
#[derive(Debug)]
pub struct World {
    /// The platform.
    pub platform: Platform,
    client: reqwest::Client,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Account {
    /// The org.
    pub org: String,
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh: String,
    /// The customer id or staff id.
    pub id: String,
}

impl World {
    /// Starts the platform on free ports, in memory.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        let options = Options::temporary(root().join("template.yaml"));
        let template = Template::load(&options.template).expect("the template is good");
        let aws = EmbeddedAws::start(&options, &template).expect("the embedded services start");
        let parts = Parts::connect(&aws).await.expect("the functions connect");
        parts.seed_once().await.expect("the demo data loads");
        let functions = parts.functions().expect("every function is there");
        let platform =
            Platform::start(aws, functions, document(), &options).expect("the platform starts");
        Self {
            platform,
            client: client(),
        }
    }

    /// A request to the platform.
    pub fn ask(&self, method: &Method, path: &str) -> Ask {
        Ask::new(
            &self.client,
            method.clone(),
            format!("{}{path}", self.platform.url()),
        )
    }

    /// A GET in the org `acme`.
    pub fn get(&self, path: &str) -> Ask {
        self.ask(&Method::GET, path).org("acme")
    }

    /// A POST in the org `acme`.
    pub fn post(&self, path: &str, body: &Value) -> Ask {
        self.ask(&Method::POST, path).org("acme").json(body)
    }

    /// A PUT in the org `acme`.
    pub fn put(&self, path: &str, body: &Value) -> Ask {
        self.ask(&Method::PUT, path).org("acme").json(body)
    }

    /// A DELETE in the org `acme`.
    pub fn delete(&self, path: &str) -> Ask {
        self.ask(&Method::DELETE, path).org("acme")
    }

    /// Signs a new customer up.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub async fn sign_up(&self, org: &str, email: &str) -> Account {
        let body =
            json!({"email": email, "password": "correct horse battery", "firstName": "Test"});
        let ask = self
            .ask(&Method::POST, "/profile/customer/signup")
            .org(org)
            .json(&body);
        account(org, ask.send().await.expect(201))
    }

    /// Signs one of the demo's customers in.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub async fn customer(&self, org: &str, email: &str) -> Account {
        self.sign_in(org, "/profile/customer/signin", email, "portico-demo-pass")
            .await
    }

    /// Signs acme's demo owner in.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub async fn staff(&self) -> Account {
        self.sign_in(
            "acme",
            "/profile/user/signin",
            "owner@acme.example",
            "portico-demo-staff",
        )
        .await
    }

    async fn sign_in(&self, org: &str, path: &str, email: &str, password: &str) -> Account {
        let body = json!({"email": email, "password": password});
        let ask = self.ask(&Method::POST, path).org(org).json(&body);
        account(org, ask.send().await.expect(200))
    }

    /// A cart of one line of a customer's, and its id.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub async fn cart(&self, who: &Account, sku: &str, quantity: u32) -> String {
        let body = json!({"productItems": [{"sku": sku, "quantity": quantity}]});
        let ask = self
            .ask(&Method::POST, "/storefront/cart/update/new")
            .org(&who.org)
            .token(&who.token)
            .json(&body);
        ask.send().await.expect(200)["cartId"]
            .as_str()
            .expect("a cart has an id")
            .to_owned()
    }

    /// Asks to order a cart of a customer's.
    pub async fn checkout(&self, who: &Account, cart: &str, key: &str) -> Answer {
        let body = checkout_body(cart);
        let ask = self
            .ask(&Method::POST, "/storefront/checkout-cart")
            .org(&who.org)
            .token(&who.token);
        ask.header("idempotency-key", key).json(&body).send().await
    }

    /// What the table says of a sku's stock at this moment: available and reserved.
    ///
    /// # Panics
    ///
    /// When the table does not answer.
    pub async fn stock(&self, org: &str, sku: &str) -> (i64, i64) {
        let parts = Parts::connect(self.platform.aws())
            .await
            .expect("the table answers");
        let org: portico_shared::ids::OrgId = org.parse().expect("an org id");
        let key = org.stock_key(sku);
        let stock = parts
            .store
            .get_consistent::<portico_shared::domain::stock::Stock>(&key)
            .await;
        let stock = stock
            .expect("the table answers")
            .expect("the sku is stocked")
            .entity;
        (stock.available, stock.reserved)
    }
}

/// The body of a checkout.
pub fn checkout_body(cart: &str) -> Value {
    json!({
        "cartId": cart,
        "paymentMethod": "manual",
        "customer": {"email": "Ann@acme.example", "firstName": "Ann", "lastName": "Lee"},
        "shippingAddress": {
            "name": "Ann Lee", "address1": "1 Main St", "city": "Springfield", "state": "IL", "zip": "62701", "country": "US",
        },
    })
}

fn account(org: &str, session: Value) -> Account {
    let text = |value: &Value| value.as_str().expect("a session has tokens").to_owned();
    Account {
        org: org.to_owned(),
        token: text(&session["token"]),
        refresh: text(&session["refresh_token"]),
        id: text(&session["user"]["sk"]),
    }
}

/// A client that goes straight to where it is told.
fn client() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client without TLS needs nothing")
}

/// Asks again until the answer is there, for at most ten seconds.
///
/// # Panics
///
/// When it does not come.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
