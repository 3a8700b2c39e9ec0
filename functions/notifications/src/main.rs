//! The Lambda function that the job queue feeds.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use portico_notifications::Notifications;
use portico_shared::http::tracing_to_stdout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_to_stdout();
    let notifications = Box::pin(Notifications::from_env()).await?;
    let notifications = &notifications;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(Box::pin(notifications.handle(event)).await)
    }))
    .await
}
