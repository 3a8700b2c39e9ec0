//! The Lambda function of the `/storefront` tree.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    portico_shared::http::serve(portico_storefront::router).await
}
