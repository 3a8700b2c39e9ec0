//! Tickets, conversations, notifications and devices.

use http::Method;
use portico_tests::{Account, Answer, World, eventually};
use serde_json::{Value, json};

use super::Budgets;
use super::files::follow;

pub(super) async fn measured(
    world: &World,
    budgets: &mut Budgets,
    customer: &Account,
    staff: &Account,
) {
    let desk = Desk {
        world,
        customer,
        staff,
    };
    desk.tickets(budgets).await;
    desk.conversations(budgets).await;
    desk.notifications(budgets).await;
    desk.devices(budgets).await;
}

struct Desk<'a> {
    world: &'a World,
    customer: &'a Account,
    staff: &'a Account,
}

impl Desk<'_> {
    async fn get(&self, who: &Account, path: &str) -> Answer {
        self.world.get(path).token(&who.token).send().await
    }

    async fn post(&self, who: &Account, path: &str, body: Value) -> Answer {
        self.world.post(path, &body).token(&who.token).send().await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        let ask = self.world.put(path, &body).token(&self.customer.token);
        ask.send().await
    }

    async fn tickets(&self, budgets: &mut Budgets) {
        const TICKETS: &str = "/client-data/tickets";
        let (customer, staff) = (self.customer, self.staff);
        let new = json!({"subject": "The mug has a crack", "description": "It arrived like this."});
        let opened = self.post(customer, TICKETS, new.clone()).await;
        budgets.row("POST /client-data/tickets", "", 201, &opened);
        let number = opened.body["number"].as_str().unwrap().to_owned();
        let keyed = self.world.post(TICKETS, &new).token(&customer.token);
        let keyed = keyed.header("idempotency-key", "budget").send().await;
        let with_key = "with an `Idempotency-Key`";
        budgets.row("POST /client-data/tickets", with_key, 201, &keyed);
        let form = self
            .world
            .ask(&Method::POST, "/client-data/tickets/with-attachments");
        let texts = [("subject", "A note"), ("description", "See the file.")];
        let file = ("note.txt", "text/plain", &b"It is cracked."[..]);
        let form = form.org("acme").token(&customer.token);
        let with_file = form.form(&texts, &[file]).send().await;
        let operation = "POST /client-data/tickets/with-attachments";
        budgets.row(operation, "one file", 201, &with_file);
        // Staff's link is signed by their own function, which must be let read the file.
        let with_file = with_file.body["number"].as_str().unwrap();
        let with_file = format!("/crm/tickets/get/{with_file}");
        let shown = self.get(staff, &with_file).await;
        follow(&shown.body["attachments"][0]["url"]).await;
        let update = async |change: Value| {
            let mut body = json!({"number": number});
            body.as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            self.post(staff, "/crm/tickets/update", body).await
        };
        let replied = update(json!({"reply": "Could you send a photo?"})).await;
        budgets.row("POST /crm/tickets/update", "reply", 200, &replied);
        let moved =
            json!({"reply": "Please do.", "status": "waiting-customer", "note": "The third one."});
        let moved = update(moved).await;
        let case = "reply, note and another status";
        budgets.row("POST /crm/tickets/update", case, 200, &moved);
        let comment = async |text: &str| {
            let body = json!({"number": number, "comment": text});
            self.put(TICKETS, body).await
        };
        let answered = comment("Here it is.").await;
        let case = "comment that staff waited for";
        budgets.row("PUT /client-data/tickets", case, 200, &answered);
        let commented = comment("And another.").await;
        budgets.row("PUT /client-data/tickets", "comment", 200, &commented);
        let page = self.get(customer, TICKETS).await;
        budgets.row("GET /client-data/tickets", "", 200, &page);
        let one = self.get(customer, &format!("{TICKETS}/{number}")).await;
        budgets.row("GET /client-data/tickets/{ticketNumber}", "", 200, &one);
        let queue = self.get(staff, "/crm/tickets").await;
        budgets.row("GET /crm/tickets", "three tickets", 200, &queue);
        let one = self.get(staff, &format!("/crm/tickets/get/{number}")).await;
        budgets.row("GET /crm/tickets/get/{ticketNumber}", "", 200, &one);
        let collections = self.world.get("/crm/tickets/collections").send().await;
        budgets.row("GET /crm/tickets/collections", "", 200, &collections);
    }

    async fn conversations(&self, budgets: &mut Budgets) {
        const MESSAGES: &str = "/client-data/messages";
        const CREATE: &str = "/crm/chat-message/create";
        const MARK: &str = "PUT /client-data/messages/{messageId}/status/{status}";
        let (customer, staff) = (self.customer, self.staff);
        let begun = json!({"text": "When will it come?"});
        let begun = self.post(customer, MESSAGES, begun).await;
        budgets.row(
            "POST /client-data/messages",
            "new conversation",
            201,
            &begun,
        );
        let id = begun.body["conversationId"].as_str().unwrap().to_owned();
        let more = json!({"conversationId": id, "text": "I mean the mug."});
        let more = self.post(customer, MESSAGES, more).await;
        budgets.row("POST /client-data/messages", "", 201, &more);
        let inbox = self.get(staff, "/crm/inbox/conversations").await;
        budgets.row(
            "GET /crm/inbox/conversations",
            "one conversation",
            200,
            &inbox,
        );
        let answer = json!({"conversationId": id, "text": "Tomorrow."});
        let answer = self.post(staff, CREATE, answer).await;
        budgets.row(
            "POST /crm/chat-message/create",
            "first answer",
            201,
            &answer,
        );
        let again = json!({"conversationId": id, "text": "Before noon."});
        let again = self.post(staff, CREATE, again).await;
        budgets.row("POST /crm/chat-message/create", "", 201, &again);
        let note = json!({"conversationId": id, "text": "A regular.", "isInternalNote": true});
        let note = self.post(staff, CREATE, note).await;
        budgets.row("POST /crm/chat-message/create", "note", 201, &note);
        let new = json!({"contactId": customer.id, "text": "Your order is ready."});
        let new = self.post(staff, CREATE, new).await;
        let case = "new conversation";
        budgets.row("POST /crm/chat-message/create", case, 201, &new);
        let read = self
            .get(staff, &format!("/crm/inbox/messages?conversationId={id}"))
            .await;
        budgets.row("GET /crm/inbox/messages", "", 200, &read);
        let all = self.get(customer, "/client-data/conversations").await;
        budgets.row("GET /client-data/conversations", "", 200, &all);
        let thread = format!("{MESSAGES}?conversationId={id}");
        let thread = self.get(customer, &thread).await;
        budgets.row("GET /client-data/messages", "", 200, &thread);
        let message = answer.body["id"].as_str().unwrap();
        for status in ["read", "archived"] {
            let path = format!("{MESSAGES}/{message}/status/{status}");
            let marked = self.put(&path, json!({})).await;
            budgets.row(MARK, status, 200, &marked);
        }
    }

    async fn notifications(&self, budgets: &mut Budgets) {
        const LIST: &str = "/client-data/notifications";
        let list = format!("{LIST}?unread=true");
        let unread = eventually("the desk's notifications are there", async || {
            let unread = self.get(self.customer, &list).await;
            let told = unread.body.to_string().contains("message.created");
            told.then_some(unread)
        })
        .await;
        let id = unread.body["data"][0]["id"].as_str().unwrap();
        let read = self.put(&format!("{LIST}/{id}/read"), json!({})).await;
        let operation = "PUT /client-data/notifications/{notificationId}/read";
        budgets.row(operation, "", 200, &read);
        // What is unread, and so the price, hangs on what else was done; with nothing left it does not.
        self.put(&format!("{LIST}/read"), json!({}))
            .await
            .expect(200);
        let all = self.put(&format!("{LIST}/read"), json!({})).await;
        let operation = "PUT /client-data/notifications/read";
        budgets.row(operation, "none unread", 200, &all);
        let path = format!("{LIST}/preferences");
        let chosen = self.get(self.customer, &path).await;
        budgets.row(
            "GET /client-data/notifications/preferences",
            "",
            200,
            &chosen,
        );
        let channels = json!({"messages": {"mail": true, "push": true, "sms": false}});
        let put = self.put(&path, channels).await;
        budgets.row("PUT /client-data/notifications/preferences", "", 200, &put);
    }

    async fn devices(&self, budgets: &mut Budgets) {
        const TOKEN: &str = "/client-data/notifications/push-token";
        const MOBILE: &str = "/client-account/notifications/push-token";
        let device = json!({"token": "budget", "deviceId": "budget", "platform": "web"});
        let new = self.post(self.customer, TOKEN, device.clone()).await;
        budgets.row(&format!("POST {TOKEN}"), "new device", 204, &new);
        let known = self.post(self.customer, TOKEN, device.clone()).await;
        budgets.row(&format!("POST {TOKEN}"), "as it was", 204, &known);
        let mobile = self.post(self.customer, MOBILE, device).await;
        budgets.row(&format!("POST {MOBILE}"), "as it was", 204, &mobile);
        let forget = self.world.delete(&format!("{TOKEN}/budget"));
        let forgotten = forget.token(&self.customer.token).send().await;
        let operation = format!("DELETE {TOKEN}/{{deviceId}}");
        budgets.row(&operation, "", 204, &forgotten);
    }
}
