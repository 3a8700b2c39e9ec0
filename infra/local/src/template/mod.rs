//! What the local platform takes from `template.yaml`.

mod conditions;
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

/// The name of the one secret.
pub(crate) const KEY_RING: &str = "portico/keyring";

/// Routes, event sources and resources of a SAM template, checked against each other.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) functions: BTreeMap<String, FunctionSpec>,
    pub(crate) routes: Vec<RouteSpec>,
    pub(crate) streams: Vec<StreamSpec>,
    pub(crate) queue_sources: Vec<QueueSourceSpec>,
    pub(crate) table: TableSpec,
    pub(crate) bucket: String,
    /// Which pages of which origins may use the bucket's objects.
    pub(crate) cors: Vec<CorsRule>,
    pub(crate) queues: Vec<QueueSpec>,
    pub(crate) key_ring: SecretSpec,
    /// What a `!Ref` in an environment stands for: parameters' defaults, table, bucket, key ring.
    pub(crate) refs: BTreeMap<String, String>,
}

/// What a browser may do at the bucket from pages of some origins.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CorsRule {
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) allowed_methods: Vec<String>,
    #[serde(default)]
    pub(crate) allowed_headers: Vec<String>,
    #[serde(default)]
    pub(crate) exposed_headers: Vec<String>,
    #[serde(default)]
    pub(crate) max_age: u64,
}

/// A function, keyed by the folder of its `CodeUri`.
#[derive(Debug, Clone)]
pub(crate) struct FunctionSpec {
    pub(crate) logical_id: String,
    pub(crate) timeout: Duration,
    /// `Environment.Variables`, those of `Globals` included.
    pub(crate) environment: BTreeMap<String, Setting>,
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    /// As it stands there.
    Text(String),
    /// `!Ref`: a parameter or a resource.
    Ref(String),
}

impl Setting {
    fn read(value: &Json) -> Option<Self> {
        let referred = || Some(Self::Ref(value.get("Ref")?.as_str()?.to_owned()));
        as_text(value).map(Self::Text).or_else(referred)
    }
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
    globals: Globals,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    resources: BTreeMap<String, Resource>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Globals {
    #[serde(default)]
    function: functions::Defaults,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    default: Option<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    #[serde(default)]
    properties: Json,
}

impl Template {
    /// Each function by its name: how long it may run, and whether it serves HTTP.
    pub fn timeouts(&self) -> impl Iterator<Item = (&str, Duration, bool)> {
        self.functions.iter().map(|(name, function)| {
            let http = self.routes.iter().any(|route| route.function == *name);
            (name.as_str(), function.timeout, http)
        })
    }

    /// The body of a `CreateTable` request for the table under another name, and the attribute of its
    /// time-to-live: for a table elsewhere than here.
    pub fn table_named(&self, name: &str) -> (Json, Option<&str>) {
        let mut create = self.table.create.clone();
        create["TableName"] = name.into();
        (create, self.table.ttl_attribute.as_deref())
    }

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

    /// The functions by the name of their code, with their logical ids: `profile`, `ProfileFunction`.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &str)> {
        let functions = self.functions.iter();
        functions.map(|(name, spec)| (name.as_str(), spec.logical_id.as_str()))
    }

    /// A whole template as JSON, with `CloudFormation`'s short forms (`!Ref X`) written out (`{"Ref": "X"}`).
    ///
    /// # Errors
    /// [`StartError::Template`] when it cannot be read.
    pub fn document(path: &Path) -> Result<Json, StartError> {
        let refuse = |reason| StartError::Template {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let yaml = serde_yaml_ng::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        intrinsics::to_json(yaml).map_err(refuse)
    }

    /// As [`Self::load`], from text; an error is its reason.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let yaml = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
        let document = conditions::decided(intrinsics::to_json(yaml)?)?;
        let document: Document =
            serde_json::from_value(document).map_err(|error| error.to_string())?;
        let mut functions = functions::Parsed::new(document.globals.function)
            .map_err(|reason| format!("Globals.Function: {reason}"))?;
        let mut resources = resources::Parsed::default();
        for (id, resource) in &document.resources {
            match resource.r#type.as_str() {
                "AWS::Serverless::Function" => functions.add(id, resource),
                _ => resources.add(id, resource),
            }
            .map_err(|reason| format!("{id}: {reason}"))?;
        }
        let (table_id, table) = resources.table.ok_or("there is no AWS::DynamoDB::Table")?;
        let (bucket_id, bucket) = resources.bucket.ok_or("there is no AWS::S3::Bucket")?;
        let (key_ring_id, key_ring) = resources
            .key_ring
            .ok_or("there is no AWS::SecretsManager::Secret")?;
        let mut refs: BTreeMap<String, String> = (document.parameters.into_iter())
            .filter_map(|(id, parameter)| Some((id, as_text(&parameter.default?)?)))
            .collect();
        refs.insert(table_id, table.name.clone());
        refs.insert(bucket_id, bucket.clone());
        refs.insert(key_ring_id, KEY_RING.to_owned());
        let template = Self {
            functions: functions.functions,
            routes: functions.routes,
            streams: functions.streams,
            queue_sources: functions.queue_sources,
            table,
            bucket,
            cors: resources.cors,
            key_ring,
            queues: resources.queues,
            refs,
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

/// Text, or what CloudFormation makes text of.
fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        _ => None,
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
