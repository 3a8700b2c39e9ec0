//! Guests who say who they are, and those who become customers.

use portico_tests::{Account, World};
use serde_json::{Value, json};

use super::{PASSWORD, get, post, sign_in, text};

async fn register(world: &World, email: &str) -> Account {
    let body = json!({"email": email, "name": "Gus van Lee", "phone": "+14155550123"});
    let registered = world
        .post("/profile/customer/register-guest", &body)
        .send()
        .await;
    let registered = registered.expect(201);
    Account {
        org: "acme".to_owned(),
        token: text(&registered["token"]),
        refresh: text(&registered["refresh_token"]),
        id: text(&registered["guest"]["sk"]),
    }
}

async fn sign_up(world: &World, email: &str, token: &str) -> portico_tests::Answer {
    let body = json!({"email": email, "password": PASSWORD, "guestToken": token});
    world.post("/profile/customer/signup", &body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_signs_up_keeps_id_cart_and_orders() {
    let world = World::start().await;
    let guest = register(&world, "Gus@example.com").await;
    let before = get(&world, &guest, "/client-data/profile")
        .await
        .expect(200);
    assert_eq!(
        (&before["email"], &before["firstName"], &before["lastName"]),
        (&json!("gus@example.com"), &json!("Gus"), &json!("van Lee"))
    );
    let ordered = world.cart(&guest, "SOCKS-TRAIL-M", 1).await;
    let order = world.checkout(&guest, &ordered, "gus").await.expect(201);
    let cart = world.cart(&guest, "MUG-RED", 2).await;
    // Nobody signs in to a record without a way in.
    sign_in(&world, "gus@example.com")
        .await
        .expect_problem(401, "invalid_credentials");

    let session = sign_up(&world, "gus@example.com", &guest.token)
        .await
        .expect(201);
    assert_eq!(session["user"]["sk"], guest.id);
    let session = sign_in(&world, "gus@example.com").await.expect(200);
    assert_eq!(session["user"]["sk"], guest.id);
    let gus = Account {
        token: text(&session["token"]),
        ..guest.clone()
    };
    let after = get(&world, &gus, "/client-data/profile").await.expect(200);
    assert_eq!(
        (&after["phone"], &after["name"]),
        (&before["phone"], &before["name"])
    );
    let orders = get(&world, &gus, "/client-data/orders").await.expect(200);
    assert_eq!(orders["data"][0]["orderNumber"], order["orderNumber"]);
    let carts = get(&world, &gus, &format!("/storefront/cart/get/{}", gus.id)).await;
    assert_eq!(carts.expect(200)["cartId"], cart);
    // Once is enough.
    let again = sign_up(&world, "gus2@example.com", &guest.token).await;
    let again = again.expect_problem(422, "validation_failed");
    assert_eq!(again["details"][0]["field"], "guestToken");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_merely_knows_a_guests_address_gets_nothing_of_the_guests() {
    let world = World::start().await;
    let guest = register(&world, "gus@example.com").await;
    let cart = world.cart(&guest, "SOCKS-TRAIL-M", 1).await;
    world.checkout(&guest, &cart, "gus").await.expect(201);
    // Neither by signing up with it, nor as a guest of the same address.
    let stranger = world.sign_up("acme", "gus@example.com").await;
    let namesake = register(&world, "gus@example.com").await;
    for other in [&stranger, &namesake] {
        assert_ne!(other.id, guest.id);
        let orders = get(&world, other, "/client-data/orders").await.expect(200);
        assert_eq!(orders["data"], json!([]));
    }
    // The address now has an account, and the guest is still the guest.
    sign_up(&world, "gus@example.com", &guest.token)
        .await
        .expect_problem(409, "email_taken");
    let orders = get(&world, &guest, "/client-data/orders").await.expect(200);
    assert_eq!(orders["data"].as_array().unwrap().len(), 1);
    // The stranger's password is not the guest's.
    let shown = json!({"password": PASSWORD});
    post(&world, &guest, "/profile/security/2fa/disable", &shown)
        .await
        .expect_problem(409, "second_factor_state");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_guests_token_of_this_org_makes_an_account_of_a_record() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let elsewhere = world.customer("globex", "ann@acme.example").await;
    let staff = world.staff().await;
    let wrong = [
        &ann.token,
        &elsewhere.token,
        &staff.token,
        &ann.refresh,
        "x",
        "",
    ];
    for (n, token) in wrong.into_iter().enumerate() {
        let refused = sign_up(&world, &format!("new{n}@example.com"), token).await;
        let refused = refused.expect_problem(422, "validation_failed");
        assert_eq!(refused["details"][0]["field"], "guestToken", "{n}");
        let none = sign_in(&world, &format!("new{n}@example.com")).await;
        none.expect_problem(401, "invalid_credentials");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_welcomed_when_there_is_an_account_to_be_welcomed_to() {
    let world = World::start().await;
    let guest = register(&world, "gus@example.com").await;
    let mails = async || {
        world.table_at_rest().await;
        let notes = get(&world, &guest, "/client-data/notifications")
            .await
            .expect(200);
        let notes = notes["data"].as_array().unwrap().iter();
        notes.map(|note| text(&note["title"])).collect::<Vec<_>>()
    };
    assert_eq!(mails().await, [""; 0]);
    sign_up(&world, "gus@example.com", &guest.token)
        .await
        .expect(201);
    assert_eq!(mails().await, ["Welcome to Acme Outfitters"]);
    let change = json!({"about": Value::Null});
    post(&world, &guest, "/profile/customer/update", &change)
        .await
        .expect(200);
    assert_eq!(mails().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_guest_is_told_which_member_is_wrong() {
    let world = World::start().await;
    for (body, field) in [
        (json!({"email": "gus"}), "email"),
        (json!({"email": "gus@example.com", "phone": "12"}), "phone"),
        (json!({"email": "gus@example.com", "name": "a\nb"}), "name"),
    ] {
        let refused = world
            .post("/profile/customer/register-guest", &body)
            .send()
            .await;
        let refused = refused.expect_problem(422, "validation_failed");
        assert_eq!(refused["details"][0]["field"], field);
    }
}
