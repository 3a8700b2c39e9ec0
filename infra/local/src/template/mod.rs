//! What the local platform takes from `template.yaml`.

mod functions;
mod intrinsics;
mod resources;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::error::StartError;
use crate::sources::Filter;

/// Routes, event sources and resources of a SAM template, checked against each other.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) functions: BTreeMap<String, FunctionSpec>,
    pub(crate) routes: Vec<RouteSpec>,
    pub(crate) streams: Vec<StreamSpec>,
    pub(crate) queue_sources: Vec<QueueSourceSpec>,
    pub(crate) table: TableSpec,
    pub(crate) bucket: String,
    pub(crate) queues: Vec<QueueSpec>,
    pub(crate) key_ring: SecretSpec,
}

/// A function, keyed by the last segment of its `CodeUri`.
#[derive(Debug, Clone)]
pub(crate) struct FunctionSpec {
    pub(crate) logical_id: String,
    pub(crate) timeout: Duration,
}

/// An `HttpApi` event.
#[derive(Debug, Clone)]
pub(crate) struct RouteSpec {
    /// `None` for ANY.
    pub(crate) method: Option<String>,
    /// `/profile/{proxy+}`, or `$default`.
    pub(crate) path: String,
    pub(crate) function: String,
}

/// A `DynamoDB` event: the table's stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamSpec {
    pub(crate) function: String,
    pub(crate) batch_size: usize,
    /// A record passes if any of them matches; all records pass if there is none.
    pub(crate) filters: Vec<Filter>,
    pub(crate) report_item_failures: bool,
    pub(crate) bisect: bool,
    /// Attempts after the first; `None` for no end.
    pub(crate) max_retries: Option<u32>,
    /// Logical id of the queue that is told of records given up.
    pub(crate) on_failure: Option<String>,
}

/// An `SQS` event.
#[derive(Debug, Clone)]
pub(crate) struct QueueSourceSpec {
    pub(crate) function: String,
    /// Logical id.
    pub(crate) queue: String,
    pub(crate) batch_size: usize,
    pub(crate) report_item_failures: bool,
}

/// The single table.
#[derive(Debug, Clone)]
pub(crate) struct TableSpec {
    pub(crate) name: String,
    /// The body of a `CreateTable` request.
    pub(crate) create: Json,
    pub(crate) ttl_attribute: Option<String>,
}

/// A standard queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueSpec {
    pub(crate) logical_id: String,
    pub(crate) name: String,
    pub(crate) visibility: Duration,
    pub(crate) delay: Duration,
    pub(crate) retention: Duration,
    pub(crate) redrive: Option<RedriveSpec>,
}

/// Where a message goes that was received too often.
#[derive(Debug, Clone)]
pub(crate) struct RedriveSpec {
    /// Logical id.
    pub(crate) target: String,
    pub(crate) max_receives: u32,
}

/// `GenerateSecretString` of the secret: `template`, with one member more, which is random.
#[derive(Debug, Clone)]
pub(crate) struct SecretSpec {
    pub(crate) template: serde_json::Map<String, Json>,
    pub(crate) key: String,
    pub(crate) length: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    globals: Json,
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    #[serde(default)]
    properties: Json,
    #[serde(default)]
    metadata: Json,
}

impl Template {
    /// Reads and checks a template.
    ///
    /// # Errors
    /// [`StartError::Template`] with one line that names the resource at fault.
    pub fn load(path: &Path) -> Result<Self, StartError> {
        let refuse = |reason| StartError::Template {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        Self::parse(&text).map_err(refuse)
    }

    /// As [`Self::load`], from text; an error is its reason.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let yaml = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
        let document: Document = serde_json::from_value(intrinsics::to_json(yaml)?)
            .map_err(|error| error.to_string())?;
        let timeout = document
            .globals
            .pointer("/Function/Timeout")
            .and_then(Json::as_u64);
        let mut functions = functions::Parsed::new(timeout);
        let mut resources = resources::Parsed::default();
        for (id, resource) in &document.resources {
            match resource.r#type.as_str() {
                "AWS::Serverless::Function" => functions.add(id, resource),
                _ => resources.add(id, resource),
            }
            .map_err(|reason| format!("{id}: {reason}"))?;
        }
        let template = Self {
            functions: functions.functions,
            routes: functions.routes,
            streams: functions.streams,
            queue_sources: functions.queue_sources,
            table: resources.table.ok_or("there is no AWS::DynamoDB::Table")?.1,
            bucket: resources.bucket.ok_or("there is no AWS::S3::Bucket")?.1,
            key_ring: resources
                .key_ring
                .ok_or("there is no AWS::SecretsManager::Secret")?
                .1,
            queues: resources.queues,
        };
        template.check_queues()?;
        Ok(template)
    }

    /// Every queue that is pointed to must be in the template.
    fn check_queues(&self) -> Result<(), String> {
        let used = (self
            .queue_sources
            .iter()
            .map(|source| (&source.function, &source.queue)))
        .chain(
            self.streams
                .iter()
                .filter_map(|stream| Some((&stream.function, stream.on_failure.as_ref()?))),
        )
        .chain(
            self.queues
                .iter()
                .filter_map(|queue| Some((&queue.logical_id, &queue.redrive.as_ref()?.target))),
        );
        for (user, id) in used {
            if !self.queues.iter().any(|queue| queue.logical_id == *id) {
                return Err(format!(
                    "{user} points to {id}, which is no AWS::SQS::Queue of this template"
                ));
            }
        }
        Ok(())
    }
}

/// Properties of a resource or an event.
fn properties<T: DeserializeOwned>(value: &Json) -> Result<T, String> {
    // A missing `Properties` is an empty one.
    let value = if value.is_null() {
        Json::Object(serde_json::Map::new())
    } else {
        value.clone()
    };
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
