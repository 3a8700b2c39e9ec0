//! Routes that a browser navigates to. It sends no headers of ours, so these take the org from elsewhere.

use axum::extract::{MatchedPath, Request};
use http::{HeaderValue, Method};
use serde::Deserialize;

/// The beginning of a sign-in with another company, and its end.
const NAVIGATED: [&str; 2] = ["/profile/{provider}", "/profile/{provider}/redirect"];

#[derive(Deserialize)]
struct Named {
    orgid: Option<String>,
    /// Begins with the org, in front of what is sealed under that org's own key.
    state: Option<String>,
}

/// Gives a navigation without an `orgid` header the one that its query names, so that everything that
/// follows finds the org where it always is. What a header says stands.
pub(super) fn name_org(request: &mut Request) {
    if request.method() != Method::GET || request.headers().contains_key("orgid") {
        return;
    }
    let matched = request.extensions().get::<MatchedPath>();
    if !matched.is_some_and(|path| NAVIGATED.contains(&path.as_str())) {
        return;
    }
    let query = request.uri().query().unwrap_or_default();
    let Ok(Named { orgid, state }) = serde_urlencoded::from_str(query) else {
        return;
    };
    let of_state = || state.as_deref()?.split_once('.').map(|(org, _)| org);
    let org = orgid.as_deref().or_else(of_state);
    if let Some(Ok(org)) = org.map(HeaderValue::from_str) {
        request.headers_mut().insert("orgid", org);
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::map_request;
    use axum::routing::any;
    use http::HeaderMap;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn only_navigations_name_their_org_in_the_query_and_a_header_is_never_overruled() {
        let shown = async |headers: HeaderMap| {
            headers
                .get("orgid")
                .cloned()
                .unwrap_or(HeaderValue::from_static("-"))
        };
        let shown =
            any(async move |headers: HeaderMap| shown(headers).await.to_str().unwrap().to_owned());
        let named = map_request(async |mut request: Request| {
            name_org(&mut request);
            request
        });
        let routes = Router::new()
            .route("/profile/{provider}", shown.clone())
            .route("/profile/{provider}/redirect", shown.clone())
            .route("/profile/{provider}/url", shown)
            .layer(named);
        for (method, uri, header, org) in [
            ("GET", "/profile/google?orgid=acme", None, "acme"),
            (
                "GET",
                "/profile/google?orgid=acme",
                Some("globex"),
                "globex",
            ),
            ("GET", "/profile/google", None, "-"),
            (
                "GET",
                "/profile/google/redirect?code=1&state=acme.k1.x",
                None,
                "acme",
            ),
            ("GET", "/profile/google/redirect?state=x&code=1", None, "-"),
            (
                "GET",
                "/profile/google/redirect?state=ac%0Ame.k1",
                None,
                "-",
            ),
            ("POST", "/profile/google/redirect?orgid=acme", None, "-"),
            ("GET", "/profile/google/url?orgid=acme", None, "-"),
        ] {
            let mut request = Request::builder().method(method).uri(uri);
            if let Some(header) = header {
                request = request.header("orgid", header);
            }
            let answer = routes.clone().oneshot(request.body(Body::empty()).unwrap());
            let body = answer.await.unwrap().into_body().collect().await.unwrap();
            assert_eq!(body.to_bytes(), org, "{method} {uri}");
        }
    }
}
