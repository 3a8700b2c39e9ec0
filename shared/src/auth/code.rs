//! One-time codes and links: what somebody gets by mail or text message, to prove that they read it.
//!
//! The secret is derived, not stored. An item says what was issued; who has the key ring can tell the
//! secret from it, and nobody else can: neither the table nor its stream nor the queue ever holds one. A
//! code is six digits and has five tries; a link's token leads to its item and carries 256 bits of HMAC.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{KeyRing, Purpose};
use crate::clock;
use crate::error::{Code as ErrorCode, Refusal, Result};
use crate::ids::{OrgId, random16};
use crate::store::{
    AddressHash, Condition, CustomerScope, Entity, Item, Key, Partition, Store, StoreError, Update,
    Write,
};

/// How long six digits are good for.
const CODE_SECONDS: i64 = 10 * 60;
/// How long a link is good for.
const LINK_SECONDS: i64 = 15 * 60;
/// How often a code can be tried.
const MAX_TRIES: u32 = 5;
/// How long after one the next may be sent.
const RESEND_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What a one-time secret is good for. One of them is never good for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeKind {
    /// A code that shows that the profile's e-mail address is the customer's.
    VerifyEmail,
    /// The same for the telephone number.
    VerifyPhone,
    /// A link to set a new password with.
    ResetPassword,
    /// A link to sign in with.
    SignInLink,
    /// A code to sign in with.
    SignInCode,
    /// A code that shows that it is the customer who wants the account erased.
    EraseAccount,
    /// A code that is asked for beside the password.
    SecondFactor,
}

impl CodeKind {
    /// Its name in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::VerifyPhone => "verify-phone",
            Self::ResetPassword => "reset-password",
            Self::SignInLink => "sign-in-link",
            Self::SignInCode => "sign-in-code",
            Self::EraseAccount => "erase-account",
            Self::SecondFactor => "second-factor",
        }
    }

    /// How many may be sent within a day of the first. The second factor has more, because who has given the
    /// password must get in.
    const fn max_sends(self) -> u32 {
        match self {
            Self::SecondFactor => 20,
            _ => 5,
        }
    }

    /// What is issued to an address, whether or not it has an account.
    pub const TO_ADDRESSES: [Self; 3] = [Self::ResetPassword, Self::SignInLink, Self::SignInCode];

    /// Whether it is a link and not six digits.
    pub const fn is_link(self) -> bool {
        matches!(self, Self::ResetPassword | Self::SignInLink)
    }
}

/// Whose secret it is.
#[derive(Debug, Clone)]
pub enum CodeOwner {
    /// A customer, who is signed in.
    Customer(CustomerScope),
    /// Whoever reads the mail of an address, with or without an account.
    Address(OrgId, AddressHash),
}

impl CodeOwner {
    /// The org.
    pub fn org(&self) -> &OrgId {
        match self {
            Self::Customer(scope) => scope.org(),
            Self::Address(org, _) => org,
        }
    }

    /// The key of the owner's item of this kind; there is one at a time.
    pub fn key(&self, kind: CodeKind) -> Key {
        match self {
            Self::Customer(scope) => scope.key(&Item::Code(kind.as_str())),
            Self::Address(org, address) => org.login_code_key(address, kind.as_str()),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Customer(scope) => scope.customer().to_string(),
            Self::Address(_, address) => address.to_string(),
        }
    }
}

/// A one-time secret that was issued, as it is stored: everything but the secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// What it is good for.
    pub kind: CodeKind,
    /// The e-mail address or telephone number that it was sent to.
    pub to: String,
    /// 128 random bits in hexadecimal, new with each one that is sent.
    pub nonce: String,
    /// The key that the secret is derived under.
    kid: String,
    /// Unix seconds, like the other times.
    pub sent_at: i64,
    /// 0 once it was used.
    expires_at: i64,
    /// How often somebody tried it, rightly or not.
    tries: u32,
    /// When the day began that `sends` is counted in.
    since: i64,
    sends: u32,
    /// Whether it was handed over for delivery.
    #[serde(default)]
    delivered: bool,
}

impl Entity for Code {
    const TYPE: &'static str = "Code";
}

impl Code {
    /// A new one, the first of a day.
    pub fn new(ring: &KeyRing, kind: CodeKind, to: impl Into<String>) -> Self {
        let now = clock::unix_seconds();
        let seconds = if kind.is_link() {
            LINK_SECONDS
        } else {
            CODE_SECONDS
        };
        Self {
            kind,
            to: to.into(),
            nonce: data_encoding::HEXLOWER.encode(&random16()),
            kid: ring.current().to_owned(),
            sent_at: now,
            expires_at: now + seconds,
            tries: 0,
            since: now,
            sends: 1,
            delivered: false,
        }
    }

    /// Writes it, as the first of its kind within a day.
    pub fn issue(&self, owner: &CodeOwner) -> Write {
        let yesterday = Condition::All(vec![
            Condition::below("since", &(self.sent_at - DAY_SECONDS)),
            Condition::below("sentAt", &(self.sent_at - RESEND_SECONDS)),
        ]);
        self.put(owner)
            .when(Condition::Any(vec![Condition::Absent, yesterday]))
    }

    /// Writes it in the place of an earlier one, which is good no more.
    ///
    /// # Errors
    ///
    /// `rate_limited` within a minute after that, unless it was used, and when as many as may be were sent
    /// within a day.
    pub fn reissue(&mut self, owner: &CodeOwner, before: &Self) -> Result<Write, Refusal> {
        let limited = |until: i64| {
            let seconds = u32::try_from(until - self.sent_at).unwrap_or(1).max(1);
            Refusal::new(ErrorCode::RateLimited).retry_after(seconds)
        };
        if before.expires_at > 0 && self.sent_at < before.sent_at + RESEND_SECONDS {
            return Err(limited(before.sent_at + RESEND_SECONDS));
        }
        if self.sent_at < before.since + DAY_SECONDS {
            if before.sends >= self.kind.max_sends() {
                return Err(limited(before.since + DAY_SECONDS));
            }
            (self.since, self.sends) = (before.since, before.sends + 1);
        }
        let unchanged = Condition::eq("nonce", &before.nonce);
        Ok(self.put(owner).when(unchanged))
    }

    /// Issues a code to somebody who is known, in the place of the one `before`, if there was one. One write.
    ///
    /// # Errors
    ///
    /// As [`Code::reissue`]'s, also where another one was issued at the same moment.
    pub async fn send(
        store: &Store,
        ring: &KeyRing,
        owner: &CodeOwner,
        kind: CodeKind,
        to: &str,
        before: Option<&Self>,
    ) -> Result<()> {
        let mut code = Self::new(ring, kind, to);
        let issue = match before {
            Some(before) => code.reissue(owner, before)?,
            None => code.issue(owner),
        };
        match store.write(issue).await {
            Ok(_) => Ok(()),
            Err(StoreError::ConditionFailed(_)) => {
                Err(Refusal::new(ErrorCode::RateLimited).retry_after(60).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The open code that has these digits; the try is counted, whatever comes of it. One write.
    pub async fn tried(
        store: &Store,
        ring: &KeyRing,
        owner: &CodeOwner,
        kind: CodeKind,
        digits: &str,
    ) -> Result<Option<Self>> {
        match store.update::<Self>(Self::count_try(owner, kind)).await {
            Ok(code) => Ok(Some(code.entity).filter(|code| code.is(ring, owner, digits))),
            Err(StoreError::ConditionFailed(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Kept for as long as it counts what is sent.
    fn put(&self, owner: &CodeOwner) -> Write {
        let until = self.expires_at.max(self.since + DAY_SECONDS);
        Write::put(owner.key(self.kind), self).expiring(until)
    }

    /// Counts a try, before anybody is told whether it was right: of tries at the same moment as well, not
    /// more than five are compared. The condition fails where nothing can be tried.
    pub fn count_try(owner: &CodeOwner, kind: CodeKind) -> Write {
        let tried = Update::of::<Self>().add("tries", 1);
        Write::update(owner.key(kind), tried).when(Condition::All(vec![
            Condition::below("tries", &MAX_TRIES),
            Condition::at_least("expiresAt", &clock::unix_seconds()),
        ]))
    }

    /// Uses it up. The condition fails if it was used, has expired, or another one was sent. The item stays,
    /// because it counts how many were sent.
    pub fn spend(&self, owner: &CodeOwner) -> Write {
        let spent = Update::of::<Self>().set("expiresAt", &0);
        Write::update(owner.key(self.kind), spent).when(Condition::All(vec![
            Condition::eq("nonce", &self.nonce),
            Condition::at_least("expiresAt", &clock::unix_seconds()),
        ]))
    }

    /// Notes that it was handed over for delivery.
    pub fn deliver(&self, owner: &CodeOwner) -> Write {
        let delivered = Update::of::<Self>().set("delivered", &true);
        let unchanged = Condition::eq("nonce", &self.nonce);
        Write::update(owner.key(self.kind), delivered).when(unchanged)
    }

    /// Whether it is still to be delivered.
    pub fn is_due(&self) -> bool {
        !self.delivered && self.is_open()
    }

    /// Whether it can still be used.
    pub fn is_open(&self) -> bool {
        self.tries < MAX_TRIES && self.expires_at >= clock::unix_seconds()
    }

    /// Whether these are its digits.
    pub fn is(&self, ring: &KeyRing, owner: &CodeOwner, digits: &str) -> bool {
        self.secret(ring, owner)
            .is_some_and(|secret| secret.as_bytes().ct_eq(digits.as_bytes()).into())
    }

    /// The six digits or the link's token; nothing if its key was taken out of the ring. To be sent, and to
    /// be compared with; never to be written down.
    pub fn secret(&self, ring: &KeyRing, owner: &CodeOwner) -> Option<String> {
        if self.kind.is_link() {
            let tag = tag(ring, &self.kid, owner, self.kind, &self.nonce, "")?;
            let nonce = data_encoding::HEXLOWER.decode(self.nonce.as_bytes()).ok()?;
            let CodeOwner::Address(_, address) = owner else {
                return None;
            };
            let token = [address.as_ref(), &nonce, &tag].concat();
            return Some(BASE64URL_NOPAD.encode(&token));
        }
        tag(ring, &self.kid, owner, self.kind, &self.nonce, &self.to).map(|tag| digits(&tag))
    }
}

/// A link's token that the server made, whatever became of it since.
#[derive(Debug)]
pub struct Link {
    /// Whose mail it was sent to.
    pub owner: CodeOwner,
    /// Which of those that were sent there.
    pub nonce: String,
}

impl Link {
    /// Reads a token. An invention, and a token of another org or kind, is none: that costs no call.
    pub fn parse(ring: &KeyRing, org: &OrgId, kind: CodeKind, token: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (address, rest) = bytes.split_first_chunk::<{ AddressHash::BYTES }>()?;
        let (nonce, presented) = rest.split_first_chunk::<16>()?;
        let owner = CodeOwner::Address(org.clone(), AddressHash::from(*address));
        let nonce = data_encoding::HEXLOWER.encode(nonce);
        let made = |key_id| {
            tag(ring, key_id, &owner, kind, &nonce, "")
                .is_some_and(|tag| bool::from(tag.ct_eq(presented)))
        };
        ring.ids().any(made).then_some(Self { owner, nonce })
    }
}

/// What makes the secret of one kind, one owner, one address and one time.
fn tag(
    ring: &KeyRing,
    key_id: &str,
    owner: &CodeOwner,
    kind: CodeKind,
    nonce: &str,
    to: &str,
) -> Option<[u8; 32]> {
    let message = format!("{}\n{}\n{nonce}\n{to}", kind.as_str(), owner.subject());
    ring.tag(key_id, owner.org(), Purpose::OneTime, message.as_bytes())
}

/// Six digits, each number as likely as any other: parts of the tag above the last whole million are
/// passed over, one in six thousand.
fn digits(tag: &[u8; 32]) -> String {
    const MILLION: u32 = 1_000_000;
    let (parts, _) = tag.as_chunks::<4>();
    let mut tried = parts.iter().map(|part| u32::from_be_bytes(*part));
    let number = tried.find(|number| *number < u32::MAX / MILLION * MILLION);
    format!("{:06}", number.unwrap_or_default() % MILLION)
}

#[cfg(test)]
mod tests;
