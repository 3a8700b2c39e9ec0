//! Addresses while they are typed, by Google Places.

use super::integration::Integrations;
use crate::auth::{KeyRing, Limit};
use crate::error::{Code, Result};
use crate::store::{CustomerScope, Store};
use crate::vendors::Vendors;
use crate::vendors::places::{Component, Prediction, Typed};

/// What a customer may ask in a minute. Somebody who types quickly asks three or four times a second for
/// some seconds; the org pays for each.
pub const PER_MINUTE: u32 = 60;

/// Google Places, for one customer.
#[derive(Clone, Copy)]
pub struct PlaceFinder<'a> {
    /// Who asks.
    pub scope: &'a CustomerScope,
    /// The table.
    pub store: &'a Store,
    /// The keys.
    pub ring: &'a KeyRing,
    /// The org's account with Google.
    pub integrations: &'a Integrations,
    /// Google.
    pub vendors: &'a Vendors,
}

/// An address as far as a place tells it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PlaceAddress {
    /// Street and house number.
    pub street1: Option<String>,
    /// Floor or flat.
    pub street2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, province or region.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

impl PlaceFinder<'_> {
    /// What may be meant by what is being typed. A session ties the questions of one search to the
    /// [`PlaceFinder::address`] that ends it; Google bills them as one.
    ///
    /// # Errors
    ///
    /// `integration_not_configured`; `rate_limited`.
    pub async fn autocomplete(
        &self,
        input: &str,
        session: Option<&str>,
        country: Option<&str>,
    ) -> Result<Vec<Prediction>> {
        let settings = self.settings().await?;
        self.count().await?;
        let typed = Typed {
            input,
            session_token: session,
            included_region_codes: country.map(str::to_ascii_lowercase).into_iter().collect(),
        };
        let places = self.vendors.places(&settings.api_key);
        places.autocomplete(&typed).await
    }

    /// The address of a place.
    ///
    /// # Errors
    ///
    /// `not_found` for no place; `integration_not_configured`; `rate_limited`.
    pub async fn address(&self, place: &str, session: Option<&str>) -> Result<PlaceAddress> {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=512).contains(&place.len()) || !place.bytes().all(inner) {
            return Err(Code::NotFound.into());
        }
        let settings = self.settings().await?;
        self.count().await?;
        let places = self.vendors.places(&settings.api_key);
        let components = places.address(place, session).await?;
        Ok(PlaceAddress::of(&components.ok_or(Code::NotFound)?))
    }

    async fn settings(&self) -> Result<super::integration::GooglePlacesSettings> {
        let org = self.scope.org();
        self.integrations
            .google_places(self.store, self.ring, org)
            .await
    }

    /// Counts a question.
    async fn count(&self) -> Result<()> {
        let (org, who) = (self.scope.org(), self.scope.customer().as_str());
        let limit = Limit::in_minute(org, "places", who, PER_MINUTE);
        limit
            .take(self.store)
            .await?
            .ok_or_else(|| limit.reached())?;
        Ok(())
    }
}

impl PlaceAddress {
    /// From the parts that Google names. Which part is the city, and whether the house number comes before
    /// the street, is the country's custom.
    pub fn of(components: &[Component]) -> Self {
        let part = |kind: &str| {
            let mut parts = components.iter();
            parts.find(|part| part.types.iter().any(|of| of == kind))
        };
        let first = |kinds: &[&str]| {
            let found = kinds.iter().find_map(|kind| part(kind));
            found.map(|part| part.long_text.clone())
        };
        let country = part("country").map(|part| part.short_text.clone());
        let number = first(&["street_number"]);
        let route = first(&["route"]);
        let street = match (number, route) {
            (Some(number), Some(route)) if number_first(country.as_deref()) => {
                Some(format!("{number} {route}"))
            }
            (Some(number), Some(route)) => Some(format!("{route} {number}")),
            // Where streets have no names, blocks have numbers: Japan.
            (None, None) => blocks(components),
            (number, route) => route.or(number),
        };
        let state = part("administrative_area_level_1").map(|part| {
            // Abbreviated where people do.
            let short = matches!(
                country.as_deref(),
                Some("US" | "CA" | "AU" | "BR" | "MX" | "IT")
            );
            if short {
                &part.short_text
            } else {
                &part.long_text
            }
            .clone()
        });
        let postal_code =
            first(&["postal_code"]).map(|code| match first(&["postal_code_suffix"]) {
                Some(suffix) if country.as_deref() == Some("US") => format!("{code}-{suffix}"),
                _ => code,
            });
        Self {
            street1: street.or_else(|| first(&["premise", "establishment", "point_of_interest"])),
            street2: first(&["subpremise"]),
            city: first(cities(country.as_deref())),
            state,
            postal_code,
            country,
        }
    }
}

/// Whether the house number stands before the street: in English and in French.
fn number_first(country: Option<&str>) -> bool {
    const NUMBER_FIRST: [&str; 9] = ["US", "CA", "GB", "IE", "AU", "NZ", "FR", "ZA", "IN"];
    country.is_none_or(|country| NUMBER_FIRST.contains(&country))
}

/// The parts that may be the city, the best first.
fn cities(country: Option<&str>) -> &'static [&'static str] {
    match country {
        // The post town; a locality may be a village in it.
        Some("GB") => &["postal_town", "locality"],
        // New York's boroughs are sublocalities, and have no locality.
        Some("US") => &[
            "locality",
            "sublocality_level_1",
            "administrative_area_level_3",
        ],
        Some("BR") => &["administrative_area_level_2", "locality"],
        Some("JP") => &["locality", "administrative_area_level_2"],
        _ => &[
            "locality",
            "postal_town",
            "sublocality_level_1",
            "administrative_area_level_2",
        ],
    }
}

/// District and numbers of an address without a street, the largest first, as it is read.
fn blocks(components: &[Component]) -> Option<String> {
    const LEVELS: [&str; 4] = [
        "sublocality_level_1",
        "sublocality_level_2",
        "sublocality_level_3",
        "sublocality_level_4",
    ];
    let at = |level: &str| {
        let mut parts = components.iter();
        parts.find(|part| part.types.iter().any(|of| of == level))
    };
    // Without a number it is a district, and no address.
    at("sublocality_level_3").or_else(|| at("sublocality_level_4"))?;
    let named = LEVELS.iter().filter_map(|level| at(level));
    let named: Vec<_> = named.map(|part| part.long_text.as_str()).collect();
    Some(named.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn address(parts: &[(&str, &str, &str)]) -> PlaceAddress {
        let part = |(long, short, kinds): &(&str, &str, &str)| {
            let kinds: Vec<_> = kinds.split(' ').collect();
            json!({"longText": long, "shortText": short, "types": kinds, "languageCode": "en"})
        };
        let parts: Value = parts.iter().map(part).collect();
        let parts: Vec<Component> = serde_json::from_value(parts).unwrap();
        PlaceAddress::of(&parts)
    }

    fn expected(lines: [&str; 6]) -> PlaceAddress {
        let [street1, street2, city, state, postal_code, country] =
            lines.map(|line| (!line.is_empty()).then(|| line.to_owned()));
        PlaceAddress {
            street1,
            street2,
            city,
            state,
            postal_code,
            country,
        }
    }

    #[test]
    fn an_address_is_written_as_its_country_writes_it() {
        let american = address(&[
            ("5", "5", "subpremise"),
            ("1600", "1600", "street_number"),
            ("Amphitheatre Parkway", "Amphitheatre Pkwy", "route"),
            ("Mountain View", "Mountain View", "locality political"),
            (
                "Santa Clara County",
                "Santa Clara County",
                "administrative_area_level_2 political",
            ),
            ("California", "CA", "administrative_area_level_1 political"),
            ("United States", "US", "country political"),
            ("94043", "94043", "postal_code"),
            ("1351", "1351", "postal_code_suffix"),
        ]);
        assert_eq!(
            american,
            expected([
                "1600 Amphitheatre Parkway",
                "5",
                "Mountain View",
                "CA",
                "94043-1351",
                "US"
            ])
        );
        let brooklyn = address(&[
            ("99", "99", "street_number"),
            ("Prospect Park West", "Prospect Park West", "route"),
            (
                "Brooklyn",
                "Brooklyn",
                "sublocality_level_1 sublocality political",
            ),
            ("New York", "NY", "administrative_area_level_1 political"),
            ("United States", "US", "country political"),
        ]);
        assert_eq!(
            brooklyn,
            expected(["99 Prospect Park West", "", "Brooklyn", "NY", "", "US"])
        );
        let german = address(&[
            ("73", "73", "street_number"),
            ("Pariser Platz", "Pariser Platz", "route"),
            ("Berlin", "Berlin", "locality political"),
            ("Berlin", "BE", "administrative_area_level_1 political"),
            ("Germany", "DE", "country political"),
            ("10117", "10117", "postal_code"),
        ]);
        assert_eq!(
            german,
            expected(["Pariser Platz 73", "", "Berlin", "Berlin", "10117", "DE"])
        );
        let british = address(&[
            ("10", "10", "street_number"),
            ("High Street", "High St", "route"),
            ("Great Milton", "Great Milton", "locality political"),
            ("Oxford", "Oxford", "postal_town"),
            (
                "England",
                "England",
                "administrative_area_level_1 political",
            ),
            ("United Kingdom", "GB", "country political"),
            ("OX44 7PD", "OX44 7PD", "postal_code"),
        ]);
        assert_eq!(
            british,
            expected(["10 High Street", "", "Oxford", "England", "OX44 7PD", "GB"])
        );
        let japanese = address(&[
            ("8", "8", "premise"),
            ("2", "2", "sublocality_level_4 sublocality political"),
            (
                "4-chome",
                "4-chome",
                "sublocality_level_3 sublocality political",
            ),
            (
                "Shibakoen",
                "Shibakoen",
                "sublocality_level_2 sublocality political",
            ),
            ("Minato City", "Minato City", "locality political"),
            ("Tokyo", "Tokyo", "administrative_area_level_1 political"),
            ("Japan", "JP", "country political"),
            ("105-0011", "105-0011", "postal_code"),
        ]);
        assert_eq!(
            japanese,
            expected([
                "Shibakoen 4-chome 2",
                "",
                "Minato City",
                "Tokyo",
                "105-0011",
                "JP"
            ])
        );
    }

    #[test]
    fn a_place_that_is_no_address_tells_what_it_can() {
        let town = address(&[
            ("Springfield", "Springfield", "locality political"),
            ("Illinois", "IL", "administrative_area_level_1 political"),
            ("United States", "US", "country political"),
        ]);
        assert_eq!(town, expected(["", "", "Springfield", "IL", "", "US"]));
        assert_eq!(address(&[]), PlaceAddress::default());
    }
}
