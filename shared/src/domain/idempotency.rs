//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request sent twice is done
//! once.
//!
//! There is no table of past requests. What an operation creates gets an id that is derived from the key
//! ([`crate::auth::KeyRing::idempotent_seed`]) and is written on the condition that it is not there yet:
//! the created item is itself the record, and keeps the fingerprint of the request that made it.

use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Code, Error, Refusal, Result};

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
