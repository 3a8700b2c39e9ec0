//! Other companies' services, over HTTPS. The few calls that are made go through typed requests and replies
//! here; whose keys they are made with is the callers' to say.
//!
//! Where a service answers is fixed in this code. It is no setting of a tenant's: whoever could choose it
//! could have the functions call addresses that only they reach.

pub mod oauth;
pub mod paypal;
pub mod places;
pub mod stripe;

use std::sync::Arc;

use self::paypal::Tokens;
use crate::outbound::Http;
pub use crate::outbound::{ATTEMPT, ATTEMPTS, Reply};

/// Where the services answer. The default is the services themselves; a test names its own.
#[derive(Debug, Clone)]
pub struct Urls {
    /// Stripe.
    pub stripe: String,
    /// PayPal with money.
    pub paypal_live: String,
    /// PayPal with play money.
    pub paypal_sandbox: String,
    /// Google's Places API (New).
    pub google_places: String,
    /// The companies that customers sign in with.
    pub oauth: oauth::Urls,
}

impl Default for Urls {
    fn default() -> Self {
        Self {
            stripe: "https://api.stripe.com".to_owned(),
            paypal_live: "https://api-m.paypal.com".to_owned(),
            paypal_sandbox: "https://api-m.sandbox.paypal.com".to_owned(),
            google_places: "https://places.googleapis.com".to_owned(),
            oauth: oauth::Urls::default(),
        }
    }
}

impl Urls {
    /// Everything at one address, such as `http://127.0.0.1:8000`.
    pub fn all_at(text: &str) -> Self {
        let url = || text.to_owned();
        Self {
            stripe: url(),
            paypal_live: url(),
            paypal_sandbox: url(),
            google_places: url(),
            oauth: oauth::Urls::all_at(text),
        }
    }
}

/// The services. Cheap to clone. Nothing is built before the first call.
#[derive(Debug, Clone, Default)]
pub struct Vendors {
    http: Arc<Http>,
    urls: Arc<Urls>,
    tokens: Tokens,
    google_keys: oauth::Keys,
}

impl Vendors {
    /// Services that answer elsewhere, and without TLS: for tests.
    pub fn at(urls: Urls) -> Self {
        Self {
            http: Arc::new(Http::without_tls()),
            urls: Arc::new(urls),
            tokens: Tokens::default(),
            google_keys: oauth::Keys::default(),
        }
    }
}
