//! What a request on the wire asks of IAM.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use super::policy::Call;
use super::{arn, bucket_arn, queue_arn, secret_arn};

/// Every permission that a request needs, all of which must be given.
///
/// # Errors
///
/// What is not understood.
pub(super) fn calls(
    service: &str,
    target: Option<&str>,
    path: &str,
    body: &Value,
) -> Result<Vec<Call>, String> {
    let operation = target
        .and_then(|target| target.split_once('.'))
        .map(|(_, operation)| operation);
    match (service, operation) {
        ("dynamodb", Some(operation)) => items(operation, body),
        ("sqs", Some(operation)) => {
            // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-using-identity-based-policies.html
            let action = operation.strip_suffix("Batch").unwrap_or(operation);
            let url = body["QueueUrl"].as_str().ok_or("a request for no queue")?;
            Ok(vec![plain("sqs", action, queue_arn(url))])
        }
        ("secretsmanager", Some(operation)) => {
            let id = body["SecretId"].as_str().ok_or("a request for no secret")?;
            Ok(vec![plain("secretsmanager", operation, secret_arn(id))])
        }
        ("ses", None) if path == "/v2/email/outbound-emails" => {
            let from = body["FromEmailAddress"]
                .as_str()
                .ok_or("a mail of nobody")?;
            let domain = from.rsplit('@').next().unwrap_or(from);
            // SES asks for whichever identity is verified; the role must do for either.
            let identities = [from, domain].map(|identity| {
                let mut call = plain(
                    "ses",
                    "SendEmail",
                    arn("ses", &format!("identity/{identity}")),
                );
                let from = vec![from.to_owned()];
                call.context.insert("ses:FromAddress".to_owned(), from);
                call
            });
            Ok(identities.into())
        }
        ("sns", None) if body["Action"] == "Publish" => {
            // A telephone number is a resource of its own, without an ARN.
            let to = [&body["PhoneNumber"], &body["TopicArn"]];
            let to = to.iter().find_map(|to| to.as_str());
            let to = to.ok_or("a message for nobody")?;
            Ok(vec![plain("sns", "Publish", to.to_owned())])
        }
        _ => Err(format!("{service} {target:?} {path} is not understood")),
    }
}

/// What a request to the bucket needs, which has the object in its path; or the bucket itself, for a list of it or
/// for the deletion of many.
///
/// # Errors
///
/// What is not understood.
pub(super) fn object(
    method: &Method,
    path: &str,
    query: &BTreeMap<String, String>,
    tagged: bool,
    body: &[u8],
) -> Result<Vec<Call>, String> {
    let (bucket, key) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_else(|| (path.trim_start_matches('/'), ""));
    let on = |action: &str, key: &str| {
        // Keys are made of characters that stand for themselves.
        if key.is_empty() || key.contains(['%', '&']) {
            return Err(format!("{method} {path} names no object"));
        }
        Ok(plain("s3", action, format!("{}/{key}", bucket_arn(bucket))))
    };
    let list = |action: &str| {
        let prefix = query.get("prefix").cloned().into_iter().collect();
        let mut call = plain("s3", action, bucket_arn(bucket));
        call.context.insert("s3:prefix".to_owned(), prefix);
        Ok(vec![call])
    };
    match (method.as_str(), key) {
        ("GET", "") if query.contains_key("list-type") => list("ListBucket"),
        ("GET", "") if query.contains_key("versions") => list("ListBucketVersions"),
        ("POST", "") if query.contains_key("delete") => {
            let body = String::from_utf8_lossy(body);
            let objects = body.split("<Key>").skip(1);
            let call = |object: &str| {
                let (key, rest) = object.split_once("</Key>").ok_or("a key without an end")?;
                let version = rest.trim_start().starts_with("<VersionId>");
                on(
                    ["DeleteObject", "DeleteObjectVersion"][usize::from(version)],
                    key,
                )
            };
            objects.map(call).collect()
        }
        ("GET", key) => Ok(vec![on("GetObject", key)?]),
        ("PUT", key) if tagged => Ok(vec![on("PutObject", key)?, on("PutObjectTagging", key)?]),
        ("PUT", key) => Ok(vec![on("PutObject", key)?]),
        ("DELETE", key) => Ok(vec![on("DeleteObject", key)?]),
        (other, _) => Err(format!("{other} of an object is not understood")),
    }
}

fn plain(service: &str, action: &str, resource: String) -> Call {
    Call {
        action: format!("{service}:{action}"),
        resource,
        context: BTreeMap::new(),
    }
}

/// Transactions are authorised by what they contain:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
fn items(operation: &str, body: &Value) -> Result<Vec<Call>, String> {
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let mut calls = Vec::new();
            for item in list(&body["TransactItems"])? {
                let (name, one) = item
                    .as_object()
                    .and_then(|members| members.iter().next())
                    .ok_or("an empty item of a transaction")?;
                let action = match name.as_str() {
                    "Put" => "PutItem",
                    "Update" => "UpdateItem",
                    "Delete" => "DeleteItem",
                    "ConditionCheck" => "ConditionCheckItem",
                    "Get" => "GetItem",
                    other => return Err(format!("{other} in a transaction is not understood")),
                };
                calls.push(item_call(action, &one["TableName"], &[one])?);
            }
            Ok(calls)
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"]
                .as_object()
                .ok_or("a batch of nothing")?;
            tables
                .iter()
                .map(|(table, asked)| {
                    let keys: Vec<_> = list(&asked["Keys"])?.iter().collect();
                    item_call(operation, &Value::from(table.as_str()), &keys)
                })
                .collect()
        }
        "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query" => {
            Ok(vec![item_call(operation, &body["TableName"], &[body])?])
        }
        // Names no items, so that only a policy without a condition on them can allow it.
        _ => item_call(operation, &body["TableName"], &[]).map(|call| vec![call]),
    }
}

fn item_call(action: &str, table: &Value, items: &[&Value]) -> Result<Call, String> {
    let table = table.as_str().ok_or("a request for no table")?;
    let mut call = plain(
        "dynamodb",
        action,
        arn("dynamodb", &format!("table/{table}")),
    );
    let keys: Vec<_> = items
        .iter()
        .map(|item| key(item))
        .collect::<Result<_, _>>()?;
    if !keys.is_empty() {
        call.context.insert("dynamodb:LeadingKeys".to_owned(), keys);
    }
    Ok(call)
}

/// The partition key of what a request, a part of it or a key names.
fn key(item: &Value) -> Result<String, String> {
    let of_query = || {
        let expression = item["KeyConditionExpression"].as_str()?;
        let name = expression.strip_prefix("pk = ")?.split(' ').next()?;
        item["ExpressionAttributeValues"][name]["S"].as_str()
    };
    let named = [&item["Key"], &item["Item"], item];
    let named = named.iter().find_map(|at| at["pk"]["S"].as_str());
    let found = named.or_else(of_query).map(str::to_owned);
    found.ok_or_else(|| format!("no partition key in {item}"))
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| format!("{value} is no list"))
}
