//! Functions as Lambda calls them: JSON in, JSON out.

use std::collections::BTreeMap;

use lambda_http::lambda_runtime::Context;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Service as _};
use portico_local::functions::Parts;
use portico_local::{Function, Functions};
use serde_json::{Value, json};

use super::Invoke;

/// Every function of the template, by its name there.
pub(super) struct Lambda(Functions);

impl Lambda {
    pub(super) fn of(parts: &Parts) -> Self {
        Self(parts.functions().expect("every function is there"))
    }

    /// What the function replies to an event of API Gateway, read as API Gateway reads it.
    pub(super) async fn answer(&self, function: &str, event: &Value) -> Reply {
        Reply::read(event, &self.invoke(function, event).await)
    }
}

impl Invoke for Lambda {
    async fn invoke(&self, function: &str, event: &Value) -> Value {
        match self.0.get(function).expect("a function of the template") {
            Function::Events(function) => {
                let call = LambdaEvent::new(event.clone(), Context::default());
                function(call).await.expect("a reply to the batch")
            }
            Function::Http(router) => {
                let event: LambdaRequest =
                    serde_json::from_str(&event.to_string()).expect("an event of API Gateway");
                let call = LambdaEvent::new(event, Context::default());
                let Ok(reply) = Adapter::from(router.clone()).call(call).await;
                serde_json::to_value(reply).expect("a reply to API Gateway")
            }
        }
    }
}

/// An HTTP answer, whichever payload format it came in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u64,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Reply {
    /// Holds the reply to the payload format of its event: REST APIs read `multiValueHeaders`, HTTP
    /// APIs read `headers` and `cookies`.
    pub(super) fn read(event: &Value, reply: &Value) -> Self {
        assert_eq!(
            reply["isBase64Encoded"], false,
            "JSON goes as it is: {reply}"
        );
        let headers = if event["version"] == "2.0" {
            assert_eq!(
                (&reply["cookies"], &reply["multiValueHeaders"]),
                (&json!([]), &json!({})),
                "{reply}"
            );
            &reply["headers"]
        } else {
            assert_eq!(
                (reply.get("cookies"), &reply["headers"]),
                (None, &json!({})),
                "{reply}"
            );
            &reply["multiValueHeaders"]
        };
        let one = |value: &Value| match value {
            Value::Array(values) => match values.as_slice() {
                [Value::String(only)] => only.clone(),
                _ => panic!("one value for each header: {reply}"),
            },
            Value::String(value) => value.clone(),
            _ => panic!("headers are text: {reply}"),
        };
        let headers = headers.as_object().expect("an object of headers").iter();
        Self {
            status: reply["statusCode"].as_u64().expect("a status"),
            headers: headers
                .map(|(name, value)| (name.clone(), one(value)))
                .collect(),
            body: reply["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// The body as JSON; null if it is empty.
    pub(super) fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}
