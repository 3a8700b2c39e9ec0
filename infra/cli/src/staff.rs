//! `portico staff`.

use std::env;
use std::io::{self, Read as _};

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use portico_shared::auth::{Password, Role};
use portico_shared::domain::account;
use portico_shared::domain::staff::StaffMember;
use portico_shared::error::Code;
use portico_shared::ids::{OrgId, StaffId};
use portico_shared::store::Store;
use portico_shared::text::normalize_email;

use crate::error::Error;
use crate::org::existing;
use crate::{parse_name, parse_org};

/// What can be done with staff.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a member of staff, linked to their own customer record if there is one
    ///
    /// The password comes from the variable `PORTICO_PASSWORD` or from standard input, never from an
    /// argument, which other users of the machine could read.
    #[command(
        after_help = "Example: portico staff create acme --email olga@acme.example --name 'Olga Ortiz' \
                            --role Owner --password-stdin < password.txt"
    )]
    Create {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The e-mail address that they sign in with
        #[arg(long, value_parser = parse_email)]
        email: String,
        /// Their full name
        #[arg(long, value_parser = parse_name)]
        name: String,
        /// What they may do; repeatable
        #[arg(long = "role", value_name = "ROLE", required = true, value_parser = roles())]
        roles: Vec<Role>,
        /// Read the password from standard input: its first line
        #[arg(long)]
        password_stdin: bool,
    },
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> Result<String, Error> {
        let Self::Create {
            orgid,
            email,
            name,
            mut roles,
            password_stdin,
        } = self;
        let password = checked(if password_stdin {
            from_stdin()?
        } else {
            from_environment()?
        })?;
        existing(store, &orgid).await?;
        let customer = account::find_customer(store, &orgid, &email).await?;
        let mut seen = Vec::new();
        roles.retain(|role| {
            !seen.contains(role) && {
                seen.push(*role);
                true
            }
        });
        let member = StaffMember {
            id: StaffId::generate(),
            email,
            name,
            roles,
            customer,
        };
        match account::create_staff(store, &orgid, &member, password).await {
            Ok(()) => {}
            Err(error) if error.refusal().code == Code::EmailTaken => {
                return Err(Error::Refused(format!(
                    "{} is a member of {orgid}'s staff already",
                    member.email
                )));
            }
            Err(error) => return Err(error.into()),
        }
        let linked = member
            .customer
            .map(|customer| format!(", who is also the customer {customer}"));
        Ok(format!(
            "Created {} ({}){}.\n",
            member.email,
            member.id,
            linked.unwrap_or_default()
        ))
    }
}

fn roles() -> impl clap::builder::TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["Owner", "PowerUser", "User", "Reviewer"]).map(|name| {
        match name.as_str() {
            "Owner" => Role::Owner,
            "PowerUser" => Role::PowerUser,
            "User" => Role::User,
            _ => Role::Reviewer,
        }
    })
}

pub(crate) fn parse_email(text: &str) -> Result<String, String> {
    let email = normalize_email(text);
    garde::rules::email::parse_email(&email)
        .map_err(|error| format!("it is no e-mail address: {error}"))?;
    if email.len() > 254 {
        Err("an e-mail address has at most 254 characters".to_owned())
    } else {
        Ok(email)
    }
}

fn from_environment() -> Result<String, Error> {
    env::var("PORTICO_PASSWORD").map_err(|_| {
        Error::Usage(
            "there is no password: set PORTICO_PASSWORD, or use --password-stdin".to_owned(),
        )
    })
}

fn from_stdin() -> Result<String, Error> {
    let mut text = String::new();
    // A little more than the longest password: whatever else comes is not read.
    let read = io::stdin().take(1024).read_to_string(&mut text);
    read.map_err(|error| Error::Usage(format!("standard input: {error}")))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The bounds that customers' passwords have, too.
fn checked(password: String) -> Result<Password, Error> {
    if (8..=128).contains(&password.chars().count()) {
        Ok(Password::new(password))
    } else {
        Err(Error::Usage(
            "a password has 8 to 128 characters".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_normalised_and_checked() {
        assert_eq!(
            parse_email(" Olga@Acme.Example ").as_deref(),
            Ok("olga@acme.example")
        );
        for wrong in ["", "olga", "olga@", "@acme.example", "a b@acme.example"] {
            assert!(parse_email(wrong).is_err(), "{wrong}");
        }
        assert!(parse_email(&format!("a@{}.example", "b".repeat(250))).is_err());
    }

    #[test]
    fn a_password_is_neither_short_nor_endless() {
        assert!(checked("1234567".to_owned()).is_err());
        assert!(checked("éééééééé".to_owned()).is_ok());
        assert!(checked("x".repeat(129)).is_err());
    }
}
