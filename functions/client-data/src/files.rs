//! The customer's files.

use std::collections::BTreeMap;

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use jiff::Timestamp;
use portico_shared::domain::file::{self, Announced, Area, FileDetail, FileView};
use portico_shared::error::{Code, Result};
use portico_shared::files::FilePath;
use portico_shared::http::{
    App, Body, Customer, Failure, Json, OneFile, Page, PageParams, PageQuery, Path, Problem, Query,
    Routes, filed,
};
use portico_shared::ids::FileId;
use portico_shared::operations;
use portico_shared::store::{Collection, List, Partition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        list_files,
        upload_file,
        announce_file,
        complete_file,
        get_file,
        delete_file
    )
}

/// How many files a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// Which files.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FileQuery {
    /// Only files for this.
    #[param(inline)]
    area: Option<Area>,
}

/// A file that is about to be uploaded.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"name": "Lease.pdf", "type": "application/pdf", "size": 104_857_600, "area": "documents"}))]
struct FileAnnouncement {
    #[garde(length(min = 1))]
    name: String,
    /// Its media type.
    #[serde(rename = "type")]
    #[garde(length(min = 1, max = 255))]
    kind: String,
    /// In bytes, exactly.
    #[garde(skip)]
    size: u64,
    /// What it is for.
    #[serde(default)]
    #[garde(skip)]
    area: Area,
}

/// How to upload it: a request of this method to this address, with these headers and with the file as its body.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "fil_06f1…", "path": "documents/fil_06f1…-lease.pdf", "method": "PUT", "url": "https://…",
    "headers": {"content-type": "application/pdf", "if-none-match": "*"}, "expiresAt": "2026-05-04T09:45:00Z",
}))]
struct FileTicket {
    /// What completes the upload.
    id: String,
    /// Where it will be among the customer's files; deleting that gives the upload up.
    path: String,
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    /// Until when the upload must begin.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// The files, newest first. Those on their way are not among them.
#[utoipa::path(
    get, path = "/client-data/files", tag = "client-data", security(("customer" = [])),
    params(FileQuery, PageQuery),
    responses((status = OK, body = Page<FileView>), (status = "4XX", body = Problem)),
)]
async fn list_files(
    State(app): State<App>,
    customer: Customer,
    Query(query): Query<FileQuery>,
    params: PageParams,
) -> Result<Json<Page<FileView>>, Failure> {
    let Customer { org, scope } = customer;
    let page_size = params.size_or(PAGE_SIZE);
    let area = query.area.map_or("", Area::as_str);
    let list = format!("{}|files|{area}", scope.pk());
    let after = params.position(&app, &org.id, &list)?;
    let skip = match after {
        Some(_) => 0,
        None => params.skip(page_size),
    };
    let wanted = List::of(Collection::Files)
        .direction(params.direction)
        .limit(skip + page_size)
        .after(after.as_deref());
    let slice = file::list(&app.store, &scope, query.area, wanted).await?;
    let next = slice.positions.last().filter(|_| slice.more);
    Ok(Json(Page {
        total: None,
        page: params.page,
        page_size,
        has_next: slice.more,
        next: next.map(|position| params.cursor(&app, &org.id, &list, position)),
        data: slice
            .into_entities()
            .into_iter()
            .skip(skip)
            .map(FileView::from)
            .collect(),
    }))
}

/// Keeps a file of up to 4.5 MB: the part `file` of a form, or the whole body.
///
/// Of a body that is no form, `Content-Type` says the type and `name` the name. The content decides what the file is;
/// another type than that is refused. With an `Idempotency-Key`, the same file sent again is the same file.
/// What goes to the area `avatar` becomes the portrait.
#[utoipa::path(
    post, path = "/client-data/files/upload", tag = "client-data", security(("customer" = [])),
    params(
        ("area" = inline(Option<Area>), Query, description = "what it is for; `documents` unless said"),
        ("name" = Option<String>, Query, description = "its name"),
        ("Idempotency-Key" = Option<String>, Header, description = "sent again with the same, it is the same file"),
    ),
    request_body(content(
        (String = "multipart/form-data", example = json!({"file": "…", "area": "documents"})),
        (String = "application/octet-stream"),
    )),
    responses((status = CREATED, body = FileDetail), (status = "4XX", body = Problem)),
)]
async fn upload_file(
    State(app): State<App>,
    customer: Customer,
    file: OneFile,
) -> Result<(StatusCode, Json<FileDetail>), Failure> {
    let detail = filed(&app, &customer, file).await?;
    Ok((StatusCode::CREATED, Json(detail)))
}

/// Keeps room for a file that goes straight to S3, and answers how to upload it.
///
/// Complete it afterwards. Room that nobody completes within an hour is given back when it is needed.
#[utoipa::path(
    post, path = "/client-data/files/presign", tag = "client-data", security(("customer" = [])),
    request_body = FileAnnouncement,
    responses((status = CREATED, body = FileTicket), (status = "4XX", body = Problem)),
)]
async fn announce_file(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<FileAnnouncement>,
) -> Result<(StatusCode, Json<FileTicket>), Failure> {
    let announced = Announced {
        name: input.name,
        media_type: input.kind,
        size: input.size,
        area: input.area,
    };
    let (reservation, link) = file::reserve(customer.cabinet(&app), announced).await?;
    let ticket = FileTicket {
        id: reservation.id.to_string(),
        path: reservation.path.to_string(),
        method: link.method,
        url: link.url,
        headers: link.headers,
        expires_at: link.expires_at,
    };
    Ok((StatusCode::CREATED, Json(ticket)))
}

/// Makes a file of what was uploaded, once its size and content are found to be as announced. What is not is deleted.
#[utoipa::path(
    post, path = "/client-data/files/complete/{fileId}", tag = "client-data", security(("customer" = [])),
    params(("fileId" = String, Path, example = "fil_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = FileDetail), (status = "4XX", body = Problem)),
)]
async fn complete_file(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<FileId>,
) -> Result<Json<FileDetail>, Failure> {
    let file = file::complete(customer.cabinet(&app), &id).await?;
    Ok(Json(file.detail(&app.files, &customer.scope).await?))
}

/// One file, with a link to download it. The path is URL-encoded, its slash too.
#[utoipa::path(
    get, path = "/client-data/files/{*path}", tag = "client-data", security(("customer" = [])),
    params(("path" = String, Path, example = "documents/fil_06f1k3q8c9s7r2m4v5n6p7t8w9-lease.pdf")),
    responses((status = OK, body = FileDetail), (status = "4XX", body = Problem)),
)]
async fn get_file(
    State(app): State<App>,
    customer: Customer,
    Path(path): Path<String>,
) -> Result<Json<FileDetail>, Failure> {
    let file = file::get(&app.store, &customer.scope, &inside(&path)?).await?;
    Ok(Json(file.detail(&app.files, &customer.scope).await?))
}

/// Deletes a file, or gives up one on its way. The path is URL-encoded, its slash too.
#[utoipa::path(
    delete, path = "/client-data/files/{*path}", tag = "client-data", security(("customer" = [])),
    params(("path" = String, Path, example = "documents/fil_06f1k3q8c9s7r2m4v5n6p7t8w9-lease.pdf")),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn delete_file(
    State(app): State<App>,
    customer: Customer,
    Path(path): Path<String>,
) -> Result<StatusCode, Failure> {
    file::delete(customer.cabinet(&app), &inside(&path)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A path of the customer's files. API Gateway decodes the slash or does not; here it is one either way.
///
/// # Errors
///
/// `invalid_path` for one that leads out of them, `not_found` for one that leads nowhere.
fn inside(path: &str) -> Result<FilePath> {
    let up = path.split(['/', '\\']).any(|part| part == "..");
    let escapes = up || (path.starts_with('/') && path.len() > 1);
    path.parse().map_err(|_| {
        let code = if escapes {
            Code::InvalidPath
        } else {
            Code::NotFound
        };
        code.into()
    })
}
