//! Why a command failed, in one line for whoever typed it.

use std::path::PathBuf;

use portico_shared::auth::KeyRingError;
use portico_shared::error::{self, Refusal};
use portico_shared::store::StoreError;

use crate::catalogue::Problems;

/// A command that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for what cannot be done.
    #[error("{0}")]
    Usage(String),
    /// It was refused, and nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// A file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file to be imported is wrong; every line names a place in it.
    #[error("{0}")]
    Catalogue(Problems),
    /// There is no key ring.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// A rule refused, or the table failed.
    #[error("{}", told(.0))]
    Portico(#[from] error::Error),
}

impl Error {
    /// 2 for a wrong command line, as clap has it, else 1.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }
}

fn told(error: &error::Error) -> String {
    match error {
        error::Error::Refused(Refusal {
            message, details, ..
        }) if details.is_empty() => message.clone(),
        error::Error::Refused(Refusal {
            message, details, ..
        }) => {
            let details: Vec<_> = details
                .iter()
                .map(|d| format!("{}: {}", d.field, d.message))
                .collect();
            format!("{message}: {}", details.join("; "))
        }
        error::Error::Store(StoreError::Unavailable(code))
            if code == "ResourceNotFoundException" =>
        {
            "there is no such table here: see --table and AWS_REGION".to_owned()
        }
        other => other.to_string(),
    }
}
