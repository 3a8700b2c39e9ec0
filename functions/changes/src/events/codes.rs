//! One-time codes and links that are to be delivered.

use jiff::Timestamp;
use portico_shared::auth::{Code, CodeKind};
use portico_shared::queue::{Channel, Job, Recipient};
use portico_shared::store::{Change, Shopper};
use serde_json::json;

/// A code or link that was issued is announced once: tries, use and delivery change its item too. The job
/// names it and does not hold its secret, which whoever delivers it derives.
pub(super) fn job(change: &Change) -> Option<Job> {
    let code = change.after::<Code>()?.entity;
    if change
        .before::<Code>()
        .is_some_and(|before| before.entity.nonce == code.nonce)
    {
        return None;
    }
    let author = change.shopper().map(Shopper::author).unwrap_or_default();
    let (mut email, mut phone, mut channel) = (Some(code.to), None, Channel::Mail);
    if code.kind == CodeKind::VerifyPhone {
        std::mem::swap(&mut email, &mut phone);
        channel = Channel::Sms;
    }
    Some(Job {
        id: format!("code.sent|{}|{}", change.fingerprint(), code.nonce),
        orgid: change.org().clone(),
        kind: "code.sent".to_owned(),
        at: Timestamp::from_second(code.sent_at).ok()?,
        recipient: Recipient {
            author: author.to_owned(),
            email,
            phone,
            name: None,
        },
        channels: vec![channel],
        data: json!({"kind": code.kind, "nonce": code.nonce}),
    })
}
