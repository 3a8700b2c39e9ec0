//! What a file must say, and what is said when it does not.

use iso_currency::Currency;
use portico_shared::domain::product::{InventoryPolicy, ProductStatus};
use portico_shared::money::Money;
use proptest::prelude::*;

use super::*;

/// The products of a file, or all that is wrong with it.
fn checked(format: Format, source: &[u8]) -> Result<Vec<Entry>, Vec<String>> {
    priced(format, source, Currency::USD)
}

fn priced(format: Format, source: &[u8], currency: Currency) -> Result<Vec<Entry>, Vec<String>> {
    let mut problems = Problems::of("f");
    let drafts = read(format, source, &mut problems);
    let org = "acme".parse().unwrap();
    let found = check::products(drafts, &org, currency, clock::now(), &mut problems);
    match problems.none() {
        Ok(()) => Ok(found.into_iter().map(check::Checked::into_entry).collect()),
        Err(error) => Err(error
            .to_string()
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect()),
    }
}

fn json(source: &str) -> Result<Vec<Entry>, Vec<String>> {
    checked(Format::Json, source.as_bytes())
}

fn csv(source: &str) -> Result<Vec<Entry>, Vec<String>> {
    checked(Format::Csv, source.as_bytes())
}

#[test]
fn a_json_product_is_read_in_full() {
    let products = json(
        r#"[{"name": " Mug ", "slug": "mug-2", "description": "Hot.\r\nOr not.", "brand": "Ember",
             "category": "Kitchen", "currency": "USD", "images": ["https://a.example/1.jpg"],
             "attributes": {"volume": 350, "safe": true}, "status": "draft", "inventoryPolicy": "deny", "price": 9,
             "variations": [{"sku": "M-B", "options": {"color": "blue"}, "price": "12.50", "stock": 3},
                            {"sku": "M-R", "options": {"color": "red"}, "image": "https://a.example/r.jpg"}]}]"#,
    );
    let products = products.unwrap();
    let (product, stock) = &products[0];
    assert_eq!(
        product.id,
        portico_shared::ids::ProductId::derived(b"acme|M-B")
    );
    assert_eq!(
        (product.name.as_str(), product.slug.as_str()),
        ("Mug", "mug-2")
    );
    assert_eq!(product.description, "Hot.\nOr not.");
    assert_eq!(product.attributes["volume"], "350");
    assert_eq!(
        (product.status, product.inventory_policy),
        (ProductStatus::Draft, InventoryPolicy::Deny)
    );
    let prices: Vec<i64> = product
        .variations
        .iter()
        .map(|variation| variation.price.minor())
        .collect();
    assert_eq!(
        prices,
        [1250, 900],
        "a variation without a price has the product's"
    );
    assert_eq!(
        product.variations[1].image.as_deref(),
        Some("https://a.example/r.jpg")
    );
    assert_eq!(
        *stock,
        [("M-B".to_owned(), 3)],
        "stock that is not given stays as it is"
    );
}

#[test]
fn a_product_without_variations_has_one() {
    let products =
        json(r#"[{"sku": "A", "name": "An Axe, 2nd ed.", "price": 19.99, "stock": 7}]"#).unwrap();
    let (product, stock) = &products[0];
    assert_eq!(product.slug, "an-axe-2nd-ed");
    assert_eq!(product.variations[0].price, Money::new(1999, Currency::USD));
    assert_eq!(*stock, [("A".to_owned(), 7)]);
}

#[test]
fn csv_rows_of_one_slug_are_one_product() {
    let products = csv(
        "sku,name,price,stock,images,option:size,attribute:material\n\
         T-S,Tee,20,1,https://a.example/1|https://a.example/2,S,wool\n\
         H,Hat,30,,,,\n\
         T-M,Tee,21.5,2,,M,\n",
    );
    let products = products.unwrap();
    assert_eq!(products.len(), 2);
    let (tee, stock) = &products[0];
    assert_eq!((tee.slug.as_str(), tee.images.len()), ("tee", 2));
    assert_eq!(tee.attributes["material"], "wool");
    assert_eq!(tee.variations[1].options["size"], "M");
    assert_eq!(tee.variations[1].price.minor(), 2150);
    assert_eq!(stock.len(), 2);
    assert!(products[1].1.is_empty());
}

#[test]
fn a_spreadsheets_byte_order_mark_and_quotes_are_read() {
    let products =
        csv("\u{FEFF}sku,name,description,price\r\nA,\"Mug, blue\",\"two\r\nlines\",\"1.00\"\r\n")
            .unwrap();
    assert_eq!(products[0].0.name, "Mug, blue");
    assert_eq!(products[0].0.description, "two\nlines");
}

#[test]
fn everything_that_is_wrong_with_a_json_file_is_told_at_once() {
    let found = json(
        r#"[{"sku": "A", "name": "A", "price": 0, "colour": "red", "stock": -1},
            {"sku": "A", "name": 5, "slug": "a", "price": "1.999", "status": "gone"},
            7,
            {"name": "C\u202e", "slug": "C!", "currency": "EUR", "sku": "C", "images": ["javascript:1"],
             "variations": [{"sku": "C1", "price": -1, "stock": 1.5}, {"options": {}}]}]"#,
    );
    let expected = [
        "f: [0].colour: is not a member that is known here",
        "f: [1].name: is not a text",
        "f: [1].status: unknown variant `gone`, expected one of `draft`, `active`, `archived`",
        "f: [2]: is not an object",
        "f: [3].sku: belongs to the variations, as there are some",
        "f: [3].variations[0].stock: is not a whole number",
        "f: [3].variations[1].price: is missing",
        "f: [3].variations[1].sku: is missing",
        "f: [0].stock: is not between 0 and 1000000000",
        "f: [0].price: is not more than 0",
        "f: [1].slug: \"a\" is the slug of [0], too",
        "f: [1].sku: \"A\" is the sku of [0], too",
        "f: [1].price: \"1.999\": not an amount in this currency (USD)",
        "f: [3].name: contains control or text-direction characters",
        "f: [3].images: is not a web address: \"javascript:1\"",
        "f: [3].slug: is not 1 to 100 of a-z, 0-9 and -, beginning and ending with a letter or digit",
        "f: [3].variations[0].currency: is not the org's currency, USD",
        "f: [3].variations[0].price: \"-1\": not an amount in this currency (USD)",
        "f: [3].variations[1].options: are the same as at [3].variations[0]",
        "f: [3].variations[1].currency: is not the org's currency, USD",
    ];
    assert_eq!(found.unwrap_err(), expected);
}

#[test]
fn everything_that_is_wrong_with_a_csv_file_is_told_at_once() {
    let found = csv("sku,name,slug,price,stock,brand\n\
         A,Axe,axe,1,many,Acme\n\
         ,Axe,axe,2,,Other\n\
         B,Bat,bat,3\n\
         A,Cat,cat,,1,\n");
    let expected = [
        "f: line 2, stock: is not a whole number: \"many\"",
        "f: line 3, brand: differs from line 2, where the product begins",
        "f: line 3, sku: is missing",
        "f: line 4: has 4 cells where the header has 6",
        "f: line 5, price: is missing",
        "f: line 3, options: are the same as at line 2",
        "f: line 5, sku: \"A\" is the sku of line 2, too",
    ];
    assert_eq!(found.unwrap_err(), expected);
}

#[test]
fn a_header_that_cannot_be_worked_with_is_told_alone() {
    let found = csv("sku,name,colour,name,option:\n1,2,3,4,5\n");
    let expected = [
        "f: line 1, colour: is not a column that is known here",
        "f: line 1, name: is there twice",
        "f: line 1, option:: is not a column that is known here",
        "f: line 1, price: is missing",
    ];
    assert_eq!(found.unwrap_err(), expected);
}

#[test]
fn what_is_no_catalogue_is_told_with_its_place() {
    assert_eq!(
        json("[\n  {\"sku\" 1}]").unwrap_err(),
        ["f: line 2, column 10: expected `:`"]
    );
    assert_eq!(json("{}").unwrap_err().len(), 1);
    assert_eq!(json("[] 1").unwrap_err().len(), 1);
    let broken = checked(Format::Csv, b"sku,name,price\nA,B,1\nA,\xFF,1\n");
    assert_eq!(broken.unwrap_err(), ["f: line 3: is not UTF-8"]);
    assert_eq!(json("[]").unwrap(), []);
}

#[test]
fn problems_are_counted_beyond_those_that_are_shown() {
    let products: Vec<String> = (0..80)
        .map(|n| format!(r#"{{"sku": "S{n}", "name": "N{n}", "price": 0}}"#))
        .collect();
    let told = json(&format!("[{}]", products.join(","))).unwrap_err();
    assert_eq!(told.len(), 51);
    assert_eq!(told[50], "… and 30 more");
}

#[test]
fn a_file_may_not_take_what_another_product_has() {
    let stored: Vec<Product> = json(
        r#"[{"sku": "A", "name": "Axe", "price": 1}, {"sku": "B", "name": "Bat", "price": 1}]"#,
    )
    .unwrap()
    .into_iter()
    .map(|(product, _)| Product {
        created_at: "2020-01-01T00:00:00Z".parse().unwrap(),
        ..product
    })
    .collect();
    let org = "acme".parse().unwrap();
    let against = |source: &str| {
        let mut problems = Problems::of("f");
        let drafts = read(Format::Json, source.as_bytes(), &mut problems);
        let mut found = check::products(drafts, &org, Currency::USD, clock::now(), &mut problems);
        let replaced = check::against(&stored, &mut found, &mut problems);
        let created = found
            .into_iter()
            .next()
            .map(|checked| checked.into_entry().0.created_at);
        (
            replaced,
            created.unwrap() == stored[0].created_at,
            problems.total(),
        )
    };
    assert_eq!(
        against(r#"[{"sku": "A", "name": "Great Axe", "price": 2}]"#),
        (1, true, 0)
    );
    assert_eq!(
        against(r#"[{"sku": "C", "name": "Cat", "price": 2}]"#),
        (0, false, 0)
    );
    let stolen = r#"[{"name": "Bat", "price": 2, "variations": [{"sku": "C"}, {"sku": "B", "options": {"n": 1}}]}]"#;
    assert_eq!(against(stolen), (0, false, 2), "its slug and a sku");
    let draft = stolen.replace(r#""price""#, r#""status": "draft", "price""#);
    assert_eq!(
        against(&draft),
        (0, false, 0),
        "what is not on sale takes nothing away"
    );
}

#[test]
fn the_demo_catalogues_are_in_order() {
    let acme = json(include_str!("../../../demo/acme.json")).unwrap();
    assert_eq!(acme.len(), 24);
    let globex = csv(include_str!("../../../demo/globex.csv")).unwrap();
    assert_eq!(globex.len(), 10);
    for policy in [InventoryPolicy::Deny, InventoryPolicy::Continue] {
        for catalogue in [&acme, &globex] {
            assert_eq!(
                catalogue
                    .iter()
                    .filter(|(product, _)| product.inventory_policy == policy)
                    .count(),
                1
            );
        }
    }
}

proptest! {
    #[test]
    fn a_price_is_the_same_as_number_text_and_cell(minor in 1..=portico_shared::money::MAX_MINOR) {
        for (currency, digits) in [(Currency::USD, 2), (Currency::JPY, 0), (Currency::KWD, 3)] {
            let padded = format!("{minor:0>width$}", width = digits + 1);
            let (whole, fraction) = padded.split_at(padded.len() - digits);
            let text = if digits == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") };
            for (format, source) in [
                (Format::Json, format!(r#"[{{"sku": "A", "name": "A", "price": {text}}}]"#)),
                (Format::Json, format!(r#"[{{"sku": "A", "name": "A", "price": "{text}"}}]"#)),
                (Format::Csv, format!("sku,name,price\nA,A,{text}\n")),
            ] {
                let products = priced(format, source.as_bytes(), currency);
                let price = products.map(|products| products[0].0.variations[0].price);
                prop_assert_eq!(price, Ok(Money::new(minor, currency)), "{}", text);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(source in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC*") {
        for source in [&source[..], text.as_bytes(), format!("sku,name,price\n{text}").as_bytes()] {
            let _ = checked(Format::Json, source);
            let _ = checked(Format::Csv, source);
        }
    }
}
