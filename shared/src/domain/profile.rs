//! What a customer sees of their profile, and what they may change of it.

use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::customer::Customer;
use super::file::AttachmentView;
use crate::clock;
use crate::error::{Code, Result};
use crate::files::Files;
use crate::patch::Patch;
use crate::store::{
    Condition, CustomerScope, Item, Partition, Store, StoreError, Stored, Update, Write,
};
use crate::text::{line, lines, phone_number};

/// A customer's profile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "sk": "cus_06f1…", "email": "ann@acme.example", "name": "Ann Lee", "firstName": "Ann", "lastName": "Lee",
    "phone": "+14155550123", "language": "en", "timezone": "America/Chicago", "about": null,
    "avatar": null, "createdAt": "2026-05-04T09:30:00Z", "updatedAt": "2026-05-04T09:30:00Z",
}))]
pub struct Profile {
    /// The customer id: the `:author` of the storefront's paths.
    sk: String,
    /// The e-mail address. It is not changed here.
    email: String,
    /// Given and family name.
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// E.164.
    phone: Option<String>,
    /// BCP 47.
    language: Option<String>,
    /// IANA.
    timezone: Option<String>,
    about: Option<String>,
    /// The portrait: the file that came last into the area `avatar`.
    avatar: Option<AttachmentView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl Profile {
    /// Of the customer in scope. No call: links are signed here.
    pub async fn of(files: &Files, scope: &CustomerScope, customer: Customer) -> Result<Self> {
        let avatar = match &customer.avatar {
            Some(avatar) => Some(avatar.view(files, scope).await?),
            None => None,
        };
        Ok(Self {
            name: customer.name(),
            sk: customer.id.to_string(),
            email: customer.email,
            first_name: customer.first_name,
            last_name: customer.last_name,
            phone: customer.phone,
            language: customer.language,
            timezone: customer.timezone,
            about: customer.about,
            avatar,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        })
    }
}

/// What of a profile changes. A member that is left out stays, one that is null is removed.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", default)]
#[schema(example = json!({"firstName": "Anna", "timezone": "America/Chicago", "about": null}))]
pub struct ProfilePatch {
    #[garde(inner(length(chars, min = 1, max = 100), custom(line)))]
    #[schema(value_type = Option<String>)]
    first_name: Patch<String>,
    #[garde(inner(length(chars, min = 1, max = 100), custom(line)))]
    #[schema(value_type = Option<String>)]
    last_name: Patch<String>,
    /// E.164.
    #[garde(inner(custom(phone_number)))]
    #[schema(value_type = Option<String>)]
    phone: Patch<String>,
    /// BCP 47: a language, and perhaps a region.
    #[garde(inner(custom(language_tag)))]
    #[schema(value_type = Option<String>)]
    language: Patch<String>,
    /// IANA.
    #[garde(inner(custom(time_zone)))]
    #[schema(value_type = Option<String>)]
    timezone: Patch<String>,
    #[garde(inner(length(chars, max = 500), custom(lines)))]
    #[schema(value_type = Option<String>)]
    about: Patch<String>,
}

fn language_tag<C>(tag: &str, _: &C) -> garde::Result {
    let subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let language = tag.split('-').next().unwrap_or_default();
    let known =
        (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    if known && tag.len() <= 35 && tag.split('-').all(subtag) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "is not a BCP 47 language tag such as en or pt-BR",
        ))
    }
}

fn time_zone<C>(name: &str, _: &C) -> garde::Result {
    if jiff::tz::TimeZone::get(name).is_ok() {
        Ok(())
    } else {
        Err(garde::Error::new(
            "is not an IANA time zone such as Europe/Berlin",
        ))
    }
}

/// Changes what is sent and leaves the rest; with a version, only that one. One round trip.
///
/// # Errors
///
/// `not_found`; `precondition_failed` when the profile is at another version.
pub async fn update(
    store: &Store,
    scope: &CustomerScope,
    version: Option<u64>,
    patch: &ProfilePatch,
) -> Result<Stored<Customer>> {
    let members = [
        ("firstName", &patch.first_name),
        ("lastName", &patch.last_name),
        ("phone", &patch.phone),
        ("language", &patch.language),
        ("timezone", &patch.timezone),
        ("about", &patch.about),
    ];
    let mut update = Update::of::<Customer>().set("updatedAt", &clock::now());
    for (member, change) in members {
        if let Some(change) = change.as_change() {
            update = update.set(member, &change);
        }
    }
    let condition = version.map_or(Condition::Present, |version| Condition::eq("v", &version));
    let write = Write::update(scope.key(&Item::Profile), update).when(condition);
    match store.update::<Customer>(write).await {
        Ok(profile) => Ok(profile),
        Err(StoreError::ConditionFailed(found)) if found.is_absent() => Err(Code::NotFound.into()),
        Err(StoreError::ConditionFailed(_)) => Err(Code::PreconditionFailed.into()),
        Err(error) => Err(error.into()),
    }
}
