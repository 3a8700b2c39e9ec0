//! Lists of orders: filters, sorting, and pages by number and by cursor.

use jiff::{Timestamp, ToSpan as _};
use portico_tests::{Account, World};
use serde_json::{Value, json};

async fn list(world: &World, who: &Account, query: &str) -> Value {
    let path = format!("/client-data/orders?{query}");
    world.get(&path).token(&who.token).send().await.expect(200)
}

fn totals(page: &Value) -> Vec<f64> {
    let orders = page["data"].as_array().unwrap().iter();
    orders
        .map(|order| order["total"].as_f64().unwrap())
        .collect()
}

/// Seven orders of one to seven pairs of socks, the third and the fourth of which are being packed.
async fn orders(world: &World) -> (Account, Vec<Value>) {
    let who = world.sign_up("acme", "orders@example.com").await;
    let staff = world.staff().await;
    let mut placed = Vec::new();
    for pairs in 1..=7 {
        let cart = world.cart(&who, "SOCKS-TRAIL-M", pairs).await;
        let order = world
            .checkout(&who, &cart, &format!("list-{pairs}"))
            .await
            .expect(201);
        if pairs == 3 || pairs == 4 {
            let path = format!(
                "/storefront/order/process/{}",
                order["orderNumber"].as_str().unwrap()
            );
            world
                .post(&path, &json!({}))
                .token(&staff.token)
                .send()
                .await
                .expect(200);
        }
        placed.push(order);
    }
    (who, placed)
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_filtered_by_status_and_by_when_they_were_placed_and_sorted_by_what_is_allowed()
{
    let world = World::start().await;
    let (who, placed) = orders(&world).await;
    let price = placed[0]["total"].as_f64().unwrap();
    let pairs = |page: &Value| -> Vec<u32> {
        let counts = page["data"].as_array().unwrap().iter();
        counts
            .map(|order| u32::try_from(order["itemCount"].as_u64().unwrap()).unwrap())
            .collect()
    };
    let at = |n: usize| {
        placed[n - 1]["createdAt"]
            .as_str()
            .unwrap()
            .replace('+', "%2B")
    };
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let tomorrow = (Timestamp::now() + 24.hours())
        .strftime("%Y-%m-%d")
        .to_string();
    for (query, expected) in [
        (String::new(), &[7, 6, 5, 4, 3, 2, 1][..]),
        ("status=processing".to_owned(), &[4, 3]),
        (
            "status=processing,new&sort=total&order=asc".to_owned(),
            &[1, 2, 3, 4, 5, 6, 7],
        ),
        ("s=total".to_owned(), &[7, 6, 5, 4, 3, 2, 1]),
        ("sort=status&order=asc".to_owned(), &[1, 2, 5, 6, 7, 3, 4]),
        (format!("from={}&to={}", at(2), at(5)), &[5, 4, 3, 2]),
        (format!("from={}&to={}&status=new", at(2), at(5)), &[5, 2]),
        (format!("dateFrom={}&order=asc", at(6)), &[6, 7]),
        (format!("to={today}&ps=2"), &[7, 6]),
        (format!("from={tomorrow}"), &[]),
        ("to=2020-01-01".to_owned(), &[]),
    ] {
        let page = list(&world, &who, &query).await;
        // What is placed in the same second may be sorted either way by status alone.
        if query.starts_with("sort=status") {
            let mut shown = pairs(&page);
            shown[..5].sort_unstable();
            shown[5..].sort_unstable();
            assert_eq!(shown, expected, "{query}");
        } else {
            assert_eq!(pairs(&page), expected, "{query}");
        }
    }
    let sums: Vec<_> = totals(&list(&world, &who, "sort=total&order=asc").await);
    assert!((sums[6] - 7.0 * price).abs() < 1e-9);
    for wrong in [
        "status=lost",
        "sort=author",
        "sort=contact.email",
        "from=yesterday",
        "to=2026-13-01",
        "from=1&from=2",
    ] {
        let path = format!("/client-data/orders?{wrong}");
        world
            .get(&path)
            .token(&who.token)
            .send()
            .await
            .expect_problem(400, "invalid_query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_number_are_counted_and_pages_by_cursor_go_on_where_either_kind_ended() {
    let world = World::start().await;
    let (who, placed) = orders(&world).await;
    let number = |n: usize| placed[n - 1]["orderNumber"].clone();
    let numbers = |page: &Value| -> Vec<Value> {
        let orders = page["data"].as_array().unwrap().iter();
        orders.map(|order| order["orderNumber"].clone()).collect()
    };
    let page = list(&world, &who, "page=2&pageSize=3").await;
    assert_eq!(numbers(&page), [number(4), number(3), number(2)]);
    assert_eq!(
        (&page["total"], &page["page"], &page["hasNext"]),
        (&json!(7), &json!(2), &json!(true))
    );
    let rest = format!("pageSize=3&cursor={}", page["next"].as_str().unwrap());
    let rest = list(&world, &who, &rest).await;
    assert_eq!(
        (numbers(&rest), &rest["hasNext"], &rest["next"]),
        (vec![number(1)], &json!(false), &Value::Null)
    );

    let last = list(&world, &who, "page=3&pageSize=3").await;
    assert_eq!(
        (numbers(&last), &last["total"], &last["next"]),
        (vec![number(1)], &json!(7), &Value::Null)
    );
    let beyond = list(&world, &who, "page=4&pageSize=3").await;
    assert_eq!(
        (numbers(&beyond), &beyond["total"], &beyond["hasNext"]),
        (vec![], &json!(7), &json!(false))
    );

    // By cursor alone, nothing is counted, and everything comes once.
    for question in [
        "",
        "&order=asc",
        "&status=new,processing",
        "&sort=number",
        "&from=2020-01-01",
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = list(&world, &who, &format!("pageSize=3{question}{cursor}")).await;
            let table_order = question.is_empty() || question == "&order=asc";
            assert_eq!(
                page["total"],
                if table_order { Value::Null } else { json!(7) },
                "{question}"
            );
            seen.extend(numbers(&page));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let mut expected: Vec<_> = (1..=7).map(number).collect();
        assert_eq!(seen.len(), 7, "{question}");
        expected.retain(|number| !seen.contains(number));
        assert_eq!(expected, [Value::Null; 0], "{question}");
    }
}
