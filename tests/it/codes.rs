//! One-time codes and links: verification, forgotten passwords, signing in without one.

mod links;
mod passwords;
mod verification;

use portico_local::Mail;
use portico_shared::auth::CodeKind;
use portico_tests::{Account, Answer, World, eventually};
use serde_json::{Value, json};

const PHONE: &str = "+14155550123";

/// The newest message to an address that is like this.
pub(crate) async fn message(world: &World, to: &str, about: &str) -> String {
    let found = eventually(about, async || message_now(world, to, about)).await;
    found.text.clone().expect("a message has a text")
}

fn message_now(world: &World, to: &str, about: &str) -> Option<std::sync::Arc<Mail>> {
    let sent = world.platform.outbox().newest_first();
    let mut sent = sent.into_iter();
    sent.find(|mail| mail.to == [to] && (mail.subject.contains(about)))
}

/// Every message to an address.
fn messages(world: &World, to: &str) -> usize {
    let sent = world.platform.outbox().newest_first();
    sent.iter().filter(|mail| mail.to == [to]).count()
}

/// The six digits in a text.
pub(crate) fn digits(text: &str) -> String {
    let mut words = text.split(|c: char| !c.is_ascii_digit());
    let digits = words.find(|word| word.len() == 6);
    digits.expect("a code has six digits").to_owned()
}

/// Six other ones.
pub(crate) fn wrong(digits: &str) -> String {
    format!("{:06}", (digits.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// The token of the link in a text.
pub(crate) fn token(text: &str) -> String {
    let (_, rest) = text.split_once("#token=").expect("a link with a token");
    rest.split_whitespace().next().expect("a token").to_owned()
}

async fn post(world: &World, path: &str, body: Value) -> Answer {
    world.post(path, &body).send().await
}

async fn as_customer(world: &World, who: &Account, path: &str, body: Value) -> Answer {
    world.post(path, &body).token(&who.token).send().await
}

async fn refresh(world: &World, token: &str) -> Answer {
    let body = json!({"refresh_token": token});
    post(world, "/profile/customer/refresh", body).await
}

async fn sign_in(world: &World, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    post(world, "/profile/customer/signin", body).await
}

/// Makes the address's code or link as old as it is when it has expired, and lets another one be sent.
pub(crate) async fn age(world: &World, kind: CodeKind) {
    let peer = world.peer();
    for item in world.table_at_rest().await {
        let of_kind = format!("CODE#{}", kind.as_str());
        if item["sk"]["S"].as_str().unwrap().trim_start_matches('~') != of_kind {
            continue;
        }
        let ago = |member: &str, seconds: i64| {
            let then: i64 = item[member]["N"].as_str().unwrap().parse().unwrap();
            json!({"N": (then - seconds).to_string()})
        };
        let update = json!({
            "TableName": peer.table, "Key": {"pk": item["pk"], "sk": item["sk"]},
            "UpdateExpression": "SET expiresAt = :e, sentAt = :s",
            "ExpressionAttributeValues": {":e": ago("expiresAt", 16 * 60), ":s": ago("sentAt", 16 * 60)},
        });
        peer.call("UpdateItem", &update).await;
    }
}

/// Gives the customer of one e-mail address another one, as an operator would.
async fn move_away(world: &World, who: &Account) {
    let peer = world.peer();
    let key = json!({"pk": {"S": format!("acme#C#{}", who.id)}, "sk": {"S": "PROFILE"}});
    let update = json!({
        "TableName": peer.table, "Key": key, "UpdateExpression": "SET email = :e",
        "ExpressionAttributeValues": {":e": {"S": "moved@example.com"}},
    });
    peer.call("UpdateItem", &update).await;
}

/// Nothing that is stored or queued holds this.
pub(crate) async fn assert_nowhere(world: &World, secret: &str) {
    for item in world.table_at_rest().await {
        assert!(!item.to_string().contains(secret), "{item}");
    }
}
