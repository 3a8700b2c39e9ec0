//! The providers' endpoints.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::token::{id_token, keys};
use super::{Person, Wrong, client_secret};

/// What the providers know, and do wrongly.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) wrong: Option<Wrong>,
    pub(super) keys_asked: usize,
    serial: usize,
    /// By their code, until it is exchanged.
    codes: HashMap<String, Issued>,
    /// By their access token.
    tokens: HashMap<String, Issued>,
}

/// What a code stands for.
#[derive(Debug, Clone)]
struct Issued {
    client: String,
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    person: Person,
}

type Shared = State<Arc<Mutex<Plan>>>;
type Parameters = HashMap<String, String>;

/// Starts the server, and says where.
pub(super) async fn start(plan: Arc<Mutex<Plan>>) -> String {
    let facebook = "/facebook-graph/v24.0";
    let routes = Router::new()
        .route("/google/authorize", get(authorize))
        .route("/google/token", post(token))
        .route("/google/certs", get(certs))
        .route("/github/login/oauth/authorize", get(authorize))
        .route("/github/login/oauth/access_token", post(token))
        .route("/github-api/user", get(user))
        .route("/github-api/user/emails", get(emails))
        .route("/facebook/v24.0/dialog/oauth", get(authorize))
        .route(&format!("{facebook}/oauth/access_token"), post(token))
        .route(&format!("{facebook}/me"), get(me))
        .with_state(plan);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

impl Plan {
    /// Whether this goes wrong now.
    fn is_wrong(&mut self, is: impl Fn(Wrong) -> bool) -> Option<Wrong> {
        self.wrong.take_if(|wrong| is(*wrong))
    }
}

/// Whoever comes says yes, as whom the test's own parameters name.
async fn authorize(State(plan): Shared, Query(asked): Query<Parameters>) -> Response {
    let all = [
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
    ];
    let whole = all
        .iter()
        .all(|name| asked.get(*name).is_some_and(|value| !value.is_empty()));
    if !whole || asked["response_type"] != "code" || asked["code_challenge_method"] != "S256" {
        return (StatusCode::BAD_REQUEST, "no authorization request").into_response();
    }
    let person = Person {
        subject: asked["test_subject"].clone(),
        email: asked["test_email"].clone(),
        verified: asked["test_verified"] == "true",
    };
    let mut plan = plan.lock().expect("the plan");
    plan.serial += 1;
    let code = format!("code-{}", plan.serial);
    let issued = Issued {
        client: asked["client_id"].clone(),
        redirect_uri: asked["redirect_uri"].clone(),
        challenge: asked["code_challenge"].clone(),
        nonce: asked.get("nonce").cloned(),
        person,
    };
    plan.codes.insert(code.clone(), issued);
    let query = serde_urlencoded::to_string([("code", &code), ("state", &asked["state"])]);
    let to = format!("{}?{}", asked["redirect_uri"], query.expect("pairs"));
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

async fn token(State(plan): Shared, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let accepts_json = request
        .headers()
        .get("accept")
        .is_some_and(|accept| accept == "application/json");
    let form =
        <Form<Parameters> as axum::extract::FromRequest<_>>::from_request(request, &()).await;
    let Form(form) = form.expect("a form");
    let wrong = {
        let mut plan = plan.lock().expect("the plan");
        plan.is_wrong(|wrong| matches!(wrong, Wrong::Status(..) | Wrong::Garbage | Wrong::Silence))
    };
    match wrong {
        Some(Wrong::Status(status, error)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, Json(json!({ "error": error }))).into_response();
        }
        Some(Wrong::Garbage) => return "<html>".into_response(),
        Some(Wrong::Silence) => pending().await,
        _ => {}
    }
    let mut plan = plan.lock().expect("the plan");
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let known = text("client_secret") == client_secret(text("client_id"));
    if !known || text("grant_type") != "authorization_code" || !accepts_json {
        return refused(&path, "invalid_client", "incorrect_client_credentials", 101);
    }
    // A code is spent by the attempt, whatever comes of it.
    let issued = plan.codes.remove(text("code")).filter(|issued| {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(text("code_verifier")));
        issued.client == text("client_id")
            && issued.redirect_uri == text("redirect_uri")
            && issued.challenge == challenge
    });
    let Some(issued) = issued else {
        return refused(&path, "invalid_grant", "bad_verification_code", 100);
    };
    let access = format!("token-for-{}", text("code"));
    let forgery = match plan.is_wrong(|wrong| matches!(wrong, Wrong::Forged(_))) {
        Some(Wrong::Forged(forgery)) => Some(forgery),
        _ => None,
    };
    let id_token = path.starts_with("/google").then(|| {
        id_token(
            &issued.client,
            &issued.person,
            issued.nonce.as_deref(),
            forgery,
        )
    });
    plan.tokens.insert(access.clone(), issued);
    Json(json!({"access_token": access, "token_type": "bearer", "expires_in": 3599, "id_token": id_token}))
        .into_response()
}

/// A refusal, in each one's own words. GitHub's status says that all is well.
fn refused(path: &str, standard: &str, github: &str, facebook: u32) -> Response {
    let (status, error) = match path.split('/').nth(1) {
        Some("github") => (200, json!({"error": github, "error_description": "…"})),
        Some("facebook-graph") => {
            let error = json!({"message": "…", "type": "OAuthException", "code": facebook, "fbtrace_id": "A"});
            (400, json!({ "error": error }))
        }
        _ => (400, json!({"error": standard, "error_description": "…"})),
    };
    (StatusCode::from_u16(status).expect("a status"), Json(error)).into_response()
}

async fn certs(State(plan): Shared) -> Response {
    let mut plan = plan.lock().expect("the plan");
    plan.keys_asked += 1;
    if plan.is_wrong(|wrong| wrong == Wrong::NoKeys).is_some() {
        return StatusCode::NOT_FOUND.into_response();
    }
    Json(keys()).into_response()
}

/// Whose access token a request has.
fn whose(plan: &Arc<Mutex<Plan>>, request: &Request) -> Result<(String, Issued), StatusCode> {
    let mut plan = plan.lock().expect("the plan");
    let refused = || StatusCode::UNAUTHORIZED;
    if plan.is_wrong(|wrong| wrong == Wrong::NoUser).is_some() {
        return Err(refused());
    }
    let token = request.headers().get("authorization");
    let token = token.and_then(|token| token.to_str().ok()?.strip_prefix("Bearer "));
    let token = token.unwrap_or_default();
    let issued = plan.tokens.get(token).cloned().ok_or_else(refused)?;
    Ok((token.to_owned(), issued))
}

async fn user(State(plan): Shared, request: Request) -> Response {
    match whose(&plan, &request) {
        Ok((_, Issued { person, .. })) => {
            let id: u64 = person.subject.parse().expect("GitHub's ids are numbers");
            Json(json!({"login": "ann", "id": id, "name": "Ann Lee", "email": null}))
                .into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

async fn emails(State(plan): Shared, request: Request) -> Response {
    match whose(&plan, &request) {
        Ok((_, Issued { person, .. })) => {
            let address = |email: &str, primary: bool, verified: bool| -> Value {
                json!({"email": email, "primary": primary, "verified": verified, "visibility": null})
            };
            let other = address("other@users.noreply.github.example", false, true);
            Json(json!([
                other,
                address(&person.email, true, person.verified)
            ]))
            .into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

async fn me(State(plan): Shared, Query(query): Query<Parameters>, request: Request) -> Response {
    let (token, issued) = match whose(&plan, &request) {
        Ok(whose) => whose,
        Err(refused) => return refused.into_response(),
    };
    let secret = client_secret(&issued.client);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(token.as_bytes());
    let proof = HEXLOWER.encode(&mac.finalize().into_bytes());
    if query.get("appsecret_proof") != Some(&proof) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Person { subject, email, .. } = issued.person;
    Json(json!({"id": subject, "email": email, "first_name": "Ann", "last_name": "Lee"}))
        .into_response()
}
