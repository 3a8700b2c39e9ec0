//! What each provider is asked for.

use data_encoding::BASE64URL_NOPAD;

use super::{PaymentMethod, PaymentMethods, PaymentProvider, Wallet};
use crate::domain::integration::{PayPalMode, PayPalSettings, StripeSettings};
use crate::error::{Code, Refusal, Result};
use crate::store::{Condition, Item, Partition, Write};
use crate::vendors::stripe::Stripe;

impl Wallet<'_> {
    /// Has the provider keep what a customer sent. Doing it again comes to the same.
    pub(super) async fn accept(
        &self,
        provider: PaymentProvider,
        sent: &str,
        methods: &mut PaymentMethods,
    ) -> Result<PaymentMethod> {
        let (prefix, what) = match provider {
            PaymentProvider::Stripe => ("pm_", "a payment method of Stripe's, such as pm_1N4v…"),
            PaymentProvider::PayPal => (
                "BA-",
                "a token of a PayPal billing agreement, such as BA-8A8…",
            ),
        };
        must_be_token(sent, prefix, what)?;
        let limit = self.limit();
        limit
            .take(self.store)
            .await?
            .ok_or_else(|| limit.reached())?;
        match provider {
            PaymentProvider::Stripe => self.attach(sent, methods).await,
            PaymentProvider::PayPal => self.agree(sent).await,
        }
    }

    async fn attach(&self, sent: &str, methods: &mut PaymentMethods) -> Result<PaymentMethod> {
        let settings = self.stripe_settings().await?;
        let stripe = self.vendors.stripe(&settings.secret_key);
        let customer = match &methods.stripe_customer {
            Some(customer) => customer.clone(),
            None => self.stripe_customer(stripe).await?,
        };
        let attached = stripe.attach(sent, &customer).await?;
        methods.stripe_customer = Some(customer);
        let method = PaymentMethod::now(sent.to_owned(), PaymentProvider::Stripe, attached.kind);
        let Some(card) = attached.card else {
            return Ok(method);
        };
        Ok(PaymentMethod {
            brand: card.brand,
            last4: Some(card.last4),
            exp_month: Some(card.exp_month),
            exp_year: Some(card.exp_year),
            ..method
        })
    }

    /// The one Stripe customer of ours. Stripe makes one for one key within a day, and one that is older is
    /// found. So there is never a second, even if what became of the first was never heard.
    async fn stripe_customer(&self, stripe: Stripe<'_>) -> Result<String> {
        let reference = self.reference();
        if let Some(found) = stripe.find_customer(&reference).await? {
            return Ok(found);
        }
        let key = self.request_id("stripe-customer", "");
        stripe.create_customer(&reference, &key).await
    }

    async fn agree(&self, token: &str) -> Result<PaymentMethod> {
        let settings = self.paypal_settings().await?;
        let live = settings.mode == PayPalMode::Live;
        let paypal = self
            .vendors
            .paypal(live, &settings.client_id, &settings.client_secret);
        let request_id = self.request_id("paypal-agreement", token);
        let agreement = paypal.agree(token, &request_id).await?;
        let method = PaymentMethod::now(agreement.id, PaymentProvider::PayPal, "paypal".to_owned());
        Ok(PaymentMethod {
            token: Some(token.to_owned()),
            ..method
        })
    }

    /// Tells the provider which method is to be the default. PayPal has none.
    pub(super) async fn announce_default(
        &self,
        methods: &PaymentMethods,
        method: &PaymentMethod,
    ) -> Result<()> {
        let (PaymentProvider::Stripe, Some(customer)) = (method.provider, &methods.stripe_customer)
        else {
            return Ok(());
        };
        let settings = self.stripe_settings().await?;
        let stripe = self.vendors.stripe(&settings.secret_key);
        stripe.set_default(customer, &method.id).await
    }

    /// Has the provider forget a method. Doing it again comes to the same.
    pub(super) async fn release(&self, method: &PaymentMethod) -> Result<()> {
        match method.provider {
            PaymentProvider::Stripe => {
                let settings = self.stripe_settings().await?;
                let stripe = self.vendors.stripe(&settings.secret_key);
                stripe.detach(&method.id).await
            }
            PaymentProvider::PayPal => {
                let settings = self.paypal_settings().await?;
                let live = settings.mode == PayPalMode::Live;
                let paypal =
                    self.vendors
                        .paypal(live, &settings.client_id, &settings.client_secret);
                paypal.cancel(&method.id).await
            }
        }
    }

    /// Has the providers forget the customer, and forgets the methods: for the end of the account. Doing it again
    /// comes to the same.
    ///
    /// # Errors
    ///
    /// Whatever keeps a provider from doing it. What an org has not set up, or no more, cannot be asked.
    pub async fn forget(&self) -> Result<()> {
        let (methods, version) = self.read().await?;
        if let Some(settings) = set_up(self.stripe_settings().await)? {
            let stripe = self.vendors.stripe(&settings.secret_key);
            let customer = match methods.stripe_customer {
                Some(customer) => Some(customer),
                // One that was made by a request that was cut off.
                None => stripe.find_customer(&self.reference()).await?,
            };
            if let Some(customer) = customer {
                stripe.delete_customer(&customer).await?;
            }
        }
        let agreements = methods.methods.iter();
        for agreement in agreements.filter(|it| it.provider == PaymentProvider::PayPal) {
            if set_up(self.paypal_settings().await)?.is_some() {
                self.release(agreement).await?;
            }
        }
        if version > 0 {
            let delete = Write::delete(self.scope.key(&Item::PaymentMethods));
            let unchanged = Condition::eq("v", &version);
            self.store.write(delete.when(unchanged)).await?;
        }
        Ok(())
    }

    /// What the customer is called at Stripe.
    fn reference(&self) -> String {
        format!("{}/{}", self.scope.org(), self.scope.customer())
    }

    async fn stripe_settings(&self) -> Result<StripeSettings> {
        let org = self.scope.org();
        self.integrations.stripe(self.store, self.ring, org).await
    }

    async fn paypal_settings(&self) -> Result<PayPalSettings> {
        let org = self.scope.org();
        self.integrations.paypal(self.store, self.ring, org).await
    }

    /// The same for the same intention of the same customer, and telling nothing of either.
    fn request_id(&self, operation: &str, what: &str) -> String {
        let customer = self.scope.customer().as_str();
        let seed = self
            .ring
            .idempotent_seed(self.scope.org(), operation, customer, what);
        BASE64URL_NOPAD.encode(&seed)
    }
}

/// The settings, if the org has any.
fn set_up<T>(settings: Result<T>) -> Result<Option<T>> {
    match settings {
        Ok(settings) => Ok(Some(settings)),
        Err(error) if error.refusal().code == Code::IntegrationNotConfigured => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses what is no such token. It goes into paths, so it is letters, digits and what the prefix has.
fn must_be_token(sent: &str, prefix: &str, told: &str) -> Result<()> {
    let body = sent.strip_prefix(prefix).unwrap_or_default();
    let plain = body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if (4..=64).contains(&body.len()) && plain {
        return Ok(());
    }
    let refusal = Refusal::new(Code::ValidationFailed);
    Err(refusal
        .at("paymentMethodId", format!("is not {told}"))
        .into())
}
