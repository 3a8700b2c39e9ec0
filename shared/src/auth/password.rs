//! Passwords: Argon2id (RFC 9106) at OWASP's parameters.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};

/// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, 2 iterations, 1 lane.
fn argon2() -> Argon2<'static> {
    let params =
        Params::new(19 * 1024, 2, 1, None).expect("OWASP's parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Verified against when there is no account, so that an unknown address costs what a wrong password
/// costs. The hash of a random password nobody knows, with today's parameters.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cG9ydGljby1ub2JvZHkhIQ$9bJyJ0m5y9OEdTz5TQ0rB0nYf6gMBqM3X1vGzj4JXyE";

/// A password on its way in. It never shows itself.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
pub struct Password(String);

impl Password {
    /// For command lines and demo data.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password as text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A PHC string that [`verify_password`] understands. Takes about 15 ms of one core.
pub async fn hash_password(password: Password) -> Result<String> {
    blocking(move || {
        let hash = argon2().hash_password(password.0.as_bytes());
        hash.map(|hash| hash.to_string())
            .map_err(|error| Error::Internal(format!("argon2: {error}")))
    })
    .await?
}

/// Whether the password is the one behind `hash`. Without a hash the same work is done, in vain.
pub async fn verify_password(password: Password, hash: Option<String>) -> Result<bool> {
    blocking(move || {
        let known = hash.is_some();
        let text = hash.unwrap_or_else(|| NOBODY.to_owned());
        let parsed = PasswordHash::new(&text)
            .map_err(|error| Error::Internal(format!("argon2: {error}")))?;
        Ok(argon2()
            .verify_password(password.0.as_bytes(), &parsed)
            .is_ok()
            && known)
    })
    .await?
}

/// Whether `hash` was made with other parameters than today's and should be made anew at the next
/// sign-in.
pub fn needs_rehash(hash: &str) -> bool {
    !hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
}

/// Hashing keeps a core busy; other requests of the process go on meanwhile.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    spawn_blocking(work)
        .await
        .map_err(|error| Error::Internal(format!("hashing stopped: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let hash = hash_password(Password::new("correct horse")).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(!needs_rehash(&hash));
        assert!(
            verify_password(Password::new("correct horse"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verify_password(Password::new("correct Horse"), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobodys_hash_is_a_real_one_of_todays_parameters_and_never_verifies() {
        assert!(!needs_rehash(NOBODY));
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!verify_password(Password::new(""), None).await.unwrap());
    }

    #[test]
    fn weaker_parameters_are_noticed() {
        assert!(needs_rehash(
            "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"
        ));
        assert!(needs_rehash("$2b$12$abcdefghijklmnopqrstuv"));
    }

    #[test]
    fn a_password_never_shows_itself() {
        assert_eq!(format!("{:?}", Password::new("secret")), "Password(…)");
    }
}
