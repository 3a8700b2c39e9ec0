//! A page of a shopper's orders: the same for the portal and the storefront.

use serde::Deserialize;
use utoipa::IntoParams;

use super::{App, Page, PageParams, Since, Until};
use crate::domain::order::{self, OrderSort, OrderStatus, OrderSummary, RowQuery};
use crate::error::{Code, Refusal, Result};
use crate::store::Partition;

/// How many orders a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// Which orders, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// Only orders of these statuses, separated by commas.
    #[param(example = "new,processing")]
    status: Option<String>,
    /// By what they are sorted. Also `s`.
    #[serde(default, alias = "s")]
    #[param(inline)]
    sort: OrderSort,
    /// Only orders placed then or later: a date (UTC) or a time. Also `dateFrom`.
    #[serde(default, alias = "dateFrom")]
    #[param(value_type = Option<String>, example = "2026-05-01")]
    from: Option<Since>,
    /// Only orders placed then or earlier: a date, all of it, or a time. Also `dateTo`.
    #[serde(default, alias = "dateTo")]
    #[param(value_type = Option<String>, example = "2026-05-31")]
    to: Option<Until>,
}

impl OrderQuery {
    fn statuses(&self) -> Result<Vec<OrderStatus>> {
        let names = self
            .status
            .as_deref()
            .unwrap_or_default()
            .split(',')
            .map(str::trim);
        let status = |name: &str| {
            name.parse().map_err(|_| {
                Refusal::because(
                    Code::InvalidQuery,
                    format!("{name:?} is not an order status"),
                )
                .into()
            })
        };
        names.filter(|name| !name.is_empty()).map(status).collect()
    }

    /// The page that is asked for, of the orders in one shopper's partition.
    ///
    /// # Errors
    ///
    /// `invalid_query`, `invalid_cursor`.
    pub async fn page(
        &self,
        app: &App,
        partition: &impl Partition,
        params: &PageParams,
    ) -> Result<Page<OrderSummary>> {
        let statuses = self.statuses()?;
        let placed = (self.from.map(|from| from.0), self.to.map(|to| to.0));
        let pk = partition.pk();
        let list = format!("{pk}|orders|{statuses:?}|{placed:?}|{:?}", self.sort);
        let position = params.position(app, partition.org(), &list)?;
        let page_size = params.size_or(PAGE_SIZE);
        let mut query = RowQuery {
            statuses,
            placed,
            counted: position.is_none() && params.by_number,
            sort: self.sort,
            direction: params.direction,
            skip: params.skip(page_size),
            limit: page_size,
            after: None,
        };
        // A cursor is a position of the table, or where the table's order is not the list's, a count.
        match position {
            Some(position) if query.is_table_order() => {
                query.skip = 0;
                query.after = Some(position);
            }
            Some(count) => query.skip = count.parse().map_err(|_| Code::InvalidCursor)?,
            None => {}
        }
        let rows = order::list(&app.store, partition, &query).await?;
        let count = (query.skip + rows.rows.len()).to_string();
        let next = rows.more.then(|| rows.next.unwrap_or(count));
        Ok(Page {
            data: rows.rows.into_iter().map(OrderSummary::from).collect(),
            total: rows.total,
            page: params.page,
            page_size,
            has_next: rows.more,
            next: next.map(|position| params.cursor(app, partition.org(), &list, &position)),
        })
    }
}
