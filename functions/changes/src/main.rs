//! The Lambda function that the table's stream feeds.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use portico_changes::Changes;
use portico_shared::http::tracing_to_stdout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_to_stdout();
    let changes = Changes::from_env()?;
    let changes = &changes;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(Box::pin(changes.handle(event)).await)
    }))
    .await
}
