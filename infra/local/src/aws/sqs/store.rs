//! Messages in a `SQLite` file, so that a job outlives the process as it would in AWS.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

/// Milliseconds since the epoch.
pub(super) type Millis = i64;

/// A message as it was handed out.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) message_id: String,
    pub(crate) receipt: String,
    pub(crate) body: String,
    /// `MessageAttributes` as the sender wrote them, JSON.
    pub(crate) attributes: String,
    pub(crate) sent: Millis,
    pub(crate) first_taken: Millis,
    pub(crate) receives: u32,
}

/// How many messages are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Depth {
    pub(crate) visible: u64,
    pub(crate) in_flight: u64,
    pub(crate) delayed: u64,
}

/// A message to be kept.
pub(super) struct New<'a> {
    pub(super) queue: &'a str,
    pub(super) message_id: &'a str,
    pub(super) body: &'a str,
    pub(super) attributes: &'a str,
    pub(super) sent: Millis,
    pub(super) visible: Millis,
}

/// What a receive asks for.
pub(super) struct Take<'a> {
    pub(super) queue: &'a str,
    pub(super) now: Millis,
    pub(super) most: usize,
    /// When the messages come back unless they are deleted.
    pub(super) visible_again: Millis,
    /// Older ones are gone.
    pub(super) sent_after: Millis,
    /// Queue of messages that were received this often.
    pub(super) redrive: Option<(&'a str, u32)>,
}

/// What a receive found.
pub(super) struct Taken {
    pub(super) messages: Vec<Received>,
    /// Whether any went to the dead-letter queue.
    pub(super) redriven: bool,
}

pub(super) struct Store(Connection);

impl Store {
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // Survives a crash of the process; only a power cut can lose the last messages.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS messages (
                 id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, message_id TEXT NOT NULL,
                 body TEXT NOT NULL, attributes TEXT NOT NULL, sent INTEGER NOT NULL,
                 visible INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0,
                 first_received INTEGER, receipt TEXT);
             CREATE INDEX IF NOT EXISTS next ON messages (queue, visible, id);
             CREATE INDEX IF NOT EXISTS receipts ON messages (receipt) WHERE receipt IS NOT NULL;",
        )?;
        Ok(Self(connection))
    }

    pub(super) fn insert(&mut self, messages: &[New<'_>]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for new in messages {
            transaction
                .prepare_cached(
                    "INSERT INTO messages (queue, message_id, body, attributes, sent, visible)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    new.queue,
                    new.message_id,
                    new.body,
                    new.attributes,
                    new.sent,
                    new.visible
                ])?;
        }
        transaction.commit()
    }

    pub(super) fn take(
        &mut self,
        take: &Take<'_>,
        mut receipt: impl FnMut() -> String,
    ) -> rusqlite::Result<Taken> {
        let mut taken = Taken {
            messages: Vec::new(),
            redriven: false,
        };
        let transaction = self.0.transaction()?;
        transaction
            .prepare_cached("DELETE FROM messages WHERE queue = ?1 AND sent <= ?2")?
            .execute(params![take.queue, take.sent_after])?;
        if let Some((target, max_receives)) = take.redrive {
            let moved = transaction
                .prepare_cached(
                    "UPDATE messages SET queue = ?1, visible = ?2, receipt = NULL
                     WHERE queue = ?3 AND visible <= ?2 AND receives >= ?4",
                )?
                .execute(params![target, take.now, take.queue, max_receives])?;
            taken.redriven = moved > 0;
        }
        let ids: Vec<i64> = transaction
            .prepare_cached("SELECT id FROM messages WHERE queue = ?1 AND visible <= ?2 ORDER BY visible, id LIMIT ?3")?
            .query_map(params![take.queue, take.now, take.most], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in ids {
            taken.messages.push(
                transaction
                    .prepare_cached(
                        "UPDATE messages SET receives = receives + 1, receipt = :receipt, visible = :visible,
                             first_received = COALESCE(first_received, :now)
                         WHERE id = :id
                         RETURNING message_id, receipt, body, attributes, sent, first_received, receives",
                    )?
                    .query_row(
                        named_params! {
                            ":receipt": receipt(), ":visible": take.visible_again, ":now": take.now, ":id": id,
                        },
                        received,
                    )?,
            );
        }
        transaction.commit()?;
        Ok(taken)
    }

    /// When the next message becomes visible, if there is any.
    pub(super) fn next_visible(&self, queue: &str) -> rusqlite::Result<Option<Millis>> {
        self.0
            .prepare_cached(
                "SELECT visible FROM messages WHERE queue = ?1 ORDER BY visible LIMIT 1",
            )?
            .query_row([queue], |row| row.get(0))
            .optional()
    }

    /// Whether the receipt was the message's latest; an older one deletes nothing.
    pub(super) fn delete(&self, queue: &str, receipt: &str) -> rusqlite::Result<bool> {
        let sql = "DELETE FROM messages WHERE receipt = ?1 AND queue = ?2";
        Ok(self.0.prepare_cached(sql)?.execute([receipt, queue])? > 0)
    }

    /// Whether a message was in flight under that receipt.
    pub(super) fn set_visible(
        &self,
        queue: &str,
        receipt: &str,
        now: Millis,
        visible: Millis,
    ) -> rusqlite::Result<bool> {
        let sql =
            "UPDATE messages SET visible = ?1 WHERE receipt = ?2 AND queue = ?3 AND visible > ?4";
        Ok(self
            .0
            .prepare_cached(sql)?
            .execute(params![visible, receipt, queue, now])?
            > 0)
    }

    pub(super) fn depth(&self, queue: &str, now: Millis) -> rusqlite::Result<Depth> {
        self.0
            .prepare_cached(
                "SELECT COUNT(*) FILTER (WHERE visible <= ?2),
                        COUNT(*) FILTER (WHERE visible > ?2 AND receives > 0),
                        COUNT(*) FILTER (WHERE visible > ?2 AND receives = 0)
                 FROM messages WHERE queue = ?1",
            )?
            .query_row(params![queue, now], |row| {
                Ok(Depth {
                    visible: row.get(0)?,
                    in_flight: row.get(1)?,
                    delayed: row.get(2)?,
                })
            })
    }

    pub(super) fn purge(&self, queue: &str) -> rusqlite::Result<()> {
        self.0
            .execute("DELETE FROM messages WHERE queue = ?1", [queue])
            .map(drop)
    }
}

fn received(row: &Row<'_>) -> rusqlite::Result<Received> {
    Ok(Received {
        message_id: row.get(0)?,
        receipt: row.get(1)?,
        body: row.get(2)?,
        attributes: row.get(3)?,
        sent: row.get(4)?,
        first_taken: row.get(5)?,
        receives: row.get(6)?,
    })
}
