//! A DynamoDB event source: the table's stream, in order, to a function.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::streams::{LOCAL_REGION, shard_id};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Outcome, outcome};
use crate::aws::{Outgoing, REGION, Sqs};
use crate::data_dir::write_whole;
use crate::invoke;
use crate::net::Shutdown;
use crate::registry::EventFn;
use crate::template::StreamSpec;

/// Short enough to go unnoticed; looking costs some 30 µs.
const IDLE: Duration = Duration::from_millis(40);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// So many records behind are counted; more are "at least".
const MOST_COUNTED: usize = 1_000;

/// How far a source has come: a checkpoint that outlives the process.
#[derive(Clone)]
pub(crate) struct StreamProgress {
    database: Database,
    table: String,
    arn: String,
    file: PathBuf,
    /// Sequence number of the last record that is done with.
    checkpoint: Arc<Mutex<Option<String>>>,
}

/// How far a source is behind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lag {
    /// Records after the checkpoint; 1000 means at least as many.
    pub(crate) records: usize,
    /// Seconds since the oldest of them was written.
    pub(crate) seconds: i64,
}

impl StreamProgress {
    /// Goes on from `file`, or from the stream's beginning. A `StartingPosition` of LATEST would
    /// be the same, since table and source begin together.
    pub(crate) fn open(database: Database, table: &str, file: PathBuf) -> Result<Self, String> {
        let request = DescribeTableRequest {
            table_name: table.to_owned(),
        };
        let description = database
            .describe_table(request)
            .map_err(|error| error.to_string())?;
        let description = serde_json::to_value(&description).map_err(|error| error.to_string())?;
        let arn = description
            .pointer("/Table/LatestStreamArn")
            .and_then(Value::as_str);
        let arn = arn
            .ok_or_else(|| format!("{table} has no stream"))?
            .to_owned();
        let checkpoint = std::fs::read_to_string(&file)
            .ok()
            .filter(|text| !text.is_empty());
        Ok(Self {
            database,
            table: table.to_owned(),
            arn,
            file,
            checkpoint: Arc::new(Mutex::new(checkpoint)),
        })
    }

    /// Up to `most` records after the checkpoint, oldest first, as Lambda writes them.
    fn read(&self, most: usize) -> Result<Vec<Value>, String> {
        let sequence_number = self
            .checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let start = if sequence_number.is_some() {
            "AFTER_SEQUENCE_NUMBER"
        } else {
            "TRIM_HORIZON"
        };
        let iterator = self.database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn: self.arn.clone(),
            shard_id: shard_id(&self.table),
            shard_iterator_type: start.to_owned(),
            sequence_number,
        });
        let shard_iterator = iterator
            .map_err(|error| error.to_string())?
            .shard_iterator
            .unwrap_or_default();
        let request = GetRecordsRequest {
            shard_iterator,
            limit: Some(most),
        };
        let records = self
            .database
            .get_records(request)
            .map_err(|error| error.to_string())?
            .records;
        let arn = self.lambda_arn();
        records
            .into_iter()
            .map(|record| lambda_record(serde_json::to_value(record), &arn))
            .collect()
    }

    /// The stream's ARN with a region that exists.
    fn lambda_arn(&self) -> String {
        self.arn.replacen(LOCAL_REGION, REGION, 1)
    }

    fn advance(&self, sequence_number: &str) {
        *self
            .checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(sequence_number.to_owned());
        // Without it the records are delivered again after a restart, which functions must bear.
        if let Err(error) = write_whole(&self.file, sequence_number.as_bytes()) {
            tracing::error!(%error, "stream checkpoint");
        }
    }

    /// How far the source is behind.
    pub(crate) fn lag(&self) -> Result<Lag, String> {
        let records = self.read(MOST_COUNTED)?;
        let written = records
            .first()
            .and_then(|record| record["dynamodb"]["ApproximateCreationDateTime"].as_i64());
        let seconds = written.map_or(0, |written| jiff::Timestamp::now().as_second() - written);
        Ok(Lag {
            records: records.len(),
            seconds: seconds.max(0),
        })
    }
}

fn lambda_record(record: serde_json::Result<Value>, arn: &str) -> Result<Value, String> {
    let mut record = record.map_err(|error| error.to_string())?;
    record["awsRegion"] = json!(REGION);
    record["eventSourceARN"] = json!(arn);
    let written = &mut record["dynamodb"]["ApproximateCreationDateTime"];
    if let Some(seconds) = written.as_f64() {
        // Lambda writes whole seconds without a fraction.
        #[expect(clippy::cast_possible_truncation, reason = "seconds of this era")]
        let whole = seconds as i64;
        *written = json!(whole);
    }
    Ok(record)
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"]
        .as_str()
        .unwrap_or_default()
}

/// One `DynamoDB` event of the template.
pub(crate) struct StreamSource {
    pub(crate) spec: StreamSpec,
    pub(crate) function: EventFn,
    pub(crate) timeout: Duration,
    pub(crate) progress: StreamProgress,
    pub(crate) sqs: Arc<Sqs>,
}

/// The record that the stream stands at because it failed.
#[derive(Default)]
struct Stuck {
    sequence_number: String,
    attempts: u32,
}

impl StreamSource {
    /// Delivers until the shutdown; a batch that has begun is finished.
    pub(crate) async fn run(self, mut shutdown: Shutdown) {
        let mut stuck = Stuck::default();
        let mut most = self.spec.batch_size;
        loop {
            let wait = match self.progress.read(most) {
                Ok(records) if records.is_empty() => IDLE,
                Ok(records) => self.deliver(&records, &mut stuck, &mut most).await,
                Err(reason) => {
                    tracing::error!(reason, "stream poll");
                    LONGEST_BACKOFF
                }
            };
            tokio::select! {
                biased;
                () = shutdown.requested() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Calls the function with what passes the filter, moves the checkpoint and answers how long to
    /// wait before the next batch, of `most` records.
    async fn deliver(&self, records: &[Value], stuck: &mut Stuck, most: &mut usize) -> Duration {
        let passes = |record: &Value| {
            self.spec.filters.is_empty()
                || self
                    .spec
                    .filters
                    .iter()
                    .any(|filter| filter.matches(record))
        };
        let places: Vec<usize> = (0..records.len())
            .filter(|place| passes(&records[*place]))
            .collect();
        let batch: Vec<&Value> = places.iter().map(|place| &records[*place]).collect();
        let outcome = if batch.is_empty() {
            Outcome::Done
        } else {
            self.call(&batch).await
        };
        let first = match &outcome {
            Outcome::Done => {
                *most = self.spec.batch_size;
                self.progress
                    .advance(sequence_number(&records[records.len() - 1]));
                return Duration::ZERO;
            }
            Outcome::Some(failed) => failed[0],
            Outcome::All => 0,
        };
        // Everything before the first failure is done.
        if places[first] > 0 {
            self.progress
                .advance(sequence_number(&records[places[first] - 1]));
        }
        let head = sequence_number(batch[first]);
        if stuck.sequence_number != head {
            *stuck = Stuck {
                sequence_number: head.to_owned(),
                attempts: 0,
            };
        }
        stuck.attempts += 1;
        let alone = batch.len() == 1 || matches!(outcome, Outcome::Some(_));
        if self
            .spec
            .max_retries
            .is_some_and(|retries| stuck.attempts > retries)
            && (alone || !self.spec.bisect)
        {
            let last = if alone { first } else { batch.len() - 1 };
            self.give_up(&batch[first..=last], stuck.attempts);
            self.progress.advance(sequence_number(batch[last]));
            return Duration::ZERO;
        }
        if outcome == Outcome::All && self.spec.bisect {
            *most = (batch.len() / 2).max(1);
        }
        FIRST_BACKOFF
            .saturating_mul(1 << (stuck.attempts - 1).min(8))
            .min(LONGEST_BACKOFF)
    }

    async fn call(&self, batch: &[&Value]) -> Outcome {
        let call = (self.function)(invoke::event(batch, self.timeout));
        match invoke::run(self.timeout, call)
            .await
            .map_err(|error| error.to_string())
            .flatten()
        {
            Ok(reply) if self.spec.report_item_failures => {
                let ids: Vec<&str> = batch.iter().map(|record| sequence_number(record)).collect();
                outcome(&reply, &ids)
            }
            Ok(_) => Outcome::Done,
            Err(reason) => {
                tracing::warn!(function = self.spec.function, reason, "stream batch failed");
                Outcome::All
            }
        }
    }

    /// Tells the failure queue which records are skipped; as in AWS, not what is in them.
    fn give_up(&self, batch: &[&Value], attempts: u32) {
        let (first, last) = (
            sequence_number(batch[0]),
            sequence_number(batch[batch.len() - 1]),
        );
        tracing::error!(
            function = self.spec.function,
            first,
            last,
            attempts,
            "stream records given up"
        );
        let Some(queue) = self
            .spec
            .on_failure
            .as_ref()
            .and_then(|id| self.sqs.by_logical_id(id))
        else {
            return;
        };
        let body = json!({
            "version": "1.0",
            "timestamp": jiff::Timestamp::now(),
            "requestContext": {
                "functionArn": self.spec.function,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "DDBStreamBatchInfo": {
                "shardId": shard_id(&self.progress.table),
                "startSequenceNumber": first,
                "endSequenceNumber": last,
                "batchSize": batch.len(),
                "streamArn": self.progress.lambda_arn(),
            },
        });
        let message = Outgoing {
            body: body.to_string(),
            attributes: "{}".to_owned(),
            delay: None,
        };
        if let Err(error) = self.sqs.send(queue, &[message]) {
            tracing::error!(%error, "failure queue");
        }
    }
}

#[cfg(test)]
mod tests;
