//! Another implementation of `DynamoDB`, which the same tests are run against.

use std::env;

use portico_local::Template;
use portico_shared::aws::{Aws, Endpoints};
use portico_shared::store::Store;
use serde_json::{Value, json};

/// Its endpoint; the embedded one without.
const URL: &str = "PORTICO_TEST_DYNAMODB_URL";
/// What it is, such as `moto`: tests know how it differs.
const NAME: &str = "PORTICO_TEST_DYNAMODB_NAME";

/// Emulators want a signature in form, and take any.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=00";

/// A table somewhere: the embedded one, or one that a test made for itself at a peer.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it answers.
    pub url: String,
    /// The table.
    pub table: String,
    client: reqwest::Client,
}

impl Peer {
    /// The table behind this endpoint.
    ///
    /// # Panics
    ///
    /// Never: a client without TLS needs nothing.
    pub fn at(url: &str, table: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy();
        Self {
            url: url.to_owned(),
            table: table.to_owned(),
            client: client.build().expect("a plain client"),
        }
    }

    /// A new table of the template's definition at the peer, if tests are to be run against one.
    ///
    /// # Panics
    ///
    /// When the peer does not make it.
    pub async fn chosen(template: &Template) -> Option<Self> {
        let url = env::var(URL).ok().filter(|url| !url.is_empty())?;
        let table = format!("portico-{}", uuid::Uuid::now_v7());
        let peer = Self::at(&url, &table);
        let (create, ttl) = template.table_named(&table);
        peer.call("CreateTable", &create).await;
        if let Some(attribute) = ttl {
            let ttl = json!({"AttributeName": attribute, "Enabled": true});
            let update = json!({"TableName": table, "TimeToLiveSpecification": ttl});
            peer.call("UpdateTimeToLive", &update).await;
        }
        Some(peer)
    }

    /// What the implementation under test is: `embedded`, or another.
    ///
    /// # Panics
    ///
    /// When there is an endpoint of another and not its name.
    pub fn name() -> String {
        match env::var(URL) {
            Ok(url) if !url.is_empty() => env::var(NAME).expect("a peer has a name"),
            _ => "embedded".to_owned(),
        }
    }

    /// The table as the product reaches it.
    pub fn store(&self) -> Store {
        let endpoints = Endpoints {
            dynamodb: Some(self.url.clone()),
            ..Endpoints::default()
        };
        Store::new(&Aws::local(endpoints), &self.table)
    }

    /// What the table answers to a call that it must not refuse.
    ///
    /// # Panics
    ///
    /// When it refuses.
    pub async fn call(&self, operation: &str, request: &Value) -> Value {
        let ask = self
            .client
            .post(&self.url)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", SIGNED)
            .header("x-amz-date", "20260101T000000Z")
            .body(request.to_string());
        let answer = ask.send().await.expect("the table answers");
        let status = answer.status();
        let text = answer.text().await.expect("the table's answer is whole");
        assert!(status.is_success(), "{operation}: {status} {text}");
        serde_json::from_str(&text).expect("the table answers JSON")
    }

    /// Every item, as DynamoDB's own JSON, sorted by key.
    ///
    /// # Panics
    ///
    /// When the table does not answer.
    pub async fn items(&self) -> Vec<Value> {
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({"TableName": self.table, "ConsistentRead": true});
            if start != Value::Null {
                request["ExclusiveStartKey"] = start;
            }
            let page = self.call("Scan", &request).await;
            items.extend(page["Items"].as_array().expect("items").iter().cloned());
            start = page["LastEvaluatedKey"].clone();
            if start == Value::Null {
                break;
            }
        }
        items.sort_by_key(|item| format!("{}|{}", item["pk"]["S"], item["sk"]["S"]));
        items
    }
}
