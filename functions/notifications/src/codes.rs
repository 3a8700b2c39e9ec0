//! Delivery of one-time codes and links.
//!
//! The job names what was issued; the secret is derived here, from the key ring, and goes nowhere but into the
//! mail or text message. The item of the code notes that it was delivered, so that a job that comes again
//! sends nothing more.

use portico_shared::auth::{CodeKind, CodeOwner};
use portico_shared::domain::org::OrgConfig;
use portico_shared::domain::recovery;
use portico_shared::error::{Error, Result};
use portico_shared::queue::Job;
use portico_shared::store::{AddressHash, Shopper, StoreError};
use serde::Deserialize;

use crate::Notifications;
use crate::messages::Message;

/// Which code or link a job is about.
#[derive(Deserialize)]
struct Issued {
    kind: CodeKind,
    nonce: String,
}

impl Notifications {
    /// Sends a code or link, unless it was sent, has expired, was replaced, or is for an address without an
    /// account.
    pub(crate) async fn deliver_code(&self, job: &Job) -> Result<()> {
        let unreadable = || Error::Internal("a code that cannot be read".to_owned());
        let Issued { kind, nonce } =
            serde_json::from_value(job.data.clone()).map_err(|_| unreadable())?;
        let recipient = &job.recipient;
        let owner = match (job.shopper(), &recipient.email) {
            (Some(Shopper::Customer(scope)), _) => CodeOwner::Customer(scope),
            (None, Some(email)) => CodeOwner::Address(job.orgid.clone(), AddressHash::of(email)),
            _ => return Err(unreadable()),
        };
        let Some(code) = recovery::due(&self.store, &owner, kind, &nonce).await? else {
            return Ok(());
        };
        let org = self.orgs.get(&self.store, &job.orgid).await?;
        let secret = code.secret(&self.ring, &owner);
        // Its key was taken out of the ring: it is good no more.
        let Some(secret) = secret else { return Ok(()) };
        if kind == CodeKind::VerifyPhone {
            let text = format!("{secret} is your code for {}. Tell it to nobody.", org.name);
            self.texter.send(&code.to, &text).await?;
        } else {
            let message = message(kind, &secret, &org);
            self.mailer.send(&code.to, &message).await?;
        }
        match self.store.write(code.deliver(&owner)).await {
            // Another one was issued in the meantime.
            Ok(_) | Err(StoreError::ConditionFailed(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a mail says. A link has its token behind the `#`: browsers send that part to no server, so it is in no
/// log and no `Referer`.
fn message(kind: CodeKind, secret: &str, org: &OrgConfig) -> Message {
    let not_you = if kind == CodeKind::SecondFactor {
        "If it was not you, somebody else knows your password: set a new one."
    } else {
        "If it was not you who asked, you need not do anything."
    };
    let (title, page, to_do, how_long) = match kind {
        CodeKind::VerifyEmail | CodeKind::VerifyPhone => (
            "Confirm your address",
            "",
            "to confirm your address",
            "10 minutes",
        ),
        CodeKind::EraseAccount => (
            "Your code to erase your account",
            "",
            "to erase your account, which cannot be undone",
            "10 minutes",
        ),
        CodeKind::SignInCode | CodeKind::SecondFactor => {
            ("Your code to sign in", "", "to sign in", "10 minutes")
        }
        CodeKind::SignInLink => (
            "Your link to sign in",
            "magic-link",
            "to sign in",
            "15 minutes",
        ),
        CodeKind::ResetPassword => (
            "Set a new password",
            "reset-password",
            "to set a new password",
            "15 minutes",
        ),
    };
    let title = format!("{title} at {}", org.name);
    let link = org.portal_url.as_ref().filter(|_| kind.is_link());
    let link = link.map(|portal| format!("{portal}/{page}#token={secret}"));
    let body = if link.is_some() {
        format!("Follow this link {to_do}. It is good once, for {how_long}. {not_you}")
    } else {
        format!("Enter {secret} {to_do}. It is good once, for {how_long}. {not_you}")
    };
    Message::new(title, body, link, org.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(portal_url: Option<&str>) -> OrgConfig {
        OrgConfig {
            name: "Acme".to_owned(),
            currency: "USD".to_owned(),
            allowed_origins: Vec::new(),
            files: portico_shared::domain::org::FileLimits::default(),
            return_origins: Vec::new(),
            portal_url: portal_url.map(str::to_owned),
        }
    }

    #[test]
    fn a_links_token_is_behind_the_hash_and_without_a_portal_in_the_text() {
        let portal = org(Some("https://account.acme.example"));
        let text = message(CodeKind::ResetPassword, "TOKEN", &portal).text();
        let url = "https://account.acme.example/reset-password#token=TOKEN";
        assert!(text.contains(&format!("\n\n{url}\n\n")), "{text}");
        assert_eq!(text.matches("TOKEN").count(), 1);
        let html = message(CodeKind::SignInLink, "TOKEN", &portal).html();
        let url = "https://account.acme.example/magic-link#token=TOKEN";
        assert!(
            html.contains(&format!("<a href=\"{url}\">{url}</a>")),
            "{html}"
        );
        let text = message(CodeKind::SignInLink, "TOKEN", &org(None)).text();
        assert!(text.contains("Enter TOKEN to sign in."), "{text}");
    }

    #[test]
    fn a_code_is_in_the_text_and_not_in_the_subject() {
        for kind in [
            CodeKind::VerifyEmail,
            CodeKind::SignInCode,
            CodeKind::SecondFactor,
        ] {
            let message = message(kind, "042137", &org(Some("https://account.acme.example")));
            assert!(message.text().contains("Enter 042137 to "));
            assert!(!message.title.contains("042137") && !message.text().contains("https"));
        }
    }
}
