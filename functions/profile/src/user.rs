//! Staff: signing in, staying in, and looking customers up.

use axum::extract::State;
use garde::Validate;
use portico_shared::auth::{Caller, Password};
use portico_shared::domain::profile::Profile;
use portico_shared::domain::{account, customer};
use portico_shared::error::Result;
use portico_shared::http::{App, Body, Failure, Json, Org, Path, Problem, Routes, StaffMember};
use portico_shared::operations;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answers::Session;
use crate::customer::{Refresh, not_huge, refresh};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        sign_in_staff,
        sign_in_short,
        refresh_staff,
        look_up_customer
    )
}

/// A staff member's e-mail address and password.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"email": "owner@acme.example", "password": "portico-demo-staff"}))]
struct StaffSignIn {
    /// The e-mail address.
    #[garde(length(max = 254))]
    email: String,
    /// The password.
    #[garde(custom(not_huge))]
    password: Password,
}

/// Signs a member of staff in.
#[utoipa::path(
    post, path = "/profile/user/signin", tag = "profile", request_body = StaffSignIn,
    responses((status = OK, body = Session), (status = "4XX", body = Problem)),
)]
async fn sign_in_staff(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<StaffSignIn>,
) -> Result<Json<Session>, Failure> {
    let StaffSignIn { email, password } = input;
    let tokens =
        account::sign_in_staff(&app.store, &app.ring, &org.id, &email, password, &caller).await?;
    Ok(Json(Session::new(tokens)))
}

/// The same under its short path.
#[utoipa::path(
    post, path = "/profile/signin", tag = "profile", request_body = StaffSignIn,
    responses((status = OK, body = Session), (status = "4XX", body = Problem)),
)]
async fn sign_in_short(
    app: State<App>,
    org: Org,
    caller: Caller,
    body: Body<StaffSignIn>,
) -> Result<Json<Session>, Failure> {
    sign_in_staff(app, org, caller, body).await
}

/// Exchanges a staff member's refresh token for a new pair of tokens; as customers do.
#[utoipa::path(
    post, path = "/profile/user/refresh", tag = "profile", request_body = Refresh,
    responses((status = OK, body = Session), (status = "4XX", body = Problem)),
)]
async fn refresh_staff(
    app: State<App>,
    org: Org,
    body: Body<Refresh>,
) -> Result<Json<Session>, Failure> {
    refresh(app, org, body).await
}

/// A customer's profile, for owners and power users. What they look at is logged by the customer's id.
#[utoipa::path(
    get, path = "/profile/customer/profile/{emailOrUsername}", tag = "profile", security(("staff" = [])),
    params(("emailOrUsername" = String, Path, description = "the e-mail address or the customer id", example = "ann@acme.example")),
    responses((status = OK, body = Profile), (status = "4XX", body = Problem)),
)]
async fn look_up_customer(
    State(app): State<App>,
    member: StaffMember,
    Path(id_or_email): Path<String>,
) -> Result<Json<Profile>, Failure> {
    member.must_see_customers()?;
    let (scope, customer) = customer::look_up(&app.store, &member.org.id, &id_or_email).await?;
    tracing::info!(org = %member.org.id, staff = %member.staff.id, customer = %customer.id, "staff looked at a profile");
    Ok(Json(Profile::of(&app.files, &scope, customer).await?))
}
