//! GitHub: <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>.

use http::header::ACCEPT;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Grant, Identity, OAuth, Provider, Tokens, email, names, subject};
use crate::error::Result;

/// A user's addresses are not in what everybody may read of them.
pub(super) const SCOPE: &str = "read:user user:email";

/// The API's version, which each call names.
const VERSION: &str = "2022-11-28";

#[derive(Deserialize)]
struct User {
    /// The login can be changed, and taken over by somebody else; the id cannot.
    id: u64,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

impl OAuth<'_> {
    pub(super) async fn github(&self, grant: &Grant<'_>) -> Result<Identity> {
        let url = format!("{}/login/oauth/access_token", self.urls.github);
        let tokens = self.tokens(&url, grant).await?;
        let user: User = self.github_get("/user", &tokens).await?;
        let addresses: Vec<Address> = self.github_get("/user/emails", &tokens).await?;
        let primary = addresses.into_iter().find(|address| address.primary);
        let (first_name, last_name) = names(user.name);
        Ok(Identity {
            provider: Provider::Github,
            subject: subject(user.id.to_string())?,
            email_verified: primary.as_ref().is_some_and(|address| address.verified),
            email: email(primary.map(|address| address.email)),
            first_name,
            last_name,
        })
    }

    async fn github_get<T: DeserializeOwned>(&self, path: &str, tokens: &Tokens) -> Result<T> {
        let url = format!("{}{path}", self.urls.github_api);
        let request = self.http.client()?.get(url);
        let request = request
            .bearer_auth(tokens.access.reveal())
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", VERSION);
        let reply = self.http.send("github", request, true).await?;
        if !reply.status.is_success() {
            return Err(reply.unexpected());
        }
        reply.json()
    }
}
