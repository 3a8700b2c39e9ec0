//! What the table holds of one customer: to see that nothing changed.

use std::collections::BTreeMap;

use portico_shared::domain::address::Address;
use portico_shared::domain::benefit::Benefits;
use portico_shared::domain::cart::Cart;
use portico_shared::domain::customer::Customer;
use portico_shared::domain::dashboard;
use portico_shared::domain::desk::{Conversation, Ticket};
use portico_shared::domain::file::{File, Reservation};
use portico_shared::domain::notification::Notification;
use portico_shared::domain::order::{Order, OrderRow};
use portico_shared::domain::payment_method::PaymentMethods;
use portico_shared::domain::second_factor::SecondFactor;
use portico_shared::domain::stock::Stock;
use portico_shared::domain::wishlist::Wish;
use portico_shared::domain::{preferences, push};
use portico_shared::ids::OrderId;
use portico_shared::store::{
    Collection, CustomerScope, Entity, Item, List, Partition as _, Store, Stored,
};
use serde_json::{Value, json};

/// By what it is: every item with its version, which every write counts up.
pub(crate) type Snapshot = BTreeMap<String, Value>;

/// Everything of a customer but the open sessions, and the stock of these skus.
pub(crate) async fn snapshot(store: &Store, scope: &CustomerScope, skus: &[&str]) -> Snapshot {
    let profile = one::<Customer>(store, scope, &Item::Profile).await;
    let methods = one::<PaymentMethods>(store, scope, &Item::PaymentMethods).await;
    let factor = one::<SecondFactor>(store, scope, &Item::SecondFactor).await;
    let benefits = one::<Benefits>(store, scope, &Item::Benefits).await;
    let orders = all::<OrderRow>(store, scope, Collection::OrderRows).await;
    let mut snapshot = Snapshot::from([
        ("profile".to_owned(), profile),
        ("paymentMethods".to_owned(), methods),
        ("second factor".to_owned(), factor),
        ("benefits".to_owned(), benefits),
        (
            "addresses".to_owned(),
            all::<Address>(store, scope, Collection::Addresses).await,
        ),
        (
            "wishlist".to_owned(),
            all::<Wish>(store, scope, Collection::Wishlist).await,
        ),
        (
            "tickets".to_owned(),
            all::<Ticket>(store, scope, Collection::Tickets).await,
        ),
        (
            "conversations".to_owned(),
            all::<Conversation>(store, scope, Collection::Conversations).await,
        ),
        (
            "devices".to_owned(),
            json!(
                push::devices(store, scope)
                    .await
                    .expect("the table answers")
            ),
        ),
        (
            "preferences".to_owned(),
            json!(
                preferences::get(store, scope)
                    .await
                    .expect("the table answers")
                    .entity
            ),
        ),
        (
            "carts".to_owned(),
            all::<Cart>(store, scope, Collection::Carts).await,
        ),
        (
            "notifications".to_owned(),
            all::<Notification>(store, scope, Collection::Notifications).await,
        ),
        (
            "files".to_owned(),
            all::<File>(store, scope, Collection::Files).await,
        ),
        (
            "uploads".to_owned(),
            all::<Reservation>(store, scope, Collection::Uploads).await,
        ),
        // Without its version: a stream record that is delivered twice writes the same once more.
        (
            "dashboard".to_owned(),
            json!(
                dashboard::get(store, scope)
                    .await
                    .expect("the table answers")
            ),
        ),
    ]);
    for row in orders.as_array().expect("a list") {
        let id: OrderId = row["entity"]["id"]
            .as_str()
            .expect("an id")
            .parse()
            .expect("an id");
        let order = one::<Order>(store, scope, &Item::Order(&id)).await;
        snapshot.insert(format!("order {id}"), order);
    }
    snapshot.insert("orders".to_owned(), orders);
    for sku in skus {
        let stock = store
            .get_consistent::<Stock>(&scope.org().stock_key(sku))
            .await;
        let stock = stock.expect("the table answers").as_ref().map(shown);
        snapshot.insert(format!("stock of {sku}"), json!(stock));
    }
    snapshot
}

fn shown<T: Entity>(stored: &Stored<T>) -> Value {
    json!({"entity": stored.entity, "version": stored.version})
}

async fn one<T: Entity>(store: &Store, scope: &CustomerScope, item: &Item<'_>) -> Value {
    let found = store.get_consistent::<T>(&scope.key(item)).await;
    json!(found.expect("the table answers").as_ref().map(shown))
}

async fn all<T: Entity>(store: &Store, scope: &CustomerScope, of: Collection) -> Value {
    let items = store.list::<T>(scope, List::of(of).consistent()).await;
    let items = items.expect("the table answers").items;
    items.iter().map(shown).collect()
}
