//! Somebody who has one of everything, and has left traces of themselves in it.

use portico_shared::domain::integration::Vendor;
use portico_tests::provider::{Person, proof};
use portico_tests::vendors::STRIPE_KEY;
use portico_tests::{Account, World, checkout_body};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::identity::second_factor::Secured;
use crate::operator::portico;
use crate::reservations::{free, open_always};

/// What nobody else would have, in everything that a person leaves.
pub(super) const PLANTED: &[&str] = &[
    EMAIL,
    FIRST,
    LAST,
    PHONE,
    "Collects astrolabes",
    "17 Thimble Row",
    "Umbrashire",
    "Basement of the clocktower",
    "zeph.provider@quill.example",
    "Wears a brass leg",
    "A diary of the moon",
    "The hinge of my leg squeaks",
    "Sounds like a parrot",
    "Has called three times about the parrot",
    "zephyrines-token:APA91b",
    "Not old enough by far",
];
pub(super) const EMAIL: &str = "zephyrine@quill.example";
const FIRST: &str = "Zephyrine";
const LAST: &str = "Quillfeather";
const PHONE: &str = "+14155550177";
// What the world's customers sign in with.
pub(super) const PASSWORD: &str = "correct horse battery";
/// What Stripe calls everybody here.
pub(super) const AT_STRIPE: &str = "cus_NffrFeUfNV2Hib";

/// The person, and what they have ordered and booked.
pub(crate) struct Zephyrine {
    pub(crate) account: Account,
    pub(super) order: Value,
    pub(super) booking: Value,
    pub(super) backup: Vec<String>,
}

impl Zephyrine {
    /// In a world whose org has an account with Stripe.
    pub(crate) async fn new(world: &World) -> Self {
        world.let_sign_in_with_others("acme").await;
        world.please_vendors().await;
        let stripe = json!({ "secretKey": STRIPE_KEY });
        world.set("acme", Vendor::Stripe, &stripe).await;
        Mock::given(method("DELETE"))
            .and(path(format!("/v1/customers/{AT_STRIPE}")))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!({"id": AT_STRIPE, "deleted": true})),
            )
            .mount(world.vendors())
            .await;

        let who = signed_up(world).await;
        let order = shopped(world, &who).await;
        filed(world, &who).await;
        let method = json!({"paymentMethodId": "pm_1N4vKo2eZvKYlo2C"});
        post(world, &who, "/client-data/payment-methods", &method, 201).await;
        open_always(world, "leg", &json!({})).await;
        let slot = free(world, &who, "leg", "Hour").await[0];
        let booking = json!({"definitionId": "leg", "service": "Hour", "slot": {"start": slot}, "note": PLANTED[9]});
        let booking = post(world, &who, "/client-data/reservations", &booking, 201).await;
        let recorded = portico(
            world,
            &[
                "transactions",
                "record",
                "acme",
                "--email",
                EMAIL,
                "--type=payment",
                "--amount=25",
                "--method=cash",
                "--status=succeeded",
                "--reference=R-1",
                "--description",
                "Paid at the till by Zephyrine",
            ],
        );
        recorded.await.unwrap();
        written(world, &who).await;
        let backup = let_in(world, &who).await;
        world.table_at_rest().await;
        Self {
            account: who,
            order,
            booking,
            backup,
        }
    }
}

pub(super) async fn post(
    world: &World,
    who: &Account,
    path: &str,
    body: &Value,
    status: u16,
) -> Value {
    let ask = world.post(path, body).token(&who.token);
    ask.send().await.expect(status)
}

/// With a profile and an address.
async fn signed_up(world: &World) -> Account {
    let new = json!({
        "email": EMAIL, "password": PASSWORD, "firstName": FIRST, "lastName": LAST, "phone": PHONE,
    });
    let session = world.post("/profile/customer/signup", &new);
    let session = session.header("user-agent", "Firefox on Linux");
    let session = session.send().await.expect(201);
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    let who = Account {
        org: "acme".to_owned(),
        token: text("token"),
        refresh: text("refresh_token"),
        id: session["user"]["sk"].as_str().unwrap().to_owned(),
    };
    let about = json!({"about": PLANTED[4]});
    let ask = world.put("/client-data/profile", &about);
    ask.token(&who.token).send().await.expect(200);
    post(world, &who, "/client-data/addresses", &address(), 201).await;
    who
}

fn address() -> Value {
    json!({
        "name": format!("{FIRST} {LAST}"), "street1": PLANTED[5], "street2": PLANTED[7], "city": PLANTED[6],
        "state": "IL", "postalCode": "62701", "country": "US", "phone": PHONE,
    })
}

/// An order, a cart, and a wish.
async fn shopped(world: &World, who: &Account) -> Value {
    let cart = world.cart(who, "MUG-RED", 1).await;
    let mut body = checkout_body(&cart);
    body["customer"] =
        json!({"email": EMAIL, "firstName": FIRST, "lastName": LAST, "phone": PHONE});
    (body["shippingAddress"], body["billingAddress"]) = (address(), address());
    let ask = world.post("/storefront/checkout-cart", &body);
    let ask = ask.token(&who.token).header("idempotency-key", "z");
    let order = ask.send().await.expect(201);
    world.cart(who, "MUG-RED", 2).await;
    let products = world.get("/storefront/products").send().await.expect(200);
    let wish = format!(
        "/client-data/wishlist/{}",
        products["data"][0]["id"].as_str().unwrap()
    );
    post(world, who, &wish, &json!({}), 200).await;
    order
}

/// A file, and one on its way.
async fn filed(world: &World, who: &Account) {
    let ask = world.ask(
        &http::Method::POST,
        "/client-data/files/upload?name=Quillfeather.txt",
    );
    let ask = ask.org("acme").token(&who.token);
    let ask = ask.header("content-type", "text/plain");
    let kept = ask.body(PLANTED[10].as_bytes().to_vec()).send().await;
    kept.expect(201);
    let announced = json!({"name": "Zephyrine.pdf", "type": "application/pdf", "size": 1000});
    post(world, who, "/client-data/files/presign", &announced, 201).await;
}

/// A ticket that staff answered and noted something about, a message, a device, preferences, and an application for a
/// benefit after one that was rejected.
async fn written(world: &World, who: &Account) {
    let staff = world.staff().await;
    let ticket = json!({"subject": "My leg", "description": PLANTED[11], "priority": "normal", "category": "order"});
    let ask = world
        .post("/client-data/tickets", &ticket)
        .token(&who.token);
    let ticket = ask
        .header("idempotency-key", "leg")
        .send()
        .await
        .expect(201);
    let answer = json!({"number": ticket["number"], "reply": PLANTED[12], "note": PLANTED[13]});
    post(world, &staff, "/crm/tickets/update", &answer, 200).await;
    let message = json!({"text": "It is Zephyrine again", "subject": "The parrot"});
    let message = post(world, who, "/client-data/messages", &message, 201).await;
    let answer = json!({"conversationId": message["conversationId"], "text": PLANTED[12]});
    post(world, &staff, "/crm/chat-message/create", &answer, 201).await;
    let device =
        json!({"token": PLANTED[14], "platform": "android", "deviceId": "zephyrines-phone"});
    let push = world.post("/client-data/notifications/push-token", &device);
    let push = push.token(&who.token).send().await;
    assert!(push.status < 300, "{push:?}");
    let chosen = json!({"messages": {"mail": false, "push": true, "sms": false}});
    let ask = world.put("/client-data/notifications/preferences", &chosen);
    ask.token(&who.token).send().await.expect(200);
    let enroll = async || {
        let application = json!({"programId": "seniors", "evidence": []});
        post(
            world,
            who,
            "/client-data/benefits/enroll",
            &application,
            201,
        )
        .await
    };
    let first = enroll().await;
    let path = format!(
        "/crm/benefits/enrollments/{}/reject",
        first["id"].as_str().unwrap()
    );
    let reject = world.put(&path, &json!({"reason": PLANTED[15]}));
    reject.token(&staff.token).send().await.expect(200);
    enroll().await;
}

/// Whatever lets them in: an account elsewhere, a code and a link on their way, a second factor and a device that
/// is trusted. Answers the backup codes that are left.
async fn let_in(world: &World, who: &Account) -> Vec<String> {
    let person = Person::new(PLANTED[8]);
    let back = world.consented("acme", "google", &person).await;
    let link = "/profile/security/identities/google";
    let linked = world.post(link, &proof(&back)).token(&who.token);
    assert_eq!(linked.send().await.status, 204);
    let verify = "/client-data/verification/email/send";
    post(world, who, verify, &json!({}), 200).await;
    let forgot = world.post(
        "/profile/customer/password/forgot",
        &json!({"email": EMAIL}),
    );
    forgot.send().await.expect(200);
    let mut secured = Secured::of(world, who.clone(), EMAIL).await;
    let challenge = secured.challenge(world).await;
    let trust =
        json!({"challengeToken": challenge, "code": secured.backup.remove(0), "trustDevice": true});
    let trust = world.post("/profile/security/challenge/verify", &trust);
    trust.send().await.expect(200);
    secured.backup
}
