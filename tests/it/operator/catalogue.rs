//! Importing catalogues.

use std::fmt::Write as _;
use std::fs;

use http::Method;
use portico_tests::{World, assert_unchanged, checkout_body, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::portico;

/// Files for the operator to import.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn write(&self, name: &str, content: &str) -> String {
        self.write_bytes(name, content.as_bytes())
    }

    fn write_bytes(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, content).expect("a file");
        path.to_str().expect("a path of UTF-8").to_owned()
    }
}

async fn products(world: &World, org: &str, query: &str) -> Value {
    let path = format!("/storefront/products?{query}");
    world
        .ask(&Method::GET, &path)
        .org(org)
        .send()
        .await
        .expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_shows_within_seconds_and_carts_and_orders_follow_its_prices() {
    let (world, files) = (World::start().await, Files::new());
    // The function has looked at the catalogue just before.
    assert_eq!(products(&world, "acme", "query=kite").await["total"], 0);
    let kite = |price: f64, stock: u32| {
        let kite = json!([{
            "name": "Storm Kite", "brand": "Northfold", "category": "Play", "attributes": {"lines": "2"},
            "variations": [
                {"sku": "KITE-RED", "options": {"color": "red"}, "price": price, "stock": stock},
                {"sku": "KITE-BLUE", "options": {"color": "blue"}, "price": 60, "stock": 0},
            ],
        }]);
        files.write("kites.json", &kite.to_string())
    };
    let file = kite(49.5, 7);
    let dry = portico(&world, &["catalogue", "import", "acme", &file, "--dry-run"])
        .await
        .unwrap();
    let summary = "1 products (1 new, 0 replaced) with 2 variations, stock of 2 of them";
    assert_eq!(
        dry,
        format!("Nothing is wrong; an import would write {summary}.\n")
    );
    let done = portico(&world, &["catalogue", "import", "acme", &file])
        .await
        .unwrap();
    assert_eq!(done, format!("Imported {summary}.\n"));
    let page = eventually("the kite is in the shop", async || {
        let page = products(&world, "acme", "query=storm%20kite&brand=northfold").await;
        (page["total"] == 1).then_some(page)
    })
    .await;
    let seen = &page["data"][0];
    assert_eq!(
        (&seen["slug"], &seen["price"], &seen["inStock"]),
        (&json!("storm-kite"), &json!(49.5), &json!(true))
    );

    let bob = world.customer("acme", "bob@acme.example").await;
    let cart = world.cart(&bob, "KITE-RED", 2).await;
    let file = kite(55.25, 9);
    let done = portico(&world, &["catalogue", "import", "acme", &file])
        .await
        .unwrap();
    assert_eq!(
        done,
        "Imported 1 products (0 new, 1 replaced) with 2 variations, stock of 2 of them.\n"
    );
    eventually("the cart follows", async || {
        let path = format!("/storefront/cart/get/{}/{cart}", bob.id);
        let cart = world.get(&path).token(&bob.token).send().await.expect(200);
        (cart["subtotal"] == 110.5).then_some(())
    })
    .await;
    let mut body = checkout_body(&cart);
    body["expectedTotal"] = json!(99.0);
    let stale = world
        .post("/storefront/checkout-cart", &body)
        .token(&bob.token)
        .header("idempotency-key", "1");
    stale.send().await.expect_problem(409, "amount_mismatch");
    let order = world.checkout(&bob, &cart, "2").await.expect(201);
    assert_eq!(order["total"], 110.5);

    // What is on hand is counted anew; what is reserved stays reserved.
    assert_eq!(world.stock("acme", "KITE-RED").await, (7, 2));
    portico(&world, &["catalogue", "import", "acme", &kite(55.25, 20)])
        .await
        .unwrap();
    assert_eq!(world.stock("acme", "KITE-RED").await, (18, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_import_groups_rows_into_products_and_is_the_orgs_alone() {
    let (world, files) = (World::start().await, Files::new());
    let csv = "sku,name,slug,price,stock,category,option:size,attribute:origin\n\
               LAMP-S,Paper Lamp,,30,5,Home,small,Japan\n\
               LAMP-L,Paper Lamp,,45.5,0,,large,\n\
               \"RUG-1\",\"Rug, \"\"woven\"\"\",woven-rug,120,1,Home,,\n";
    let file = files.write("home.csv", csv);
    let done = portico(&world, &["catalogue", "import", "globex", &file])
        .await
        .unwrap();
    assert_eq!(
        done,
        "Imported 2 products (2 new, 0 replaced) with 3 variations, stock of 3 of them.\n"
    );
    let page = eventually("both are in the shop", async || {
        let page = products(&world, "globex", "category=home&s=price&st=asc").await;
        (page["total"] == 2).then_some(page)
    })
    .await;
    let (lamp, rug) = (&page["data"][0], &page["data"][1]);
    assert_eq!(
        (&lamp["slug"], &lamp["price"]),
        (&json!("paper-lamp"), &json!(30.0))
    );
    let skus: Vec<_> = lamp["variations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["sku"].clone())
        .collect();
    assert_eq!(skus, ["LAMP-S", "LAMP-L"]);
    assert_eq!(
        (&rug["name"], &rug["slug"]),
        (&json!("Rug, \"woven\""), &json!("woven-rug"))
    );
    assert_eq!(products(&world, "acme", "category=home").await["total"], 0);
}

/// Holds an import to being refused with these lines about its file, and no others.
async fn refused(world: &World, file: &str, lines: &[&str]) {
    let import = portico(world, &["catalogue", "import", "acme", file]).await;
    let error = import.unwrap_err();
    assert_eq!(error.exit_code(), 1);
    let text = error.to_string();
    let errors = match lines.len() {
        1 => "1 error".to_owned(),
        more => format!("{more} errors"),
    };
    let lines = lines.iter().map(|line| format!("\n{file}: {line}"));
    let expected = format!(
        "nothing was imported: {errors}{}",
        lines.collect::<String>()
    );
    assert_eq!(text, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_a_json_file_is_told_with_its_place_and_nothing_changes() {
    let (world, files) = (World::start().await, Files::new());
    let before = world.table_at_rest().await;
    let products = json!([
        {"sku": "FINE", "name": "Fine", "price": 1, "stock": 1},
        {"sku": "CENTS", "name": "Cents", "price": 1.999, "stock": -1},
        {"name": "No Sku", "price": "1.00"},
        {"sku": "FINE", "name": "Fine Too", "price": 2, "stok": 3},
        {"name": "Many", "slug": "many", "variations": [{"sku": "MANY-1", "price": 0}]},
        "nothing",
    ]);
    let lines = [
        "[2].sku: is missing",
        "[3].stok: is not a member that is known here",
        "[5]: is not an object",
        "[1].stock: is not between 0 and 1000000000",
        "[1].price: \"1.999\": not an amount in this currency (USD)",
        "[3].sku: \"FINE\" is the sku of [0], too",
        "[4].variations[0].price: is not more than 0",
    ];
    refused(
        &world,
        &files.write("wrong.json", &products.to_string()),
        &lines,
    )
    .await;
    let cut = "[{\"sku\": \"A\", \"name\": \"A\", \"price\": 1},\n {\"sku\": ";
    let lines = ["line 2, column 9: EOF while parsing a value"];
    refused(&world, &files.write("cut.json", cut), &lines).await;
    let taken = json!([{"sku": "OTHER", "name": "Enamel Mug", "price": 1}]);
    let lines = ["[0].slug: \"enamel-mug\" is the slug of another product of the catalogue"];
    refused(
        &world,
        &files.write("taken.json", &taken.to_string()),
        &lines,
    )
    .await;
    assert_unchanged(&before, &world.table().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_a_csv_file_is_told_with_its_line_and_nothing_changes() {
    let (world, files) = (World::start().await, Files::new());
    let before = world.table_at_rest().await;
    let rows = "sku,name,price,stock\nA,A,1,1\n,B,2,1\nC,C,cheap,many\nD,D,4\n";
    let lines = [
        "line 3, sku: is missing",
        "line 4, stock: is not a whole number: \"many\"",
        "line 5: has 3 cells where the header has 4",
        "line 4, price: \"cheap\": not an amount in this currency (USD)",
    ];
    refused(&world, &files.write("wrong.csv", rows), &lines).await;
    let lines = [
        "line 1, title: is not a column that is known here",
        "line 1, name: is missing",
        "line 1, price: is missing",
    ];
    refused(
        &world,
        &files.write("header.csv", "sku,title\nA,A\n"),
        &lines,
    )
    .await;
    let latin = files.write_bytes("latin.csv", b"sku,name,price\nA,Caf\xe9,1\n");
    refused(&world, &latin, &["line 2: is not UTF-8"]).await;
    assert_unchanged(&before, &world.table().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_or_an_org_that_is_not_there_is_named() {
    let (world, files) = (World::start().await, Files::new());
    let good = files.write("good.csv", "sku,name,price\nA,A,1\n");
    let import = async |org, file| {
        let import = portico(&world, &["catalogue", "import", org, file]).await;
        import.unwrap_err().to_string()
    };
    let missing = import("acme", "/nowhere/a.csv").await;
    assert_eq!(
        missing,
        "/nowhere/a.csv: No such file or directory (os error 2)"
    );
    let kind = import("acme", "products.xlsx").await;
    assert_eq!(
        kind,
        "products.xlsx: the name ends neither in .json nor in .csv"
    );
    let nowhere = import("hooli", &good).await;
    assert_eq!(
        nowhere,
        "There is no such org: hooli; portico org create makes it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_products_are_imported_and_every_page_is_there() {
    let (world, files) = (World::start().await, Files::new());
    portico(
        &world,
        &[
            "org",
            "create",
            "bulk",
            "--name",
            "Bulk",
            "--currency",
            "USD",
        ],
    )
    .await
    .unwrap();
    let mut csv = "sku,name,description,price,stock\n".to_owned();
    let text = "a thing of many words ".repeat(20);
    for number in 0..2_000 {
        let (whole, cents) = (1 + number / 100, number % 100);
        writeln!(
            csv,
            "SKU-{number:04},Thing {number:04},{text},{whole}.{cents:02},{number}"
        )
        .unwrap();
    }
    let file = files.write("bulk.csv", &csv);
    let done = portico(&world, &["catalogue", "import", "bulk", &file])
        .await
        .unwrap();
    assert_eq!(
        done,
        "Imported 2000 products (2000 new, 0 replaced) with 2000 variations, stock of 2000 of them.\n"
    );

    let mut names = Vec::new();
    let mut query = "ps=200&s=name&st=asc".to_owned();
    loop {
        let page = products(&world, "bulk", &query).await;
        assert_eq!(page["total"], 2_000);
        names.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|product| product["name"].clone()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("ps=200&s=name&st=asc&cursor={next}");
    }
    let expected: Vec<Value> = (0..2_000)
        .map(|number| json!(format!("Thing {number:04}")))
        .collect();
    assert_eq!(names, expected);
    assert_eq!(world.stock("bulk", "SKU-1999").await, (1_999, 0));
    let last = world
        .ask(&Method::GET, "/storefront/product/thing-1999")
        .org("bulk")
        .send()
        .await
        .expect(200);
    assert_eq!(last["price"], 20.99);
}
