//! A platform whose stream and queue lead into the test: it says what is delivered, when and how often.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::LambdaEvent;
use portico_local::functions::Parts;
use portico_local::openapi::document;
use portico_local::{EmbeddedAws, EventFn, Function, Options, Platform, Template};
use portico_tests::root;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::lambda::Lambda;

pub(super) struct Taps {
    pub(super) platform: Platform,
    pub(super) parts: Parts,
    pub(super) lambda: Lambda,
    stream: UnboundedReceiver<Value>,
    queue: UnboundedReceiver<Value>,
}

impl Taps {
    pub(super) async fn start() -> Self {
        let options = Options::temporary(root().join("template.yaml"));
        let template = Template::load(&options.template).expect("the template is good");
        let aws = EmbeddedAws::start(&options, &template).expect("the embedded services start");
        let parts = Parts::connect(&aws).await.expect("the functions connect");
        parts.seed_once().await.expect("the demo data loads");
        let mut functions = parts.functions().expect("every function is there");
        let (to_stream, stream) = unbounded_channel();
        let (to_queue, queue) = unbounded_channel();
        functions.insert("changes".to_owned(), Function::Events(tap(to_stream)));
        functions.insert("notifications".to_owned(), Function::Events(tap(to_queue)));
        let platform =
            Platform::start(aws, functions, document(), &options).expect("the platform starts");
        let lambda = Lambda::of(&parts);
        Self {
            platform,
            parts,
            lambda,
            stream,
            queue,
        }
    }

    /// The first record of the stream that is like this; those before it are passed over.
    pub(super) async fn record(&mut self, what: &str, like: impl Fn(&Value) -> bool) -> Value {
        next(&mut self.stream, what, like).await
    }

    /// The first message of the queue whose job is like this; those before it are passed over.
    pub(super) async fn message(&mut self, what: &str, like: impl Fn(&Value) -> bool) -> Value {
        let job = |message: &Value| -> Value {
            let body = message["body"].as_str().expect("a message has a body");
            serde_json::from_str(body).expect("a body of JSON")
        };
        next(&mut self.queue, what, |message| like(&job(message))).await
    }

    /// How many mails there are with this subject.
    pub(super) fn mails(&self, subject: &str) -> usize {
        let outbox = self.platform.outbox().newest_first();
        outbox.iter().filter(|mail| mail.subject == subject).count()
    }
}

/// A function that passes each record on and is done with it.
fn tap(to: UnboundedSender<Value>) -> EventFn {
    Arc::new(move |event: LambdaEvent<Value>| {
        for record in event.payload["Records"]
            .as_array()
            .expect("a batch has records")
        {
            // The test may have ended.
            let _ = to.send(record.clone());
        }
        Box::pin(async { Ok(json!({"batchItemFailures": []})) })
    })
}

async fn next(
    from: &mut UnboundedReceiver<Value>,
    what: &str,
    like: impl Fn(&Value) -> bool,
) -> Value {
    let found = async {
        loop {
            let record = from.recv().await.expect("the platform runs");
            if like(&record) {
                return record;
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(10), found).await;
    found.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Records as one event.
pub(super) fn batch(records: &[&Value]) -> Value {
    json!({"Records": records})
}
