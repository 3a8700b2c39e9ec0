//! The second factor at sign-in.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use portico_shared::auth::Caller;
use portico_shared::domain::second_factor::{self, Method};
use portico_shared::http::{App, Body, Failure, Json, Org, Problem, Routes};
use portico_shared::operations;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answers::Session;
use crate::customer::{guest, take_cart};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, verify_challenge, send_challenge)
}

/// An answer to a challenge.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"challengeToken": "cus_06f1….chl_06f1….1777887600.kC3…", "code": "287082", "trustDevice": true}))]
struct ChallengeAnswer {
    /// As sign-in gave it.
    #[garde(length(max = 512))]
    challenge_token: String,
    /// The six digits that the app shows or that were mailed, or a backup code. Spaces and hyphens do not matter.
    #[garde(length(max = 64))]
    code: String,
    /// Whether to ask for no second factor on this device for 30 days; the answer then has a `deviceToken`.
    #[serde(default)]
    #[garde(skip)]
    trust_device: bool,
    /// The guest whose cart becomes part of the customer's.
    #[garde(inner(length(chars, max = 100)))]
    guest_id: Option<String>,
}

/// A challenge whose code did not arrive.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"challengeToken": "cus_06f1….chl_06f1….1777887600.kC3…"}))]
struct ChallengeAgain {
    /// As sign-in gave it.
    #[garde(length(max = 512))]
    challenge_token: String,
    /// Where the code is to come from; the customer's own method if it is left out.
    #[garde(skip)]
    method: Option<Method>,
}

/// Finishes a sign-in with the code of the second factor.
///
/// A wrong code leaves the challenge alive, five times in all. After ten wrong codes in a quarter of an hour,
/// in whatever challenges, the customer's codes are looked at no more.
#[utoipa::path(
    post, path = "/profile/security/challenge/verify", tag = "profile", request_body = ChallengeAnswer,
    responses((status = OK, body = Session), (status = "4XX", body = Problem)),
)]
async fn verify_challenge(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<ChallengeAnswer>,
) -> Result<Json<Session>, Failure> {
    let guest = guest(&app, &org, input.guest_id.as_deref())?;
    let verified = second_factor::verify(
        &app.store,
        &app.ring,
        &org.id,
        &input.challenge_token,
        &input.code,
        &caller.device,
        input.trust_device,
    )
    .await?;
    take_cart(&app, &org, guest.as_ref(), &verified.signed_in.scope).await?;
    Ok(Json(Session::verified(verified)))
}

/// Mails the code of a challenge once more. The one before is good no more. An authenticator app makes its codes by
/// itself: that is said, and also where another method than the customer's own is wanted.
#[utoipa::path(
    post, path = "/profile/security/challenge/send", tag = "profile", request_body = ChallengeAgain,
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn send_challenge(
    State(app): State<App>,
    org: Org,
    Body(input): Body<ChallengeAgain>,
) -> Result<StatusCode, Failure> {
    let token = &input.challenge_token;
    second_factor::send_again(&app.store, &app.ring, &org.id, token, input.method).await?;
    Ok(StatusCode::NO_CONTENT)
}
