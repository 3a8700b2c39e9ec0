//! Google, GitHub and Facebook as far as somebody signs in with them, played on this machine: they ask nobody,
//! give each code once and only for the right PKCE verifier, and sign real ID tokens. They can be told to do
//! each of these things wrongly.

mod server;
mod token;

use std::sync::{Arc, Mutex};

use portico_local::functions;
use portico_shared::auth::KeyRing;
use portico_shared::domain::integration::{self, Settings, Vendor};
use portico_shared::domain::oauth::Provider as Company;
use portico_shared::ids::OrgId;
use portico_shared::vendors::oauth::Urls;
use serde_json::{Value, json};

use crate::{Answer, World};
use server::Plan;
pub use token::Forgery;

/// A client's PKCE verifier, and its challenge: those of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where the demo's orgs let customers be sent.
pub const RETURN_URL: &str = "http://localhost:5173/signed-in";

/// Somebody with an account at all of them.
#[derive(Debug, Clone)]
pub struct Person {
    /// The provider's id.
    pub subject: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the provider says that it is theirs.
    pub verified: bool,
}

impl Person {
    /// Somebody whose address is verified. The id is made of the address.
    pub fn new(email: &str) -> Self {
        let digits = email.bytes().fold(7_u64, |id, byte| {
            id.wrapping_mul(31).wrapping_add(byte.into())
        });
        Self {
            subject: (digits >> 1).to_string(),
            email: email.to_owned(),
            verified: true,
        }
    }

    /// The same with an address that is not.
    #[must_use]
    pub fn unverified(self) -> Self {
        Self {
            verified: false,
            ..self
        }
    }
}

/// What a provider sends its user back with.
#[derive(Debug, Clone)]
pub struct Back {
    /// Where to, without the query.
    pub to: String,
    /// The code.
    pub code: String,
    /// The state.
    pub state: String,
}

/// What a provider does wrongly, once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wrong {
    /// The token endpoint answers this status, with an error that its standard names.
    Status(u16, &'static str),
    /// The token endpoint answers what is no JSON.
    Garbage,
    /// The token endpoint never answers.
    Silence,
    /// The ID token is forged.
    Forged(Forgery),
    /// The keys cannot be had.
    NoKeys,
    /// What is told of the user is an error.
    NoUser,
}

/// The running providers. They end with the test's runtime.
#[derive(Debug)]
pub struct Provider {
    url: String,
    plan: Arc<Mutex<Plan>>,
    client: reqwest::Client,
}

impl Provider {
    /// Starts them on a free port.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn start() -> Self {
        let plan = Arc::new(Mutex::new(Plan::default()));
        let url = server::start(plan.clone()).await;
        let client = reqwest::Client::builder().no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none()).build();
        Self {
            url,
            plan,
            client: client.expect("a client without TLS needs nothing"),
        }
    }

    /// Where they answer.
    pub fn urls(&self) -> Urls {
        Urls::all_at(&self.url)
    }

    /// Lets the next thing go wrong.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn go_wrong(&self, wrong: Wrong) {
        self.plan.lock().expect("the plan").wrong = Some(wrong);
    }

    /// How often the keys were asked for.
    ///
    /// # Panics
    ///
    /// Never: nobody holds the plan while panicking.
    pub fn keys_asked(&self) -> usize {
        self.plan.lock().expect("the plan").keys_asked
    }

    /// Signs somebody in where a URL of this API's leads, and says where they are sent back to.
    ///
    /// # Panics
    ///
    /// When that is no authorization request.
    pub async fn consent(&self, url: &str, person: &Person) -> Back {
        assert!(url.starts_with(&self.url), "{url}");
        let query = [
            ("test_subject", person.subject.as_str()),
            ("test_email", &person.email),
            (
                "test_verified",
                if person.verified { "true" } else { "false" },
            ),
        ];
        let answer = self.client.get(url).query(&query).send().await;
        let answer = answer.expect("the provider answers");
        assert_eq!(answer.status().as_u16(), 302, "{url}");
        let location = answer.headers()["location"].to_str().expect("a URL");
        let (to, query) = location.split_once('?').expect("a query");
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).expect("pairs");
        let pair = |name: &str| {
            let mut found = pairs.iter().filter(|(other, _)| other == name);
            found
                .next()
                .map(|(_, value)| value.clone())
                .expect("the parameter")
        };
        Back {
            to: to.to_owned(),
            code: pair("code"),
            state: pair("state"),
        }
    }

    /// An ID token of Google's for an org's application, as an app gets it, with this wrong with it.
    pub fn id_token(&self, org: &str, person: &Person, forgery: Option<Forgery>) -> String {
        token::id_token(
            &client_id(org, "google"),
            person,
            Some("app-nonce"),
            forgery,
        )
    }
}

/// An org's application.
pub(crate) fn client_id(org: &str, company: &str) -> String {
    format!("client-{org}-{company}")
}

/// What it proves itself with.
pub(crate) fn client_secret(id: &str) -> String {
    format!("secret-of-{id}")
}

impl World {
    /// Lets an org's customers sign in with all of them.
    ///
    /// # Panics
    ///
    /// When the table does not take it.
    pub async fn let_sign_in_with_others(&self, org: &str) {
        for company in Company::ALL {
            let id = client_id(org, company.as_str());
            let redirect = format!("http://127.0.0.1:3000/profile/{company}/redirect");
            let settings = json!({"clientId": id, "clientSecret": client_secret(&id), "redirectUri": redirect});
            self.set_up(org, company.into(), &settings).await;
        }
    }

    /// Sets an org up with one vendor.
    ///
    /// # Panics
    ///
    /// When the table does not take it.
    pub async fn set_up(&self, org: &str, vendor: Vendor, settings: &Value) {
        let org: OrgId = org.parse().expect("an org id");
        let aws = functions::aws(self.platform.aws().endpoints());
        let ring = KeyRing::from_secrets_manager(&aws)
            .await
            .expect("a key ring");
        let settings = Settings::parse(vendor, settings.to_string().as_bytes());
        let store = self.peer().store();
        let saved = integration::save(&store, &ring, &org, &settings.expect("good settings")).await;
        saved.expect("the table takes it");
    }

    /// Begins a sign-in as a client with a page of its own, and has it consented to.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub async fn consented(&self, org: &str, company: &str, person: &Person) -> Back {
        let path = format!(
            "/profile/{company}/url?redirectUri=http://localhost:5173/cb&codeChallenge={CHALLENGE}"
        );
        let begun = self
            .ask(&http::Method::GET, &path)
            .org(org)
            .send()
            .await
            .expect(200);
        let url = begun["url"].as_str().expect("a URL");
        self.provider.consent(url, person).await
    }

    /// Signs somebody in as a client with a page of its own does.
    pub async fn sign_in_with(&self, company: &str, person: &Person) -> Answer {
        let back = self.consented("acme", company, person).await;
        let path = format!("/profile/{company}/redirect");
        self.post(&path, &proof(&back)).send().await
    }
}

/// What a client posts of what it came back with.
pub fn proof(back: &Back) -> Value {
    json!({"code": back.code, "state": back.state, "codeVerifier": VERIFIER})
}
