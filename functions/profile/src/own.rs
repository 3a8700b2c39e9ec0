//! A customer's own record, under the path of the auth flows.

use axum::extract::State;
use axum::response::IntoResponse;
use portico_shared::domain::customer;
use portico_shared::domain::profile::{self, Profile, ProfilePatch};
use portico_shared::http::{App, Body, Customer, Failure, IfMatch, Json, Problem, Routes, etag};
use portico_shared::operations;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, get_own_profile, update_own_profile)
}

/// The profile, with its version as `ETag`; as `GET /client-data/profile`.
#[utoipa::path(
    get, path = "/profile/customer/profile", tag = "profile", security(("customer" = [])),
    responses((status = OK, body = Profile), (status = "4XX", body = Problem)),
)]
async fn get_own_profile(
    State(app): State<App>,
    customer: Customer,
) -> Result<impl IntoResponse, Failure> {
    let profile = customer::get(&app.store, &customer.scope).await?;
    let shown = Profile::of(&app.files, &customer.scope, profile.entity).await?;
    Ok((etag(profile.version), Json(shown)))
}

/// Changes what is sent and leaves the rest; as `PUT /client-data/profile`.
#[utoipa::path(
    post, path = "/profile/customer/update", tag = "profile", security(("customer" = [])),
    params(("If-Match" = Option<String>, Header, description = "the ETag of the version to change")),
    request_body = ProfilePatch,
    responses((status = OK, body = Profile), (status = "4XX", body = Problem)),
)]
async fn update_own_profile(
    State(app): State<App>,
    customer: Customer,
    IfMatch(version): IfMatch,
    Body(patch): Body<ProfilePatch>,
) -> Result<impl IntoResponse, Failure> {
    let profile = profile::update(&app.store, &customer.scope, version, &patch).await?;
    let shown = Profile::of(&app.files, &customer.scope, profile.entity).await?;
    Ok((etag(profile.version), Json(shown)))
}
