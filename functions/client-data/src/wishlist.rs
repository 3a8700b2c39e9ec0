//! The customer's saved products.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use portico_shared::clock;
use portico_shared::domain::catalogue::Catalogue;
use portico_shared::domain::wishlist::Wish;
use portico_shared::error::Code;
use portico_shared::http::{App, Customer, Failure, Json, Path, Problem, Routes};
use portico_shared::ids::ProductId;
use portico_shared::money::{Decimal, Money};
use portico_shared::operations;
use portico_shared::store::{Collection, Item, List, Partition, Update, Write};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_wishes, add_wish, remove_wish)
}

/// The wishlist.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "productId": "prd_06f1…", "addedAt": "2026-05-04T09:30:00Z",
    "product": {"slug": "mug", "sku": "MUG-WHITE", "name": "Mug", "price": 12.5, "currency": "USD", "image": null, "inStock": true},
}]}))]
struct Wishlist {
    data: Vec<WishView>,
}

/// A saved product.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "productId": "prd_06f1…", "addedAt": "2026-05-04T09:30:00Z",
    "product": {"slug": "mug", "name": "Mug", "price": 12.5, "currency": "USD", "image": null, "inStock": true},
}))]
pub(crate) struct WishView {
    product_id: String,
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
    /// What it is; null once it is no longer sold.
    product: Option<ProductSummary>,
}

/// A product in short.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProductSummary {
    slug: String,
    /// Of the cheapest variation, to put it into a cart.
    sku: Option<String>,
    name: String,
    /// What the cheapest variation costs.
    price: Option<Decimal>,
    /// ISO 4217.
    currency: Option<&'static str>,
    image: Option<String>,
    /// Whether any variation can be had.
    in_stock: bool,
}

fn view(catalogue: &Catalogue, wish: &Wish) -> WishView {
    let product = catalogue
        .product(&wish.product_id)
        .map(|product| ProductSummary {
            slug: product.slug.clone(),
            sku: product.cheapest().map(|variation| variation.sku.clone()),
            name: product.name.clone(),
            price: product.price().map(Money::decimal),
            currency: product.price().map(|price| price.currency().code()),
            image: product.images.first().cloned(),
            in_stock: catalogue.in_stock(product),
        });
    WishView {
        product_id: wish.product_id.to_string(),
        added_at: wish.added_at,
        product,
    }
}

/// The whole wishlist, as it is shown: newest first.
pub(crate) fn views(mut wishes: Vec<Wish>, catalogue: &Catalogue) -> Vec<WishView> {
    wishes.sort_by_key(|wish| std::cmp::Reverse(wish.added_at));
    wishes.iter().map(|wish| view(catalogue, wish)).collect()
}

/// All saved products.
#[utoipa::path(
    get, path = "/client-data/wishlist", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = Wishlist), (status = "4XX", body = Problem)),
)]
async fn list_wishes(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<Wishlist>, Failure> {
    let list = List::of(Collection::Wishlist);
    let wishes = app
        .store
        .list::<Wish>(&customer.scope, list)
        .await?
        .into_entities();
    let catalogue = app.catalogues.get(&app.store, &customer.org.id).await?;
    Ok(Json(Wishlist {
        data: views(wishes, &catalogue),
    }))
}

/// Saves a product. Saving one that is saved already changes nothing.
#[utoipa::path(
    post, path = "/client-data/wishlist/{productId}", tag = "client-data", security(("customer" = [])),
    params(("productId" = String, Path, example = "prd_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = WishView), (status = "4XX", body = Problem)),
)]
async fn add_wish(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<ProductId>,
) -> Result<Json<WishView>, Failure> {
    let catalogue = app.catalogues.get(&app.store, &customer.org.id).await?;
    catalogue.product(&id).ok_or(Code::NotFound)?;
    let update = Update::of::<Wish>()
        .set("productId", &id)
        .set_if_absent("addedAt", &clock::now());
    let wish = Write::update(customer.scope.key(&Item::Wish(&id)), update);
    let wish = app.store.update::<Wish>(wish).await?;
    Ok(Json(view(&catalogue, &wish.entity)))
}

/// Forgets a product. Forgetting one that is not saved changes nothing.
#[utoipa::path(
    delete, path = "/client-data/wishlist/{productId}", tag = "client-data", security(("customer" = [])),
    params(("productId" = String, Path, example = "prd_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)),
)]
async fn remove_wish(
    State(app): State<App>,
    customer: Customer,
    Path(id): Path<ProductId>,
) -> Result<StatusCode, Failure> {
    app.store
        .write(Write::delete(customer.scope.key(&Item::Wish(&id))))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
