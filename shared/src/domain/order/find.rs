//! Finding orders. What is not the asker's is not there.

use super::{Order, OrderNumber, Pointer};
use crate::error::{Code, Result};
use crate::ids::{OrderId, OrgId};
use crate::store::{Item, Partition, Shopper, Store, Stored};
use crate::text::normalize_email;

/// One of the shopper's orders. One round trip.
pub async fn by_id(
    store: &Store,
    partition: &impl Partition,
    id: &OrderId,
) -> Result<Stored<Order>> {
    store
        .find(&partition.key(&Item::Order(id)))
        .await?
        .ok_or(Code::NotFound.into())
}

/// One of the shopper's orders. Two round trips: the number, the order.
pub async fn by_number(
    store: &Store,
    shopper: &Shopper,
    number: &OrderNumber,
) -> Result<Stored<Order>> {
    let (owner, id) = resolve(store, shopper.org(), number).await?;
    if owner != *shopper {
        return Err(Code::NotFound.into());
    }
    by_id(store, &owner, &id).await
}

/// An order for who knows its number and the e-mail address it was placed with. Two round trips.
pub async fn by_email(
    store: &Store,
    org: &OrgId,
    email: &str,
    number: &OrderNumber,
) -> Result<Stored<Order>> {
    let (owner, id) = resolve(store, org, number).await?;
    let order = by_id(store, &owner, &id).await?;
    if order.entity.contact.email != normalize_email(email) {
        return Err(Code::NotFound.into());
    }
    Ok(order)
}

/// Whose order a number is. Not for handlers: the number alone proves nothing.
pub(super) async fn resolve(
    store: &Store,
    org: &OrgId,
    number: &OrderNumber,
) -> Result<(Shopper, OrderId)> {
    let pointer: Option<Stored<Pointer>> =
        store.find(&org.order_number_key(number.as_str())).await?;
    let pointer = pointer.ok_or(Code::NotFound)?.entity;
    let owner = Shopper::proved(org, &pointer.author).ok_or(Code::NotFound)?;
    Ok((owner, pointer.order))
}
