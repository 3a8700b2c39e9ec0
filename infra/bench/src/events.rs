//! The events that the functions are given.

use bytes::Bytes;
use portico_shared::clock;
use portico_shared::queue::{Channel, Job, Recipient};
use serde_json::{Value, json};

use crate::Result;
use crate::platform::Platform;
use crate::world::{Account, ORG, World, org_id};

/// The storefront when it must load the catalogue first.
pub const CATALOGUE: &str = "storefront, catalogue";

/// One event that is typical of a function. No two rounds have the same job.
///
/// # Errors
///
/// When what the event is about is not stored.
pub async fn typical(
    function: &str,
    round: usize,
    platform: &Platform,
    world: &World,
) -> Result<Bytes> {
    let reader = &world.reader;
    let event = match function {
        "profile" => http_event("/profile/whoami", "", reader),
        "storefront" => http_event(
            &format!("/storefront/orders/get/{}", reader.id),
            "pageSize=1",
            reader,
        ),
        CATALOGUE => http_event("/storefront/product/bench-0007", "", reader),
        "changes" => {
            let order = platform
                .item(&format!("{ORG}#C#{}", reader.id), "~ORDER#")
                .await?;
            order_placed(&order, round)
        }
        "crm" => http_event("/crm/health", "", reader),
        "notifications" => job(&reader.id, &reader.email, round)?,
        _ => http_event("/client-data/profile", "", reader),
    };
    Ok(event.to_string().into())
}

/// The record of an order that was placed, as the stream's event source hands it on.
fn order_placed(order: &Value, round: usize) -> Value {
    json!({ "Records": [{
        "eventID": format!("{round:032x}"),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/portico/stream/2026-01-01T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": clock::unix_seconds(),
            "Keys": {"pk": order["pk"], "sk": order["sk"]},
            "NewImage": order,
            "SequenceNumber": format!("{}", 100_000 + round),
            "SizeBytes": 3_000,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }] })
}

/// A job that nobody has done yet.
fn job(author: &str, email: &str, round: usize) -> Result<Value> {
    let job = Job {
        id: format!("bench-{round}"),
        orgid: org_id()?,
        kind: "order.placed".to_owned(),
        at: clock::now(),
        recipient: Recipient {
            author: author.to_owned(),
            email: Some(email.to_owned()),
            phone: None,
            name: Some("Ann Lee".to_owned()),
        },
        channels: vec![Channel::Mail],
        data: json!({
            "orderId": "ord_bench", "orderNumber": "BENCH-1", "status": "new", "total": "28.90 USD",
            "itemCount": 3, "title": "Bench product 1", "carrier": null, "tracking": null,
        }),
    };
    Ok(json!({ "Records": [{
        "messageId": format!("bench-{round}"),
        "receiptHandle": "bench",
        "body": serde_json::to_string(&job)?,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:portico-jobs-queue",
        "awsRegion": "us-east-1",
    }] }))
}

/// The event of a GET by a customer, as API Gateway sends it (payload format 2.0).
pub fn http_event(path: &str, query: &str, who: &Account) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": "*/*",
            "authorization": format!("Bearer {}", who.token),
            "host": "abc123.execute-api.us-east-1.amazonaws.com",
            "orgid": ORG,
            "user-agent": "bench",
            "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "x-forwarded-for": "198.51.100.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "198.51.100.7",
                "userAgent": "bench",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "ANY /{proxy+}",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1_773_342_238_000_i64,
        },
        "isBase64Encoded": false,
    })
}
