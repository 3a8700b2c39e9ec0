//! Devices that their owner trusts: they show a token at sign-in, and no second factor is asked for.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::SecondFactor;
use crate::auth::Device;
use crate::clock;
use crate::error::Result;
use crate::ids::TrustedDeviceId;
use crate::store::{CustomerScope, Entity, Item, Partition, Store, Write};

/// How long a device is trusted: 30 days.
const TRUSTED_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A trusted device, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustedDevice {
    /// SHA-256 of the token's secret.
    hash: String,
    device: Device,
    /// The second factor that it stands for: since when that is on. One that is set up anew is asked for
    /// everywhere.
    factor: Timestamp,
    expires_at: i64,
    created_at: Timestamp,
}

impl Entity for TrustedDevice {
    const TYPE: &'static str = "TrustedDevice";
}

impl TrustedDevice {
    /// The token of a device that is trusted from now on, and the write that makes it so. The token is
    /// `<customer>.<device>.<256 random bits>`.
    pub(super) fn trust(
        scope: &CustomerScope,
        factor: &SecondFactor,
        device: &Device,
    ) -> (String, Write) {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system's random generator works");
        let secret = BASE64URL_NOPAD.encode(&secret);
        let id = TrustedDeviceId::generate();
        let trusted = Self {
            hash: hash(&secret),
            device: device.clone(),
            factor: factor.since,
            expires_at: clock::unix_seconds() + TRUSTED_SECONDS,
            created_at: clock::now(),
        };
        let write = Write::put(scope.key(&Item::TrustedDevice(&id)), &trusted);
        let token = format!("{}.{id}.{secret}", scope.customer());
        (token, write.expiring(trusted.expires_at))
    }

    /// The device of a token, if it is one of this customer's. A call, unless it cannot be one.
    pub async fn find(store: &Store, scope: &CustomerScope, token: &str) -> Result<Option<Self>> {
        let mut parts = token.split('.');
        let (Some(customer), Some(id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let Ok(id) = id.parse() else { return Ok(None) };
        if customer != scope.customer().as_str() {
            return Ok(None);
        }
        let device = store
            .get::<Self>(&scope.key(&Item::TrustedDevice(&id)))
            .await?;
        let hash = hash(secret);
        let known = |device: &Self| bool::from(device.hash.as_bytes().ct_eq(hash.as_bytes()));
        Ok(device.map(|stored| stored.entity).filter(known))
    }

    /// Whether it still stands for this second factor.
    pub fn is_trusted_for(&self, factor: &SecondFactor) -> bool {
        self.factor == factor.since && self.expires_at >= clock::unix_seconds()
    }
}

fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}
