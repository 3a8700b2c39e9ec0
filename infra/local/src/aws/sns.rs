//! `Publish` of SNS to a telephone number: checks a text message as SNS would and puts it into the outbox.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use serde::Deserialize;

use crate::outbox::{Channel, Mail, Outbox};

/// SNS cuts longer messages into parts, up to this many bytes.
const MOST_BYTES: usize = 1_600;

/// What is read of a request; it comes as a form.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publish {
    action: String,
    #[serde(default)]
    phone_number: String,
    #[serde(default)]
    message: String,
}

/// The endpoint.
pub(super) fn router(outbox: Outbox) -> Router {
    Router::new().route("/", post(publish)).with_state(outbox)
}

async fn publish(State(outbox): State<Outbox>, body: Bytes) -> Response {
    let message = serde_urlencoded::from_bytes::<Publish>(&body)
        .map_err(|error| error.to_string())
        .and_then(checked);
    match message.map(|message| outbox.add(message)) {
        Ok(Ok(id)) => answer(
            StatusCode::OK,
            format!(
                "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
                 <MessageId>{id}</MessageId></PublishResult></PublishResponse>"
            ),
        ),
        Ok(Err(error)) => {
            tracing::error!(%error, "the outbox cannot be written");
            refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "the outbox failed",
            )
        }
        Err(reason) => refuse(StatusCode::BAD_REQUEST, "InvalidParameter", &reason),
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    let error = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    answer(status, error)
}

fn answer(status: StatusCode, xml: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], xml).into_response()
}

/// What is wrong with it is said without repeating it: the answer is XML.
fn checked(request: Publish) -> Result<Mail, String> {
    if request.action != "Publish" {
        return Err("the local SNS publishes only".to_owned());
    }
    let digits = request.phone_number.strip_prefix('+').unwrap_or_default();
    if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("PhoneNumber is not valid: it must be in E.164".to_owned());
    }
    if request.message.is_empty() || request.message.len() > MOST_BYTES {
        return Err(format!("Message must have 1 to {MOST_BYTES} bytes"));
    }
    Ok(Mail {
        channel: Channel::Sms,
        id: String::new(),
        time: jiff::Timestamp::now(),
        from: String::new(),
        to: vec![request.phone_number],
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: Vec::new(),
        subject: "Text message".to_owned(),
        text: Some(request.message),
        html: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(form: &str) -> Result<Mail, String> {
        checked(serde_urlencoded::from_str(form).map_err(|error| error.to_string())?)
    }

    #[test]
    fn a_good_message_is_taken_and_what_sns_refuses_is_refused() {
        let taken = message("Action=Publish&PhoneNumber=%2B14155550123&Message=Your+code").unwrap();
        assert_eq!(
            (taken.channel, taken.to, taken.text.as_deref()),
            (
                Channel::Sms,
                vec!["+14155550123".to_owned()],
                Some("Your code")
            )
        );
        let long = "x".repeat(MOST_BYTES + 1);
        for wrong in [
            "Action=Subscribe&PhoneNumber=%2B14155550123&Message=x",
            "Action=Publish&PhoneNumber=14155550123&Message=x",
            "Action=Publish&PhoneNumber=%2B1415555x123&Message=x",
            "Action=Publish&Message=x",
            "Action=Publish&PhoneNumber=%2B14155550123",
            &format!("Action=Publish&PhoneNumber=%2B14155550123&Message={long}"),
        ] {
            assert!(message(wrong).is_err(), "{wrong}");
        }
    }
}
