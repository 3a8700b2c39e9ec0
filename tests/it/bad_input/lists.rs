//! Pages, filters and cursors.

use http::Method;
use portico_tests::{Account, Answer};
use serde_json::Value;

use super::changes_nothing;
use crate::isolation::scene::{Scene, text};

const ORDERS: &str = "/client-data/orders";
const PRODUCTS: &str = "/storefront/products";

async fn list(scene: &Scene, who: &Account, path: &str) -> Answer {
    scene
        .world
        .ask(&Method::GET, path)
        .org(&who.org)
        .token(&who.token)
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_out_of_range_is_clamped_and_nonsense_refused() {
    changes_nothing(async |scene| {
        for path in [ORDERS, PRODUCTS, "/client-data/notifications"] {
            for nonsense in [
                "page=x",
                "page=1.5",
                "page=1e3",
                "page=",
                "page=%00",
                "page=0x10",
                "page=1&page=2",
                "page=1&p=2",
                "pageSize=ten",
                "ps=",
                "limit=-",
                "order=up",
                "st=ASC",
                "cursor=a&cursor=b",
            ] {
                let answer = list(scene, &scene.ann, &format!("{path}?{nonsense}")).await;
                answer.expect_problem(400, "invalid_query");
            }
            for (query, page, size) in [
                ("page=0&pageSize=0", 1, 1),
                ("page=-7&pageSize=-7", 1, 1),
                ("p=1&ps=100000", 1, 200),
                (
                    "page=99999999999999999999&limit=9223372036854775808",
                    10_000,
                    200,
                ),
                ("p=-99999999999999999999&ps=9223372036854775807", 1, 200),
            ] {
                let answer = list(scene, &scene.ann, &format!("{path}?{query}"))
                    .await
                    .expect(200);
                assert_eq!(
                    (&answer["page"], &answer["pageSize"]),
                    (&page.into(), &size.into()),
                    "{query}"
                );
            }
            let beyond = list(scene, &scene.ann, &format!("{path}?page=9999"))
                .await
                .expect(200);
            assert_eq!(
                (&beyond["data"], &beyond["hasNext"]),
                (&Value::Array(Vec::new()), &false.into())
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_is_no_amount_is_refused_in_a_filter() {
    let scene = Scene::set().await;
    for query in [
        "minPrice=-1",
        "minPrice=x",
        "maxPrice=1.234",
        "maxPrice=1e3",
        "minPrice=99999999999999999999",
    ] {
        let answer = scene.world.get(&format!("{PRODUCTS}?{query}")).send().await;
        answer.expect_problem(400, "invalid_query");
    }
    let none = scene
        .world
        .get(&format!("{PRODUCTS}?minPrice=10&maxPrice=5"))
        .send()
        .await;
    assert_eq!(none.expect(200)["total"], 0);
    let odd = scene
        .world
        .get(&format!(
            "{PRODUCTS}?query=%00%E2%80%AE&category=%F0%9F%92%A5"
        ))
        .send()
        .await;
    assert_eq!(odd.expect(200)["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_good_for_the_list_that_gave_it_out_and_for_no_other() {
    changes_nothing(async |scene| {
        let next = async |who: &Account, path: &str| {
            text(&list(scene, who, path).await.expect(200)["next"])
        };
        let cursor = next(&scene.ann, "/client-data/orders?ps=1").await;
        let good = list(scene, &scene.ann, &format!("{ORDERS}?ps=1&cursor={cursor}"))
            .await
            .expect(200);
        assert_eq!(good["data"].as_array().map(Vec::len), Some(1));

        let refused = async |who: &Account, path: &str| {
            list(scene, who, path)
                .await
                .expect_problem(400, "invalid_cursor");
        };
        let with = |path: &str| {
            format!(
                "{path}{}cursor={cursor}",
                if path.contains('?') { '&' } else { '?' }
            )
        };
        // Another customer's, another org's.
        refused(&scene.bob, &with(ORDERS)).await;
        refused(&scene.namesake, &with(ORDERS)).await;
        // Another question.
        for path in [
            "/client-data/orders?status=new",
            "/client-data/orders?sort=total",
            "/client-data/orders?order=asc",
            "/client-data/notifications",
            PRODUCTS,
        ] {
            refused(&scene.ann, &with(path)).await;
        }
        let counted = next(&scene.ann, "/client-data/orders?sort=total&ps=1").await;
        refused(&scene.ann, &format!("{ORDERS}?cursor={counted}")).await;
        let products = next(&scene.ann, "/storefront/products?ps=1").await;
        refused(&scene.namesake, &format!("{PRODUCTS}?cursor={products}")).await;
        // Altered, cut, lengthened, invented.
        let mut flipped = cursor.clone().into_bytes();
        flipped[30] = if flipped[30] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).unwrap();
        let (cut, longer) = (&cursor[..cursor.len() - 4], format!("{cursor}AAAA"));
        for wrong in [
            flipped.as_str(),
            cut,
            longer.as_str(),
            "x",
            "",
            "AAAAAAAAAAAAAAAAAAAAAAAA",
            "%00",
            "..%2F",
        ] {
            refused(&scene.ann, &format!("{ORDERS}?cursor={wrong}")).await;
        }
    })
    .await;
}
