//! Guests who have said who they are: a customer's record without a way in.
//!
//! An address proves nothing, so a guest's record is reached by the tokens that came with it and by nothing
//! else. Any number of records may name the same address; none of them holds it.

use super::account::not_a_guest;
use super::customer::Customer;
use crate::auth::{Device, KeyRing, NewSession, Principal, SessionTokens};
use crate::error::Result;
use crate::ids::{CustomerId, OrgId};
use crate::store::{Condition, CustomerScope, Item, Partition, Store, Write};
use crate::text::normalize_email;

/// Who wants to be known without an account.
#[derive(Debug, Clone)]
pub struct NewGuest {
    /// The e-mail address, in any spelling.
    pub email: String,
    /// Given and family name.
    pub name: Option<String>,
    /// E.164.
    pub phone: Option<String>,
}

/// Makes a guest's record and opens its session, in one transaction.
pub async fn register(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    new: NewGuest,
    device: &Device,
) -> Result<(Customer, SessionTokens)> {
    let mut guest = Customer::new(CustomerId::generate(), normalize_email(&new.email));
    guest.guest = true;
    guest.phone = new.phone;
    let name = new.name.as_deref().map(str::trim).unwrap_or_default();
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    (guest.first_name, guest.last_name) = (some(first), some(last));

    let scope = CustomerScope::proved(org.clone(), guest.id.clone());
    let session = NewSession::for_customer(ring, &scope)?.on(device);
    let record = Write::put(scope.key(&Item::Profile), &guest).when(Condition::Absent);
    store.transact(vec![record, session.write]).await?;
    Ok((guest, session.tokens))
}

/// The guest whose access token this is. That it is a guest's is for the write to see.
///
/// # Errors
///
/// `validation_failed`, naming `guestToken`.
pub fn proved(ring: &KeyRing, org: &OrgId, token: &str) -> Result<CustomerScope> {
    match Principal::verify(ring, org, token) {
        Ok(Principal::Customer(scope, _)) => Ok(scope),
        _ => Err(not_a_guest().into()),
    }
}
