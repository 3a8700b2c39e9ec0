//! Signing in with Google, GitHub or Facebook.
//!
//! In a browser: `GET /profile/{provider}` sends it to the provider, which sends it back to `…/redirect`, which
//! sends it on to the client's page with a code that the client exchanges at `/profile/oauth/exchange`.
//! A client with a page of its own for the provider's answer asks for `…/url` and posts the answer to
//! `…/redirect`. An app that the provider's own library signs in posts what that gave it to `…/token`.

mod proof;

use axum::extract::{FromRequestParts, State};
use axum::response::{AppendHeaders, IntoResponse, Response};
use garde::Validate;
use http::header::{COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use portico_shared::auth::Caller;
use portico_shared::domain::admission;
use portico_shared::domain::oauth::{self, BROWSER_SECONDS, Browser, Flow, Provider, SignIn};
use portico_shared::error::{Code, Error, Refusal, Result};
use portico_shared::http::{App, Body, Failure, Json, Org, Path, Problem, Query, Routes};
use portico_shared::operations;
use portico_shared::store::CustomerScope;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::answers::SignInAnswer;
pub(crate) use proof::Proof;
use proof::{Proved, challenge, verifier};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        begin,
        begin_by_client,
        come_back,
        end_by_client,
        end_by_app,
        exchange
    )
}

/// The cookie that a browser is known by. `__Host-` keeps other hosts of the domain from setting it, and
/// `Lax` lets it come along when the provider sends the browser back.
const COOKIE_NAME: &str = "__Host-portico-oauth";

/// The provider that the path names. Any other name there is no route, whoever asks.
struct Named(Provider);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let named = Path::<Provider>::from_request_parts(parts, state).await;
        let Path(provider) = named.map_err(|_| Code::RouteNotFound)?;
        Ok(Self(provider))
    }
}

/// What a browser begins with.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct Begin {
    /// Where the browser is sent in the end: a URL of an origin that the org lists, without a fragment.
    #[garde(length(max = 2048))]
    #[param(example = "http://localhost:5173/signed-in")]
    return_url: String,
    /// The client's own PKCE challenge (RFC 7636, S256): who has its verifier can exchange the code.
    #[garde(custom(challenge))]
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: String,
}

/// What a client begins with.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct BeginByClient {
    /// The client's own page that the provider sends its user to. It is of an origin that the org lists, and
    /// registered with the provider, letter by letter.
    #[garde(length(max = 2048))]
    #[param(example = "http://localhost:5173/oauth/google")]
    redirect_uri: String,
    /// The client's own PKCE challenge (RFC 7636, S256): who has its verifier can end the sign-in.
    #[garde(custom(challenge))]
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: String,
}

/// Where to sign in.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"url": "https://accounts.google.com/o/oauth2/v2/auth?client_id=…", "state": "acme.k1.…"}))]
struct SignInUrl {
    /// Where the client sends its user.
    url: String,
    /// What must come back beside the code.
    state: String,
}

/// What a provider sends a browser back with (RFC 6749 §4.1.2).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Answer {
    /// What the sign-in was begun with.
    #[serde(default)]
    state: String,
    /// The code, when the user said yes.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// A code of this API's.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"code": "k1.9Vd…", "codeVerifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}))]
struct Exchange {
    /// As it stood behind `#code=` in the URL that the browser was sent to. It is good for a minute, once.
    #[garde(length(max = 2048))]
    code: String,
    /// What the challenge was made of.
    #[garde(custom(verifier))]
    code_verifier: String,
    /// What a challenge that was answered with `trustDevice` gave this device.
    #[garde(inner(length(max = 512)))]
    device_token: Option<String>,
}

/// Sends a browser to a provider to sign in.
///
/// The org may stand in the query, as `orgid`: a browser that is sent here has no headers to set. In the end
/// the browser is at `returnUrl`, with `#code=` and a code for `POST /profile/oauth/exchange`, or `#error=`
/// and the code of the problem.
#[utoipa::path(
    get, path = "/profile/{provider}", tag = "profile", params(("provider" = Provider, Path), Begin),
    responses((status = FOUND, description = "To the provider"), (status = "4XX", body = Problem)),
)]
async fn begin(
    State(app): State<App>,
    Named(provider): Named,
    org: Org,
    headers: HeaderMap,
    Query(query): Query<Begin>,
) -> Result<Response, Failure> {
    let query = valid(query)?;
    let sign_in = sign_in_with(&app, &org, provider).await?;
    let browser = browser(&headers).unwrap_or_else(Browser::unknown);
    let url = sign_in.begin(
        &org.config,
        &query.return_url,
        query.code_challenge,
        &browser,
    )?;
    let cookie = format!(
        "{COOKIE_NAME}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={BROWSER_SECONDS}",
        browser.cookie()
    );
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), sent_to(&url)).into_response())
}

/// Begins a sign-in whose answer the client takes itself, on a page of its own.
#[utoipa::path(
    get, path = "/profile/{provider}/url", tag = "profile", params(("provider" = Provider, Path), BeginByClient),
    responses((status = OK, body = SignInUrl), (status = "4XX", body = Problem)),
)]
async fn begin_by_client(
    State(app): State<App>,
    Named(provider): Named,
    org: Org,
    Query(query): Query<BeginByClient>,
) -> Result<Json<SignInUrl>, Failure> {
    let query = valid(query)?;
    let sign_in = sign_in_with(&app, &org, provider).await?;
    let begun = sign_in.begin_by_client(&org.config, &query.redirect_uri, query.code_challenge)?;
    Ok(Json(SignInUrl {
        url: begun.url,
        state: begun.state,
    }))
}

/// Takes a browser back from a provider, and sends it on.
///
/// Only to a browser that did not begin the sign-in here, or whose sign-in is over, it answers a problem.
#[utoipa::path(
    get, path = "/profile/{provider}/redirect", tag = "profile", params(("provider" = Provider, Path), Answer),
    responses((status = FOUND, description = "To the return URL"), (status = "4XX", body = Problem)),
)]
async fn come_back(
    State(app): State<App>,
    Named(provider): Named,
    org: Org,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, Failure> {
    let flow = Flow::open(&app.ring, &org.id, provider, &answer.state)?;
    let return_url = flow.return_url(browser(&headers).as_ref())?;
    let (name, value) = match code(&app, &org, provider, &flow, answer).await {
        Ok(code) => ("code", code),
        Err(error) => {
            let refusal = error.refusal();
            if matches!(refusal.code, Code::Internal | Code::Unavailable) {
                tracing::error!(%error, "sign-in failed");
            }
            ("error", refusal.code.as_str().to_owned())
        }
    };
    // In the fragment it reaches no server, no log and no `Referer`.
    Ok(sent_to(&format!("{return_url}#{name}={value}")))
}

/// Ends a sign-in whose answer came to the client's own page.
#[utoipa::path(
    post, path = "/profile/{provider}/redirect", tag = "profile", params(("provider" = Provider, Path)),
    request_body = Proof,
    responses((status = OK, body = SignInAnswer), (status = "4XX", body = Problem)),
)]
async fn end_by_client(
    State(app): State<App>,
    Named(provider): Named,
    org: Org,
    caller: Caller,
    Body(proof): Body<Proof>,
) -> Result<Json<SignInAnswer>, Failure> {
    let trust = proof.device_token.clone();
    let proof = proof.of_flow()?;
    signed_in(&app, &org, &caller, provider, &proof, trust).await
}

/// Signs in with what an app got from the provider's own library: a code with its PKCE verifier, or an ID token
/// of Google's.
#[utoipa::path(
    post, path = "/profile/{provider}/token", tag = "profile", params(("provider" = Provider, Path)),
    request_body = Proof,
    responses((status = OK, body = SignInAnswer), (status = "4XX", body = Problem)),
)]
async fn end_by_app(
    State(app): State<App>,
    Named(provider): Named,
    org: Org,
    caller: Caller,
    Body(proof): Body<Proof>,
) -> Result<Json<SignInAnswer>, Failure> {
    let trust = proof.device_token.clone();
    let proof = proof.of_app()?;
    signed_in(&app, &org, &caller, provider, &proof, trust).await
}

/// Exchanges the code that a browser came back with for a session.
#[utoipa::path(
    post, path = "/profile/oauth/exchange", tag = "profile", request_body = Exchange,
    responses((status = OK, body = SignInAnswer), (status = "4XX", body = Problem)),
)]
async fn exchange(
    State(app): State<App>,
    org: Org,
    caller: Caller,
    Body(input): Body<Exchange>,
) -> Result<Json<SignInAnswer>, Failure> {
    let Exchange {
        code,
        code_verifier,
        device_token,
    } = input;
    let scope = oauth::exchange(&app.store, &app.ring, &org.id, &code, &code_verifier).await?;
    let_in(&app, &caller, scope, device_token.as_deref()).await
}

async fn signed_in(
    app: &App,
    org: &Org,
    caller: &Caller,
    provider: Provider,
    proof: &Proved,
    trust: Option<String>,
) -> Result<Json<SignInAnswer>, Failure> {
    let (identity, once) = proof.identity(app, org, provider).await?;
    let scope = oauth::sign_in(&app.store, &org.id, &identity, once.as_ref()).await?;
    let_in(app, caller, scope, trust.as_deref()).await
}

/// Where everybody who was proved here gets in, or is asked for the second factor.
async fn let_in(
    app: &App,
    caller: &Caller,
    scope: CustomerScope,
    trust: Option<&str>,
) -> Result<Json<SignInAnswer>, Failure> {
    let admitted = admission::admit(&app.store, &app.ring, scope, caller, trust).await?;
    Ok(Json(admitted.into()))
}

/// The code for a browser that came back with this answer.
async fn code(
    app: &App,
    org: &Org,
    provider: Provider,
    flow: &Flow,
    answer: Answer,
) -> Result<String> {
    let code = match (answer.code, answer.error.as_deref()) {
        (Some(code), None) => code,
        (_, Some("access_denied")) => return Err(Code::AccessDenied.into()),
        _ => {
            return Err(Error::Unavailable(format!(
                "{provider} did not sign the user in"
            )));
        }
    };
    let sign_in = sign_in_with(app, org, provider).await?;
    let identity = sign_in.identity(flow, &code).await?;
    let once = flow.once(&org.id);
    let scope = oauth::sign_in(&app.store, &org.id, &identity, Some(&once)).await?;
    flow.code(&app.ring, &scope)
}

/// The org's application at a provider.
pub(crate) async fn sign_in_with<'a>(
    app: &'a App,
    org: &'a Org,
    provider: Provider,
) -> Result<SignIn<'a>> {
    let integrations = &app.integrations;
    let settings = integrations.oauth(&app.store, &app.ring, &org.id, provider.into());
    Ok(SignIn {
        provider,
        org: &org.id,
        settings: settings.await?,
        ring: &app.ring,
        vendors: &app.vendors,
    })
}

/// A query that keeps its rules.
fn valid<T: Validate<Context = ()>>(query: T) -> Result<T> {
    match query.validate() {
        Ok(()) => Ok(query),
        Err(report) => {
            let message = report.iter().next().map(|(_, error)| error.to_string());
            Err(Refusal::because(Code::InvalidQuery, message.unwrap_or_default()).into())
        }
    }
}

/// The browser that asks, if it was here before.
fn browser(headers: &HeaderMap) -> Option<Browser> {
    let cookies = headers.get_all(COOKIE).iter();
    let mut cookies = cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'));
    cookies.find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == COOKIE_NAME)
            .then(|| Browser::known(value))
            .flatten()
    })
}

fn sent_to(url: &str) -> Response {
    let headers = [(LOCATION, url), (REFERRER_POLICY, "no-referrer")];
    (StatusCode::FOUND, headers).into_response()
}
