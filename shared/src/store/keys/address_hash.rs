//! E-mail addresses in keys.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ids::encode;

/// An e-mail address as keys name it: 160 bits of SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressHash([u8; Self::BYTES]);

impl AddressHash {
    /// Its length.
    pub const BYTES: usize = 20;

    /// The hash of a normalised address.
    pub fn of(email: &str) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes.copy_from_slice(&Sha256::digest(email.as_bytes())[..Self::BYTES]);
        Self(bytes)
    }
}

impl From<[u8; Self::BYTES]> for AddressHash {
    fn from(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for AddressHash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for AddressHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}
