//! What is shown of an order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Contact, Order, OrderRow, OrderStatus, PaymentMethod, PaymentStatus, Shipment};
use crate::domain::address::PostalAddress;
use crate::domain::benefit::{Discount, DiscountType};
use crate::domain::pricing::Line;
use crate::money::{Decimal, Money};

/// An order, as its shopper sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "ord_06f1…", "orderNumber": "ORD-7K3M-9XQ2-AB4D", "author": "cus_06f1…", "status": "new",
    "paymentStatus": "pending", "paymentMethod": "manual",
    "customer": {"email": "ann@acme.example", "firstName": "Ann", "lastName": "Lee", "phone": null},
    "shippingAddress": {"street1": "1 Main St", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US"},
    "billingAddress": null,
    "items": [{"sku": "MUG-BLUE", "productId": "prd_06f1…", "name": "Mug", "image": null, "options": {"color": "blue"}, "quantity": 2, "price": 12.5, "lineTotal": 25.0}],
    "subtotal": 25.0, "discounts": [], "total": 25.0, "currency": "USD", "shipment": null,
    "history": [{"status": "new", "at": "2026-05-04T09:30:00Z"}],
    "createdAt": "2026-05-04T09:30:00Z", "updatedAt": "2026-05-04T09:30:00Z",
}))]
pub struct OrderView {
    id: String,
    /// What people call it by.
    order_number: String,
    /// Whose it is: a customer id or a guest id.
    author: String,
    status: OrderStatus,
    payment_status: PaymentStatus,
    payment_method: PaymentMethod,
    customer: Contact,
    shipping_address: Option<PostalAddress>,
    billing_address: Option<PostalAddress>,
    items: Vec<LineView>,
    /// The sum of the items.
    subtotal: Decimal,
    /// What was taken off the sum.
    discounts: Vec<DiscountView>,
    /// What is to be paid.
    total: Decimal,
    /// ISO 4217.
    currency: &'static str,
    shipment: Option<Shipment>,
    /// Every step it took, oldest first.
    history: Vec<StepView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A step that an order took.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepView {
    status: OrderStatus,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Something taken off the sum of a cart or an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"type": "benefit", "programId": "students", "name": "Student discount", "amount": 2.5}))]
pub struct DiscountView {
    #[serde(rename = "type")]
    kind: DiscountType,
    /// The benefit programme.
    program_id: String,
    name: String,
    amount: Decimal,
}

impl From<Discount> for DiscountView {
    fn from(discount: Discount) -> Self {
        Self {
            kind: discount.kind,
            program_id: discount.program_id.to_string(),
            name: discount.name,
            amount: discount.amount.decimal(),
        }
    }
}

/// A line of a cart or an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineView {
    sku: String,
    product_id: String,
    name: String,
    image: Option<String>,
    options: BTreeMap<String, String>,
    quantity: u32,
    /// What one piece costs.
    price: Decimal,
    /// What the line costs.
    line_total: Decimal,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        // Priced lines are within bounds: pricing refuses a sum that is not.
        let total = line.total().unwrap_or(line.price);
        Self {
            sku: line.sku,
            product_id: line.product_id.to_string(),
            name: line.name,
            image: line.image,
            options: line.options,
            quantity: line.quantity,
            price: line.price.decimal(),
            line_total: total.decimal(),
        }
    }
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        Self {
            id: order.id.to_string(),
            order_number: order.number,
            author: order.author,
            status: order.status,
            payment_status: order.payment_status,
            payment_method: order.payment_method,
            customer: order.contact,
            shipping_address: order.shipping_address,
            billing_address: order.billing_address,
            items: order.lines.into_iter().map(LineView::from).collect(),
            subtotal: order.subtotal.decimal(),
            discounts: order
                .discounts
                .into_iter()
                .map(DiscountView::from)
                .collect(),
            total: order.total.decimal(),
            currency: code(order.total),
            shipment: order.shipment,
            history: order
                .history
                .into_iter()
                .map(|step| StepView {
                    status: step.status,
                    at: step.at,
                })
                .collect(),
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

/// An order in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "ord_06f1…", "orderNumber": "ORD-7K3M-9XQ2-AB4D", "status": "new", "paymentStatus": "pending",
    "total": 25.0, "currency": "USD", "itemCount": 2, "title": "Mug", "createdAt": "2026-05-04T09:30:00Z",
}))]
pub struct OrderSummary {
    id: String,
    /// What people call it by.
    order_number: String,
    status: OrderStatus,
    payment_status: PaymentStatus,
    /// What is to be paid.
    total: Decimal,
    /// ISO 4217.
    currency: &'static str,
    /// How many pieces.
    item_count: u32,
    /// The name of the first item.
    title: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<OrderRow> for OrderSummary {
    fn from(row: OrderRow) -> Self {
        Self {
            id: row.id.to_string(),
            order_number: row.number,
            status: row.status,
            payment_status: row.payment_status,
            total: row.total.decimal(),
            currency: code(row.total),
            item_count: row.item_count,
            title: row.title,
            created_at: row.created_at,
        }
    }
}

fn code(money: Money) -> &'static str {
    money.currency().code()
}
