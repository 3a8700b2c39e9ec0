//! The Lambda function of the `/crm` tree.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    portico_shared::http::serve(portico_crm::router).await
}
