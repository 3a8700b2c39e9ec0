//! Secrets at rest: what the table holds of them can be read with the key ring only, and only where it
//! was put.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use data_encoding::BASE64URL_NOPAD;

use super::{KeyRing, Purpose};
use crate::error::Error;
use crate::ids::OrgId;

/// Why something sealed does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Its key was taken out of the ring.
    #[error("it was sealed under a key that is no longer in the key ring")]
    UnknownKey,
    /// It is not what was sealed, or is another org's, another purpose's, another thing's.
    #[error("it was altered, or belongs elsewhere")]
    Altered,
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        Self::Internal(format!("something sealed does not open: {error}"))
    }
}

impl KeyRing {
    /// Seals a secret (AES-256-GCM, NIST SP 800-38D) under the current key, for one org and purpose. `what`
    /// names the thing that it belongs to, such as an integration or a customer: sealed text that is moved
    /// to another one does not open there.
    ///
    /// The result is text: the key's id, a dot, and in base64url the nonce (96 random bits), the encrypted
    /// secret and the tag. At most 2^32 secrets may be sealed under one key; a key is one org's for one
    /// purpose, and no org comes near.
    pub fn seal(&self, org: &OrgId, purpose: Purpose, what: &str, secret: &[u8]) -> String {
        let kid = self.current();
        let key = self
            .cipher(kid, org, purpose)
            .expect("the current key is in the ring");
        let mut bytes = secret.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(context(org, purpose, what)), &mut bytes)
            .expect("the operating system's random generator works");
        let sealed = [&nonce.as_ref()[..], &bytes].concat();
        format!("{kid}.{}", BASE64URL_NOPAD.encode(&sealed))
    }

    /// What [`KeyRing::seal`] sealed, under any key of the ring.
    ///
    /// # Errors
    ///
    /// An [`OpenError`].
    pub fn open(
        &self,
        org: &OrgId,
        purpose: Purpose,
        what: &str,
        sealed: &str,
    ) -> Result<Vec<u8>, OpenError> {
        let (kid, body) = sealed.rsplit_once('.').ok_or(OpenError::Altered)?;
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes());
        let bytes = bytes.map_err(|_| OpenError::Altered)?;
        let (nonce, secret) = bytes
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(OpenError::Altered)?;
        let key = self.cipher(kid, org, purpose);
        let key = key.ok_or(OpenError::UnknownKey)?;
        let mut secret = secret.to_vec();
        let opened = key.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context(org, purpose, what)),
            &mut secret,
        );
        let length = opened.map_err(|_| OpenError::Altered)?.len();
        secret.truncate(length);
        Ok(secret)
    }

    /// Whether something was sealed under the current key.
    pub fn is_current(&self, sealed: &str) -> bool {
        let kid = sealed.rsplit_once('.').map(|(kid, _)| kid);
        kid == Some(self.current())
    }

    fn cipher(&self, kid: &str, org: &OrgId, purpose: Purpose) -> Option<RandomizedNonceKey> {
        let key = self.derive(kid, org, purpose)?;
        Some(RandomizedNonceKey::new(&AES_256_GCM, &key).expect("the key has 32 bytes"))
    }
}

/// What the tag vouches for beside the secret. None of the parts but the last can hold a slash.
fn context(org: &OrgId, purpose: Purpose, what: &str) -> String {
    format!("portico/1/{}/{org}/{what}", purpose.label())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#;
    const BOTH: &str = r#"{"current":"k.2","k1":"0123456789abcdef0123456789abcdef","k.2":"fedcba9876543210fedcba9876543210"}"#;

    fn ring(json: &str) -> KeyRing {
        KeyRing::parse(json).unwrap()
    }

    fn org(id: &str) -> OrgId {
        id.parse().unwrap()
    }

    #[test]
    fn what_was_sealed_opens_only_for_its_org_its_purpose_and_its_thing() {
        let (ring, purpose) = (ring(FIRST), Purpose::Integration);
        let sealed = ring.seal(&org("acme"), purpose, "stripe", b"sk_test_1");
        let open = |id, purpose, what| ring.open(&org(id), purpose, what, &sealed);
        assert_eq!(open("acme", purpose, "stripe"), Ok(b"sk_test_1".to_vec()));
        assert_eq!(open("globex", purpose, "stripe"), Err(OpenError::Altered));
        assert_eq!(open("acme", purpose, "paypal"), Err(OpenError::Altered));
        assert_eq!(
            open("acme", Purpose::Cursor, "stripe"),
            Err(OpenError::Altered)
        );
        // The key differs by org and purpose; the tag vouches for the thing.
        let again = ring.seal(&org("acme"), purpose, "stripe", b"sk_test_1");
        assert_ne!(sealed, again, "the nonce is new each time");
        assert!(!sealed.contains("sk_test"));
    }

    #[test]
    fn no_byte_of_it_can_be_altered() {
        let (ring, acme) = (ring(FIRST), org("acme"));
        let sealed = ring.seal(&acme, Purpose::Integration, "stripe", b"secret");
        let (kid, body) = sealed.rsplit_once('.').unwrap();
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).unwrap();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let altered = format!("{kid}.{}", BASE64URL_NOPAD.encode(&altered));
            let opened = ring.open(&acme, Purpose::Integration, "stripe", &altered);
            assert_eq!(opened, Err(OpenError::Altered), "byte {at}");
        }
        for wrong in ["", "k1", "k1.", "k1.AAAA", "k1.!", "."] {
            let opened = ring.open(&acme, Purpose::Integration, "stripe", wrong);
            assert_eq!(opened, Err(OpenError::Altered), "{wrong}");
        }
    }

    #[test]
    fn a_rotated_ring_opens_what_the_old_key_sealed_until_that_is_taken_out() {
        let (before, after, acme) = (ring(FIRST), ring(BOTH), org("acme"));
        let old = before.seal(&acme, Purpose::Integration, "stripe", b"secret");
        let open =
            |ring: &KeyRing, sealed: &str| ring.open(&acme, Purpose::Integration, "stripe", sealed);
        assert_eq!(open(&after, &old), Ok(b"secret".to_vec()));
        assert!(before.is_current(&old) && !after.is_current(&old));
        let new = after.seal(&acme, Purpose::Integration, "stripe", b"secret");
        assert!(after.is_current(&new));
        assert_eq!(open(&after, &new), Ok(b"secret".to_vec()));
        assert_eq!(open(&before, &new), Err(OpenError::UnknownKey));
    }
}
