//! Those who want the same thing at the same moment.

use http::Method;
use portico_shared::domain::stock;
use portico_shared::ids::OrgId;
use serde_json::json;

use crate::isolation::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn of_sign_ups_that_race_for_one_address_one_wins_and_there_is_one_account() {
    let scene = Scene::set().await;
    let sign_up = async |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        scene
            .world
            .post("/profile/customer/signup", &body)
            .send()
            .await
    };
    let (a, b, c, d) = tokio::join!(
        sign_up("race@acme.example", "password of a"),
        sign_up("Race@acme.example", "password of b"),
        sign_up("RACE@acme.example", "password of c"),
        sign_up("race@ACME.example", "password of d"),
    );
    let passwords = [
        "password of a",
        "password of b",
        "password of c",
        "password of d",
    ];
    let mut winners = Vec::new();
    for (answer, password) in [a, b, c, d].into_iter().zip(passwords) {
        match answer.status {
            201 => winners.push((answer.body["user"]["sk"].clone(), password)),
            _ => drop(answer.expect_problem(409, "email_taken")),
        }
    }
    let [(id, winner)] = winners.as_slice() else {
        panic!("{winners:?} won")
    };
    for password in passwords {
        let body = json!({"email": "race@acme.example", "password": password});
        let session = scene
            .world
            .post("/profile/customer/signin", &body)
            .send()
            .await;
        if password == *winner {
            assert_eq!(session.expect(200)["user"]["sk"], *id);
        } else {
            session.expect_problem(401, "invalid_credentials");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_checkouts_that_race_for_the_last_item_one_wins_and_the_other_is_told_the_sku() {
    const SKU: &str = "MUG-CREAM";
    let scene = Scene::set().await;
    let (ann, bob) = (
        scene.world.cart(&scene.ann, SKU, 1).await,
        scene.world.cart(&scene.bob, SKU, 1).await,
    );
    let org: OrgId = "acme".parse().unwrap();
    scene
        .store
        .write(stock::set_on_hand(&org, SKU, 1))
        .await
        .unwrap();

    let (one, two) = tokio::join!(
        scene.world.checkout(&scene.ann, &ann, "race-ann"),
        scene.world.checkout(&scene.bob, &bob, "race-bob"),
    );
    let ann_won = one.status == 201;
    let (won, lost) = if ann_won { (one, two) } else { (two, one) };
    won.expect(201);
    let problem = lost.expect_problem(409, "out_of_stock");
    assert_eq!(super::fields(&problem), [SKU]);
    assert_eq!(scene.world.stock("acme", SKU).await, (0, 1));
    // The loser keeps the cart.
    let (loser, cart) = if ann_won {
        (&scene.bob, &bob)
    } else {
        (&scene.ann, &ann)
    };
    let path = format!("/storefront/cart/get/{}/{cart}", loser.id);
    let cart = scene
        .world
        .ask(&Method::GET, &path)
        .org("acme")
        .token(&loser.token)
        .send()
        .await;
    assert_eq!(cart.expect(200)["status"], "open");
}
