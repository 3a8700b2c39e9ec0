//! What each event says to whom it concerns.

mod appointment;
mod benefit;
mod desk;

use portico_shared::queue::Job;

/// The event that the account was erased. Its message goes out by mail alone.
pub(crate) const ERASED: &str = "account.erased";

/// A message: a title and a few sentences, in-app and by mail alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The in-app title and the mail's subject. One line.
    pub(crate) title: String,
    /// The in-app text and the mail's.
    pub(crate) body: String,
    /// What the mail leads to.
    link: Option<String>,
    greeting: String,
    signature: String,
}

impl Message {
    /// A message to nobody who is known by name.
    pub(crate) fn new(
        title: String,
        body: String,
        link: Option<String>,
        signature: String,
    ) -> Self {
        let greeting = "Hello,".to_owned();
        Self {
            title,
            body,
            link,
            greeting,
            signature,
        }
    }

    /// The message of a job, if its event has one.
    pub(crate) fn of(job: &Job, org: &str) -> Option<Self> {
        let text = |name: &str| {
            job.data
                .get(name)
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
        };
        let number = text("orderNumber");
        let (title, body) = match job.kind.as_str() {
            "customer.created" => (
                format!("Welcome to {org}"),
                "Your account is ready. It is good to have you.".to_owned(),
            ),
            "password.changed" => (
                "Your password was changed".to_owned(),
                "If it was not you, set a new one at once: anybody who was signed in has been signed out."
                    .to_owned(),
            ),
            "order.placed" => (
                format!("Order {number} is placed"),
                format!(
                    "Thank you! Your order comes to {}. We will tell you when it is on its way.",
                    text("total")
                ),
            ),
            "order.processing" => (
                format!("Order {number} is being packed"),
                "We are putting your order together.".to_owned(),
            ),
            "order.shipped" => (
                format!("Order {number} is on its way"),
                format!(
                    "It travels with {}, tracking number {}.",
                    text("carrier"),
                    text("tracking")
                ),
            ),
            "order.delivered" => (
                format!("Order {number} has arrived"),
                "We hope you like it.".to_owned(),
            ),
            "export.ready" => (
                "Your data is ready".to_owned(),
                format!(
                    "The copy of your account at {org} that you asked for can be downloaded for seven days: sign in, \
                     and look under privacy."
                ),
            ),
            ERASED => (
                "Your account is erased".to_owned(),
                format!(
                    "As you asked, {org} has closed your account and is deleting what it holds of you. What the law \
                     wants kept of orders is kept without your name and address. This is the last mail you get from it."
                ),
            ),
            "security.new-device" => (
                format!("New sign-in to your account at {org}"),
                format!(
                    "Somebody signed in on a device that we have not seen before: {}, at {}. If that was you, all \
                     is well. If not, change your password and end your other sessions.",
                    text("device"),
                    job.at.strftime("%Y-%m-%d %H:%M UTC")
                ),
            ),
            kind => appointment::message(kind, &job.data)
                .or_else(|| benefit::message(kind, &job.data))
                .or_else(|| desk::words(kind, &job.data))?,
        };
        let greeting = job
            .recipient
            .name
            .as_ref()
            .map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"));
        Some(Self {
            title,
            body,
            link: None,
            greeting,
            signature: org.to_owned(),
        })
    }

    /// The mail as plain text.
    pub(crate) fn text(&self) -> String {
        let link = self.link.iter().map(|link| format!("{link}\n\n"));
        format!(
            "{}\n\n{}\n\n{}{}\n",
            self.greeting,
            self.body,
            link.collect::<String>(),
            self.signature
        )
    }

    /// The mail as HTML. Names and addresses are what people typed: everything is escaped.
    pub(crate) fn html(&self) -> String {
        let link = self.link.iter().map(|link| {
            let link = escape(link);
            format!("<p><a href=\"{link}\">{link}</a></p>")
        });
        format!(
            "<!doctype html><html><body><p>{}</p><p>{}</p>{}<p>{}</p></body></html>",
            escape(&self.greeting),
            escape(&self.body),
            link.collect::<String>(),
            escape(&self.signature)
        )
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use portico_shared::queue::Recipient;
    use serde_json::json;

    use super::*;

    fn job(kind: &str) -> Job {
        Job {
            id: "1".to_owned(),
            orgid: "acme".parse().unwrap(),
            kind: kind.to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            recipient: Recipient {
                author: "cus_1".to_owned(),
                email: None,
                phone: None,
                name: Some("<b>Ann & Bob</b>".to_owned()),
            },
            channels: Vec::new(),
            data: json!({"orderNumber": "ORD-1", "total": "25.00 USD", "carrier": "ups", "tracking": "1Z"}),
        }
    }

    #[test]
    fn every_event_of_an_orders_way_says_something_and_others_stay_silent() {
        let title = |kind| Message::of(&job(kind), "Acme").map(|message| message.title);
        assert_eq!(
            title("order.placed").as_deref(),
            Some("Order ORD-1 is placed")
        );
        assert_eq!(
            title("order.processing").as_deref(),
            Some("Order ORD-1 is being packed")
        );
        assert_eq!(
            title("order.shipped").as_deref(),
            Some("Order ORD-1 is on its way")
        );
        assert_eq!(
            title("order.delivered").as_deref(),
            Some("Order ORD-1 has arrived")
        );
        assert_eq!(
            title("customer.created").as_deref(),
            Some("Welcome to Acme")
        );
        assert_eq!(title("order.on-hold"), None);
    }

    #[test]
    fn what_people_typed_is_text_and_not_markup() {
        let message = Message::of(&job("order.placed"), "Acme & <Sons>").unwrap();
        assert!(
            message
                .html()
                .contains("<p>Hello &lt;b&gt;Ann &amp; Bob&lt;/b&gt;,</p>")
        );
        assert!(message.html().contains("<p>Acme &amp; &lt;Sons&gt;</p>"));
        assert!(
            message.text().starts_with(
                "Hello <b>Ann & Bob</b>,\n\nThank you! Your order comes to 25.00 USD."
            )
        );
    }
}
