//! Files that a customer uploads into their own folder, the portrait among them.

use axum::extract::State;
use http::StatusCode;
use portico_shared::domain::file::{Area, FileDetail};
use portico_shared::http::{App, Customer, Failure, Json, OneFile, Problem, Routes, filed};
use portico_shared::operations;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, upload_own_file)
}

/// Keeps a file of up to 4.5 MB, as `POST /client-data/files/upload` does. With the area `avatar` it becomes the portrait.
#[utoipa::path(
    post, path = "/profile/customer/file/upload", tag = "profile", security(("customer" = [])),
    params(
        ("area" = inline(Option<Area>), Query, description = "what it is for; `documents` unless said"),
        ("name" = Option<String>, Query, description = "its name"),
        ("Idempotency-Key" = Option<String>, Header, description = "sent again with the same, it is the same file"),
    ),
    request_body(content(
        (String = "multipart/form-data", example = json!({"file": "…", "area": "avatar"})),
        (String = "application/octet-stream"),
    )),
    responses((status = CREATED, body = FileDetail), (status = "4XX", body = Problem)),
)]
async fn upload_own_file(
    State(app): State<App>,
    customer: Customer,
    file: OneFile,
) -> Result<(StatusCode, Json<FileDetail>), Failure> {
    let detail = filed(&app, &customer, file).await?;
    Ok((StatusCode::CREATED, Json(detail)))
}
