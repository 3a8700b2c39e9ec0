//! The table: one `DynamoDB` table for everything, string keys `pk` and `sk`.
//!
//! An item is `pk`, `sk`, `type` (which [`Entity`] it holds), `v` (its version, counted up by every
//! write), the entity's own members and, where it may be forgotten, `ttl` (Unix seconds).

mod cursor;
mod error;
mod keys;
mod meter;
mod query;
mod stream;
mod table;
mod value;
mod write;

pub use cursor::{Cursors, InvalidCursor};
pub use error::{Found, StoreError};
pub use keys::{Collection, CustomerScope, GuestScope, Item, Key, Partition, Shopper};
pub use meter::{Usage, metered, unmetered};
pub use query::{Direction, Slice};
pub use stream::{Change, StreamImage};
pub use table::{Store, Written};
pub use value::{Entity, Stored};
pub use write::{Condition, Update, Write};
