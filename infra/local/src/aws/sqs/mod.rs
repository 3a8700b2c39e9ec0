//! Standard SQS queues: visibility timeouts, delays, long polling, retention, dead-letter queues.

mod requests;
mod store;
mod wire;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use md5::{Digest as _, Md5};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) use self::store::Received;
use self::store::{Depth, Millis, New, Store, Take};
pub(super) use self::wire::router;
use super::{ACCOUNT, REGION};
use crate::template::QueueSpec;

/// All queues of the template.
pub(crate) struct Sqs {
    store: Mutex<Store>,
    queues: Vec<Queue>,
}

/// One queue.
pub(crate) struct Queue {
    pub(crate) spec: QueueSpec,
    pub(crate) url: String,
    arrived: Notify,
}

/// A message to send.
pub(crate) struct Outgoing {
    pub(crate) body: String,
    /// `MessageAttributes`, JSON.
    pub(crate) attributes: String,
    /// `None` takes the queue's own.
    pub(crate) delay: Option<Duration>,
}

impl Queue {
    /// `arn:aws:sqs:<region>:<account>:<name>`
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.spec.name)
    }
}

impl Sqs {
    /// `url`: where the endpoint listens.
    pub(super) fn open(file: &Path, url: &str, queues: &[QueueSpec]) -> rusqlite::Result<Self> {
        let queue = |spec: &QueueSpec| Queue {
            url: format!("{url}/{ACCOUNT}/{}", spec.name),
            spec: spec.clone(),
            arrived: Notify::new(),
        };
        Ok(Self {
            store: Mutex::new(Store::open(file)?),
            queues: queues.iter().map(queue).collect(),
        })
    }

    /// Every queue of the template.
    pub(crate) fn queues(&self) -> &[Queue] {
        &self.queues
    }

    /// By the template's logical id.
    pub(crate) fn by_logical_id(&self, id: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.spec.logical_id == id)
    }

    /// Sends all or none; answers the message ids in their order.
    pub(crate) fn send(
        &self,
        queue: &Queue,
        messages: &[Outgoing],
    ) -> rusqlite::Result<Vec<String>> {
        let now = now();
        let ids: Vec<String> = messages
            .iter()
            .map(|_| Uuid::new_v4().to_string())
            .collect();
        let new = messages.iter().zip(&ids).map(|(message, id)| New {
            queue: &queue.spec.name,
            message_id: id,
            body: &message.body,
            attributes: &message.attributes,
            sent: now,
            visible: now + millis(message.delay.unwrap_or(queue.spec.delay)),
        });
        self.store().insert(&new.collect::<Vec<_>>())?;
        queue.arrived.notify_waiters();
        Ok(ids)
    }

    /// Takes up to `most` messages; waits for the first one for as long as `wait`.
    pub(crate) async fn receive(
        &self,
        queue: &Queue,
        most: usize,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> rusqlite::Result<Vec<Received>> {
        let deadline = Instant::now() + wait;
        loop {
            // Listening starts before looking, so that no arrival falls between the two.
            let mut arrived = std::pin::pin!(queue.arrived.notified());
            arrived.as_mut().enable();
            let messages = self.take(queue, most, visibility)?;
            if !messages.is_empty() || Instant::now() >= deadline {
                return Ok(messages);
            }
            let next = self.store().next_visible(&queue.spec.name)?;
            let until_next =
                next.map(|at| Duration::from_millis(u64::try_from(at - now()).unwrap_or(0)));
            let wake = until_next.map_or(deadline, |wait| deadline.min(Instant::now() + wait));
            // Either way the next round looks again.
            let _ = tokio::time::timeout_at(wake, arrived).await;
        }
    }

    fn take(
        &self,
        queue: &Queue,
        most: usize,
        visibility: Option<Duration>,
    ) -> rusqlite::Result<Vec<Received>> {
        let now = now();
        let redrive =
            queue.spec.redrive.as_ref().and_then(|redrive| {
                Some((self.by_logical_id(&redrive.target)?, redrive.max_receives))
            });
        let taken = self.store().take(
            &Take {
                queue: &queue.spec.name,
                now,
                most,
                visible_again: now + millis(visibility.unwrap_or(queue.spec.visibility)),
                sent_after: now - millis(queue.spec.retention),
                redrive: redrive
                    .map(|(target, max_receives)| (target.spec.name.as_str(), max_receives)),
            },
            || Uuid::new_v4().to_string(),
        )?;
        if let Some((target, _)) = redrive.filter(|_| taken.redriven) {
            target.arrived.notify_waiters();
        }
        Ok(taken.messages)
    }

    /// Deletes what was received under that receipt, if it still is.
    pub(crate) fn delete(&self, queue: &Queue, receipt: &str) -> rusqlite::Result<()> {
        self.store().delete(&queue.spec.name, receipt).map(drop)
    }

    /// Whether the message is in flight under that receipt, and so comes back after `visibility`.
    fn change_visibility(
        &self,
        queue: &Queue,
        receipt: &str,
        visibility: Duration,
    ) -> rusqlite::Result<bool> {
        let now = now();
        let changed =
            self.store()
                .set_visible(&queue.spec.name, receipt, now, now + millis(visibility))?;
        queue.arrived.notify_waiters();
        Ok(changed)
    }

    /// How many messages are where.
    pub(crate) fn depth(&self, queue: &Queue) -> rusqlite::Result<Depth> {
        self.store().depth(&queue.spec.name, now())
    }

    fn purge(&self, queue: &Queue) -> rusqlite::Result<()> {
        self.store().purge(&queue.spec.name)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic inside leaves an open transaction at worst, which its drop has rolled back.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `MD5OfBody`, which clients compare.
pub(crate) fn md5_hex(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(text.as_bytes()))
}

fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX / 4)
}

#[cfg(test)]
mod tests;
