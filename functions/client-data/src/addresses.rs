//! The customer's address book.

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use portico_shared::clock;
use portico_shared::domain::address::{Address, AddressType, PostalAddress};
use portico_shared::error::Code;
use portico_shared::http::{App, Body, Customer, Failure, Json, Path, Problem, Routes};
use portico_shared::ids::AddressId;
use portico_shared::operations;
use portico_shared::store::{
    Collection, Condition, Item, List, Partition, StoreError, Update, Write,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_addresses, put_address, delete_address)
}

/// An entry of the address book.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "adr_06f1…", "type": "home", "primary": true, "name": "Ann Lee", "street1": "1 Main St",
    "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US",
}))]
pub(crate) struct AddressView {
    id: String,
    #[serde(rename = "type")]
    kind: AddressType,
    /// Whether it is the one to be used unless another is chosen. At most one is.
    primary: bool,
    #[serde(flatten)]
    address: PostalAddress,
}

/// The address book.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "id": "adr_06f1…", "type": "home", "primary": true, "street1": "1 Main St", "city": "Springfield", "country": "US",
}]}))]
struct AddressBook {
    data: Vec<AddressView>,
}

/// An address to add, or with an `id` to change.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({
    "type": "home", "primary": true, "name": "Ann Lee", "street1": "1 Main St", "city": "Springfield",
    "state": "IL", "postalCode": "62701", "country": "US",
}))]
struct AddressInput {
    /// Which entry to change; a new one is made without.
    #[garde(inner(length(max = 64)))]
    id: Option<String>,
    #[serde(rename = "type", default)]
    #[garde(skip)]
    kind: AddressType,
    /// Whether it becomes the one to be used unless another is chosen.
    #[serde(default)]
    #[garde(skip)]
    primary: bool,
    #[serde(flatten)]
    #[garde(dive)]
    flattened: PostalAddress,
}

fn view(address: Address, primary: bool) -> AddressView {
    AddressView {
        id: address.id.to_string(),
        kind: address.kind,
        primary,
        address: address.address,
    }
}

/// The whole address book, as it is shown.
pub(crate) fn views(addresses: Vec<Address>) -> Vec<AddressView> {
    let primary = addresses
        .iter()
        .filter(|address| address.primary_since.is_some());
    let primary = primary.max_by_key(|address| (address.primary_since, &address.id));
    let primary = primary.map(|address| address.id.clone());
    let views = addresses.into_iter().map(|address| {
        let is_primary = primary.as_ref() == Some(&address.id);
        view(address, is_primary)
    });
    views.collect()
}

/// All addresses.
#[utoipa::path(
    get, path = "/client-data/addresses", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = AddressBook), (status = "4XX", body = Problem)),
)]
async fn list_addresses(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<AddressBook>, Failure> {
    let list = List::of(Collection::Addresses);
    let addresses = app
        .store
        .list::<Address>(&customer.scope, list)
        .await?
        .into_entities();
    let data = views(addresses);
    Ok(Json(AddressBook { data }))
}

/// Adds an address, or replaces the one of the given `id`.
#[utoipa::path(
    post, path = "/client-data/addresses", tag = "client-data", security(("customer" = [])),
    request_body = AddressInput,
    responses(
        (status = OK, description = "changed", body = AddressView),
        (status = CREATED, description = "added", body = AddressView),
        (status = "4XX", body = Problem),
    ),
)]
async fn put_address(
    State(app): State<App>,
    customer: Customer,
    Body(input): Body<AddressInput>,
) -> Result<(StatusCode, Json<AddressView>), Failure> {
    let (id, status) = match &input.id {
        // An id that is not well-formed names nothing of the customer's.
        Some(id) => (id.parse().map_err(|_| Code::NotFound)?, StatusCode::OK),
        None => (AddressId::generate(), StatusCode::CREATED),
    };
    let primary_since = input.primary.then(|| clock::now().as_millisecond());
    let address = Address {
        id,
        kind: input.kind,
        address: input.flattened,
        primary_since,
    };
    let key = customer.scope.key(&Item::Address(&address.id));
    let mut write = Write::update(key, Update::to(&address)?);
    if status == StatusCode::OK {
        write = write.when(Condition::Present);
    }
    match app.store.write(write).await {
        Ok(_) => Ok((status, Json(view(address, input.primary)))),
        Err(StoreError::ConditionFailed(_)) => Err(Code::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}

/// Deletes an address.
#[utoipa::path(
    delete, path = "/client-data/addresses/{addressId}", tag = "client-data", security(("customer" = [])),
    params(("addressId" = String, Path, example = "adr_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn delete_address(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<AddressId>,
) -> Result<StatusCode, Failure> {
    let delete = Write::delete(customer.scope.key(&Item::Address(&id))).when(Condition::Present);
    match app.store.write(delete).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::ConditionFailed(_)) => Err(Code::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}
