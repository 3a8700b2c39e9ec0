//! What two or more of Portico's functions need, and nothing else.
//!
//! The crate is built in floors; a module uses only the floors below its own:
//!
//! | floor | modules |
//! |---|---|
//! | [`http`] | extractors, problem+json, pages, idempotency, OpenAPI, serving |
//! | [`domain`] | entities and rules that two or more URL trees share |
//! | [`auth`] | key ring, tokens, passwords, refresh sessions |
//! | [`vendors`] | other companies' services |
//! | [`store`], [`queue`], [`files`] | the `DynamoDB` table, the SQS queue, the bucket in S3 |
//! | [`error`], [`aws`], [`ids`], [`money`], [`clock`], [`deadline`], `outbound`, [`patch`], [`secret`], [`text`] | the ground |
//!
//! No AWS SDK type leaves the adapters `store`, `queue` and `files`: a handler never sees an attribute value.

pub mod auth;
pub mod aws;
pub mod clock;
pub mod deadline;
pub mod domain;
pub mod error;
pub mod files;
pub mod http;
pub mod ids;
pub mod money;
mod outbound;
pub mod patch;
pub mod queue;
pub mod secret;
pub mod store;
pub mod text;
pub mod vendors;
