//! Staff move an order along.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::find::resolve;
use super::{Order, OrderNumber, OrderRow, OrderStatus, StatusChange, by_id};
use crate::auth::Staff;
use crate::clock;
use crate::domain::stock;
use crate::error::{Code, Refusal, Result};
use crate::store::{Condition, Item, Partition, Shopper, Store, Stored, Update, Write};
use crate::text::line;

/// How goods were sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
#[schema(example = json!({"carrier": "ups", "tracking": "1Z999AA10123456784"}))]
pub struct Shipment {
    /// The carrier, such as `ups`.
    #[garde(length(chars, min = 1, max = 50), custom(line))]
    pub carrier: String,
    /// The tracking number.
    #[garde(length(chars, min = 1, max = 100), custom(line))]
    pub tracking: String,
    /// The carrier's service, such as `ground`.
    #[garde(inner(length(chars, max = 50), custom(line)))]
    pub service: Option<String>,
}

/// A step that staff take.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Picking begins.
    Process,
    /// The carrier has it. Takes the goods off the shelf.
    Ship(Shipment),
    /// The customer has it.
    Deliver,
}

impl Step {
    fn target(&self) -> OrderStatus {
        match self {
            Self::Process => OrderStatus::Processing,
            Self::Ship(_) => OrderStatus::Shipped,
            Self::Deliver => OrderStatus::Delivered,
        }
    }
}

/// Takes a step with an order of the staff's org. Three round trips: the number, the order, the
/// transaction that moves the order, its row and the stock.
///
/// # Errors
///
/// `not_found`; `illegal_transition` with the steps that are possible; `version_conflict` when somebody
/// else moved it at the same moment.
pub async fn advance(
    store: &Store,
    staff: &Staff,
    number: &OrderNumber,
    step: Step,
    note: Option<String>,
) -> Result<Order> {
    let (owner, id) = resolve(store, &staff.org, number).await?;
    let Stored {
        entity: mut order,
        version,
    } = by_id(store, &owner, &id).await?;
    let target = step.target();
    if !order.status.can_become(target) {
        return Err(illegal(order.status, target).into());
    }
    order.status = target;
    order.updated_at = clock::now();
    order.history.push(StatusChange {
        status: target,
        at: order.updated_at,
        by: Some(staff.id.clone()),
        note,
    });
    if let Step::Ship(shipment) = step {
        order.shipment = Some(shipment);
    }
    store.transact(writes(&owner, &order, version)).await?;
    Ok(order)
}

fn writes(owner: &Shopper, order: &Order, version: u64) -> Vec<Write> {
    let change = Update::of::<Order>()
        .set("status", &order.status)
        .set("history", &order.history)
        .set("shipment", &order.shipment)
        .set("updatedAt", &order.updated_at);
    let row = Update::of::<OrderRow>().set("status", &order.status);
    let mut writes = vec![
        Write::update(owner.key(&Item::Order(&order.id)), change)
            .when(Condition::eq("v", &version)),
        Write::update(owner.key(&Item::OrderRow(&order.id)), row).when(Condition::Present),
    ];
    if order.status == OrderStatus::Shipped {
        let skus = super::checkout::quantities(&order.lines);
        writes.extend(
            skus.iter()
                .map(|(sku, (quantity, _))| stock::ship(owner.org(), sku, *quantity)),
        );
    }
    writes
}

fn illegal(from: OrderStatus, to: OrderStatus) -> Refusal {
    let possible: Vec<&str> = from.next().iter().map(|status| status.as_str()).collect();
    let possible = if possible.is_empty() {
        "nothing else".to_owned()
    } else {
        possible.join(", ")
    };
    let message = format!("an order that is {from} cannot become {to}; it can become {possible}");
    Refusal::because(Code::IllegalTransition, message)
}
