//! Text messages, by SNS.

use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;
use portico_shared::aws::Aws;
use portico_shared::error::{Error, Result};

/// Sends text messages to telephones.
#[derive(Debug, Clone)]
pub(crate) struct Texter {
    client: Client,
}

impl Texter {
    pub(crate) fn new(aws: &Aws) -> Self {
        let config = aws.sdk_config(aws.endpoints().sns.as_ref());
        Self {
            client: Client::new(&config),
        }
    }

    /// Hands a message over to SNS, for a number in E.164. What is sent is waited for by somebody, so it goes
    /// the way that carriers deliver first.
    pub(crate) async fn send(&self, to: &str, text: &str) -> Result<()> {
        let transactional = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("Transactional")
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        let sent = self
            .client
            .publish()
            .phone_number(to)
            .message(text)
            .message_attributes("AWS.SNS.SMS.SMSType", transactional)
            .send()
            .await;
        // The provider's words may repeat the number, which must not reach a log.
        sent.map(|_| ()).map_err(|error| {
            let code = error
                .as_service_error()
                .and_then(ProvideErrorMetadata::code);
            Error::Unavailable(format!(
                "SNS did not take the message: {}",
                code.unwrap_or("no answer")
            ))
        })
    }
}
