//! Stock levels: what is on hand is either available or reserved for an order.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ids::OrgId;
use crate::store::{Condition, Entity, Key, Store, Update, Write};

/// The stock of one sku, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stock {
    /// The sku.
    pub sku: String,
    /// Can be sold.
    pub available: i64,
    /// Sold, and not shipped yet.
    pub reserved: i64,
}

impl Entity for Stock {
    const TYPE: &'static str = "Stock";
}

/// The stock of each sku, in the order asked for; a sku that was never stocked has none. One round trip.
pub async fn available(store: &Store, org: &OrgId, skus: &[&str]) -> Result<Vec<i64>> {
    let keys: Vec<Key> = skus.iter().map(|sku| org.stock_key(sku)).collect();
    let stock = store.get_many::<Stock>(&keys).await?;
    Ok(stock
        .into_iter()
        .map(|stock| stock.map_or(0, |stock| stock.entity.available))
        .collect())
}

/// Sets what is on hand. What is reserved stays reserved.
pub fn set_on_hand(org: &OrgId, sku: &str, on_hand: i64) -> Write {
    let update = Update::of::<Stock>()
        .set("sku", &sku)
        .set_difference("available", on_hand, "reserved")
        .add("reserved", 0);
    Write::update(org.stock_key(sku), update)
}

/// Reserves pieces for an order. With `limited`, only if there are as many.
pub fn reserve(org: &OrgId, sku: &str, quantity: u32, limited: bool) -> Write {
    let quantity = i64::from(quantity);
    let update = Update::of::<Stock>()
        .set("sku", &sku)
        .add("available", -quantity)
        .add("reserved", quantity);
    let write = Write::update(org.stock_key(sku), update);
    if limited {
        write.when(Condition::at_least("available", &quantity))
    } else {
        write
    }
}

/// Takes reserved pieces off the shelf: the order has been shipped.
pub fn ship(org: &OrgId, sku: &str, quantity: u32) -> Write {
    let update = Update::of::<Stock>().add("reserved", -i64::from(quantity));
    Write::update(org.stock_key(sku), update)
        .when(Condition::at_least("reserved", &i64::from(quantity)))
}
