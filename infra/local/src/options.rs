//! What a start can choose.

use std::path::PathBuf;

/// Where the platform listens and keeps its data.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of the HTTP API on 127.0.0.1; `None` takes any free one.
    pub port: Option<u16>,
    /// First of six consecutive ports on 127.0.0.1 for DynamoDB, S3, SQS, SES, Secrets Manager
    /// and SNS, in this order; `None` takes any free ones.
    pub aws_port: Option<u16>,
    /// Folder that outlives the process; `None` takes a temporary one, removed at the end.
    pub data_dir: Option<PathBuf>,
    /// The SAM template.
    pub template: PathBuf,
}

impl Options {
    /// Free ports and a temporary folder: what a test wants.
    pub fn temporary(template: impl Into<PathBuf>) -> Self {
        Self {
            port: None,
            aws_port: None,
            data_dir: None,
            template: template.into(),
        }
    }
}
