//! Access tokens: JWTs (RFC 7519) held to RFC 8725, signed under a key of the org's own.

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};

use super::{KeyRing, Purpose};
use crate::clock;
use crate::error::{Code, Error, Result};
use crate::ids::{CustomerId, OrgId, SessionId, StaffId};
use crate::store::CustomerScope;

/// The issuer of every token of this family.
const ISSUER: &str = "portico";
/// RFC 9068 §2.1: an explicit type keeps other JWTs from passing for access tokens (RFC 8725 §3.11).
const TYPE: &str = "at+jwt";

/// What kind of principal a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A customer of the org.
    Customer,
    /// A member of the org's staff.
    Staff,
}

/// What a member of staff may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Role {
    /// Owns the org: everything.
    Owner,
    /// Runs the shop: orders, catalogue, customers.
    PowerUser,
    /// Handles orders.
    User,
    /// Looks, and changes nothing.
    Reviewer,
}

impl Role {
    /// Whether the role may move orders along.
    pub fn may_fulfil_orders(self) -> bool {
        matches!(self, Self::Owner | Self::PowerUser | Self::User)
    }

    /// Whether the role may decide on applications for benefits, which cost the org money.
    pub fn may_decide_benefits(self) -> bool {
        matches!(self, Self::Owner | Self::PowerUser)
    }

    /// Whether the role may look customers up.
    pub fn may_see_customers(self) -> bool {
        matches!(self, Self::Owner | Self::PowerUser)
    }

    /// Whether the role may act for the org's customers: read what they write, answer, decide what they ask for.
    pub fn may_serve_customers(self) -> bool {
        matches!(self, Self::Owner | Self::PowerUser | Self::User)
    }
}

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Always `portico`.
    pub iss: String,
    /// The org.
    pub aud: OrgId,
    /// The customer id or the staff id.
    pub sub: String,
    /// Which of the two.
    pub kind: Kind,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Not good from then on, Unix seconds.
    pub exp: i64,
    /// The sign-in that the token comes from.
    pub sid: SessionId,
    /// A staff member's roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// The customer that a staff member also is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cus: Option<CustomerId>,
}

impl Claims {
    /// Claims that are good from now on for `seconds`.
    pub fn new(org: OrgId, sub: String, kind: Kind, sid: SessionId, seconds: i64) -> Self {
        let iat = clock::unix_seconds();
        let iss = ISSUER.to_owned();
        Self {
            iss,
            aud: org,
            sub,
            kind,
            iat,
            exp: iat + seconds,
            sid,
            roles: Vec::new(),
            cus: None,
        }
    }

    /// The signed token.
    pub fn sign(&self, ring: &KeyRing) -> Result<String> {
        let key = ring
            .derive(ring.current(), &self.aud, Purpose::AccessToken)
            .ok_or_else(|| Error::Internal("the current key is missing".to_owned()))?;
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(ring.current().to_owned()),
            ..Header::default()
        };
        encode(&header, self, &EncodingKey::from_secret(&key))
            .map_err(|error| Error::Internal(format!("signing a token: {error}")))
    }
}

/// A verified member of staff.
#[derive(Debug, Clone, PartialEq)]
pub struct Staff {
    /// The org that the token is for.
    pub org: OrgId,
    /// The member of staff.
    pub id: StaffId,
    /// Their roles.
    pub roles: Vec<Role>,
    /// The customer that they also are.
    pub customer: Option<CustomerScope>,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq)]
pub enum Principal {
    /// A customer, signed in.
    Customer(CustomerScope, SessionId),
    /// Staff, signed in.
    Staff(Staff, SessionId),
}

impl Principal {
    /// Verifies a token for the org that the request names.
    ///
    /// # Errors
    ///
    /// `token_expired` for a token that was good once, `org_mismatch` for a good token of another
    /// org, and `invalid_token` for all else: it does not say what is wrong with a forgery.
    pub fn verify(ring: &KeyRing, org: &OrgId, token: &str) -> Result<Self> {
        let claims = verified_claims(ring, token)?;
        if claims.aud != *org {
            return Err(Code::OrgMismatch.into());
        }
        let scope = |customer| CustomerScope::proved(claims.aud.clone(), customer);
        match claims.kind {
            Kind::Customer => {
                let customer = claims.sub.parse().map_err(|_| Code::InvalidToken)?;
                Ok(Self::Customer(scope(customer), claims.sid))
            }
            Kind::Staff => {
                let id = claims.sub.parse().map_err(|_| Code::InvalidToken)?;
                let customer = claims.cus.map(scope);
                Ok(Self::Staff(
                    Staff {
                        org: claims.aud,
                        id,
                        roles: claims.roles,
                        customer,
                    },
                    claims.sid,
                ))
            }
        }
    }
}

fn verified_claims(ring: &KeyRing, token: &str) -> Result<Claims> {
    let invalid = || Error::from(Code::InvalidToken);
    let header = decode_header(token).map_err(|_| invalid())?;
    if header.alg != Algorithm::HS256 || header.typ.as_deref() != Some(TYPE) {
        return Err(invalid());
    }
    // Which key to try is the token's to say; whether it was signed under it is not.
    let claimed: Claims = insecure_decode_claims(token).map_err(|_| invalid())?;
    let kid = header.kid.ok_or_else(invalid)?;
    let key = ring
        .derive(&kid, &claimed.aud, Purpose::AccessToken)
        .ok_or_else(invalid)?;

    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[claimed.aud.as_str()]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    match decode::<Claims>(token, &DecodingKey::from_secret(&key), &validation) {
        Ok(token) => Ok(token.claims),
        Err(error) if *error.kind() == jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
            Err(Code::TokenExpired.into())
        }
        Err(_) => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RING: &str = r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#;

    fn ring() -> KeyRing {
        KeyRing::parse(RING).unwrap()
    }

    fn org(id: &str) -> OrgId {
        id.parse().unwrap()
    }

    fn claims() -> Claims {
        let sub = CustomerId::generate().to_string();
        Claims::new(org("acme"), sub, Kind::Customer, SessionId::generate(), 60)
    }

    fn code(token: &str, in_org: &str) -> Option<Code> {
        match Principal::verify(&ring(), &org(in_org), token) {
            Err(Error::Refused(refusal)) => Some(refusal.code),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    }

    fn signed(header: &Header, claims: &impl Serialize, as_org: &str) -> String {
        let key = ring()
            .derive("k1", &org(as_org), Purpose::AccessToken)
            .unwrap();
        encode(header, claims, &EncodingKey::from_secret(&key)).unwrap()
    }

    fn header() -> Header {
        Header {
            typ: Some(TYPE.to_owned()),
            kid: Some("k1".to_owned()),
            ..Header::default()
        }
    }

    #[test]
    fn a_token_speaks_for_the_customer_it_was_made_for() {
        let claims = claims();
        let token = claims.sign(&ring()).unwrap();
        let Principal::Customer(scope, _) =
            Principal::verify(&ring(), &org("acme"), &token).unwrap()
        else {
            panic!("not a customer");
        };
        assert_eq!(scope.customer().as_str(), claims.sub);
    }

    #[test]
    fn a_token_of_another_org_is_told_from_a_forgery_of_this_one() {
        assert_eq!(
            code(&claims().sign(&ring()).unwrap(), "globex"),
            Some(Code::OrgMismatch)
        );
        // Signed under acme's key, it claims to be globex's: the key does not fit.
        let forged = Claims {
            aud: org("globex"),
            ..claims()
        };
        assert_eq!(
            code(&signed(&header(), &forged, "acme"), "globex"),
            Some(Code::InvalidToken)
        );
    }

    #[test]
    fn everything_that_rfc_8725_warns_of_is_refused() {
        let good = claims();
        let text = |mut value: serde_json::Value, member: &str, with: serde_json::Value| {
            value[member] = with;
            value
        };
        let json = serde_json::to_value(&good).unwrap();
        let with = |member, value| signed(&header(), &text(json.clone(), member, value), "acme");
        assert_eq!(
            code(&with("exp", (clock::unix_seconds() - 1).into()), "acme"),
            Some(Code::TokenExpired)
        );
        assert_eq!(
            code(&with("iss", "other".into()), "acme"),
            Some(Code::InvalidToken)
        );
        assert_eq!(
            code(&with("sub", "usr_1".into()), "acme"),
            Some(Code::InvalidToken)
        );
        assert_eq!(
            code(&with("aud", serde_json::json!(["acme"])), "acme"),
            Some(Code::InvalidToken)
        );

        let other_algorithm = Header {
            alg: Algorithm::HS512,
            ..header()
        };
        assert_eq!(
            code(&signed(&other_algorithm, &good, "acme"), "acme"),
            Some(Code::InvalidToken)
        );
        let other_type = Header {
            typ: Some("JWT".to_owned()),
            ..header()
        };
        assert_eq!(
            code(&signed(&other_type, &good, "acme"), "acme"),
            Some(Code::InvalidToken)
        );
        let unknown_key = Header {
            kid: Some("k9".to_owned()),
            ..header()
        };
        assert_eq!(
            code(&signed(&unknown_key, &good, "acme"), "acme"),
            Some(Code::InvalidToken)
        );
        let no_key = Header {
            kid: None,
            ..header()
        };
        assert_eq!(
            code(&signed(&no_key, &good, "acme"), "acme"),
            Some(Code::InvalidToken)
        );

        let token = signed(&header(), &good, "acme");
        let (_, claims_and_signature) = token.split_once('.').unwrap();
        // {"alg":"none","typ":"at+jwt","kid":"k1"}
        let none = format!(
            "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoiazEifQ.{claims_and_signature}"
        );
        assert_eq!(code(&none, "acme"), Some(Code::InvalidToken));
    }

    proptest! {
        #[test]
        fn no_altered_token_is_accepted(at in 0usize..1000, with in "[A-Za-z0-9_.-]") {
            let token = claims().sign(&ring()).unwrap();
            let mut altered = token.clone();
            let at = at % token.len();
            altered.replace_range(at..=at, &with);
            // The last character of a base64 text may carry spare bits: equal bytes are no alteration.
            if altered != token && at < token.len() - 1 {
                prop_assert!(code(&altered, "acme").is_some());
            }
        }

        #[test]
        fn no_text_at_all_makes_verification_fail_otherwise_than_by_refusal(text in ".*") {
            prop_assert!(code(&text, "acme").is_some());
        }
    }
}
