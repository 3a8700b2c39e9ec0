//! A tenant's own settings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use iso_currency::Currency;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Code, Refusal, Result};
use crate::ids::OrgId;
use crate::money::parse_currency;
use crate::store::{Condition, Entity, Store, StoreError, Write, unmetered};

/// What an operator sets for one org.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrgConfig {
    /// The org's name, as its customers read it.
    pub name: String,
    /// The ISO 4217 code of the currency that the catalogue is priced in.
    pub currency: String,
    /// The web origins whose pages may call the API, such as `https://shop.example`; `*` is any.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Where customers may be sent when they have signed in with another company: web origins such as
    /// `https://shop.example`, and apps' own URL schemes such as `com.example.app:` (RFC 8252 §7.1).
    #[serde(default)]
    pub return_origins: Vec<String>,
    /// How much room each customer's files have.
    #[serde(default)]
    pub files: FileLimits,
    /// The page that customers manage their account on, such as `https://account.shop.example`. The links of
    /// mails lead below it; without one, mails carry what the link would.
    #[serde(default)]
    pub portal_url: Option<String>,
}

/// How much room a customer's files have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FileLimits {
    /// All files of a customer together, in bytes.
    pub quota_bytes: u64,
    /// One file, in bytes.
    pub max_bytes: u64,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            quota_bytes: 1_000_000_000,
            max_bytes: 250_000_000,
        }
    }
}

/// The stored form, which carries the table's own attributes beside it.
#[derive(Serialize, Deserialize)]
struct StoredConfig {
    config: OrgConfig,
}

impl Entity for StoredConfig {
    const TYPE: &'static str = "Org";
}

impl OrgConfig {
    /// The currency.
    pub fn currency(&self) -> Currency {
        // `save` refuses what does not parse.
        parse_currency(&self.currency).unwrap_or(Currency::USD)
    }

    /// Whether pages of this origin may read answers.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.allowed_origins
            .iter()
            .any(|allowed| allowed == "*" || allowed == origin)
    }

    /// The URL as it is written normally, if customers may be sent there. It is what is read that is allowed,
    /// and what is read that is sent: nobody can read another host out of it.
    pub fn return_url(&self, text: &str) -> Option<String> {
        let url = Url::parse(text).ok()?;
        let plain =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let origin = match url.scheme() {
            "http" | "https" => url.origin().ascii_serialization(),
            scheme => format!("{scheme}:"),
        };
        let allowed = plain && self.return_origins.contains(&origin);
        allowed.then(|| url.to_string())
    }
}

/// Creates the org.
///
/// # Errors
///
/// `validation_failed` for what is no currency; `conflict` when the org exists.
pub async fn create(store: &Store, org: &OrgId, config: &OrgConfig) -> Result<()> {
    match store.write(put(org, config)?.when(Condition::Absent)).await {
        Ok(_) => Ok(()),
        Err(StoreError::ConditionFailed(_)) => {
            Err(Refusal::because(Code::Conflict, format!("the org {org} exists already")).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Creates the org or changes its settings.
///
/// # Errors
///
/// `validation_failed` for what is no currency.
pub async fn save(store: &Store, org: &OrgId, config: &OrgConfig) -> Result<()> {
    store.write(put(org, config)?).await?;
    Ok(())
}

fn put(org: &OrgId, config: &OrgConfig) -> Result<Write> {
    parse_currency(&config.currency)
        .map_err(|error| Refusal::new(Code::ValidationFailed).at("currency", error.to_string()))?;
    Ok(Write::put(
        org.config_key(),
        &StoredConfig {
            config: config.clone(),
        },
    ))
}

/// The settings as they are stored, past every cache. Read with the function's own permissions: made-up org
/// ids would otherwise cost a call to STS each.
pub async fn load(store: &Store, org: &OrgId) -> Result<Option<OrgConfig>> {
    Ok(store
        .as_function()
        .get::<StoredConfig>(&org.config_key())
        .await?
        .map(|stored| stored.entity.config))
}

/// Settings kept in the warm function: up to a thousand orgs, each for some seconds. An org that does
/// not exist is remembered too, so that asking for made-up orgs costs no reads.
#[derive(Clone)]
pub struct OrgConfigs {
    cache: Arc<Cache<OrgId, Looked>>,
}

/// When it was looked for, and what was found.
type Looked = (Instant, Option<Arc<OrgConfig>>);

/// How long a change of an org's settings may take to show.
const FRESH: Duration = Duration::from_secs(10);

impl Default for OrgConfigs {
    fn default() -> Self {
        Self {
            cache: Arc::new(Cache::new(1000)),
        }
    }
}

impl OrgConfigs {
    /// The org's settings.
    ///
    /// # Errors
    ///
    /// `unknown_org`.
    pub async fn get(&self, store: &Store, org: &OrgId) -> Result<Arc<OrgConfig>> {
        if let Some((at, config)) = self.cache.get(org)
            && at.elapsed() < FRESH
        {
            return config.ok_or(Code::UnknownOrg.into());
        }
        // Rare, and large as a future: boxed, it does not weigh on every request.
        let config = Box::pin(unmetered(load(store, org))).await?.map(Arc::new);
        self.cache
            .insert(org.clone(), (Instant::now(), config.clone()));
        config.ok_or(Code::UnknownOrg.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_sent_to_listed_origins_and_nowhere_that_looks_like_one() {
        let config = OrgConfig {
            portal_url: None,
            name: "Acme".to_owned(),
            currency: "USD".to_owned(),
            allowed_origins: vec!["*".to_owned(), "https://api.example".to_owned()],
            return_origins: [
                "https://shop.example",
                "http://localhost:5173",
                "com.example.app:",
            ]
            .map(str::to_owned)
            .into(),
            files: FileLimits::default(),
        };
        for (good, read) in [
            ("https://shop.example", "https://shop.example/"),
            (
                "https://SHOP.example:443/a?b=c",
                "https://shop.example/a?b=c",
            ),
            ("http://localhost:5173/in", "http://localhost:5173/in"),
            ("com.example.app:/in", "com.example.app:/in"),
            (
                "https:\\\\shop.example\\@evil.example",
                "https://shop.example/@evil.example",
            ),
        ] {
            assert_eq!(config.return_url(good).as_deref(), Some(read), "{good}");
        }
        for wrong in [
            "",
            "/in",
            "//shop.example/in",
            "http://shop.example",
            "https://shop.example:8443",
            "https://shop.example.evil.example",
            "https://shop.example@evil.example",
            "https://ann:secret@shop.example",
            "https://evil.example/https://shop.example",
            "https://evil.example#https://shop.example",
            "https://shop.example/#there",
            "https://api.example",
            "javascript:alert(1)//https://shop.example",
            "com.example.app.evil:/in",
            "data:text/html,hi",
        ] {
            assert_eq!(config.return_url(wrong), None, "{wrong}");
        }
    }
}
