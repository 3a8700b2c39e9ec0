//! Carts: kept in the shopper's own partition, priced by the server on every look.

use std::collections::BTreeMap;

use iso_currency::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::catalogue::Catalogue;
use super::pricing::{self, Line, MAX_LINES, Priced, Shortfall, WantedLine};
use super::stock;
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::ids::{CartId, OrderId};
use crate::store::{
    Collection, Condition, CustomerScope, Entity, GuestScope, Item, List, Partition, Shopper,
    Store, StoreError, Stored, Update, Write,
};

/// A guest's cart is forgotten 30 days after its last change, a customer's after 180.
const GUEST_SECONDS: i64 = 30 * 24 * 60 * 60;
const CUSTOMER_SECONDS: i64 = 180 * 24 * 60 * 60;
/// How many of a shopper's latest carts are looked through for an open one.
const RECENT: usize = 10;
/// How often a merge starts over when the carts change under it.
const ATTEMPTS: usize = 4;

/// How a cart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CartStatus {
    /// It can be changed.
    Open,
    /// It became an order.
    Ordered,
    /// It went into the cart of the customer who signed in.
    Merged,
}

/// The order that a cart became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlacedOrder {
    /// The order's id.
    #[schema(value_type = String)]
    pub id: OrderId,
    /// The order's number.
    pub number: String,
}

/// A cart, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cart {
    /// The id.
    pub id: CartId,
    /// How it stands.
    pub status: CartStatus,
    /// The lines, as they were last priced.
    pub lines: Vec<Line>,
    /// The order it became.
    pub order: Option<PlacedOrder>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Entity for Cart {
    const TYPE: &'static str = "Cart";
}

impl Cart {
    /// A new, empty cart. It is stored by its first update.
    pub fn empty() -> Self {
        Self {
            id: CartId::generate(),
            status: CartStatus::Open,
            lines: Vec::new(),
            order: None,
            updated_at: clock::now(),
        }
    }
}

/// One of the shopper's carts.
pub async fn get(store: &Store, shopper: &Shopper, id: &CartId) -> Result<Cart> {
    Ok(store
        .find::<Cart>(&shopper.key(&Item::Cart(id)))
        .await?
        .ok_or(Code::NotFound)?
        .entity)
}

/// The shopper's newest open cart.
pub async fn newest_open(store: &Store, partition: &impl Partition) -> Result<Option<Cart>> {
    Ok(latest_open(store, partition, List::of(Collection::Carts))
        .await?
        .map(|cart| cart.entity))
}

async fn latest_open(
    store: &Store,
    partition: &impl Partition,
    list: List<'_>,
) -> Result<Option<Stored<Cart>>> {
    let carts = store.list::<Cart>(partition, list.limit(RECENT)).await?;
    Ok(carts
        .items
        .into_iter()
        .find(|cart| cart.entity.status == CartStatus::Open))
}

/// The lines at today's prices, by the stock that the catalogue last saw. For looking only.
pub fn reprice(catalogue: &Catalogue, currency: Currency, cart: &Cart) -> Result<Priced> {
    let seen = |line: &Line| (line.sku.clone(), catalogue.stock(&line.sku));
    let available = cart.lines.iter().map(seen).collect();
    let wanted = cart.lines.iter().map(Line::wanted).collect();
    pricing::price(catalogue, currency, &available, wanted, Shortfall::Reduce)
}

/// Replaces the content of a cart, which is made if there is none of this id. Two round trips: the stock
/// of the lines, and the cart.
///
/// # Errors
///
/// `unknown_sku`; `out_of_stock` where the product's policy is to refuse; `cart_closed`.
pub async fn replace(
    store: &Store,
    catalogue: &Catalogue,
    currency: Currency,
    shopper: &Shopper,
    id: CartId,
    wanted: Vec<WantedLine>,
) -> Result<(Cart, Priced)> {
    let available = stock_of(store, shopper, &wanted).await?;
    let priced = pricing::price(catalogue, currency, &available, wanted, Shortfall::Refuse)?;
    let cart = Cart {
        id,
        lines: priced.lines.clone(),
        ..Cart::empty()
    };
    let open = Condition::Any(vec![
        Condition::Absent,
        Condition::eq("status", &CartStatus::Open),
    ]);
    match store.write(write(shopper, &cart)?.when(open)).await {
        Ok(_) => Ok((cart, priced)),
        Err(StoreError::ConditionFailed(_)) => Err(Code::CartClosed.into()),
        Err(error) => Err(error.into()),
    }
}

/// Moves what a guest has in the cart into the cart of the customer who signed in: quantities of the same
/// sku and options add up, never above stock. Happens once, however often it is asked for.
pub async fn merge_guest(
    store: &Store,
    catalogue: &Catalogue,
    currency: Currency,
    guest: &GuestScope,
    customer: &CustomerScope,
) -> Result<()> {
    let shopper = Shopper::Customer(customer.clone());
    let carts = List::of(Collection::Carts).consistent();
    for _ in 0..ATTEMPTS {
        let Some(from) = latest_open(store, guest, carts).await? else {
            return Ok(());
        };
        let into = latest_open(store, customer, carts).await?;
        let lines = into
            .iter()
            .flat_map(|cart| &cart.entity.lines)
            .chain(&from.entity.lines);
        let mut wanted = pricing::merge(lines.map(Line::wanted));
        wanted.truncate(MAX_LINES);
        let available = stock_of(store, &shopper, &wanted).await?;
        let priced = pricing::price(catalogue, currency, &available, wanted, Shortfall::Reduce)?;
        let id = into
            .as_ref()
            .map_or_else(CartId::generate, |cart| cart.entity.id.clone());
        let merged = Cart {
            id,
            lines: priced.lines,
            ..Cart::empty()
        };
        let unchanged = into.map_or(Condition::Absent, |cart| Condition::eq("v", &cart.version));
        let close = Update::of::<Cart>()
            .set("status", &CartStatus::Merged)
            .set("updatedAt", &clock::now());
        let writes = vec![
            write(&shopper, &merged)?.when(unchanged),
            Write::update(guest.key(&Item::Cart(&from.entity.id)), close)
                .when(Condition::eq("v", &from.version)),
        ];
        match store.transact(writes).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// The stock of every line, as of now.
async fn stock_of(
    store: &Store,
    shopper: &Shopper,
    wanted: &[WantedLine],
) -> Result<BTreeMap<String, i64>> {
    let mut skus: Vec<&str> = wanted.iter().map(|line| line.sku.as_str()).collect();
    skus.sort_unstable();
    skus.dedup();
    let available = stock::available(store, shopper.org(), &skus).await?;
    Ok(skus.into_iter().map(str::to_owned).zip(available).collect())
}

fn write(shopper: &Shopper, cart: &Cart) -> Result<Write> {
    let seconds = match shopper {
        Shopper::Customer(_) => CUSTOMER_SECONDS,
        Shopper::Guest(_) => GUEST_SECONDS,
    };
    let update = Update::to(cart)?.set("ttl", &(clock::unix_seconds() + seconds));
    Ok(Write::update(shopper.key(&Item::Cart(&cart.id)), update))
}
