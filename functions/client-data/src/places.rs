//! Addresses while they are typed, by Google Places.

use axum::extract::State;
use garde::Validate;
use portico_shared::domain::address::country_code;
use portico_shared::domain::places::{PlaceAddress, PlaceFinder};
use portico_shared::http::{App, Body, Customer, Failure, Json, Path, Problem, Query, Routes};
use portico_shared::operations;
use portico_shared::text::line;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, autocomplete_address, get_place)
}

/// The beginning of an address.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "input": "1600 Amph", "sessionToken": "0193e5a2-7f6c-7d3a-9d43-5a1c2b3d4e5f", "country": "US",
}))]
struct Typing {
    /// What was typed so far.
    #[garde(length(chars, min = 1, max = 200), custom(line))]
    input: String,
    /// Random, and the same while one address is being typed, up to and with the request for its place:
    /// Google bills those as one. 1 to 36 letters, digits, `-` and `_`, as a UUID has.
    #[garde(inner(custom(session_form)))]
    session_token: Option<String>,
    /// ISO 3166-1 alpha-2, in capitals: only there.
    #[garde(inner(custom(country_code)))]
    country: Option<String>,
}

/// A session, in the query.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    session_token: Option<String>,
}

/// What may be meant.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"predictions": [{
    "placeId": "ChIJ2eUgeAK6j4ARbn5u_wAGqWA", "description": "1600 Amphitheatre Parkway, Mountain View, CA, USA",
}]}))]
struct Predictions {
    /// The likeliest first; five at the most.
    predictions: Vec<PredictionView>,
}

/// A place that may be meant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "placeId": "ChIJ2eUgeAK6j4ARbn5u_wAGqWA", "description": "1600 Amphitheatre Parkway, Mountain View, CA, USA",
}))]
struct PredictionView {
    /// Google's id of it.
    place_id: String,
    /// The address in one line.
    description: String,
}

/// The address of a place, with the names of the address book's members. What the place does not tell is
/// null: a town has no street.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "street1": "1600 Amphitheatre Parkway", "street2": null, "city": "Mountain View", "state": "CA",
    "postalCode": "94043", "country": "US",
}))]
struct PlaceView {
    street1: Option<String>,
    street2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
}

/// Google's form of a session token: URL-safe base64, 36 characters at the most.
fn session_form<T: AsRef<str>, C>(token: &T, _: &C) -> garde::Result {
    let token = token.as_ref();
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=36).contains(&token.len()) && token.bytes().all(inner) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "is not 1 to 36 letters, digits, hyphens and underscores",
        ))
    }
}

fn finder<'a>(app: &'a App, customer: &'a Customer) -> PlaceFinder<'a> {
    PlaceFinder {
        scope: &customer.scope,
        store: &app.store,
        ring: &app.ring,
        integrations: &app.integrations,
        vendors: &app.vendors,
    }
}

/// Places that may be meant by an address that is being typed.
///
/// A customer may ask Google sixty times a minute, for this and for places.
#[utoipa::path(
    post, path = "/client-data/addresses/autocomplete", tag = "client-data", security(("customer" = [])),
    request_body = Typing,
    responses((status = OK, body = Predictions), (status = "4XX", body = Problem)),
)]
async fn autocomplete_address(
    State(app): State<App>,
    customer: Customer,
    Body(typed): Body<Typing>,
) -> Result<Json<Predictions>, Failure> {
    let finder = finder(&app, &customer);
    let (session, country) = (typed.session_token.as_deref(), typed.country.as_deref());
    let found = finder.autocomplete(&typed.input, session, country).await?;
    let predictions = found.into_iter().map(|place| PredictionView {
        place_id: place.place_id,
        description: place.description,
    });
    Ok(Json(Predictions {
        predictions: predictions.collect(),
    }))
}

/// The address of a place that `autocomplete` named.
#[utoipa::path(
    get, path = "/client-data/addresses/place/{placeId}", tag = "client-data", security(("customer" = [])),
    params(
        ("placeId" = String, Path, example = "ChIJ2eUgeAK6j4ARbn5u_wAGqWA"),
        ("sessionToken" = Option<String>, Query, description = "as it was sent to `autocomplete`"),
    ),
    responses((status = OK, body = PlaceView), (status = "4XX", body = Problem)),
)]
async fn get_place(
    State(app): State<App>,
    customer: Customer,
    Path(place): Path<String>,
    Query(session): Query<Session>,
) -> Result<Json<PlaceView>, Failure> {
    // A token that Google could not take ends no session.
    let session = session.session_token;
    let session = session.filter(|token| session_form(token, &()).is_ok());
    let finder = finder(&app, &customer);
    let PlaceAddress {
        street1,
        street2,
        city,
        state,
        postal_code,
        country,
    } = finder.address(&place, session.as_deref()).await?;
    Ok(Json(PlaceView {
        street1,
        street2,
        city,
        state,
        postal_code,
        country,
    }))
}
