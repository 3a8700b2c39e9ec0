//! `portico demo`: two orgs to try everything on.
//!
//! All of it goes through the functions that serve customers and operators. What is there already stays
//! as it is, so that seeding again changes nothing and completes what was interrupted.

mod orders;

use std::fmt;

use clap::Args;
use indicatif::ProgressBar;
use iso_currency::Currency;
use portico_shared::auth::{self, Device, KeyRing, Kind, Password, Principal, Role};
use portico_shared::aws::Aws;
use portico_shared::domain::account::{self, NewCustomer};
use portico_shared::domain::benefit;
use portico_shared::domain::org::{self, FileLimits, OrgConfig};
use portico_shared::domain::reservation;
use portico_shared::domain::staff::StaffMember;
use portico_shared::error::Code;
use portico_shared::ids::{OrgId, StaffId};
use portico_shared::store::Store;

use crate::catalogue::{Format, Plan};
use crate::error::Error;
use crate::reservations;

/// Somebody who can sign in to the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// The `orgid` header to send.
    pub org: &'static str,
    /// Whether it is a customer (`POST /profile/customer/signin`) or staff (`POST /profile/user/signin`).
    pub kind: Kind,
    /// The e-mail address.
    pub email: &'static str,
    /// The password.
    pub password: &'static str,
    first_name: &'static str,
    last_name: &'static str,
}

/// For people: `acme customer ann@acme.example portico-demo-pass`, in columns.
impl fmt::Display for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == Kind::Customer {
            "customer"
        } else {
            "staff"
        };
        write!(
            f,
            "{:<7} {kind:<9} {:<21} {}",
            self.org, self.email, self.password
        )
    }
}

const fn customer(
    org: &'static str,
    email: &'static str,
    first: &'static str,
    last: &'static str,
) -> SignIn {
    let password = "portico-demo-pass";
    SignIn {
        org,
        kind: Kind::Customer,
        email,
        password,
        first_name: first,
        last_name: last,
    }
}

const fn staff(
    org: &'static str,
    email: &'static str,
    first: &'static str,
    last: &'static str,
) -> SignIn {
    let password = "portico-demo-staff";
    SignIn {
        org,
        kind: Kind::Staff,
        email,
        password,
        first_name: first,
        last_name: last,
    }
}

/// Ann, who has orders at acme.
const ANN: SignIn = customer("acme", "ann@acme.example", "Ann", "Lee");

/// Everybody who can sign in to the demo. One address is a customer of both orgs: they are two accounts.
pub const SIGN_INS: [SignIn; 6] = [
    ANN,
    customer("acme", "bob@acme.example", "Bob", "Okafor"),
    staff("acme", "owner@acme.example", "Olga", "Ortiz"),
    staff("globex", "owner@globex.example", "Gus", "Berg"),
    customer("globex", "ann@globex.example", "Ann", "Novak"),
    customer("globex", "ann@acme.example", "Ann", "Lee"),
];

/// An org of the demo and its catalogue.
struct DemoOrg {
    id: &'static str,
    name: &'static str,
    format: Format,
    file: &'static str,
    catalogue: &'static str,
    /// What can be booked, if anything can: the file's name and content.
    reservations: Option<(&'static str, &'static str)>,
}

const ORGS: [DemoOrg; 2] = [
    DemoOrg {
        id: "acme",
        name: "Acme Outfitters",
        format: Format::Json,
        file: "infra/demo/acme.json",
        catalogue: include_str!("../../../demo/acme.json"),
        reservations: Some((
            "infra/demo/acme-reservations.json",
            include_str!("../../../demo/acme-reservations.json"),
        )),
    },
    DemoOrg {
        id: "globex",
        name: "Globex Coffee",
        format: Format::Csv,
        file: "infra/demo/globex.csv",
        catalogue: include_str!("../../../demo/globex.csv"),
        reservations: None,
    },
];

/// What `portico demo` can be told.
#[derive(Debug, Args)]
pub(crate) struct Command {
    /// Seed a table that is not on this machine, where whoever knows the demo's passwords can sign in
    #[arg(long)]
    public_passwords: bool,
}

impl Command {
    pub(crate) async fn run(self, aws: &Aws, table: &str) -> Result<String, Error> {
        if !self.public_passwords
            && !aws
                .endpoints()
                .dynamodb
                .as_deref()
                .is_some_and(on_this_machine)
        {
            return Err(Error::Usage(
                "the demo's passwords are public; --public-passwords seeds a table that is not on this machine"
                    .to_owned(),
            ));
        }
        if aws.endpoints().dynamodb.is_some() && aws.endpoints().secrets_manager.is_none() {
            return Err(Error::Usage(
                "the demo's orders need the platform's key ring: set AWS_ENDPOINT_URL_SECRETS_MANAGER, too, as \
                 `make dev` prints it"
                    .to_owned(),
            ));
        }
        let ring = KeyRing::from_secrets_manager(aws).await?;
        seed(aws, table, &ring).await?;
        let lines: Vec<String> = SIGN_INS
            .iter()
            .map(|sign_in| format!("  {sign_in}\n"))
            .collect();
        Ok(format!("The demo is there. Sign in as\n{}", lines.concat()))
    }
}

fn on_this_machine(url: &str) -> bool {
    let host = url
        .split("://")
        .nth(1)
        .unwrap_or_default()
        .split('/')
        .next()
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Seeds the demo into a table. Needs the deployment's own key ring, which orders are numbered by.
///
/// # Errors
///
/// Whatever keeps it from being complete; seeding again goes on from there.
pub async fn seed(aws: &Aws, table: &str, ring: &KeyRing) -> Result<(), Error> {
    let store = Store::new(aws, table);
    for demo in &ORGS {
        let org = org_id(demo.id)?;
        seed_org(&store, &org, demo).await?;
        for sign_in in SIGN_INS.iter().filter(|sign_in| sign_in.org == demo.id) {
            match sign_in.kind {
                Kind::Customer => seed_customer(&store, ring, &org, sign_in).await?,
                Kind::Staff => seed_staff(&store, &org, sign_in).await?,
            }
        }
        if demo.id == ANN.org {
            orders::seed(&store, ring).await?;
            seed_benefits(&store, &org).await?;
        }
    }
    Ok(())
}

/// Whether the demo is there whole: its last account is the last thing that seeding writes.
///
/// # Errors
///
/// When the table does not answer.
pub async fn is_seeded(store: &Store) -> Result<bool, Error> {
    let last = SIGN_INS[SIGN_INS.len() - 1];
    let customer = account::find_customer(store, &org_id(last.org)?, last.email).await;
    Ok(customer.map_err(Error::from)?.is_some())
}

fn org_id(id: &str) -> Result<OrgId, Error> {
    id.parse()
        .map_err(|_| Error::Refused(format!("{id} is no org id")))
}

async fn seed_org(store: &Store, org: &OrgId, demo: &DemoOrg) -> Result<(), Error> {
    if org::load(store, org).await?.is_none() {
        let (name, currency) = (demo.name.to_owned(), "USD".to_owned());
        org::save(
            store,
            org,
            &OrgConfig {
                name,
                currency,
                allowed_origins: vec!["*".to_owned()],
                return_origins: vec!["http://localhost:5173".to_owned()],
                files: FileLimits::default(),
                portal_url: Some(format!("https://account.{org}.example")),
            },
        )
        .await?;
    }
    let plan = Plan::new(
        store,
        org,
        demo.format,
        demo.file,
        demo.catalogue.as_bytes(),
    )
    .await?;
    let plan = plan.only_new(store, org).await?;
    if !plan.is_empty() {
        plan.write(store, org, &ProgressBar::hidden()).await?;
    }
    if let Some((file, definitions)) = demo.reservations
        && reservation::stored(store, org).await?.is_empty()
    {
        reservations::import(store, org, file, definitions.as_bytes(), false).await?;
    }
    Ok(())
}

async fn seed_benefits(store: &Store, org: &OrgId) -> Result<(), Error> {
    let source = include_bytes!("../../../demo/acme-benefits.json");
    if benefit::list(store, org).await?.is_empty() {
        let programs = crate::benefits::read(source, Currency::USD).map_err(Error::Refused)?;
        benefit::save(store, org, Currency::USD, programs).await?;
    }
    Ok(())
}

/// Signing up signs in; that session is closed again.
async fn seed_customer(
    store: &Store,
    ring: &KeyRing,
    org: &OrgId,
    demo: &SignIn,
) -> Result<(), Error> {
    if account::find_customer(store, org, demo.email)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let new = NewCustomer {
        email: demo.email.to_owned(),
        password: Password::new(demo.password),
        first_name: Some(demo.first_name.to_owned()),
        last_name: Some(demo.last_name.to_owned()),
        phone: None,
    };
    let device = Device::of("");
    let signed_in = account::sign_up(store, ring, org, new, None, &device).await?;
    auth::sign_out(
        store,
        &Principal::verify(ring, org, &signed_in.tokens.access)?,
    )
    .await?;
    Ok(())
}

async fn seed_staff(store: &Store, org: &OrgId, demo: &SignIn) -> Result<(), Error> {
    let member = StaffMember {
        id: StaffId::generate(),
        email: demo.email.to_owned(),
        name: format!("{} {}", demo.first_name, demo.last_name),
        roles: vec![Role::Owner],
        customer: account::find_customer(store, org, demo.email).await?,
    };
    match account::create_staff(store, org, &member, Password::new(demo.password)).await {
        Err(error) if error.refusal().code == Code::EmailTaken => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        for local in [
            "http://127.0.0.1:8000",
            "http://localhost:1/",
            "http://[::1]:3000",
            "http://127.0.0.1",
        ] {
            assert!(on_this_machine(local), "{local}");
        }
        for other in [
            "https://dynamodb.us-east-1.amazonaws.com",
            "http://127.0.0.1.example:80",
            "http://10.0.0.1:8000",
        ] {
            assert!(!on_this_machine(other), "{other}");
        }
    }
}
