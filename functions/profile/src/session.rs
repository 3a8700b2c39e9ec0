//! Who is signed in, and signing out.

use axum::extract::State;
use http::StatusCode;
use portico_shared::auth::{Principal, Role, sign_out as end_session};
use portico_shared::domain::{customer, staff};
use portico_shared::error::Result;
use portico_shared::http::{AnyPrincipal, App, Failure, Json, Problem, Routes, Visitor};
use portico_shared::operations;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, sign_out, sign_out_customer, who_am_i)
}

/// Who asks: a member of staff, a customer, or nobody.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"user": null, "customer": {"sk": "cus_06f1…", "email": "ann@acme.example", "name": "Ann Lee"}}))]
struct WhoAmI {
    /// The member of staff.
    user: Option<StaffIdentity>,
    /// The customer.
    customer: Option<CustomerIdentity>,
}

/// A member of staff.
#[derive(Serialize, ToSchema)]
struct StaffIdentity {
    /// The staff id.
    sk: String,
    /// The e-mail address.
    email: String,
    /// The full name.
    name: String,
    /// What they may do.
    roles: Vec<Role>,
}

/// A customer.
#[derive(Serialize, ToSchema)]
struct CustomerIdentity {
    /// The customer id.
    sk: String,
    /// The e-mail address.
    email: String,
    /// Given and family name.
    name: Option<String>,
}

/// Ends the session: its refresh token is good no more. The access token runs out by itself.
#[utoipa::path(
    post, path = "/profile/signout", tag = "profile", security(("customer" = []), ("staff" = [])),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn sign_out(State(app): State<App>, any: AnyPrincipal) -> Result<StatusCode, Failure> {
    end_session(&app.store, &any.principal).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The same under the customer's own path.
#[utoipa::path(
    post, path = "/profile/customer/signout", tag = "profile", security(("customer" = []), ("staff" = [])),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn sign_out_customer(state: State<App>, any: AnyPrincipal) -> Result<StatusCode, Failure> {
    sign_out(state, any).await
}

/// Who the token speaks for; both members are null without one.
#[utoipa::path(
    get, path = "/profile/whoami", tag = "profile", security((), ("customer" = []), ("staff" = [])),
    responses((status = OK, body = WhoAmI), (status = "4XX", body = Problem)),
)]
async fn who_am_i(State(app): State<App>, visitor: Visitor) -> Result<Json<WhoAmI>, Failure> {
    let mut who = WhoAmI {
        user: None,
        customer: None,
    };
    match visitor.principal {
        None => {}
        Some(Principal::Customer(scope, _)) => {
            let customer = customer::get(&app.store, &scope).await?.entity;
            let name = customer.name();
            who.customer = Some(CustomerIdentity {
                sk: customer.id.to_string(),
                email: customer.email,
                name,
            });
        }
        Some(Principal::Staff(member, _)) => {
            let member = staff::get(&app.store, &member.org, &member.id).await?;
            let (sk, roles) = (member.id.to_string(), member.roles);
            who.user = Some(StaffIdentity {
                sk,
                email: member.email,
                name: member.name,
                roles,
            });
        }
    }
    Ok(Json(who))
}
