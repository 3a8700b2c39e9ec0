//! Extractors that prove who asks. A handler that takes one runs only for those it names.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use iso_currency::Currency;

use super::{App, Failure};
use crate::auth::{Principal, Role, Staff};
use crate::domain::org::OrgConfig;
use crate::error::{Code, Result};
use crate::ids::OrgId;
use crate::store::{CustomerScope, Shopper};

/// The tenant that the `orgid` header names. It exists.
#[derive(Debug, Clone)]
pub struct Org {
    /// The org.
    pub id: OrgId,
    /// Its settings.
    pub config: Arc<OrgConfig>,
}

impl Org {
    /// The currency of the org's catalogue.
    pub fn currency(&self) -> Currency {
        self.config.currency()
    }
}

impl Org {
    async fn named_by(parts: &Parts, app: &App) -> Result<Self> {
        let header = parts.headers.get("orgid").ok_or(Code::MissingOrgid)?;
        let id: Option<OrgId> = header.to_str().ok().and_then(|text| text.parse().ok());
        let id = id.ok_or(Code::InvalidOrgid)?;
        let config = app.orgs.get(&app.store, &id).await?;
        Ok(Self { id, config })
    }
}

/// For operations that need no token. One that is sent all the same must not be another org's; an
/// expired one does no harm, or nobody could refresh it.
impl FromRequestParts<App> for Org {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let org = Self::named_by(parts, app).await?;
        if let Ok(Some(token)) = bearer(parts)
            && let Err(error) = Principal::verify(&app.ring, &org.id, token)
            && error.refusal().code == Code::OrgMismatch
        {
            return Err(error.into());
        }
        Ok(org)
    }
}

/// The bearer token of a request (RFC 6750 §2.1), if it has an `Authorization` header.
///
/// # Errors
///
/// `invalid_token` for a header that is not a bearer token.
pub fn bearer(parts: &Parts) -> Result<Option<&str>> {
    let Some(header) = parts.headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let text = header.to_str().map_err(|_| Code::InvalidToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(Code::InvalidToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Code::InvalidToken.into());
    }
    Ok(Some(token.trim()))
}

/// Whoever asks, with or without a token. A token that is there must be good.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The org.
    pub org: Org,
    /// Who it is, if they are signed in.
    pub principal: Option<Principal>,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let org = Org::named_by(parts, app).await?;
        let token = bearer(parts)?;
        let principal = token
            .map(|token| Principal::verify(&app.ring, &org.id, token))
            .transpose()?;
        Ok(Self { org, principal })
    }
}

impl Visitor {
    /// The customer who asks, if they are signed in as one.
    fn customer(&self) -> Result<Option<&CustomerScope>> {
        match &self.principal {
            None => Ok(None),
            Some(Principal::Customer(scope, _)) => Ok(Some(scope)),
            Some(Principal::Staff(staff, _)) => staff
                .customer
                .as_ref()
                .map(Some)
                .ok_or(Code::CustomerRequired.into()),
        }
    }

    /// The shopper that the request names as its `author`, if the visitor is that shopper.
    ///
    /// A customer's id is good only with that customer's token. A guest's id is good for who knows it and
    /// has no token: the guest who signed in has taken the cart along.
    ///
    /// # Errors
    ///
    /// `missing_authorization` for a customer's id without a token, whether or not there is such a
    /// customer; `not_found` for anybody else.
    pub fn shopper(&self, app: &App, author: &str) -> Result<Shopper> {
        match self.customer()? {
            Some(scope) if scope.customer().as_str() == author => {
                Ok(Shopper::Customer(scope.clone()))
            }
            Some(_) => Err(Code::NotFound.into()),
            None if author.starts_with("cus_") => Err(Code::MissingAuthorization.into()),
            None => app
                .ring
                .guest(&self.org.id, author)
                .map(Shopper::Guest)
                .ok_or(Code::NotFound.into()),
        }
    }

    /// The shopper who asks: the signed-in customer, or the guest of this id.
    ///
    /// # Errors
    ///
    /// As [`Visitor::shopper`]; nothing if there is neither a token nor an id.
    pub fn shopper_or_guest(&self, app: &App, guest: Option<&str>) -> Result<Option<Shopper>> {
        match (self.customer()?, guest) {
            (_, Some(author)) => self.shopper(app, author).map(Some),
            (Some(scope), None) => Ok(Some(Shopper::Customer(scope.clone()))),
            (None, None) => Ok(None),
        }
    }
}

/// Whoever asks, signed in.
#[derive(Debug, Clone)]
pub struct AnyPrincipal {
    /// The org.
    pub org: Org,
    /// Who it is.
    pub principal: Principal,
}

impl FromRequestParts<App> for AnyPrincipal {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Visitor { org, principal } = Visitor::from_request_parts(parts, app).await?;
        Ok(Self {
            org,
            principal: principal.ok_or(Code::MissingAuthorization)?,
        })
    }
}

/// The customer who asks: a customer, or a member of staff who also is one.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The org.
    pub org: Org,
    /// What they may reach: their own partition.
    pub scope: CustomerScope,
}

impl FromRequestParts<App> for Customer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let scope = visitor
            .customer()?
            .cloned()
            .ok_or(Code::MissingAuthorization)?;
        Ok(Self {
            org: visitor.org,
            scope,
        })
    }
}

/// The member of staff who asks.
#[derive(Debug, Clone)]
pub struct StaffMember {
    /// The org.
    pub org: Org,
    /// Who it is.
    pub staff: Staff,
}

impl FromRequestParts<App> for StaffMember {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let AnyPrincipal { org, principal } = AnyPrincipal::from_request_parts(parts, app).await?;
        match principal {
            Principal::Staff(staff, _) => Ok(Self { org, staff }),
            Principal::Customer(..) => Err(Code::StaffRequired.into()),
        }
    }
}

impl StaffMember {
    /// Refuses staff whose roles do not let them move orders along.
    ///
    /// # Errors
    ///
    /// `permission_denied`.
    pub fn must_fulfil_orders(&self) -> Result<()> {
        self.must(Role::may_fulfil_orders)
    }

    /// Refuses staff whose roles do not let them look customers up.
    ///
    /// # Errors
    ///
    /// `permission_denied`.
    pub fn must_see_customers(&self) -> Result<()> {
        self.must(Role::may_see_customers)
    }

    /// Refuses staff whose roles do not let them act for customers.
    ///
    /// # Errors
    ///
    /// `permission_denied`.
    pub fn must_serve_customers(&self) -> Result<()> {
        self.must(Role::may_serve_customers)
    }

    fn must(&self, may: fn(Role) -> bool) -> Result<()> {
        if self.staff.roles.iter().any(|role| may(*role)) {
            Ok(())
        } else {
            Err(Code::PermissionDenied.into())
        }
    }

    /// Refuses staff whose roles do not let them decide on applications for benefits.
    ///
    /// # Errors
    ///
    /// `permission_denied`.
    pub fn must_decide_benefits(&self) -> Result<()> {
        self.must(Role::may_decide_benefits)
    }
}
