//! Google: `OpenID` Connect (<https://developers.google.com/identity/openid-connect/openid-connect>). Who signed
//! in stands in the ID token, a JWT under one of Google's keys.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::{Grant, Identity, OAuth, Provider, email, invalid_grant, name, subject};
use crate::clock;
use crate::error::Result;

pub(super) const SCOPE: &str = "openid email profile";

/// Both are Google's.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// How far Google's clock may differ from this one, in seconds.
const SKEW: u64 = 30;

/// An ID token that an app hands over was made for this sign-in, not for one of yesterday: its age in
/// seconds.
const OLDEST: i64 = 10 * 60;

/// Google's keys, kept in the warm function. Google changes them about every two weeks, and shows a new one
/// long before it is used.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<Mutex<Option<Kept>>>);

#[derive(Debug, Clone)]
struct Kept {
    asked: Instant,
    keys: Arc<[Jwk]>,
}

/// For so long keys are not asked for again …
const FRESH: Duration = Duration::from_hours(1);
/// … but for one that is not among them; and then, tokens with made-up key ids must not make a call each.
const PAUSE: Duration = Duration::from_mins(1);
/// Google has two or three at a time.
const MOST: usize = 20;

/// A key (RFC 7517), as far as it is looked at.
#[derive(Debug, Clone, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

/// The claims of an ID token. `aud` is one text: a token for several is not one of ours.
#[derive(Deserialize)]
struct Claims {
    aud: String,
    sub: String,
    iat: i64,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    given_name: Option<String>,
    family_name: Option<String>,
}

impl OAuth<'_> {
    pub(super) async fn google(&self, grant: &Grant<'_>) -> Result<Identity> {
        let tokens = self.tokens(&self.urls.google_token, grant).await?;
        let token = tokens.id.ok_or_else(invalid_grant)?;
        self.google_token(token.reveal(), grant.nonce).await
    }

    /// Verifies an ID token (`OpenID` Connect Core §3.1.3.7, RFC 8725).
    pub(super) async fn google_token(&self, token: &str, nonce: Option<&str>) -> Result<Identity> {
        let header = decode_header(token).map_err(|_| invalid_grant())?;
        // Before a key is looked for: with HS256 it would be taken for a secret, which it is not.
        if header.alg != Algorithm::RS256 {
            return Err(invalid_grant());
        }
        let kid = header.kid.ok_or_else(invalid_grant)?;
        let key = self.google_key(&kid).await?;

        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = SKEW;
        validation.set_issuer(&ISSUERS);
        validation.set_audience(&[self.id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(token, &key, &validation);
        let claims = claims.map_err(|_| invalid_grant())?.claims;
        let age = clock::unix_seconds() - claims.iat;
        let timely = (-SKEW.cast_signed()..=OLDEST).contains(&age);
        let asked_for = nonce.is_none() || claims.nonce.as_deref() == nonce;
        if claims.aud != self.id || !timely || !asked_for {
            return Err(invalid_grant());
        }
        Ok(Identity {
            provider: Provider::Google,
            subject: subject(claims.sub)?,
            email: email(claims.email),
            email_verified: claims.email_verified,
            first_name: name(claims.given_name),
            last_name: name(claims.family_name),
        })
    }

    async fn google_key(&self, kid: &str) -> Result<DecodingKey> {
        let kept = self
            .keys
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(Kept { asked, keys }) = kept {
            let found = find(&keys, kid);
            let enough = if found.is_some() { FRESH } else { PAUSE };
            if asked.elapsed() < enough {
                return found.ok_or_else(invalid_grant);
            }
        }
        let request = self.http.client()?.get(&self.urls.google_keys);
        let reply = self.http.send("google", request, true).await?;
        if !reply.status.is_success() {
            return Err(reply.unexpected());
        }
        let JwkSet { mut keys } = reply.json()?;
        keys.retain(|key| key.kty == "RSA");
        keys.truncate(MOST);
        let found = find(&keys, kid);
        *self.keys.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept {
            asked: Instant::now(),
            keys: keys.into(),
        });
        found.ok_or_else(invalid_grant)
    }
}

fn find(keys: &[Jwk], kid: &str) -> Option<DecodingKey> {
    let key = keys.iter().find(|key| key.kid == kid)?;
    DecodingKey::from_rsa_components(&key.n, &key.e).ok()
}
