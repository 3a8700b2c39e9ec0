//! The catalogue, as shoppers browse it. Answered from the warm function's snapshot.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use axum::extract::State;
use iso_currency::Currency;
use jiff::Timestamp;
use portico_shared::domain::catalogue::{Catalogue, Listed};
use portico_shared::domain::product::{InventoryPolicy, Product};
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{
    App, Failure, Json, Org, Page, PageParams, PageQuery, Path, Problem, Query, Routes,
};
use portico_shared::money::{Decimal, Money};
use portico_shared::operations;
use portico_shared::store::Direction;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_products, get_product)
}

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 50;

/// A product.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "prd_06f1…", "slug": "mug", "name": "Mug", "description": "Holds coffee.", "sku": "MUG-BLUE",
    "price": 12.5, "currency": "USD", "brand": "Hearth", "category": "kitchen", "images": [], "stock": 40, "inStock": true,
    "attributes": {"material": "stoneware"}, "inventoryPolicy": "clamp",
    "variations": [{"sku": "MUG-BLUE", "options": {"color": "blue"}, "price": 12.5, "stock": 40, "image": null}],
    "createdAt": "2026-05-04T09:30:00Z", "updatedAt": "2026-05-04T09:30:00Z",
}))]
struct ProductView {
    id: String,
    /// The name in the product's address.
    slug: String,
    name: String,
    description: String,
    /// The first variation's sku.
    sku: String,
    /// What the cheapest variation costs.
    price: Option<Decimal>,
    /// ISO 4217.
    currency: &'static str,
    brand: Option<String>,
    category: Option<String>,
    images: Vec<String>,
    /// Pieces of all variations, as of some seconds ago. Carts and checkouts look at the very moment.
    stock: i64,
    /// Whether any variation can be had.
    in_stock: bool,
    attributes: BTreeMap<String, String>,
    inventory_policy: InventoryPolicy,
    variations: Vec<VariationView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// One form of a product.
#[derive(Serialize, ToSchema)]
struct VariationView {
    sku: String,
    options: BTreeMap<String, String>,
    price: Decimal,
    stock: i64,
    image: Option<String>,
}

fn view(catalogue: &Catalogue, product: &Product, currency: Currency) -> ProductView {
    let variation = |variation: &portico_shared::domain::product::Variation| VariationView {
        sku: variation.sku.clone(),
        options: variation.options.clone(),
        price: variation.price.decimal(),
        stock: catalogue.stock(&variation.sku),
        image: variation.image.clone(),
    };
    let variations: Vec<VariationView> = product.variations.iter().map(variation).collect();
    ProductView {
        id: product.id.to_string(),
        slug: product.slug.clone(),
        name: product.name.clone(),
        description: product.description.clone(),
        sku: variations
            .first()
            .map(|variation| variation.sku.clone())
            .unwrap_or_default(),
        price: product.price().map(Money::decimal),
        currency: currency.code(),
        brand: product.brand.clone(),
        category: product.category.clone(),
        images: product.images.clone(),
        stock: variations
            .iter()
            .map(|variation| variation.stock.max(0))
            .sum(),
        in_stock: catalogue.in_stock(product),
        attributes: product.attributes.clone(),
        inventory_policy: product.inventory_policy,
        variations,
        created_at: product.created_at,
        updated_at: product.updated_at,
    }
}

/// By what products are sorted.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ProductSort {
    /// When they last changed.
    #[default]
    ModifyDate,
    /// When they were first imported.
    CreateDate,
    /// What the cheapest variation costs.
    Price,
    /// The name.
    Name,
}

/// Which products, and in which order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct ProductQuery {
    /// Words that all stand in the name, the description or a sku.
    #[param(example = "mug")]
    query: Option<String>,
    /// A category.
    category: Option<String>,
    /// A brand.
    brand: Option<String>,
    /// The least price.
    #[param(example = "5")]
    min_price: Option<String>,
    /// The highest price.
    #[param(example = "49.99")]
    max_price: Option<String>,
    /// By what they are sorted. Also `sort`.
    #[serde(default, alias = "sort")]
    #[param(inline)]
    s: ProductSort,
}

/// What is looked for, understood.
struct Filter {
    words: Vec<String>,
    category: Option<String>,
    brand: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
}

impl ProductQuery {
    fn filter(&self, currency: Currency) -> Result<Filter> {
        let price = |name: &str, text: &Option<String>| match text
            .as_deref()
            .filter(|text| !text.is_empty())
        {
            None => Ok(None),
            Some(text) => Money::parse(text, currency)
                .map(|money| Some(money.minor()))
                .map_err(|error| Refusal::because(Code::InvalidQuery, format!("{name}: {error}"))),
        };
        let name = |text: &Option<String>| {
            text.as_deref()
                .filter(|text| !text.is_empty())
                .map(str::to_lowercase)
        };
        Ok(Filter {
            words: self
                .query
                .as_deref()
                .unwrap_or_default()
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            category: name(&self.category),
            brand: name(&self.brand),
            min: price("minPrice", &self.min_price)?,
            max: price("maxPrice", &self.max_price)?,
        })
    }
}

impl Filter {
    fn matches(&self, listed: &Listed) -> bool {
        let Listed { product, haystack } = listed;
        let is = |wanted: &Option<String>, given: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                given
                    .as_ref()
                    .is_some_and(|given| given.to_lowercase() == *wanted)
            })
        };
        let price = product.price().map(Money::minor);
        self.words
            .iter()
            .all(|word| haystack.contains(word.as_str()))
            && is(&self.category, &product.category)
            && is(&self.brand, &product.brand)
            && self
                .min
                .is_none_or(|min| price.is_some_and(|price| price >= min))
            && self
                .max
                .is_none_or(|max| price.is_some_and(|price| price <= max))
    }
}

fn compare(a: &Product, b: &Product, by: ProductSort) -> Ordering {
    match by {
        ProductSort::ModifyDate => a.updated_at.cmp(&b.updated_at),
        ProductSort::CreateDate => a.created_at.cmp(&b.created_at),
        ProductSort::Price => a
            .price()
            .map(Money::minor)
            .cmp(&b.price().map(Money::minor)),
        ProductSort::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
    }
}

/// A page of products.
#[utoipa::path(
    get, path = "/storefront/products", tag = "storefront",
    params(ProductQuery, PageQuery),
    responses((status = OK, body = Page<ProductView>), (status = "4XX", body = Problem)),
)]
async fn list_products(
    State(app): State<App>,
    org: Org,
    Query(query): Query<ProductQuery>,
    params: PageParams,
) -> Result<Json<Page<ProductView>>, Failure> {
    let filter = query.filter(org.currency())?;
    let catalogue = app.catalogues.get(&app.store, &org.id).await?;
    let mut found: Vec<&Product> = catalogue
        .products()
        .iter()
        .filter(|listed| filter.matches(listed))
        .map(|listed| &listed.product)
        .collect();
    // Where the order leaves a choice, the id decides: pages must not overlap.
    found.sort_by(|a, b| {
        let ordering = compare(a, b, query.s);
        let ordering = if params.direction == Direction::Ascending {
            ordering
        } else {
            ordering.reverse()
        };
        ordering.then_with(|| a.id.cmp(&b.id))
    });
    let list = format!("{}|products", org.id);
    let page_size = params.size_or(PAGE_SIZE);
    let skip = match params.position(&app, &org.id, &list)? {
        Some(count) => count.parse().map_err(|_| Code::InvalidCursor)?,
        None => params.skip(page_size),
    };
    let total = found.len();
    let data: Vec<ProductView> = found
        .into_iter()
        .skip(skip)
        .take(page_size)
        .map(|product| view(&catalogue, product, org.currency()))
        .collect();
    let end = skip + data.len();
    let next = (end < total).then(|| params.cursor(&app, &org.id, &list, &end.to_string()));
    Ok(Json(Page {
        data,
        total: Some(total),
        page: params.page,
        page_size,
        has_next: next.is_some(),
        next,
    }))
}

/// One product, by its id or its slug.
#[utoipa::path(
    get, path = "/storefront/product/{idOrSlug}", tag = "storefront",
    params(("idOrSlug" = String, Path, example = "mug")),
    responses((status = OK, body = ProductView), (status = "4XX", body = Problem)),
)]
async fn get_product(
    State(app): State<App>,
    org: Org,
    Path(id_or_slug): Path<String>,
) -> Result<Json<ProductView>, Failure> {
    let catalogue = app.catalogues.get(&app.store, &org.id).await?;
    let product = catalogue.find(&id_or_slug).ok_or(Code::NotFound)?;
    Ok(Json(view(&catalogue, product, org.currency())))
}
