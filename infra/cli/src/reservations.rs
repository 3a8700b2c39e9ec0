//! `portico reservations`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use portico_shared::domain::reservation::{self, Definition, Draft, ReservationStatus};
use portico_shared::error::Code;
use portico_shared::ids::OrgId;
use portico_shared::store::Store;
use serde_json::Value;

use crate::catalogue::Problems;
use crate::error::Error;
use crate::org::existing;
use crate::parse_org;

/// What can be done with reservations.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import what can be booked from a JSON file, all of it or, if anything is wrong, nothing
    ///
    /// A definition is known by its name: importing it again replaces it. Those that the file does not name
    /// stay as they are, and so do all bookings.
    ///
    /// JSON: an array of definitions {name, title, description, type, status: active|inactive, venue, image,
    /// meetingLink, paymentRequired, workDays: [monday…], officeHours: {startTime: "09:00", endTime:
    /// "17:30", timezone: IANA}, services: [{name, duration: minutes, price}], stepMinutes, bufferMinutes,
    /// capacity, leadMinutes, horizonDays, cancelMinutes, blocked: [{start, end, reason}], closedDates:
    /// [date]}. Needed are name, title, workDays, officeHours, services and stepMinutes. Times are those of
    /// the clock at the venue. Hours, steps, durations and buffers are multiples of 5 minutes. A slot is
    /// booked leadMinutes before it begins at the latest, horizonDays ahead at the earliest, and moved or
    /// cancelled cancelMinutes before it begins.
    #[command(after_help = "Example: portico reservations import acme services.json --dry-run")]
    Import {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The file
        file: PathBuf,
        /// Check everything and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List what can be booked
    #[command(after_help = "Example: portico reservations list acme")]
    List {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
    },
    /// Say how a booking stands
    ///
    /// A pending booking becomes confirmed; one that stands becomes no-show or completed; either becomes
    /// cancelled, which frees its slot.
    #[command(after_help = "Example: portico reservations status acme C0504UNLK no-show")]
    Status {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The booking's number
        number: String,
        /// How it stands
        #[arg(value_parser = statuses())]
        status: ReservationStatus,
    },
}

fn statuses() -> impl clap::builder::TypedValueParser<Value = ReservationStatus> {
    let words = ["confirmed", "cancelled", "no-show", "completed"];
    PossibleValuesParser::new(words).try_map(|word| word.parse::<ReservationStatus>())
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> Result<String, Error> {
        match self {
            Self::Import {
                orgid,
                file,
                dry_run,
            } => {
                let source = std::fs::read(&file).map_err(|source| Error::File {
                    path: file.clone(),
                    source,
                })?;
                let name = file.display().to_string();
                import(store, &orgid, &name, &source, dry_run).await
            }
            Self::List { orgid } => list(store, &orgid).await,
            Self::Status {
                orgid,
                number,
                status,
            } => {
                existing(store, &orgid).await?;
                let set = reservation::set_status(store, &orgid, &number, status).await;
                let was = set.map_err(|error| match error.refusal().code {
                    Code::NotFound => Error::Refused(format!("There is no booking {number}")),
                    _ => error.into(),
                })?;
                Ok(format!(
                    "{} was {}, and is {status}.\n",
                    was.number, was.status
                ))
            }
        }
    }
}

/// Imports a file's definitions.
pub(crate) async fn import(
    store: &Store,
    org: &OrgId,
    name: &str,
    source: &[u8],
    dry_run: bool,
) -> Result<String, Error> {
    let currency = existing(store, org).await?.currency();
    let mut problems = Problems::of(name);
    let mut definitions: Vec<Definition> = Vec::new();
    for (at, value) in read(source, &mut problems).into_iter().enumerate() {
        let draft: Draft = match serde_path_to_error::deserialize(value) {
            Ok(draft) => draft,
            Err(error) => {
                let path = error.path().to_string();
                let place = if path == "." {
                    String::new()
                } else {
                    format!(".{path}")
                };
                problems.add(format_args!("[{at}]{place}"), error.into_inner());
                continue;
            }
        };
        if definitions.iter().any(|other| other.name == draft.name()) {
            problems.add(format_args!("[{at}].name"), "is there twice");
        }
        match draft.check(org, currency) {
            Ok(definition) => definitions.push(definition),
            Err(wrong) => {
                for (member, reason) in wrong {
                    problems.add(format_args!("[{at}].{member}"), reason);
                }
            }
        }
    }
    problems.none()?;
    let stored = reservation::stored(store, org).await?;
    let known = |definition: &&Definition| stored.iter().any(|other| other.id == definition.id);
    let replaced = definitions.iter().filter(known).count();
    let (all, new) = (definitions.len(), definitions.len() - replaced);
    let summary = format!("{all} definitions ({new} new, {replaced} replaced)");
    if dry_run {
        return Ok(format!(
            "Nothing is wrong; an import would write {summary}.\n"
        ));
    }
    for definition in &definitions {
        reservation::save(store, org, definition).await?;
    }
    Ok(format!(
        "Imported {summary}; functions that run see them within seconds.\n"
    ))
}

fn read(source: &[u8], problems: &mut Problems) -> Vec<Value> {
    match serde_json::from_slice(source) {
        Ok(Value::Array(values)) => return values,
        Ok(_) => problems.add("line 1", "is not an array of definitions"),
        Err(error) => {
            // Its text ends in the place, which is told already.
            let text = error.to_string();
            let reason = text.split(" at line ").next().unwrap_or_default();
            let (line, column) = (error.line(), error.column());
            problems.add(format_args!("line {line}, column {column}"), reason);
        }
    }
    Vec::new()
}

async fn list(store: &Store, org: &OrgId) -> Result<String, Error> {
    existing(store, org).await?;
    let mut text = String::new();
    for definition in reservation::stored(store, org).await? {
        let hours = &definition.office_hours;
        let services = definition.services.iter();
        let services =
            services.map(|one| format!("{} ({} min, {})", one.name, one.duration, one.price));
        let services: Vec<_> = services.collect();
        let _ = writeln!(
            text,
            "{}  {}  {:?}  {} to {} {}, {} at once: {}",
            definition.name,
            definition.title,
            definition.status,
            hours.start_time,
            hours.end_time,
            hours.timezone,
            definition.capacity,
            services.join(", "),
        );
    }
    if text.is_empty() {
        return Ok(format!("{org} has nothing that can be booked.\n"));
    }
    Ok(text)
}
