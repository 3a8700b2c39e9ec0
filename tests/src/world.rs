//! The platform with its demo data, for one test.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::Method;
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_local::{EmbeddedAws, Function, Functions, Options, Platform, Template};
use portico_shared::aws::{self, Aws};
use portico_shared::http::Edge;
use portico_shared::vendors::{Urls, Vendors};
use serde_json::{Value, json};
use wiremock::MockServer;

use crate::provider::Provider;
use crate::{Answer, Ask, Faults, Peer, root};

/// A running platform of its own, with the demo data.
#[derive(Debug)]
pub struct World {
    /// The platform.
    pub platform: Platform,
    /// Where the table is, if it is not the platform's own.
    elsewhere: Option<Peer>,
    client: reqwest::Client,
    /// What plays other companies' services. Without more it knows nothing: 404.
    vendors: MockServer,
    /// What plays the companies that customers sign in with.
    pub provider: Provider,
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
        Self::start_with(async |parts: Parts| parts.functions()).await
    }

    /// Starts the platform with faults between its HTTP functions and the table. The functions try each
    /// call once: what would be hidden by a second try is seen.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with_faults() -> (Self, Faults) {
        Self::start_faulty(1, None).await
    }

    /// The same with functions that try each call as often as they do in production.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with_faults_and_retries() -> (Self, Faults) {
        Self::start_faulty(aws::ATTEMPTS, None).await
    }

    pub(crate) async fn start_faulty(attempts: u32, vendors: Option<Vendors>) -> (Self, Faults) {
        let slot = Arc::new(OnceLock::new());
        let keep = slot.clone();
        let world = Self::start_with(async move |parts: Parts| {
            let mut endpoints = parts.aws.endpoints().clone();
            let upstream = endpoints.dynamodb.expect("the table has an endpoint");
            let faults = Faults::start(upstream).await;
            endpoints.dynamodb = Some(faults.url().to_owned());
            let bucket = endpoints.s3.expect("the bucket has an endpoint");
            endpoints.s3 = Some(faults.before_bucket(bucket).await);
            let mut parts = parts.with_aws(Aws::local(endpoints).with_max_attempts(attempts));
            if let Some(vendors) = vendors {
                parts = parts.with_vendors(vendors);
            }
            let mut functions = parts.functions()?;
            for function in functions.values_mut() {
                if let Function::Http(router) = function {
                    *router = faults.hurried(router.clone());
                }
            }
            let _ = keep.set(faults);
            Ok(functions)
        })
        .await;
        let faults = Arc::into_inner(slot).and_then(OnceLock::into_inner);
        (world, faults.expect("the faults were started"))
    }

    /// Starts the platform with HTTP functions that answer only to an edge with this secret.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_behind_edge(secret: &str) -> Self {
        let edge = Edge::parse(secret).expect("the secret is good");
        Self::start_with(async |parts| parts.behind(edge).functions()).await
    }

    /// Starts the platform with these HTTP functions, and event functions that nothing stands in the way of.
    pub(crate) async fn start_with(
        http: impl AsyncFnOnce(Parts) -> Result<Functions, String>,
    ) -> Self {
        Self::start_from(async |parts| {
            let mut functions = parts.functions().expect("every function is there");
            let http = http(parts).await.expect("every function is there");
            functions.extend(
                http.into_iter()
                    .filter(|(_, function)| matches!(function, Function::Http(_))),
            );
            functions
        })
        .await
    }

    /// Starts the platform with these functions, once the demo data is there.
    pub(crate) async fn start_from(functions: impl AsyncFnOnce(Parts) -> Functions) -> Self {
        let options = Options::temporary(root().join("template.yaml"));
        let template = Template::load(&options.template).expect("the template is good");
        let aws = EmbeddedAws::start(&options, &template).expect("the embedded services start");
        let mut parts = Parts::connect(&aws).await.expect("the functions connect");
        let (vendors, provider) = (MockServer::start().await, Provider::start().await);
        let urls = Urls {
            oauth: provider.urls(),
            ..Urls::all_at(&vendors.uri())
        };
        parts = parts.with_vendors(Vendors::at(urls));
        let peer = Peer::chosen(&template).await;
        if let Some(peer) = &peer {
            let mut endpoints = parts.aws.endpoints().clone();
            endpoints.dynamodb = Some(peer.url.clone());
            parts = parts.with_table(Aws::local(endpoints), peer.table.clone());
        }
        parts.seed_once().await.expect("the demo data loads");
        // An erasure that is to be seen through is not waited for as long as a token lives.
        parts = parts.settling_in(2);
        let functions = functions(parts).await;
        let platform =
            Platform::start(aws, functions, document(), &options).expect("the platform starts");
        Self {
            platform,
            elsewhere: peer,
            client: client(),
            vendors,
            provider,
        }
    }

    /// Every item of the table once everything that was announced has been dealt with.
    ///
    /// # Panics
    ///
    /// When the event functions do not come to rest.
    pub async fn table_at_rest(&self) -> Vec<Value> {
        let at_rest = async || {
            let status = self.get("/_local/status").send().await.expect(200);
            sum(&status["streams"]) + sum(&status["queues"]) == 0
        };
        // Twice: a job may be on its way from the stream to the queue while one reading is taken.
        eventually("stream and queues are empty", async || {
            (at_rest().await && at_rest().await).then_some(())
        })
        .await;
        self.table().await
    }

    /// Every item of the table, as DynamoDB's own JSON, sorted by key.
    ///
    /// # Panics
    ///
    /// When the table does not answer.
    pub async fn table(&self) -> Vec<Value> {
        self.peer().items().await
    }

    /// Where the table is.
    pub fn peer(&self) -> Peer {
        let endpoints = self.platform.aws().endpoints();
        let own = || Peer::at(&endpoints.dynamodb, &endpoints.table);
        self.elsewhere.clone().unwrap_or_else(own)
    }

    /// What plays other companies' services.
    pub fn vendors(&self) -> &MockServer {
        &self.vendors
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
        account(org, &ask.send().await.expect(201))
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
        account(org, &ask.send().await.expect(200))
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
        let org: portico_shared::ids::OrgId = org.parse().expect("an org id");
        let key = org.stock_key(sku);
        let stock = self
            .peer()
            .store()
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

/// All numbers in a value.
fn sum(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().expect("a count"),
        Value::Array(values) => values.iter().map(sum).sum(),
        Value::Object(members) => members.values().map(sum).sum(),
        _ => 0,
    }
}

fn account(org: &str, session: &Value) -> Account {
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
