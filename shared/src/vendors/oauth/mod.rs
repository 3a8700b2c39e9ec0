//! Signing in with other companies: OAuth 2.0's authorization code grant (RFC 6749 §4.1) with PKCE
//! (RFC 7636), and what each company tells of who signed in.

mod facebook;
mod github;
mod google;

use std::fmt;

use http::header::ACCEPT;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vendors;
use crate::error::{Code, Error, Refusal, Result};
use crate::outbound::{Http, Reply};
use crate::secret::Secret;
use crate::text::normalize_email;

pub use google::Keys;

/// A company that customers sign in with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Google, by `OpenID` Connect.
    Google,
    /// GitHub.
    Github,
    /// Facebook.
    Facebook,
}

impl Provider {
    /// Every provider there is.
    pub const ALL: [Self; 3] = [Self::Google, Self::Github, Self::Facebook];

    /// Its name in paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Github => "github",
            Self::Facebook => "facebook",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the providers answer.
#[derive(Debug, Clone)]
pub struct Urls {
    /// Where Google asks its user.
    pub google_authorize: String,
    /// Where Google exchanges codes.
    pub google_token: String,
    /// The keys that Google signs ID tokens with.
    pub google_keys: String,
    /// Where GitHub asks its user, and exchanges codes.
    pub github: String,
    /// GitHub's API.
    pub github_api: String,
    /// Where Facebook asks its user.
    pub facebook: String,
    /// Facebook's Graph API.
    pub facebook_graph: String,
}

impl Default for Urls {
    /// Google's are those of <https://accounts.google.com/.well-known/openid-configuration>.
    fn default() -> Self {
        Self {
            google_authorize: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
            google_token: "https://oauth2.googleapis.com/token".to_owned(),
            google_keys: "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
            github: "https://github.com".to_owned(),
            github_api: "https://api.github.com".to_owned(),
            facebook: "https://www.facebook.com".to_owned(),
            facebook_graph: "https://graph.facebook.com".to_owned(),
        }
    }
}

impl Urls {
    /// All providers at one address, each under its name.
    pub fn all_at(url: &str) -> Self {
        let at = |path: &str| format!("{url}/{path}");
        Self {
            google_authorize: at("google/authorize"),
            google_token: at("google/token"),
            google_keys: at("google/certs"),
            github: at("github"),
            github_api: at("github-api"),
            facebook: at("facebook"),
            facebook_graph: at("facebook-graph"),
        }
    }
}

/// What a provider is to ask its user, and where it is to send them afterwards.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a> {
    /// Where the user's browser goes with the code. One of those that the application has registered.
    pub redirect_uri: &'a str,
    /// What comes back beside the code.
    pub state: &'a str,
    /// PKCE's `code_challenge`, by S256.
    pub challenge: &'a str,
    /// What the ID token is to repeat (`OpenID` Connect Core §3.1.2.1), where there is one.
    pub nonce: &'a str,
}

/// A code that a provider sent, and what goes with it.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The code.
    pub code: &'a str,
    /// PKCE's `code_verifier`.
    pub verifier: &'a str,
    /// Where the code was sent.
    pub redirect_uri: &'a str,
    /// What the ID token must repeat, if this service began the sign-in.
    pub nonce: Option<&'a str>,
}

/// Who signed in, as their provider knows them.
#[derive(Clone)]
pub struct Identity {
    /// Who tells it.
    pub provider: Provider,
    /// The provider's own id of them: the same for ever, whatever their address.
    pub subject: String,
    /// Their e-mail address, if the provider tells one.
    pub email: Option<String>,
    /// Whether the provider says that it has made sure that the address is theirs.
    pub email_verified: bool,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// Who it is belongs into no log.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.provider)
    }
}

/// A provider, as one application of its.
#[derive(Debug, Clone, Copy)]
pub struct OAuth<'a> {
    http: &'a Http,
    urls: &'a Urls,
    keys: &'a Keys,
    provider: Provider,
    id: &'a str,
    secret: &'a Secret,
}

impl Vendors {
    /// A provider, as this application of its.
    pub fn oauth<'a>(&'a self, provider: Provider, id: &'a str, secret: &'a Secret) -> OAuth<'a> {
        OAuth {
            http: &self.http,
            urls: &self.urls.oauth,
            keys: &self.google_keys,
            provider,
            id,
            secret,
        }
    }
}

/// What a token endpoint answers. GitHub answers 200 to what it refuses.
#[derive(Deserialize)]
struct TokenReply {
    access_token: Option<Secret>,
    id_token: Option<Secret>,
    /// A text (RFC 6749 §5.2), or an object of Facebook's.
    error: Option<serde_json::Value>,
}

struct Tokens {
    access: Secret,
    id: Option<Secret>,
}

impl OAuth<'_> {
    /// Where the user's browser goes to sign in.
    pub fn authorization_url(&self, asked: &Authorization<'_>) -> String {
        let (authorize, scope) = match self.provider {
            Provider::Google => (self.urls.google_authorize.clone(), google::SCOPE),
            Provider::Github => (
                format!("{}/login/oauth/authorize", self.urls.github),
                github::SCOPE,
            ),
            Provider::Facebook => (
                format!("{}/{}/dialog/oauth", self.urls.facebook, facebook::VERSION),
                facebook::SCOPE,
            ),
        };
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.id),
            ("redirect_uri", asked.redirect_uri),
            ("scope", scope),
            ("state", asked.state),
            ("code_challenge", asked.challenge),
            ("code_challenge_method", "S256"),
        ];
        if self.provider == Provider::Google {
            parameters.push(("nonce", asked.nonce));
        }
        let query = serde_urlencoded::to_string(parameters).expect("pairs of texts");
        format!("{authorize}?{query}")
    }

    /// Exchanges a code, and learns who signed in. A code is good once: what comes to nothing is begun anew.
    ///
    /// # Errors
    ///
    /// `invalid_grant` when the provider, or what it signed, says that the code is none of this sign-in;
    /// `integration_not_configured` when it refuses the application.
    pub async fn identity(&self, grant: &Grant<'_>) -> Result<Identity> {
        match self.provider {
            Provider::Google => self.google(grant).await,
            Provider::Github => self.github(grant).await,
            Provider::Facebook => self.facebook(grant).await,
        }
    }

    /// Who an ID token tells of, which an app got from Google itself.
    ///
    /// # Errors
    ///
    /// `invalid_grant`; `validation_failed` for providers that have no ID tokens.
    pub async fn identity_of_token(&self, token: &str, nonce: Option<&str>) -> Result<Identity> {
        if self.provider != Provider::Google {
            let refusal = Refusal::new(Code::ValidationFailed);
            let message = format!("{} has no ID tokens", self.provider);
            return Err(refusal.at("idToken", message).into());
        }
        self.google_token(token, nonce).await
    }

    async fn tokens(&self, url: &str, grant: &Grant<'_>) -> Result<Tokens> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", grant.code),
            ("redirect_uri", grant.redirect_uri),
            ("code_verifier", grant.verifier),
            ("client_id", self.id),
            ("client_secret", self.secret.reveal()),
        ];
        let request = self.http.client()?.post(url).form(&form);
        let request = request.header(ACCEPT, "application/json");
        // Not sent again once it may have arrived: the code would be spent.
        let reply = self
            .http
            .send(self.provider.as_str(), request, false)
            .await?;
        let told: TokenReply = reply.json()?;
        match (told.access_token, told.error) {
            (Some(access), None) if reply.status.is_success() => Ok(Tokens {
                access,
                id: told.id_token,
            }),
            (_, Some(error)) => Err(self.refused(&error, &reply)),
            _ => Err(reply.unexpected()),
        }
    }

    /// What a token endpoint's error means for whoever signs in.
    fn refused(&self, error: &serde_json::Value, reply: &Reply) -> Error {
        let kind = error.as_str().unwrap_or_default();
        match (kind, error["code"].as_i64()) {
            // Facebook's 100 is an invalid parameter, which of these can only be the code.
            ("invalid_grant" | "bad_verification_code", _) | (_, Some(100)) => invalid_grant(),
            // Facebook's 101 is an application that it does not know, its 1 a secret that is wrong.
            (
                "invalid_client"
                | "unauthorized_client"
                | "incorrect_client_credentials"
                | "redirect_uri_mismatch",
                _,
            )
            | (_, Some(1 | 101)) => {
                tracing::warn!(provider = %self.provider, "an org's application is refused");
                let message = format!(
                    "{} refuses the application that this org has set",
                    self.provider
                );
                Refusal::because(Code::IntegrationNotConfigured, message).into()
            }
            _ => reply.unexpected(),
        }
    }
}

fn invalid_grant() -> Error {
    Code::InvalidGrant.into()
}

/// What providers tell is text of theirs: an address is taken if it looks like one, a name if it could have
/// been typed here.
fn email(text: Option<String>) -> Option<String> {
    let email = normalize_email(&text?);
    let plain = email.len() <= 254 && email.chars().all(|c| !c.is_control() && !c.is_whitespace());
    let (mailbox, host) = email.rsplit_once('@')?;
    (plain && !mailbox.is_empty() && host.contains('.')).then_some(email)
}

fn name(text: Option<String>) -> Option<String> {
    let text = text?.trim().to_owned();
    let fits = (1..=100).contains(&text.chars().count());
    (fits && crate::text::line(&text, &()).is_ok()).then_some(text)
}

/// A full name's first word, and the rest.
fn names(full: Option<String>) -> (Option<String>, Option<String>) {
    let Some(full) = full else {
        return (None, None);
    };
    match full.trim().split_once(' ') {
        Some((first, last)) => (name(Some(first.to_owned())), name(Some(last.to_owned()))),
        None => (name(Some(full)), None),
    }
}

/// A provider's id of somebody: short, and of characters that can be seen.
fn subject(text: String) -> Result<String> {
    if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(invalid_grant())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_tells_is_taken_if_it_could_have_been_typed() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(email(some(" Ann@Example.COM ")), some("ann@example.com"));
        for wrong in [
            "",
            "ann",
            "@example.com",
            "ann@host",
            "ann lee@example.com",
            "a\0@b.c",
        ] {
            assert_eq!(email(some(wrong)), None, "{wrong:?}");
        }
        assert_eq!(name(some("\u{202E}nnA")), None);
        assert_eq!(names(some("Ann van Lee")), (some("Ann"), some("van Lee")));
        assert_eq!(names(some("Ann")), (some("Ann"), None));
        assert!(subject("1".repeat(256)).is_err() && subject(String::new()).is_err());
    }
}
