//! Other companies' services, played on this machine.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use portico_shared::auth::KeyRing;
use portico_shared::domain::integration::{self, Settings, Vendor};
use portico_shared::ids::OrgId;
use portico_shared::vendors::{Urls, Vendors};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, Request, ResponseTemplate};

use crate::{Faults, When, World, root};

/// A key of Stripe's form.
pub const STRIPE_KEY: &str = "sk_test_51HxJ2eZvKYlo2CqW8tN1234";
/// A secret of PayPal's form.
pub const PAYPAL_SECRET: &str = "EL1tVxAjhT7cJimnz5-Nsx9k2reTKSVfErNQF-CmrwJgxRtylkGTKlU4RvrX";
/// A key of Google's form.
pub const PLACES_KEY: &str = "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe";

impl World {
    /// Starts the platform with vendors at this address, instead of those that the test plays.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with_vendors_at(url: &str) -> Self {
        let vendors = Vendors::at(Urls::all_at(url));
        Self::start_with(async |parts| parts.with_vendors(vendors).functions()).await
    }

    /// The same with faults between the HTTP functions and the table, each call of which is tried once.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with_faults_and_vendors_at(url: &str) -> (Self, Faults) {
        Self::start_faulty(1, Some(Vendors::at(Urls::all_at(url)))).await
    }

    /// Sets an org up with Stripe, PayPal and Google Places.
    ///
    /// # Panics
    ///
    /// When the table does not take it.
    pub async fn integrate(&self, org: &str) {
        let paypal = json!({"clientId": format!("client-{org}"), "clientSecret": PAYPAL_SECRET, "mode": "sandbox"});
        for (vendor, settings) in [
            (Vendor::Stripe, json!({"secretKey": STRIPE_KEY})),
            (Vendor::PayPal, paypal),
            (Vendor::GooglePlaces, json!({"apiKey": PLACES_KEY})),
        ] {
            self.set(org, vendor, &settings).await;
        }
    }

    /// Sets an org up with one vendor.
    ///
    /// # Panics
    ///
    /// When the table does not take it.
    pub async fn set(&self, org: &str, vendor: Vendor, settings: &Value) {
        let org: OrgId = org.parse().expect("an org id");
        let aws = portico_local::functions::aws(self.platform.aws().endpoints());
        let ring = KeyRing::from_secrets_manager(&aws).await;
        let settings = Settings::parse(vendor, settings.to_string().as_bytes());
        let settings = settings.expect("good settings");
        let (store, ring) = (self.peer().store(), ring.expect("a key ring"));
        let saved = integration::save(&store, &ring, &org, &settings).await;
        saved.expect("the table takes it");
    }

    /// Has all vendors do whatever they are asked, and remember nothing.
    pub async fn please_vendors(&self) {
        let vendors = self.vendors();
        let answer = |verb: Method, at: &str, body: Value| {
            let mock = Mock::given(method(verb.as_str())).and(path_regex(format!("^{at}$")));
            mock.respond_with(ResponseTemplate::new(200).set_body_json(body))
                .mount(vendors)
        };
        let customer = json!({"id": "cus_NffrFeUfNV2Hib", "object": "customer"});
        answer(
            Method::GET,
            "/v1/customers/search",
            json!({"object": "search_result", "data": []}),
        )
        .await;
        answer(Method::POST, "/v1/customers(/cus_[A-Za-z0-9]+)?", customer).await;
        Mock::given(method("POST"))
            .and(path_regex(r"^/v1/payment_methods/\w+/(at|de)tach$"))
            .respond_with(|request: &Request| {
                let id = request.url.path().split('/').nth(3).unwrap_or_default();
                ResponseTemplate::new(200).set_body_json(stripe_card(id, "cus_NffrFeUfNV2Hib"))
            })
            .mount(vendors)
            .await;
        let places = json!({"suggestions": [{"placePrediction": {
            "placeId": "ChIJ2eUgeAK6j4ARbn5u_wAGqWA",
            "text": {"text": "1600 Amphitheatre Parkway, Mountain View, CA, USA"},
        }}]});
        answer(Method::POST, "/v1/places:autocomplete", places).await;
        let country = json!({"longText": "United States", "shortText": "US", "types": ["country", "political"]});
        Mock::given(method("GET"))
            .and(path("/v1/places/ChIJ2eUgeAK6j4ARbn5u_wAGqWA"))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!({"addressComponents": [country]})),
            )
            .mount(vendors)
            .await;
    }
}

/// A card, as Stripe tells of it.
pub fn stripe_card(id: &str, customer: &str) -> Value {
    json!({
        "id": id, "object": "payment_method", "type": "card", "customer": customer, "livemode": false,
        "billing_details": {"email": null, "name": null}, "created": 1_679_945_299, "metadata": {},
        "card": {
            "brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2030, "country": "US",
            "fingerprint": "Xt5EWLLDS7FJjR1c", "funding": "credit", "checks": {"cvc_check": "pass"},
        },
    })
}

/// localstripe, a fake of Stripe that remembers: a process of its own, which ends with the test.
#[derive(Debug)]
pub struct LocalStripe {
    process: Child,
    url: String,
    client: reqwest::Client,
}

impl LocalStripe {
    /// Starts it on a free port.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not start.
    pub fn start() -> Self {
        let python = root().join(".tools/localstripe/bin/python");
        assert!(
            python.exists(),
            "localstripe is not there: `make test` installs it, and so does `make .tools/localstripe/bin/localstripe`"
        );
        let mut process = Command::new(python)
            .arg(root().join("tests/localstripe/serve.py"))
            // Its end is what stops it, however the test ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("localstripe starts");
        let mut port = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut port).expect("a line");
        let client = reqwest::Client::builder().no_proxy().build();
        Self {
            url: format!("http://127.0.0.1:{}", port.trim()),
            client: client.expect("a plain client"),
            process,
        }
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a payment method of a card's number, as Stripe's library does in a browser: its id.
    ///
    /// # Panics
    ///
    /// When it is not made.
    pub async fn tokenised(&self, number: &str) -> String {
        let form = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", "8"),
            ("card[exp_year]", "2030"),
            ("card[cvc]", "123"),
        ];
        let request = self.client.post(format!("{}/v1/payment_methods", self.url));
        let made = self.ask(request.form(&form)).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    /// What it says of something, such as `/v1/customers`.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(self.client.get(format!("{}{path}", self.url)))
            .await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.bearer_auth(STRIPE_KEY).send().await;
        let answer = answer.expect("localstripe answers").json().await;
        answer.expect("localstripe answers JSON")
    }
}

/// Something between the functions and a vendor that loses calls: from one on, all of them.
#[derive(Debug, Clone)]
pub struct Lossy {
    url: String,
    upstream: String,
    client: reqwest::Client,
    plan: Arc<Mutex<Loss>>,
}

#[derive(Debug, Default)]
struct Loss {
    /// Calls since the plan was made.
    counted: usize,
    /// The first one that fails, counted from 1, and whether the vendor has heard it.
    from: Option<(usize, When)>,
}

impl Lossy {
    /// Starts it in front of the vendor at this address. It ends with the test's runtime.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub async fn start(upstream: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let client = reqwest::Client::builder().no_proxy().build();
        let lossy = Self {
            url: format!("http://{}", listener.local_addr().expect("an address")),
            upstream: upstream.to_owned(),
            client: client.expect("a plain client"),
            plan: Arc::default(),
        };
        let router = Router::new().fallback(pass).with_state(lossy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        lossy
    }

    /// Where the functions find the vendor.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Loses every call from the nth on, counted from 1.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn lose_from(&self, nth: usize, when: When) {
        *self.plan.lock().expect("the plan") = Loss {
            counted: 0,
            from: Some((nth, when)),
        };
    }

    /// Loses nothing more, and tells whether a call was lost.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn heal(&self) -> bool {
        let plan = std::mem::take(&mut *self.plan.lock().expect("the plan"));
        plan.from.is_some_and(|(nth, _)| plan.counted >= nth)
    }

    /// Counts a call, and tells how it is lost.
    fn next(&self) -> Option<When> {
        let mut plan = self.plan.lock().expect("the plan");
        plan.counted += 1;
        let (nth, when) = plan.from?;
        (plan.counted >= nth).then_some(when)
    }

    async fn forward(
        &self,
        request: axum::extract::Request,
    ) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        let (head, body) = request.into_parts();
        let url = format!("{}{}", self.upstream, head.uri);
        let body = body.collect().await.expect("a whole request").to_bytes();
        let request = self.client.request(head.method, url).headers(head.headers);
        let answer = request.body(body).send().await?;
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }
}

async fn pass(State(lossy): State<Lossy>, request: axum::extract::Request) -> Response {
    // Stripe's word for not to be asked again in the same breath: a test need not wait for that.
    let lost = || (StatusCode::BAD_GATEWAY, [("stripe-should-retry", "false")]).into_response();
    let planned = lossy.next();
    if planned == Some(When::Before) {
        return lost();
    }
    let (status, body) = lossy.forward(request).await.expect("the vendor answers");
    if planned == Some(When::After) {
        return lost();
    }
    (status, body).into_response()
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
