//! Guests who say who they are.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use portico_shared::auth::Caller;
use portico_shared::domain::customer::Customer;
use portico_shared::domain::guest::{self, NewGuest};
use portico_shared::http::{App, Body, Failure, Json, Org, Problem, Routes};
use portico_shared::operations;
use portico_shared::text::{line, phone_number};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, register_guest)
}

/// Who wants to be known without an account.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"email": "ann@example.com", "name": "Ann Lee", "phone": "+14155550123"}))]
struct RegisterGuest {
    /// The e-mail address. It need not be free, and is not held.
    #[garde(email, length(max = 254))]
    #[schema(format = Email)]
    email: String,
    /// Given and family name.
    #[garde(inner(length(chars, max = 200), custom(line)))]
    name: Option<String>,
    /// E.164, such as `+14155550123`.
    #[garde(inner(custom(phone_number)))]
    phone: Option<String>,
}

/// A guest's record.
#[derive(Serialize, ToSchema)]
struct GuestView {
    /// The customer id, which the account keeps should the guest sign up.
    sk: String,
    /// The e-mail address.
    email: String,
    /// Given and family name.
    name: Option<String>,
    /// E.164.
    phone: Option<String>,
}

impl From<Customer> for GuestView {
    fn from(guest: Customer) -> Self {
        Self {
            name: guest.name(),
            sk: guest.id.to_string(),
            email: guest.email,
            phone: guest.phone,
        }
    }
}

/// A guest and the tokens that are the only way to the guest's record.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "token": "eyJ0eXAi…", "refresh_token": "cus_06f1….ses_06f1….0.kC3…",
    "guest": {"sk": "cus_06f1…", "email": "ann@example.com", "name": "Ann Lee", "phone": "+14155550123"},
}))]
struct RegisteredGuest {
    /// The access token, good for this record alone.
    token: String,
    /// To be exchanged before `token` expires, as a customer's is.
    refresh_token: String,
    guest: GuestView,
}

/// Makes a customer's record without an account.
///
/// Whoever holds the tokens is that guest; the address proves nothing. `POST /profile/customer/signup` with
/// `guestToken` makes an account of the record.
#[utoipa::path(
    post, path = "/profile/customer/register-guest", tag = "profile", request_body = RegisterGuest,
    responses((status = CREATED, body = RegisteredGuest), (status = "4XX", body = Problem)),
)]
async fn register_guest(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<RegisterGuest>,
) -> Result<(StatusCode, Json<RegisteredGuest>), Failure> {
    let RegisterGuest { email, name, phone } = input;
    let new = NewGuest { email, name, phone };
    let (guest, tokens) =
        guest::register(&app.store, &app.ring, &org.id, new, &caller.device).await?;
    let registered = RegisteredGuest {
        token: tokens.access,
        refresh_token: tokens.refresh,
        guest: guest.into(),
    };
    Ok((StatusCode::CREATED, Json(registered)))
}
