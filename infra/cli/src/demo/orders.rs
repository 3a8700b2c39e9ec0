//! The demo's orders.

use std::collections::BTreeMap;

use portico_shared::auth::{Claims, KeyRing, Kind, Principal};
use portico_shared::domain::account;
use portico_shared::domain::address::PostalAddress;
use portico_shared::domain::cart::{self, CartStatus};
use portico_shared::domain::catalogue::Catalogues;
use portico_shared::domain::idempotency::IdempotencyKey;
use portico_shared::domain::order::{self, Checkout, Contact, PaymentMethod, Shop};
use portico_shared::domain::pricing::WantedLine;
use portico_shared::error::{Code, Error as Refused};
use portico_shared::ids::{CartId, CustomerId, OrgId, SessionId};
use portico_shared::store::{CustomerScope, Shopper, Store};

use super::{ANN, org_id};
use crate::error::Error;
use crate::org::existing;

/// What Ann ordered: the keys of her requests and the lines of her carts.
const ORDERS: [(&str, &[(&str, u32)]); 2] = [
    (
        "portico-demo-order-1",
        &[("TENT-RIDGE-2P", 1), ("HEADLAMP-400", 2)],
    ),
    (
        "portico-demo-order-2",
        &[
            ("TEE-MERINO-M-NAVY", 2),
            ("BOTTLE-750-MOSS", 1),
            ("SOCKS-TRAIL-M", 3),
        ],
    ),
];

/// Has Ann order, once.
pub(super) async fn seed(store: &Store, ring: &KeyRing) -> Result<(), Error> {
    let org = org_id(ANN.org)?;
    let customer = account::find_customer(store, &org, ANN.email)
        .await?
        .ok_or(Refused::from(Code::NotFound))?;
    let shopper = Shopper::Customer(scope_of(ring, &org, &customer)?);
    for (key, lines) in ORDERS {
        let seed = format!("{key}|{org}|{customer}");
        let id = CartId::derived(seed.as_bytes());
        match cart::get(store, &shopper, &id).await {
            Ok(cart) if cart.status != CartStatus::Open => continue,
            Ok(_) => {}
            Err(error) if error.refusal().code == Code::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        seed_order(store, ring, &shopper, id, key, lines).await?;
    }
    Ok(())
}

/// Fills a cart and orders it. The key makes it one order even if its cart has long been forgotten.
async fn seed_order(
    store: &Store,
    ring: &KeyRing,
    shopper: &Shopper,
    id: CartId,
    key: &str,
    lines: &[(&str, u32)],
) -> Result<(), Error> {
    let org = org_id(ANN.org)?;
    let currency = existing(store, &org).await?.currency();
    let catalogue = Catalogues::default().get(store, &org).await?;
    let line = |&(sku, quantity): &(&str, u32)| WantedLine {
        sku: sku.to_owned(),
        quantity,
        options: BTreeMap::new(),
    };
    let wanted: Vec<WantedLine> = lines.iter().map(line).collect();
    let key: IdempotencyKey = key.parse().map_err(Refused::Refused)?;
    let checkout = Checkout {
        cart: id.clone(),
        contact: Contact {
            email: ANN.email.to_owned(),
            first_name: Some(ANN.first_name.to_owned()),
            last_name: Some(ANN.last_name.to_owned()),
            phone: None,
        },
        shipping_address: Some(PostalAddress {
            name: Some(format!("{} {}", ANN.first_name, ANN.last_name)),
            street1: "1 Main St".to_owned(),
            street2: None,
            city: "Springfield".to_owned(),
            state: Some("IL".to_owned()),
            postal_code: Some("62701".to_owned()),
            country: "US".to_owned(),
            phone: None,
        }),
        billing_address: None,
        payment_method: PaymentMethod::Manual,
        expected_total: None,
        fingerprint: key.fingerprint(&wanted)?,
    };
    cart::replace(store, &catalogue, currency, shopper, id, wanted).await?;
    let shop = Shop {
        catalogue: &catalogue,
        currency,
        programs: &[],
    };
    order::place(store, ring, shop, shopper, &key, checkout).await?;
    Ok(())
}

/// Whoever has the key ring can prove to be anyone: a token of a minute's life, never given out.
fn scope_of(ring: &KeyRing, org: &OrgId, customer: &CustomerId) -> Result<CustomerScope, Error> {
    let claims = Claims::new(
        org.clone(),
        customer.to_string(),
        Kind::Customer,
        SessionId::generate(),
        60,
    );
    match Principal::verify(ring, org, &claims.sign(ring)?)? {
        Principal::Customer(scope, _) => Ok(scope),
        Principal::Staff(..) => Err(Refused::from(Code::CustomerRequired).into()),
    }
}
