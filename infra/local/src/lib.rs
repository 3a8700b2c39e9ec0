//! The local platform: the HTTP API, its functions and the AWS services that they use, in one
//! process on loopback, with nothing to install.
//!
//! * [`Template`] reads `template.yaml`; routes, event sources, table, bucket and queues come from
//!   there and from nowhere else.
//! * [`EmbeddedAws`] answers the real wire protocols of DynamoDB, S3, SQS, SES and Secrets Manager.
//! * [`Platform`] puts the gateway, the event sources and the outbox page in front of them. A
//!   request becomes the JSON event that API Gateway sends and goes through `lambda_http`, as in
//!   production.
//!
//! Any number of platforms can run in one process: each chooses its own ports, and without a data
//! folder its own temporary one.

mod aws;
mod data_dir;
pub mod demo_events;
mod error;
mod event;
pub mod forward;
pub mod functions;
mod gateway;
mod head_errors;
mod invoke;
mod local_pages;
mod net;
pub mod openapi;
mod options;
mod outbox;
mod outbox_page;
mod platform;
mod registry;
mod routes;
mod sources;
mod template;

pub use aws::{EmbeddedAws, Endpoints};
pub use error::StartError;
pub use options::Options;
pub use outbox::{Mail, Outbox};
pub use platform::Platform;
pub use registry::{BoxFuture, EventFn, Function, Functions};
pub use template::Template;
