//! What is taken of a definition's time.
//!
//! Time is divided into cells of five minutes, and a booking takes every cell from its beginning to its end
//! and its buffer's. A cell is a counter. Booking counts up each of its cells on the condition that all are
//! below the capacity: no two bookings can overlap beyond it, wherever they begin and however long they are,
//! and nothing need be read first. Cells are real time, in UTC, so that neither a change of the clock nor a
//! change of the definition (its hours, its grid, its zone) makes one cell mean another.
//!
//! Six hours of cells are one item: as many as DynamoDB lets one condition name.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::error::Result;
use crate::ids::{DefinitionId, OrgId};
use crate::store::{Condition, Direction, Entity, List, Store, Update, Write};

/// The length of a cell. Every time zone's offset is a multiple of it.
pub const CELL_MINUTES: u32 = 5;
const CELL_SECONDS: i64 = CELL_MINUTES as i64 * 60;
/// How many cells an item has.
const CELLS: i64 = 72;
/// The names of an item's cells: two digits each.
const NAMES: &str = "000102030405060708091011121314151617181920212223242526272829303132333435\
                     363738394041424344454647484950515253545556575859606162636465666768697071";
/// How long after its hours an item may be forgotten.
const KEPT_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Cells counted from the Unix epoch, from the first to behind the last.
pub(super) type Cells = Range<i64>;

/// The cells from one moment to another.
pub(super) fn cells(from: Timestamp, to: Timestamp) -> Cells {
    from.as_second().div_euclid(CELL_SECONDS)
        ..(to.as_second() + CELL_SECONDS - 1).div_euclid(CELL_SECONDS)
}

/// How many bookings have each cell, in some stretch of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken(BTreeMap<i64, u32>);

impl Taken {
    /// How many places are taken at the most, from one moment to another.
    pub fn most(&self, from: Timestamp, to: Timestamp) -> u32 {
        let counts = self.0.range(cells(from, to)).map(|(_, count)| *count);
        counts.max().unwrap_or(0)
    }

    /// Counts a booking, as the table does.
    pub fn add(&mut self, from: Timestamp, to: Timestamp) {
        for cell in cells(from, to) {
            *self.0.entry(cell).or_default() += 1;
        }
    }

    /// What is taken from one moment to another. One round trip.
    pub async fn read(
        store: &Store,
        org: &OrgId,
        definition: &DefinitionId,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Self> {
        let wanted = cells(from, to);
        let (start, end) = (item_of(wanted.start), item_of(wanted.end));
        let before = format!("TAKEN#{}", name_of(start - 1));
        let list = List::prefixed("TAKEN#")
            .direction(Direction::Ascending)
            .after(Some(&before))
            .limit(usize::try_from(end - start + 1).unwrap_or(0));
        let slice = store
            .range::<Counts>(&org.slots_pk(definition), list)
            .await?;
        let mut taken = BTreeMap::new();
        for stored in slice.items {
            taken.extend(stored.entity.cells());
        }
        Ok(Self(taken))
    }
}

/// Six hours of cells, as stored: attributes of two digits, each a count, beside the item's others. A month
/// of free slots reads thousands, so they are taken as they come: a struct with a flattened map would copy
/// each of them twice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Counts(HashMap<String, Attribute>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Attribute {
    Number(i64),
    #[serde(skip_serializing)]
    Other(IgnoredAny),
}

impl Counts {
    /// The cells that are counted, and how many bookings have each.
    fn cells(self) -> impl Iterator<Item = (i64, u32)> {
        let first = match self.0.get("first") {
            Some(Attribute::Number(first)) => *first,
            _ => 0,
        };
        self.0.into_iter().filter_map(move |(name, attribute)| {
            let Attribute::Number(count) = attribute else {
                return None;
            };
            let cell: i64 = name.parse().ok()?;
            Some((first + cell, u32::try_from(count).ok()?))
        })
    }
}

impl Entity for Counts {
    const TYPE: &'static str = "Taken";
}

fn item_of(cell: i64) -> i64 {
    cell.div_euclid(CELLS)
}

fn began(item: i64) -> i64 {
    item * CELLS * CELL_SECONDS
}

/// When the item's hours begin, such as `2026-05-04T06`.
fn name_of(item: i64) -> String {
    let began = Timestamp::from_second(began(item)).unwrap_or(Timestamp::MAX);
    began.strftime("%Y-%m-%dT%H").to_string()
}

/// The writes that take cells and free others, for a transaction: one for each item that changes, which is
/// one item for most bookings. They happen only if no cell that is taken has as many bookings as `capacity`.
/// Items whose hours are over stay as they are.
pub(super) fn writes(
    org: &OrgId,
    definition: &DefinitionId,
    capacity: u32,
    freed: Option<Cells>,
    taken: Option<Cells>,
) -> Vec<Write> {
    let mut changes: BTreeMap<i64, i64> = BTreeMap::new();
    for (cells, change) in [(freed, -1), (taken, 1)] {
        for cell in cells.into_iter().flatten() {
            *changes.entry(cell).or_default() += change;
        }
    }
    let mut items: BTreeMap<i64, Vec<(&'static str, i64)>> = BTreeMap::new();
    let now = clock::unix_seconds();
    for (cell, change) in changes {
        let item = item_of(cell);
        if change != 0 && (change > 0 || began(item + 1) > now) {
            items.entry(item).or_default().push((name(cell), change));
        }
    }
    let write = |(item, changes): (i64, Vec<(&'static str, i64)>)| {
        let key = org.slots_key(definition, &name_of(item));
        let first = Update::of::<Counts>()
            .set("first", &(item * CELLS))
            .set("ttl", &(began(item + 1) + KEPT_SECONDS));
        let count =
            |update: Update, (name, change): &(&'static str, i64)| update.add(name, *change);
        let write = Write::update(key, changes.iter().fold(first, count));
        let taken = changes.iter().filter(|(_, change)| *change > 0);
        let room: Vec<_> = taken.map(|(name, _)| has_room(name, capacity)).collect();
        if room.is_empty() {
            write
        } else {
            write.when(Condition::All(room))
        }
    };
    items.into_iter().map(write).collect()
}

fn name(cell: i64) -> &'static str {
    let at = usize::try_from(cell.rem_euclid(CELLS)).unwrap_or(0) * 2;
    &NAMES[at..at + 2]
}

fn has_room(cell: &'static str, capacity: u32) -> Condition {
    Condition::Any(vec![
        Condition::Lacks(cell),
        Condition::below(cell, &capacity),
    ])
}
