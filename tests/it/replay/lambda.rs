//! Functions as Lambda calls them: JSON in, JSON out.

use lambda_http::lambda_runtime::Context;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Service as _};
use portico_local::functions::Parts;
use portico_local::{Function, Functions};
use serde_json::Value;

use portico_tests::replay::{Invoke, Reply};

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
