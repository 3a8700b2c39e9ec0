//! Identity: the key ring, access tokens, guest ids, passwords, refresh sessions.

mod code;
mod device;
mod keyring;
mod limit;
mod password;
mod revoke;
mod seal;
mod session;
mod sessions;
mod token;
mod totp;

pub use code::{Code, CodeKind, CodeOwner, Link};
pub use device::{Caller, Device};
pub use keyring::{KeyRing, KeyRingError, Purpose};
pub use limit::{Limit, Try};
pub use password::{Cost, Password, at_cost, hash_password, needs_rehash, verify_password};
pub use revoke::revoke_all;
pub use seal::OpenError;
pub use session::{ACCESS_TOKEN_SECONDS, NewSession, Session, SessionTokens, refresh, sign_out};
pub use sessions::{OpenSession, end_other_sessions, end_session, open_sessions};
pub use token::{Claims, Kind, Principal, Role, Staff};
pub use totp::Totp;
