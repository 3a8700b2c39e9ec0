//! One request, at least, for every operation: who may make it, and what others are told.

mod benefits;
mod codes;
pub(crate) mod desk;
pub(super) mod files;
mod identity;
pub(super) mod oauth;
mod payments;
mod privacy;
pub(crate) mod reservations;

use http::Method;
use portico_shared::error::Code;
use serde_json::{Value, json};

use super::names::Names;
use super::scene::lines;

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outcome {
    /// It is done, with this status.
    Done(u16),
    /// It is refused.
    Refused(Code),
}

/// Whose things a request names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Whose {
    /// Ann's.
    Anns,
    /// A guest's, where it names an author or a cart.
    Guests,
    /// Ann's, but with the asker for their author.
    Askers,
}

/// Who makes the request when it is to succeed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Who {
    /// Somebody without a token.
    Anybody,
    /// Ann.
    Ann,
    /// Staff of acme's.
    Staff,
}

/// A request for an operation.
pub(crate) struct Fixture {
    pub(crate) method: Method,
    /// As the document has it.
    pub(crate) path: &'static str,
    pub(crate) whose: Whose,
    pub(crate) who: Who,
    /// What `who` gets.
    pub(crate) happy: Outcome,
    /// What anybody gets without a token, where the operation needs none.
    pub(crate) anonymous: Outcome,
    /// What another customer of the org gets, where the operation is for customers.
    pub(crate) other: Outcome,
    /// What whoever may use the operation gets in another org.
    pub(crate) elsewhere: Outcome,
    pub(crate) query: fn(&Names) -> String,
    pub(crate) body: Option<fn(&Names) -> Value>,
    pub(crate) idempotent: bool,
    /// Whether the body is a file instead.
    pub(crate) file: bool,
}

use Outcome::{Done, Refused};

const NOT_FOUND: Outcome = Refused(Code::NotFound);

impl Fixture {
    fn new(method: Method, path: &'static str, who: Who, status: u16) -> Self {
        Self {
            method,
            path,
            whose: Whose::Anns,
            who,
            happy: Done(status),
            anonymous: Done(status),
            other: Done(status),
            elsewhere: Done(status),
            query: |_| String::new(),
            body: None,
            idempotent: false,
            file: false,
        }
    }

    fn body(self, body: fn(&Names) -> Value) -> Self {
        let body = Some(body);
        Self { body, ..self }
    }

    fn query(self, query: fn(&Names) -> String) -> Self {
        Self { query, ..self }
    }

    fn whose(self, whose: Whose) -> Self {
        Self { whose, ..self }
    }

    fn anonymous(self, anonymous: Outcome) -> Self {
        Self { anonymous, ..self }
    }

    fn elsewhere(self, elsewhere: Outcome) -> Self {
        Self { elsewhere, ..self }
    }

    fn idempotent(self) -> Self {
        let idempotent = true;
        Self { idempotent, ..self }
    }

    /// `GET /client-data/profile`
    pub(crate) fn operation(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Open to anybody, in every org.
fn open(method: Method, path: &'static str, status: u16) -> Fixture {
    Fixture::new(method, path, Who::Anybody, status)
}

/// About the asker, whoever that is.
fn own(method: Method, path: &'static str, status: u16) -> Fixture {
    Fixture::new(method, path, Who::Ann, status).anonymous(Refused(Code::MissingAuthorization))
}

/// Names something that is Ann's.
fn anns(method: Method, path: &'static str, status: u16) -> Fixture {
    let other = NOT_FOUND;
    let fixture = own(method, path, status).elsewhere(NOT_FOUND);
    Fixture { other, ..fixture }
}

/// Names something that is a guest's: whoever knows the guest's id and has no token may have it.
fn guests(method: Method, path: &'static str, status: u16) -> Fixture {
    let fixture = anns(method, path, status)
        .whose(Whose::Guests)
        .anonymous(Done(status));
    Fixture {
        who: Who::Anybody,
        ..fixture
    }
}

/// For staff, who name an order of their org.
fn staff(path: &'static str) -> Fixture {
    Fixture::new(Method::POST, path, Who::Staff, 200).elsewhere(NOT_FOUND)
}

/// All of them, in an order in which one after the other succeeds.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let areas = [
        profile(),
        oauth::fixtures(),
        client_data(),
        files::fixtures(),
        carts(),
        orders(),
        codes::fixtures(),
        payments::payments(),
        reservations::fixtures(),
        desk::desk(),
        benefits::fixtures(),
        identity::fixtures(),
        privacy::fixtures(),
    ];
    areas.into_iter().flatten().collect()
}

fn profile() -> Vec<Fixture> {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    vec![
        open(GET, "/profile/health", 200),
        open(POST, "/profile/customer/signup", 201).body(|names| {
            json!({"email": format!("{}@acme.example", names.fresh), "password": "correct horse"})
        }),
        open(POST, "/profile/customer/signin", 200)
            .body(|names| json!({"email": names.email, "password": "portico-demo-pass"})),
        open(POST, "/profile/customer/refresh", 200)
            .body(|names| json!({"refresh_token": names.refresh}))
            .elsewhere(Refused(Code::InvalidRefreshToken)),
        open(POST, "/profile/user/signin", 200)
            .body(|_| json!({"email": "owner@acme.example", "password": "portico-demo-staff"}))
            .elsewhere(Refused(Code::InvalidCredentials)),
        own(GET, "/profile/whoami", 200).anonymous(Done(200)),
        own(POST, "/profile/signout", 204),
        own(POST, "/profile/customer/signout", 204),
    ]
}

fn client_data() -> Vec<Fixture> {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    vec![
        open(GET, "/client-data/health", 200),
        own(GET, "/client-data/dashboard", 200),
        own(GET, "/client-data/profile", 200),
        own(Method::PUT, "/client-data/profile", 200).body(|_| json!({"about": "matrix"})),
        own(GET, "/client-data/orders", 200),
        anns(GET, "/client-data/orders/{orderId}", 200),
        own(GET, "/client-data/notifications", 200),
        own(GET, "/client-data/addresses", 200),
        own(POST, "/client-data/addresses", 201).body(|_| address()),
        anns(POST, "/client-data/addresses", 200).body(|names| {
            let mut address = address();
            address["id"] = json!(names.address);
            address
        }),
        anns(Method::DELETE, "/client-data/addresses/{addressId}", 204),
        own(GET, "/client-data/wishlist", 200),
        own(POST, "/client-data/wishlist/{productId}", 200).elsewhere(NOT_FOUND),
        own(Method::DELETE, "/client-data/wishlist/{productId}", 204),
    ]
}

fn address() -> Value {
    json!({"type": "work", "street1": "2 Side St", "city": "Springfield", "country": "US"})
}

fn carts() -> Vec<Fixture> {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const CLEAR: &str = "/storefront/cart/clear/{cartid}";
    const UPDATE: &str = "/storefront/cart/update/{cartid}";
    let by_author = |names: &Names| format!("?authorId={}", names.author);
    let update = |names: &Names| {
        let mut update = lines("MUG-BLUE");
        update["authorId"] = json!(names.author);
        update
    };
    let mut fixtures = vec![
        anns(GET, "/storefront/cart/get/{authorid}", 200),
        guests(GET, "/storefront/cart/get/{authorid}", 200),
        anns(GET, "/storefront/cart/get/{authorid}/{cartid}", 200),
        anns(GET, "/storefront/cart/get/{authorid}/{cartid}", 200).whose(Whose::Askers),
        guests(GET, "/storefront/cart/get/{authorid}/{cartid}", 200),
        anns(POST, UPDATE, 200).body(update),
        guests(POST, UPDATE, 200).body(update),
        // Without an author it is the asker's own cart, whoever else has one of this id; there, in the
        // other org, nobody sells this sku.
        own(POST, UPDATE, 200)
            .body(|_| lines("MUG-BLUE"))
            .anonymous(Done(200))
            .elsewhere(Refused(Code::UnknownSku)),
    ];
    for method in [GET, POST, Method::DELETE] {
        fixtures.push(anns(method.clone(), CLEAR, 200).query(by_author));
        fixtures.push(guests(method, CLEAR, 200).query(by_author));
    }
    fixtures
}

fn checkout(names: &Names) -> Value {
    json!({
        "cartId": names.till, "paymentMethod": "manual", "customer": {"email": "ann@acme.example"},
        "shippingAddress": {"street1": "1 Main St", "city": "Springfield", "country": "US"},
    })
}

fn orders() -> Vec<Fixture> {
    const GET: Method = Method::GET;
    const ORDER: &str = "/storefront/order/get/{author}/{orderNumber}";
    const CHECKOUT: &str = "/storefront/checkout-cart";
    let by_author = |names: &Names| {
        let mut checkout = checkout(names);
        checkout["authorId"] = json!(names.author);
        checkout
    };
    vec![
        open(GET, "/storefront/health", 200),
        open(GET, "/crm/health", 200),
        open(GET, "/storefront/products", 200),
        open(GET, "/storefront/product/{idOrSlug}", 200).elsewhere(NOT_FOUND),
        anns(Method::POST, CHECKOUT, 201)
            .body(checkout)
            .anonymous(NOT_FOUND)
            .idempotent(),
        Fixture {
            happy: Refused(Code::IdempotencyKeyReused),
            ..anns(Method::POST, CHECKOUT, 201)
                .body(by_author)
                .idempotent()
        },
        anns(GET, "/storefront/orders/get/{author}", 200),
        guests(GET, "/storefront/orders/get/{author}", 200),
        anns(GET, ORDER, 200),
        anns(GET, ORDER, 200).whose(Whose::Askers),
        Fixture {
            happy: NOT_FOUND,
            ..guests(GET, ORDER, 200).anonymous(NOT_FOUND)
        },
        open(GET, "/storefront/order/email/{email}/{orderNumber}", 200).elsewhere(NOT_FOUND),
        staff("/storefront/order/process/{orderNumber}").body(|_| json!({"note": "matrix"})),
        staff("/storefront/order/ship/{orderNumber}")
            .body(|_| json!({"carrier": "ups", "tracking": "1Z999AA10123456784"})),
        staff("/storefront/order/deliver/{orderNumber}").body(|_| json!({})),
    ]
}
