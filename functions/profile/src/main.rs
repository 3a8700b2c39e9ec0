//! The Lambda function of the `/profile` tree.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    portico_shared::http::serve(portico_profile::router).await
}
