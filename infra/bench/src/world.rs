//! What the bench asks for: an org of its own with a catalogue, customers and one with a page of orders.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_shared::auth::{Claims, Kind};
use portico_shared::clock;
use portico_shared::domain::catalogue;
use portico_shared::domain::org::{self, FileLimits, OrgConfig};
use portico_shared::domain::product::{InventoryPolicy, Product, ProductStatus, Variation};
use portico_shared::ids::{CustomerId, OrderId, OrgId, ProductId, SessionId};
use portico_shared::money::{Money, parse_currency};
use serde_json::{Value, json};

use crate::Result;
use crate::http::{Ask, Connection};
use crate::platform::Platform;
use crate::wait::post_event;

/// The `orgid` of all that the bench does.
pub const ORG: &str = "bench";
/// How many products the org sells: a shop of middling size.
pub const PRODUCTS: usize = 200;
/// How many customers fill carts and sign in.
pub const SHOPPERS: usize = 32;
/// How many orders a customer places who only orders.
pub const ORDERS_EACH: usize = 4;
/// How many addresses the reader has.
pub const ADDRESSES: usize = 3;
/// How many orders the reader has: one page.
pub const ORDERS: usize = 20;
/// How many the hoarder has: more than an answer shows.
pub const MANY_ORDERS: usize = 1_000;

const STOCK: i64 = 1_000_000;
const PASSWORD: &str = "correct horse battery";

/// A customer who is signed in.
#[derive(Debug, Clone)]
pub struct Account {
    /// The customer id.
    pub id: String,
    /// The address to sign in with.
    pub email: String,
    /// The access token, good for half an hour.
    pub token: String,
    /// The skus that this customer buys.
    skus: [String; 2],
}

/// The org, as it was made.
#[derive(Debug)]
pub struct World {
    /// Who has [`ORDERS`] orders, and reads.
    pub reader: Account,
    /// Who has [`MANY_ORDERS`] rows of orders.
    pub hoarder: Account,
    /// Who fill carts and sign in.
    pub shoppers: Vec<Account>,
}

impl World {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being made.
    pub async fn make(platform: &Platform) -> Result<Self> {
        import_catalogue(platform).await?;
        let mut connection = Connection::open(platform.address()).await?;
        let mut shoppers = Vec::new();
        for place in 0..SHOPPERS {
            shoppers.push(sign_up(&mut connection, place).await?);
        }
        let reader = sign_up(&mut connection, SHOPPERS).await?;
        for place in 0..ADDRESSES {
            let ask = add_address(&reader, place)?;
            connection.send(&ask).await?.json()?;
        }
        for _ in 0..ORDERS {
            let ask = checkout(&mut connection, &reader).await?;
            connection.send(&ask).await?.json()?;
        }
        let hoarder = sign_up(&mut connection, SHOPPERS + 1).await?;
        let row = platform
            .item(&format!("{ORG}#C#{}", reader.id), "ORDERROW#")
            .await?;
        let rows: Vec<Value> = (0..MANY_ORDERS)
            .map(|_| {
                let (mut row, id) = (row.clone(), OrderId::generate());
                row["pk"]["S"] = json!(format!("{ORG}#C#{}", hoarder.id));
                row["sk"]["S"] = json!(format!("ORDERROW#{id}"));
                row["id"]["S"] = json!(id);
                row
            })
            .collect();
        platform.put_items(&rows).await?;
        platform.settled().await?;
        Ok(Self {
            reader,
            hoarder,
            shoppers,
        })
    }

    /// A request for all that the hoarder is shown in lists.
    ///
    /// # Errors
    ///
    /// Never, as it is.
    pub fn everything(&self) -> Result<Ask> {
        in_org(Ask::get("/client-data/all"))?.token(&self.hoarder.token)
    }

    /// Fills `count` new carts and answers the requests that order them. They are of customers who never
    /// signed up but have a token of this platform's: placing an order asks for no more.
    ///
    /// # Errors
    ///
    /// When a cart cannot be filled.
    pub async fn checkouts(platform: &Platform, count: usize) -> Result<Arc<[Ask]>> {
        let (ring, org) = (platform.ring().await?, org_id()?);
        let mut connection = Connection::open(platform.address()).await?;
        let mut asks = Vec::with_capacity(count);
        for place in 0..count.div_ceil(ORDERS_EACH) {
            let id = CustomerId::generate().to_string();
            let claims = Claims::new(
                org.clone(),
                id.clone(),
                Kind::Customer,
                SessionId::generate(),
                1800,
            );
            let customer = Account {
                id,
                email: "shopper@bench.example".to_owned(),
                token: claims.sign(&ring)?,
                skus: skus(place % (PRODUCTS / 2)),
            };
            for _ in 0..ORDERS_EACH.min(count - asks.len()) {
                asks.push(checkout(&mut connection, &customer).await?);
            }
        }
        Ok(asks.into())
    }

    /// A request for each shopper that replaces the content of a cart of theirs with two lines.
    ///
    /// # Errors
    ///
    /// When the carts cannot be made.
    pub async fn cart_updates(&self, platform: &Platform) -> Result<Arc<[Ask]>> {
        let mut connection = Connection::open(platform.address()).await?;
        let mut asks = Vec::new();
        for shopper in &self.shoppers {
            let cart = fill_cart(&mut connection, shopper).await?;
            asks.push(update(&cart, shopper)?);
        }
        Ok(asks.into())
    }

    /// A request for each shopper that signs them in.
    ///
    /// # Errors
    ///
    /// Never, as it is.
    pub fn sign_ins(&self) -> Result<Arc<[Ask]>> {
        let body = |shopper: &Account| json!({"email": shopper.email, "password": PASSWORD});
        let ask = |shopper| in_org(Ask::post("/profile/customer/signin", &body(shopper)));
        self.shoppers.iter().map(ask).collect()
    }

    /// The same as events of the function.
    pub fn sign_in_events(&self) -> Vec<String> {
        let event = |shopper: &Account| {
            let body = json!({"email": shopper.email, "password": PASSWORD});
            post_event("/profile/customer/signin", &body, shopper)
        };
        self.shoppers.iter().map(event).collect()
    }

    /// A GET by the reader.
    ///
    /// # Errors
    ///
    /// When the token cannot stand in a header.
    pub fn read(&self, path: &str) -> Result<Ask> {
        in_org(Ask::get(path))?.token(&self.reader.token)
    }
}

/// Names the org.
///
/// # Errors
///
/// Never, as it is.
pub fn in_org(ask: Ask) -> Result<Ask> {
    ask.header("orgid", ORG)
}

/// The bench's org.
///
/// # Errors
///
/// Never, as it is.
pub fn org_id() -> Result<OrgId> {
    ORG.parse().map_err(|_| "bench is no org id".into())
}

async fn import_catalogue(platform: &Platform) -> Result<()> {
    let (store, org) = (platform.store().await?, org_id()?);
    let config = OrgConfig {
        name: "Bench".to_owned(),
        currency: "USD".to_owned(),
        allowed_origins: Vec::new(),
        return_origins: Vec::new(),
        files: FileLimits::default(),
        portal_url: None,
    };
    org::create(&store, &org, &config).await?;
    let currency = parse_currency("USD")?;
    let mut products = Vec::new();
    for place in 0..PRODUCTS {
        let price = i64::try_from(place)? * 100 + 995;
        products.push((
            product(&org, place, Money::new(price, currency)),
            vec![(sku(place), STOCK)],
        ));
    }
    Ok(catalogue::import(&store, &org, &products, |_| {}).await?)
}

fn skus(place: usize) -> [String; 2] {
    [sku(2 * place), sku(2 * place + 1)]
}

fn sku(place: usize) -> String {
    format!("BENCH-{place:04}")
}

fn product(org: &OrgId, place: usize, price: Money) -> Product {
    let sku = sku(place);
    let now = clock::now();
    Product {
        id: ProductId::derived(format!("{org}|{sku}").as_bytes()),
        slug: sku.to_ascii_lowercase(),
        name: format!("Bench product {place}"),
        description:
            "Sturdy, light, and described in as many words as the things that people sell."
                .to_owned(),
        brand: Some(format!("Brand {}", place % 7)),
        category: Some(format!("Category {}", place % 5)),
        images: vec![format!("https://cdn.bench.example/{sku}.webp")],
        attributes: BTreeMap::from([("weight".to_owned(), "1.9 kg".to_owned())]),
        variations: vec![Variation {
            sku,
            options: BTreeMap::new(),
            price,
            image: None,
        }],
        status: ProductStatus::Active,
        inventory_policy: InventoryPolicy::Clamp,
        created_at: now,
        updated_at: now,
    }
}

async fn sign_up(connection: &mut Connection, place: usize) -> Result<Account> {
    let email = format!("shopper-{place}@bench.example");
    let body = json!({"email": email, "password": PASSWORD, "firstName": "Ann", "lastName": "Lee"});
    let ask = in_org(Ask::post("/profile/customer/signup", &body))?;
    let session = connection.send(&ask).await?.json()?;
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or("a session has tokens")
    };
    Ok(Account {
        id: text(&session["user"]["sk"])?,
        token: text(&session["token"])?,
        email,
        skus: skus(place),
    })
}

fn add_address(customer: &Account, place: usize) -> Result<Ask> {
    let body = json!({
        "type": "home", "street1": format!("{place} Main St"), "city": "Springfield", "state": "IL",
        "postalCode": "62701", "country": "US",
    });
    in_org(Ask::post("/client-data/addresses", &body))?.token(&customer.token)
}

fn update(cart: &str, shopper: &Account) -> Result<Ask> {
    let [first, second] = &shopper.skus;
    let body =
        json!({"productItems": [{"sku": first, "quantity": 1}, {"sku": second, "quantity": 2}]});
    in_org(Ask::post(format!("/storefront/cart/update/{cart}"), &body))?.token(&shopper.token)
}

async fn fill_cart(connection: &mut Connection, shopper: &Account) -> Result<String> {
    let cart = connection.send(&update("new", shopper)?).await?.json()?;
    Ok(cart["cartId"]
        .as_str()
        .ok_or("a cart has an id")?
        .to_owned())
}

/// Fills a new cart, and answers the request that orders it.
async fn checkout(connection: &mut Connection, customer: &Account) -> Result<Ask> {
    let cart = fill_cart(connection, customer).await?;
    let body = json!({
        "cartId": cart,
        "paymentMethod": "manual",
        "customer": {"email": customer.email, "firstName": "Ann", "lastName": "Lee"},
        "shippingAddress": {
            "name": "Ann Lee", "street1": "1 Main St", "city": "Springfield", "state": "IL",
            "postalCode": "62701", "country": "US",
        },
    });
    let ask = in_org(Ask::post("/storefront/checkout-cart", &body))?.token(&customer.token)?;
    ask.header("idempotency-key", &cart)
}
