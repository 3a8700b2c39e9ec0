//! The dashboard roll-up: what a portal's landing page shows, kept ready in one item.
//!
//! Counts are kept per segment of a collection, a stretch of its sort keys with 256 rows at the most. A change has
//! its own segment counted anew from what there is; so a change costs the same however many rows there are, and
//! however often and in whatever order changes are announced, the outcome is that of counting everything.

mod rolls;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included, Unbounded};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Code, Refusal, Result};
use crate::store::{
    Condition, CustomerScope, Entity, Item, Partition, Span, Store, StoreError, Stored, Update,
    Write,
};

pub use rolls::{Touched, touched};
pub use view::{
    Dashboard, MessageCounts, NotificationCounts, OrderCounts, ReservationCounts, TicketCounts,
    Wallet,
};

use rolls::{ROLLS, Roll};

/// How many entries the recent activity has.
const RECENT: usize = 10;
/// How many rows a segment has at the most: some 64 KB of order rows.
const SEGMENT: usize = 256;
/// Where the first segment begins: before every id.
const FIRST: &str = "0";
/// So much of an id bounds a segment: its prefix and the time it was made.
const BOUND: usize = 14;
/// How often a roll-up is tried while another one is made for the same customer.
const ATTEMPTS: usize = 5;

/// So many of each.
type Counts = BTreeMap<String, u64>;

/// The roll-up, as stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollUp {
    /// By collection, then by where the segment begins: the counts of the segment.
    tallies: BTreeMap<String, BTreeMap<String, Counts>>,
    /// What happened last, newest first.
    recent_activity: Vec<Activity>,
    /// Whether the account was erased: it counts nothing any more.
    #[serde(default)]
    closed: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// What it is: `order`, `ticket`, `reservation`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A line about it.
    pub title: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The id of what it is about.
    #[serde(rename = "ref")]
    pub reference: String,
}

impl Entity for RollUp {
    const TYPE: &'static str = "Dashboard";
}

/// The dashboard of the customer in scope; empty until something has happened.
pub async fn get(store: &Store, scope: &CustomerScope) -> Result<Dashboard> {
    let stored: Option<Stored<RollUp>> = store.get(&scope.key(&Item::Dashboard)).await?;
    let roll_up = stored.map(|stored| stored.entity).unwrap_or_default();
    Ok(Dashboard::of(roll_up, crate::clock::now()))
}

/// What is to be done to a roll-up.
enum Rewrite<'a> {
    Refresh(&'a [Touched]),
    Recount,
    Close,
}

/// Counts anew what was touched. A change that was told of already writes nothing.
pub async fn refresh(store: &Store, scope: &CustomerScope, touched: &[Touched]) -> Result<()> {
    rewrite(store, scope, Rewrite::Refresh(touched)).await
}

/// Counts everything anew: for an operator whose changes were lost, with a stream or in a dead-letter queue.
pub async fn recount(store: &Store, scope: &CustomerScope) -> Result<()> {
    rewrite(store, scope, Rewrite::Recount).await
}

/// Empties the roll-up of an account that is erased, for good: what is deleted later is not counted.
pub async fn close(store: &Store, scope: &CustomerScope) -> Result<()> {
    rewrite(store, scope, Rewrite::Close).await
}

/// Writes the roll-up on the condition that nobody else did in the meantime: what is counted was read after the
/// roll-up was, so the later of two writers has seen everything the earlier one has.
async fn rewrite(store: &Store, scope: &CustomerScope, how: Rewrite<'_>) -> Result<()> {
    let key = scope.key(&Item::Dashboard);
    for _ in 0..ATTEMPTS {
        let stored = store.get_consistent::<RollUp>(&key).await?;
        let condition = stored.as_ref().map_or(Condition::Absent, |stored| {
            Condition::eq("v", &stored.version)
        });
        let before = stored.map(|stored| stored.entity);
        let after = how.apply(store, scope, before.clone().unwrap_or_default());
        let after = after.await?;
        if before.as_ref() == Some(&after) {
            return Ok(());
        }
        let write = Write::update(key.clone(), Update::to(&after)?).when(condition);
        match store.write(write).await {
            Ok(_) => return Ok(()),
            Err(StoreError::ConditionFailed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

impl Rewrite<'_> {
    async fn apply(
        &self,
        store: &Store,
        scope: &CustomerScope,
        mut roll_up: RollUp,
    ) -> Result<RollUp> {
        match self {
            _ if roll_up.closed => {}
            Self::Close => {
                roll_up = RollUp {
                    closed: true,
                    ..RollUp::default()
                };
            }
            Self::Recount => {
                roll_up = RollUp::default();
                for roll in &ROLLS {
                    roll_up.count(store, scope, roll, FIRST).await?;
                }
            }
            Self::Refresh(touched) => {
                let mut done = BTreeSet::new();
                for Touched { roll, id } in *touched {
                    if done.insert((roll.name, roll_up.segment(roll, id).0)) {
                        roll_up.count(store, scope, roll, id).await?;
                    }
                }
            }
        }
        Ok(roll_up)
    }
}

impl RollUp {
    /// Where the segment of an id begins, and where the next one does.
    fn segment(&self, roll: &Roll, id: &str) -> (String, Option<String>) {
        let Some(segments) = self.tallies.get(roll.name) else {
            return (FIRST.to_owned(), None);
        };
        let from = segments
            .range::<str, _>((Unbounded, Included(id)))
            .next_back();
        let from = from.map_or(FIRST, |(from, _)| from);
        let mut behind = segments.range::<str, _>((Excluded(from), Unbounded));
        (from.to_owned(), behind.next().map(|(next, _)| next.clone()))
    }

    /// Counts the segment of an id anew from what there is, and divides it if it has grown too large.
    async fn count(
        &mut self,
        store: &Store,
        scope: &CustomerScope,
        roll: &Roll,
        id: &str,
    ) -> Result<()> {
        let (mut from, next) = self.segment(roll, id);
        let prefix = roll.collection.prefix();
        let first = format!("{prefix}{from}");
        let last = format!("{prefix}{}", next.as_deref().unwrap_or("~"));
        // Consistent: what was written just before the stream told of it must be counted.
        let span = Span::of(&first, &last).consistent();
        let mut rows = Vec::new();
        for item in store.pages(scope, span).await? {
            let id = item.position()[prefix.len()..].to_owned();
            // The row at the end of the span is the next segment's.
            if next.as_ref().is_none_or(|next| id < *next) {
                rows.push((id, (roll.read)(item)?));
            }
        }
        self.note(&rows);
        // Oldest first: all but the newest segment stay full.
        rows.reverse();
        let segments = self.tallies.entry(roll.name.to_owned()).or_default();
        loop {
            let bound = rows.get(SEGMENT).map(|(id, _)| bound(id).to_owned());
            let bound = bound.filter(|bound| *bound > from);
            let rest = bound.as_ref().map_or_else(Vec::new, |bound| {
                rows.split_off(rows.partition_point(|(id, _)| id < bound))
            });
            let mut counts = Counts::new();
            for (name, amount) in rows.iter().flat_map(|(_, row)| &row.counts) {
                *counts.entry(name.clone()).or_default() += amount;
            }
            segments.insert(from, counts);
            match bound {
                Some(bound) => (from, rows) = (bound, rest),
                None => return Ok(()),
            }
        }
    }

    /// Takes what rows tell, newest first, into the recent activity.
    fn note(&mut self, rows: &[(String, rolls::Contribution)]) {
        let news = rows.iter().filter_map(|(_, row)| row.activity.clone());
        let news: Vec<Activity> = news.take(RECENT).collect();
        let told: BTreeSet<&str> = news.iter().map(|entry| entry.reference.as_str()).collect();
        let recent = &mut self.recent_activity;
        recent.retain(|entry| !told.contains(entry.reference.as_str()));
        recent.extend(news);
        recent.sort_by(|a, b| (b.at, &b.reference).cmp(&(a.at, &a.reference)));
        recent.truncate(RECENT);
    }
}

/// Where a segment may begin so that it holds this id.
fn bound(id: &str) -> &str {
    id.get(..BOUND).unwrap_or(id)
}
