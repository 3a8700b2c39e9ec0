//! Values that break a rule.

use http::Method;
use portico_tests::checkout_body;
use serde_json::{Value, json};

use super::{ADDRESSES, NEW_CART, PROFILE, changes_nothing, fields};
use crate::isolation::scene::Scene;

/// Text that is not what it looks like: NUL, another control, an override and an isolate of the text
/// direction, a byte order mark.
const DECEPTIVE: [&str; 5] = [
    "nul\0",
    "bell\u{7}",
    "\u{202e}gpj.exe",
    "\u{2066}x",
    "\u{feff}bom",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_is_a_whole_number_from_1_to_9999() {
    changes_nothing(async |scene| {
        let path = format!("/storefront/cart/update/{}", scene.anns.cart);
        let update = async |quantity: &str| {
            let body =
                format!(r#"{{"productItems":[{{"sku":"MUG-BLUE","quantity":{quantity}}}]}}"#);
            scene.anns(&Method::POST, &path).raw(body).send().await
        };
        for quantity in ["0", "10000", "4294967295"] {
            let problem = update(quantity)
                .await
                .expect_problem(422, "validation_failed");
            assert_eq!(fields(&problem), ["productItems[0].quantity"], "{quantity}");
        }
        for quantity in [
            "-1",
            "-0",
            "-9223372036854775808",
            "4294967296",
            "18446744073709551616",
            "1e30",
            "1e0",
            "1.5",
            "\"2\"",
            "\"\"",
            "null",
            "true",
            "[]",
            "[1]",
            "{}",
        ] {
            let problem = update(quantity).await.expect_problem(400, "invalid_body");
            assert_eq!(fields(&problem), ["productItems[0].quantity"], "{quantity}");
        }
        for quantity in ["1e999", "01", "+1", "0x1", "NaN", "Infinity", "--1", "1."] {
            update(quantity).await.expect_problem(400, "malformed_json");
        }
        let missing = json!({"productItems": [{"sku": "MUG-BLUE"}]});
        let problem = scene
            .post(&path, &missing)
            .await
            .expect_problem(400, "invalid_body");
        assert_eq!(fields(&problem), ["productItems[0]"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_that_is_not_there_is_named() {
    changes_nothing(async |scene| {
        let path = format!("/storefront/cart/update/{}", scene.anns.cart);
        for sku in ["NO-SUCH-SKU", "mug-blue", " MUG-BLUE", "acme#STOCK", "💥"] {
            let lines = json!({"productItems": [{"sku": "MUG-RED", "quantity": 1}, {"sku": sku, "quantity": 1}]});
            let problem = scene.post(&path, &lines).await.expect_problem(400, "unknown_sku");
            assert_eq!(fields(&problem), ["productItems[1].sku"]);
        }
        for sku in ["", &"x".repeat(101)] {
            let lines = json!({"productItems": [{"sku": sku, "quantity": 1}]});
            let problem = scene.post(&path, &lines).await.expect_problem(422, "validation_failed");
            assert_eq!(fields(&problem), ["productItems[0].sku"]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_of_too_many_lines_or_options_is_refused() {
    changes_nothing(async |scene| {
        let lines = json!({"productItems": vec![json!({"sku": "MUG-RED", "quantity": 1}); 81]});
        let problem = scene
            .post(NEW_CART, &lines)
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(fields(&problem), ["productItems"]);
        let options: Value = (0..11)
            .map(|n| (n.to_string(), json!("x")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        for options in [
            options,
            json!({"engraving": "x".repeat(201)}),
            json!({"x".repeat(201): "x"}),
        ] {
            let lines =
                json!({"productItems": [{"sku": "MUG-RED", "quantity": 1, "options": options}]});
            let problem = scene
                .post(NEW_CART, &lines)
                .await
                .expect_problem(422, "validation_failed");
            assert_eq!(fields(&problem), ["productItems[0].options"]);
        }
    })
    .await;
}

/// Puts a text where a pointer says.
fn with(mut body: Value, pointer: &str, text: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    body.pointer_mut(parent).expect("the parent is there")[name] = json!(text);
    body
}

/// A pointer as problems name members.
fn member(pointer: &str) -> String {
    let name = pointer.trim_start_matches('/').replace('/', ".");
    name.replace(".0.", "[0].")
}

async fn all_refused(scene: &Scene, method: &Method, path: &str, body: &Value, pointers: &[&str]) {
    for pointer in pointers {
        for text in DECEPTIVE {
            let body = with(body.clone(), pointer, text);
            let ask = scene
                .anns(method, path)
                .header("idempotency-key", "deceptive")
                .json(&body);
            let problem = ask.send().await.expect_problem(422, "validation_failed");
            assert_eq!(fields(&problem), [member(pointer)], "{text:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nul_controls_and_text_direction_are_refused_in_every_text_that_is_kept() {
    changes_nothing(async |scene| {
        let (put, post) = (Method::PUT, Method::POST);
        let profile = ["/firstName", "/lastName", "/phone", "/language", "/timezone", "/about"];
        all_refused(scene, &put, PROFILE, &json!({}), &profile).await;

        let address = ["name", "street1", "street2", "city", "state", "postalCode", "country", "phone"];
        let book: Vec<String> = address.iter().map(|name| format!("/{name}")).collect();
        let book: Vec<&str> = book.iter().map(String::as_str).collect();
        let body = json!({"street1": "1 Main St", "city": "X", "country": "US"});
        all_refused(scene, &post, ADDRESSES, &body, &book).await;

        let mut till = checkout_body(&scene.anns.till);
        let postal = json!({"street1": "1 Main St", "city": "X", "country": "US"});
        till["shippingAddress"] = postal.clone();
        till["billingAddress"] = postal;
        let mut order: Vec<String> = ["email", "firstName", "lastName", "phone"].map(|name| format!("/customer/{name}")).into();
        for which in ["shippingAddress", "billingAddress"] {
            order.extend(address.iter().map(|name| format!("/{which}/{name}")));
        }
        let order: Vec<&str> = order.iter().map(String::as_str).collect();
        all_refused(scene, &post, "/storefront/checkout-cart", &till, &order).await;

        let lines = json!({"productItems": [{"sku": "MUG-RED", "quantity": 1}]});
        all_refused(scene, &post, NEW_CART, &lines, &["/productItems/0/sku"]).await;
        for text in DECEPTIVE {
            for options in [json!({text: "x"}), json!({"engraving": text})] {
                let lines = json!({"productItems": [{"sku": "MUG-RED", "quantity": 1, "options": options}]});
                let problem = scene.post(NEW_CART, &lines).await.expect_problem(422, "validation_failed");
                assert_eq!(fields(&problem), ["productItems[0].options"]);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deceptive_text_makes_no_account_and_moves_no_order() {
    changes_nothing(async |scene| {
        let new = json!({"email": "eve@acme.example", "password": "correct horse"});
        let signup = "/profile/customer/signup";
        let members = ["/email", "/firstName", "/lastName", "/phone", "/guestId"];
        all_refused(scene, &Method::POST, signup, &new, &members).await;
        let unissued = with(new.clone(), "/guestId", &format!("gst_{:040}", 0));
        let problem = scene
            .post(signup, &unissued)
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(fields(&problem), ["guestId"]);
        for password in [
            "short",
            "",
            &"x".repeat(129),
            "eve@acme.example",
            "EVE@acme.example",
        ] {
            let weak = with(new.clone(), "/password", password);
            let problem = scene
                .post(signup, &weak)
                .await
                .expect_problem(422, "validation_failed");
            assert_eq!(fields(&problem), ["password"], "{password}");
        }
        for email in [
            "",
            "eve",
            "@acme.example",
            "eve@",
            "eve@a@b",
            "e ve@acme.example",
            &"e".repeat(300),
        ] {
            let nowhere = with(new.clone(), "/email", email);
            let problem = scene
                .post(signup, &nowhere)
                .await
                .expect_problem(422, "validation_failed");
            assert!(fields(&problem).contains(&"email"), "{email}");
        }
        // After all that the address is still free.
        scene.post(signup, &new).await.expect(201);

        let step = |step: &str| format!("/storefront/order/{step}/{}", scene.anns.number);
        for text in DECEPTIVE {
            for (path, body, field) in [
                (step("process"), json!({"note": text}), "note"),
                (
                    step("ship"),
                    json!({"carrier": text, "tracking": "1Z"}),
                    "carrier",
                ),
                (
                    step("ship"),
                    json!({"carrier": "ups", "tracking": text}),
                    "tracking",
                ),
                (
                    step("ship"),
                    json!({"carrier": "ups", "tracking": "1Z", "service": text}),
                    "service",
                ),
                (step("deliver"), json!({"note": text}), "note"),
            ] {
                let ask = scene.world.post(&path, &body).token(&scene.owner.token);
                let problem = ask.send().await.expect_problem(422, "validation_failed");
                assert_eq!(fields(&problem), [field]);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_that_is_no_amount_of_the_currency_is_refused_and_another_one_is_a_mismatch() {
    changes_nothing(async |scene| {
        let checkout = async |total: &str| {
            let mut body = checkout_body(&scene.anns.till);
            body["expectedTotal"] = serde_json::from_str(total).unwrap();
            let ask = scene.anns(&Method::POST, "/storefront/checkout-cart");
            ask.header("idempotency-key", "total")
                .json(&body)
                .send()
                .await
        };
        for total in ["-12.5", "12.505", "1e30", "100000000000000"] {
            let problem = checkout(total)
                .await
                .expect_problem(422, "validation_failed");
            assert_eq!(fields(&problem), ["expectedTotal"], "{total}");
        }
        for total in ["0", "1e-2", "12.49", "12.51", "25.0"] {
            checkout(total).await.expect_problem(409, "amount_mismatch");
        }
        checkout("\"12.5\"")
            .await
            .expect_problem(400, "invalid_body");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_address_is_the_same_in_upper_and_lower_case() {
    let scene = Scene::set().await;
    let new = |email: &str| json!({"email": email, "password": "correct horse"});
    let made = scene
        .post("/profile/customer/signup", &new("Case@Acme.Example"))
        .await
        .expect(201);
    for email in [
        "case@acme.example",
        "CASE@ACME.EXAMPLE",
        "cAsE@acme.example",
    ] {
        let session = scene
            .post("/profile/customer/signin", &new(email))
            .await
            .expect(200);
        assert_eq!(session["user"]["sk"], made["user"]["sk"], "{email}");
        let again = scene.post("/profile/customer/signup", &new(email)).await;
        again.expect_problem(409, "email_taken");
    }
}
