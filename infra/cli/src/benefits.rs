//! `portico benefits`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use iso_currency::Currency;
use portico_shared::domain::benefit::{
    self, Audience, DiscountRule, Program, ProgramId, ProgramStatus,
};
use portico_shared::ids::OrgId;
use portico_shared::money::{Money, MoneyError};
use portico_shared::store::Store;
use serde::Deserialize;
use serde_json::Number;

use crate::error::Error;
use crate::org::existing;
use crate::parse_org;

/// What can be done with benefit programmes.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import benefit programmes from a JSON file, all of them or, if anything is wrong, none
    ///
    /// A programme is known by its id: importing it again replaces it, and who is enrolled stays enrolled.
    /// Those that the file does not name stay as they are; one is ended by importing it as archived.
    ///
    /// JSON: an array of {id, name, type: student|military|aaa|employer|senior|other, discount: {type:
    /// percent|fixed, value}, requirements, status: draft|active|archived, validityDays, evidenceRequired,
    /// categories: [category], skus: [sku]}. Needed are id, name, type and discount. With neither categories
    /// nor skus, everything is cheaper.
    #[command(after_help = "Example: portico benefits import acme benefits.json")]
    Import {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The file
        file: PathBuf,
    },
    /// List the benefit programmes
    #[command(after_help = "Example: portico benefits list acme")]
    List {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
    },
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> Result<String, Error> {
        match self {
            Self::Import { orgid, file } => {
                let source = std::fs::read(&file).map_err(|source| Error::File {
                    path: file.clone(),
                    source,
                })?;
                let currency = existing(store, &orgid).await?.currency();
                let programs = read(&source, currency)
                    .map_err(|problem| Error::Refused(format!("{}: {problem}", file.display())))?;
                let count = programs.len();
                benefit::save(store, &orgid, currency, programs).await?;
                Ok(format!(
                    "Imported {count} programmes; functions that run see them within seconds.\n"
                ))
            }
            Self::List { orgid } => {
                existing(store, &orgid).await?;
                let mut text = String::new();
                for program in benefit::list(store, &orgid).await? {
                    let status = match program.status {
                        ProgramStatus::Draft => "draft",
                        ProgramStatus::Active => "active",
                        ProgramStatus::Archived => "archived",
                    };
                    let off = match program.discount {
                        DiscountRule::Percent(hundredths) => {
                            format!("{} %", f64::from(hundredths) / 100.0)
                        }
                        DiscountRule::Fixed(amount) => amount.to_string(),
                    };
                    let _ = writeln!(text, "{}\t{status}\t{off}\t{}", program.id, program.name);
                }
                Ok(text)
            }
        }
    }
}

/// A programme, as files have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Draft {
    id: ProgramId,
    name: String,
    #[serde(rename = "type")]
    audience: Audience,
    discount: DraftDiscount,
    requirements: Option<String>,
    #[serde(default)]
    status: ProgramStatus,
    validity_days: Option<u32>,
    #[serde(default)]
    evidence_required: bool,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    skus: Vec<String>,
}

#[derive(Deserialize)]
#[serde(
    tag = "type",
    content = "value",
    rename_all = "lowercase",
    deny_unknown_fields
)]
enum DraftDiscount {
    Percent(Number),
    Fixed(Number),
}

impl DraftDiscount {
    fn rule(&self, currency: Currency) -> Result<DiscountRule, MoneyError> {
        match self {
            // Two digits after the point, as an amount in dollars has them.
            Self::Percent(value) => {
                let hundredths = Money::parse(&value.to_string(), Currency::USD)?.minor();
                let hundredths = u32::try_from(hundredths).map_err(|_| MoneyError::TooLarge)?;
                Ok(DiscountRule::Percent(hundredths))
            }
            Self::Fixed(value) => {
                Money::parse(&value.to_string(), currency).map(DiscountRule::Fixed)
            }
        }
    }
}

/// The programmes of a file, or the first thing that is wrong with it.
pub(crate) fn read(source: &[u8], currency: Currency) -> Result<Vec<Program>, String> {
    let mut source = serde_json::Deserializer::from_slice(source);
    let drafts: Vec<Draft> =
        serde_path_to_error::deserialize(&mut source).map_err(|error| error.to_string())?;
    source.end().map_err(|error| error.to_string())?;
    let mut programs: Vec<Program> = Vec::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        if programs.iter().any(|other| other.id == draft.id) {
            return Err(format!("[{at}].id: {} is there twice", draft.id));
        }
        let discount = draft.discount.rule(currency);
        let discount = discount.map_err(|error| format!("[{at}].discount.value: {error}"))?;
        programs.push(Program {
            id: draft.id,
            name: draft.name,
            audience: draft.audience,
            discount,
            requirements: draft.requirements,
            status: draft.status,
            validity_days: draft.validity_days,
            evidence_required: draft.evidence_required,
            categories: draft.categories,
            skus: draft.skus,
        });
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(source: &str) -> String {
        read(source.as_bytes(), Currency::EUR).expect_err("the file is wrong")
    }

    #[test]
    fn a_programme_needs_little_and_a_percentage_has_two_digits_after_the_point() {
        let source = r#"[{"id": "students", "name": "Students", "type": "student", "discount": {"type": "percent", "value": 12.5}},
            {"id": "staff", "name": "Staff", "type": "employer", "discount": {"type": "fixed", "value": 5}}]"#;
        let programs = read(source.as_bytes(), Currency::EUR).unwrap();
        assert_eq!(programs[0].discount, DiscountRule::Percent(1250));
        assert_eq!(programs[0].status, ProgramStatus::Active);
        let five = Money::new(500, Currency::EUR);
        assert_eq!(programs[1].discount, DiscountRule::Fixed(five));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let one = |discount: &str, more: &str| {
            format!(
                r#"[{{"id": "a", "name": "A", "type": "other", "discount": {discount}{more}}}]"#
            )
        };
        let percent = r#"{"type": "percent", "value": 10}"#;
        assert!(
            problem(&one(percent, r#", "colour": 1"#)).starts_with("[0]"),
            "{}",
            problem(&one(percent, r#", "colour": 1"#))
        );
        assert!(problem(&one(percent, r#", "status": "on""#)).contains("status"));
        let finer = problem(&one(r#"{"type": "percent", "value": 10.005}"#, ""));
        assert!(finer.starts_with("[0].discount.value: "), "{finer}");
        let twice = one(percent, "").replace("}]", r#"}, {"id": "a", "name": "A", "type": "other", "discount": {"type": "fixed", "value": 1}}]"#);
        assert_eq!(problem(&twice), "[1].id: a is there twice");
        assert!(problem("[").contains("EOF"));
        assert!(problem("[] x").contains("trailing"));
    }
}
