//! Table, bucket, queues and the secret.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::intrinsics::{logical_id, physical_name};
use super::{CorsRule, QueueSpec, RedriveSpec, Resource, SecretSpec, TableSpec, properties};

/// What was found so far, the single ones with their logical ids.
#[derive(Default)]
pub(super) struct Parsed {
    pub(super) table: Option<(String, TableSpec)>,
    pub(super) bucket: Option<(String, String)>,
    pub(super) cors: Vec<CorsRule>,
    pub(super) key_ring: Option<(String, SecretSpec)>,
    pub(super) queues: Vec<QueueSpec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueProperties {
    queue_name: Option<Json>,
    #[serde(default)]
    fifo_queue: bool,
    #[serde(default = "thirty_seconds")]
    visibility_timeout: u64,
    #[serde(default)]
    delay_seconds: u64,
    #[serde(default = "four_days")]
    message_retention_period: u64,
    redrive_policy: Option<RedrivePolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: Json,
    max_receive_count: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CorsConfiguration {
    cors_rules: Vec<CorsRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretProperties {
    generate_secret_string: GenerateSecretString,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateSecretString {
    secret_string_template: String,
    generate_string_key: String,
    #[serde(default = "thirty_two")]
    password_length: usize,
}

impl Parsed {
    /// Takes what is served here and leaves the rest (roles, alarms, logs) alone.
    pub(super) fn add(&mut self, id: &str, resource: &Resource) -> Result<(), String> {
        let name = |property: &str| physical_name(resource.properties.get(property), id);
        match resource.r#type.as_str() {
            "AWS::DynamoDB::Table" => {
                let table = table(name("TableName"), &resource.properties)?;
                only(&mut self.table, id, table)
            }
            "AWS::S3::Bucket" => {
                let rules = resource.properties.get("CorsConfiguration");
                let rules = rules.map(properties::<CorsConfiguration>);
                self.cors = rules.transpose()?.unwrap_or_default().cors_rules;
                only(&mut self.bucket, id, name("BucketName"))
            }
            "AWS::SecretsManager::Secret" => only(
                &mut self.key_ring,
                id,
                secret(properties(&resource.properties)?)?,
            ),
            "AWS::SQS::Queue" => {
                self.queues
                    .push(queue(id, properties(&resource.properties)?)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn only<T>(place: &mut Option<(String, T)>, id: &str, value: T) -> Result<(), String> {
    if let Some((first, _)) = place {
        return Err(format!(
            "the local platform serves one of its kind, and that is {first}"
        ));
    }
    *place = Some((id.to_owned(), value));
    Ok(())
}

fn table(name: String, written: &Json) -> Result<TableSpec, String> {
    let mut create = json!({ "TableName": name });
    for member in ["KeySchema", "AttributeDefinitions"] {
        create[member] = written
            .get(member)
            .ok_or_else(|| format!("{member} is missing"))?
            .clone();
    }
    for member in [
        "BillingMode",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "ProvisionedThroughput",
    ] {
        if let Some(value) = written.get(member) {
            create[member] = value.clone();
        }
    }
    if let Some(view) = written.pointer("/StreamSpecification/StreamViewType") {
        create["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": view });
    }
    let ttl = written.get("TimeToLiveSpecification");
    let enabled = ttl
        .and_then(|ttl| ttl.get("Enabled"))
        .and_then(Json::as_bool)
        .unwrap_or(false);
    let attribute = ttl
        .and_then(|ttl| ttl.get("AttributeName"))
        .and_then(Json::as_str);
    Ok(TableSpec {
        name,
        create,
        ttl_attribute: attribute.filter(|_| enabled).map(str::to_owned),
    })
}

fn queue(id: &str, written: QueueProperties) -> Result<QueueSpec, String> {
    if written.fifo_queue {
        return Err("the local platform serves no FIFO queues".to_owned());
    }
    let redrive = match written.redrive_policy {
        None => None,
        Some(policy) if policy.max_receive_count == 0 => {
            return Err("maxReceiveCount must be at least 1".to_owned());
        }
        Some(policy) => Some(RedriveSpec {
            target: logical_id(&policy.dead_letter_target_arn)
                .ok_or("deadLetterTargetArn must be !GetAtt <queue>.Arn")?
                .to_owned(),
            max_receives: policy.max_receive_count,
        }),
    };
    Ok(QueueSpec {
        logical_id: id.to_owned(),
        name: physical_name(written.queue_name.as_ref(), id),
        visibility: Duration::from_secs(written.visibility_timeout),
        delay: Duration::from_secs(written.delay_seconds),
        retention: Duration::from_secs(written.message_retention_period),
        redrive,
    })
}

fn secret(written: SecretProperties) -> Result<SecretSpec, String> {
    let written = written.generate_secret_string;
    let template: Map<String, Json> = serde_json::from_str(&written.secret_string_template)
        .map_err(|error| format!("SecretStringTemplate must be a JSON object: {error}"))?;
    Ok(SecretSpec {
        template,
        key: written.generate_string_key,
        length: written.password_length,
    })
}

const fn thirty_seconds() -> u64 {
    30
}

const fn four_days() -> u64 {
    4 * 24 * 60 * 60
}

const fn thirty_two() -> usize {
    32
}
