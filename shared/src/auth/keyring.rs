//! The key ring: one secret per deployment, one key per org and purpose.

use std::collections::BTreeMap;
use std::env;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::aws::Aws;
use crate::ids::{OrgId, decode, encode, random16};
use crate::store::{Cursors, GuestScope};

/// What a derived key is for. Two purposes never share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing access tokens.
    AccessToken,
    /// Deriving refresh tokens.
    RefreshToken,
    /// Marking guest ids as issued by the server.
    Guest,
    /// Signing list cursors.
    Cursor,
    /// Deriving what must be the same for the same `Idempotency-Key`.
    Idempotency,
    /// Sealing an org's keys of other companies' services.
    Integration,
    /// Deriving one-time codes and links.
    OneTime,
    /// Sealing what a sign-in with another company carries there and back.
    OAuthState,
    /// Sealing the code that such a sign-in ends with.
    OAuthCode,
    /// Sealing what authenticator apps share with the server.
    SecondFactor,
    /// Marking challenges for a second factor as issued by the server.
    Challenge,
}

impl Purpose {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::AccessToken => "access-token",
            Self::RefreshToken => "refresh-token",
            Self::Guest => "guest",
            Self::Cursor => "cursor",
            Self::Idempotency => "idempotency",
            Self::Integration => "integration",
            Self::OneTime => "one-time",
            Self::OAuthState => "oauth-state",
            Self::OAuthCode => "oauth-code",
            Self::SecondFactor => "second-factor",
            Self::Challenge => "challenge",
        }
    }
}

/// Why there is no key ring.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The secret is not the JSON it should be.
    #[error(
        "the key ring is not a JSON object of texts with a \"current\" key of at least 32 characters"
    )]
    Malformed,
    /// Secrets Manager did not give the secret.
    #[error("the key ring could not be read from Secrets Manager: {0}")]
    Unavailable(String),
}

/// The secrets that all of a deployment's keys are derived from, by key id.
///
/// Its JSON form, the value of the secret, is `{"current": "k2", "k1": "…", "k2": "…"}`: new tokens
/// are signed under `current`, and what was signed under any other key that is still listed is still
/// good. To rotate, add a key, make it current, and take the old one out when its last token expired.
#[derive(Clone)]
pub struct KeyRing {
    current: String,
    keys: BTreeMap<String, String>,
}

impl KeyRing {
    /// Reads the JSON form.
    pub fn parse(json: &str) -> Result<Self, KeyRingError> {
        let mut keys: BTreeMap<String, String> =
            serde_json::from_str(json).map_err(|_| KeyRingError::Malformed)?;
        let current = keys.remove("current").ok_or(KeyRingError::Malformed)?;
        if keys.get(&current).is_none_or(|key| key.len() < 32)
            || keys.values().any(|key| key.len() < 32)
        {
            return Err(KeyRingError::Malformed);
        }
        Ok(Self { current, keys })
    }

    /// Reads the secret named by `PORTICO_KEYRING_SECRET` (`portico/keyring` if unset).
    pub async fn from_secrets_manager(aws: &Aws) -> Result<Self, KeyRingError> {
        let id =
            env::var("PORTICO_KEYRING_SECRET").unwrap_or_else(|_| "portico/keyring".to_owned());
        let secret = aws.secret(&id).await.map_err(KeyRingError::Unavailable)?;
        Self::parse(&secret)
    }

    /// The id of the key that signs today.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// All key ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The key of one org for one purpose under one key id (HKDF-SHA-256, RFC 5869). One org's key
    /// tells nothing about another's.
    pub fn derive(&self, kid: &str, org: &OrgId, purpose: Purpose) -> Option<[u8; 32]> {
        let secret = self.keys.get(kid)?;
        let mut key = [0; 32];
        let info = format!("portico/1/{}/{org}", purpose.label());
        Hkdf::<Sha256>::new(None, secret.as_bytes())
            .expand(info.as_bytes(), &mut key)
            .expect("32 bytes are within what HKDF-SHA-256 can give");
        Some(key)
    }

    fn derive_current(&self, org: &OrgId, purpose: Purpose) -> [u8; 32] {
        self.derive(&self.current, org, purpose)
            .expect("parse() saw that the current key is there")
    }

    /// 32 bytes (HMAC-SHA-256) that depend on the message and on a key of the org's own.
    pub fn tag(
        &self,
        kid: &str,
        org: &OrgId,
        purpose: Purpose,
        message: &[u8],
    ) -> Option<[u8; 32]> {
        let key = self.derive(kid, org, purpose)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(message);
        Some(mac.finalize().into_bytes().into())
    }

    /// The org's cursors.
    pub fn cursors(&self, org: &OrgId) -> Cursors {
        Cursors::new(self.derive_current(org, Purpose::Cursor))
    }

    /// What is always the same for the same `Idempotency-Key` of the same author and operation, and
    /// tells nothing of the key: the seed of ids that make a repeated request meet what it made before.
    ///
    /// It depends on the first key of the ring by name, so that adding a key that sorts behind it (`k1`,
    /// `k2` …) does not change it.
    pub fn idempotent_seed(
        &self,
        org: &OrgId,
        operation: &str,
        author: &str,
        key: &str,
    ) -> [u8; 32] {
        let first = self
            .keys
            .keys()
            .next()
            .expect("parse() saw at least one key");
        let message = format!("{operation}\n{author}\n{key}");
        let tag = self.tag(first, org, Purpose::Idempotency, message.as_bytes());
        tag.expect("the first key is a key of the ring")
    }

    /// A new guest: 128 random bits, marked so that a made-up id is told from an issued one.
    pub fn issue_guest(&self, org: &OrgId) -> GuestScope {
        let random = random16();
        let mark = self
            .tag(&self.current, org, Purpose::Guest, &random)
            .expect("the current key is there");
        let id = format!("gst_{}", encode(&[&random[..], &mark[..9]].concat()));
        GuestScope::proved(org.clone(), id)
    }

    /// The guest behind an id, if this deployment issued it for this org. Knowing such an id is what
    /// makes one that guest: it is a capability, and as unguessable as a session cookie.
    pub fn guest(&self, org: &OrgId, id: &str) -> Option<GuestScope> {
        let bytes = decode(id.strip_prefix("gst_")?, &data_encoding::BASE32HEX_NOPAD)?;
        let (random, mark) = bytes.split_at_checked(16)?;
        let marked_by = |kid| {
            let expected = self.tag(kid, org, Purpose::Guest, random);
            expected
                .is_some_and(|expected| mark.len() == 9 && bool::from(expected[..9].ct_eq(mark)))
        };
        self.ids()
            .any(marked_by)
            .then(|| GuestScope::proved(org.clone(), id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::parse(r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#).unwrap()
    }

    fn org(id: &str) -> OrgId {
        id.parse().unwrap()
    }

    #[test]
    fn a_ring_without_a_usable_current_key_is_refused() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"current":"k1"}"#,
            r#"{"current":"k1","k1":"short"}"#,
            r#"{"current":"k2","k1":"0123456789abcdef0123456789abcdef"}"#,
        ] {
            assert!(KeyRing::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_two_orgs_or_purposes_share_a_key() {
        let ring = ring();
        let key = |o: &str, p| ring.derive("k1", &org(o), p);
        assert_ne!(
            key("acme", Purpose::AccessToken),
            key("globex", Purpose::AccessToken)
        );
        assert_ne!(
            key("acme", Purpose::AccessToken),
            key("acme", Purpose::RefreshToken)
        );
        assert_eq!(ring.derive("k9", &org("acme"), Purpose::Cursor), None);
    }

    #[test]
    fn a_guest_id_is_good_only_in_the_org_that_issued_it_and_only_unaltered() {
        let ring = ring();
        let guest = ring.issue_guest(&org("acme"));
        assert_eq!(ring.guest(&org("acme"), guest.guest()), Some(guest.clone()));
        assert_eq!(ring.guest(&org("globex"), guest.guest()), None);
        assert_eq!(
            ring.guest(&org("acme"), "gst_0000000000000000000000000000000000000000"),
            None
        );
        assert_eq!(
            ring.guest(&org("acme"), &guest.guest().replace("gst_", "")),
            None
        );
        let rotated = KeyRing::parse(
            r#"{"current":"k2","k1":"0123456789abcdef0123456789abcdef","k2":"fedcba9876543210fedcba9876543210"}"#,
        );
        assert_eq!(
            rotated.unwrap().guest(&org("acme"), guest.guest()),
            Some(guest)
        );
    }

    #[test]
    fn a_seed_belongs_to_one_key_of_one_author_in_one_operation_of_one_org() {
        let ring = ring();
        let seed =
            |o: &str, operation, author, key| ring.idempotent_seed(&org(o), operation, author, key);
        let first = seed("acme", "order", "cus_1", "key");
        assert_eq!(first, seed("acme", "order", "cus_1", "key"));
        assert_ne!(first, seed("globex", "order", "cus_1", "key"));
        assert_ne!(first, seed("acme", "refund", "cus_1", "key"));
        assert_ne!(first, seed("acme", "order", "cus_2", "key"));
        assert_ne!(first, seed("acme", "order", "cus_1", "other"));
    }
}
