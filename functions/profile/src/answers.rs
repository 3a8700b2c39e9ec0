//! What signing in answers.

use portico_shared::auth::{ACCESS_TOKEN_SECONDS, SessionTokens};
use portico_shared::domain::admission::Admitted;
use portico_shared::domain::second_factor::{self, Method, Verified};
use serde::Serialize;
use utoipa::ToSchema;

/// A session, or a question first.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!({
    "token": "eyJ0eXAi…", "refresh_token": "cus_06f1….ses_06f1….0.kC3…", "refreshToken": "cus_06f1….ses_06f1….0.kC3…",
    "expiresIn": 1800, "user": {"sk": "cus_06f1…", "roles": ["customer"]},
    "data": {"token": "eyJ0eXAi…", "refresh_token": "cus_06f1….ses_06f1….0.kC3…", "user": {"sk": "cus_06f1…", "roles": ["customer"]}},
}))]
pub(crate) enum SignInAnswer {
    /// The customer is in.
    Session(Session),
    /// The customer has a second factor, and the device is not trusted.
    Challenge(Challenge),
}

impl From<Admitted> for SignInAnswer {
    fn from(admitted: Admitted) -> Self {
        match admitted {
            Admitted::In(signed_in) => Self::Session(Session::new(signed_in.tokens)),
            Admitted::Challenged(challenge) => Self::Challenge(challenge.into()),
        }
    }
}

/// The question for the second factor. There is no `token` in it: nobody is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "requiresTwoFactor": true, "challengeToken": "cus_06f1….chl_06f1….1777887600.kC3…", "twoFactorMethod": "authenticator",
    "message": "Enter the code that your authenticator app shows, or a backup code.", "email": "a***@acme.example",
    "isNewDevice": true, "expiresIn": 600,
}))]
pub(crate) struct Challenge {
    /// Always true.
    requires_two_factor: bool,
    /// To be sent with the code to `POST /profile/security/challenge/verify`. It opens nothing else.
    #[serde(rename = "challengeToken")]
    token: String,
    /// Where the code comes from.
    two_factor_method: Method,
    /// What to ask, for people.
    message: &'static str,
    /// The account's address, all but hidden.
    email: Option<String>,
    /// Whether this device was never trusted.
    is_new_device: bool,
    /// Seconds until the challenge is over.
    expires_in: i64,
}

impl From<second_factor::Challenge> for Challenge {
    fn from(challenge: second_factor::Challenge) -> Self {
        let message = match challenge.method {
            Method::Authenticator => {
                "Enter the code that your authenticator app shows, or a backup code."
            }
            Method::Email => "Enter the code that was mailed to you, or a backup code.",
        };
        Self {
            requires_two_factor: true,
            token: challenge.token,
            two_factor_method: challenge.method,
            message,
            email: challenge.email,
            is_new_device: challenge.is_new_device,
            expires_in: second_factor::CHALLENGE_SECONDS,
        }
    }
}

/// An open session. `token` and its fellows stand both at the top and in `data`, because published
/// clients of such systems read either.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "token": "eyJ0eXAi…", "refresh_token": "cus_06f1….ses_06f1….0.kC3…", "refreshToken": "cus_06f1….ses_06f1….0.kC3…",
    "expiresIn": 1800, "user": {"sk": "cus_06f1…", "roles": ["customer"]},
    "data": {"token": "eyJ0eXAi…", "refresh_token": "cus_06f1….ses_06f1….0.kC3…", "user": {"sk": "cus_06f1…", "roles": ["customer"]}},
}))]
pub(crate) struct Session {
    #[serde(flatten)]
    tokens: TokenPair,
    /// As `refresh_token`.
    #[serde(rename = "refreshToken")]
    refresh_token_alias: String,
    /// Seconds until `token` expires.
    #[serde(rename = "expiresIn")]
    expires_in: i64,
    /// What this device shows at later sign-ins, as `deviceToken`, to be asked for no second factor for 30
    /// days. Only after a challenge that was answered with `trustDevice`.
    #[serde(rename = "deviceToken", skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
    /// As at the top.
    data: TokenPair,
}

/// The tokens and whose they are.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct TokenPair {
    /// The access token: to be sent as `Authorization: Bearer …`.
    token: String,
    /// The refresh token: to be exchanged before `token` expires.
    refresh_token: String,
    /// Whose session it is.
    user: SessionUser,
}

/// Whose session it is.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct SessionUser {
    /// The customer id or staff id; a customer's is the `:author` of the storefront's paths.
    sk: String,
    /// `customer`, or a staff member's roles.
    roles: Vec<String>,
}

impl Session {
    pub(crate) fn new(tokens: SessionTokens) -> Self {
        let user = SessionUser {
            sk: tokens.subject,
            roles: tokens.roles,
        };
        let pair = TokenPair {
            token: tokens.access,
            refresh_token: tokens.refresh,
            user,
        };
        Self {
            refresh_token_alias: pair.refresh_token.clone(),
            expires_in: ACCESS_TOKEN_SECONDS,
            device_token: None,
            data: pair.clone(),
            tokens: pair,
        }
    }

    /// The session of somebody who met a challenge.
    pub(crate) fn verified(verified: Verified) -> Self {
        Self {
            device_token: verified.device_token,
            ..Self::new(verified.signed_in.tokens)
        }
    }
}
