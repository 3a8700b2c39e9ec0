//! Which change of an item is which event, and who hears of it: one table, in code.

mod benefit;
mod codes;
mod desk;
pub(crate) mod privacy;
mod reservation;

use jiff::Timestamp;
use portico_shared::auth::Code;
use portico_shared::domain::benefit::Benefits;
use portico_shared::domain::customer::Customer;
use portico_shared::domain::desk::{Message, Ticket};
use portico_shared::domain::order::Order;
use portico_shared::domain::privacy::{Erasure, Export};
use portico_shared::domain::reservation::Reservation;
use portico_shared::queue::{Channel, Job, Recipient};
use portico_shared::store::{Change, Entity};
use serde_json::{Value, json};

/// The jobs that a change gives rise to.
pub(crate) fn jobs(change: &Change) -> Option<Job> {
    match change.kind()? {
        Order::TYPE => order_job(change),
        Customer::TYPE => customer_job(change),
        Ticket::TYPE => desk::ticket(change),
        Message::TYPE => desk::message(change),
        Code::TYPE => codes::job(change),
        Reservation::TYPE => reservation::reservation_job(change),
        Export::TYPE => privacy::export_job(change),
        Erasure::TYPE => privacy::erasure_job(change),
        Benefits::TYPE => benefit::benefit_job(change),
        _ => None,
    }
}

fn order_job(change: &Change) -> Option<Job> {
    let order = change.after::<Order>()?.entity;
    let event = match change.before::<Order>() {
        None => "order.placed".to_owned(),
        Some(before) if before.entity.status != order.status => format!("order.{}", order.status),
        Some(_) => return None,
    };
    let data = json!({
        "orderId": order.id,
        "orderNumber": order.number,
        "status": order.status,
        "total": order.total.to_string(),
        "itemCount": order.lines.iter().map(|line| line.quantity).sum::<u32>(),
        "title": order.lines.first().map(|line| line.name.clone()),
        "carrier": order.shipment.as_ref().map(|shipment| shipment.carrier.clone()),
        "tracking": order.shipment.as_ref().map(|shipment| shipment.tracking.clone()),
    });
    let name = order.contact.name();
    job(
        change,
        event,
        order.updated_at,
        Some(order.contact.email),
        name,
        data,
    )
}

fn customer_job(change: &Change) -> Option<Job> {
    let customer = change.after::<Customer>()?.entity;
    let name = customer.name();
    // A guest has no account to be welcomed to, or to be warned about; one who signs up has.
    if customer.guest {
        return None;
    }
    let before = change.before::<Customer>().map(|before| before.entity);
    let (event, at) = match before.filter(|before| !before.guest) {
        None => ("customer.created", customer.updated_at),
        Some(before) if before.password_changed_at != customer.password_changed_at => {
            ("password.changed", customer.password_changed_at?)
        }
        Some(_) => return None,
    };
    // An object, as every notification's data is.
    let (event, data) = (event.to_owned(), json!({}));
    job(change, event, at, Some(customer.email), name, data)
}

pub(crate) fn job(
    change: &Change,
    kind: String,
    at: Timestamp,
    email: Option<String>,
    name: Option<String>,
    data: Value,
) -> Option<Job> {
    let author = change.shopper()?.author().to_owned();
    // The same record gives the same id, however often it comes.
    let id = format!("{kind}|{}", change.fingerprint());
    let orgid = change.org().clone();
    Some(Job {
        id,
        orgid,
        kind,
        at,
        recipient: Recipient {
            author,
            email,
            phone: None,
            name,
        },
        channels: vec![Channel::Mail, Channel::Push],
        data,
    })
}
