//! The people of the matrix, and the things that are whose.

mod carol;

use std::sync::atomic::{AtomicU32, Ordering};

use http::Method;
use portico_local::functions::Parts;
use portico_shared::auth::{Code, CodeKind, CodeOwner, KeyRing, NewSession, Principal};
use portico_shared::ids::{OrgId, SessionId};
use portico_shared::store::{AddressHash, CustomerScope, Store, Write};
use portico_tests::{Account, Ask, World, eventually};
use serde_json::{Value, json};

use super::fixtures::oauth;
use super::fixtures::{Fixture, Who, Whose, files};
use super::names::{Names, unknown_proof};
use super::snapshot::{Snapshot, snapshot};

/// A platform on which Ann has one of everything.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) ring: KeyRing,
    pub(crate) store: Store,
    /// A customer of acme's.
    pub(crate) ann: Account,
    /// Another one.
    pub(crate) bob: Account,
    /// A customer of globex's with Ann's address.
    pub(crate) namesake: Account,
    /// Staff of acme's.
    pub(crate) owner: Account,
    /// Staff of globex's.
    pub(crate) rival: Account,
    pub(crate) anns: Names,
    guests: Names,
    missing: Names,
    malformed: Names,
    /// Numbers of Carol's orders by the step that staff can take with them.
    ready: [(&'static str, String); 3],
    /// Carol's applications by the decision that staff can take on them.
    decidable: [(&'static str, String); 3],
    serial: AtomicU32,
}

impl Scene {
    /// Everybody signed in, everything made, and the platform come to rest.
    pub(crate) async fn set() -> Self {
        Self::set_in(World::start().await).await
    }

    /// The same on a platform that runs already.
    pub(crate) async fn set_in(world: World) -> Self {
        let Parts { ring, store, .. } = Parts::connect(world.platform.aws())
            .await
            .expect("the functions connect");
        let ann = world.customer("acme", "ann@acme.example").await;
        let bob = world.customer("acme", "bob@acme.example").await;
        let namesake = world.customer("globex", "ann@acme.example").await;
        let owner = world.staff().await;
        let rival = rival(&world).await;
        for who in [&ann, &bob, &namesake] {
            let phone = json!({"phone": "+14155550123"});
            let put = world
                .ask(&Method::PUT, "/client-data/profile")
                .org(&who.org);
            put.token(&who.token).json(&phone).send().await.expect(200);
        }

        for org in ["acme", "globex"] {
            world.integrate(org).await;
            world.let_sign_in_with_others(org).await;
        }
        world.please_vendors().await;
        let mut anns = belongings(&world, &ann).await;
        super::fixtures::desk::set_in(&world, &ann, &owner, &mut anns).await;
        let cart = world.post("/storefront/cart/update/new", &lines("MUG-BLUE"));
        let cart = cart.send().await.expect(200);
        let guests = Names {
            author: text(&cart["authorId"]),
            cart: text(&cart["cartId"]),
            ..anns.clone()
        };
        let carol = world.sign_up("acme", "carol@acme.example").await;
        let ready = carol::orders(&world, &carol, &owner).await;
        let decidable = carol::applications(&world, &carol, &owner).await;
        let missing = Names::missing(&ring, &scope(&ring, &ann));
        let scene = Self {
            ring,
            store,
            ann,
            bob,
            namesake,
            owner,
            rival,
            anns,
            guests,
            missing,
            malformed: Names::malformed(),
            ready,
            decidable,
            serial: AtomicU32::new(0),
            world,
        };
        scene.rest().await;
        scene
    }

    /// Waits until the stream and the queue have nothing left to bring.
    pub(crate) async fn rest(&self) {
        eventually("the stream and the queues run dry", || async {
            let status = self.world.ask(&Method::GET, "/_local/status").send().await;
            let status = status.expect(200);
            (backlog(&status["streams"]) + backlog(&status["queues"]) == 0).then_some(())
        })
        .await;
    }

    /// What the table holds of Ann's, and the stock of what she has in orders and carts.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        self.rest().await;
        let skus = [
            "MUG-BLUE",
            "MUG-RED",
            "TENT-RIDGE-2P",
            "HEADLAMP-400",
            "BOTTLE-750-MOSS",
        ];
        snapshot(&self.store, &self.scope(), &skus).await
    }

    /// What Ann may reach.
    fn scope(&self) -> CustomerScope {
        scope(&self.ring, &self.ann)
    }

    /// Whose token makes a fixture succeed; nobody's if it needs none.
    pub(crate) fn who(&self, fixture: &Fixture) -> Option<&Account> {
        match fixture.who {
            Who::Anybody => None,
            Who::Ann => Some(&self.ann),
            Who::Staff => Some(&self.owner),
        }
    }

    /// The names of a fixture's things, for somebody of this id who asks. `staff` take the step that
    /// the order is ready for.
    pub(crate) async fn names(&self, fixture: &Fixture, asker: &str) -> Names {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let mut names = match fixture.whose {
            Whose::Anns => self.anns.clone(),
            Whose::Guests => self.guests.clone(),
            Whose::Askers => Names {
                author: asker.to_owned(),
                ..self.anns.clone()
            },
        };
        names.fresh = format!("fresh-{serial}");
        match fixture.path {
            "/profile/customer/refresh" | "/profile/user/refresh" => {
                names.refresh = self.session().await;
            }
            "/profile/sessions/{sessionId}" if asker != self.ann.id => {
                let refresh = self.session().await;
                names.session = text(&json!(refresh.split('.').nth(1)));
            }
            // Staff who may look at Ann would be told of her.
            "/profile/customer/profile/{emailOrUsername}" => {
                "carol@acme.example".clone_into(&mut names.email);
            }
            _ => {}
        }
        if fixture.path.ends_with("/forgot/{email}") {
            names.email = format!("{}@example.com", names.fresh);
        }
        match fixture.path {
            path if path.starts_with("/profile/customer/password/") => {
                names.link = self.link(CodeKind::ResetPassword).await;
            }
            path if path.ends_with("/magic-link/redirect") => {
                names.link = self.link(CodeKind::SignInLink).await;
            }
            "/client-data/verification/email/send" => self.forget(CodeKind::VerifyEmail).await,
            "/client-data/verification/phone/send" => self.forget(CodeKind::VerifyPhone).await,
            _ => {}
        }
        oauth::begun(&self.world, fixture, &mut names).await;
        if asker == self.owner.id
            && let Some((_, number)) = self.ready.iter().find(|(path, _)| *path == fixture.path)
        {
            names.number.clone_from(number);
        }
        if asker == self.owner.id
            && let Some((_, id)) = self
                .decidable
                .iter()
                .find(|(path, _)| *path == fixture.path)
        {
            names.enrollment.clone_from(id);
        }
        names
    }

    /// Names like those of the fixture that nothing has: well-formed ones.
    pub(crate) fn missing(&self, fixture: &Fixture) -> Names {
        let mut names = self.missing.clone();
        if fixture.whose == Whose::Guests {
            // As long as a guest's id, but the server never issued it.
            names.author = format!("gst_{:040}", 0);
        }
        names
    }

    /// Names that nothing can have.
    pub(crate) fn malformed(&self) -> Names {
        self.malformed.clone()
    }

    /// The token of a new link of Carol's.
    async fn link(&self, kind: CodeKind) -> String {
        let (email, org) = ("carol@acme.example", "acme".parse().expect("an org id"));
        let owner = CodeOwner::Address(org, AddressHash::of(email));
        let code = Code::new(&self.ring, kind, email);
        let write = Write::put(owner.key(kind), &code);
        self.store.write(write).await.expect("the table answers");
        code.secret(&self.ring, &owner).expect("a link")
    }

    /// Lets codes of a kind be sent to everybody again.
    async fn forget(&self, kind: CodeKind) {
        for who in [&self.ann, &self.bob, &self.namesake] {
            let owner = CodeOwner::Customer(scope(&self.ring, who));
            let delete = Write::delete(owner.key(kind));
            self.store.write(delete).await.expect("the table answers");
        }
    }

    /// The refresh token of a new session of Ann's.
    async fn session(&self) -> String {
        let session = NewSession::for_customer(&self.ring, &self.scope()).expect("the ring signs");
        self.store
            .write(session.write)
            .await
            .expect("the table answers");
        session.tokens.refresh
    }

    /// The request of a fixture, naming these things, in no org and by nobody yet.
    pub(crate) fn request(&self, fixture: &Fixture, names: &Names) -> Ask {
        let path = names.path(fixture.path) + &(fixture.query)(names);
        let ask = self.world.ask(&fixture.method, &path);
        if fixture.path.ends_with("/with-attachments") {
            let texts = [("subject", "Matrix"), ("description", "With a file.")];
            return ask.form(&texts, &[("note.txt", "text/plain", b"It is cracked.")]);
        }
        let ask = match fixture.body {
            Some(body) => ask.json(&body(names)),
            None if fixture.file => ask.header("content-type", "text/plain").body("hello"),
            None => ask,
        };
        if fixture.idempotent {
            ask.header("idempotency-key", "matrix-1")
        } else {
            ask
        }
    }
}

/// The scope that an account's token proves.
fn scope(ring: &KeyRing, who: &Account) -> CustomerScope {
    let org: OrgId = who.org.parse().expect("an org id");
    match Principal::verify(ring, &org, &who.token).expect("the token is good") {
        Principal::Customer(scope, _) => scope,
        Principal::Staff(..) => panic!("a customer's token"),
    }
}

/// All numbers of a piece of JSON, added up.
fn backlog(value: &Value) -> u64 {
    match value {
        Value::Object(members) => {
            let counted = members.iter().filter(|(name, _)| *name != "seconds");
            counted.map(|(_, member)| backlog(member)).sum()
        }
        other => other.as_u64().unwrap_or(0),
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub(crate) fn lines(sku: &str) -> Value {
    json!({"productItems": [{"sku": sku, "quantity": 2}]})
}

async fn rival(world: &World) -> Account {
    let body = json!({"email": "owner@globex.example", "password": "portico-demo-staff"});
    let ask = world
        .ask(&Method::POST, "/profile/user/signin")
        .org("globex");
    let session = ask.json(&body).send().await.expect(200);
    Account {
        org: "globex".to_owned(),
        token: text(&session["token"]),
        refresh: text(&session["refresh_token"]),
        id: text(&session["user"]["sk"]),
    }
}

/// One of everything that a customer can have.
async fn belongings(world: &World, who: &Account) -> Names {
    let address = json!({"street1": "1 Main St", "city": "Springfield", "country": "US"});
    let address = world
        .post("/client-data/addresses", &address)
        .token(&who.token);
    let address = address.send().await.expect(201);
    let products = world
        .get("/storefront/products?query=mug")
        .send()
        .await
        .expect(200);
    let product = text(&products["data"][0]["id"]);
    let wish = world.ask(&Method::POST, &format!("/client-data/wishlist/{product}"));
    wish.org("acme").token(&who.token).send().await.expect(200);
    let orders = world
        .get("/client-data/orders")
        .token(&who.token)
        .send()
        .await
        .expect(200);
    let application = json!({"programId": "students"});
    let enrollment = world
        .post("/client-data/benefits/enroll", &application)
        .token(&who.token);
    let enrollment = enrollment.send().await.expect(201);
    let method = json!({"paymentMethodId": "pm_anns"});
    let method = world.post("/client-data/payment-methods", &method);
    let method = method.token(&who.token).send().await;
    assert!(matches!(method.status, 200 | 201), "{method:?}");
    let file = files::upload(world, who).await;
    Names {
        path: text(&file["path"]).replace('/', "%2F"),
        file: text(&file["id"]),
        enrollment: text(&enrollment["id"]),
        author: who.id.clone(),
        email: "ann@acme.example".to_owned(),
        address: text(&address["id"]),
        till: world.cart(who, "MUG-RED", 1).await,
        cart: world.cart(who, "MUG-BLUE", 2).await,
        order: text(&orders["data"][0]["id"]),
        number: text(&orders["data"][0]["orderNumber"]),
        product,
        reservation: super::fixtures::reservations::booked(world, who).await,
        refresh: who.refresh.clone(),
        ticket: String::new(),
        conversation: String::new(),
        message: String::new(),
        notification: String::new(),
        device: "anns-phone".to_owned(),
        desk_ticket: String::new(),
        desk_conversation: String::new(),
        link: String::new(),
        payment_method: text(&method.body["id"]),
        proof: unknown_proof("4/0AX4XfWh"),
        signed_in: "k1.AAAA".to_owned(),
        session: SessionId::generate().to_string(),
        fresh: String::new(),
    }
}
