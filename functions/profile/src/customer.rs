//! A customer's sign-up, sign-in and refresh.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use portico_shared::auth::{self, Caller, Password};
use portico_shared::domain::account::{self, NewCustomer};
use portico_shared::domain::admission::Admitted;
use portico_shared::domain::{cart, guest};
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{App, Body, Failure, Json, Org, Problem, Routes};
use portico_shared::operations;
use portico_shared::store::{CustomerScope, GuestScope};
use portico_shared::text::{line, phone_number};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answers::{Session, SignInAnswer};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, sign_up, sign_in, refresh)
}

/// Who wants an account.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "email": "ann@example.com", "password": "correct horse battery", "firstName": "Ann", "lastName": "Lee",
}))]
struct SignUp {
    /// What the customer signs in with. Upper and lower case are the same.
    #[garde(email, length(max = 254))]
    #[schema(format = Email)]
    email: String,
    /// 8 to 128 characters, and not the e-mail address.
    #[garde(custom(acceptable_password(&self.email)))]
    password: Password,
    /// Given name.
    #[garde(inner(length(chars, max = 100), custom(line)))]
    first_name: Option<String>,
    /// Family name.
    #[garde(inner(length(chars, max = 100), custom(line)))]
    last_name: Option<String>,
    /// E.164, such as `+14155550123`.
    #[garde(inner(custom(phone_number)))]
    phone: Option<String>,
    /// The guest whose cart becomes the customer's.
    #[garde(inner(length(chars, max = 100)))]
    guest_id: Option<String>,
    /// The access token of a registered guest, whose record becomes the account's: its id stays, and with it
    /// the cart and the orders. The address alone does not do, for anybody may know it.
    #[garde(inner(length(max = 4096)))]
    guest_token: Option<String>,
}

/// A customer's e-mail address and password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"email": "ann@acme.example", "password": "portico-demo-pass"}))]
struct SignIn {
    /// The e-mail address.
    #[garde(length(max = 254))]
    email: String,
    /// The password.
    #[garde(custom(not_huge))]
    password: Password,
    /// The guest whose cart becomes part of the customer's.
    #[garde(inner(length(chars, max = 100)))]
    guest_id: Option<String>,
    /// What a challenge that was answered with `trustDevice` gave this device.
    #[garde(inner(length(max = 512)))]
    device_token: Option<String>,
}

/// A refresh token.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"refresh_token": "cus_06f1….ses_06f1….0.kC3…"}))]
pub(crate) struct Refresh {
    /// As sign-in or the last refresh gave it. It can be used once.
    #[garde(length(max = 512))]
    #[serde(alias = "refreshToken")]
    refresh_token: String,
}

pub(crate) fn acceptable_password(email: &str) -> impl FnOnce(&Password, &()) -> garde::Result {
    move |password, ()| {
        let length = password.expose().chars().count();
        if !(8..=128).contains(&length) {
            return Err(garde::Error::new("must have 8 to 128 characters"));
        }
        if password.expose().eq_ignore_ascii_case(email.trim()) {
            return Err(garde::Error::new("must not be the e-mail address"));
        }
        Ok(())
    }
}

/// Hashing takes time in proportion to length: nobody signs in with a novel.
#[allow(clippy::trivially_copy_pass_by_ref)] // garde's signature
pub(crate) fn not_huge(password: &Password, (): &()) -> garde::Result {
    if password.expose().len() > 1024 {
        Err(garde::Error::new("is too long"))
    } else {
        Ok(())
    }
}

/// Makes an account and signs it in.
#[utoipa::path(
    post, path = "/profile/customer/signup", tag = "profile", request_body = SignUp,
    responses((status = CREATED, body = Session), (status = "4XX", body = Problem)),
)]
async fn sign_up(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<SignUp>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let shopper = guest(&app, &org, input.guest_id.as_deref())?;
    let registered = input.guest_token.as_deref();
    let registered = registered.map(|token| guest::proved(&app.ring, &org.id, token));
    let new = NewCustomer {
        email: input.email,
        password: input.password,
        first_name: input.first_name,
        last_name: input.last_name,
        phone: input.phone,
    };
    let signed_in = account::sign_up(
        &app.store,
        &app.ring,
        &org.id,
        new,
        registered.transpose()?,
        &caller.device,
    )
    .await?;
    take_cart(&app, &org, shopper.as_ref(), &signed_in.scope).await?;
    Ok((StatusCode::CREATED, Json(Session::new(signed_in.tokens))))
}

/// Signs a customer in, or asks for the second factor of one who has it.
///
/// An unknown address, a wrong password and an account that is locked after ten wrong ones within a quarter
/// of an hour get the same answer.
#[utoipa::path(
    post, path = "/profile/customer/signin", tag = "profile", request_body = SignIn,
    responses((status = OK, body = SignInAnswer), (status = "4XX", body = Problem)),
)]
async fn sign_in(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<SignIn>,
) -> Result<Json<SignInAnswer>, Failure> {
    let guest = guest(&app, &org, input.guest_id.as_deref())?;
    let (email, trust) = (&input.email, input.device_token.as_deref());
    let admitted = account::sign_in(
        &app.store,
        &app.ring,
        &org.id,
        email,
        input.password,
        &caller,
        trust,
    )
    .await?;
    if let Admitted::In(signed_in) = &admitted {
        take_cart(&app, &org, guest.as_ref(), &signed_in.scope).await?;
    }
    Ok(Json(admitted.into()))
}

/// Exchanges a refresh token for a new pair of tokens.
///
/// The token that was exchanged is spent. Should it come back later than half a minute after, somebody
/// else has it: the session ends for both.
#[utoipa::path(
    post, path = "/profile/customer/refresh", tag = "profile", request_body = Refresh,
    responses((status = OK, body = Session), (status = "4XX", body = Problem)),
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    org: Org,
    Body(input): Body<Refresh>,
) -> Result<Json<Session>, Failure> {
    let tokens = auth::refresh(&app.store, &app.ring, &org.id, &input.refresh_token).await?;
    Ok(Json(Session::new(tokens)))
}

/// The guest that a request names, before anything is done for it: what is refused must leave nothing
/// behind, least of all an account.
pub(crate) fn guest(app: &App, org: &Org, id: Option<&str>) -> Result<Option<GuestScope>> {
    let Some(id) = id else { return Ok(None) };
    let guest = app.ring.guest(&org.id, id).ok_or_else(|| {
        Refusal::new(Code::ValidationFailed).at("guestId", "is not the id of a guest of this org")
    })?;
    Ok(Some(guest))
}

/// The guest's cart goes where the guest goes.
pub(crate) async fn take_cart(
    app: &App,
    org: &Org,
    guest: Option<&GuestScope>,
    customer: &CustomerScope,
) -> Result<()> {
    let Some(guest) = guest else { return Ok(()) };
    let catalogue = app.catalogues.get(&app.store, &org.id).await?;
    cart::merge_guest(&app.store, &catalogue, org.currency(), guest, customer).await
}
