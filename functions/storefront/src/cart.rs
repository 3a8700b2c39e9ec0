//! Carts of guests and customers.

use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use portico_shared::clock;
use portico_shared::domain::benefit::{self, Entitlements};
use portico_shared::domain::cart::{self, Cart, CartStatus, PlacedOrder};
use portico_shared::domain::order::{DiscountView, LineView};
use portico_shared::domain::pricing::{MAX_LINES, Priced, WantedLine, Warning};
use portico_shared::error::{Code, Result};
use portico_shared::http::{App, Body, Failure, Json, Org, Path, Problem, Routes, Visitor};
use portico_shared::ids::CartId;
use portico_shared::money::Decimal;
use portico_shared::operations;
use portico_shared::store::Shopper;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        get_cart,
        get_cart_by_id,
        update_cart,
        clear_cart,
        clear_cart_by_post,
        clear_cart_by_delete
    )
}

/// A cart, priced by the server.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "cartId": "crt_06f1…", "authorId": "gst_9k2…", "status": "open",
    "productItems": [{"sku": "MUG-BLUE", "productId": "prd_06f1…", "name": "Mug", "image": null, "options": {"color": "blue"}, "quantity": 2, "price": 12.5, "lineTotal": 25.0}],
    "itemCount": 2, "subtotal": 25.0, "discounts": [], "total": 25.0, "currency": "USD", "warnings": [], "order": null, "updatedAt": "2026-05-04T09:30:00Z",
}))]
struct CartView {
    cart_id: String,
    /// Whose it is: a customer id, or the guest id that must be kept to come back to it.
    author_id: String,
    status: CartStatus,
    product_items: Vec<LineView>,
    /// How many pieces.
    item_count: u32,
    subtotal: Decimal,
    /// What the customer's benefits take off.
    discounts: Vec<DiscountView>,
    /// What is to be paid.
    total: Decimal,
    /// ISO 4217.
    currency: &'static str,
    /// What could not be had as it was asked for.
    warnings: Vec<Warning>,
    /// The order that it became.
    order: Option<PlacedOrder>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn view(shopper: &Shopper, org: &Org, cart: Cart, priced: Priced) -> CartView {
    CartView {
        cart_id: cart.id.to_string(),
        author_id: shopper.author().to_owned(),
        status: cart.status,
        item_count: priced.lines.iter().map(|line| line.quantity).sum(),
        subtotal: priced.subtotal.decimal(),
        total: priced.total().decimal(),
        discounts: priced
            .discounts
            .into_iter()
            .map(DiscountView::from)
            .collect(),
        product_items: priced.lines.into_iter().map(LineView::from).collect(),
        currency: org.currency().code(),
        warnings: priced.warnings,
        order: cart.order,
        updated_at: cart.updated_at,
    }
}

/// What the shopper's benefits take off; a guest has none.
async fn entitlements(app: &App, shopper: &Shopper) -> Result<Entitlements> {
    let Shopper::Customer(scope) = shopper else {
        return Ok(Entitlements::default());
    };
    let programs = app.programs.get(&app.store, scope.org()).await?;
    if programs.is_empty() {
        return Ok(Entitlements::default());
    }
    let benefits = benefit::of_customer(&app.store, scope).await?;
    Ok(Entitlements::of(&programs, &benefits, clock::now()))
}

/// A cart that is being read, priced for the shopper.
async fn priced_view(
    app: &App,
    org: &Org,
    shopper: &Shopper,
    cart: impl Future<Output = Result<Cart>>,
) -> Result<Json<CartView>> {
    let (cart, entitlements) = tokio::try_join!(cart, entitlements(app, shopper))?;
    let catalogue = app.catalogues.get(&app.store, &org.id).await?;
    let priced = cart::reprice(&catalogue, org.currency(), &cart)?;
    let priced = priced.discounted(&catalogue, &entitlements);
    Ok(Json(view(shopper, org, cart, priced)))
}

/// The new content of a cart, priced for the shopper.
async fn replaced(
    app: &App,
    org: &Org,
    shopper: &Shopper,
    id: CartId,
    lines: Vec<WantedLine>,
) -> Result<Json<CartView>> {
    let catalogue = app.catalogues.get(&app.store, &org.id).await?;
    let emptied = lines.is_empty();
    let entitlements = async {
        if emptied {
            return Ok(Entitlements::default());
        }
        entitlements(app, shopper).await
    };
    let cart = cart::replace(&app.store, &catalogue, org.currency(), shopper, id, lines);
    let ((cart, priced), entitlements) = tokio::try_join!(cart, entitlements)?;
    let priced = priced.discounted(&catalogue, &entitlements);
    Ok(Json(view(shopper, org, cart, priced)))
}

/// The newest open cart of a customer or guest.
///
/// `guest` for an author asks for a new guest: the answer's `authorId` is a guest id that only this server
/// can issue, and whoever knows it is that guest. Without a cart, a new and empty one is answered; it is
/// kept from its first update on.
#[utoipa::path(
    get, path = "/storefront/cart/get/{authorid}", tag = "storefront", security((), ("customer" = [])),
    params(("authorid" = String, Path, description = "a customer id, a guest id, or `guest`", example = "guest")),
    responses((status = OK, body = CartView), (status = "4XX", body = Problem)),
)]
async fn get_cart(
    State(app): State<App>,
    visitor: Visitor,
    Path(author): Path<String>,
) -> Result<Json<CartView>, Failure> {
    let shopper = match (author.as_str(), &visitor.principal) {
        ("guest", None) => Shopper::Guest(app.ring.issue_guest(&visitor.org.id)),
        _ => visitor.shopper(&app, &author)?,
    };
    let cart = async {
        let cart = if author == "guest" {
            None
        } else {
            cart::newest_open(&app.store, &shopper).await?
        };
        Ok(cart.unwrap_or_else(Cart::empty))
    };
    let view = Box::pin(priced_view(&app, &visitor.org, &shopper, cart));
    Ok(view.await?)
}

/// One cart of a customer or guest.
#[utoipa::path(
    get, path = "/storefront/cart/get/{authorid}/{cartid}", tag = "storefront", security((), ("customer" = [])),
    params(
        ("authorid" = String, Path, description = "a customer id or a guest id", example = "gst_9k2m…"),
        ("cartid" = String, Path, example = "crt_06f1k3q8c9s7r2m4v5n6p7t8w9"),
    ),
    responses((status = OK, body = CartView), (status = "4XX", body = Problem)),
)]
async fn get_cart_by_id(
    State(app): State<App>,
    visitor: Visitor,
    Path((author, id)): Path<(String, CartId)>,
) -> Result<Json<CartView>, Failure> {
    let shopper = visitor.shopper(&app, &author)?;
    let cart = cart::get(&app.store, &shopper, &id);
    let view = Box::pin(priced_view(&app, &visitor.org, &shopper, cart));
    Ok(view.await?)
}

/// The whole new content of a cart.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"authorId": "gst_9k2m…", "productItems": [{"sku": "MUG-BLUE", "quantity": 2}]}))]
struct CartUpdate {
    /// The guest whose cart it is. A customer's token says it; without either, the server makes a guest.
    #[garde(inner(length(max = 100)))]
    author_id: Option<String>,
    /// The lines; a line that is left out is removed. Prices are the server's.
    #[garde(length(max = MAX_LINES), dive)]
    product_items: Vec<WantedLine>,
}

/// Replaces the content of a cart, which is made if there is none of this id.
///
/// Every line is priced from the catalogue and held to the stock of this moment.
#[utoipa::path(
    post, path = "/storefront/cart/update/{cartid}", tag = "storefront", security((), ("customer" = [])),
    params(("cartid" = String, Path, description = "a cart id as the server gave it, or `new`", example = "new")),
    request_body = CartUpdate,
    responses((status = OK, body = CartView), (status = "4XX", body = Problem)),
)]
async fn update_cart(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Body(update): Body<CartUpdate>,
) -> Result<Json<CartView>, Failure> {
    let id = if id == "new" {
        CartId::generate()
    } else {
        id.parse().map_err(|_| Code::NotFound)?
    };
    let shopper = visitor.shopper_or_guest(&app, update.author_id.as_deref())?;
    let org = visitor.org;
    let shopper = shopper.unwrap_or_else(|| Shopper::Guest(app.ring.issue_guest(&org.id)));
    Ok(replaced(&app, &org, &shopper, id, update.product_items).await?)
}

/// Whose cart is emptied.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct ClearQuery {
    /// The guest whose cart it is. A customer's token says it.
    author_id: Option<String>,
}

/// Empties a cart.
///
/// A GET that writes, kept because published clients call it; `POST` and `DELETE` do the same.
#[utoipa::path(
    get, path = "/storefront/cart/clear/{cartid}", tag = "storefront", security((), ("customer" = [])),
    params(ClearQuery, ("cartid" = String, Path, example = "crt_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = CartView), (status = "4XX", body = Problem)),
)]
async fn clear_cart(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<CartId>,
    portico_shared::http::Query(query): portico_shared::http::Query<ClearQuery>,
) -> Result<Json<CartView>, Failure> {
    // Without a token and without a guest id, the cart is nobody's.
    let shopper = visitor
        .shopper_or_guest(&app, query.author_id.as_deref())?
        .ok_or(Code::NotFound)?;
    let org = visitor.org;
    cart::get(&app.store, &shopper, &id).await?;
    Ok(replaced(&app, &org, &shopper, id, Vec::new()).await?)
}

/// Empties a cart.
#[utoipa::path(
    post, path = "/storefront/cart/clear/{cartid}", tag = "storefront", security((), ("customer" = [])),
    params(ClearQuery, ("cartid" = String, Path, example = "crt_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = CartView), (status = "4XX", body = Problem)),
)]
async fn clear_cart_by_post(
    app: State<App>,
    visitor: Visitor,
    id: Path<CartId>,
    query: portico_shared::http::Query<ClearQuery>,
) -> Result<Json<CartView>, Failure> {
    clear_cart(app, visitor, id, query).await
}

/// Empties a cart.
#[utoipa::path(
    delete, path = "/storefront/cart/clear/{cartid}", tag = "storefront", security((), ("customer" = [])),
    params(ClearQuery, ("cartid" = String, Path, example = "crt_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = CartView), (status = "4XX", body = Problem)),
)]
async fn clear_cart_by_delete(
    app: State<App>,
    visitor: Visitor,
    id: Path<CartId>,
    query: portico_shared::http::Query<ClearQuery>,
) -> Result<Json<CartView>, Failure> {
    clear_cart(app, visitor, id, query).await
}
