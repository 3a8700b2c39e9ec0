//! Facebook: <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow>.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::{Grant, Identity, OAuth, Provider, email, name, subject};
use crate::error::Result;

/// The Graph API's version. Each is served for two years at least.
pub(super) const VERSION: &str = "v24.0";

pub(super) const SCOPE: &str = "email,public_profile";

#[derive(Deserialize)]
struct Me {
    /// The user, as this application knows them.
    id: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

impl OAuth<'_> {
    pub(super) async fn facebook(&self, grant: &Grant<'_>) -> Result<Identity> {
        let graph = format!("{}/{VERSION}", self.urls.facebook_graph);
        let tokens = self
            .tokens(&format!("{graph}/oauth/access_token"), grant)
            .await?;
        let access = tokens.access.reveal();
        let query = [
            ("fields", "id,email,first_name,last_name"),
            ("appsecret_proof", &self.facebook_proof(access)),
        ];
        let request = self.http.client()?.get(format!("{graph}/me"));
        // The token in a header: URLs are what gets logged.
        let request = request.query(&query).bearer_auth(access);
        let reply = self.http.send("facebook", request, true).await?;
        if !reply.status.is_success() {
            return Err(reply.unexpected());
        }
        let me: Me = reply.json()?;
        Ok(Identity {
            provider: Provider::Facebook,
            subject: subject(me.id)?,
            email: email(me.email),
            // It tells an address, and nowhere says that it is made sure of.
            email_verified: false,
            first_name: name(me.first_name),
            last_name: name(me.last_name),
        })
    }

    /// Shows that the token is used by who has the application's secret:
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>.
    fn facebook_proof(&self, token: &str) -> String {
        let secret = self.secret.reveal().as_bytes();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(token.as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }
}
