//! `portico org`.

use clap::{ArgGroup, Subcommand};
use portico_shared::domain::catalogue;
use portico_shared::domain::org::{self, FileLimits, OrgConfig};
use portico_shared::error::Code;
use portico_shared::ids::OrgId;
use portico_shared::money::parse_currency;
use portico_shared::store::Store;

use crate::error::Error;
use crate::{parse_name, parse_org};

/// What can be done with orgs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create an org; refused when it exists
    #[command(
        after_help = "Example: portico org create acme --name 'Acme Outfitters' --currency USD \
                            --allow-origin https://shop.acme.example"
    )]
    Create {
        /// The new org's id, which its clients send as the orgid header
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The name that its customers read
        #[arg(long, value_parser = parse_name)]
        name: String,
        /// ISO 4217 code of the currency that its catalogue is priced in
        #[arg(long, value_parser = parse_code)]
        currency: String,
        /// A web origin whose pages may call the API, or * for any; repeatable
        #[arg(long = "allow-origin", value_name = "ORIGIN", value_parser = parse_origin)]
        allowed_origins: Vec<String>,
        /// The page that customers manage their account on: links in mails lead below it
        #[arg(long, value_name = "URL", value_parser = parse_url)]
        portal_url: Option<String>,
        /// Where customers may be sent who signed in with another company: a web origin, or an app's URL scheme
        /// such as com.example.app: with its colon; repeatable
        #[arg(long = "return-origin", value_name = "ORIGIN", value_parser = parse_return)]
        return_origins: Vec<String>,
    },
    /// Change an org's settings; what is not given stays
    #[command(after_help = "Example: portico org set acme --name 'Acme & Daughters'")]
    #[command(group(ArgGroup::new("settings").required(true).multiple(true)))]
    Set {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The name that its customers read
        #[arg(long, group = "settings", value_parser = parse_name)]
        name: Option<String>,
        /// ISO 4217 code of the currency that its catalogue is priced in
        #[arg(long, group = "settings", value_parser = parse_code)]
        currency: Option<String>,
        /// A web origin whose pages may call the API, or * for any; repeatable, replaces all earlier ones
        #[arg(long = "allow-origin", value_name = "ORIGIN", group = "settings", value_parser = parse_origin)]
        allowed_origins: Option<Vec<String>>,
        /// Let no web page call the API
        #[arg(long, group = "settings", conflicts_with = "allowed_origins")]
        allow_no_origin: bool,
        /// Where customers may be sent who signed in with another company; repeatable, replaces all earlier ones
        #[arg(long = "return-origin", value_name = "ORIGIN", group = "settings", value_parser = parse_return)]
        return_origins: Option<Vec<String>>,
        /// Send no customer anywhere
        #[arg(long, group = "settings", conflicts_with = "return_origins")]
        no_return_origin: bool,
        /// How many bytes all files of a customer may have together
        #[arg(long, value_name = "BYTES", group = "settings")]
        file_quota: Option<u64>,
        /// How many bytes one file may have
        #[arg(long, value_name = "BYTES", group = "settings")]
        file_size: Option<u64>,
        /// The page that customers manage their account on: links in mails lead below it
        #[arg(long, value_name = "URL", group = "settings", value_parser = parse_url)]
        portal_url: Option<String>,
    },
    /// Print an org's settings as JSON
    #[command(after_help = "Example: portico org show acme")]
    Show {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
    },
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> Result<String, Error> {
        match self {
            Self::Create {
                orgid,
                name,
                currency,
                allowed_origins,
                portal_url,
                return_origins,
            } => {
                org::create(
                    store,
                    &orgid,
                    &OrgConfig {
                        name,
                        currency,
                        allowed_origins,
                        return_origins,
                        files: FileLimits::default(),
                        portal_url,
                    },
                )
                .await?;
                Ok(format!("Created {orgid}.\n"))
            }
            Self::Set {
                orgid,
                name,
                currency,
                allowed_origins,
                allow_no_origin,
                return_origins,
                no_return_origin,
                file_quota,
                file_size,
                portal_url,
            } => {
                let before = existing(store, &orgid).await?;
                let none = |none: bool, given| if none { Some(Vec::new()) } else { given };
                let allowed_origins = none(allow_no_origin, allowed_origins);
                let return_origins = none(no_return_origin, return_origins);
                let after = OrgConfig {
                    name: name.unwrap_or_else(|| before.name.clone()),
                    currency: currency.unwrap_or_else(|| before.currency.clone()),
                    allowed_origins: allowed_origins
                        .unwrap_or_else(|| before.allowed_origins.clone()),
                    return_origins: return_origins.unwrap_or_else(|| before.return_origins.clone()),
                    files: FileLimits {
                        quota_bytes: file_quota.unwrap_or(before.files.quota_bytes),
                        max_bytes: file_size.unwrap_or(before.files.max_bytes),
                    },
                    portal_url: portal_url.or_else(|| before.portal_url.clone()),
                };
                org::save(store, &orgid, &after).await?;
                if after.currency != before.currency {
                    warn_of_old_prices(store, &orgid, &after).await?;
                }
                Ok(format!(
                    "Changed {orgid}; functions that run see it within seconds.\n"
                ))
            }
            Self::Show { orgid } => {
                let config = existing(store, &orgid).await?;
                let json = serde_json::to_string_pretty(&config);
                Ok(json.map_err(|error| Error::Refused(error.to_string()))? + "\n")
            }
        }
    }
}

/// The org's settings.
///
/// # Errors
///
/// [`Error::Refused`] when there is no such org.
pub(crate) async fn existing(store: &Store, orgid: &OrgId) -> Result<OrgConfig, Error> {
    let missing = || {
        Error::Refused(format!(
            "{}: {orgid}; portico org create makes it",
            Code::UnknownOrg.title()
        ))
    };
    org::load(store, orgid).await?.ok_or_else(missing)
}

/// Prices carry their currency and are never converted: what is priced in the old one cannot be bought.
async fn warn_of_old_prices(store: &Store, orgid: &OrgId, config: &OrgConfig) -> Result<(), Error> {
    let products = catalogue::stored(store, orgid).await?;
    let mut prices = products
        .iter()
        .filter_map(portico_shared::domain::product::Product::price);
    if prices.any(|price| price.currency() != config.currency()) {
        eprintln!(
            "portico: the catalogue of {orgid} is not priced in {}: until it is imported anew, nothing of it \
             can be bought",
            config.currency
        );
    }
    Ok(())
}

fn parse_code(text: &str) -> Result<String, String> {
    let code = text.to_ascii_uppercase();
    parse_currency(&code).map_err(|error| error.to_string())?;
    Ok(code)
}

/// A serialised origin (RFC 6454 §6.2), which browsers send in lower case.
fn parse_origin(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    if text == "*" || host.is_some_and(|host| !host.is_empty() && host.chars().all(allowed)) {
        Ok(text.to_owned())
    } else {
        Err(
            "an origin is https://host or https://host:port in lower case, with no path, or *"
                .to_owned(),
        )
    }
}

/// What paths and fragments can be put behind.
fn parse_url(text: &str) -> Result<String, String> {
    let visible = |c: char| c.is_ascii_graphic() && !"\"<>#?\\".contains(c);
    let scheme = ["https://", "http://localhost", "http://127.0.0.1"];
    let good = scheme.iter().any(|scheme| text.starts_with(scheme))
        && text.len() > "https://".len()
        && text.chars().all(visible);
    if good {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("the portal is at https://host or https://host/path, without ? and #".to_owned())
    }
}

/// A web origin, or the scheme of an app's own: the name of a domain of its maker's in reverse, which is what
/// tells it from `javascript:`.
fn parse_return(text: &str) -> Result<String, String> {
    let scheme = text.strip_suffix(':').filter(|scheme| scheme.contains('.'));
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.+".contains(c);
    let begins = |scheme: &str| scheme.starts_with(|c: char| c.is_ascii_lowercase());
    match scheme {
        Some(scheme) if begins(scheme) && scheme.chars().all(allowed) => Ok(text.to_owned()),
        _ if text == "*" => Err("customers are not sent just anywhere".to_owned()),
        _ => parse_origin(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_can_be_put_behind_the_portals_url() {
        for (good, kept) in [
            (
                "https://account.shop.example",
                "https://account.shop.example",
            ),
            (
                "https://shop.example/account/",
                "https://shop.example/account",
            ),
            ("http://localhost:5173", "http://localhost:5173"),
        ] {
            assert_eq!(parse_url(good).as_deref(), Ok(kept));
        }
        for wrong in [
            "",
            "https://",
            "shop.example",
            "http://shop.example",
            "javascript:alert(1)",
            "https://shop.example/?a=b",
            "https://shop.example/#a",
            "https://shop.example/\"onclick",
        ] {
            assert!(parse_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn customers_are_sent_to_origins_and_to_apps_but_not_just_anywhere() {
        for good in ["https://shop.example", "com.example.app:"] {
            assert_eq!(parse_return(good).as_deref(), Ok(good));
        }
        for wrong in [
            "*",
            "javascript:",
            "com.example.app",
            "https://shop.example/in",
            ".a:",
            "Com.a:",
        ] {
            assert!(parse_return(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_spelt_as_browsers_spell_it() {
        for good in [
            "*",
            "https://shop.example",
            "http://localhost:5173",
            "http://[::1]:3000",
        ] {
            assert_eq!(parse_origin(good).as_deref(), Ok(good));
        }
        for wrong in [
            "",
            "shop.example",
            "https://",
            "https://Shop.example",
            "https://a.example/",
            "null",
        ] {
            assert!(parse_origin(wrong).is_err(), "{wrong}");
        }
    }
}
