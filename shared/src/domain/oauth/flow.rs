//! A sign-in on its way to the provider and back.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Identity, Once, Provider};
use crate::auth::{KeyRing, Purpose};
use crate::clock;
use crate::domain::integration::OAuthSettings;
use crate::domain::org::OrgConfig;
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{CustomerId, OrgId, random16};
use crate::store::{CustomerScope, Store, StoreError};
use crate::vendors::Vendors;
use crate::vendors::oauth::{Authorization, Grant};

/// How long somebody may take at the provider.
const FLOW_SECONDS: i64 = 10 * 60;
/// How long the client may take to exchange its code: it has it in hand.
const CODE_SECONDS: i64 = 60;
/// How long a browser is known as the one that began.
pub const BROWSER_SECONDS: i64 = FLOW_SECONDS;

/// A sign-in that was begun, and is not over. It travels as the state, sealed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// What PKCE's verifier, the nonce and the name of its mark are derived from. The state does not show it.
    secret: String,
    /// When it is over, Unix seconds.
    until: i64,
    /// Where the provider sends the code.
    redirect_uri: String,
    /// Where the browser goes at the end, unless the client takes the provider's code itself.
    return_url: Option<String>,
    /// The client's own PKCE challenge: who began is who can end it.
    challenge: String,
    /// The hash of the browser that began it, if one did.
    browser: Option<String>,
}

/// A sign-in that a client begins by itself.
#[derive(Debug)]
pub struct Begun {
    /// Where its user goes.
    pub url: String,
    /// What must come back beside the code.
    pub state: String,
}

/// What a browser is known by while it is at the provider: a cookie's value. In the browser that began, it
/// is the one that it had, so that sign-ins in two tabs do not disturb each other.
#[derive(Clone)]
pub struct Browser(String);

impl Browser {
    /// A browser that was not here before.
    pub fn unknown() -> Self {
        Self(BASE64URL_NOPAD.encode(&random16()))
    }

    /// The browser with this cookie, if it is one of ours.
    pub fn known(cookie: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
        (bytes.len() == 16).then(|| Self(cookie.to_owned()))
    }

    /// The cookie's value.
    pub fn cookie(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> String {
        digest(&[&self.0])
    }
}

/// One provider, as one org's application of its.
pub struct SignIn<'a> {
    /// The provider.
    pub provider: Provider,
    /// The org.
    pub org: &'a OrgId,
    /// The application.
    pub settings: OAuthSettings,
    /// The keys.
    pub ring: &'a KeyRing,
    /// The way there.
    pub vendors: &'a Vendors,
}

impl SignIn<'_> {
    /// Begins a sign-in in a browser, which comes back here and is sent on to `return_url`: the URL of the
    /// provider.
    ///
    /// # Errors
    ///
    /// `return_url_not_allowed`; `integration_not_configured` for an application without a redirect URI.
    pub fn begin(
        &self,
        config: &OrgConfig,
        return_url: &str,
        challenge: String,
        browser: &Browser,
    ) -> Result<String> {
        let return_url = allowed(config, return_url)?;
        let redirect_uri = self.settings.redirect_uri.clone().ok_or_else(|| {
            let message = format!("this org's {} has no redirect URI", self.provider);
            Refusal::because(Code::IntegrationNotConfigured, message)
        })?;
        let flow = Flow::new(redirect_uri, challenge);
        Ok(self
            .begun(&Flow {
                return_url: Some(return_url),
                browser: Some(browser.hash()),
                ..flow
            })?
            .url)
    }

    /// Begins a sign-in whose code the provider sends to the client itself.
    ///
    /// # Errors
    ///
    /// `return_url_not_allowed`.
    pub fn begin_by_client(
        &self,
        config: &OrgConfig,
        redirect_uri: &str,
        challenge: String,
    ) -> Result<Begun> {
        allowed(config, redirect_uri)?;
        // As the client wrote it: that is how it is registered, and compared letter by letter.
        self.begun(&Flow::new(redirect_uri.to_owned(), challenge))
    }

    fn begun(&self, flow: &Flow) -> Result<Begun> {
        let json = serde_json::to_vec(flow);
        let json = json.map_err(|_| Error::Internal("a state that is no JSON".to_owned()))?;
        let provider = self.provider.as_str();
        let sealed = self
            .ring
            .seal(self.org, Purpose::OAuthState, provider, &json);
        // The org in front is for finding its key, and nothing is concluded from it.
        let state = format!("{}.{sealed}", self.org);
        let url = self.oauth().authorization_url(&Authorization {
            redirect_uri: &flow.redirect_uri,
            state: &state,
            challenge: &s256(&flow.derived("verifier")),
            nonce: &flow.derived("nonce"),
        });
        Ok(Begun { url, state })
    }

    /// Learns from the provider who signed in.
    ///
    /// # Errors
    ///
    /// `invalid_grant`.
    pub async fn identity(&self, flow: &Flow, code: &str) -> Result<Identity> {
        let grant = Grant {
            code,
            verifier: &flow.derived("verifier"),
            redirect_uri: &flow.redirect_uri,
            nonce: Some(&flow.derived("nonce")),
        };
        self.oauth().identity(&grant).await
    }

    /// The same for a code that an app got from the provider in a way of its own.
    ///
    /// # Errors
    ///
    /// `invalid_grant`.
    pub async fn identity_of(&self, grant: &Grant<'_>) -> Result<Identity> {
        self.oauth().identity(grant).await
    }

    /// The same for an ID token.
    ///
    /// # Errors
    ///
    /// `invalid_grant`; `validation_failed` where there are no ID tokens.
    pub async fn identity_of_token(&self, token: &str, nonce: Option<&str>) -> Result<Identity> {
        self.oauth().identity_of_token(token, nonce).await
    }

    fn oauth(&self) -> crate::vendors::oauth::OAuth<'_> {
        let (id, secret) = (&self.settings.client_id, &self.settings.client_secret);
        self.vendors.oauth(self.provider, id, secret)
    }
}

fn allowed(config: &OrgConfig, url: &str) -> Result<String> {
    config
        .return_url(url)
        .ok_or(Code::ReturnUrlNotAllowed.into())
}

impl Flow {
    fn new(redirect_uri: String, challenge: String) -> Self {
        let secret = [random16(), random16()].concat();
        Self {
            secret: BASE64URL_NOPAD.encode(&secret),
            until: clock::unix_seconds() + FLOW_SECONDS,
            redirect_uri,
            return_url: None,
            challenge,
            browser: None,
        }
    }

    /// The sign-in behind a state of this org and provider.
    ///
    /// # Errors
    ///
    /// `invalid_state`, whatever is wrong with it.
    pub fn open(ring: &KeyRing, org: &OrgId, provider: Provider, state: &str) -> Result<Self> {
        let invalid = || Error::from(Code::InvalidState);
        let (_, sealed) = state.split_once('.').ok_or_else(invalid)?;
        let json = ring.open(org, Purpose::OAuthState, provider.as_str(), sealed);
        let json = json.map_err(|_| invalid())?;
        let flow: Self = serde_json::from_slice(&json).map_err(|_| invalid())?;
        if flow.until <= clock::unix_seconds() {
            return Err(invalid());
        }
        Ok(flow)
    }

    /// Where the browser that began is sent on to.
    ///
    /// # Errors
    ///
    /// `invalid_state` for another browser, and for a sign-in that no browser began.
    pub fn return_url(&self, browser: Option<&Browser>) -> Result<&str> {
        let hash = browser.map(Browser::hash);
        match &self.return_url {
            Some(url) if hash.is_some() && hash == self.browser => Ok(url),
            _ => Err(Code::InvalidState.into()),
        }
    }

    /// Whether a client began it, and this one.
    ///
    /// # Errors
    ///
    /// `invalid_state`.
    pub fn must_be_of_client(&self, verifier: &str) -> Result<()> {
        if self.browser.is_none() && s256(verifier) == self.challenge {
            Ok(())
        } else {
            Err(Code::InvalidState.into())
        }
    }

    /// It is ended once.
    pub fn once(&self, org: &OrgId) -> Once {
        Once::new(org, "oauth-state", &self.derived("id"), self.until)
    }

    /// The code that its client exchanges for a session.
    pub fn code(&self, ring: &KeyRing, scope: &CustomerScope) -> Result<String> {
        let ending = Ending {
            id: self.derived("code"),
            until: clock::unix_seconds() + CODE_SECONDS,
            customer: scope.customer().clone(),
            challenge: self.challenge.clone(),
        };
        let json = serde_json::to_vec(&ending);
        let json = json.map_err(|_| Error::Internal("a code that is no JSON".to_owned()))?;
        Ok(ring.seal(scope.org(), Purpose::OAuthCode, "", &json))
    }

    fn derived(&self, what: &str) -> String {
        digest(&[what, "\n", &self.secret])
    }
}

/// What a client exchanges for a session, sealed.
#[derive(Serialize, Deserialize)]
struct Ending {
    id: String,
    until: i64,
    customer: CustomerId,
    challenge: String,
}

/// Uses a code, once: the customer who signed in.
///
/// # Errors
///
/// `invalid_grant`, whatever is wrong with it.
pub async fn exchange(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    code: &str,
    verifier: &str,
) -> Result<CustomerScope> {
    let invalid = || Error::from(Code::InvalidGrant);
    let json = ring.open(org, Purpose::OAuthCode, "", code);
    let json = json.map_err(|_| invalid())?;
    let ending: Ending = serde_json::from_slice(&json).map_err(|_| invalid())?;
    if ending.until <= clock::unix_seconds() || s256(verifier) != ending.challenge {
        return Err(invalid());
    }
    let once = Once::new(org, "oauth-code", &ending.id, ending.until);
    match store.write(once.used()).await {
        Ok(_) => Ok(CustomerScope::proved(org.clone(), ending.customer)),
        Err(StoreError::ConditionFailed(_)) => Err(invalid()),
        Err(error) => Err(error.into()),
    }
}

/// PKCE's challenge of a verifier (RFC 7636 §4.2).
fn s256(verifier: &str) -> String {
    digest(&[verifier])
}

fn digest(parts: &[&str]) -> String {
    let hash = parts.iter().fold(Sha256::new(), Sha256::chain_update);
    BASE64URL_NOPAD.encode(&hash.finalize())
}

#[cfg(test)]
mod tests;
