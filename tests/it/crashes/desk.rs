//! Tickets, messages, notifications and devices, cut off anywhere and sent again.

use portico_tests::{Account, Answer, Faults, World};
use serde_json::{Value, json};

use super::at_every_call;

const TOKEN: &str = "/client-data/notifications/push-token";

struct Desk {
    world: World,
    faults: Faults,
    staff: Account,
    customer: Account,
}

impl Desk {
    async fn start() -> Self {
        let (world, faults) = World::start_with_faults().await;
        let staff = world.staff().await;
        let customer = world.sign_up("acme", "desk@example.com").await;
        Self {
            world,
            faults,
            staff,
            customer,
        }
    }

    /// The customer, with a key for what they send twice.
    fn known(&self, name: &str) -> Value {
        json!({"name": name, "token": self.customer.token})
    }

    /// Somebody new, with a key.
    async fn customer(&self, name: &str) -> Value {
        let email = format!("desk-{name}@example.com");
        let who = self.world.sign_up("acme", &email).await;
        json!({"name": name, "token": who.token, "id": who.id})
    }

    async fn post(&self, who: &Value, path: &str, body: &Value) -> Answer {
        let ask = self
            .world
            .post(path, body)
            .token(who["token"].as_str().unwrap());
        ask.header("idempotency-key", who["name"].as_str().unwrap())
            .send()
            .await
    }

    async fn put(&self, who: &Value, path: &str, body: &Value) -> Answer {
        let ask = self
            .world
            .put(path, body)
            .token(who["token"].as_str().unwrap());
        ask.header("idempotency-key", who["name"].as_str().unwrap())
            .send()
            .await
    }

    async fn get(&self, who: &Value, path: &str) -> Value {
        let ask = self.world.get(path).token(who["token"].as_str().unwrap());
        ask.send().await.expect(200)
    }

    /// What staff do, with a key.
    async fn act(&self, key: &Value, path: &str, body: &Value) -> Answer {
        let ask = self.world.post(path, body).token(&self.staff.token);
        ask.header("idempotency-key", key.as_str().unwrap())
            .send()
            .await
    }
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

fn new_ticket() -> Value {
    json!({"subject": "The mug has a crack", "description": "It arrived like this."})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_cut_off_anywhere_is_one_ticket_with_one_place_in_the_queue() {
    let desk = Desk::start().await;
    let open = async |who: &Value| {
        let body = json!({"subject": who["name"], "description": "It arrived like this."});
        desk.post(who, "/client-data/tickets", &body).await
    };
    at_every_call(
        &desk.faults,
        async |name| desk.customer(&name).await,
        async |who| open(who).await.status,
        async |who, _| {
            let ticket = open(who).await.expect(201);
            let all = desk.get(who, "/client-data/tickets?pageSize=200").await;
            let all = all["data"].as_array().unwrap().iter();
            let these: Vec<&Value> = all.filter(|one| one["subject"] == who["name"]).collect();
            assert_eq!(these.len(), 1);
            assert_eq!(these[0]["number"], ticket["number"]);
            assert_eq!(places(&desk, &ticket["number"]).await, 1);
        },
    )
    .await;
}

/// How often a ticket or conversation stands in a queue.
async fn places(desk: &Desk, of: &Value) -> usize {
    let items = desk.world.table().await;
    let entries = items
        .iter()
        .filter(|item| item["type"]["S"] == "QueueEntry" && item["of"]["S"] == *of);
    entries.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_and_a_reply_that_are_cut_off_anywhere_are_there_once() {
    let desk = Desk::start().await;
    let prepare = async |name: String| {
        // Somebody new each time: how many tickets one customer opens in a while is limited.
        let mut who = desk.customer(&name).await;
        // Another key than the change's.
        let ask = desk.world.post("/client-data/tickets", &new_ticket());
        let ticket = ask
            .token(who["token"].as_str().unwrap())
            .send()
            .await
            .expect(201);
        who["number"] = ticket["number"].clone();
        who
    };
    let check = async |who: &Value, status: &str| {
        let path = format!("/client-data/tickets/{}", who["number"].as_str().unwrap());
        let ticket = desk.get(who, &path).await;
        assert_eq!(
            (count(&ticket["comments"]), &ticket["status"]),
            (1, &json!(status))
        );
        assert_eq!(places(&desk, &who["number"]).await, 1);
    };
    let amend = async |who: &Value| {
        let body = json!({"number": who["number"], "comment": "Never mind.", "status": "closed"});
        desk.put(who, "/client-data/tickets", &body).await
    };
    at_every_call(
        &desk.faults,
        prepare,
        async |who| amend(who).await.status,
        async |who, _| {
            amend(who).await.expect(200);
            check(who, "closed").await;
        },
    )
    .await;
    let serve = async |who: &Value| {
        let body = json!({
            "number": who["number"], "reply": "A photo?", "note": "Odd.", "status": "waiting-customer",
            "assignee": desk.staff.id,
        });
        desk.act(&who["name"], "/crm/tickets/update", &body).await
    };
    at_every_call(
        &desk.faults,
        async |name| prepare(format!("staff-{name}")).await,
        async |who| serve(who).await.status,
        async |who, _| {
            serve(who).await.expect(200);
            check(who, "waiting-customer").await;
            let path = format!("/crm/tickets/get/{}", who["number"].as_str().unwrap());
            let ticket = desk
                .world
                .get(&path)
                .token(&desk.staff.token)
                .send()
                .await
                .expect(200);
            assert_eq!(count(&ticket["notes"]), 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_cut_off_anywhere_are_there_once_and_counted_once() {
    let desk = Desk::start().await;
    let how_many = std::cell::Cell::new(0);
    let send = async |who: &Value| {
        desk.post(who, "/client-data/messages", &json!({"text": "Hello?"}))
            .await
    };
    at_every_call(
        &desk.faults,
        async |name| desk.known(&name),
        async |who| send(who).await.status,
        async |who, _| {
            let message = send(who).await.expect(201);
            let all = desk
                .get(who, "/client-data/conversations?pageSize=200")
                .await;
            how_many.set(how_many.get() + 1);
            assert_eq!(count(&all["data"]), how_many.get());
            assert_eq!(all["data"][0]["lastMessage"]["id"], message["id"]);
            assert_eq!(places(&desk, &message["conversationId"]).await, 1);
        },
    )
    .await;
    let begin = async |name: String| {
        let mut who = desk.known(&name);
        let message = send(&who).await.expect(201);
        who["conversation"] = message["conversationId"].clone();
        who
    };
    let answer = async |who: &Value| {
        let body = json!({"conversationId": who["conversation"], "text": "Hello!"});
        desk.act(&who["name"], "/crm/chat-message/create", &body)
            .await
    };
    let unread = async |who: &Value| {
        let all = desk
            .get(who, "/client-data/conversations?pageSize=200")
            .await;
        let mut all = all["data"].as_array().unwrap().iter();
        let this = all.find(|one| one["id"] == who["conversation"]);
        this.expect("it is there")["unreadCount"].clone()
    };
    at_every_call(
        &desk.faults,
        async |name| begin(format!("answered-{name}")).await,
        async |who| answer(who).await.status,
        async |who, _| {
            answer(who).await.expect(201);
            assert_eq!(unread(who).await, 1);
            assert_eq!(places(&desk, &who["conversation"]).await, 1);
        },
    )
    .await;
    let mark = async |who: &Value| {
        let id = who["message"].as_str().unwrap();
        let path = format!("/client-data/messages/{id}/status/read");
        desk.put(who, &path, &json!({})).await
    };
    at_every_call(
        &desk.faults,
        async |name| {
            let mut who = begin(format!("marked-{name}")).await;
            who["message"] = answer(&who).await.expect(201)["id"].clone();
            who
        },
        async |who| mark(who).await.status,
        async |who, _| {
            mark(who).await.expect(200);
            assert_eq!(unread(who).await, 0);
        },
    )
    .await;
    let more = async |who: &Value| {
        let body = json!({"conversationId": who["conversation"], "text": "And then?"});
        let ask = desk.world.post("/client-data/messages", &body);
        let key = format!("{}-more", who["name"].as_str().unwrap());
        let ask = ask.token(who["token"].as_str().unwrap());
        ask.header("idempotency-key", &key).send().await
    };
    at_every_call(
        &desk.faults,
        async |name| {
            let who = begin(format!("more-{name}")).await;
            answer(&who).await.expect(201);
            who
        },
        async |who| more(who).await.status,
        async |who, _| {
            more(who).await.expect(201);
            let path = format!(
                "/client-data/messages?conversationId={}",
                who["conversation"].as_str().unwrap()
            );
            assert_eq!(count(&desk.get(who, &path).await["data"]), 3);
            assert_eq!(places(&desk, &who["conversation"]).await, 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_and_what_was_chosen_and_read_are_so_in_the_end_wherever_it_was_cut_off() {
    let desk = Desk::start().await;
    let register = async |who: &Value| {
        let body = json!({"token": who["held"], "deviceId": "phone", "platform": "ios"});
        desk.post(who, TOKEN, &body).await
    };
    let other = desk.customer("other").await;
    let owners = async |token: &Value| {
        let items = desk.world.table().await;
        let holds = |item: &&Value| {
            item["type"]["S"] == "Devices" && item.to_string().contains(token.as_str().unwrap())
        };
        items.iter().filter(holds).count()
    };
    at_every_call(
        &desk.faults,
        async |name| {
            // Somebody else has the token so far.
            let mut other = other.clone();
            other["held"] = json!(format!("token-{name}"));
            register(&other).await;
            let mut who = desk.known(&name);
            who["held"] = other["held"].clone();
            who
        },
        async |who| register(who).await.status,
        async |who, _| {
            assert_eq!(register(who).await.status, 204);
            assert_eq!(owners(&who["held"]).await, 1);
        },
    )
    .await;
    let read = async |who: &Value| {
        let path = "/client-data/notifications/read";
        desk.put(who, path, &json!({})).await
    };
    at_every_call(
        &desk.faults,
        async |name| {
            let who = desk.customer(&format!("reads-{name}")).await;
            portico_tests::eventually("the welcome is there", async || {
                let all = desk.get(&who, "/client-data/notifications").await;
                (count(&all["data"]) == 1).then_some(())
            })
            .await;
            who
        },
        async |who| read(who).await.status,
        async |who, _| {
            read(who).await.expect(200);
            let unread = desk
                .get(who, "/client-data/notifications?unread=true")
                .await;
            assert_eq!(count(&unread["data"]), 0);
        },
    )
    .await;
}
