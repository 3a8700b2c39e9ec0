//! A sign-in on a device that was not seen before is told to the customer.

use portico_tests::provider::{Person, proof};
use portico_tests::{World, eventually};
use serde_json::{Value, json};

use super::world;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";
const FIREFOX_140: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.5 Mobile/15E148 Safari/604.1";
const EMAIL: &str = "devices@example.com";

async fn sign_in(world: &World, path: &str, device: &str) -> Value {
    let body = json!({"email": EMAIL, "password": "correct horse battery"});
    let ask = world.post(path, &body).header("user-agent", device);
    ask.send().await.body
}

/// The titles of what the customer was told, oldest first, once there is nothing more to come.
async fn told(world: &World, session: &Value) -> Vec<String> {
    world.table_at_rest().await;
    let token = session["token"].as_str().unwrap();
    let told = world
        .get("/client-data/notifications")
        .token(token)
        .send()
        .await
        .expect(200);
    let mut titles: Vec<_> = told["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| told["title"].to_string())
        .collect();
    titles.reverse();
    titles
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_on_another_device_is_told_once_and_the_first_one_never() {
    let world = world().await;
    let session = sign_in(&world, "/profile/customer/signup", FIREFOX).await;
    sign_in(&world, "/profile/customer/signin", FIREFOX_140).await;
    let welcome = "\"Welcome to Acme Outfitters\"".to_owned();
    assert_eq!(told(&world, &session).await, std::slice::from_ref(&welcome));
    for _ in 0..2 {
        sign_in(&world, "/profile/customer/signin", SAFARI).await;
    }
    let new = "\"New sign-in to your account at Acme Outfitters\"".to_owned();
    assert_eq!(told(&world, &session).await, [welcome.clone(), new.clone()]);
    sign_in(&world, "/profile/customer/signin", FIREFOX).await;

    let mail = eventually("the mail", async || {
        let outbox = world
            .get("/_local/outbox.json")
            .header("accept", "application/json")
            .send()
            .await;
        let mails = outbox.body["messages"]
            .as_array()
            .or(outbox.body.as_array())
            .cloned();
        mails.unwrap_or_default().into_iter().find(|mail| {
            let mail = mail.to_string();
            mail.contains("New sign-in") && mail.contains(EMAIL)
        })
    })
    .await;
    assert!(mail.to_string().contains("Safari on iOS, at 20"), "{mail}");
    let ip = ["127.0.0.1", "192.0.2"];
    assert!(!ip.iter().any(|ip| mail.to_string().contains(ip)), "{mail}");

    // Whichever way it is.
    let person = Person::new("linked.devices@example.com");
    let back = world.consented("acme", "google", &person).await;
    let link = world.post("/profile/security/identities/google", &proof(&back));
    let link = link.token(session["token"].as_str().unwrap()).send().await;
    assert_eq!(link.status, 204);
    let back = world.consented("acme", "google", &person).await;
    let ask = world.post("/profile/google/redirect", &proof(&back));
    ask.header("user-agent", "Chrome/138.0.0.0 (Windows NT 10.0)")
        .send()
        .await
        .expect(200);
    assert_eq!(told(&world, &session).await, [welcome, new.clone(), new]);
}
