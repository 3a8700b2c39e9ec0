//! The Lambda function of the `/client-data` tree.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    portico_shared::http::serve(portico_client_data::router).await
}
