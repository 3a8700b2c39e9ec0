//! The queues: of notification jobs, and of the work on whole accounts.

use std::env;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use crate::error::{Error, Result};
use crate::ids::OrgId;
use crate::store::Shopper;

/// SQS takes ten messages at a time.
const BATCH: usize = 10;

/// Something that happened in an org, and who is to hear of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The event, the same however often it is announced: what consumers are idempotent by.
    pub id: String,
    /// The org.
    pub orgid: OrgId,
    /// What happened, such as `order.placed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who hears of it.
    pub recipient: Recipient,
    /// Where else than in the app, as far as the recipient wants it there.
    #[serde(default = "by_mail")]
    pub channels: Vec<Channel>,
    /// What the message's template needs.
    pub data: serde_json::Value,
}

/// A way to reach somebody outside of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Mail,
    /// A push message to the recipient's devices.
    Push,
    /// A text message.
    Sms,
}

/// Jobs that were queued by an earlier version name no channels.
fn by_mail() -> Vec<Channel> {
    vec![Channel::Mail]
}

/// Who hears of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    /// The customer id or guest id; empty for whoever reads the mail of an address.
    pub author: String,
    /// Where mail goes; a customer's to their profile's address if it is not said.
    pub email: Option<String>,
    /// Where text messages go, in E.164.
    #[serde(default)]
    pub phone: Option<String>,
    /// How they are addressed.
    pub name: Option<String>,
}

impl Job {
    /// Who hears of it. The queue is written by this deployment alone, so whom a job names counts as
    /// proved.
    pub fn shopper(&self) -> Option<Shopper> {
        Shopper::proved(&self.orgid, &self.recipient.author)
    }
}

/// The queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at this URL.
    pub fn new(aws: &Aws, url: impl Into<String>) -> Self {
        let config = aws.sdk_config(aws.endpoints().sqs.as_ref());
        Self {
            client: Client::new(&config),
            url: url.into(),
        }
    }

    /// The queue of notification jobs, named by `PORTICO_JOBS_QUEUE_URL`.
    pub fn from_env(aws: &Aws) -> Result<Self> {
        Self::named_by(aws, "PORTICO_JOBS_QUEUE_URL")
    }

    /// The queue whose URL is in this variable.
    pub fn named_by(aws: &Aws, variable: &str) -> Result<Self> {
        let url = env::var(variable);
        let url = url.map_err(|_| Error::Internal(format!("{variable} is not set")))?;
        Ok(Self::new(aws, url))
    }

    /// Sends every job, or fails; then some may have been sent, and sending all again is right.
    pub async fn send<T: Serialize>(&self, jobs: &[T]) -> Result<()> {
        self.send_later(jobs, 0).await
    }

    /// The same, to be handed out after so many seconds, 900 at the most.
    pub async fn send_later<T: Serialize>(&self, jobs: &[T], seconds: i32) -> Result<()> {
        for batch in jobs.chunks(BATCH) {
            let mut request = self.client.send_message_batch().queue_url(&self.url);
            for (position, job) in batch.iter().enumerate() {
                let body = serde_json::to_string(job)
                    .map_err(|error| Error::Internal(error.to_string()))?;
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(position.to_string())
                    .message_body(body)
                    .delay_seconds(seconds);
                request = request.entries(
                    entry
                        .build()
                        .map_err(|error| Error::Internal(error.to_string()))?,
                );
            }
            let output = request
                .send()
                .await
                .map_err(|_| Error::Unavailable("SQS did not answer".to_owned()))?;
            if !output.failed().is_empty() {
                return Err(Error::Unavailable(format!(
                    "SQS refused {} jobs",
                    output.failed().len()
                )));
            }
        }
        Ok(())
    }
}
