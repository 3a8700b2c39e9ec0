//! The desk: tickets, conversations, and what is told of them.

mod attachments;
mod messages;
mod notifications;
mod push;
mod races;
mod tickets;

use portico_local::functions::Parts;
use portico_shared::auth::Principal;
use portico_shared::store::{CustomerScope, Item, Key, Partition};
use portico_tests::{Account, Answer, World, eventually};
use serde_json::{Value, json};

/// A customer and a member of staff on a platform.
struct Desk {
    world: World,
    customer: Account,
    staff: Account,
}

impl Desk {
    async fn start() -> Self {
        let world = World::start().await;
        let customer = world.sign_up("acme", "erin@acme.example").await;
        let staff = world.staff().await;
        Self {
            world,
            customer,
            staff,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.world
            .get(path)
            .token(&self.customer.token)
            .send()
            .await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let ask = self.world.post(path, &body);
        ask.token(&self.customer.token).send().await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        let ask = self.world.put(path, &body);
        ask.token(&self.customer.token).send().await
    }

    async fn look(&self, path: &str) -> Value {
        let ask = self.world.get(path).token(&self.staff.token);
        ask.send().await.expect(200)
    }

    /// What staff do.
    async fn act(&self, path: &str, body: Value) -> Answer {
        let ask = self.world.post(path, &body);
        ask.token(&self.staff.token).send().await
    }

    /// A ticket of the customer's, and its number.
    async fn ticket(&self) -> String {
        let body =
            json!({"subject": "The mug has a crack", "description": "It arrived\nlike this."});
        let ticket = self.post("/client-data/tickets", body).await.expect(201);
        text(&ticket["number"])
    }

    async fn amend(&self, number: &str, change: Value) -> Answer {
        self.put("/client-data/tickets", with(number, change)).await
    }

    async fn serve(&self, number: &str, change: Value) -> Answer {
        self.act("/crm/tickets/update", with(number, change)).await
    }

    async fn shown(&self, number: &str) -> Value {
        let path = format!("/client-data/tickets/{number}");
        self.get(&path).await.expect(200)
    }

    /// A conversation that the customer began, and its id.
    async fn conversation(&self, text_of: &str) -> String {
        let body = json!({"text": text_of});
        let message = self.post("/client-data/messages", body).await.expect(201);
        text(&message["conversationId"])
    }

    /// Staff write in a conversation.
    async fn answer(&self, conversation: &str, text_of: &str) -> String {
        let body = json!({"conversationId": conversation, "text": text_of});
        let message = self.act("/crm/chat-message/create", body).await.expect(201);
        text(&message["id"])
    }

    async fn thread(&self, conversation: &str, more: &str) -> Value {
        let path = format!("/client-data/messages?conversationId={conversation}{more}");
        self.get(&path).await.expect(200)
    }

    async fn conversations(&self) -> Value {
        self.get("/client-data/conversations").await.expect(200)["data"].take()
    }

    /// The customer's notifications of an event, once there are so many.
    async fn told(&self, event: &str, count: usize) -> Vec<Value> {
        eventually("the customer is told", async || {
            let all = self.get("/client-data/notifications?pageSize=200").await;
            let all = all.expect(200)["data"].as_array().unwrap().clone();
            let told = all.into_iter().filter(|one| one["type"] == event);
            let told: Vec<Value> = told.collect();
            (told.len() == count).then_some(told)
        })
        .await
    }

    /// How many mails with this subject the customer got, when everything is done.
    async fn mails(&self, subject: &str) -> usize {
        self.world.table_at_rest().await;
        let outbox = self.world.platform.outbox().newest_first();
        let hers = outbox.iter().filter(|mail| {
            mail.subject == subject && mail.to.iter().any(|to| to == "erin@acme.example")
        });
        hers.count()
    }
}

fn with(number: &str, mut change: Value) -> Value {
    change["number"] = json!(number);
    change
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The texts of messages.
fn texts(messages: &Value) -> Vec<&str> {
    let messages = messages.as_array().expect("a list").iter();
    messages
        .map(|one| one["text"].as_str().expect("a text"))
        .collect()
}

/// What a customer's token lets them reach.
async fn scope_for(desk: &Desk, who: &Account) -> CustomerScope {
    let parts = Parts::connect(desk.world.platform.aws());
    let ring = parts.await.expect("the functions connect").ring;
    let org = who.org.parse().expect("an org id");
    match Principal::verify(&ring, &org, &who.token).expect("a good token") {
        Principal::Customer(scope, _) => scope,
        Principal::Staff(..) => panic!("a customer's token"),
    }
}

async fn scope_of(desk: &Desk) -> CustomerScope {
    scope_for(desk, &desk.customer).await
}

/// Where the table keeps a ticket of the customer's.
async fn key_of(desk: &Desk, number: &str) -> Key {
    let number = number.parse().expect("a number");
    scope_of(desk).await.key(&Item::Ticket(&number))
}
