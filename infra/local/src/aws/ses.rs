//! `SendEmail` of SES, version 2: checks a mail as SES would and puts it into the outbox.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use axum::{body::Bytes, extract::DefaultBodyLimit};
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::outbox::{Channel, Mail, Outbox};

/// SES takes this many recipients per mail.
const MOST_RECIPIENTS: usize = 50;
/// SES takes mails of this many bytes.
const MOST_BYTES: usize = 40 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    #[serde(default)]
    from_email_address: String,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    #[serde(default)]
    destination: Destination,
    content: Content,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Destination {
    #[serde(rename = "ToAddresses")]
    to: Vec<String>,
    #[serde(rename = "CcAddresses")]
    cc: Vec<String>,
    #[serde(rename = "BccAddresses")]
    bcc: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Text>,
    html: Option<Text>,
}

/// The endpoint.
pub(super) fn router(outbox: Outbox) -> Router {
    Router::new()
        .route("/v2/email/outbound-emails", post(send))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(outbox)
}

async fn send(State(outbox): State<Outbox>, body: Bytes) -> Response {
    let mail = serde_json::from_slice::<SendEmail>(&body)
        .map_err(|error| error.to_string())
        .and_then(checked);
    match mail {
        Ok(mail) => match outbox.add(mail) {
            Ok(id) => Json(json!({ "MessageId": id })).into_response(),
            Err(error) => refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalFailure",
                &error.to_string(),
            ),
        },
        Err(reason) => refuse(StatusCode::BAD_REQUEST, "BadRequestException", &reason),
    }
}

fn refuse(status: StatusCode, code: &'static str, message: &str) -> Response {
    let kind = (HeaderName::from_static("x-amzn-errortype"), code);
    (status, [kind], Json(json!({ "message": message }))).into_response()
}

fn checked(request: SendEmail) -> Result<Mail, String> {
    let Some(content) = request.content.simple else {
        return Err("the local SES sends Content.Simple only".to_owned());
    };
    let Destination { to, cc, bcc } = request.destination;
    let recipients = || to.iter().chain(&cc).chain(&bcc);
    match recipients().count() {
        0 => return Err("The mail has no recipient.".to_owned()),
        1..=MOST_RECIPIENTS => {}
        count => {
            return Err(format!(
                "Recipient count exceeds {MOST_RECIPIENTS}: {count}."
            ));
        }
    }
    for address in recipients()
        .chain(&request.reply_to_addresses)
        .chain([&request.from_email_address])
    {
        check_address(address)?;
    }
    if content.subject.data.contains(['\r', '\n']) {
        return Err("The subject has a line break.".to_owned());
    }
    if content.body.text.is_none() && content.body.html.is_none() {
        return Err("The body has neither Text nor Html.".to_owned());
    }
    Ok(Mail {
        channel: Channel::Mail,
        id: String::new(),
        time: jiff::Timestamp::now(),
        from: request.from_email_address,
        to,
        cc,
        bcc,
        reply_to: request.reply_to_addresses,
        subject: content.subject.data,
        text: content.body.text.map(|text| text.data),
        html: content.body.html.map(|text| text.data),
    })
}

/// `name@domain` or `Display Name <name@domain>`.
fn check_address(written: &str) -> Result<(), String> {
    let address = match written.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => written,
    };
    let good = address.is_ascii()
        && !written.contains(|letter: char| letter.is_control())
        && !address.contains([' ', '<', '>', ','])
        && address.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty()
                && !domain.contains('@')
                && domain.split('.').all(|label| !label.is_empty())
        });
    if good {
        Ok(())
    } else {
        Err(format!("Illegal address: {written:?}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn mail(change: impl FnOnce(&mut Value)) -> Result<Mail, String> {
        let mut request = json!({
            "FromEmailAddress": "Portico <no-reply@example.com>",
            "Destination": { "ToAddresses": ["ann@example.com"] },
            "Content": { "Simple": { "Subject": { "Data": "Hello" }, "Body": { "Text": { "Data": "Hi" } } } },
        });
        change(&mut request);
        checked(serde_json::from_value(request).map_err(|error| error.to_string())?)
    }

    #[test]
    fn a_good_mail_is_taken_whole() {
        let taken = mail(|_| {}).unwrap();
        assert_eq!(
            (taken.from.as_str(), taken.subject.as_str()),
            ("Portico <no-reply@example.com>", "Hello")
        );
        assert_eq!(
            (taken.to, taken.text.as_deref(), taken.html),
            (vec!["ann@example.com".to_owned()], Some("Hi"), None)
        );
    }

    #[test]
    fn what_ses_refuses_is_refused() {
        let simple = "/Content/Simple";
        assert!(mail(|mail| mail["Destination"] = json!({})).is_err());
        assert!(
            mail(|mail| mail["Destination"]["ToAddresses"] = json!(vec!["a@b.c"; 51])).is_err()
        );
        assert!(mail(|mail| mail["FromEmailAddress"] = json!("")).is_err());
        assert!(mail(|mail| mail["Content"] = json!({ "Raw": { "Data": "" } })).is_err());
        assert!(mail(|mail| mail.pointer_mut(simple).unwrap()["Body"] = json!({})).is_err());
        assert!(
            mail(
                |mail| mail.pointer_mut(simple).unwrap()["Subject"]["Data"] =
                    json!("a\r\nBcc: x@y.z")
            )
            .is_err()
        );
        for address in [
            "",
            "ann",
            "ann@",
            "@b.c",
            "a@b..c",
            "a b@c.d",
            "a@b.c, d@e.f",
            "a@b@c",
            "Ann <ann@b.c",
            "a@b.c\n",
            "ö@b.c",
        ] {
            assert!(
                mail(|mail| mail["Destination"]["ToAddresses"] = json!([address])).is_err(),
                "{address:?}"
            );
        }
    }
}
