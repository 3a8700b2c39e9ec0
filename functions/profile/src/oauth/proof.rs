//! What a client proves its user's identity with.

use garde::Validate;
use portico_shared::domain::oauth::{Flow, Identity, Once, Provider};
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{App, Org};
use portico_shared::vendors::oauth::Grant;
use serde::Deserialize;
use utoipa::ToSchema;

use super::sign_in_with;

/// What a client got from a provider: the code of a sign-in that was begun here, with its `state`; a code that
/// the app asked for by itself, with its `redirectUri`; or an `idToken` of Google's.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "code": "4/0AX4XfWh…", "state": "acme.k1.…", "codeVerifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
}))]
pub(crate) struct Proof {
    /// The provider's code.
    #[garde(inner(length(min = 1, max = 2048)))]
    code: Option<String>,
    /// The state that came back beside the code.
    #[garde(inner(length(min = 1, max = 4096)))]
    state: Option<String>,
    /// What the client's PKCE challenge was made of: the one of `…/url`, or the one that the app gave to the
    /// provider.
    #[garde(inner(custom(verifier)))]
    code_verifier: Option<String>,
    /// Where the provider sent the code that the app asked for.
    #[garde(inner(length(min = 1, max = 2048)))]
    redirect_uri: Option<String>,
    /// The ID token, not older than ten minutes. It is taken once.
    #[garde(inner(length(min = 1, max = 8192)))]
    id_token: Option<String>,
    /// The nonce that the app gave to the provider, if it gave one: the ID token must have it.
    #[garde(inner(length(min = 1, max = 255)))]
    nonce: Option<String>,
    /// At sign-in, what a challenge that was answered with `trustDevice` gave this device.
    #[garde(inner(length(max = 512)))]
    pub(super) device_token: Option<String>,
}

/// One of the three.
pub(crate) enum Proved {
    /// The end of a sign-in that was begun here.
    Flow {
        code: String,
        state: String,
        verifier: String,
    },
    /// An app's own.
    Code {
        code: String,
        verifier: String,
        redirect_uri: String,
    },
    /// An app's own.
    Token {
        token: String,
        nonce: Option<String>,
    },
}

impl Proof {
    /// The end of a sign-in that was begun here.
    pub(crate) fn of_flow(self) -> Result<Proved> {
        Ok(Proved::Flow {
            code: there(self.code, "code")?,
            state: there(self.state, "state")?,
            verifier: there(self.code_verifier, "codeVerifier")?,
        })
    }

    /// What an app got by itself.
    pub(crate) fn of_app(self) -> Result<Proved> {
        if let Some(token) = self.id_token {
            return Ok(Proved::Token {
                token,
                nonce: self.nonce,
            });
        }
        Ok(Proved::Code {
            code: there(self.code, "code")?,
            verifier: there(self.code_verifier, "codeVerifier")?,
            redirect_uri: there(self.redirect_uri, "redirectUri")?,
        })
    }

    /// Whichever it is.
    pub(crate) fn of_either(self) -> Result<Proved> {
        if self.state.is_some() {
            self.of_flow()
        } else {
            self.of_app()
        }
    }
}

fn there(member: Option<String>, name: &str) -> Result<String> {
    let missing = || {
        Refusal::new(Code::ValidationFailed)
            .at(name, "is required here")
            .into()
    };
    member.ok_or_else(missing)
}

impl Proved {
    /// Who it is, by the provider's word; and what is used up by it, where the provider does not see to that.
    pub(crate) async fn identity(
        &self,
        app: &App,
        org: &Org,
        provider: Provider,
    ) -> Result<(Identity, Option<Once>)> {
        match self {
            Self::Flow {
                code,
                state,
                verifier,
            } => {
                let flow = Flow::open(&app.ring, &org.id, provider, state)?;
                flow.must_be_of_client(verifier)?;
                let sign_in = sign_in_with(app, org, provider).await?;
                let identity = sign_in.identity(&flow, code).await?;
                Ok((identity, Some(flow.once(&org.id))))
            }
            Self::Code {
                code,
                verifier,
                redirect_uri,
            } => {
                let sign_in = sign_in_with(app, org, provider).await?;
                let grant = Grant {
                    code,
                    verifier,
                    redirect_uri,
                    nonce: None,
                };
                Ok((sign_in.identity_of(&grant).await?, None))
            }
            Self::Token { token, nonce } => {
                let sign_in = sign_in_with(app, org, provider).await?;
                let identity = sign_in.identity_of_token(token, nonce.as_deref());
                Ok((identity.await?, Some(Once::id_token(&org.id, token))))
            }
        }
    }
}

/// An S256 challenge is 32 bytes in base64url.
#[allow(clippy::trivially_copy_pass_by_ref)] // garde's signature
pub(crate) fn challenge(text: &str, (): &()) -> garde::Result {
    if text.len() == 43 && text.bytes().all(unreserved) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "codeChallenge is not a PKCE challenge by S256",
        ))
    }
}

/// 43 to 128 unreserved characters (RFC 7636 §4.1).
#[allow(clippy::trivially_copy_pass_by_ref)] // garde's signature
pub(crate) fn verifier(text: &str, (): &()) -> garde::Result {
    if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
        Ok(())
    } else {
        Err(garde::Error::new("is not a PKCE verifier"))
    }
}

fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
