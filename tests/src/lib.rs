//! The harness: the whole platform in this process, asked over HTTP.

mod address;
mod answer;
mod faults;
pub mod iam;
mod peer;
pub mod provider;
pub mod replay;
mod unchanged;
pub mod vendors;
mod world;

pub use address::refused;
pub use answer::{Answer, Ask};
pub use faults::{Call, Fault, Faults, Injection, When, unix_millis};
pub use peer::Peer;
pub use unchanged::assert_unchanged;
pub use world::{Account, World, checkout_body, eventually};

/// The repository's root.
pub fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
