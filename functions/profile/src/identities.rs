//! The accounts at other companies that a customer signs in with.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use portico_shared::domain::oauth::{self, Linked, Provider};
use portico_shared::error::Result;
use portico_shared::http::{App, Body, Customer, Failure, Json, Path, Problem, Routes};
use portico_shared::operations;
use serde::Serialize;
use utoipa::ToSchema;

use crate::oauth::Proof;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_identities, link_identity, unlink_identity)
}

/// The customer's identities.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{"provider": "google", "email": "ann@example.com", "linkedAt": "2026-05-04T09:30:00Z"}]}))]
struct IdentityList {
    /// All of them: one for each provider at the most.
    data: Vec<LinkedIdentity>,
}

/// An account at another company.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LinkedIdentity {
    /// The company.
    provider: Provider,
    /// The e-mail address that it told.
    email: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    linked_at: Timestamp,
}

impl From<Linked> for LinkedIdentity {
    fn from(linked: Linked) -> Self {
        Self {
            provider: linked.provider,
            email: linked.email,
            linked_at: linked.linked_at,
        }
    }
}

/// The accounts at other companies that the customer signs in with.
#[utoipa::path(
    get, path = "/profile/security/identities", tag = "profile", security(("customer" = [])),
    responses((status = OK, body = IdentityList), (status = "4XX", body = Problem)),
)]
async fn list_identities(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<IdentityList>, Failure> {
    let linked = oauth::linked(&app.store, &customer.scope).await?;
    let data = linked.into_iter().map(LinkedIdentity::from).collect();
    Ok(Json(IdentityList { data }))
}

/// Links an account at another company, which the customer signs in with from now on, too.
///
/// It is proved as at sign-in: by the end of a sign-in that `GET /profile/{provider}/url` began, or by what an
/// app got from the provider's own library.
#[utoipa::path(
    post, path = "/profile/security/identities/{provider}", tag = "profile", params(("provider" = Provider, Path)),
    request_body = Proof, security(("customer" = [])),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn link_identity(
    State(app): State<App>,
    customer: Customer,
    Path(provider): Path<Provider>,
    Body(proof): Body<Proof>,
) -> Result<StatusCode, Failure> {
    let proof = proof.of_either()?;
    let (identity, once) = proof.identity(&app, &customer.org, provider).await?;
    oauth::link(&app.store, &customer.scope, &identity, once.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unlinks the account at another company. Unlinking what is not linked changes nothing; a customer without a
/// password keeps the last one.
#[utoipa::path(
    delete, path = "/profile/security/identities/{provider}", tag = "profile",
    params(("provider" = Provider, Path)), security(("customer" = [])),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn unlink_identity(
    State(app): State<App>,
    customer: Customer,
    Path(provider): Path<Provider>,
) -> Result<StatusCode, Failure> {
    oauth::unlink(&app.store, &customer.scope, provider).await?;
    Ok(StatusCode::NO_CONTENT)
}
