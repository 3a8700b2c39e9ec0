//! The one way in. Whoever has been proved, by a password or by any other means, comes through here, and is
//! asked for a second factor if they have one.

use super::customer::Customer;
use super::second_factor::{Challenge, SecondFactor, TrustedDevice, mail_code};
use crate::auth::{Caller, Device, KeyRing, NewSession, SessionTokens};
use crate::error::{Code, Result};
use crate::store::{CustomerScope, Item, Partition, Store, Write};

/// A customer who is in.
#[derive(Debug)]
pub struct SignedIn {
    /// The customer.
    pub scope: CustomerScope,
    /// The opened session's tokens.
    pub tokens: SessionTokens,
}

/// What comes of proving who one is.
#[derive(Debug)]
pub enum Admitted {
    /// A session.
    In(SignedIn),
    /// The question for the second factor.
    Challenged(Challenge),
}

/// Lets in a customer who has just been proved, or asks for the second factor. `trust` is the token of a
/// device that was trusted before, if the client has one.
///
/// A read of the second factor and the profile together, one of the trusted device where there is something
/// to be trusted, and the put of the session; where a code is mailed, a read and a write for that.
pub async fn admit(
    store: &Store,
    ring: &KeyRing,
    scope: CustomerScope,
    caller: &Caller,
    trust: Option<&str>,
) -> Result<Admitted> {
    match question(store, ring, &scope, trust).await? {
        Some(challenge) => Ok(Admitted::Challenged(challenge)),
        None => open(store, ring, scope, &caller.device)
            .await
            .map(Admitted::In),
    }
}

/// The same for a proof that is good once. What uses it up is written together with the session, or by itself
/// where the second factor is asked for: the challenge stands in its place then.
///
/// # Errors
///
/// `Cancelled` when the proof was used already.
pub(super) async fn admit_once(
    store: &Store,
    ring: &KeyRing,
    scope: CustomerScope,
    caller: &Caller,
    trust: Option<&str>,
    mut proof: Vec<Write>,
) -> Result<Admitted> {
    if let Some(challenge) = question(store, ring, &scope, trust).await? {
        store.transact(proof).await?;
        return Ok(Admitted::Challenged(challenge));
    }
    let session = NewSession::for_customer(ring, &scope)?.on(&caller.device);
    proof.push(session.write);
    store.transact(proof).await?;
    Ok(Admitted::In(SignedIn {
        scope,
        tokens: session.tokens,
    }))
}

/// What is still to be asked, if anything.
async fn question(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    trust: Option<&str>,
) -> Result<Option<Challenge>> {
    let (factor, profile) = (scope.key(&Item::SecondFactor), scope.key(&Item::Profile));
    let (factor, profile) = store
        .get_both::<SecondFactor, Customer>(&factor, &profile)
        .await?;
    let Some(factor) = factor.map(|f| f.entity).filter(SecondFactor::is_on) else {
        return Ok(None);
    };
    let device = match trust {
        Some(token) => TrustedDevice::find(store, scope, token).await?,
        None => None,
    };
    if device.as_ref().is_some_and(|it| it.is_trusted_for(&factor)) {
        return Ok(None);
    }
    let email = profile.map(|profile| profile.entity.email);
    if let Some(email) = email.as_deref().filter(|_| factor.is_by_mail()) {
        match mail_code(store, ring, scope, email).await {
            // The one that was mailed before is good still, or a backup code is.
            Err(error) if error.refusal().code == Code::RateLimited => {}
            sent => sent?,
        }
    }
    let is_new = device.is_none();
    Challenge::issue(ring, scope, &factor, email.as_deref(), is_new).map(Some)
}

/// Opens a session, for those of whom it is known that nothing more is to be asked.
pub(super) async fn open(
    store: &Store,
    ring: &KeyRing,
    scope: CustomerScope,
    device: &Device,
) -> Result<SignedIn> {
    let session = NewSession::for_customer(ring, &scope)?.on(device);
    store.write(session.write).await?;
    Ok(SignedIn {
        scope,
        tokens: session.tokens,
    })
}
