//! Who is signed in, and signing out.

use axum::extract::State;
use http::StatusCode;
use portico_shared::auth::{Principal, Role, Staff, sign_out as end_session};
use portico_shared::domain::{customer, staff};
use portico_shared::error::Result;
use portico_shared::http::{AnyPrincipal, App, Failure, Json, Problem, Routes, Visitor};
use portico_shared::operations;
use portico_shared::store::CustomerScope;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        sign_out,
        sign_out_customer,
        who_am_i,
        current_principal
    )
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
            who.customer = Some(of_customer(&app, &scope).await?);
        }
        Some(Principal::Staff(member, _)) => who.user = Some(of_staff(&app, &member).await?),
    }
    Ok(Json(who))
}

/// Whoever the token speaks for.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"datatype": "customer", "sk": "cus_06f1…", "email": "ann@acme.example", "name": "Ann Lee", "roles": ["customer"]}))]
struct CurrentPrincipal {
    /// `customer`, or `user` for staff.
    datatype: &'static str,
    /// The customer id or staff id.
    sk: String,
    /// The e-mail address.
    email: String,
    /// The full name.
    name: Option<String>,
    /// `customer`, or a staff member's roles.
    roles: Vec<String>,
}

/// Who the token speaks for, of whichever kind.
#[utoipa::path(
    get, path = "/profile", tag = "profile", security(("customer" = []), ("staff" = [])),
    responses((status = OK, body = CurrentPrincipal), (status = "4XX", body = Problem)),
)]
async fn current_principal(
    State(app): State<App>,
    any: AnyPrincipal,
) -> Result<Json<CurrentPrincipal>, Failure> {
    Ok(Json(match any.principal {
        Principal::Customer(scope, _) => {
            let customer = of_customer(&app, &scope).await?;
            CurrentPrincipal {
                datatype: "customer",
                sk: customer.sk,
                email: customer.email,
                name: customer.name,
                roles: vec!["customer".to_owned()],
            }
        }
        Principal::Staff(member, _) => {
            let staff = of_staff(&app, &member).await?;
            CurrentPrincipal {
                datatype: "user",
                sk: staff.sk,
                email: staff.email,
                name: Some(staff.name),
                roles: staff.roles.iter().map(|role| format!("{role:?}")).collect(),
            }
        }
    }))
}

async fn of_customer(app: &App, scope: &CustomerScope) -> Result<CustomerIdentity> {
    let customer = customer::get(&app.store, scope).await?.entity;
    Ok(CustomerIdentity {
        name: customer.name(),
        sk: customer.id.to_string(),
        email: customer.email,
    })
}

async fn of_staff(app: &App, member: &Staff) -> Result<StaffIdentity> {
    let member = staff::get(&app.store, &member.org, &member.id).await?;
    Ok(StaffIdentity {
        sk: member.id.to_string(),
        email: member.email,
        name: member.name,
        roles: member.roles,
    })
}
