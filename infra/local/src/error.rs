//! Why the platform does not start.

use std::path::PathBuf;
use std::{fmt, io};

/// One line for the person who started the platform; `Display` says what to do where it can.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error("port {0} is already in use; stop what listens there or choose another port")]
    PortInUse(u16),
    /// The port cannot be had for another reason, for example a privileged one.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port asked for; 0 for any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The data folder cannot be created or written.
    #[error("cannot write to the data folder {}: {source}", path.display())]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Two platforms on one folder would deliver every event twice.
    #[error("the data folder {} is in use by another running platform", .0.display())]
    FolderInUse(PathBuf),
    /// The template cannot be read, or asks for something that is not there.
    #[error("{}: {reason}", path.display())]
    Template {
        /// The template's file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// An embedded service does not come up.
    #[error("the embedded {service} does not start: {reason}")]
    Service {
        /// `DynamoDB`, `S3` or `SQS`.
        service: &'static str,
        /// What it said.
        reason: String,
    },
}

impl StartError {
    /// An embedded service's own error.
    pub(crate) fn service(service: &'static str, reason: impl fmt::Display) -> Self {
        Self::Service {
            service,
            reason: reason.to_string(),
        }
    }
}
