//! What events of the desk want: tickets, messages, notifications, devices.

use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use super::{Demo, Values, member};

/// What Bob has at the desk, as far as an event wants it.
pub(super) async fn values(
    demo: &Demo,
    bob: &Demo,
    has: impl Fn(&str) -> bool,
    values: &mut Values,
) -> Result<(), String> {
    if has("TICKET_NUMBER") {
        let ticket =
            json!({"subject": "The mug has a crack", "description": "It arrived like this."});
        let ticket = bob.post("/client-data/tickets", ticket).await?;
        values.insert("TICKET_NUMBER", member(&ticket, "/number")?);
    }
    if has("CONVERSATION_ID") || has("MESSAGE_ID") {
        let question = json!({"text": "When will it come?"});
        let question = bob.post("/client-data/messages", question).await?;
        let conversation = member(&question, "/conversationId")?;
        let answer = json!({"conversationId": conversation, "text": "Tomorrow."});
        let staff = demo.clone().staff().await?;
        let answer = staff.post("/crm/chat-message/create", answer).await?;
        values.insert("CONVERSATION_ID", conversation);
        values.insert("MESSAGE_ID", member(&answer, "/id")?);
    }
    if has("NOTIFICATION_ID") {
        values.insert("NOTIFICATION_ID", notification(bob).await?);
    }
    if has("DEVICE_ID") {
        let device = format!("device-{}", Uuid::new_v4());
        let input = json!({"token": device, "platform": "android", "deviceId": device});
        bob.post("/client-data/notifications/push-token", input)
            .await?;
        values.insert("DEVICE_ID", device);
    }
    Ok(())
}

/// The newest of Bob's notifications, once there is one: they come by the stream and the queue.
async fn notification(bob: &Demo) -> Result<String, String> {
    let begun = Instant::now();
    loop {
        let notifications = bob.get("/client-data/notifications").await?;
        let newest = member(&notifications, "/data/0/id");
        if newest.is_ok() || begun.elapsed() > Duration::from_secs(10) {
            return newest;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
