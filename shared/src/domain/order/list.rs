//! Lists of a shopper's own orders.

use jiff::Timestamp;
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
    /// Only those placed at this moment or later, and at this moment or earlier.
    pub placed: (Option<Timestamp>, Option<Timestamp>),
    /// Whether the orders are to be counted, which takes all of them to be read.
    pub counted: bool,
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
        let filtered = !self.statuses.is_empty() || self.placed != (None, None);
        !filtered && self.sort == OrderSort::CreatedAt
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

/// A page of the shopper's own orders. One round trip; for a filter, another order than by time, or a count,
/// one for each megabyte of rows, some three thousand orders.
pub async fn list(store: &Store, partition: &impl Partition, query: &RowQuery) -> Result<Rows> {
    let all = List::of(Collection::OrderRows);
    if query.is_table_order() {
        if query.counted {
            return counted(store, partition, query).await;
        }
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
    let (from, to) = query.placed;
    rows.retain(|row| {
        (query.statuses.is_empty() || query.statuses.contains(&row.status))
            && from.is_none_or(|from| row.created_at >= from)
            && to.is_none_or(|to| row.created_at <= to)
    });
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

/// A page in the table's own order, by its number: all rows are read, to be counted. A cursor goes on from
/// it as from any other.
async fn counted(store: &Store, partition: &impl Partition, query: &RowQuery) -> Result<Rows> {
    let all = List::of(Collection::OrderRows).direction(query.direction);
    let slice = store.list(partition, all).await?;
    let total = slice.items.len();
    let end = query.skip.saturating_add(query.limit).min(total);
    let more = end < total && query.skip < end;
    let next = more
        .then(|| slice.positions.get(end - 1).cloned())
        .flatten();
    let rows = slice.into_entities().into_iter();
    Ok(Rows {
        rows: rows.skip(query.skip).take(query.limit).collect(),
        total: Some(total),
        next,
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
