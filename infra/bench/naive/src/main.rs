//! A function as one would write it on the first day: a client from `aws_config::load_defaults`, one
//! `GetItem`, no router, no keys, no logging.
//!
//! Reads the item of key (`NAIVE_PK`, `NAIVE_SK`) of the table `PORTICO_TABLE`, all three from the
//! environment, and answers how many attributes it has.

use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = Client::new(&config);
    let (table, pk, sk) = (
        env::var("PORTICO_TABLE")?,
        env::var("NAIVE_PK")?,
        env::var("NAIVE_SK")?,
    );
    let (client, table, pk, sk) = (&client, &table, &pk, &sk);
    run(service_fn(|_: Request| async move {
        let output = client
            .get_item()
            .table_name(table)
            .key("pk", AttributeValue::S(pk.clone()))
            .key("sk", AttributeValue::S(sk.clone()))
            .send()
            .await?;
        let attributes = output.item.ok_or("the item is not there")?.len();
        Ok::<_, Error>(format!("{attributes} attributes"))
    }))
    .await
}
