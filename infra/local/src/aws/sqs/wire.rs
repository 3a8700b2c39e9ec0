//! The AWS JSON 1.0 protocol of SQS.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::requests::{
    Batch, ChangeVisibility, DeleteMessage, ReceiveMessage, SendMessage, Target,
};
use super::{Queue, Received, Sqs, md5_hex};

/// An error of the service, in its own names.
pub(super) struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: String) -> Self {
        Self::new("InvalidParameterValue", message)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::new("InternalFailure", error.to_string())
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::new("SerializationException", error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, fault) = match self.code {
            "InternalFailure" => (StatusCode::INTERNAL_SERVER_ERROR, "Receiver"),
            _ => (StatusCode::BAD_REQUEST, "Sender"),
        };
        // Clients of the older query protocol know this one by another name.
        let query_name = match self.code {
            "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
            code @ ("EmptyBatchRequest"
            | "TooManyEntriesInBatchRequest"
            | "BatchEntryIdsNotDistinct"
            | "BatchRequestTooLong") => {
                format!("AWS.SimpleQueueService.{code}")
            }
            code => code.to_owned(),
        };
        let query_error = (
            HeaderName::from_static("x-amzn-query-error"),
            format!("{query_name};{fault}"),
        );
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.code), "message": self.message });
        (status, [query_error], answer(&body)).into_response()
    }
}

/// The endpoint: every operation is a POST to `/`.
pub(crate) fn router(sqs: Arc<Sqs>) -> Router {
    Router::new()
        .route("/", post(handle))
        .route("/{*path}", post(handle))
        .layer(DefaultBodyLimit::max(8 * 1024 * 1024))
        .with_state(sqs)
}

async fn handle(State(sqs): State<Arc<Sqs>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let operation = target.strip_prefix("AmazonSQS.").unwrap_or_default();
    match dispatch(&sqs, operation, &body).await {
        Ok(value) => answer(&value),
        Err(refusal) => refusal.into_response(),
    }
}

fn answer(body: &Value) -> Response {
    (
        [(header::CONTENT_TYPE, "application/x-amz-json-1.0")],
        body.to_string(),
    )
        .into_response()
}

async fn dispatch(sqs: &Sqs, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
    match operation {
        "ListQueues" => {
            let prefix = parse::<Map<String, Value>>(body)?;
            let prefix = prefix
                .get("QueueNamePrefix")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let named = sqs
                .queues()
                .iter()
                .filter(|queue| queue.spec.name.starts_with(prefix));
            return Ok(json!({ "QueueUrls": named.map(|queue| &queue.url).collect::<Vec<_>>() }));
        }
        "GetQueueUrl" => {
            let request = parse::<Value>(body)?;
            let name = request["QueueName"].as_str().unwrap_or_default();
            let queue = sqs
                .queues()
                .iter()
                .find(|queue| queue.spec.name == name)
                .ok_or_else(no_such_queue)?;
            return Ok(json!({ "QueueUrl": queue.url }));
        }
        _ => {}
    }
    let queue = &find(sqs, &parse::<Target>(body)?.queue_url)?;
    match operation {
        "SendMessage" => send(sqs, queue, parse(body)?),
        "SendMessageBatch" => send_batch(sqs, queue, parse(body)?),
        "ReceiveMessage" => receive(sqs, queue, parse(body)?).await,
        "DeleteMessage" => {
            let request: DeleteMessage = parse(body)?;
            sqs.delete(queue, &request.receipt_handle)?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => each(parse(body)?, |request: DeleteMessage| {
            Ok(sqs.delete(queue, &request.receipt_handle)?)
        }),
        "ChangeMessageVisibility" => {
            change_visibility(sqs, queue, &parse(body)?).map(|()| json!({}))
        }
        "ChangeMessageVisibilityBatch" => each(parse(body)?, |request| {
            change_visibility(sqs, queue, &request)
        }),
        "GetQueueAttributes" => attributes(sqs, queue),
        "PurgeQueue" => Ok(sqs.purge(queue).map(|()| json!({}))?),
        other => Err(Refusal::new(
            "InvalidAction",
            format!("The local SQS has no action {other:?}."),
        )),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    Ok(serde_json::from_slice(body)?)
}

fn no_such_queue() -> Refusal {
    Refusal::new("QueueDoesNotExist", "The specified queue does not exist.")
}

/// By the name at the end of the URL: behind a port mapping, host and port differ.
fn find<'a>(sqs: &'a Sqs, url: &str) -> Result<&'a Queue, Refusal> {
    let name = url.rsplit('/').next().unwrap_or_default();
    sqs.queues()
        .iter()
        .find(|queue| queue.spec.name == name)
        .ok_or_else(no_such_queue)
}

fn send(sqs: &Sqs, queue: &Queue, request: SendMessage) -> Result<Value, Refusal> {
    let message = request.checked()?;
    let md5 = md5_hex(&message.body);
    let ids = sqs.send(queue, &[message])?;
    Ok(json!({ "MessageId": ids[0], "MD5OfMessageBody": md5 }))
}

fn send_batch(sqs: &Sqs, queue: &Queue, batch: Batch<SendMessage>) -> Result<Value, Refusal> {
    let (mut failed, mut ids, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for entry in batch.within_size()?.checked()? {
        match entry.request.checked() {
            Ok(message) => {
                ids.push((entry.id, md5_hex(&message.body)));
                messages.push(message);
            }
            Err(refusal) => failed.push(failure(&entry.id, &refusal)),
        }
    }
    let message_ids = sqs.send(queue, &messages)?;
    let successful: Vec<Value> = (ids.iter().zip(message_ids))
        .map(|((id, md5), message_id)| json!({ "Id": id, "MessageId": message_id, "MD5OfMessageBody": md5 }))
        .collect();
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

/// Runs a batch whose entries succeed or fail one by one.
fn each<T>(
    batch: Batch<T>,
    mut run: impl FnMut(T) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in batch.checked()? {
        match run(entry.request) {
            Ok(()) => successful.push(json!({ "Id": entry.id })),
            Err(refusal) => failed.push(failure(&entry.id, &refusal)),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn failure(id: &str, refusal: &Refusal) -> Value {
    json!({ "Id": id, "Code": refusal.code, "Message": refusal.message, "SenderFault": refusal.code != "InternalFailure" })
}

async fn receive(sqs: &Sqs, queue: &Queue, request: ReceiveMessage) -> Result<Value, Refusal> {
    let messages = sqs
        .receive(
            queue,
            request.most()?,
            request.visibility()?,
            request.wait()?,
        )
        .await?;
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| message_json(message, &request))
        .collect();
    Ok(if messages.is_empty() {
        json!({})
    } else {
        json!({ "Messages": messages })
    })
}

fn message_json(message: &Received, request: &ReceiveMessage) -> Value {
    let mut answer = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5_hex(&message.body),
        "Body": message.body,
    });
    let wanted = |names: &[String], name: &str| {
        names
            .iter()
            .any(|any| any == name || any == "All" || any == ".*")
    };
    let mut system = message.system_attributes();
    system.retain(|name, _| wanted(&request.message_system_attribute_names, name));
    if !system.is_empty() {
        answer["Attributes"] = Value::Object(system);
    }
    let mut own: Map<String, Value> = serde_json::from_str(&message.attributes).unwrap_or_default();
    own.retain(|name, _| wanted(&request.message_attribute_names, name));
    if !own.is_empty() {
        answer["MessageAttributes"] = Value::Object(own);
    }
    answer
}

impl Received {
    /// What SQS itself knows of a message, as text.
    pub(crate) fn system_attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            (
                "ApproximateReceiveCount".to_owned(),
                json!(self.receives.to_string()),
            ),
            ("SentTimestamp".to_owned(), json!(self.sent.to_string())),
            ("SenderId".to_owned(), json!(super::ACCOUNT)),
            (
                "ApproximateFirstReceiveTimestamp".to_owned(),
                json!(self.first_taken.to_string()),
            ),
        ])
    }
}

fn change_visibility(sqs: &Sqs, queue: &Queue, request: &ChangeVisibility) -> Result<(), Refusal> {
    if sqs.change_visibility(queue, &request.receipt_handle, request.visibility()?)? {
        Ok(())
    } else {
        Err(Refusal::new(
            "MessageNotInflight",
            "The message referred to isn't in flight.",
        ))
    }
}

fn attributes(sqs: &Sqs, queue: &Queue) -> Result<Value, Refusal> {
    let depth = sqs.depth(queue)?;
    let mut attributes = json!({
        "QueueArn": queue.arn(),
        "ApproximateNumberOfMessages": depth.visible.to_string(),
        "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
        "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
        "VisibilityTimeout": queue.spec.visibility.as_secs().to_string(),
        "DelaySeconds": queue.spec.delay.as_secs().to_string(),
        "MessageRetentionPeriod": queue.spec.retention.as_secs().to_string(),
    });
    if let Some(redrive) = &queue.spec.redrive {
        let target = sqs.by_logical_id(&redrive.target).map(Queue::arn);
        let policy =
            json!({ "deadLetterTargetArn": target, "maxReceiveCount": redrive.max_receives });
        attributes["RedrivePolicy"] = Value::String(policy.to_string());
    }
    Ok(json!({ "Attributes": attributes }))
}
