//! Lists of a shopper's own orders.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{OrderRow, OrderStatus};
use crate::error::Result;
use crate::store::{Collection, Direction, List, Partition, Store};

/// What a list of orders can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderSort {
    /// When it was placed: the order that the table keeps.
    #[default]
    #[serde(alias = "createdate", alias = "modifydate")]
    CreatedAt,
    /// What is to be paid.
    Total,
    /// The status's name.
    Status,
    /// The order's number.
    Number,
}

/// Which orders are asked for, and where the page begins.
#[derive(Debug, Clone)]
pub struct RowQuery {
    /// Only these; all if empty.
    pub statuses: Vec<OrderStatus>,
    /// By what.
    pub sort: OrderSort,
    /// Which way.
    pub direction: Direction,
    /// How many to leave out first.
    pub skip: usize,
    /// How many at the most.
    pub limit: usize,
    /// The position that an earlier page ended at, for the table's own order.
    pub after: Option<String>,
}

impl RowQuery {
    /// Whether the table itself can answer: it keeps rows by time and filters nothing.
    pub fn is_table_order(&self) -> bool {
        self.statuses.is_empty() && self.sort == OrderSort::CreatedAt
    }
}

/// A page of rows.
#[derive(Debug)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<OrderRow>,
    /// How many there are in all, where counting them cost nothing.
    pub total: Option<usize>,
    /// Where the next page begins, if there is one: a position of the table.
    pub next: Option<String>,
    /// Whether there is a next page.
    pub more: bool,
}

/// A page of the shopper's own orders. One round trip; for a filter or another order than by time, one
/// for each megabyte of rows, some three thousand orders.
pub async fn list(store: &Store, partition: &impl Partition, query: &RowQuery) -> Result<Rows> {
    let all = List::of(Collection::OrderRows);
    if query.is_table_order() {
        let wanted = query.skip.saturating_add(query.limit);
        let slice = store
            .list(
                partition,
                all.direction(query.direction)
                    .limit(wanted)
                    .after(query.after.as_deref()),
            )
            .await?;
        let next = slice
            .more
            .then(|| slice.positions.last().cloned())
            .flatten();
        let rows = slice.into_entities().into_iter().skip(query.skip).collect();
        return Ok(Rows {
            rows,
            total: None,
            more: next.is_some(),
            next,
        });
    }
    let mut rows: Vec<OrderRow> = store.list(partition, all).await?.into_entities();
    if !query.statuses.is_empty() {
        rows.retain(|row| query.statuses.contains(&row.status));
    }
    sort(&mut rows, query.sort, query.direction);
    let total = rows.len();
    let rows: Vec<OrderRow> = rows
        .into_iter()
        .skip(query.skip)
        .take(query.limit)
        .collect();
    let more = query.skip + rows.len() < total;
    Ok(Rows {
        rows,
        total: Some(total),
        next: None,
        more,
    })
}

/// Equal rows stay newest first.
fn sort(rows: &mut [OrderRow], by: OrderSort, direction: Direction) {
    rows.sort_by(|a, b| {
        let ordering = match by {
            OrderSort::CreatedAt => a.id.cmp(&b.id),
            OrderSort::Total => a.total.minor().cmp(&b.total.minor()),
            OrderSort::Status => a.status.as_str().cmp(b.status.as_str()),
            OrderSort::Number => a.number.cmp(&b.number),
        };
        if direction == Direction::Ascending {
            ordering
        } else {
            ordering.reverse()
        }
    });
}
