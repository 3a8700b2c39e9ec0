//! Pages of lists.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{App, Failure, Query};
use crate::error::{Code, Result};
use crate::ids::OrgId;
use crate::store::Direction;

/// The largest page.
const MAX_PAGE_SIZE: usize = 200;
/// How deep page numbers reach; cursors reach everywhere.
const MAX_SKIP: usize = 10_000;

/// Which page of a list is asked for. Both by page number and by cursor; out of range is clamped.
#[derive(Debug, Clone)]
pub struct PageParams {
    /// The page number, from 1.
    pub page: usize,
    /// Whether the request names the page by its number; it is then told how many entries there are.
    pub by_number: bool,
    /// How many entries, 1 to 200; if the request says.
    page_size: Option<usize>,
    /// Which way it is sorted, newest or largest first if the request does not say.
    pub direction: Direction,
    /// The `next` of an earlier page.
    cursor: Option<String>,
}

/// The query parameters of [`PageParams`].
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // `p`, `ps` and the like are read through their aliases
pub struct PageQuery {
    /// The page number, from 1. Also `p`.
    #[serde(alias = "p", default, deserialize_with = "whole_number")]
    #[param(minimum = 1, example = 1)]
    page: Option<i64>,
    /// Entries on a page, at most 200. Also `ps` and `limit`.
    #[serde(
        alias = "ps",
        alias = "limit",
        default,
        deserialize_with = "whole_number"
    )]
    #[param(minimum = 1, maximum = 200, example = 20)]
    page_size: Option<i64>,
    /// Which way: `asc` or `desc`. Also `st`.
    #[serde(alias = "st")]
    #[param(inline)]
    order: Option<SortOrder>,
    /// The `next` of the page before; instead of `page`.
    cursor: Option<String>,
}

/// A whole number of any length. One that is beyond an `i64` is out of range like many others, which
/// are clamped; it is not nonsense.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let (digits, limit) = match text.strip_prefix('-') {
        Some(digits) => (digits, i64::MIN),
        None => (text.as_str(), i64::MAX),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(D::Error::custom(format!("{text:?} is not a whole number")));
    }
    Ok(Some(text.parse().unwrap_or(limit)))
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortOrder {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

impl FromRequestParts<App> for PageParams {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Query(query) = Query::<PageQuery>::from_request_parts(parts, app).await?;
        let clamp = |value: i64, max: usize| usize::try_from(value.max(1)).unwrap_or(max).min(max);
        Ok(Self {
            by_number: query.page.is_some(),
            page: query.page.map_or(1, |page| clamp(page, MAX_SKIP)),
            page_size: query.page_size.map(|size| clamp(size, MAX_PAGE_SIZE)),
            direction: match query.order {
                Some(SortOrder::Asc) => Direction::Ascending,
                Some(SortOrder::Desc) | None => Direction::Descending,
            },
            cursor: query.cursor,
        })
    }
}

impl<T> Page<T> {
    /// The page with its entries as they are shown.
    pub fn showing<V>(self, data: Vec<V>) -> Page<V> {
        Page {
            data,
            total: self.total,
            page: self.page,
            page_size: self.page_size,
            has_next: self.has_next,
            next: self.next,
        }
    }
}

impl PageParams {
    /// How many entries the page has.
    pub fn size_or(&self, default: usize) -> usize {
        self.page_size.unwrap_or(default)
    }

    /// How many entries come before the page, counted by page number.
    pub fn skip(&self, size: usize) -> usize {
        (self.page - 1).saturating_mul(size).min(MAX_SKIP)
    }

    /// The position that the cursor stands for, if there is one. `list` names all that the cursor is
    /// bound to.
    ///
    /// # Errors
    ///
    /// `invalid_cursor`.
    pub fn position(&self, app: &App, org: &OrgId, list: &str) -> Result<Option<String>> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let list = self.bound_to(list);
        Ok(Some(
            app.ring
                .cursors(org)
                .verify(&list, cursor)
                .map_err(|_| Code::InvalidCursor)?,
        ))
    }

    /// The cursor to a position; see [`PageParams::position`].
    pub fn cursor(&self, app: &App, org: &OrgId, list: &str, position: &str) -> String {
        app.ring.cursors(org).sign(&self.bound_to(list), position)
    }

    /// A page of a list that is at hand whole; a cursor into it is a count. `list` names all that the cursor
    /// is bound to.
    ///
    /// # Errors
    ///
    /// `invalid_cursor`.
    pub fn page_of<T, V: From<T>>(
        &self,
        app: &App,
        org: &OrgId,
        list: &str,
        page_size: usize,
        rows: Vec<T>,
    ) -> Result<Page<V>> {
        let skip = match self.position(app, org, list)? {
            Some(count) => count.parse().map_err(|_| Code::InvalidCursor)?,
            None => self.skip(page_size),
        };
        let total = rows.len();
        let page = rows.into_iter().skip(skip).take(page_size);
        let data: Vec<V> = page.map(V::from).collect();
        let end = skip.saturating_add(data.len());
        let has_next = end < total && !data.is_empty();
        Ok(Page {
            data,
            total: Some(total),
            page: self.page,
            page_size,
            has_next,
            next: has_next.then(|| self.cursor(app, org, list, &end.to_string())),
        })
    }

    fn bound_to(&self, list: &str) -> String {
        format!("{list}|{:?}", self.direction)
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// How many there are on all pages, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// The page's number.
    pub page: usize,
    /// How many entries a page has.
    pub page_size: usize,
    /// Whether there is a page behind this one.
    pub has_next: bool,
    /// The `cursor` of the page behind this one.
    pub next: Option<String>,
}
