//! Google's Places API (New): <https://developers.google.com/maps/documentation/places/web-service>.

use http::StatusCode;
use reqwest::RequestBuilder;
use serde::{Deserialize, Serialize};

use super::Vendors;
use crate::error::{Code, Refusal, Result};
use crate::outbound::{Http, Reply};
use crate::secret::Secret;

/// The Places API, with one project's key.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    http: &'a Http,
    url: &'a str,
    key: &'a Secret,
}

impl Vendors {
    /// The Places API, with this key.
    pub fn places<'a>(&'a self, key: &'a Secret) -> Places<'a> {
        Places {
            http: &self.http,
            url: &self.urls.google_places,
            key,
        }
    }
}

/// What is being typed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Typed<'a> {
    /// The beginning of an address.
    pub input: &'a str,
    /// Ties what is typed to the place that is chosen in the end: Google bills them as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token: Option<&'a str>,
    /// CLDR region codes, such as `us`: only there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub included_region_codes: Vec<String>,
}

/// A place that may be meant.
#[derive(Debug)]
pub struct Prediction {
    /// Google's id of it.
    pub place_id: String,
    /// The address in one line.
    pub description: String,
}

/// A part of an address.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// `Illinois`
    pub long_text: String,
    /// `IL`
    #[serde(default)]
    pub short_text: String,
    /// What it is: `route`, `locality`, `country` …
    pub types: Vec<String>,
}

#[derive(Deserialize)]
struct Suggestions {
    #[serde(default)]
    suggestions: Vec<Suggestion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suggestion {
    /// A suggestion may also be a query, which is no place.
    place_prediction: Option<PlacePrediction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlacePrediction {
    place_id: String,
    text: Text,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    address_components: Vec<Component>,
}

/// What of a suggestion is wanted. Google bills by it, and refuses a request without.
const SUGGESTED: &str = "suggestions.placePrediction.placeId,suggestions.placePrediction.text.text";

impl Places<'_> {
    /// What may be meant by what is being typed, the likeliest first.
    pub async fn autocomplete(&self, typed: &Typed<'_>) -> Result<Vec<Prediction>> {
        let url = format!("{}/v1/places:autocomplete", self.url);
        let request = self.http.client()?.post(url).json(typed);
        let reply = self.send(request, SUGGESTED).await?;
        if reply.status == StatusCode::BAD_REQUEST {
            let message = "Google does not take what was typed, the session or the country";
            return Err(Refusal::because(Code::ValidationFailed, message).into());
        }
        let suggestions = self.read::<Suggestions>(&reply)?.suggestions.into_iter();
        let places = suggestions.filter_map(|suggestion| suggestion.place_prediction);
        let predictions = places.map(|place| Prediction {
            place_id: place.place_id,
            description: place.text.text,
        });
        Ok(predictions.collect())
    }

    /// The parts of a place's address; nothing if Google knows no such place. `id` goes into the path: it is
    /// letters, digits, `-` and `_`.
    pub async fn address(&self, id: &str, session: Option<&str>) -> Result<Option<Vec<Component>>> {
        let mut request = self
            .http
            .client()?
            .get(format!("{}/v1/places/{id}", self.url));
        if let Some(session) = session {
            request = request.query(&[("sessionToken", session)]);
        }
        let reply = self.send(request, "addressComponents").await?;
        // An id that is none is an invalid argument.
        if matches!(
            reply.status,
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST
        ) {
            return Ok(None);
        }
        Ok(Some(self.read::<Place>(&reply)?.address_components))
    }

    async fn send(&self, request: RequestBuilder, fields: &str) -> Result<Reply> {
        let request = request
            .header("x-goog-api-key", self.key.reveal())
            .header("x-goog-fieldmask", fields);
        // Both only ask.
        self.http.send("google-places", request, true).await
    }

    fn read<T: serde::de::DeserializeOwned>(&self, reply: &Reply) -> Result<T> {
        match reply.status {
            status if status.is_success() => reply.json(),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                tracing::warn!(
                    key = self.key.redacted(),
                    "Google Places refuses an org's key"
                );
                let message = "Google Places refuses the key that this org has set";
                Err(Refusal::because(Code::IntegrationNotConfigured, message).into())
            }
            _ => Err(reply.unexpected()),
        }
    }
}
