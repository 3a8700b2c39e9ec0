//! Codes of the second factor that are mailed. There is one at a time, for whichever challenge.

use crate::auth::{Code, CodeKind, CodeOwner, KeyRing};
use crate::error::Result;
use crate::store::{CustomerScope, Store, Write};

const KIND: CodeKind = CodeKind::SecondFactor;

fn owner(scope: &CustomerScope) -> CodeOwner {
    CodeOwner::Customer(scope.clone())
}

/// Mails a new code to the profile's address. A read and a write.
///
/// # Errors
///
/// `rate_limited` within a minute after the last one, unless that was used, and after twenty within a day.
pub(in crate::domain) async fn send(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    email: &str,
) -> Result<()> {
    let owner = owner(scope);
    let before = store.get::<Code>(&owner.key(KIND)).await?;
    let before = before.map(|before| before.entity);
    Code::send(store, ring, &owner, KIND, email, before.as_ref()).await
}

/// The code that these digits are, if it is open. The try is counted.
pub(super) async fn tried(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    digits: &str,
) -> Result<Option<Code>> {
    Code::tried(store, ring, &owner(scope), KIND, digits).await
}

/// Uses a code up.
pub(super) fn spend(scope: &CustomerScope, code: &Code) -> Write {
    code.spend(&owner(scope))
}
