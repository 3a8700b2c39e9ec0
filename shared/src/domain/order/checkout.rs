//! Placing an order: the order, its row, its number, the stock it reserves and the end of its cart are
//! one transaction.

use std::collections::BTreeMap;

use iso_currency::Currency;

use super::{
    Contact, Order, OrderNumber, OrderRow, OrderStatus, PaymentMethod, PaymentStatus, Pointer,
    StatusChange,
};
use crate::auth::KeyRing;
use crate::clock;
use crate::domain::address::PostalAddress;
use crate::domain::benefit::{Benefits, Entitlements, Program};
use crate::domain::cart::{Cart, CartStatus, PlacedOrder};
use crate::domain::catalogue::Catalogue;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::pricing::{self, Line, Shortfall};
use crate::domain::privacy::Erasure;
use crate::domain::stock::{self, Stock};
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{CartId, OrderId};
use crate::money::Money;
use crate::store::{
    Condition, Found, Item, Partition, Shopper, Store, StoreError, Stored, Update, Write,
};
use crate::text::normalize_email;

/// How often placing is tried while others change the same cart.
const ATTEMPTS: u32 = 5;

/// Where the writes stand in the transaction; the stock of each sku follows, and the check of the benefits.
const POINTER: usize = 0;
const CART: usize = 3;
const STOCK: usize = 4;

/// What a shopper wants to order.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The cart.
    pub cart: CartId,
    /// Whom it is for.
    pub contact: Contact,
    /// Where the goods go.
    pub shipping_address: Option<PostalAddress>,
    /// Where the bill goes.
    pub billing_address: Option<PostalAddress>,
    /// How it is paid for.
    pub payment_method: PaymentMethod,
    /// The total that the shopper was shown, if the client says so.
    pub expected_total: Option<Money>,
    /// Of the request; see [`IdempotencyKey::fingerprint`].
    pub fingerprint: String,
}

/// What an org sells, and on what terms.
#[derive(Debug, Clone, Copy)]
pub struct Shop<'a> {
    /// What there is.
    pub catalogue: &'a Catalogue,
    /// What it is paid in.
    pub currency: Currency,
    /// What makes it cheaper for some.
    pub programs: &'a [Program],
}

/// A placed order.
#[derive(Debug)]
pub struct Placed {
    /// The order.
    pub order: Order,
    /// Whether an earlier request with the same key placed it.
    pub replayed: bool,
}

/// Places an order, once for each key.
///
/// Two round trips: the cart with the customer's benefits, and the transaction.
///
/// # Errors
///
/// `not_found` for a cart that is not the shopper's, and for an account that was erased; `cart_closed`,
/// `cart_empty`; `out_of_stock` naming the skus; `amount_mismatch`; `idempotency_key_reused`; `conflict` when
/// others keep changing the same stock.
pub async fn place(
    store: &Store,
    ring: &KeyRing,
    shop: Shop<'_>,
    shopper: &Shopper,
    key: &IdempotencyKey,
    checkout: Checkout,
) -> Result<Placed> {
    let seed = ring.idempotent_seed(shopper.org(), "order", shopper.author(), key.as_str());
    let number = OrderNumber::derived(&seed);
    for attempt in 0..ATTEMPTS {
        let (cart, benefits) = read(store, shop, shopper, &checkout.cart, attempt > 0).await?;
        if cart.entity.status != CartStatus::Open {
            return replay_of_closed_cart(store, shopper, &number, &cart.entity, &checkout).await;
        }
        let entitlements = benefits
            .as_ref()
            .map_or_else(Entitlements::default, |stored| {
                Entitlements::of(shop.programs, &stored.entity, clock::now())
            });
        let order = compose(
            shop,
            &entitlements,
            shopper,
            &number,
            &cart.entity,
            &checkout,
        )?;
        let skus = quantities(&order.lines);
        let mut writes = writes(shopper, &order, &cart, &checkout.fingerprint, &skus);
        if let Some(benefits) = benefits.filter(|_| !order.discounts.is_empty()) {
            // A decision that comes in between is looked at: nobody gets what was revoked a moment ago.
            let unchanged = Condition::eq("v", &benefits.version);
            writes.push(Write::check(shopper.key(&Item::Benefits), unchanged));
        }
        match store.transact(writes).await {
            Ok(()) => {
                return Ok(Placed {
                    order,
                    replayed: false,
                });
            }
            Err(StoreError::Cancelled(mut reasons)) => {
                if let Some(pointer) = reasons.get_mut(POINTER).and_then(Option::take) {
                    return replay(store, shopper, &checkout, pointer.read::<Pointer>()?).await;
                }
                // The cart or the benefits changed since they were read: look again.
                let benefits = STOCK + skus.len();
                let changed =
                    [CART, benefits].map(|at| reasons.get(at).is_some_and(Option::is_some));
                if changed == [false, false] {
                    return Err(short_of(&skus, reasons)?.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

/// The cart, and the benefits of a customer; a guest has none, and neither has anybody where there are none.
///
/// And not the cart of an account that was erased, whose access tokens outlive it by minutes. The note of that is read
/// in the same call; in the transaction it would cost two write units (decision 79).
async fn read(
    store: &Store,
    shop: Shop<'_>,
    shopper: &Shopper,
    id: &CartId,
    again: bool,
) -> Result<(Stored<Cart>, Option<Stored<Benefits>>)> {
    let cart = shopper.key(&Item::Cart(id));
    let benefits = match shopper {
        Shopper::Customer(scope) if !shop.programs.is_empty() => Some(scope.key(&Item::Benefits)),
        _ => None,
    };
    if !again {
        let (cart, benefits, erasure) = match (shopper, &benefits) {
            (Shopper::Guest(_), _) => (store.get(&cart).await?, None, None),
            (Shopper::Customer(scope), None) => {
                let erasure = scope.key(&Item::Erasure);
                let (cart, erasure) = store.get_both::<Cart, Erasure>(&cart, &erasure).await?;
                (cart, None, erasure)
            }
            (Shopper::Customer(scope), Some(benefits)) => {
                let keys = [&cart, benefits, &scope.key(&Item::Erasure)];
                store.get_three::<Cart, Benefits, Erasure>(keys).await?
            }
        };
        if erasure.is_some() {
            return Err(Code::NotFound.into());
        }
        if let Some(cart) = cart {
            return Ok((cart, benefits));
        }
    }
    // An eventually consistent read may miss a cart of this second, the order it just became, or a decision.
    let benefits = async {
        match &benefits {
            Some(benefits) => store.get_consistent(benefits).await,
            None => Ok(None),
        }
    };
    let (cart, benefits) = tokio::try_join!(store.get_consistent(&cart), benefits)?;
    Ok((cart.ok_or(Code::NotFound)?, benefits))
}

/// A cart that is closed already: by this very request, sent again, or by another.
async fn replay_of_closed_cart(
    store: &Store,
    shopper: &Shopper,
    number: &OrderNumber,
    cart: &Cart,
    checkout: &Checkout,
) -> Result<Placed> {
    if cart
        .order
        .as_ref()
        .is_none_or(|order| order.number != number.as_str())
    {
        return Err(Code::CartClosed.into());
    }
    let pointer = store
        .get_consistent(&shopper.org().order_number_key(number.as_str()))
        .await?;
    replay(store, shopper, checkout, pointer).await
}

/// The order that an earlier request with this key placed.
async fn replay(
    store: &Store,
    shopper: &Shopper,
    checkout: &Checkout,
    pointer: Option<Stored<Pointer>>,
) -> Result<Placed> {
    let pointer = pointer.ok_or(Code::Conflict)?.entity;
    if pointer.fingerprint != checkout.fingerprint || pointer.author != shopper.author() {
        return Err(Code::IdempotencyKeyReused.into());
    }
    let order = store
        .get_consistent(&shopper.key(&Item::Order(&pointer.order)))
        .await?;
    let order: Stored<Order> =
        order.ok_or_else(|| Error::Internal("an order number that points nowhere".to_owned()))?;
    Ok(Placed {
        order: order.entity,
        replayed: true,
    })
}

fn compose(
    shop: Shop<'_>,
    entitlements: &Entitlements,
    shopper: &Shopper,
    number: &OrderNumber,
    cart: &Cart,
    checkout: &Checkout,
) -> Result<Order> {
    // Whether there is enough is the transaction's to say; here every line counts as there in full.
    let plenty = cart
        .lines
        .iter()
        .map(|line| (line.sku.clone(), i64::MAX))
        .collect();
    let wanted = cart.lines.iter().map(Line::wanted).collect();
    let priced = pricing::price(
        shop.catalogue,
        shop.currency,
        &plenty,
        wanted,
        Shortfall::Reduce,
    )?;
    let priced = priced.discounted(shop.catalogue, entitlements);
    if !priced.warnings.is_empty() {
        let gone = priced
            .warnings
            .iter()
            .map(|warning| (warning.sku.as_str(), 0));
        return Err(pricing::out_of_stock(gone).into());
    }
    if priced.lines.is_empty() {
        return Err(Code::CartEmpty.into());
    }
    let total = priced.total();
    if let Some(expected) = checkout.expected_total
        && expected != total
    {
        let message = format!("the total is {total}, not {expected}");
        return Err(Refusal::because(Code::AmountMismatch, message).into());
    }
    let now = clock::now();
    let email = normalize_email(&checkout.contact.email);
    Ok(Order {
        id: OrderId::generate(),
        number: number.as_str().to_owned(),
        author: shopper.author().to_owned(),
        status: OrderStatus::New,
        payment_status: PaymentStatus::Pending,
        payment_method: checkout.payment_method,
        contact: Contact {
            email,
            ..checkout.contact.clone()
        },
        shipping_address: checkout.shipping_address.clone(),
        billing_address: checkout.billing_address.clone(),
        lines: priced.lines,
        subtotal: priced.subtotal,
        discounts: priced.discounts,
        total,
        payments: Vec::new(),
        cart: cart.id.clone(),
        shipment: None,
        history: vec![StatusChange {
            status: OrderStatus::New,
            at: now,
            by: None,
            note: None,
        }],
        created_at: now,
        updated_at: now,
    })
}

/// How many pieces of each sku, and whether stock limits them: a transaction may name an item only once.
pub(super) fn quantities(lines: &[Line]) -> BTreeMap<&str, (u32, bool)> {
    let mut skus = BTreeMap::new();
    for line in lines {
        let (quantity, limited) = skus.entry(line.sku.as_str()).or_insert((0_u32, false));
        *quantity = quantity.saturating_add(line.quantity);
        *limited |= line.limited;
    }
    skus
}

fn writes(
    shopper: &Shopper,
    order: &Order,
    cart: &Stored<Cart>,
    fingerprint: &str,
    skus: &BTreeMap<&str, (u32, bool)>,
) -> Vec<Write> {
    let pointer = Pointer {
        order: order.id.clone(),
        author: order.author.clone(),
        fingerprint: fingerprint.to_owned(),
    };
    let placed = PlacedOrder {
        id: order.id.clone(),
        number: order.number.clone(),
    };
    let close = Update::of::<Cart>()
        .set("status", &CartStatus::Ordered)
        .set("order", &placed)
        .set("updatedAt", &order.created_at);
    let mut writes = vec![
        Write::put(shopper.org().order_number_key(&order.number), &pointer).when(Condition::Absent),
        Write::put(shopper.key(&Item::Order(&order.id)), order),
        Write::put(
            shopper.key(&Item::OrderRow(&order.id)),
            &OrderRow::of(order),
        ),
        Write::update(shopper.key(&Item::Cart(&cart.entity.id)), close)
            .when(Condition::eq("v", &cart.version)),
    ];
    for (sku, (quantity, limited)) in skus {
        writes.push(stock::reserve(shopper.org(), sku, *quantity, *limited));
    }
    writes
}

/// Which skus there was not enough of.
fn short_of(skus: &BTreeMap<&str, (u32, bool)>, reasons: Vec<Option<Found>>) -> Result<Refusal> {
    let mut short = Vec::new();
    for (sku, reason) in skus.keys().zip(reasons.into_iter().skip(STOCK)) {
        if let Some(found) = reason {
            let stock: Option<Stored<Stock>> = found.read()?;
            short.push((*sku, stock.map_or(0, |stock| stock.entity.available)));
        }
    }
    Ok(pricing::out_of_stock(short))
}
