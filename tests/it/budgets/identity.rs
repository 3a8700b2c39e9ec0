//! Profiles under `/profile`, guests, open sessions, the second factor.

use http::Method;
use portico_shared::auth::Totp;
use portico_shared::clock;
use portico_tests::{Account, Answer, Ask, World};
use serde_json::{Value, json};

use super::Budgets;
use crate::identity::mailed_codes;

pub(super) async fn identity(world: &World, budgets: &mut Budgets, ann: &Account, owner: &Account) {
    profiles(world, budgets, ann, owner).await;
    staff(world, budgets).await;
    guests(world, budgets).await;
    sessions(world, budgets).await;
    second_factor(world, budgets).await;
}

async fn profiles(world: &World, budgets: &mut Budgets, ann: &Account, owner: &Account) {
    let get = async |who: &Account, path: &str| world.get(path).token(&who.token).send().await;
    let own = get(ann, "/profile").await;
    budgets.row("GET /profile", "", 200, &own);
    let own = get(ann, "/profile/customer/profile").await;
    budgets.row("GET /profile/customer/profile", "", 200, &own);
    let change = json!({"about": "Likes mugs very much."});
    let update = world.post("/profile/customer/update", &change);
    let updated = update.token(&ann.token).send().await;
    budgets.row("POST /profile/customer/update", "", 200, &updated);
    let operation = "GET /profile/customer/profile/{emailOrUsername}";
    let path = |who: &str| format!("/profile/customer/profile/{who}");
    let found = get(owner, &path("ann@acme.example")).await;
    budgets.row(operation, "by address", 200, &found);
    let found = get(owner, &path(&ann.id)).await;
    budgets.row(operation, "by id", 200, &found);
}

/// In the other org: its counters of tries are other ones.
fn elsewhere(world: &World, path: &str, body: &Value) -> Ask {
    world.ask(&Method::POST, path).org("globex").json(body)
}

async fn staff(world: &World, budgets: &mut Budgets) {
    let owner = json!({"email": "owner@globex.example", "password": "portico-demo-staff"});
    let signed_in = elsewhere(world, "/profile/user/signin", &owner)
        .send()
        .await;
    budgets.row("POST /profile/user/signin", "", 200, &signed_in);
    let again = elsewhere(world, "/profile/signin", &owner).send().await;
    budgets.row("POST /profile/signin", "again at once", 200, &again);
    let old = json!({"refresh_token": signed_in.body["refresh_token"]});
    let refreshed = elsewhere(world, "/profile/user/refresh", &old).send().await;
    budgets.row("POST /profile/user/refresh", "", 200, &refreshed);
}

async fn guests(world: &World, budgets: &mut Budgets) {
    let guest = json!({"email": "cost-guest@example.com", "name": "Gus Lee"});
    let registered = world
        .post("/profile/customer/register-guest", &guest)
        .send()
        .await;
    budgets.row(
        "POST /profile/customer/register-guest",
        "",
        201,
        &registered,
    );
    let account = json!({
        "email": "cost-guest@example.com", "password": "correct horse battery",
        "guestToken": registered.body["token"],
    });
    let signed_up = world
        .post("/profile/customer/signup", &account)
        .send()
        .await;
    budgets.row(
        "POST /profile/customer/signup",
        "a registered guest",
        201,
        &signed_up,
    );
}

async fn sessions(world: &World, budgets: &mut Budgets) {
    let who = world.sign_up("acme", "cost-sessions@example.com").await;
    let credentials =
        json!({"email": "cost-sessions@example.com", "password": "correct horse battery"});
    let sign_in = async || {
        let signed_in = world
            .post("/profile/customer/signin", &credentials)
            .send()
            .await;
        let refresh = signed_in.expect(200)["refresh_token"]
            .as_str()
            .unwrap()
            .to_owned();
        refresh.split('.').nth(1).unwrap().to_owned()
    };
    let other = sign_in().await;
    let listed = world
        .get("/profile/sessions")
        .token(&who.token)
        .send()
        .await;
    budgets.row("GET /profile/sessions", "", 200, &listed);
    let ended = world.delete(&format!("/profile/sessions/{other}"));
    let ended = ended.token(&who.token).send().await;
    budgets.row("DELETE /profile/sessions/{sessionId}", "", 204, &ended);
    for _ in 0..2 {
        sign_in().await;
    }
    let ended = world
        .delete("/profile/sessions")
        .token(&who.token)
        .send()
        .await;
    budgets.row("DELETE /profile/sessions", "two others", 204, &ended);
}

async fn second_factor(world: &World, budgets: &mut Budgets) {
    const TREE: &str = "/profile/security/2fa";
    const VERIFY: &str = "/profile/security/challenge/verify";
    let who = world.sign_up("globex", "cost-factor@example.com").await;
    let post = async |path: &str, body: &Value| -> Answer {
        elsewhere(world, path, body).token(&who.token).send().await
    };
    let made = post(&format!("{TREE}/setup/authenticator"), &Value::Null).await;
    budgets.row(&format!("POST {TREE}/setup/{{method}}"), "", 200, &made);
    let totp = Totp::from_text(made.body["secret"].as_str().unwrap()).unwrap();
    let step = Totp::step(clock::unix_seconds());
    let code = json!({"code": totp.code(step)});
    let verified = post(&format!("{TREE}/verify-setup"), &code).await;
    budgets.row(&format!("POST {TREE}/verify-setup"), "", 200, &verified);
    let on = post(&format!("{TREE}/enable"), &Value::Null).await;
    budgets.row(&format!("POST {TREE}/enable"), "", 200, &on);
    mailed(world, budgets).await;
    let status = world
        .ask(&Method::GET, &format!("{TREE}/status"))
        .org("globex");
    let status = status.token(&who.token).send().await;
    budgets.row(&format!("GET {TREE}/status"), "", 200, &status);

    let operation = "POST /profile/customer/signin";
    let mut credentials =
        json!({"email": "cost-factor@example.com", "password": "correct horse battery"});
    let signin = "/profile/customer/signin";
    let challenged = elsewhere(world, signin, &credentials).send().await;
    budgets.row(operation, "second factor wanted", 200, &challenged);
    let token = &challenged.body["challengeToken"];
    let again = json!({"challengeToken": token});
    let again = elsewhere(world, "/profile/security/challenge/send", &again);
    let operation = "POST /profile/security/challenge/send";
    budgets.row(operation, "authenticator", 409, &again.send().await);
    let operation = "POST /profile/security/challenge/verify";
    let backup = |n: usize| on.body["backupCodes"][n].clone();
    let right = json!({"challengeToken": token, "code": backup(0), "trustDevice": true});
    let verified = elsewhere(world, VERIFY, &right).send().await;
    budgets.row(operation, "device to be trusted", 200, &verified);
    credentials["deviceToken"] = verified.body["deviceToken"].clone();
    let trusted = elsewhere(world, signin, &credentials).send().await;
    let operation = "POST /profile/customer/signin";
    budgets.row(operation, "again at once, trusted device", 200, &trusted);

    let renewed = post(&format!("{TREE}/backup-codes"), &json!({"code": backup(1)})).await;
    let operation = format!("POST {TREE}/backup-codes");
    budgets.row(&operation, "by code, again at once", 200, &renewed);
    let wrong = json!({"challengeToken": token, "code": "nonsense"});
    let refused = elsewhere(world, VERIFY, &wrong).send().await;
    budgets.row(
        "POST /profile/security/challenge/verify",
        "challenge over",
        401,
        &refused,
    );
    let password = json!({"password": "correct horse battery"});
    let off = post(&format!("{TREE}/disable"), &password).await;
    budgets.row(
        &format!("POST {TREE}/disable"),
        "by password, again at once",
        200,
        &off,
    );
}

/// The same with codes by mail.
async fn mailed(world: &World, budgets: &mut Budgets) {
    const EMAIL: &str = "cost-mailed@example.com";
    const TREE: &str = "/profile/security/2fa";
    let who = world.sign_up("acme", EMAIL).await;
    let post = async |path: &str, body: &Value| -> Answer {
        world.post(path, body).token(&who.token).send().await
    };
    let made = post(&format!("{TREE}/setup/email"), &Value::Null).await;
    let operation = format!("POST {TREE}/setup/{{method}}");
    budgets.row(&operation, "by mail", 200, &made);
    let code = json!({"code": mailed_codes::mailed(world, EMAIL, 1).await});
    let verified = post(&format!("{TREE}/verify-setup"), &code).await;
    let operation = format!("POST {TREE}/verify-setup");
    budgets.row(&operation, "mailed code", 200, &verified);
    post(&format!("{TREE}/enable"), &Value::Null)
        .await
        .expect(200);
    let credentials = json!({"email": EMAIL, "password": "correct horse battery"});
    let challenged = post("/profile/customer/signin", &credentials).await;
    let operation = "POST /profile/customer/signin";
    budgets.row(
        operation,
        "second factor wanted, code mailed",
        200,
        &challenged,
    );
    let token = &challenged.body["challengeToken"];
    let code = mailed_codes::mailed(world, EMAIL, 2).await;
    let right = json!({"challengeToken": token, "code": code});
    let verified = post("/profile/security/challenge/verify", &right).await;
    let operation = "POST /profile/security/challenge/verify";
    budgets.row(operation, "mailed code", 200, &verified);
    let again = json!({"challengeToken": token});
    let again = post("/profile/security/challenge/send", &again).await;
    budgets.row(
        "POST /profile/security/challenge/send",
        "by mail",
        204,
        &again,
    );
}
