//! The customer's payment history.

use std::str::FromStr;

use axum::extract::State;
use jiff::Timestamp;
use portico_shared::domain::transaction::{
    self, Transaction, TransactionMethod, TransactionStatus, TransactionType,
};
use portico_shared::error::{Code, Refusal};
use portico_shared::http::{
    App, Customer, Failure, Json, Page, PageParams, PageQuery, Problem, Query, Routes, Since, Until,
};
use portico_shared::money::Decimal;
use portico_shared::operations;
use portico_shared::store::{Direction, Partition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_transactions)
}

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// An entry of the payment history.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "txn_06f1…", "type": "payment", "amount": 25.0, "currency": "USD", "status": "succeeded",
    "method": "bank_transfer", "reference": "ORD-7K3M-9XQ2-AB4D", "description": null,
    "createdAt": "2026-05-04T09:30:00Z",
}))]
pub(crate) struct TransactionView {
    id: String,
    #[serde(rename = "type")]
    kind: TransactionType,
    /// Never negative: the type tells the direction.
    amount: Decimal,
    /// ISO 4217.
    currency: &'static str,
    status: TransactionStatus,
    method: TransactionMethod,
    /// What it is known by elsewhere, such as an order's number.
    reference: String,
    description: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Transaction> for TransactionView {
    fn from(transaction: Transaction) -> Self {
        Self {
            id: transaction.id.to_string(),
            kind: transaction.kind,
            amount: transaction.amount.decimal(),
            currency: transaction.amount.currency().code(),
            status: transaction.status,
            method: transaction.method,
            reference: transaction.reference,
            description: transaction.description,
            created_at: transaction.created_at,
        }
    }
}

/// Which entries. Several words of one filter are separated by commas.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TransactionQuery {
    /// Only these types.
    #[serde(rename = "type")]
    #[param(example = "payment,refund")]
    kind: Option<String>,
    /// Only of these statuses.
    #[param(example = "succeeded")]
    status: Option<String>,
    /// Only by these methods. Also `paymentMethod`.
    #[serde(alias = "paymentMethod")]
    #[param(example = "card,bank_transfer")]
    method: Option<String>,
    /// Only from then on: a date (UTC) or a time. Also `dateFrom`.
    #[serde(default, alias = "dateFrom")]
    #[param(value_type = Option<String>, example = "2026-05-01")]
    from: Option<Since>,
    /// Only until then: a date, all of it, or a time. Also `dateTo`.
    #[serde(default, alias = "dateTo")]
    #[param(value_type = Option<String>, example = "2026-05-31")]
    to: Option<Until>,
}

/// The words of a filter; none if there is no such filter.
fn words<T: FromStr>(filter: Option<&str>, what: &str) -> Result<Vec<T>, Refusal> {
    let words = filter.unwrap_or_default().split(',').map(str::trim);
    let word = |word: &str| {
        let message = format!("{word:?} is not a transaction's {what}");
        word.parse()
            .map_err(|_| Refusal::because(Code::InvalidQuery, message))
    };
    words.filter(|word| !word.is_empty()).map(word).collect()
}

/// The caller's own payments, refunds, wallet entries and payouts, newest first unless another order is
/// asked for.
#[utoipa::path(
    get, path = "/client-data/transactions", tag = "client-data", security(("customer" = [])),
    params(TransactionQuery, PageQuery),
    responses((status = OK, body = Page<TransactionView>), (status = "4XX", body = Problem)),
)]
async fn list_transactions(
    State(app): State<App>,
    customer: Customer,
    Query(query): Query<TransactionQuery>,
    params: PageParams,
) -> Result<Json<Page<TransactionView>>, Failure> {
    let kinds: Vec<TransactionType> = words(query.kind.as_deref(), "type")?;
    let statuses: Vec<TransactionStatus> = words(query.status.as_deref(), "status")?;
    let methods: Vec<TransactionMethod> = words(query.method.as_deref(), "method")?;
    let (pk, period) = (customer.scope.pk(), (query.from, query.to));
    let list = format!("{pk}|transactions|{kinds:?}|{statuses:?}|{methods:?}|{period:?}");
    let mut all = transaction::list(&app.store, &customer.scope).await?;
    all.retain(|one| {
        (kinds.is_empty() || kinds.contains(&one.kind))
            && (statuses.is_empty() || statuses.contains(&one.status))
            && (methods.is_empty() || methods.contains(&one.method))
            && query.from.is_none_or(|from| one.created_at >= from.0)
            && query.to.is_none_or(|to| one.created_at <= to.0)
    });
    if params.direction == Direction::Ascending {
        all.reverse();
    }
    let page_size = params.size_or(PAGE_SIZE);
    Ok(Json(params.page_of(
        &app,
        &customer.org.id,
        &list,
        page_size,
        all,
    )?))
}
