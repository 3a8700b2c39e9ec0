//! Identity: the key ring, access tokens, guest ids, passwords, refresh sessions.

mod keyring;
mod password;
mod seal;
mod session;
mod token;

pub use keyring::{KeyRing, KeyRingError, Purpose};
pub use password::{Password, hash_password, needs_rehash, verify_password};
pub use seal::OpenError;
pub use session::{ACCESS_TOKEN_SECONDS, NewSession, Session, SessionTokens, refresh, sign_out};
pub use token::{Claims, Kind, Principal, Role, Staff};
