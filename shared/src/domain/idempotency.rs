//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request sent twice is done
//! once.
//!
//! There is no table of past requests. What an operation creates gets an id that is derived from the key
//! ([`crate::auth::KeyRing::idempotent_seed`]) and is written on the condition that it is not there yet:
//! the created item is itself the record, and keeps the fingerprint of the request that made it. Where the id must
//! carry time, [`Once`] is a record beside it.

use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock;
use crate::error::{Code, Error, Refusal, Result};
use crate::store::{Condition, CustomerScope, Entity, Found, Item, Partition, Store, Write};

/// A client's key for one request: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What tells the request from another that uses the same key.
    pub fn fingerprint(&self, request: &impl Serialize) -> Result<String> {
        let json =
            serde_json::to_vec(request).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(BASE64URL_NOPAD.encode(&Sha256::digest(json)[..16]))
    }
}

impl FromStr for IdempotencyKey {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            let message = "the Idempotency-Key must be 1 to 255 visible ASCII characters";
            Err(Refusal::because(Code::InvalidHeader, message))
        }
    }
}

/// A request of a customer's that may be sent again: it is done once within a week.
#[derive(Debug, Clone)]
pub struct Once {
    key: IdempotencyKey,
    fingerprint: String,
}

/// What such a request made, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Done {
    made: String,
    fingerprint: String,
}

/// The type of the items that remember requests.
pub const ONCE: &str = "Once";

impl Entity for Done {
    const TYPE: &'static str = ONCE;
}

/// How long a key is remembered: as long as anybody might try again.
const REMEMBERED_SECONDS: i64 = 7 * 24 * 60 * 60;

impl Once {
    /// A request with its key.
    pub fn new(key: IdempotencyKey, request: &impl Serialize) -> Result<Self> {
        let fingerprint = key.fingerprint(request)?;
        Ok(Self { key, fingerprint })
    }

    /// The write that lets the transaction happen only once, and remembers what it made.
    pub(crate) fn write(&self, scope: &CustomerScope, operation: &str, made: &str) -> Write {
        let done = Done {
            made: made.to_owned(),
            fingerprint: self.fingerprint.clone(),
        };
        Write::put(scope.key(&Item::Once(operation, self.key.as_str())), &done)
            .expiring(clock::unix_seconds() + REMEMBERED_SECONDS)
            .when(Condition::Absent)
    }

    /// What the same request made before, if it was done. One round trip.
    ///
    /// # Errors
    ///
    /// `idempotency_key_reused` when it was another request.
    pub(crate) async fn look(
        &self,
        store: &Store,
        scope: &CustomerScope,
        operation: &str,
    ) -> Result<Option<String>> {
        let key = scope.key(&Item::Once(operation, self.key.as_str()));
        let done = store.get_consistent::<Done>(&key).await?;
        done.map(|done| self.checked(done.entity)).transpose()
    }

    fn checked(&self, done: Done) -> Result<String> {
        if done.fingerprint == self.fingerprint {
            Ok(done.made)
        } else {
            Err(Code::IdempotencyKeyReused.into())
        }
    }

    /// What the same request made before, where its write met that.
    ///
    /// # Errors
    ///
    /// `idempotency_key_reused` when it was another request.
    pub(crate) fn made(&self, found: Found) -> Result<String> {
        let done = found.read::<Done>()?.ok_or(Code::Conflict)?;
        self.checked(done.entity)
    }
}
