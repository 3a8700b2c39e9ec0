//! An org's accounts with other companies: the keys and settings that the functions call them with.
//!
//! They are sealed at rest ([`KeyRing::seal`]), one item for each org and vendor, and are never shown
//! whole again.

mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::auth::{KeyRing, Purpose};
use crate::clock;
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::OrgId;
use crate::store::{Condition, Entity, List, Store, StoreError, Update, Write, unmetered};

pub use settings::{
    GooglePlacesSettings, OAuthSettings, PayPalMode, PayPalSettings, Settings, StripeSettings,
};

/// A company that an org may have an account with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// Stripe: cards.
    Stripe,
    /// PayPal: billing agreements.
    PayPal,
    /// Google Places: addresses while they are typed.
    GooglePlaces,
    /// Signing in with Google.
    OAuthGoogle,
    /// Signing in with GitHub.
    OAuthGithub,
    /// Signing in with Facebook.
    OAuthFacebook,
}

impl Vendor {
    /// Every vendor there is.
    pub const ALL: [Self; 6] = [
        Self::Stripe,
        Self::PayPal,
        Self::GooglePlaces,
        Self::OAuthGoogle,
        Self::OAuthGithub,
        Self::OAuthFacebook,
    ];

    /// Its name here.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::PayPal => "paypal",
            Self::GooglePlaces => "google-places",
            Self::OAuthGoogle => "oauth-google",
            Self::OAuthGithub => "oauth-github",
            Self::OAuthFacebook => "oauth-facebook",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Vendor {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let found = Self::ALL.into_iter().find(|vendor| vendor.as_str() == text);
        found
            .ok_or_else(|| Refusal::because(Code::NotFound, format!("there is no vendor {text:?}")))
    }
}

/// An integration, as stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    vendor: String,
    /// The settings' JSON, sealed for the org, [`Purpose::Integration`] and the vendor's name.
    sealed: String,
    updated_at: Timestamp,
}

impl Entity for Stored {
    const TYPE: &'static str = "Integration";
}

impl Stored {
    fn seal(ring: &KeyRing, org: &OrgId, settings: &Settings) -> Result<Self> {
        let vendor = settings.vendor().as_str();
        let sealed = ring.seal(org, Purpose::Integration, vendor, &settings.to_json()?);
        Ok(Self {
            vendor: vendor.to_owned(),
            sealed,
            updated_at: clock::now(),
        })
    }

    fn open(&self, ring: &KeyRing, org: &OrgId) -> Result<Settings> {
        let vendor: Vendor = self.vendor.parse().map_err(Error::Refused)?;
        let json = ring.open(org, Purpose::Integration, vendor.as_str(), &self.sealed)?;
        Settings::parse(vendor, &json)
    }

    fn write(&self, org: &OrgId) -> Result<Write> {
        let key = org.integration_key(&self.vendor);
        Ok(Write::update(key, Update::to(self)?))
    }
}

/// What may be told of an integration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The vendor's name.
    pub vendor: String,
    /// Its settings; of each secret its kind and its last four characters.
    pub settings: BTreeMap<&'static str, String>,
    /// When it was set, or sealed anew.
    pub updated_at: Timestamp,
}

/// Creates an integration or replaces it, sealed under the ring's current key.
pub async fn save(store: &Store, ring: &KeyRing, org: &OrgId, settings: &Settings) -> Result<()> {
    let write = Stored::seal(ring, org, settings)?.write(org)?;
    store.write(write).await?;
    Ok(())
}

/// The org's integrations, past every cache.
pub async fn list(store: &Store, ring: &KeyRing, org: &OrgId) -> Result<Vec<Summary>> {
    let stored = stored(store, org).await?.into_iter();
    let summaries = stored.map(|(stored, _)| {
        Ok(Summary {
            settings: stored.open(ring, org)?.redacted(),
            vendor: stored.vendor,
            updated_at: stored.updated_at,
        })
    });
    summaries.collect()
}

/// Removes an integration.
///
/// # Errors
///
/// `not_found` when there is none.
pub async fn remove(store: &Store, org: &OrgId, vendor: Vendor) -> Result<()> {
    let delete = Write::delete(org.integration_key(vendor.as_str())).when(Condition::Present);
    match store.write(delete).await {
        Ok(_) => Ok(()),
        Err(StoreError::ConditionFailed(_)) => {
            let message = format!("{org} has no integration {vendor}");
            Err(Refusal::because(Code::NotFound, message).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Seals the org's integrations anew under the ring's current key, where they are sealed under another,
/// and tells which. Then the other key may be taken out of the ring.
///
/// # Errors
///
/// `version_conflict` when one was set at the same time; then it is to be done again.
pub async fn reseal(store: &Store, ring: &KeyRing, org: &OrgId) -> Result<Vec<String>> {
    let mut resealed = Vec::new();
    for (stored, version) in stored(store, org).await? {
        if ring.is_current(&stored.sealed) {
            continue;
        }
        let settings = stored.open(ring, org)?;
        let write = Stored::seal(ring, org, &settings)?.write(org)?;
        store
            .write(write.when(Condition::eq("v", &version)))
            .await?;
        resealed.push(stored.vendor);
    }
    Ok(resealed)
}

async fn stored(store: &Store, org: &OrgId) -> Result<Vec<(Stored, u64)>> {
    let list = List::prefixed("VENDOR#").consistent();
    let slice = store.range::<Stored>(&org.integrations_pk(), list).await?;
    let items = slice.items.into_iter();
    Ok(items.map(|item| (item.entity, item.version)).collect())
}

/// Integrations kept in the warm function, opened: up to a thousand, each for some seconds. That there is
/// none is remembered too.
#[derive(Clone)]
pub struct Integrations {
    cache: Arc<Cache<(OrgId, Vendor), Looked>>,
}

/// When it was looked for, and what was found.
type Looked = (Instant, Option<Arc<Settings>>);

/// How long a change of an integration may take to show.
const FRESH: Duration = Duration::from_secs(10);

impl Default for Integrations {
    fn default() -> Self {
        Self {
            cache: Arc::new(Cache::new(1000)),
        }
    }
}

impl Integrations {
    /// The org's account with Stripe.
    ///
    /// # Errors
    ///
    /// `integration_not_configured`, as for all of them.
    pub async fn stripe(
        &self,
        store: &Store,
        ring: &KeyRing,
        org: &OrgId,
    ) -> Result<StripeSettings> {
        match &*self.get(store, ring, org, Vendor::Stripe).await? {
            Settings::Stripe(settings) => Ok(settings.clone()),
            other => Err(mistaken(other)),
        }
    }

    /// The org's application at PayPal.
    pub async fn paypal(
        &self,
        store: &Store,
        ring: &KeyRing,
        org: &OrgId,
    ) -> Result<PayPalSettings> {
        match &*self.get(store, ring, org, Vendor::PayPal).await? {
            Settings::PayPal(settings) => Ok(settings.clone()),
            other => Err(mistaken(other)),
        }
    }

    /// The org's key for Google Places.
    pub async fn google_places(
        &self,
        store: &Store,
        ring: &KeyRing,
        org: &OrgId,
    ) -> Result<GooglePlacesSettings> {
        match &*self.get(store, ring, org, Vendor::GooglePlaces).await? {
            Settings::GooglePlaces(settings) => Ok(settings.clone()),
            other => Err(mistaken(other)),
        }
    }

    /// The org's application at a vendor that its customers sign in with.
    pub async fn oauth(
        &self,
        store: &Store,
        ring: &KeyRing,
        org: &OrgId,
        vendor: Vendor,
    ) -> Result<OAuthSettings> {
        match &*self.get(store, ring, org, vendor).await? {
            Settings::OAuth(_, settings) => Ok(settings.clone()),
            other => Err(mistaken(other)),
        }
    }

    /// The org's settings for a vendor.
    ///
    /// # Errors
    ///
    /// `integration_not_configured`.
    pub async fn get(
        &self,
        store: &Store,
        ring: &KeyRing,
        org: &OrgId,
        vendor: Vendor,
    ) -> Result<Arc<Settings>> {
        let key = (org.clone(), vendor);
        let settings = match self.cache.get(&key) {
            Some((at, settings)) if at.elapsed() < FRESH => settings,
            _ => {
                // Rare, and large as a future: boxed, it does not weigh on every request.
                let settings = Box::pin(unmetered(load(store, ring, org, vendor))).await?;
                let settings = settings.map(Arc::new);
                self.cache.insert(key, (Instant::now(), settings.clone()));
                settings
            }
        };
        settings.ok_or_else(|| {
            let message = format!("this org has not set {vendor} up");
            Refusal::because(Code::IntegrationNotConfigured, message).into()
        })
    }
}

fn mistaken(settings: &Settings) -> Error {
    Error::Internal(format!("the settings are those of {}", settings.vendor()))
}

async fn load(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    vendor: Vendor,
) -> Result<Option<Settings>> {
    let key = org.integration_key(vendor.as_str());
    let found = store.get::<Stored>(&key).await?;
    found.map(|found| found.entity.open(ring, org)).transpose()
}
