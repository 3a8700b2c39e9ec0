//! One-time codes and links.

use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::Budgets;
use crate::codes::{digits, message, token, wrong};

const EMAIL: &str = "codes@example.com";
const PHONE: &str = "+14155550145";
const FORGOT: &str = "/profile/customer/password/forgot";
const PASSWORD: &str = "correct horse battery";

pub(super) async fn measure(world: &World, budgets: &mut Budgets) {
    let who = world.sign_up("acme", EMAIL).await;
    verification(world, budgets, &who).await;
    let unknown = json!({"email": "nobody-codes@example.com"});
    let post = async |path: &str, body: &Value| world.post(path, body).send().await;
    links(world, budgets).await;

    let row = format!("POST {FORGOT}");
    budgets.row(&row, "", 200, &post(FORGOT, &json!({"email": EMAIL})).await);
    budgets.row(&row, "unknown address", 200, &post(FORGOT, &unknown).await);
    let by_path = world.get(&format!("{FORGOT}/path-codes@example.com"));
    let by_path = by_path.send().await;
    budgets.row(&format!("GET {FORGOT}/{{email}}"), "", 200, &by_path);
    let token = token(&message(world, EMAIL, "Set a new password").await);
    let mut body = json!({"token": token});
    let path = "/profile/customer/password/validate-token";
    budgets.row(&format!("POST {path}"), "", 200, &post(path, &body).await);
    body["password"] = json!("battery staple horse");
    let path = "/profile/customer/password/reset";
    budgets.row(
        &format!("POST {path}"),
        "three sessions",
        200,
        &post(path, &body).await,
    );

    let again = json!({"email": EMAIL, "password": "battery staple horse"});
    post("/profile/customer/signin", &again).await.expect(200);
    let path = "/profile/customer/password/change";
    let change = async |current: &str| -> Answer {
        let body = json!({"currentPassword": current, "newPassword": PASSWORD});
        world.post(path, &body).token(&who.token).send().await
    };
    let refused = change("wrong password").await;
    budgets.row(&format!("POST {path}"), "wrong password", 403, &refused);
    let changed = change("battery staple horse").await;
    budgets.row(&format!("POST {path}"), "one session", 200, &changed);
}

async fn verification(world: &World, budgets: &mut Budgets, who: &Account) {
    const TREE: &str = "/client-data/verification";
    let put = world.put("/client-data/profile", &json!({"phone": PHONE}));
    put.token(&who.token).send().await.expect(200);
    let post = async |path: &str, body: Value| -> Answer {
        world.post(path, &body).token(&who.token).send().await
    };
    for (channel, to, about) in [
        ("email", EMAIL, "Confirm your address"),
        ("phone", PHONE, "Text message"),
    ] {
        let path = format!("{TREE}/{channel}/send");
        budgets.row(
            &format!("POST {path}"),
            "",
            200,
            &post(&path, json!({})).await,
        );
        let code = digits(&message(world, to, about).await);
        let path = format!("{TREE}/{channel}/verify");
        let refused = post(&path, json!({"code": wrong(&code)})).await;
        budgets.row(&format!("POST {path}"), "wrong code", 422, &refused);
        let verified = post(&path, json!({"code": code})).await;
        budgets.row(&format!("POST {path}"), "", 200, &verified);
    }
    let path = format!("{TREE}/status");
    let status = world.get(&path).token(&who.token).send().await;
    budgets.row(&format!("GET {path}"), "", 200, &status);
}

async fn links(world: &World, budgets: &mut Budgets) {
    const SEND: &str = "/profile/customer/magic-link";
    let post = async |path: &str, body: &Value| world.post(path, body).send().await;
    let sent = world.get(&format!("/profile/magic-link?email={EMAIL}"));
    budgets.row("GET /profile/magic-link", "", 200, &sent.send().await);
    let link = token(&message(world, EMAIL, "Your link to sign in").await);
    let path = "/profile/magic-link/redirect";
    let redeemed = post(path, &json!({"token": link})).await;
    budgets.row(&format!("POST {path}"), "link", 200, &redeemed);

    let mut body = json!({"email": EMAIL, "type": "code"});
    budgets.row(&format!("POST {SEND}"), "", 200, &post(SEND, &body).await);
    let code = digits(&message(world, EMAIL, "Your code to sign in").await);
    let path = "/profile/customer/magic-link/redirect";
    body["code"] = json!(wrong(&code));
    let refused = post(path, &body).await;
    budgets.row(&format!("POST {path}"), "wrong code", 422, &refused);
    let unknown = json!({"email": "nobody-codes@example.com", "code": "000000"});
    let refused = post(path, &unknown).await;
    budgets.row(&format!("POST {path}"), "unknown address", 422, &refused);
    body["code"] = json!(code);
    let redeemed = post(path, &body).await;
    budgets.row(&format!("POST {path}"), "code", 200, &redeemed);
}
