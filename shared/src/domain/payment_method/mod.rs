//! Saved payment methods: references to what Stripe and PayPal keep. No card data is ever here.
//!
//! All of a customer's are one item, which names the default one. So there is at most one default, a list
//! is one read, and every change is one conditional write. What changes at the vendor changes there first:
//! a request that is cut off in between leaves a change that the same request, sent again, finds and
//! completes.

mod vendor;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::integration::Integrations;
use crate::auth::{KeyRing, Limit};
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::store::{
    Condition, CustomerScope, Entity, Item, Partition, Store, StoreError, Update, Write,
};
use crate::vendors::Vendors;

/// How many methods a customer may save. The item stays within 4 KB, half a read unit.
pub const MOST: usize = 20;
/// How many a customer may try to save within a quarter of an hour.
pub const MOST_TRIED: u32 = 30;
/// How often a change is tried when another one comes in between.
const ATTEMPTS: u32 = 5;

/// Who keeps a payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PaymentProvider {
    /// Stripe: cards, and whatever else Stripe saves.
    #[default]
    Stripe,
    /// PayPal: a billing agreement.
    PayPal,
}

/// A saved payment method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethod {
    /// The provider's own id: `pm_…` of Stripe, `B-…` of PayPal.
    pub id: String,
    /// Who keeps it.
    pub provider: PaymentProvider,
    /// `visa`, `mastercard` …; for what is no card its kind, such as `sepa_debit` or `paypal`.
    pub brand: String,
    /// A card number's last four digits.
    pub last4: Option<String>,
    /// A card's last month, 1 to 12.
    pub exp_month: Option<u8>,
    /// A card's last year, four digits.
    pub exp_year: Option<u16>,
    /// When it was saved.
    pub added_at: Timestamp,
    /// What the customer sent to save it, where that is not the id: PayPal's token, which is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A customer's saved payment methods, as stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethods {
    /// The customer at Stripe that methods are attached to, once there is one.
    pub stripe_customer: Option<String>,
    /// The id of the one to be used unless another is chosen. None only while there are no methods.
    pub default: Option<String>,
    /// The methods, oldest first.
    pub methods: Vec<PaymentMethod>,
}

impl Entity for PaymentMethods {
    const TYPE: &'static str = "PaymentMethods";
}

impl PaymentMethods {
    fn has(&self, id: &str) -> bool {
        self.methods.iter().any(|method| method.id == id)
    }

    /// All of them, newest first.
    pub fn saved(self) -> Vec<Saved> {
        let methods = self.methods.into_iter().rev();
        let saved = methods.map(|method| Saved {
            is_default: self.default.as_ref() == Some(&method.id),
            method,
        });
        saved.collect()
    }

    /// The method that came of what a customer sent.
    fn came_of(&self, sent: &str) -> Option<&PaymentMethod> {
        let of =
            |method: &&PaymentMethod| method.id == sent || method.token.as_deref() == Some(sent);
        self.methods.iter().find(of)
    }
}

/// A payment method, and whether it is the default one.
#[derive(Debug)]
pub struct Saved {
    /// The method.
    pub method: PaymentMethod,
    /// Whether it is the one to be used unless another is chosen.
    pub is_default: bool,
}

/// One customer's payment methods, and what is needed to change them.
#[derive(Clone, Copy)]
pub struct Wallet<'a> {
    /// Whose they are.
    pub scope: &'a CustomerScope,
    /// The table.
    pub store: &'a Store,
    /// The keys.
    pub ring: &'a KeyRing,
    /// The org's accounts with the providers.
    pub integrations: &'a Integrations,
    /// The providers.
    pub vendors: &'a Vendors,
}

impl Wallet<'_> {
    /// All of them, newest first.
    pub async fn list(&self) -> Result<Vec<Saved>> {
        let key = self.scope.key(&Item::PaymentMethods);
        let found = self.store.get::<PaymentMethods>(&key).await?;
        Ok(found.map(|found| found.entity.saved()).unwrap_or_default())
    }

    /// Saves what a customer was given by a provider's client library: Stripe's `pm_…`, or PayPal's token of
    /// an agreement that the payer approved, `BA-…`. The first one becomes the default. What is saved already
    /// is answered as it is; the flag says whether it is new.
    ///
    /// # Errors
    ///
    /// The `402` codes when the provider says no; `validation_failed` for what it does not know, or beyond
    /// [`MOST`]; `rate_limited` after [`MOST_TRIED`] within a quarter of an hour; `integration_not_configured`.
    pub async fn add(
        &self,
        provider: PaymentProvider,
        sent: &str,
        make_default: bool,
    ) -> Result<(Saved, bool)> {
        for _ in 0..ATTEMPTS {
            let (mut methods, version) = self.read().await?;
            let known = methods.came_of(sent).cloned();
            let new = known.is_none();
            if new && methods.methods.len() >= MOST {
                let message = format!("at most {MOST} payment methods can be saved");
                return Err(Refusal::because(Code::ValidationFailed, message).into());
            }
            let method = match known {
                Some(method) => method,
                None => self.accept(provider, sent, &mut methods).await?,
            };
            let is_default = methods.default.as_ref() == Some(&method.id);
            if !new && (is_default || !make_default) {
                return Ok((Saved { method, is_default }, new));
            }
            if new {
                methods.methods.push(method.clone());
            }
            let is_default = is_default || make_default || methods.default.is_none();
            if is_default {
                self.announce_default(&methods, &method).await?;
                methods.default = Some(method.id.clone());
            }
            if self.write(&methods, version).await? {
                return Ok((Saved { method, is_default }, new));
            }
        }
        Err(busy())
    }

    /// How many may be tried. Whoever tries stolen cards must not find out here which of them are good.
    fn limit(&self) -> Limit {
        let (org, who) = (self.scope.org(), self.scope.customer().as_str());
        Limit::in_window(org, "payment-method", who, MOST_TRIED)
    }

    /// Makes a saved method the default one.
    ///
    /// # Errors
    ///
    /// `not_found`.
    pub async fn make_default(&self, id: &str) -> Result<Saved> {
        for _ in 0..ATTEMPTS {
            let (mut methods, version) = self.read().await?;
            let method = methods.methods.iter().find(|method| method.id == id);
            let method = method.cloned().ok_or(Code::NotFound)?;
            // Also where it is: the provider may have been cut off.
            self.announce_default(&methods, &method).await?;
            let already = methods.default.replace(method.id.clone()) == Some(method.id.clone());
            if already || self.write(&methods, version).await? {
                return Ok(Saved {
                    method,
                    is_default: true,
                });
            }
        }
        Err(busy())
    }

    /// Removes a method, at its provider too. Of those that remain, the newest becomes the default if this
    /// one was it.
    ///
    /// There are no subscriptions yet whose method could not be removed.
    ///
    /// # Errors
    ///
    /// `not_found`.
    pub async fn remove(&self, id: &str) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let (mut methods, version) = self.read().await?;
            let method = methods.methods.iter().find(|method| method.id == id);
            let method = method.cloned().ok_or(Code::NotFound)?;
            self.release(&method).await?;
            methods.methods.retain(|method| method.id != id);
            if methods.default.as_deref() == Some(id) {
                let newest = methods.methods.last().cloned();
                if let Some(newest) = &newest {
                    self.announce_default(&methods, newest).await?;
                }
                methods.default = newest.map(|newest| newest.id);
            }
            if self.write(&methods, version).await? {
                return Ok(());
            }
        }
        Err(busy())
    }

    /// What is stored, and its version; 0 is nothing. Consistently: who has just saved a method may change it.
    async fn read(&self) -> Result<(PaymentMethods, u64)> {
        let key = self.scope.key(&Item::PaymentMethods);
        let found = self.store.get_consistent::<PaymentMethods>(&key).await?;
        Ok(found.map_or_else(Default::default, |found| (found.entity, found.version)))
    }

    /// Writes what was made of this version, unless there is another one by now.
    async fn write(&self, methods: &PaymentMethods, version: u64) -> Result<bool> {
        debug_assert!(methods.default.as_ref().is_none_or(|id| methods.has(id)));
        let condition = match version {
            0 => Condition::Absent,
            version => Condition::eq("v", &version),
        };
        let key = self.scope.key(&Item::PaymentMethods);
        let write = Write::update(key, Update::to(methods)?).when(condition);
        match self.store.write(write).await {
            Ok(_) => Ok(true),
            Err(StoreError::ConditionFailed(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn busy() -> crate::error::Error {
    Refusal::new(Code::Conflict).retry_after(1).into()
}

impl PaymentMethod {
    fn now(id: String, provider: PaymentProvider, brand: String) -> Self {
        Self {
            id,
            provider,
            brand,
            last4: None,
            exp_month: None,
            exp_year: None,
            added_at: clock::now(),
            token: None,
        }
    }
}
