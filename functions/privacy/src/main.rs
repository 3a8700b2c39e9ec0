//! The Lambda function that the queue of work on whole accounts feeds.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use portico_privacy::Privacy;
use portico_shared::http::tracing_to_stdout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_to_stdout();
    let privacy = Box::pin(Privacy::from_env()).await?;
    let privacy = &privacy;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(Box::pin(privacy.handle(event)).await)
    }))
    .await
}
