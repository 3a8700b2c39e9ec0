//! Staff sign-in.

use axum::extract::State;
use garde::Validate;
use portico_shared::auth::Password;
use portico_shared::domain::account;
use portico_shared::error::Result;
use portico_shared::http::{App, Body, ClientIp, Failure, Json, Org, Problem, Routes};
use portico_shared::operations;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::customer::{Session, not_huge};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, sign_in_staff)
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
    ClientIp(ip): ClientIp,
    Body(input): Body<StaffSignIn>,
) -> Result<Json<Session>, Failure> {
    let StaffSignIn { email, password } = input;
    let tokens =
        account::sign_in_staff(&app.store, &app.ring, &org.id, &email, password, &ip).await?;
    Ok(Json(Session::new(tokens)))
}
