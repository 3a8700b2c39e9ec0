//! Tokens that must not pass: each claims to be Ann, and has one thing wrong.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto, encode};
use portico_shared::auth::{Claims, Kind, Purpose, Role};
use portico_shared::ids::{OrgId, SessionId};
use serde::Serialize;
use serde_json::{Value, json};

use super::scene::Scene;

/// What is right about a token of Ann's, to be spoiled.
pub(crate) struct Forge<'a> {
    scene: &'a Scene,
    claims: Claims,
    header: Header,
}

impl<'a> Forge<'a> {
    pub(crate) fn new(scene: &'a Scene) -> Self {
        let (org, sub) = (org("acme"), scene.ann.id.clone());
        let header = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some(scene.ring.current().to_owned()),
            ..Header::default()
        };
        let claims = Claims::new(org, sub, Kind::Customer, SessionId::generate(), 600);
        Self {
            scene,
            claims,
            header,
        }
    }

    fn key(&self, of: &str, purpose: Purpose) -> EncodingKey {
        let ring = &self.scene.ring;
        let key = ring.derive(ring.current(), &org(of), purpose);
        EncodingKey::from_secret(&key.expect("the current key is there"))
    }

    fn sign(&self, header: &Header, claims: &impl Serialize) -> String {
        let key = self.key("acme", Purpose::AccessToken);
        encode(header, claims, &key).expect("a token")
    }

    /// Ann's claims with one member replaced, or taken out if `value` is null.
    fn with(&self, member: &str, value: Value) -> String {
        let mut claims = serde_json::to_value(&self.claims).expect("claims are JSON");
        match value {
            Value::Null => claims.as_object_mut().expect("an object").remove(member),
            value => claims
                .as_object_mut()
                .expect("an object")
                .insert(member.to_owned(), value),
        };
        self.sign(&self.header, &claims)
    }

    fn with_type(&self, typ: Option<&str>) -> String {
        let typ = typ.map(str::to_owned);
        self.sign(
            &Header {
                typ,
                ..self.header.clone()
            },
            &self.claims,
        )
    }

    fn with_key_id(&self, kid: Option<&str>) -> String {
        let kid = kid.map(str::to_owned);
        self.sign(
            &Header {
                kid,
                ..self.header.clone()
            },
            &self.claims,
        )
    }

    fn signed_with(&self, of: &str, purpose: Purpose) -> String {
        encode(&self.header, &self.claims, &self.key(of, purpose)).expect("a token")
    }

    /// A header that names the algorithm `alg`, and a signature by HMAC-SHA-256 under the right key.
    fn naming_algorithm(&self, alg: &str, signed: bool) -> String {
        let kid = self.scene.ring.current();
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": kid}).to_string();
        let claims = serde_json::to_vec(&self.claims).expect("claims are JSON");
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let message = format!("{}.{}", encode(header.as_bytes()), encode(&claims));
        let key = self.key("acme", Purpose::AccessToken);
        let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        let signature = signature.expect("a signature");
        format!("{message}.{}", if signed { signature.as_str() } else { "" })
    }

    /// The control: with nothing wrong, the token passes.
    pub(crate) fn good(&self) -> String {
        self.sign(&self.header, &self.claims)
    }

    /// Good until a second ago.
    pub(crate) fn expired(&self) -> String {
        self.with("exp", json!(self.claims.iat - 1))
    }

    /// Staff of acme's whose role lets them change nothing.
    pub(crate) fn reviewer(&self) -> String {
        let (sub, kind) = (self.scene.owner.id.clone(), Kind::Staff);
        let claims = Claims {
            sub,
            kind,
            roles: vec![Role::Reviewer],
            ..self.claims.clone()
        };
        self.sign(&self.header, &claims)
    }

    /// Tokens that are no tokens of this platform's, by what is wrong with them.
    pub(crate) fn invalid(&self) -> Vec<(&'static str, String)> {
        let other_algorithm = Header {
            alg: Algorithm::HS512,
            ..self.header.clone()
        };
        vec![
            ("garbage", "not.a.token".to_owned()),
            ("no token at all", String::new()),
            ("a refresh token", self.scene.ann.refresh.clone()),
            ("alg none", self.naming_algorithm("none", false)),
            ("alg none, yet signed", self.naming_algorithm("none", true)),
            (
                "RS256 in the header of an HMAC",
                self.naming_algorithm("RS256", true),
            ),
            (
                "HS512 under the right key",
                self.sign(&other_algorithm, &self.claims),
            ),
            (
                "another audience under this org's key",
                self.with("aud", json!("globex")),
            ),
            ("two audiences", self.with("aud", json!(["acme", "globex"]))),
            ("another issuer", self.with("iss", json!("elsewhere"))),
            ("no end", self.with("exp", Value::Null)),
            ("a customer as staff", self.with("kind", json!("staff"))),
            (
                "staff as a customer",
                self.with("sub", json!(self.scene.owner.id)),
            ),
            ("another type", self.with_type(Some("JWT"))),
            ("no type", self.with_type(None)),
            ("an unknown key", self.with_key_id(Some("k0"))),
            ("no key", self.with_key_id(None)),
            (
                "another org's key",
                self.signed_with("globex", Purpose::AccessToken),
            ),
            (
                "a key for something else",
                self.signed_with("acme", Purpose::RefreshToken),
            ),
        ]
    }
}

fn org(id: &str) -> OrgId {
    id.parse().expect("an org id")
}
