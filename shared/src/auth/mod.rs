//! Identity: the key ring, access tokens, guest ids, passwords, refresh sessions.

mod code;
mod device;
mod keyring;
mod password;
mod revoke;
mod seal;
mod session;
mod token;

pub use code::{Code, CodeKind, CodeOwner, Link};
pub use device::{Caller, Device};
pub use keyring::{KeyRing, KeyRingError, Purpose};
pub use password::{Password, hash_password, needs_rehash, verify_password};
pub use revoke::revoke_all;
pub use seal::OpenError;
pub use session::{ACCESS_TOKEN_SECONDS, NewSession, Session, SessionTokens, refresh, sign_out};
pub use token::{Claims, Kind, Principal, Role, Staff};
