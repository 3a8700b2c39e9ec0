//! Whether a customer's e-mail address and telephone number are theirs.
//!
//! The profile says which address was verified. It counts as long as it is the profile's own, so that a change
//! needs to reset nothing, and a code that was sent to the old one can verify nothing else.

use jiff::Timestamp;

use super::customer::{Customer, Verified};
use crate::auth::{Code, CodeKind, CodeOwner, KeyRing};
use crate::clock;
use crate::error::{Code as ErrorCode, Result};
use crate::store::{
    Condition, CustomerScope, Item, Partition, Store, StoreError, Stored, Update, Write,
};

/// What can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// The e-mail address, by mail.
    Email,
    /// The telephone number, by text message.
    Phone,
}

impl Channel {
    const fn kind(self) -> CodeKind {
        match self {
            Self::Email => CodeKind::VerifyEmail,
            Self::Phone => CodeKind::VerifyPhone,
        }
    }

    /// The profile's address, and what of it was verified.
    fn of(self, customer: &Customer) -> (Option<&String>, Option<&Verified>) {
        match self {
            Self::Email => (Some(&customer.email), customer.verified_email.as_ref()),
            Self::Phone => (customer.phone.as_ref(), customer.verified_phone.as_ref()),
        }
    }
}

/// How far an address is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The e-mail address or telephone number; none if the profile has none.
    pub address: Option<String>,
    /// Since when it is verified.
    pub verified_at: Option<Timestamp>,
    /// Whether a code was sent to it that can be entered.
    pub pending: bool,
}

impl Status {
    fn of(channel: Channel, customer: &Customer, code: Option<&Stored<Code>>) -> Self {
        let (address, verified) = channel.of(customer);
        let verified = verified.filter(|verified| Some(&verified.address) == address);
        let open =
            code.is_some_and(|code| code.entity.is_open() && Some(&code.entity.to) == address);
        Self {
            address: address.cloned(),
            verified_at: verified.map(|verified| verified.at),
            pending: open && verified.is_none(),
        }
    }
}

/// The status of the e-mail address and of the telephone number. One round trip.
///
/// # Errors
///
/// `not_found` where there is no such customer any more.
pub async fn status(store: &Store, scope: &CustomerScope) -> Result<[Status; 2]> {
    let owner = CodeOwner::Customer(scope.clone());
    let channels = [Channel::Email, Channel::Phone];
    let [email, phone] = channels.map(|channel| owner.key(channel.kind()));
    let profile = scope.key(&Item::Profile);
    let (customer, [email, phone]) = store
        .get_one_and_two::<Customer, Code>(&profile, [&email, &phone])
        .await?;
    let customer = customer.ok_or(ErrorCode::NotFound)?.entity;
    Ok([
        Status::of(Channel::Email, &customer, email.as_ref()),
        Status::of(Channel::Phone, &customer, phone.as_ref()),
    ])
}

/// Sends a code to the profile's address. Two round trips.
///
/// # Errors
///
/// `phone_required`, `already_verified`; `rate_limited` within a minute after the last one and after five
/// within a day.
pub async fn send(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    channel: Channel,
) -> Result<()> {
    let owner = CodeOwner::Customer(scope.clone());
    let key = owner.key(channel.kind());
    let (customer, before) = store
        .get_both::<Customer, Code>(&scope.key(&Item::Profile), &key)
        .await?;
    let customer = customer.ok_or(ErrorCode::NotFound)?.entity;
    let status = Status::of(channel, &customer, before.as_ref());
    if status.verified_at.is_some() {
        return Err(ErrorCode::AlreadyVerified.into());
    }
    let address = status.address.ok_or(ErrorCode::PhoneRequired)?;
    let before = before.map(|before| before.entity);
    Code::send(
        store,
        ring,
        &owner,
        channel.kind(),
        &address,
        before.as_ref(),
    )
    .await
}

/// Holds the address that a code was sent to for verified. Two round trips, one for a wrong code.
///
/// # Errors
///
/// `invalid_code`, also where the profile has another address by now.
pub async fn verify(
    store: &Store,
    ring: &KeyRing,
    scope: &CustomerScope,
    channel: Channel,
    digits: &str,
) -> Result<Status> {
    let owner = CodeOwner::Customer(scope.clone());
    let code = Code::tried(store, ring, &owner, channel.kind(), digits).await?;
    let code = code.ok_or(ErrorCode::InvalidCode)?;
    let verified = Verified {
        address: code.to.clone(),
        at: clock::now(),
    };
    let (address, member) = match channel {
        Channel::Email => ("email", "verifiedEmail"),
        Channel::Phone => ("phone", "verifiedPhone"),
    };
    let verify = Update::of::<Customer>().set(member, &verified);
    let writes = vec![
        code.spend(&owner),
        Write::update(scope.key(&Item::Profile), verify).when(Condition::eq(address, &code.to)),
    ];
    match store.transact(writes).await {
        Ok(()) => Ok(Status {
            address: Some(code.to),
            verified_at: Some(verified.at),
            pending: false,
        }),
        Err(StoreError::Cancelled(_)) => Err(ErrorCode::InvalidCode.into()),
        Err(error) => Err(error.into()),
    }
}
