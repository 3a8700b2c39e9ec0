//! The table has done it, the answer is lost, the SDK sends it again: it meets its own effect. Whoever
//! asked gets the success, and nothing is there twice.

use http::Method;
use portico_tests::{Account, Answer, Fault, Faults, Injection, When, World};
use serde_json::{Value, json};

/// In two ways that cost no time; that silence comes to the same is shown for transactions.
const LOST: [Fault; 2] = [Fault::INTERNAL, Fault::Reset];

struct Scene {
    world: World,
    faults: Faults,
    who: Account,
}

impl Scene {
    async fn start() -> Self {
        let (world, faults) = World::start_with_faults_and_retries().await;
        let who = world.customer("acme", "ann@acme.example").await;
        Self { world, faults, who }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let ask = self.world.ask(&method, path).org("acme");
        ask.token(&self.who.token).json(&body).send().await
    }

    async fn look(&self, path: &str) -> Answer {
        let ask = self.world.get(path).token(&self.who.token);
        ask.send().await
    }

    /// Asks while the next answer to `operation` is lost, and holds it to have been sent twice.
    async fn losing<F: Future<Output = Answer>>(
        &self,
        fault: Fault,
        operation: &'static str,
        ask: F,
    ) -> Answer {
        let lost = Injection::of(fault).when(When::After);
        self.faults.inject(lost.on(operation));
        let answer = ask.await;
        assert_eq!(
            self.faults.calls(operation).len(),
            2,
            "{fault:?} {answer:?}"
        );
        self.faults.heal();
        answer
    }
}

fn address(street: &str) -> Value {
    json!({"type": "home", "street1": street, "city": "Springfield", "country": "US"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_was_changed_unseen_is_answered_as_changed() {
    let scene = Scene::start().await;
    for (nth, fault) in LOST.into_iter().enumerate() {
        let profile = scene.look("/client-data/profile").await;
        let seen: u64 = profile.headers["etag"].trim_matches('"').parse().unwrap();
        let change = json!({"firstName": format!("Anna{nth}"), "about": null});
        let put = scene
            .world
            .put("/client-data/profile", &change)
            .token(&scene.who.token)
            .header("if-match", &format!("\"{seen}\""));
        let answer = scene.losing(fault, "UpdateItem", put.send()).await;
        assert_eq!(answer.headers["etag"], format!("\"{}\"", seen + 1));
        let changed = answer.expect(200);
        assert_eq!(changed["firstName"], change["firstName"]);
        let now = scene.look("/client-data/profile").await;
        assert_eq!(now.headers["etag"], format!("\"{}\"", seen + 1));
        assert_eq!(now.expect(200), changed);

        // Without If-Match it happens again, to the same end.
        let put = scene.ask(Method::PUT, "/client-data/profile", change.clone());
        let changed = scene.losing(fault, "UpdateItem", put).await.expect(200);
        assert_eq!(
            scene.look("/client-data/profile").await.expect(200),
            changed
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_somebody_else_changed_is_refused_after_a_retry_too() {
    let scene = Scene::start().await;
    let change = json!({"firstName": "Anna"});
    let put = scene
        .world
        .put("/client-data/profile", &change)
        .token(&scene.who.token)
        .header("if-match", "\"99\"");
    let answer = scene
        .losing(Fault::INTERNAL, "UpdateItem", put.send())
        .await;
    answer.expect_problem(412, "precondition_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_kept_changed_or_deleted_unseen_is_so_once() {
    let scene = Scene::start().await;
    let all = async || scene.look("/client-data/addresses").await.expect(200)["data"].clone();
    let before = all().await;
    for fault in LOST {
        let post = scene.ask(Method::POST, "/client-data/addresses", address("1 Main St"));
        let added = scene.losing(fault, "UpdateItem", post).await.expect(201);
        assert_eq!(
            all().await.as_array().unwrap().len(),
            before.as_array().unwrap().len() + 1
        );

        let mut change = address("2 Main St");
        change["id"] = added["id"].clone();
        let post = scene.ask(Method::POST, "/client-data/addresses", change.clone());
        scene.losing(fault, "UpdateItem", post).await.expect(200);

        let path = format!("/client-data/addresses/{}", added["id"].as_str().unwrap());
        let delete = scene.ask(Method::DELETE, &path, Value::Null);
        scene.losing(fault, "DeleteItem", delete).await.expect(204);
        assert_eq!(all().await, before);
        // What is gone is gone for who asks afresh.
        let again = scene.ask(Method::DELETE, &path, Value::Null).await;
        again.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_was_kept_or_forgotten_unseen_is_so() {
    let scene = Scene::start().await;
    let product = scene.world.get("/storefront/product/enamel-mug");
    let product = product.send().await.expect(200)["id"].clone();
    let path = format!("/client-data/wishlist/{}", product.as_str().unwrap());
    for fault in LOST {
        let add = scene.ask(Method::POST, &path, Value::Null);
        let wish = scene.losing(fault, "UpdateItem", add).await.expect(200);
        let wishes = scene.look("/client-data/wishlist").await.expect(200);
        assert_eq!(wishes["data"], json!([wish]));
        let remove = scene.ask(Method::DELETE, &path, Value::Null);
        scene.losing(fault, "DeleteItem", remove).await.expect(204);
        let wishes = scene.look("/client-data/wishlist").await.expect(200);
        assert_eq!(wishes["data"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_that_took_effect_unseen_signs_in_and_there_is_one_account() {
    let scene = Scene::start().await;
    for (nth, fault) in LOST.into_iter().enumerate() {
        let email = format!("lost-{nth}@example.com");
        let body = json!({"email": email, "password": "correct horse battery"});
        let ask = scene.world.post("/profile/customer/signup", &body).send();
        let session = scene
            .losing(fault, "TransactWriteItems", ask)
            .await
            .expect(201);
        let who = scene
            .world
            .get("/profile/whoami")
            .token(session["token"].as_str().unwrap());
        assert_eq!(
            who.send().await.expect(200)["customer"]["email"],
            email.as_str()
        );
        let table = scene.world.table().await;
        let accounts = table
            .iter()
            .filter(|item| item["type"]["S"] == "Customer" && item["email"]["S"] == email.as_str());
        assert_eq!(accounts.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_was_made_or_changed_unseen_is_one_cart_with_what_was_asked_for() {
    let scene = Scene::start().await;
    for fault in LOST {
        let mut path = "/storefront/cart/update/new".to_owned();
        for quantity in [2, 3] {
            let lines = json!({"productItems": [{"sku": "MUG-RED", "quantity": quantity}]});
            let post = scene.ask(Method::POST, &path, lines);
            let cart = scene.losing(fault, "UpdateItem", post).await.expect(200);
            assert_eq!(cart["itemCount"], quantity);
            let id = cart["cartId"].as_str().unwrap();
            path = format!("/storefront/cart/update/{id}");
            let table = scene.world.table().await;
            let carts = table.iter().filter(|item| item["id"]["S"] == id);
            assert_eq!(carts.count(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_rotated_unseen_is_exchanged_and_the_session_goes_on() {
    let mut scene = Scene::start().await;
    for fault in LOST {
        let body = json!({"refresh_token": scene.who.refresh});
        let ask = scene.world.post("/profile/customer/refresh", &body).send();
        let session = scene.losing(fault, "UpdateItem", ask).await.expect(200);
        assert_ne!(session["refresh_token"], scene.who.refresh.as_str());
        session["refresh_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut scene.who.refresh);
    }
    let body = json!({"refresh_token": scene.who.refresh});
    let ask = scene.world.post("/profile/customer/refresh", &body);
    ask.send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_unseen_has_ended() {
    let scene = Scene::start().await;
    let out = scene.ask(Method::POST, "/profile/signout", Value::Null);
    scene
        .losing(Fault::Reset, "DeleteItem", out)
        .await
        .expect(204);
    let body = json!({"refresh_token": scene.who.refresh});
    let ask = scene.world.post("/profile/customer/refresh", &body);
    ask.send()
        .await
        .expect_problem(401, "invalid_refresh_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_moved_unseen_moved_one_step() {
    let scene = Scene::start().await;
    let staff = scene.world.staff().await;
    for (nth, fault) in LOST.into_iter().enumerate() {
        let cart = scene.world.cart(&scene.who, "MUG-RED", 1).await;
        let order = scene
            .world
            .checkout(&scene.who, &cart, &nth.to_string())
            .await;
        let number = order.expect(201)["orderNumber"]
            .as_str()
            .unwrap()
            .to_owned();
        let before = scene.world.stock("acme", "MUG-RED").await;
        let ship = json!({"carrier": "ups", "tracking": "1Z"});
        for (step, body) in [("process", json!({})), ("ship", ship)] {
            let path = format!("/storefront/order/{step}/{number}");
            let ask = scene.world.post(&path, &body).token(&staff.token).send();
            let moved = scene
                .losing(fault, "TransactWriteItems", ask)
                .await
                .expect(200);
            assert_eq!(
                moved["status"],
                if step == "ship" {
                    "shipped"
                } else {
                    "processing"
                }
            );
        }
        let after = scene.world.stock("acme", "MUG-RED").await;
        assert_eq!(after, (before.0, before.1 - 1));
    }
}
