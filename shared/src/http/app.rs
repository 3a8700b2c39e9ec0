//! What a function's handlers share.

use std::env;
use std::ops::Deref;
use std::sync::Arc;

use crate::auth::{KeyRing, KeyRingError};
use crate::aws::Aws;
use crate::domain::catalogue::Catalogues;
use crate::domain::org::OrgConfigs;
use crate::store::Store;

/// The state of a function: its store, its keys and what it keeps warm. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of [`App`].
pub struct Parts {
    /// The table.
    pub store: Store,
    /// The keys.
    pub ring: KeyRing,
    /// Org settings, kept warm.
    pub orgs: OrgConfigs,
    /// Catalogues, kept warm.
    pub catalogues: Catalogues,
    /// Whether answers carry what they cost, in `Server-Timing`.
    pub server_timing: bool,
}

impl App {
    /// A state with empty caches.
    pub fn new(store: Store, ring: KeyRing, server_timing: bool) -> Self {
        let (orgs, catalogues) = (OrgConfigs::default(), Catalogues::default());
        Self(Arc::new(Parts {
            store,
            ring,
            orgs,
            catalogues,
            server_timing,
        }))
    }

    /// From the environment that `template.yaml` sets: `PORTICO_TABLE`, `PORTICO_KEYRING_SECRET`, and
    /// `PORTICO_SERVER_TIMING` to be told costs.
    pub async fn from_env() -> Result<Self, KeyRingError> {
        let aws = Aws::from_env();
        let ring = KeyRing::from_secrets_manager(&aws).await?;
        Ok(Self::new(
            Store::from_env(&aws),
            ring,
            env::var_os("PORTICO_SERVER_TIMING").is_some(),
        ))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
