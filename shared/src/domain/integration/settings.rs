//! What is set for each vendor.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Vendor;
use crate::error::{Code, Error, Refusal, Result};
use crate::secret::{Secret, revealed, revealed_if_any};

/// An account with Stripe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StripeSettings {
    /// `sk_test_…`, `sk_live_…`, or a restricted key, `rk_…`.
    #[serde(serialize_with = "revealed")]
    pub secret_key: Secret,
    /// `pk_…`: what the browser makes tokens with. Not a secret.
    #[serde(default)]
    pub publishable_key: Option<String>,
    /// `whsec_…`: what Stripe signs its webhooks with.
    #[serde(default, serialize_with = "revealed_if_any")]
    pub webhook_secret: Option<Secret>,
}

/// An application at PayPal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PayPalSettings {
    /// The application. Not a secret.
    pub client_id: String,
    /// What it proves itself with.
    #[serde(serialize_with = "revealed")]
    pub client_secret: Secret,
    /// Which of PayPal's two worlds the application is in.
    pub mode: PayPalMode,
    /// The webhook whose signatures are checked.
    #[serde(default)]
    pub webhook_id: Option<String>,
}

/// One of PayPal's two worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayPalMode {
    /// Play money.
    Sandbox,
    /// Money.
    Live,
}

/// A key for Google's Places API (New).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GooglePlacesSettings {
    /// `AIza…`
    #[serde(serialize_with = "revealed")]
    pub api_key: Secret,
}

/// An application that customers sign in with: OAuth 2.0's client (RFC 6749 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuthSettings {
    /// The application. Not a secret.
    pub client_id: String,
    /// What it proves itself with.
    #[serde(serialize_with = "revealed")]
    pub client_secret: Secret,
    /// Where the vendor sends browsers back to, as it is registered there: this API's
    /// `/profile/{provider}/redirect`. Without it only clients that take the code themselves can sign in.
    #[serde(default)]
    pub redirect_uri: Option<String>,
}

/// The settings for one vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// [`Vendor::Stripe`]
    Stripe(StripeSettings),
    /// [`Vendor::PayPal`]
    PayPal(PayPalSettings),
    /// [`Vendor::GooglePlaces`]
    GooglePlaces(GooglePlacesSettings),
    /// A vendor that customers sign in with.
    OAuth(Vendor, OAuthSettings),
}

/// The longest value. Stripe's secret keys have some hundred characters.
const LONGEST: usize = 512;

impl Settings {
    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// `validation_failed`, which repeats nothing of what was read: that could be a secret in the wrong place.
    pub fn parse(vendor: Vendor, json: &[u8]) -> Result<Self> {
        let settings = match vendor {
            Vendor::Stripe => Self::Stripe(read(json)?),
            Vendor::PayPal => Self::PayPal(read(json)?),
            Vendor::GooglePlaces => Self::GooglePlaces(read(json)?),
            Vendor::OAuthGoogle | Vendor::OAuthGithub | Vendor::OAuthFacebook => {
                Self::OAuth(vendor, read(json)?)
            }
        };
        settings.checked()
    }

    /// Whose settings these are.
    pub fn vendor(&self) -> Vendor {
        match self {
            Self::Stripe(_) => Vendor::Stripe,
            Self::PayPal(_) => Vendor::PayPal,
            Self::GooglePlaces(_) => Vendor::GooglePlaces,
            Self::OAuth(vendor, _) => *vendor,
        }
    }

    /// The JSON form with its secrets, to be sealed.
    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        let json = match self {
            Self::Stripe(settings) => serde_json::to_vec(settings),
            Self::PayPal(settings) => serde_json::to_vec(settings),
            Self::GooglePlaces(settings) => serde_json::to_vec(settings),
            Self::OAuth(_, settings) => serde_json::to_vec(settings),
        };
        json.map_err(|_| Error::Internal("settings that are no JSON".to_owned()))
    }

    /// What may be told of them: of each secret its kind and its last four characters.
    pub fn redacted(&self) -> BTreeMap<&'static str, String> {
        let members = self.members().into_iter();
        members
            .map(|(name, member)| (name, member.shown()))
            .collect()
    }

    fn checked(self) -> Result<Self> {
        for (name, member) in self.members() {
            let text = member.text();
            let refuse = |message: &str| {
                let refusal = Refusal::because(Code::ValidationFailed, "the settings are wrong");
                Err(refusal.at(name, message).into())
            };
            if text.is_empty()
                || text.len() > LONGEST
                || !text.bytes().all(|b| b.is_ascii_graphic())
            {
                return refuse("has 1 to 512 visible ASCII characters");
            }
            let prefixes: &[&str] = match (&self, name) {
                (Self::Stripe(_), "secretKey") => &["sk_test_", "sk_live_", "rk_test_", "rk_live_"],
                (Self::Stripe(_), "publishableKey") => &["pk_test_", "pk_live_"],
                (Self::Stripe(_), "webhookSecret") => &["whsec_"],
                (Self::OAuth(..), "redirectUri") => {
                    &["https://", "http://127.0.0.1:", "http://localhost:"]
                }
                _ => &[""],
            };
            if !prefixes.iter().any(|prefix| text.starts_with(prefix)) {
                return refuse(&format!("begins with {}", prefixes.join(" or ")));
            }
        }
        Ok(self)
    }

    /// Every member that is set, by its name.
    fn members(&self) -> Vec<(&'static str, Member<'_>)> {
        use Member::{Plain, Sealed};
        let members = match self {
            Self::Stripe(stripe) => vec![
                ("secretKey", Some(Sealed(&stripe.secret_key))),
                (
                    "publishableKey",
                    stripe.publishable_key.as_deref().map(Plain),
                ),
                ("webhookSecret", stripe.webhook_secret.as_ref().map(Sealed)),
            ],
            Self::PayPal(paypal) => vec![
                ("clientId", Some(Plain(&paypal.client_id))),
                ("clientSecret", Some(Sealed(&paypal.client_secret))),
                (
                    "mode",
                    Some(Plain(match paypal.mode {
                        PayPalMode::Sandbox => "sandbox",
                        PayPalMode::Live => "live",
                    })),
                ),
                ("webhookId", paypal.webhook_id.as_deref().map(Plain)),
            ],
            Self::GooglePlaces(places) => vec![("apiKey", Some(Sealed(&places.api_key)))],
            Self::OAuth(_, oauth) => vec![
                ("clientId", Some(Plain(&oauth.client_id))),
                ("clientSecret", Some(Sealed(&oauth.client_secret))),
                ("redirectUri", oauth.redirect_uri.as_deref().map(Plain)),
            ],
        };
        let set = members.into_iter();
        set.filter_map(|(name, member)| Some((name, member?)))
            .collect()
    }
}

/// A member of some settings.
enum Member<'a> {
    Plain(&'a str),
    Sealed(&'a Secret),
}

impl Member<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Sealed(secret) => secret.reveal(),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Plain(text) => (*text).to_owned(),
            Self::Sealed(secret) => secret.redacted(),
        }
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| {
        // serde's own text would repeat a value of the wrong type, or a name that is a key.
        let message = format!(
            "the settings are not the JSON that they should be: line {}, column {}",
            error.line(),
            error.column()
        );
        Refusal::because(Code::ValidationFailed, message).into()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(vendor: Vendor, json: &serde_json::Value) -> Result<Settings> {
        Settings::parse(vendor, json.to_string().as_bytes())
    }

    #[test]
    fn what_was_written_is_read_back_and_shown_without_its_secrets() {
        let stripe = json!({
            "secretKey": "sk_test_51HxJ2eZvKYlo2C1234", "publishableKey": "pk_test_51HxJ2eZvKYlo2C",
            "webhookSecret": "whsec_0123456789abcdef",
        });
        let settings = parse(Vendor::Stripe, &stripe).unwrap();
        let again = Settings::parse(Vendor::Stripe, &settings.to_json().unwrap()).unwrap();
        assert_eq!(settings, again);
        assert_eq!(
            json!(settings.redacted()),
            json!({
                "secretKey": "sk_test_…1234", "publishableKey": "pk_test_51HxJ2eZvKYlo2C",
                "webhookSecret": "whsec_…cdef",
            })
        );
        let shown = format!("{settings:?}");
        assert!(!shown.contains("eZvKYlo2C1234") && !shown.contains("0123456789"));
        let oauth = json!({"clientId": "a", "clientSecret": "s"});
        for vendor in Vendor::ALL.into_iter().skip(3) {
            let settings = parse(vendor, &oauth).unwrap();
            assert_eq!(settings.vendor(), vendor);
            assert_eq!(settings.redacted()["clientSecret"], "…");
        }
    }

    #[test]
    fn settings_that_could_not_work_are_refused_without_repeating_them() {
        let secret = "pk_test_51HxJ2eZvKYlo2C1234";
        for (vendor, wrong, told) in [
            (Vendor::Stripe, json!({"secretKey": secret}), "secretKey"),
            (Vendor::Stripe, json!({}), "line 1"),
            (
                Vendor::Stripe,
                json!({"secretKey": "sk_test_1", "publishableKey": "sk_test_1"}),
                "publishableKey",
            ),
            (Vendor::Stripe, json!({secret: "sk_test_1"}), "line 1"),
            (Vendor::GooglePlaces, json!({"apiKey": ""}), "apiKey"),
            (Vendor::GooglePlaces, json!({"apiKey": "a\nb"}), "apiKey"),
            (
                Vendor::PayPal,
                json!({"clientId": "a", "clientSecret": "b", "mode": secret}),
                "line 1",
            ),
        ] {
            let refusal = parse(vendor, &wrong).unwrap_err().refusal();
            assert_eq!(refusal.code, Code::ValidationFailed);
            let told_of = format!("{refusal:?}");
            assert!(
                told_of.contains(told) && !told_of.contains(secret),
                "{told_of}"
            );
        }
    }
}
