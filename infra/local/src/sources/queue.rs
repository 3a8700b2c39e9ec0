//! An SQS event source: batches of messages to a function, and what it did away from the queue.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Outcome, outcome};
use crate::aws::{Queue, REGION, Received, Sqs, md5_hex};
use crate::invoke;
use crate::net::Shutdown;
use crate::registry::EventFn;
use crate::template::QueueSourceSpec;

const LONG_POLL: Duration = Duration::from_secs(20);

/// One `SQS` event of the template.
pub(crate) struct QueueSource {
    pub(crate) spec: QueueSourceSpec,
    pub(crate) function: EventFn,
    pub(crate) timeout: Duration,
    pub(crate) sqs: Arc<Sqs>,
}

impl QueueSource {
    /// Polls until the shutdown; a batch that has begun is finished.
    pub(crate) async fn run(self, mut shutdown: Shutdown) {
        let sqs = Arc::clone(&self.sqs);
        let Some(queue) = sqs.by_logical_id(&self.spec.queue) else {
            return;
        };
        loop {
            let messages = tokio::select! {
                messages = sqs.receive(queue, self.spec.batch_size, None, LONG_POLL) => messages,
                () = shutdown.requested() => return,
            };
            match messages {
                Ok(messages) if messages.is_empty() => {}
                Ok(messages) => self.deliver(queue, &messages).await,
                Err(error) => {
                    tracing::error!(%error, "SQS poll");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn deliver(&self, queue: &Queue, messages: &[Received]) {
        let arn = queue.arn();
        let records: Vec<Value> = messages
            .iter()
            .map(|message| record(message, &arn))
            .collect();
        let call = (self.function)(invoke::event(&records, self.timeout));
        let result = match invoke::run(self.timeout, call).await {
            Ok(result) => result,
            Err(error) => Err(error.to_string()),
        };
        let failed = match result {
            Ok(reply) if self.spec.report_item_failures => {
                let ids: Vec<&str> = messages
                    .iter()
                    .map(|message| message.message_id.as_str())
                    .collect();
                outcome(&reply, &ids)
            }
            Ok(_) => Outcome::Done,
            Err(reason) => {
                tracing::warn!(function = self.spec.function, reason, "queue batch failed");
                Outcome::All
            }
        };
        // What failed stays in flight: it comes back when its visibility timeout is over.
        for (place, message) in messages.iter().enumerate() {
            let done = match &failed {
                Outcome::Done => true,
                Outcome::Some(places) => !places.contains(&place),
                Outcome::All => false,
            };
            if done && let Err(error) = self.sqs.delete(queue, &message.receipt) {
                tracing::error!(%error, "SQS delete");
            }
        }
    }
}

/// A message as Lambda hands it to a function.
fn record(message: &Received, arn: &str) -> Value {
    let attributes: Map<String, Value> =
        serde_json::from_str(&message.attributes).unwrap_or_default();
    let attribute = |value: &Value| {
        json!({
            "dataType": value["DataType"],
            "stringValue": value["StringValue"],
            "binaryValue": value["BinaryValue"],
            "stringListValues": [],
            "binaryListValues": [],
        })
    };
    let attributes: Map<String, Value> = attributes
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": message.system_attributes(),
        "messageAttributes": attributes,
        "md5OfBody": md5_hex(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    })
}
