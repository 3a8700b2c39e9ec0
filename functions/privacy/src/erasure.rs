//! Erasing an account: everything of the customer is deleted, but what the books must keep, and that without the
//! person.

use portico_shared::auth::Session;
use portico_shared::clock;
use portico_shared::deadline::Deadline;
use portico_shared::domain::address::PostalAddress;
use portico_shared::domain::benefit::{self, Benefits};
use portico_shared::domain::dashboard::{self, RollUp};
use portico_shared::domain::desk::{self, Conversation, Ticket};
use portico_shared::domain::oauth::{self, Identities};
use portico_shared::domain::order::{Contact, Order, OrderRow, Shipment, StatusChange};
use portico_shared::domain::payment_method::{PaymentMethods, Wallet};
use portico_shared::domain::privacy::{self, Erasure};
use portico_shared::domain::push::{self, Devices};
use portico_shared::domain::reservation::{self, Reservation};
use portico_shared::domain::transaction::{self, Transaction};
use portico_shared::error::Result;
use portico_shared::store::{
    AnyItem, Condition, CustomerScope, Entity, Item, Partition, Span, Store, StoreError, Update,
    Write,
};

use crate::{HAND_OVER, Left, Privacy};

/// So much of a postal code tells the region and not the street.
const REGION: usize = 2;

/// Goes on with an erasure: from wherever it is, because what is done is gone.
pub(crate) async fn go_on(
    privacy: &Privacy,
    scope: &CustomerScope,
    deadline: Deadline,
) -> Result<Left> {
    let store = &privacy.store;
    let Some(erasure) = privacy::erasure(store, scope).await? else {
        return Ok(Left::Nothing);
    };
    // First, so that what is deleted from here on is not counted.
    dashboard::close(store, scope).await?;
    let mut signed_in = false;
    let mut next = None;
    loop {
        let span = Span::everything().consistent().after(next.as_deref());
        let (items, later) = store.page(scope, span).await?;
        for item in items {
            if !deadline.leaves(HAND_OVER) {
                return Ok(Left::More(0));
            }
            signed_in |= item.kind() == Session::TYPE;
            match write(store, erased(store, scope, item).await?).await {
                // Somebody else's hand is on it, and changed it since.
                Err(StoreError::ConditionFailed(_) | StoreError::Cancelled(_)) => {
                    return Ok(Left::More(0));
                }
                done => done?,
            }
        }
        match later {
            Some(later) => next = Some(later),
            None => break,
        }
    }
    privacy.files.erase_all(scope).await?;
    // Last: while a provider does not answer, all else is gone already.
    wallet(privacy, scope).forget().await?;

    // An access token that was issued before still writes until it expires, and so does one of a session that was
    // being opened when the erasure began. Nothing does after that.
    let expire = erasure.requested_at.as_second() + privacy.settles - clock::unix_seconds();
    let wait = if signed_in { privacy.settles } else { expire };
    if wait > 0 {
        return Ok(Left::More(wait));
    }
    if erasure.finished_at.is_none() {
        let finish = Update::of::<Erasure>().set("finishedAt", &clock::now());
        let finish = Write::update(scope.key(&Item::Erasure), finish);
        store.write(finish.when(Condition::Present)).await?;
    }
    Ok(Left::Nothing)
}

fn wallet<'a>(privacy: &'a Privacy, scope: &'a CustomerScope) -> Wallet<'a> {
    Wallet {
        scope,
        store: &privacy.store,
        ring: &privacy.ring,
        integrations: &privacy.integrations,
        vendors: &privacy.vendors,
    }
}

/// What becomes of an item: nothing, one write, or several that hold together.
async fn write(store: &Store, mut writes: Vec<Write>) -> Result<(), StoreError> {
    match writes.pop() {
        None => Ok(()),
        Some(one) if writes.is_empty() => store.write(one).await.map(|_| ()),
        Some(last) => {
            writes.push(last);
            store.transact(writes).await
        }
    }
}

/// The writes that take the person out of an item. Whatever is not named here is deleted: a type that comes later is
/// not forgotten.
async fn erased(store: &Store, scope: &CustomerScope, item: AnyItem) -> Result<Vec<Write>> {
    let key = item.key();
    Ok(match item.kind() {
        // Without a person in them: an order's row is number, status, sum; a payment's reference its sum; two say
        // that nobody is there. Of payment methods the providers are told first.
        OrderRow::TYPE
        | transaction::REFERENCE
        | RollUp::TYPE
        | Erasure::TYPE
        | PaymentMethods::TYPE => Vec::new(),
        Order::TYPE => {
            let order = item.read::<Order>()?;
            let nobody = anonymous(&order.entity);
            if nobody == order.entity {
                return Ok(Vec::new());
            }
            let update = Update::of::<Order>()
                .set("contact", &nobody.contact)
                .set("shippingAddress", &nobody.shipping_address)
                .set("billingAddress", &nobody.billing_address)
                .set("shipment", &nobody.shipment)
                .set("history", &nobody.history);
            vec![Write::update(key, update).when(Condition::eq("v", &order.version))]
        }
        Transaction::TYPE => {
            let entry = item.read::<Transaction>()?;
            if entry.entity.description.is_none() {
                return Ok(Vec::new());
            }
            let update = Update::of::<Transaction>().set("description", &None::<String>);
            vec![Write::update(key, update).when(Condition::eq("v", &entry.version))]
        }
        Reservation::TYPE => reservation::erase(scope, &item.read()?),
        Identities::TYPE => oauth::unlink_all(scope, &item.read()?),
        Ticket::TYPE => desk::erase_ticket(store, scope, &item.read()?).await?,
        Conversation::TYPE => desk::erase_conversation(store, scope, &item.read()?).await?,
        Benefits::TYPE => {
            let version = item.read::<Benefits>()?.version;
            benefit::erase_rows(store, scope).await?;
            vec![Write::delete(key).when(Condition::eq("v", &version))]
        }
        Devices::TYPE => push::forget_all(scope, &item.read()?),
        _ => vec![Write::delete(key)],
    })
}

/// An order as the books need it: what, for how much, when, and into which country and region.
fn anonymous(order: &Order) -> Order {
    let history = order.history.iter().map(|step| StatusChange {
        note: None,
        ..step.clone()
    });
    Order {
        contact: Contact {
            email: String::new(),
            first_name: Some("Erased".to_owned()),
            last_name: Some("customer".to_owned()),
            phone: None,
        },
        shipping_address: order.shipping_address.as_ref().map(region),
        billing_address: order.billing_address.as_ref().map(region),
        shipment: order.shipment.as_ref().map(|shipment| Shipment {
            tracking: String::new(),
            ..shipment.clone()
        }),
        history: history.collect(),
        ..order.clone()
    }
}

fn region(address: &PostalAddress) -> PostalAddress {
    let code = address.postal_code.as_ref();
    PostalAddress {
        name: None,
        street1: String::new(),
        street2: None,
        city: String::new(),
        state: address.state.clone(),
        postal_code: code.map(|code| code.chars().take(REGION).collect()),
        country: address.country.clone(),
        phone: None,
    }
}
