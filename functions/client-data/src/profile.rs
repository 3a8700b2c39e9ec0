//! The customer's profile.

use axum::extract::State;
use axum::response::IntoResponse;
use portico_shared::domain::customer;
use portico_shared::domain::profile::{self, Profile, ProfilePatch};
use portico_shared::http::{App, Body, Customer, Failure, IfMatch, Json, Problem, Routes, etag};
use portico_shared::operations;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, get_profile, put_profile)
}

/// The profile, with its version as `ETag`.
#[utoipa::path(
    get, path = "/client-data/profile", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = Profile), (status = "4XX", body = Problem)),
)]
async fn get_profile(
    State(app): State<App>,
    customer: Customer,
) -> Result<impl IntoResponse, Failure> {
    let profile = customer::get(&app.store, &customer.scope).await?;
    let shown = Profile::of(&app.files, &customer.scope, profile.entity).await?;
    Ok((etag(profile.version), Json(shown)))
}

/// Changes what is sent and leaves the rest. With `If-Match`, only the version that the client saw.
#[utoipa::path(
    put, path = "/client-data/profile", tag = "client-data", security(("customer" = [])),
    params(("If-Match" = Option<String>, Header, description = "the ETag of the version to change")),
    request_body = ProfilePatch,
    responses((status = OK, body = Profile), (status = "4XX", body = Problem)),
)]
async fn put_profile(
    State(app): State<App>,
    customer: Customer,
    IfMatch(version): IfMatch,
    Body(patch): Body<ProfilePatch>,
) -> Result<impl IntoResponse, Failure> {
    let profile = profile::update(&app.store, &customer.scope, version, &patch).await?;
    let shown = Profile::of(&app.files, &customer.scope, profile.entity).await?;
    Ok((etag(profile.version), Json(shown)))
}
