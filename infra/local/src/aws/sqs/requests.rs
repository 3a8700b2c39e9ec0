//! Requests of the SQS JSON protocol, and the limits that AWS documents for them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Outgoing;
use super::wire::Refusal;

/// Of one message and of all messages in one batch, in bytes.
const MOST_BYTES: usize = 1024 * 1024;
const MOST_IN_BATCH: usize = 10;

/// A member that every request has, and the ones that most have.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Target {
    pub(super) queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    message_body: String,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: HashMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    pub(super) entries: Vec<Entry<T>>,
}

#[derive(Deserialize)]
pub(super) struct Entry<T> {
    #[serde(rename = "Id")]
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) request: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    max_number_of_messages: Option<u64>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
    #[serde(default, alias = "AttributeNames")]
    pub(super) message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    pub(super) receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    pub(super) receipt_handle: String,
    visibility_timeout: u64,
}

impl SendMessage {
    pub(super) fn checked(self) -> Result<Outgoing, Refusal> {
        // What XML 1.0 can carry.
        let allowed =
            |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
        let size = self.message_body.len();
        if size == 0 {
            return Err(Refusal::new(
                "MissingParameter",
                "The request must contain the parameter MessageBody.",
            ));
        }
        if size > MOST_BYTES {
            return Err(Refusal::invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {MOST_BYTES} bytes."
            )));
        }
        if !self.message_body.chars().all(allowed) {
            return Err(Refusal::new(
                "InvalidMessageContents",
                "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
            ));
        }
        Ok(Outgoing {
            attributes: Value::from_iter(self.message_attributes).to_string(),
            delay: self
                .delay_seconds
                .map(|delay| seconds("DelaySeconds", delay, 900))
                .transpose()?,
            body: self.message_body,
        })
    }
}

impl<T> Batch<T> {
    /// One to ten entries with ids of their own.
    pub(super) fn checked(self) -> Result<Vec<Entry<T>>, Refusal> {
        if self.entries.is_empty() {
            return Err(Refusal::new(
                "EmptyBatchRequest",
                "There should be at least one entry in the request.",
            ));
        }
        if self.entries.len() > MOST_IN_BATCH {
            return Err(Refusal::new(
                "TooManyEntriesInBatchRequest",
                format!(
                    "Maximum number of entries per request are {MOST_IN_BATCH}. You have sent {}.",
                    self.entries.len()
                ),
            ));
        }
        let ids: HashSet<_> = self.entries.iter().map(|entry| &entry.id).collect();
        if ids.len() < self.entries.len() {
            return Err(Refusal::new(
                "BatchEntryIdsNotDistinct",
                "Two or more batch entries in the request have the same Id.",
            ));
        }
        Ok(self.entries)
    }
}

impl Batch<SendMessage> {
    pub(super) fn within_size(self) -> Result<Self, Refusal> {
        let size: usize = self
            .entries
            .iter()
            .map(|entry| entry.request.message_body.len())
            .sum();
        if size > MOST_BYTES {
            return Err(Refusal::new(
                "BatchRequestTooLong",
                format!(
                    "Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {size} bytes."
                ),
            ));
        }
        Ok(self)
    }
}

impl ReceiveMessage {
    pub(super) fn most(&self) -> Result<usize, Refusal> {
        match self.max_number_of_messages.unwrap_or(1) {
            most @ 1..=10 => Ok(usize::try_from(most).unwrap_or(1)),
            most => Err(Refusal::invalid(format!(
                "Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
            ))),
        }
    }

    pub(super) fn visibility(&self) -> Result<Option<Duration>, Refusal> {
        self.visibility_timeout
            .map(|timeout| seconds("VisibilityTimeout", timeout, 43_200))
            .transpose()
    }

    pub(super) fn wait(&self) -> Result<Duration, Refusal> {
        seconds("WaitTimeSeconds", self.wait_time_seconds.unwrap_or(0), 20)
    }
}

impl ChangeVisibility {
    pub(super) fn visibility(&self) -> Result<Duration, Refusal> {
        seconds("VisibilityTimeout", self.visibility_timeout, 43_200)
    }
}

fn seconds(name: &str, value: u64, most: u64) -> Result<Duration, Refusal> {
    if value > most {
        return Err(Refusal::invalid(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between 0 and {most}, if provided."
        )));
    }
    Ok(Duration::from_secs(value))
}
