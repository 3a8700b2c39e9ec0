//! What a function's handlers share.

use std::env;
use std::ops::Deref;
use std::sync::Arc;

use super::Edge;
use crate::auth::KeyRing;
use crate::aws::Aws;
use crate::domain::benefit::Programs;
use crate::domain::catalogue::Catalogues;
use crate::domain::integration::Integrations;
use crate::domain::org::OrgConfigs;
use crate::domain::reservation::Definitions;
use crate::error::{Error, Result};
use crate::files::Files;
use crate::store::Store;
use crate::vendors::Vendors;

/// The state of a function: its store, its keys and what it keeps warm. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of [`App`].
pub struct Parts {
    /// The table.
    pub store: Store,
    /// The bucket of customers' files.
    pub files: Files,
    /// The keys.
    pub ring: KeyRing,
    /// Org settings, kept warm.
    pub orgs: OrgConfigs,
    /// The orgs' accounts with other companies, kept warm.
    pub integrations: Integrations,
    /// Catalogues, kept warm.
    pub catalogues: Catalogues,
    /// Benefit programmes, kept warm.
    pub programs: Programs,
    /// What can be booked, kept warm.
    pub definitions: Definitions,
    /// Other companies' services.
    pub vendors: Vendors,
    /// What requests must have come through.
    pub edge: Edge,
    /// Whether answers carry what they cost, in `Server-Timing`.
    pub server_timing: bool,
}

impl App {
    /// A state with empty caches, and nothing in front of the API.
    pub fn new(store: Store, files: Files, ring: KeyRing, server_timing: bool) -> Self {
        Self::behind(Edge::default(), store, files, ring, server_timing)
    }

    /// A state with empty caches, behind an edge.
    pub fn behind(
        edge: Edge,
        store: Store,
        files: Files,
        ring: KeyRing,
        server_timing: bool,
    ) -> Self {
        let (orgs, catalogues) = (OrgConfigs::default(), Catalogues::default());
        Self(Arc::new(Parts {
            store,
            files,
            ring,
            orgs,
            integrations: Integrations::default(),
            vendors: Vendors::default(),
            catalogues,
            programs: Programs::default(),
            definitions: Definitions::default(),
            edge,
            server_timing,
        }))
    }

    /// The same with vendors that answer elsewhere: for tests.
    ///
    /// # Panics
    ///
    /// When it is shared already.
    #[must_use]
    pub fn with_vendors(self, vendors: Vendors) -> Self {
        let parts = Arc::into_inner(self.0).expect("a state that nobody else has yet");
        Self(Arc::new(Parts { vendors, ..parts }))
    }

    /// From the environment that `template.yaml` sets: `PORTICO_TABLE`, `PORTICO_KEYRING_SECRET`,
    /// `PORTICO_FILES_BUCKET` where files are kept,
    /// `PORTICO_ORIGIN_SECRET` behind an edge, and `PORTICO_SERVER_TIMING` to be told costs.
    ///
    /// What the first request would wait for is had here, where Lambda gives a whole processor: the secrets,
    /// and a connection to the table.
    ///
    /// # Errors
    ///
    /// When the environment is not complete, or Secrets Manager does not give a secret.
    pub async fn from_env() -> Result<Self> {
        let aws = Aws::from_env()?;
        let store = Store::from_env(&aws);
        let (ring, edge, ()) = tokio::join!(
            KeyRing::from_secrets_manager(&aws),
            Edge::from_secrets_manager(&aws),
            store.connect()
        );
        let ring = ring.map_err(|error| Error::Internal(error.to_string()))?;
        let edge = edge.map_err(|error| Error::Internal(error.to_string()))?;
        let server_timing = env::var_os("PORTICO_SERVER_TIMING").is_some();
        let files = Files::from_env(&aws);
        Ok(Self::behind(edge, store, files, ring, server_timing))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
