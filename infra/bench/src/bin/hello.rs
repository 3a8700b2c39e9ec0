//! A bare function to compare cold starts with: no router, no key ring, no logging; one `GetItem` with
//! a client built as Portico's are.
//!
//! Reads the item of key (`HELLO_PK`, `HELLO_SK`) of the table `PORTICO_TABLE`, all three from the
//! environment, and answers how many attributes it has.

use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Error, Request, run, service_fn};
use portico_shared::aws::Aws;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let aws = Aws::from_env()?;
    let client = Client::new(&aws.sdk_config(aws.endpoints().dynamodb.as_ref()));
    let (table, pk, sk) = (
        env::var("PORTICO_TABLE")?,
        env::var("HELLO_PK")?,
        env::var("HELLO_SK")?,
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
        Ok::<_, Error>(format!("hello: {attributes} attributes"))
    }))
    .await
}
