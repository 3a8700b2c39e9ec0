//! Sign-ins and their refresh tokens.
//!
//! A sign-in opens a session. Its refresh token is used once: every use rotates it. A spent token that
//! comes back is either the other of two parallel tabs, within a short grace, or stolen: then the
//! session ends (RFC 9700 §4.14.2). Only hashes are stored.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::token::{Claims, Kind, Role};
use super::{Device, KeyRing, Principal, Purpose};
use crate::clock;
use crate::error::{Code, Error, Result};
use crate::ids::{CustomerId, OrgId, SessionId, StaffId};
use crate::store::{
    Condition, CustomerScope, Entity, Item, Key, Partition, Store, StoreError, Update, Write,
};

/// How long an access token is good for: 30 minutes.
pub const ACCESS_TOKEN_SECONDS: i64 = 30 * 60;
/// How long a refresh token that is not used is good for: 30 days.
const REFRESH_TOKEN_SECONDS: i64 = 30 * 24 * 60 * 60;
/// How long a spent token still answers the one that replaced it: for tabs that refresh together.
const GRACE_SECONDS: i64 = 30;

/// An open session, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    kind: Kind,
    roles: Vec<Role>,
    customer: Option<CustomerId>,
    /// What it was opened on.
    #[serde(default)]
    device: Option<Device>,
    /// How often the token was rotated.
    generation: u64,
    /// The key that today's token was derived under.
    kid: String,
    /// SHA-256 of today's token.
    hash: String,
    /// SHA-256 of the token before.
    previous: Option<String>,
    rotated_at: i64,
    expires_at: i64,
    created_at: jiff::Timestamp,
}

impl Entity for Session {
    const TYPE: &'static str = "Session";
}

impl Session {
    /// What it was opened on, if that is known.
    pub fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// When it was opened.
    pub fn opened_at(&self) -> jiff::Timestamp {
        self.created_at
    }

    /// Whether it can still be refreshed.
    pub(super) fn is_open(&self, now: i64) -> bool {
        self.expires_at >= now
    }

    pub(super) fn last_used_at(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.rotated_at).unwrap_or(self.created_at)
    }
}

/// The tokens that a sign-in or a refresh answers.
#[derive(Debug, Clone)]
pub struct SessionTokens {
    /// The access token, a JWT.
    pub access: String,
    /// The refresh token, opaque to clients.
    pub refresh: String,
    /// The customer id or staff id.
    pub subject: String,
    /// `customer`, or a staff member's roles.
    pub roles: Vec<String>,
}

/// A session about to be opened.
#[derive(Debug)]
pub struct NewSession {
    /// The write that opens it; alone or in a transaction.
    pub write: Write,
    /// What its owner gets once it is written.
    pub tokens: SessionTokens,
    key: Key,
    session: Session,
}

/// Whose session it is.
#[derive(Debug, Clone)]
pub(super) enum Owner {
    Customer(CustomerScope),
    Staff(OrgId, StaffId),
}

impl Owner {
    /// Whose session a principal asks with, and which.
    pub(super) fn of(principal: &Principal) -> (Self, &SessionId) {
        match principal {
            Principal::Customer(scope, session) => (Self::Customer(scope.clone()), session),
            Principal::Staff(staff, session) => {
                (Self::Staff(staff.org.clone(), staff.id.clone()), session)
            }
        }
    }

    fn org(&self) -> &OrgId {
        match self {
            Self::Customer(scope) => scope.org(),
            Self::Staff(org, _) => org,
        }
    }

    fn subject(&self) -> &str {
        match self {
            Self::Customer(scope) => scope.customer().as_str(),
            Self::Staff(_, staff) => staff.as_str(),
        }
    }

    pub(super) fn key(&self, session: &SessionId) -> Key {
        match self {
            Self::Customer(scope) => scope.key(&Item::Session(session)),
            Self::Staff(org, staff) => org.staff_session_key(staff, session),
        }
    }

    /// The partition that the sessions are in.
    pub(super) fn pk(&self) -> String {
        match self {
            Self::Customer(scope) => scope.pk(),
            Self::Staff(org, staff) => org.staff_pk(staff),
        }
    }
}

impl NewSession {
    /// A session of a customer.
    pub fn for_customer(ring: &KeyRing, scope: &CustomerScope) -> Result<Self> {
        Self::open(
            ring,
            &Owner::Customer(scope.clone()),
            Kind::Customer,
            Vec::new(),
            None,
        )
    }

    /// A session of a member of staff, who may also be a customer.
    pub fn for_staff(
        ring: &KeyRing,
        org: &OrgId,
        staff: &StaffId,
        roles: Vec<Role>,
        customer: Option<CustomerId>,
    ) -> Result<Self> {
        Self::open(
            ring,
            &Owner::Staff(org.clone(), staff.clone()),
            Kind::Staff,
            roles,
            customer,
        )
    }

    fn open(
        ring: &KeyRing,
        owner: &Owner,
        kind: Kind,
        roles: Vec<Role>,
        customer: Option<CustomerId>,
    ) -> Result<Self> {
        let id = SessionId::generate();
        let secret = secret(ring, ring.current(), owner, &id, 0)?;
        let now = clock::unix_seconds();
        let session = Session {
            kind,
            roles,
            customer,
            device: None,
            generation: 0,
            kid: ring.current().to_owned(),
            hash: hash(&secret),
            previous: None,
            rotated_at: now,
            expires_at: now + REFRESH_TOKEN_SECONDS,
            created_at: clock::now(),
        };
        let tokens = tokens(ring, owner, &id, &session, &secret)?;
        let key = owner.key(&id);
        Ok(Self {
            write: opening(&key, &session),
            tokens,
            key,
            session,
        })
    }

    /// The same, opened on this device: what its owner recognises it by.
    #[must_use]
    pub fn on(mut self, device: &Device) -> Self {
        self.session.device = Some(device.clone());
        self.write = opening(&self.key, &self.session);
        self
    }
}

fn opening(key: &Key, session: &Session) -> Write {
    Write::put(key.clone(), session).expiring(session.expires_at)
}

/// Ends a session. Ending one that is over already is no error.
pub async fn sign_out(store: &Store, principal: &Principal) -> Result<()> {
    let (owner, session) = Owner::of(principal);
    store.write(Write::delete(owner.key(session))).await?;
    Ok(())
}

/// Exchanges a refresh token for new tokens. One round trip.
///
/// # Errors
///
/// `invalid_refresh_token` whatever is wrong with it.
pub async fn refresh(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    token: &str,
) -> Result<SessionTokens> {
    let presented = Presented::parse(org, token).ok_or(Code::InvalidRefreshToken)?;
    // An invention costs no call; and a token of a key that was taken out of the ring is none any more.
    if !presented.was_issued(ring)? {
        return Err(Code::InvalidRefreshToken.into());
    }
    let Presented {
        owner,
        session: id,
        generation,
        secret: old,
    } = &presented;
    let next = secret(ring, ring.current(), owner, id, generation + 1)?;
    let now = clock::unix_seconds();
    let update = Update::of::<Session>()
        .set("hash", &hash(&next))
        .set("previous", &hash(old))
        .set("kid", &ring.current())
        .set("rotatedAt", &now)
        .set("expiresAt", &(now + REFRESH_TOKEN_SECONDS))
        .set("ttl", &(now + REFRESH_TOKEN_SECONDS))
        .add("generation", 1);
    let rotate = Write::update(owner.key(id), update).when(Condition::All(vec![
        Condition::eq("hash", &hash(old)),
        Condition::eq("generation", generation),
        Condition::at_least("expiresAt", &now),
    ]));
    match store.update::<Session>(rotate).await {
        Ok(session) => tokens(ring, owner, id, &session.entity, &next),
        Err(StoreError::ConditionFailed(found)) => match found.read::<Session>()? {
            Some(session) => spent(store, ring, &presented, &session.entity, now).await,
            None => Err(Code::InvalidRefreshToken.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// A token that is not today's: the other of two parallel tabs, a stolen one, or an invention.
async fn spent(
    store: &Store,
    ring: &KeyRing,
    presented: &Presented,
    session: &Session,
    now: i64,
) -> Result<SessionTokens> {
    let Presented {
        owner,
        session: id,
        generation,
        secret: old,
    } = presented;
    let in_grace = session.previous.as_deref() == Some(hash(old).as_str())
        && session.generation == generation + 1
        && now - session.rotated_at <= GRACE_SECONDS
        && session.expires_at >= now;
    if in_grace {
        let current = secret(ring, &session.kid, owner, id, session.generation)?;
        return tokens(ring, owner, id, session, &current);
    }
    if *generation < session.generation {
        store.write(Write::delete(owner.key(id))).await?;
        tracing::warn!(org = %owner.org(), session = %id, "a spent refresh token came back: session ended");
    }
    Err(Code::InvalidRefreshToken.into())
}

/// A refresh token taken apart: `<subject>.<session>.<generation>.<secret>`.
struct Presented {
    owner: Owner,
    session: SessionId,
    generation: u64,
    secret: String,
}

impl Presented {
    fn parse(org: &OrgId, token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (subject, session) = (parts.next()?, parts.next()?.parse().ok()?);
        let (generation, secret) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
        // Whether the session is this customer's is proved by the secret, before anything is done.
        let owner = match (subject.parse(), subject.parse()) {
            (Ok(customer), _) => Owner::Customer(CustomerScope::proved(org.clone(), customer)),
            (_, Ok(staff)) => Owner::Staff(org.clone(), staff),
            _ => return None,
        };
        parts.next().is_none().then_some(Self {
            owner,
            session,
            generation,
            secret,
        })
    }

    /// Whether the server once issued this very token.
    fn was_issued(&self, ring: &KeyRing) -> Result<bool> {
        for kid in ring.ids() {
            let issued = secret(ring, kid, &self.owner, &self.session, self.generation)?;
            if issued.as_bytes().ct_eq(self.secret.as_bytes()).into() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The secret of a session's nth token. Derived, so that the token can be told again to a parallel tab
/// although only its hash is stored.
fn secret(
    ring: &KeyRing,
    kid: &str,
    owner: &Owner,
    session: &SessionId,
    generation: u64,
) -> Result<String> {
    let message = format!("{}\n{session}\n{generation}", owner.subject());
    ring.tag(kid, owner.org(), Purpose::RefreshToken, message.as_bytes())
        .map(|tag| BASE64URL_NOPAD.encode(&tag))
        .ok_or(Code::InvalidRefreshToken.into())
}

fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

fn tokens(
    ring: &KeyRing,
    owner: &Owner,
    id: &SessionId,
    session: &Session,
    secret: &str,
) -> Result<SessionTokens, Error> {
    let subject = owner.subject().to_owned();
    let org = owner.org().clone();
    let mut claims = Claims::new(
        org,
        subject.clone(),
        session.kind,
        id.clone(),
        ACCESS_TOKEN_SECONDS,
    );
    claims.roles.clone_from(&session.roles);
    claims.cus.clone_from(&session.customer);
    let refresh = format!("{subject}.{id}.{}.{secret}", session.generation);
    let roles = match session.kind {
        Kind::Customer => vec!["customer".to_owned()],
        Kind::Staff => session
            .roles
            .iter()
            .map(|role| format!("{role:?}"))
            .collect(),
    };
    Ok(SessionTokens {
        access: claims.sign(ring)?,
        refresh,
        subject,
        roles,
    })
}
