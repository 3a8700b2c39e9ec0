//! The question for the second factor, between the password and the session.
//!
//! A challenge is its token: whose it is, until when, and a tag under a key of the org's own. Nothing is
//! written until it is answered. Then its tries are counted, and the answer that opens the session closes
//! it.

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use super::{Method, SecondFactor, TrustedDevice, mail_code, prove_code};
use crate::auth::{Device, KeyRing, Limit, NewSession, Purpose};
use crate::clock;
use crate::domain::admission::SignedIn;
use crate::domain::customer::Customer;
use crate::error::{Code, Error, Result};
use crate::ids::{ChallengeId, CustomerId, OrgId};
use crate::store::{CustomerScope, Item, Partition, Store, StoreError};
use crate::text::masked_email;

/// How long a challenge may be answered: 10 minutes.
pub const CHALLENGE_SECONDS: i64 = 10 * 60;
/// How often.
const MAX_TRIES: u32 = 5;

/// What is asked of somebody whose password was right.
#[derive(Debug)]
pub struct Challenge {
    /// What the answer has to show.
    pub token: String,
    /// Where the code comes from; it was mailed already, if it is by mail.
    pub method: Method,
    /// The address of the account, all but hidden.
    pub email: Option<String>,
    /// Whether the device was never trusted.
    pub is_new_device: bool,
}

/// A challenge that was met.
#[derive(Debug)]
pub struct Verified {
    /// The session.
    pub signed_in: SignedIn,
    /// What the device shows from now on, if it is to be trusted.
    pub device_token: Option<String>,
}

impl Challenge {
    /// A new one. No call to the table.
    pub(in crate::domain) fn issue(
        ring: &KeyRing,
        scope: &CustomerScope,
        factor: &SecondFactor,
        email: Option<&str>,
        is_new_device: bool,
    ) -> Result<Self> {
        let presented = Presented {
            scope: scope.clone(),
            id: ChallengeId::generate(),
            expires_at: clock::unix_seconds() + CHALLENGE_SECONDS,
        };
        let tag = presented.tag(ring, ring.current());
        let tag = tag.ok_or_else(|| Error::Internal("the current key is missing".to_owned()))?;
        Ok(Self {
            token: format!("{}.{tag}", presented.text()),
            method: factor.method,
            email: email.map(masked_email),
            is_new_device,
        })
    }
}

/// Answers a challenge. A wrong code leaves it alive, five times in all; a right one opens a session, and
/// closes it. The challenge's try, then two calls at once, and one transaction.
///
/// # Errors
///
/// `invalid_challenge`, `invalid_second_factor`; `rate_limited` after ten wrong codes of the customer's in a
/// quarter of an hour.
pub async fn verify(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    token: &str,
    code: &str,
    device: &Device,
    trust: bool,
) -> Result<Verified> {
    let Presented {
        scope,
        id,
        expires_at,
    } = Presented::parse(ring, org, token).ok_or(Code::InvalidChallenge)?;
    let limit = Limit::until(org, "challenge", id.as_str(), MAX_TRIES, expires_at);
    // Before the customer's own try: a challenge that is over must not use those up.
    limit.take(store).await?.ok_or(Code::InvalidChallenge)?;
    let (factor, spent) = prove_code(store, ring, &scope, code).await?;
    let session = NewSession::for_customer(ring, &scope)?.on(device);
    let trusted = trust.then(|| TrustedDevice::trust(&scope, &factor.entity, device));
    let mut writes = vec![spent.write(&scope, &factor), session.write, limit.close()];
    let device_token = trusted.map(|(token, write)| {
        writes.push(write);
        token
    });
    match store.transact(writes).await {
        Ok(()) => Ok(Verified {
            signed_in: SignedIn {
                scope,
                tokens: session.tokens,
            },
            device_token,
        }),
        // Another answer was quicker, with this code or in this challenge.
        Err(StoreError::Cancelled(reasons)) if reasons.first().is_some_and(Option::is_some) => {
            Err(Code::InvalidSecondFactor.into())
        }
        Err(StoreError::Cancelled(_)) => Err(Code::InvalidChallenge.into()),
        Err(error) => Err(error.into()),
    }
}

/// Mails the code of a challenge once more, in place of the one before. Three round trips.
///
/// # Errors
///
/// `invalid_challenge`; `code_not_sendable` for an authenticator app, which makes its codes itself, and for a
/// `method` that is not the customer's; `rate_limited` within a minute and after twenty within a day.
pub async fn send_again(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    token: &str,
    method: Option<Method>,
) -> Result<()> {
    let presented = Presented::parse(ring, org, token).ok_or(Code::InvalidChallenge)?;
    let scope = presented.scope;
    let (factor, profile) = (scope.key(&Item::SecondFactor), scope.key(&Item::Profile));
    let (factor, profile) = store
        .get_both::<SecondFactor, Customer>(&factor, &profile)
        .await?;
    let factor = factor.filter(|factor| factor.entity.is_on());
    let (Some(factor), Some(profile)) = (factor, profile) else {
        return Err(Code::InvalidChallenge.into());
    };
    match factor.entity.method {
        Method::Email if method.is_none_or(|method| method == Method::Email) => {
            mail_code(store, ring, &scope, &profile.entity.email).await
        }
        _ => Err(Code::CodeNotSendable.into()),
    }
}

/// A challenge's token taken apart: `<customer>.<challenge>.<Unix seconds>.<tag>`.
struct Presented {
    scope: CustomerScope,
    id: ChallengeId,
    expires_at: i64,
}

impl Presented {
    /// A token that this deployment issued for the org, and that has not expired.
    fn parse(ring: &KeyRing, org: &OrgId, token: &str) -> Option<Self> {
        let (text, tag) = token.rsplit_once('.')?;
        let mut parts = text.split('.');
        let customer: CustomerId = parts.next()?.parse().ok()?;
        let presented = Self {
            // That the customer is the one is proved by the tag, before anything is done.
            scope: CustomerScope::proved(org.clone(), customer),
            id: parts.next()?.parse().ok()?,
            expires_at: parts.next()?.parse().ok()?,
        };
        let issued = |kid| {
            let expected = presented.tag(ring, kid);
            expected.is_some_and(|expected| expected.as_bytes().ct_eq(tag.as_bytes()).into())
        };
        let genuine = presented.text() == text && ring.ids().any(issued);
        (genuine && presented.expires_at >= clock::unix_seconds()).then_some(presented)
    }

    fn text(&self) -> String {
        let Self {
            scope,
            id,
            expires_at,
        } = self;
        format!("{}.{id}.{expires_at}", scope.customer())
    }

    fn tag(&self, ring: &KeyRing, kid: &str) -> Option<String> {
        let text = self.text();
        let tag = ring.tag(kid, self.scope.org(), Purpose::Challenge, text.as_bytes())?;
        Some(BASE64URL_NOPAD.encode(&tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::second_factor::State;

    fn ring() -> KeyRing {
        KeyRing::parse(r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#).unwrap()
    }

    fn presented(expires_at: i64) -> String {
        let presented = Presented {
            scope: CustomerScope::proved("acme".parse().unwrap(), CustomerId::generate()),
            id: ChallengeId::generate(),
            expires_at,
        };
        let tag = presented.tag(&ring(), "k1").unwrap();
        format!("{}.{tag}", presented.text())
    }

    #[test]
    fn a_challenge_is_good_for_ten_minutes_in_its_org_and_unaltered() {
        let (acme, globex) = ("acme".parse().unwrap(), "globex".parse().unwrap());
        let scope = CustomerScope::proved("acme".parse().unwrap(), CustomerId::generate());
        let factor = SecondFactor {
            state: State::On,
            method: Method::Authenticator,
            secret: None,
            step: 0,
            backup: Vec::new(),
            since: clock::now(),
        };
        let challenge = Challenge::issue(&ring(), &scope, &factor, Some("ann@acme.example"), true);
        let token = challenge.unwrap().token;
        let parsed = Presented::parse(&ring(), &acme, &token).unwrap();
        assert_eq!(parsed.scope, scope);
        let left = parsed.expires_at - clock::unix_seconds();
        assert!((590..=600).contains(&left), "{left}");
        assert!(Presented::parse(&ring(), &globex, &token).is_none());
        let last = token.len() - 1;
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'1' { b'2' } else { b'1' };
            let altered = String::from_utf8(altered).unwrap();
            // The last character carries spare bits, but only text that is equal passes.
            let passes = Presented::parse(&ring(), &acme, &altered).is_some();
            assert!(!passes, "{at} of {last}");
        }
    }

    #[test]
    fn an_expired_challenge_and_nonsense_are_none() {
        let (acme, now) = ("acme".parse().unwrap(), clock::unix_seconds());
        assert!(Presented::parse(&ring(), &acme, &presented(now + 5)).is_some());
        for wrong in [&presented(now - 1), "", ".", "...", "a.b.c.d"] {
            assert!(Presented::parse(&ring(), &acme, wrong).is_none(), "{wrong}");
        }
    }
}
