//! The customer's own data: profile, addresses, wishlist, lists of orders.

use portico_tests::World;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_changes_where_a_member_is_sent_and_stays_elsewhere() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let put = async |body: Value| {
        world
            .put("/client-data/profile", &body)
            .token(&ann.token)
            .send()
            .await
    };
    let before = world
        .get("/client-data/profile")
        .token(&ann.token)
        .send()
        .await
        .expect(200);
    let set = put(json!({"about": "Two\nlines", "timezone": "Europe/Berlin", "language": "pt-BR", "nonsense": 1})).await;
    let set = set.expect(200);
    assert_eq!(
        (&set["about"], &set["timezone"]),
        (&json!("Two\nlines"), &json!("Europe/Berlin"))
    );
    assert_eq!(
        (&set["firstName"], &set["email"]),
        (&before["firstName"], &before["email"])
    );
    let removed = put(json!({"about": null})).await.expect(200);
    assert_eq!(
        (&removed["about"], &removed["language"]),
        (&Value::Null, &json!("pt-BR"))
    );
    assert_eq!(
        world
            .get("/client-data/profile")
            .token(&ann.token)
            .send()
            .await
            .expect(200),
        removed
    );
    for (wrong, field) in [
        (json!({"phone": "12"}), "phone"),
        (json!({"timezone": "Mars/Olympus"}), "timezone"),
        (json!({"language": "english"}), "language"),
        (json!({"firstName": ""}), "firstName"),
    ] {
        assert_eq!(
            put(wrong).await.expect_problem(422, "validation_failed")["details"][0]["field"],
            field
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_same_version_one_is_told_to_look_again() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let seen = world
        .get("/client-data/profile")
        .token(&ann.token)
        .send()
        .await;
    let put = async |about: &str| {
        let ask = world
            .put("/client-data/profile", &json!({"about": about}))
            .token(&ann.token);
        ask.header("if-match", &seen.headers["etag"]).send().await
    };
    let (one, two) = tokio::join!(put("one"), put("two"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_book_keeps_one_primary_address() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let post = async |body: Value| {
        world
            .post("/client-data/addresses", &body)
            .token(&ann.token)
            .send()
            .await
    };
    let book = async || {
        world
            .get("/client-data/addresses")
            .token(&ann.token)
            .send()
            .await
            .expect(200)["data"]
            .clone()
    };
    let address = json!({"type": "home", "primary": true, "street1": "1 Main St", "city": "Springfield", "country": "US"});
    let home = post(address.clone()).await.expect(201);
    let mut work = address.clone();
    work["type"] = json!("work");
    let work = post(work).await.expect(201);
    let primaries = |book: &Value| {
        let primary = book
            .as_array()
            .unwrap()
            .iter()
            .filter(|a| a["primary"] == true);
        primary.map(|a| a["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(primaries(&book().await), [work["id"].clone()]);
    let mut again = address.clone();
    again["id"] = home["id"].clone();
    again["zip"] = json!("62701");
    assert_eq!(post(again).await.expect(200)["postalCode"], "62701");
    assert_eq!(primaries(&book().await), [home["id"].clone()]);
    let path = format!("/client-data/addresses/{}", home["id"].as_str().unwrap());
    assert_eq!(
        world.delete(&path).token(&ann.token).send().await.status,
        204
    );
    world
        .delete(&path)
        .token(&ann.token)
        .send()
        .await
        .expect_problem(404, "not_found");
    let mut gone = address.clone();
    gone["id"] = home["id"].clone();
    post(gone).await.expect_problem(404, "not_found");
    assert_eq!(book().await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_saved_once_however_often_it_is_asked_for() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let products = world
        .get("/storefront/products?query=mug")
        .send()
        .await
        .expect(200);
    let mug = products["data"][0]["id"].as_str().unwrap();
    let path = format!("/client-data/wishlist/{mug}");
    let first = world
        .post(&path, &Value::Null)
        .token(&ann.token)
        .send()
        .await
        .expect(200);
    let again = world
        .post(&path, &Value::Null)
        .token(&ann.token)
        .send()
        .await
        .expect(200);
    assert_eq!(first, again);
    assert_eq!(
        (
            &first["product"]["sku"],
            &first["product"]["price"],
            &first["product"]["inStock"]
        ),
        (&json!("MUG-BLUE"), &json!(12.5), &json!(true))
    );
    let list = async || {
        world
            .get("/client-data/wishlist")
            .token(&ann.token)
            .send()
            .await
            .expect(200)["data"]
            .clone()
    };
    assert_eq!(list().await, json!([first]));
    for _ in 0..2 {
        assert_eq!(
            world.delete(&path).token(&ann.token).send().await.status,
            204
        );
    }
    assert_eq!(list().await, json!([]));
    let nothing = "/client-data/wishlist/prd_00000000000000000000000000";
    world
        .post(nothing, &Value::Null)
        .token(&ann.token)
        .send()
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_paged_both_ways_filtered_and_sorted_without_gaps_or_repeats() {
    let world = World::start().await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let mut placed = Vec::new();
    for n in 0..7 {
        let cart = world.cart(&bob, "SOCKS-TRAIL-M", n % 3 + 1).await;
        placed.push(
            world
                .checkout(&bob, &cart, &n.to_string())
                .await
                .expect(201)["id"]
                .clone(),
        );
    }
    placed.reverse();
    let get = async |path: &str| world.get(path).token(&bob.token).send().await;
    let ids = |page: &Value| {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["id"].clone())
            .collect::<Vec<_>>()
    };

    let (mut by_number, mut by_cursor, mut path) = (
        Vec::new(),
        Vec::new(),
        "/client-data/orders?ps=3".to_owned(),
    );
    for page in 1..=3 {
        by_number.extend(ids(&get(&format!("/client-data/orders?p={page}&limit=3"))
            .await
            .expect(200)));
    }
    loop {
        let page = get(&path).await.expect(200);
        by_cursor.extend(ids(&page));
        assert_eq!(page["hasNext"], page["next"].is_string());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/client-data/orders?ps=3&cursor={next}");
    }
    assert_eq!((&by_number, &by_cursor), (&placed, &placed));

    let ascending = ids(&get("/client-data/orders?st=asc").await.expect(200));
    assert!(ascending.iter().eq(placed.iter().rev()));
    let mut by_total = Vec::new();
    let mut path = "/client-data/orders?sort=total&order=asc&ps=2".to_owned();
    loop {
        let page = get(&path).await.expect(200);
        assert_eq!(page["total"], 7);
        by_total.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|o| o["total"].as_f64().unwrap()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/client-data/orders?sort=total&order=asc&ps=2&cursor={next}");
    }
    assert_eq!(by_total, [17.0, 17.0, 17.0, 34.0, 34.0, 51.0, 51.0]);
    assert_eq!(
        get("/client-data/orders?status=shipped,delivered")
            .await
            .expect(200)["data"],
        json!([])
    );
    get("/client-data/orders?status=lost")
        .await
        .expect_problem(400, "invalid_query");
    get("/client-data/orders?sort=password")
        .await
        .expect_problem(400, "invalid_query");
    // A cursor belongs to its list: not to another filter, not to another customer.
    let next = get("/client-data/orders?ps=1").await.expect(200)["next"]
        .as_str()
        .unwrap()
        .to_owned();
    get(&format!("/client-data/orders?status=new&cursor={next}"))
        .await
        .expect_problem(400, "invalid_cursor");
    let ann = world.customer("acme", "ann@acme.example").await;
    let stolen = world
        .get(&format!("/client-data/orders?cursor={next}"))
        .token(&ann.token)
        .send()
        .await;
    stolen.expect_problem(400, "invalid_cursor");
}
