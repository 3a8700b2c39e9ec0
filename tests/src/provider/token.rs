//! ID tokens, signed with a key made for the test; and such as no provider signs.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::Person;

/// What is wrong with an ID token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Forgery {
    /// It repeats another nonce.
    Nonce,
    /// It has no nonce.
    NoNonce,
    /// It is for another application.
    Audience,
    /// It is for this application and another.
    Audiences,
    /// Somebody else issued it.
    Issuer,
    /// It has expired.
    Expired,
    /// It was made an hour ago.
    Old,
    /// It is not signed: `"alg": "none"`.
    Unsigned,
    /// It is signed with HS256 and the provider's public key for a secret (RFC 8725 §2.1).
    PublicKeyAsSecret,
    /// It names a key that the provider has not.
    UnknownKey,
    /// It names the provider's key, and is signed with another.
    OtherKey,
    /// Its claims were changed after it was signed.
    Altered,
}

impl Forgery {
    /// Each of them.
    pub const ALL: [Self; 12] = [
        Self::Nonce,
        Self::NoNonce,
        Self::Audience,
        Self::Audiences,
        Self::Issuer,
        Self::Expired,
        Self::Old,
        Self::Unsigned,
        Self::PublicKeyAsSecret,
        Self::UnknownKey,
        Self::OtherKey,
        Self::Altered,
    ];
}

const KID: &str = "test-key-1";

fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(new_key)
}

fn new_key() -> KeyPair {
    KeyPair::generate(KeySize::Rsa2048).expect("a key")
}

/// The provider's public keys (RFC 7517).
pub(super) fn keys() -> Value {
    let key = key().public_key();
    let (n, e) = (key.modulus(), key.exponent());
    json!({"keys": [{
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID,
        "n": BASE64URL_NOPAD.encode(n.big_endian_without_leading_zero()),
        "e": BASE64URL_NOPAD.encode(e.big_endian_without_leading_zero()),
    }]})
}

fn part(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

/// A token by RS256 (RFC 7515, appendix A.2).
fn signed(pair: &KeyPair, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = SystemRandom::new();
    let done = pair.sign(
        &RSA_PKCS1_SHA256,
        &random,
        message.as_bytes(),
        &mut signature,
    );
    done.expect("a signature");
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// An ID token of an application's for somebody.
pub(super) fn id_token(
    client: &str,
    person: &Person,
    nonce: Option<&str>,
    forgery: Option<Forgery>,
) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("a time after 1970").as_secs();
    let mut claims = json!({
        "iss": "https://accounts.google.com", "aud": client, "azp": client, "sub": person.subject, "iat": now,
        "exp": now + 3600, "nonce": nonce, "email": person.email, "email_verified": person.verified,
        "given_name": "Ann", "family_name": "Lee",
    });
    let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": KID});
    match forgery {
        Some(Forgery::Nonce) => claims["nonce"] = json!("another"),
        Some(Forgery::NoNonce) => claims["nonce"] = Value::Null,
        Some(Forgery::Audience) => claims["aud"] = json!("another"),
        Some(Forgery::Audiences) => claims["aud"] = json!([client, "another"]),
        Some(Forgery::Issuer) => claims["iss"] = json!("https://accounts.evil.example"),
        Some(Forgery::Expired) => claims["exp"] = json!(now - 60),
        Some(Forgery::Old) => claims["iat"] = json!(now - 3600),
        Some(Forgery::UnknownKey) => header["kid"] = json!("another"),
        _ => {}
    }
    match forgery {
        Some(Forgery::Unsigned) => {
            header["alg"] = json!("none");
            format!("{}.{}.", part(&header), part(&claims))
        }
        Some(Forgery::PublicKeyAsSecret) => {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some(KID.to_owned());
            let public: PublicKeyX509Der<'_> = key().public_key().as_der().expect("a key as DER");
            let secret = EncodingKey::from_secret(public.as_ref());
            encode(&header, &claims, &secret).expect("a token")
        }
        Some(Forgery::OtherKey) => signed(&new_key(), &header, &claims),
        Some(Forgery::Altered) => {
            let token = signed(key(), &header, &claims);
            let signature = token.rsplit_once('.').expect("a signature").1;
            claims["sub"] = json!("1");
            format!("{}.{}.{signature}", part(&header), part(&claims))
        }
        _ => signed(key(), &header, &claims),
    }
}
