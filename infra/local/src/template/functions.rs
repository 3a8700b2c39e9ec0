//! `AWS::Serverless::Function` and its events.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::intrinsics::logical_id;
use super::{FunctionSpec, QueueSourceSpec, Resource, RouteSpec, Setting, StreamSpec, properties};
use crate::sources::Filter;

/// Lambda's own default.
const DEFAULT_TIMEOUT: u64 = 3;

/// What was found so far.
pub(super) struct Parsed {
    default_timeout: u64,
    default_environment: BTreeMap<String, Setting>,
    pub(super) functions: BTreeMap<String, FunctionSpec>,
    pub(super) routes: Vec<RouteSpec>,
    pub(super) streams: Vec<StreamSpec>,
    pub(super) queue_sources: Vec<QueueSourceSpec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionProperties {
    code_uri: Option<Json>,
    timeout: Option<u64>,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

/// `Globals.Function`: what holds for every function that does not say otherwise.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Defaults {
    timeout: Option<u64>,
    #[serde(default)]
    environment: Environment,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, Json>,
}

impl Environment {
    fn settings(self) -> Result<BTreeMap<String, Setting>, String> {
        let read = |(name, value): (String, Json)| match Setting::read(&value) {
            Some(setting) => Ok((name, setting)),
            None => Err(format!("Environment.{name} must be text or !Ref")),
        };
        self.variables.into_iter().map(read).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    r#type: String,
    #[serde(default)]
    properties: Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpApiEvent {
    path: Option<String>,
    method: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SourceEvent {
    stream: Option<Json>,
    queue: Option<Json>,
    batch_size: Option<usize>,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    bisect_batch_on_function_error: bool,
    maximum_retry_attempts: Option<i64>,
    #[serde(default)]
    destination_config: Json,
    filter_criteria: Option<FilterCriteria>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterCriteria {
    filters: Vec<Pattern>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pattern {
    pattern: String,
}

impl Parsed {
    pub(super) fn new(defaults: Defaults) -> Result<Self, String> {
        Ok(Self {
            default_timeout: defaults.timeout.unwrap_or(DEFAULT_TIMEOUT),
            default_environment: defaults.environment.settings()?,
            functions: BTreeMap::new(),
            routes: Vec::new(),
            streams: Vec::new(),
            queue_sources: Vec::new(),
        })
    }

    pub(super) fn add(&mut self, id: &str, resource: &Resource) -> Result<(), String> {
        let function: FunctionProperties = properties(&resource.properties)?;
        let name = name(function.code_uri.as_ref())
            .ok_or("CodeUri must be <folder>/<function>/bootstrap.zip")?;
        let timeout = Duration::from_secs(function.timeout.unwrap_or(self.default_timeout));
        let mut environment = self.default_environment.clone();
        environment.extend(function.environment.settings()?);
        let spec = FunctionSpec {
            logical_id: id.to_owned(),
            timeout,
            environment,
        };
        if self.functions.insert(name.clone(), spec).is_some() {
            return Err(format!("another function is called {name} as well"));
        }
        for (event_id, event) in &function.events {
            self.add_event(&name, event)
                .map_err(|reason| format!("Events.{event_id}: {reason}"))?;
        }
        Ok(())
    }

    fn add_event(&mut self, function: &str, event: &Event) -> Result<(), String> {
        match event.r#type.as_str() {
            "HttpApi" => self
                .routes
                .push(route(function, properties(&event.properties)?)?),
            "DynamoDB" => self
                .streams
                .push(stream(function, &properties(&event.properties)?)?),
            "SQS" => self
                .queue_sources
                .push(queue(function, &properties(&event.properties)?)?),
            other => return Err(format!("the local platform knows no {other} events")),
        }
        Ok(())
    }
}

/// `profile` of `target/lambda/current/profile/bootstrap.zip`.
fn name(code_uri: Option<&Json>) -> Option<String> {
    let folder = code_uri?.as_str()?.strip_suffix("/bootstrap.zip")?;
    let name = folder.rsplit('/').next()?;
    (!matches!(name, "" | "." | "..")).then(|| name.to_owned())
}

fn route(function: &str, event: HttpApiEvent) -> Result<RouteSpec, String> {
    let (method, path) = match (event.method, event.path) {
        (None, None) => (None, "$default".to_owned()),
        (Some(method), Some(path)) if path.starts_with('/') => (Some(method), path),
        (_, path) => {
            return Err(format!(
                "Method and a Path that starts with / belong together, not {path:?}"
            ));
        }
    };
    let method = method
        .map(|method| method.to_ascii_uppercase())
        .filter(|method| method != "ANY");
    let greedy = path.find("+}").map(|at| at + 2);
    if greedy.is_some_and(|end| end != path.len()) {
        return Err(format!("the greedy variable must end the path {path}"));
    }
    Ok(RouteSpec {
        method,
        path,
        function: function.to_owned(),
    })
}

fn stream(function: &str, event: &SourceEvent) -> Result<StreamSpec, String> {
    event
        .stream
        .as_ref()
        .and_then(logical_id)
        .ok_or("Stream must be !GetAtt <table>.StreamArn")?;
    let filters = event
        .filter_criteria
        .as_ref()
        .map_or(&[][..], |criteria| &criteria.filters);
    let failure = event.destination_config.pointer("/OnFailure/Destination");
    Ok(StreamSpec {
        function: function.to_owned(),
        batch_size: batch_size(event.batch_size.unwrap_or(100), 10_000)?,
        filters: filters
            .iter()
            .map(|filter| Filter::parse(&filter.pattern))
            .collect::<Result<_, _>>()?,
        report_item_failures: reports_failures(&event.function_response_types)?,
        bisect: event.bisect_batch_on_function_error,
        // -1 is Lambda's way to say "until the record expires".
        max_retries: event
            .maximum_retry_attempts
            .and_then(|attempts| u32::try_from(attempts).ok()),
        on_failure: failure
            .map(|queue| {
                logical_id(queue)
                    .map(str::to_owned)
                    .ok_or("OnFailure must be !GetAtt <queue>.Arn")
            })
            .transpose()?,
    })
}

fn queue(function: &str, event: &SourceEvent) -> Result<QueueSourceSpec, String> {
    if event.filter_criteria.is_some() {
        return Err("the local platform filters no queues".to_owned());
    }
    let queue = event
        .queue
        .as_ref()
        .and_then(logical_id)
        .ok_or("Queue must be !GetAtt <queue>.Arn")?;
    Ok(QueueSourceSpec {
        function: function.to_owned(),
        queue: queue.to_owned(),
        batch_size: batch_size(event.batch_size.unwrap_or(10), 10)?,
        report_item_failures: reports_failures(&event.function_response_types)?,
    })
}

fn batch_size(size: usize, most: usize) -> Result<usize, String> {
    if (1..=most).contains(&size) {
        Ok(size)
    } else {
        Err(format!("BatchSize must be 1 to {most}, not {size}"))
    }
}

fn reports_failures(types: &[String]) -> Result<bool, String> {
    match types {
        [] => Ok(false),
        [one] if one == "ReportBatchItemFailures" => Ok(true),
        other => Err(format!("FunctionResponseTypes {other:?} are unknown")),
    }
}
