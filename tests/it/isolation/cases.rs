//! Everybody who asks, and what each of them is told.

use portico_shared::error::Code;
use portico_tests::Account;
use serde_json::{Map, Value};

use super::fixtures::Fixture;
use super::fixtures::Outcome::{self, Done, Refused};
use super::forge::Forge;
use super::scene::Scene;

/// What an operation makes of a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token {
    /// It is of no use; only, it must not be another org's.
    Ignored,
    /// It may be absent.
    Optional,
    /// It must be there.
    Required,
}

/// Whom the document lets use an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) token: Token,
    customer: bool,
    staff: bool,
}

impl Access {
    /// From the `security` of an operation.
    pub(crate) fn of(security: &Value) -> Self {
        let alternatives = security.as_array().map(Vec::as_slice).unwrap_or_default();
        let allows = |scheme: &str| {
            alternatives
                .iter()
                .any(|schemes| !schemes[scheme].is_null())
        };
        let nothing = |schemes: &Value| schemes.as_object().is_some_and(Map::is_empty);
        let token = match alternatives {
            [] => Token::Ignored,
            some if some.iter().any(nothing) => Token::Optional,
            _ => Token::Required,
        };
        Self {
            token,
            customer: allows("customer"),
            staff: allows("staff"),
        }
    }

    /// Whether staff alone may, who see every customer of their org.
    pub(crate) fn is_staffs(self) -> bool {
        self.staff && !self.customer
    }

    fn is_open(self) -> bool {
        self.token == Token::Ignored
    }
}

type Expected = Box<dyn Fn(&Fixture, Access) -> Outcome>;

/// Somebody who asks.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) org: Option<&'static str>,
    pub(crate) authorization: Option<String>,
    /// The customer id or staff id.
    pub(crate) id: String,
    pub(crate) expected: Expected,
}

impl Case {
    fn new(
        name: &'static str,
        org: &'static str,
        (id, token): (&str, &str),
        expected: impl Fn(&Fixture, Access) -> Outcome + 'static,
    ) -> Self {
        Self {
            name,
            org: Some(org),
            authorization: Some(format!("Bearer {token}")),
            id: id.to_owned(),
            expected: Box::new(expected),
        }
    }

    fn without_org(self) -> Self {
        Self { org: None, ..self }
    }

    fn authorization(self, authorization: Option<&str>) -> Self {
        let authorization = authorization.map(str::to_owned);
        Self {
            authorization,
            ..self
        }
    }
}

/// Everybody.
pub(crate) fn cases(scene: &Scene) -> Vec<Case> {
    let forge = Forge::new(scene);
    let mut cases = nobodies(scene);
    cases.extend(wrong_orgs(scene));
    cases.extend(others(scene, &forge));
    let id = scene.ann.id.as_str();
    let expired = refused(Code::TokenExpired);
    cases.push(Case::new(
        "expired",
        "acme",
        (id, &forge.expired()),
        expired,
    ));
    for (name, token) in forge.invalid() {
        let invalid = refused(Code::InvalidToken);
        cases.push(Case::new(name, "acme", (id, &token), invalid));
    }
    cases
}

/// Without a token.
fn nobodies(scene: &Scene) -> Vec<Case> {
    let ann = (scene.ann.id.as_str(), "");
    let nobody = |fixture: &Fixture, access: Access| match access.token {
        Token::Required => Refused(Code::MissingAuthorization),
        _ => fixture.anonymous,
    };
    let elsewhere = move |fixture: &Fixture, access| match nobody(fixture, access) {
        Done(_) => fixture.elsewhere,
        refused @ Refused(_) => refused,
    };
    vec![
        Case::new("nobody", "acme", ann, nobody).authorization(None),
        Case::new("nobody, elsewhere", "globex", ann, elsewhere).authorization(None),
        Case::new("another scheme", "acme", ann, refused(Code::InvalidToken))
            .authorization(Some("Basic YW5uOnNlY3JldA==")),
    ]
}

/// Ann with her own token, and a header that does not go with it.
fn wrong_orgs(scene: &Scene) -> Vec<Case> {
    let ann = (scene.ann.id.as_str(), scene.ann.token.as_str());
    // What org the header names comes first of all; only the health of a function is nobody's.
    let first = |code| {
        move |fixture: &Fixture, _| {
            let nobodys = fixture.path.ends_with("/health");
            if nobodys {
                fixture.happy
            } else {
                Refused(code)
            }
        }
    };
    vec![
        Case::new("Ann, no org", "", ann, first(Code::MissingOrgid)).without_org(),
        Case::new("Ann, no org id", "Acme", ann, first(Code::InvalidOrgid)),
        Case::new("Ann, no such org", "initech", ann, first(Code::UnknownOrg)),
        Case::new("Ann, elsewhere", "globex", ann, first(Code::OrgMismatch)),
    ]
}

/// Everybody else with a token of their own.
fn others(scene: &Scene, forge: &Forge<'_>) -> Vec<Case> {
    fn person(account: &Account) -> (&str, &str) {
        (&account.id, &account.token)
    }
    let another = |fixture: &Fixture, access| as_customer(fixture.other, fixture.anonymous, access);
    let namesake =
        |fixture: &Fixture, access| as_customer(fixture.elsewhere, fixture.elsewhere, access);
    let staff = |fixture: &Fixture, access| as_staff(fixture.happy, fixture.anonymous, access);
    let rival = |fixture: &Fixture, access| as_staff(fixture.elsewhere, fixture.elsewhere, access);
    let reviewer = |fixture: &Fixture, access: Access| {
        let denied = Refused(Code::PermissionDenied);
        let mine = if access.customer {
            fixture.happy
        } else {
            denied
        };
        as_staff(mine, fixture.anonymous, access)
    };
    let token = forge.reviewer();
    let looks = (scene.owner.id.as_str(), token.as_str());
    vec![
        Case::new(ANOTHER, "acme", person(&scene.bob), another),
        Case::new("a namesake", "globex", person(&scene.namesake), namesake),
        Case::new("staff", "acme", person(&scene.owner), staff),
        Case::new("staff elsewhere", "globex", person(&scene.rival), rival),
        Case::new("staff who only look", "acme", looks, reviewer),
    ]
}

/// Another customer of Ann's own org.
pub(crate) const ANOTHER: &str = "another customer";

/// What is the same for whoever is refused before anything else is looked at.
fn refused(code: Code) -> impl Fn(&Fixture, Access) -> Outcome {
    move |fixture, access| {
        if access.is_open() {
            fixture.anonymous
        } else {
            Refused(code)
        }
    }
}

fn as_customer(mine: Outcome, open: Outcome, access: Access) -> Outcome {
    match access {
        _ if access.is_open() => open,
        Access { customer: true, .. } => mine,
        _ => Refused(Code::StaffRequired),
    }
}

fn as_staff(mine: Outcome, open: Outcome, access: Access) -> Outcome {
    match access {
        _ if access.is_open() => open,
        Access { staff: true, .. } => mine,
        _ => Refused(Code::CustomerRequired),
    }
}
