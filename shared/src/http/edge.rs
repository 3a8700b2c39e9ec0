//! The edge, where there is one: a `CloudFront` distribution with a web ACL in front of the API.
//!
//! The API keeps an address of its own, so nothing but a secret tells a request that came through the
//! edge from one that went around it. `CloudFront` adds it to each request, and overwrites a header of
//! that name which its client sent.

use std::collections::BTreeMap;
use std::env;
use std::fmt::{self, Debug, Formatter};
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use subtle::{Choice, ConstantTimeEq};

use super::ClientIp;
use crate::aws::Aws;
use crate::error::{Code, Refusal};

/// Carries the secret. The distribution in `template.yaml` adds it.
const ORIGIN_VERIFY: &str = "x-origin-verify";

/// The viewer's address. A function of that distribution sets it, whatever the viewer sent.
const TRUE_CLIENT_IP: &str = "true-client-ip";

/// Shorter secrets are a mistake.
const MIN_SECRET: usize = 32;

/// Why it is not known what the edge proves itself with.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The secret is not the JSON it should be.
    #[error("the origin's secret is not a JSON object of texts of at least 32 characters")]
    Malformed,
    /// Secrets Manager did not give the secret.
    #[error("the origin's secret could not be read from Secrets Manager: {0}")]
    Unavailable(String),
}

/// What a request must prove about its way here: nothing ([`Edge::default`]), or that it came through
/// the edge.
#[derive(Clone, Default)]
pub struct Edge(Option<Arc<[String]>>);

impl Edge {
    /// Reads the value of the secret, `{"current": "…", "previous": "…"}`. The edge sends `current`; each
    /// of its members is accepted, so that it can be rotated.
    pub fn parse(json: &str) -> Result<Self, EdgeError> {
        let secrets: BTreeMap<String, String> =
            serde_json::from_str(json).map_err(|_| EdgeError::Malformed)?;
        if secrets.is_empty() || secrets.values().any(|secret| secret.len() < MIN_SECRET) {
            return Err(EdgeError::Malformed);
        }
        Ok(Self(Some(secrets.into_values().collect())))
    }

    /// Reads the secret named by `PORTICO_ORIGIN_SECRET`; there is no edge if that is unset or empty.
    pub async fn from_secrets_manager(aws: &Aws) -> Result<Self, EdgeError> {
        match env::var("PORTICO_ORIGIN_SECRET") {
            Ok(id) if !id.is_empty() => {
                let secret = aws.secret(&id).await.map_err(EdgeError::Unavailable)?;
                Self::parse(&secret)
            }
            _ => Ok(Self::default()),
        }
    }

    /// Lets a request in, and notes who the edge says its client is. Without an edge, all are let in and
    /// its headers mean nothing.
    ///
    /// # Errors
    ///
    /// `edge_required` for a request that went around the edge.
    pub(super) fn admit(&self, request: &mut Request) -> Result<(), Refusal> {
        let Some(secrets) = &self.0 else {
            return Ok(());
        };
        let sent = request.headers_mut().remove(ORIGIN_VERIFY);
        let sent = sent.as_ref().map_or(&[][..], |sent| sent.as_bytes());
        // Every one is compared, so that the time tells nothing of which it was.
        let known = secrets.iter().fold(Choice::from(0), |known, secret| {
            known | secret.as_bytes().ct_eq(sent)
        });
        if !bool::from(known) {
            return Err(Refusal::new(Code::EdgeRequired));
        }
        let viewer = request.headers().get(TRUE_CLIENT_IP);
        let viewer = viewer.and_then(|viewer| viewer.to_str().ok()?.parse().ok());
        if let Some(viewer) = viewer {
            request.extensions_mut().insert(ClientIp(network(viewer)));
        }
        Ok(())
    }
}

impl Debug for Edge {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let secrets = self.0.as_ref().map(|secrets| secrets.len());
        f.debug_tuple("Edge").field(&secrets).finish()
    }
}

/// What a client cannot change at will: its address, or with IPv6, where one client has 2⁶⁴ of them, its
/// network (RFC 6177 §2).
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURRENT: &str = "current-0123456789-0123456789-012345";
    const PREVIOUS: &str = "previous-0123456789-0123456789-01234";

    fn edge() -> Edge {
        let json = format!(r#"{{"current":"{CURRENT}","previous":"{PREVIOUS}"}}"#);
        Edge::parse(&json).unwrap()
    }

    fn request(headers: &[(&str, &str)]) -> Request {
        let request = Request::builder().uri("/profile/health");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(axum::body::Body::empty()).unwrap()
    }

    fn client(edge: &Edge, headers: &[(&str, &str)]) -> Result<Option<String>, &'static str> {
        let mut request = request(headers);
        edge.admit(&mut request)
            .map_err(|refusal| refusal.code.as_str())?;
        assert!(edge.0.is_none() || !request.headers().contains_key(ORIGIN_VERIFY));
        let client = request.extensions().get::<ClientIp>();
        Ok(client.map(|ClientIp(client)| client.clone()))
    }

    #[test]
    fn only_a_member_of_the_secret_lets_a_request_in() {
        let longer = format!("{CURRENT}x");
        let both = format!("{CURRENT},{CURRENT}");
        for sent in ["", "x", &CURRENT[1..], &longer, &both, "current"] {
            let headers = [(ORIGIN_VERIFY, sent), (TRUE_CLIENT_IP, "198.51.100.10")];
            assert_eq!(client(&edge(), &headers), Err("edge_required"), "{sent}");
        }
        assert_eq!(client(&edge(), &[]), Err("edge_required"));
        for sent in [CURRENT, PREVIOUS] {
            assert_eq!(client(&edge(), &[(ORIGIN_VERIFY, sent)]), Ok(None));
        }
    }

    #[test]
    fn the_client_is_who_the_edge_says_and_an_ipv6_client_is_its_network() {
        let client = |address| {
            client(
                &edge(),
                &[(ORIGIN_VERIFY, CURRENT), (TRUE_CLIENT_IP, address)],
            )
        };
        let is = |client: &str| Ok(Some(client.to_owned()));
        assert_eq!(client("198.51.100.10"), is("198.51.100.10"));
        assert_eq!(client("::ffff:198.51.100.10"), is("198.51.100.10"));
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), is("2001:db8:1:2::/64"));
        assert_eq!(client("2001:db8:1:2::7"), is("2001:db8:1:2::/64"));
        assert_eq!(client("198.51.100.10, 198.51.100.11"), Ok(None));
    }

    #[test]
    fn without_an_edge_its_headers_mean_nothing() {
        let headers = [(ORIGIN_VERIFY, CURRENT), (TRUE_CLIENT_IP, "198.51.100.10")];
        assert_eq!(client(&Edge::default(), &headers), Ok(None));
        assert_eq!(client(&Edge::default(), &[]), Ok(None));
    }

    #[test]
    fn a_secret_that_would_let_everybody_in_is_none() {
        for json in ["", "{}", "[]", r#"{"current":""}"#, r#"{"current":1}"#] {
            assert!(
                matches!(Edge::parse(json), Err(EdgeError::Malformed)),
                "{json}"
            );
        }
        let one_is_short = format!(r#"{{"current":"{CURRENT}","previous":"short"}}"#);
        assert!(Edge::parse(&one_is_short).is_err());
    }

    #[test]
    fn its_debug_form_says_nothing_of_the_secret() {
        assert_eq!(format!("{:?}", edge()), "Edge(Some(2))");
    }
}
