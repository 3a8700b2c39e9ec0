//! Orders: entities, the state machine, placing, finding and moving them along.

mod checkout;
mod find;
mod fulfil;
mod list;
mod status;
mod view;

use std::str::FromStr;

use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::PostalAddress;
use super::benefit::Discount;
use super::payment_method::PaymentProvider;
use super::pricing::Line;
use crate::ids::{CartId, OrderId, StaffId};
use crate::money::Money;
use crate::store::Entity;
use crate::text::{full_name, line};

pub use checkout::{Checkout, Placed, Shop, place};
pub use find::{by_email, by_id, by_number};
pub use fulfil::{Shipment, Step, advance};
pub use list::{OrderSort, RowQuery, Rows, list};
pub use status::OrderStatus;
pub use view::{DiscountView, LineView, OrderSummary, OrderView, StepView};

/// How an order is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PaymentMethod {
    /// Outside the platform: cash on delivery, bank transfer, invoice.
    Manual,
}

/// Whether an order is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PaymentStatus {
    /// Not yet.
    Pending,
    /// In full.
    Paid,
}

/// Money that a payment provider took for an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    /// Who took it.
    pub provider: PaymentProvider,
    /// What it is paid back by: Stripe's `pi_…`, the id of PayPal's capture.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
}

/// Whom an order is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"}))]
pub struct Contact {
    /// Where the confirmation goes; with the order's number it opens the order to who has no account.
    #[garde(email, length(max = 254))]
    #[schema(format = Email)]
    pub email: String,
    /// Given name.
    #[garde(inner(length(chars, max = 100), custom(line)))]
    pub first_name: Option<String>,
    /// Family name.
    #[garde(inner(length(chars, max = 100), custom(line)))]
    pub last_name: Option<String>,
    /// E.164.
    #[garde(inner(length(chars, max = 20), custom(line)))]
    pub phone: Option<String>,
}

impl Contact {
    /// Given and family name, as far as they are known.
    pub fn name(&self) -> Option<String> {
        full_name(self.first_name.as_deref(), self.last_name.as_deref())
    }
}

/// An order, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The id, which sorts by time.
    pub id: OrderId,
    /// The number that people speak of, such as `ORD-7K3M-9XQ2-AB4D`.
    pub number: String,
    /// Whose it is: a customer id or a guest id.
    pub author: String,
    /// How far it is.
    pub status: OrderStatus,
    /// Whether it is paid for.
    pub payment_status: PaymentStatus,
    /// How it is paid for.
    pub payment_method: PaymentMethod,
    /// Whom it is for.
    pub contact: Contact,
    /// Where the goods go.
    pub shipping_address: Option<PostalAddress>,
    /// Where the bill goes, if elsewhere.
    pub billing_address: Option<PostalAddress>,
    /// What was ordered, at the prices of that moment.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub subtotal: Money,
    /// What was taken off the sum.
    #[serde(default)]
    pub discounts: Vec<Discount>,
    /// What is to be paid.
    pub total: Money,
    /// What was paid through the platform. What was paid outside it is not here.
    #[serde(default)]
    pub payments: Vec<Captured>,
    /// The cart it was.
    pub cart: CartId,
    /// How it was sent.
    pub shipment: Option<Shipment>,
    /// Every step it took.
    pub history: Vec<StatusChange>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Entity for Order {
    const TYPE: &'static str = "Order";
}

/// A step that an order took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusChange {
    /// What it became.
    pub status: OrderStatus,
    /// When.
    pub at: Timestamp,
    /// Who moved it; nobody when the shopper placed it.
    pub by: Option<StaffId>,
    /// What they noted, for staff.
    pub note: Option<String>,
}

/// An order's row in lists, as stored: what a list shows, filters and sorts by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRow {
    /// The order's id.
    pub id: OrderId,
    /// The order's number.
    pub number: String,
    /// How far it is.
    pub status: OrderStatus,
    /// Whether it is paid for.
    pub payment_status: PaymentStatus,
    /// What is to be paid.
    pub total: Money,
    /// How many pieces.
    pub item_count: u32,
    /// The name of its first line.
    pub title: String,
    /// When it was placed.
    pub created_at: Timestamp,
}

impl Entity for OrderRow {
    const TYPE: &'static str = "OrderRow";
}

impl OrderRow {
    /// The row of an order. A long product name is cut: a row stays within a twentieth of a read unit.
    fn of(order: &Order) -> Self {
        let title = order
            .lines
            .first()
            .map(|line| line.name.chars().take(60).collect());
        Self {
            id: order.id.clone(),
            number: order.number.clone(),
            status: order.status,
            payment_status: order.payment_status,
            total: order.total,
            item_count: order.lines.iter().map(|line| line.quantity).sum(),
            title: title.unwrap_or_default(),
            created_at: order.created_at,
        }
    }
}

/// Order number → the order and whose it is, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pointer {
    order: OrderId,
    author: String,
    /// Of the request that placed it.
    fingerprint: String,
}

impl Entity for Pointer {
    const TYPE: &'static str = "OrderPointer";
}

/// A well-formed order number, in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct OrderNumber(String);

impl OrderNumber {
    /// The number that a seed always gives: sixty bits in Crockford's base 32, which people can read out
    /// over a telephone and nobody can guess.
    pub(super) fn derived(seed: &[u8; 32]) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let text: String = seed[..12]
            .iter()
            .map(|b| char::from(ALPHABET[usize::from(b % 32)]))
            .collect();
        Self(format!("ORD-{}-{}-{}", &text[..4], &text[4..8], &text[8..]))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OrderNumber {
    type Error = crate::ids::InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for OrderNumber {
    type Err = crate::ids::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_ascii_uppercase();
        let groups: Vec<&str> = text.split('-').collect();
        let group = |g: &&str| g.len() == 4 && g.bytes().all(|b| b.is_ascii_alphanumeric());
        match groups.as_slice() {
            ["ORD", rest @ ..] if rest.len() == 3 && rest.iter().all(group) => Ok(Self(text)),
            _ => Err(crate::ids::InvalidId),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_read_back_in_any_case_and_has_none_of_the_letters_people_confuse(seed: [u8; 32]) {
            let number = OrderNumber::derived(&seed);
            prop_assert_eq!(number.as_str().to_lowercase().parse(), Ok(number.clone()));
            prop_assert!(!number.as_str()[4..].contains(['I', 'L', 'O', 'U']), "{}", number.as_str());
        }

        #[test]
        fn what_is_not_a_number_is_no_number(text in "\\PC*") {
            if let Ok(number) = text.parse::<OrderNumber>() {
                prop_assert!(text.eq_ignore_ascii_case(number.as_str()));
                prop_assert_eq!(text.len(), "ORD-0000-0000-0000".len());
            }
        }
    }
}
