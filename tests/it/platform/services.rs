//! The AWS services below the platform, through clients of AWS.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use portico_local::Endpoints;
use portico_local::functions::Parts;
use portico_shared::queue::{Channel, Job, Queue, Recipient};
use portico_tests::{World, eventually};
use serde_json::json;

/// A client of the platform's S3, with this secret key.
fn s3(endpoints: &Endpoints, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&endpoints.s3)
        .credentials_provider(Credentials::new("local", secret, None, None, "test"))
        .force_path_style(true);
    Client::from_conf(config.build())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_into_the_bucket_and_come_out_with_a_key_or_a_presigned_address() {
    let world = World::start().await;
    let endpoints = world.platform.aws().endpoints();
    let (client, bucket, key) = (
        s3(endpoints, "local"),
        &endpoints.bucket,
        "acme/a file ✓.bin",
    );
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();

    let put = client
        .put_object()
        .bucket(bucket)
        .key(key)
        .content_type("image/png");
    put.body(ByteStream::from(bytes.clone()))
        .send()
        .await
        .unwrap();
    let got = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .send()
        .await
        .unwrap();
    assert_eq!(got.content_type(), Some("image/png"));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes);

    // Presigned addresses need no key, and are good for what they were made for.
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let soon = PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let up = client
        .put_object()
        .bucket(bucket)
        .key("acme/up")
        .presigned(soon.clone())
        .await
        .unwrap();
    let up = web.put(up.uri()).body("hello").send().await.unwrap();
    assert_eq!(up.status(), 200);
    let down = client
        .get_object()
        .bucket(bucket)
        .key("acme/up")
        .presigned(soon)
        .await
        .unwrap();
    let answer = web.get(down.uri()).send().await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.text().await.unwrap().as_str()
        ),
        (200, "hello")
    );
    let other = down
        .uri()
        .replace("acme/up", "acme/a%20file%20%E2%9C%93.bin");
    assert_eq!(web.get(other).send().await.unwrap().status(), 403);

    // Without the key there is nothing to be had.
    assert_eq!(
        web.get(format!("{}/{bucket}/acme/up", endpoints.s3))
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    let refused = s3(endpoints, "guess")
        .get_object()
        .bucket(bucket)
        .key(key)
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_client_of_aws_puts_into_the_queue_is_delivered() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let queue = Queue::new(
        &parts.aws,
        &world.platform.aws().endpoints().queue_urls["JobsQueue"],
    );
    let job = Job {
        id: "the-job".to_owned(),
        orgid: "acme".parse().unwrap(),
        kind: "order.delivered".to_owned(),
        at: "2026-05-04T09:30:00Z".parse().unwrap(),
        recipient: Recipient {
            author: bob.id.clone(),
            email: Some("elsewhere@acme.example".to_owned()),
            phone: None,
            name: None,
        },
        channels: vec![Channel::Mail],
        data: json!({"orderNumber": "ORD-1234-5678-9ABC"}),
    };
    // More than SQS takes at a time, and all of them the same.
    queue.send(&vec![job; 23]).await.unwrap();

    let subject = "Order ORD-1234-5678-9ABC has arrived";
    let at_rest = async || {
        let status = world.get("/_local/status").send().await.expect(200);
        let jobs = &status["queues"]["portico-jobs-queue"];
        (*jobs == json!({"visible": 0, "inFlight": 0, "delayed": 0})).then_some(())
    };
    let mails = || {
        world
            .platform
            .outbox()
            .newest_first()
            .into_iter()
            .filter(|mail| mail.subject == subject)
    };
    eventually("the mail is sent", async || mails().next()).await;
    eventually("the queue is empty", at_rest).await;
    let mails: Vec<_> = mails().collect();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["elsewhere@acme.example"]);
    let told = world
        .get("/client-data/notifications")
        .token(&bob.token)
        .send()
        .await
        .expect(200);
    let told: Vec<_> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["title"] == subject)
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["createdAt"], "2026-05-04T09:30:00Z");
}
