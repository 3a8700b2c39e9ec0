//! A customer's sign-up, sign-in and refresh.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use portico_shared::auth::{self, ACCESS_TOKEN_SECONDS, Caller, Password, SessionTokens};
use portico_shared::domain::account::{self, NewCustomer};
use portico_shared::domain::cart;
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{App, Body, Failure, Json, Org, Problem, Routes};
use portico_shared::operations;
use portico_shared::store::{CustomerScope, GuestScope};
use portico_shared::text::{line, phone_number};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
}

/// A refresh token.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"refresh_token": "cus_06f1….ses_06f1….0.kC3…"}))]
struct Refresh {
    /// As sign-in or the last refresh gave it. It can be used once.
    #[garde(length(max = 512))]
    #[serde(alias = "refreshToken")]
    refresh_token: String,
}

/// An open session. `token` and its fellows stand both at the top and in `data`, because published
/// clients of such systems read either.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "token": "eyJ0eXAi…", "refresh_token": "cus_06f1….ses_06f1….0.kC3…", "refreshToken": "cus_06f1….ses_06f1….0.kC3…",
    "expiresIn": 1800, "user": {"sk": "cus_06f1…", "roles": ["customer"]},
    "data": {"token": "eyJ0eXAi…", "refresh_token": "cus_06f1….ses_06f1….0.kC3…", "user": {"sk": "cus_06f1…", "roles": ["customer"]}},
}))]
pub(crate) struct Session {
    #[serde(flatten)]
    tokens: TokenPair,
    /// As `refresh_token`.
    #[serde(rename = "refreshToken")]
    refresh_token_alias: String,
    /// Seconds until `token` expires.
    #[serde(rename = "expiresIn")]
    expires_in: i64,
    /// As at the top.
    data: TokenPair,
}

/// The tokens and whose they are.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct TokenPair {
    /// The access token: to be sent as `Authorization: Bearer …`.
    token: String,
    /// The refresh token: to be exchanged before `token` expires.
    refresh_token: String,
    /// Whose session it is.
    user: SessionUser,
}

/// Whose session it is.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct SessionUser {
    /// The customer id or staff id; a customer's is the `:author` of the storefront's paths.
    sk: String,
    /// `customer`, or a staff member's roles.
    roles: Vec<String>,
}

impl Session {
    pub(crate) fn new(tokens: SessionTokens) -> Self {
        let user = SessionUser {
            sk: tokens.subject,
            roles: tokens.roles,
        };
        let pair = TokenPair {
            token: tokens.access,
            refresh_token: tokens.refresh,
            user,
        };
        Self {
            refresh_token_alias: pair.refresh_token.clone(),
            expires_in: ACCESS_TOKEN_SECONDS,
            data: pair.clone(),
            tokens: pair,
        }
    }
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
    let guest = guest(&app, &org, input.guest_id.as_deref())?;
    let new = NewCustomer {
        email: input.email,
        password: input.password,
        first_name: input.first_name,
        last_name: input.last_name,
        phone: input.phone,
    };
    let device = &caller.device;
    let (signed_in, _) = account::sign_up(&app.store, &app.ring, &org.id, new, device).await?;
    take_cart(&app, &org, guest.as_ref(), &signed_in.scope).await?;
    Ok((StatusCode::CREATED, Json(Session::new(signed_in.tokens))))
}

/// Signs a customer in.
///
/// An unknown address, a wrong password and an account that is locked after ten failures within a quarter
/// of an hour get the same answer.
#[utoipa::path(
    post, path = "/profile/customer/signin", tag = "profile", request_body = SignIn,
    responses((status = OK, body = Session), (status = "4XX", body = Problem)),
)]
async fn sign_in(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<SignIn>,
) -> Result<Json<Session>, Failure> {
    let SignIn {
        email,
        password,
        guest_id,
    } = input;
    let guest = guest(&app, &org, guest_id.as_deref())?;
    let signed_in =
        account::sign_in(&app.store, &app.ring, &org.id, &email, password, &caller).await?;
    take_cart(&app, &org, guest.as_ref(), &signed_in.scope).await?;
    Ok(Json(Session::new(signed_in.tokens)))
}

/// Exchanges a refresh token for a new pair of tokens.
///
/// The token that was exchanged is spent. Should it come back later than half a minute after, somebody
/// else has it: the session ends for both.
#[utoipa::path(
    post, path = "/profile/customer/refresh", tag = "profile", request_body = Refresh,
    responses((status = OK, body = Session), (status = "4XX", body = Problem)),
)]
async fn refresh(
    State(app): State<App>,
    org: Org,
    Body(input): Body<Refresh>,
) -> Result<Json<Session>, Failure> {
    let tokens = auth::refresh(&app.store, &app.ring, &org.id, &input.refresh_token).await?;
    Ok(Json(Session::new(tokens)))
}

/// The guest that a request names, before anything is done for it: what is refused must leave nothing
/// behind, least of all an account.
fn guest(app: &App, org: &Org, id: Option<&str>) -> Result<Option<GuestScope>> {
    let Some(id) = id else { return Ok(None) };
    let guest = app.ring.guest(&org.id, id).ok_or_else(|| {
        Refusal::new(Code::ValidationFailed).at("guestId", "is not the id of a guest of this org")
    })?;
    Ok(Some(guest))
}

/// The guest's cart goes where the guest goes.
async fn take_cart(
    app: &App,
    org: &Org,
    guest: Option<&GuestScope>,
    customer: &CustomerScope,
) -> Result<()> {
    let Some(guest) = guest else { return Ok(()) };
    let catalogue = app.catalogues.get(&app.store, &org.id).await?;
    cart::merge_guest(&app.store, &catalogue, org.currency(), guest, customer).await
}
