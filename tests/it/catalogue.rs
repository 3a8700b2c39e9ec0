//! Browsing: what is found, in which order, page by page.

use http::Method;
use portico_tests::World;
use serde_json::{Value, json};

async fn products(world: &World, query: &str) -> Value {
    world
        .get(&format!("/storefront/products?{query}"))
        .send()
        .await
        .expect(200)
}

fn column(page: &Value, member: &str) -> Vec<Value> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product[member].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_must_be_found_in_name_description_or_sku_in_any_case() {
    let world = World::start().await;
    assert_eq!(
        column(&products(&world, "query=ENAMEL+mug").await, "slug"),
        ["enamel-mug"]
    );
    assert_eq!(
        column(&products(&world, "query=mug-cream").await, "slug"),
        ["enamel-mug"]
    );
    assert_eq!(products(&world, "query=enamel+tent").await["total"], 0);
    assert_eq!(products(&world, "query=").await["total"], 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_and_combine() {
    let world = World::start().await;
    let all = products(&world, "ps=200").await;
    let expected = |keep: &dyn Fn(&Value) -> bool| {
        all["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| keep(p))
            .count()
    };
    let kitchen = products(&world, "category=kitchen").await;
    assert_eq!(kitchen["total"], expected(&|p| p["category"] == "Kitchen"));
    assert!(
        column(&kitchen, "category")
            .iter()
            .all(|category| category == "Kitchen")
    );
    let ember = products(&world, "brand=EMBER").await;
    assert_eq!(ember["total"], expected(&|p| p["brand"] == "Ember"));
    let price = |p: &Value| p["price"].as_f64().unwrap();
    let cheap = products(&world, "maxPrice=36.00").await;
    assert_eq!(cheap["total"], expected(&|p| price(p) <= 36.0));
    let between = products(&world, "minPrice=36&maxPrice=64.00").await;
    assert_eq!(
        between["total"],
        expected(&|p| (36.0..=64.0).contains(&price(p)))
    );
    let both = products(&world, "category=Kitchen&maxPrice=36").await;
    assert_eq!(
        both["total"],
        expected(&|p| p["category"] == "Kitchen" && price(p) <= 36.0)
    );
    assert!(both["total"].as_u64().unwrap() > 0 && both["total"] != kitchen["total"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_holds_over_all_pages_by_number_and_by_cursor() {
    let world = World::start().await;
    for (sort, member) in [
        ("price", "price"),
        ("name", "name"),
        ("createdate", "createdAt"),
    ] {
        for direction in ["asc", "desc"] {
            let whole = products(&world, &format!("s={sort}&st={direction}&ps=200")).await;
            let ids = column(&whole, "id");
            let key = |value: &Value| match value {
                Value::Number(number) => format!("{:012.2}", number.as_f64().unwrap()),
                other => other.as_str().unwrap().to_lowercase(),
            };
            let keys: Vec<String> = column(&whole, member).iter().map(key).collect();
            let sorted = |a: &String, b: &String| if direction == "asc" { a <= b } else { a >= b };
            assert!(keys.is_sorted_by(sorted), "{sort} {direction}: {keys:?}");

            let (mut by_number, mut by_cursor, mut cursor) =
                (Vec::new(), Vec::new(), String::new());
            for page in 1..=4 {
                let query = format!("s={sort}&st={direction}&page={page}&pageSize=7");
                by_number.extend(column(&products(&world, &query).await, "id"));
            }
            loop {
                let query = format!("s={sort}&st={direction}&ps=7{cursor}");
                let page = products(&world, &query).await;
                by_cursor.extend(column(&page, "id"));
                let Some(next) = page["next"].as_str() else {
                    break;
                };
                cursor = format!("&cursor={next}");
            }
            assert_eq!((&by_number, &by_cursor), (&ids, &ids), "{sort} {direction}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_org_has_its_own_catalogue() {
    let world = World::start().await;
    let page = world
        .ask(&Method::GET, "/storefront/products?ps=200")
        .org("globex")
        .send()
        .await
        .expect(200);
    assert_eq!(page["total"], 10);
    let mine = column(&products(&world, "ps=200").await, "id");
    for theirs in column(&page, "id") {
        assert!(!mine.contains(&theirs));
        let path = format!("/storefront/product/{}", theirs.as_str().unwrap());
        world
            .get(&path)
            .send()
            .await
            .expect_problem(404, "not_found");
    }
    let unpriced = json!({"productItems": [{"sku": "ESP-250-BEAN", "quantity": 1}]});
    world
        .post("/storefront/cart/update/new", &unpriced)
        .send()
        .await
        .expect_problem(400, "unknown_sku");
}
