//! Mail, by SES version 2.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message as SesMessage};
use portico_shared::aws::Aws;
use portico_shared::error::{Error, Result};

use crate::messages::Message;

/// Sends mail from one address.
#[derive(Debug, Clone)]
pub(crate) struct Mailer {
    client: Client,
    from: String,
}

impl Mailer {
    pub(crate) fn new(aws: &Aws, from: String) -> Self {
        let config = aws.sdk_config(aws.endpoints().sesv2.as_ref());
        Self {
            client: Client::new(&config),
            from,
        }
    }

    /// Hands a message over to SES.
    pub(crate) async fn send(&self, to: &str, message: &Message) -> Result<()> {
        let body = Body::builder()
            .text(content(&message.text())?)
            .html(content(&message.html())?)
            .build();
        let subject = content(&message.title)?;
        let simple = SesMessage::builder().subject(subject).body(body).build();
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(simple).build())
            .send()
            .await;
        // The provider's words may repeat the address, which must not reach a log.
        sent.map(|_| ()).map_err(|error| {
            let code = error
                .as_service_error()
                .and_then(aws_sdk_sesv2::error::ProvideErrorMetadata::code);
            Error::Unavailable(format!(
                "SES did not take the mail: {}",
                code.unwrap_or("no answer")
            ))
        })
    }
}

fn content(text: &str) -> Result<Content> {
    let content = Content::builder().data(text).charset("UTF-8").build();
    content.map_err(|error| Error::Internal(error.to_string()))
}
