//! The table: one `DynamoDB` table for everything, string keys `pk` and `sk`.
//!
//! An item is `pk`, `sk`, `type` (which [`Entity`] it holds), `v` (its version, counted up by every
//! write), the entity's own members and, where it may be forgotten, `ttl` (Unix seconds).

mod batch;
mod cursor;
mod error;
mod expression;
mod keys;
mod meter;
mod query;
mod retry;
mod scope;
mod stream;
mod sweep;
mod table;
mod tenant;
mod value;
mod write;

pub use cursor::{Cursors, InvalidCursor};
pub use error::{Found, StoreError};
pub use expression::Condition;
pub use keys::{AddressHash, Collection, Item, Key};
pub(crate) use keys::{NOTED, QUEUED, message_position, messages_of, note_position};
pub use meter::{Usage, metered, unmetered};
pub use query::{Direction, List, Slice};
pub use scope::{CustomerScope, GuestScope, Partition, Shopper};
pub use stream::{Change, StreamImage};
pub use sweep::{AnyItem, Span};
pub use table::{Store, Written};
pub use tenant::on_behalf_of;
pub(crate) use tenant::{Reach, TenantSessions};
pub use value::{Entity, Stored};
pub use write::{Update, Write};
