//! Sums for a month: an idle deployment, and a shop as an example.

use super::follows::later;
use super::inputs::{Budget, Deployment};
use super::model::{Money, call};
use super::prices::{
    ALARM, KEY_CALL, QUEUE_REQUEST, SECRET, TABLE_READ, TABLE_RECOVERY, TABLE_STORAGE,
};
use super::{count, dollars, label};
use crate::Result;
use crate::report::Table;

/// 30 days.
const MONTH_SECONDS: f64 = 2_592_000.0;
/// Lambda polls a queue with five connections, each waiting 20 seconds for a message.
const QUEUE_POLLS: f64 = 5.0 * MONTH_SECONDS / 20.0;
/// `DynamoDB` asks KMS for the table's key at most every five minutes for each role.
const KEY_SECONDS: f64 = 300.0;

/// How many orders the shop has in a month.
pub const ORDERS: f64 = 10_000.0;
/// How often each operation is called for one order: forty visits, of which one buys.
const MIX: [(&str, &str, f64); 20] = [
    ("GET /storefront/products", "warm", 120.0),
    ("GET /storefront/product/{idOrSlug}", "warm", 120.0),
    ("GET /storefront/cart/get/{authorid}", "new guest", 10.0),
    ("GET /storefront/cart/get/{authorid}", "", 10.0),
    ("POST /storefront/cart/update/{cartid}", "one line", 6.0),
    ("POST /profile/customer/signup", "", 0.3),
    ("POST /profile/customer/signin", "", 0.7),
    ("POST /profile/customer/signin", "wrong password", 0.1),
    ("POST /profile/customer/refresh", "", 1.0),
    ("GET /profile/whoami", "customer", 3.0),
    ("GET /client-data/profile", "", 2.0),
    ("GET /client-data/addresses", "", 1.0),
    ("POST /client-data/addresses", "add", 0.4),
    ("GET /client-data/dashboard", "", 2.0),
    ("GET /client-data/notifications", "", 2.0),
    ("GET /client-data/orders", "page of 20", 2.0),
    ("POST /storefront/checkout-cart", "one line", 1.0),
    ("POST /storefront/order/process/{orderNumber}", "", 1.0),
    ("POST /storefront/order/ship/{orderNumber}", "", 1.0),
    ("POST /storefront/order/deliver/{orderNumber}", "", 1.0),
];

/// Instances of the storefront that are warm all month, each with the org's catalogue of 200 products.
const WARM_INSTANCES: f64 = 2.0;
/// What they read a second, at the most: the revision every 5 s, the org's settings every 10 s, 16 KB of stock
/// every 30 s.
const WARM_READS: f64 = 0.5 / 5.0 + 0.5 / 10.0 + 2.0 / 30.0;
/// What an order leaves in the table: order, row, number, cart, four notifications.
const ORDER_BYTES: f64 = 4_000.0;
/// How long orders have been kept.
const MONTHS_KEPT: f64 = 12.0;
/// Lambda functions, each with a role.
const FUNCTIONS: &str = "AWS::Serverless::Function";

/// What is paid in a month without any request: what for, and US dollars.
fn standing(deployment: &Deployment) -> [(String, f64); 3] {
    let alarms = f64::from(deployment.count("AWS::CloudWatch::Alarm"));
    let secrets = f64::from(deployment.count("AWS::SecretsManager::Secret"));
    [
        (format!("secrets: {secrets}"), SECRET.of(secrets)),
        (format!("alarms: {alarms}"), ALARM.of(alarms)),
        (
            format!("Lambda asks the queue {} times", count(QUEUE_POLLS)),
            QUEUE_REQUEST.of(QUEUE_POLLS),
        ),
    ]
}

fn table_of(head: &str, lines: &[(String, f64)]) -> Table {
    let mut table = Table::new(&[head, "US$ a month"]);
    for (what, usd) in lines {
        table.row([what.clone(), dollars(*usd)]);
    }
    let total = lines.iter().map(|(_, usd)| usd).sum();
    table.row(["**in all**".to_owned(), format!("**{}**", dollars(total))]);
    table
}

/// The table of an idle deployment.
pub fn idle(deployment: &Deployment) -> Table {
    table_of("without any request", &standing(deployment))
}

/// What a stored GB costs in a month, with point-in-time recovery.
pub fn stored_gb() -> f64 {
    TABLE_STORAGE.of(1.0) + TABLE_RECOVERY.of(1.0)
}

/// What the shop's customers and staff do for one order.
///
/// # Errors
///
/// When an operation of the example has no budget.
pub fn mix(budgets: &[Budget]) -> Result<Table> {
    let mut table = Table::new(&["operation", "calls for one order"]);
    for (operation, case, each) in &MIX {
        table.row([label(find(budgets, operation, case)?), each.to_string()]);
    }
    Ok(table)
}

/// The table of the shop's month.
///
/// # Errors
///
/// When an operation of the example has no budget or no function.
pub fn example(budgets: &[Budget], deployment: &Deployment) -> Result<Table> {
    let (mut calls, mut answered, mut after) = (0.0, Money::default(), Money::default());
    for (operation, case, each) in &MIX {
        let budget = find(budgets, operation, case)?;
        let number = each * ORDERS;
        calls += number;
        answered += call(budget, deployment)?.times(number);
        after += later(budget, deployment)?.times(number);
    }
    let roles = f64::from(deployment.count(FUNCTIONS));
    let key_calls = roles * MONTH_SECONDS / KEY_SECONDS;
    let warm = WARM_INSTANCES * WARM_READS * MONTH_SECONDS;
    let stored = ORDERS * ORDER_BYTES * MONTHS_KEPT / 1e9;
    let mut lines = vec![
        (format!("HTTP API, {} requests", count(calls)), answered.api),
        ("Lambda, for requests".to_owned(), answered.lambda),
        ("DynamoDB, for requests".to_owned(), answered.table),
        (
            "logs and data out".to_owned(),
            answered.logs_and_data + after.logs_and_data,
        ),
        ("later: Lambda".to_owned(), after.lambda),
        ("later: DynamoDB".to_owned(), after.table),
        ("later: SQS".to_owned(), after.queue),
        ("later: SES".to_owned(), after.mail),
        (
            format!("{WARM_INSTANCES} warm instances look at settings, catalogue and stock"),
            TABLE_READ.of(warm),
        ),
        (
            format!("KMS, {} calls at the most", count(key_calls)),
            KEY_CALL.of(key_calls),
        ),
        (
            format!("a year's orders, {stored} GB"),
            stored * stored_gb(),
        ),
    ];
    lines.extend(standing(deployment));
    Ok(table_of(
        &format!("{} orders a month", count(ORDERS)),
        &lines,
    ))
}

fn find<'a>(budgets: &'a [Budget], operation: &str, case: &str) -> Result<&'a Budget> {
    let mut all = budgets.iter();
    let found = all.find(|budget| budget.operation == operation && budget.case == case);
    found.ok_or_else(|| format!("docs/budgets.md has no row for {operation}, {case}").into())
}
