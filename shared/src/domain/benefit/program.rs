//! The programmes that an org offers, set by its operator.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use garde::Validate;
use iso_currency::Currency;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{InvalidId, OrgId};
use crate::money::{Decimal, Money};
use crate::store::{Condition, Entity, Store, StoreError, Write, unmetered};
use crate::text::{line, lines};

/// The most programmes that an org may have: they are one item, which is read whole.
const MOST: usize = 100;

/// A programme's name in paths and files: 1 to 40 lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "students")]
pub struct ProgramId(String);

impl ProgramId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProgramId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=40).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId)
        }
    }
}

impl TryFrom<String> for ProgramId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<ProgramId> for String {
    fn from(id: ProgramId) -> Self {
        id.0
    }
}

impl fmt::Display for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom a programme is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Students.
    Student,
    /// Soldiers and veterans.
    Military,
    /// Members of an automobile club.
    Aaa,
    /// Employees of a certain company.
    Employer,
    /// The elderly.
    Senior,
    /// Others.
    Other,
}

/// Whether a programme has effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProgramStatus {
    /// Not yet: nobody sees it.
    Draft,
    /// Customers may enroll, and who is enrolled pays less.
    #[default]
    Active,
    /// No longer: nobody may enroll, and it takes nothing off.
    Archived,
}

/// What a programme takes off the price of the lines that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DiscountRule {
    /// A part of the price, in hundredths of a percent: 1 to 10,000.
    Percent(u32),
    /// An amount for the whole cart.
    Fixed(Money),
}

/// What a programme takes off, as it is shown and as files say it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"type": "percent", "value": 10.0}))]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
pub enum DiscountRuleView {
    /// Percent of the price.
    Percent(f64),
    /// An amount in the org's currency.
    #[schema(value_type = f64)]
    Fixed(Decimal),
}

impl From<DiscountRule> for DiscountRuleView {
    fn from(rule: DiscountRule) -> Self {
        match rule {
            DiscountRule::Percent(hundredths) => Self::Percent(f64::from(hundredths) / 100.0),
            DiscountRule::Fixed(amount) => Self::Fixed(amount.decimal()),
        }
    }
}

/// A programme, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Program {
    /// Its id, unique in the org.
    #[garde(skip)]
    pub id: ProgramId,
    /// What customers read.
    #[garde(length(chars, min = 1, max = 100), custom(line))]
    pub name: String,
    /// Whom it is for.
    #[serde(rename = "type")]
    #[garde(skip)]
    pub audience: Audience,
    /// What it takes off.
    #[garde(skip)]
    pub discount: DiscountRule,
    /// What one must be or show, for people.
    #[garde(inner(length(chars, max = 2000), custom(lines)))]
    pub requirements: Option<String>,
    /// Whether it has effect.
    #[garde(skip)]
    pub status: ProgramStatus,
    /// For how many days an approval is good; for good without.
    #[garde(inner(range(min = 1, max = 3660)))]
    pub validity_days: Option<u32>,
    /// Whether an application must come with evidence.
    #[garde(skip)]
    pub evidence_required: bool,
    /// The categories that it covers; with no categories and no skus, everything.
    #[garde(length(max = 50), inner(length(chars, min = 1, max = 100)))]
    pub categories: Vec<String>,
    /// The skus that it covers, beside the categories.
    #[garde(length(max = 200), inner(length(chars, min = 1, max = 100)))]
    pub skus: Vec<String>,
}

/// An org's programmes, as stored.
#[derive(Serialize, Deserialize)]
struct StoredPrograms {
    programs: Vec<Program>,
}

impl Entity for StoredPrograms {
    const TYPE: &'static str = "BenefitPrograms";
}

impl Program {
    /// What is wrong with the discount, if anything is.
    fn check_discount(&self, currency: Currency) -> Result<(), &'static str> {
        match self.discount {
            DiscountRule::Percent(1..=10_000) => Ok(()),
            DiscountRule::Percent(_) => Err("must be above 0 and at most 100 percent"),
            DiscountRule::Fixed(amount) if amount.currency() != currency => {
                Err("must be in the currency of the org")
            }
            DiscountRule::Fixed(amount) if amount.minor() <= 0 => Err("must be above 0"),
            DiscountRule::Fixed(_) => Ok(()),
        }
    }
}

/// All programmes of an org, past every cache.
pub async fn list(store: &Store, org: &OrgId) -> Result<Vec<Program>> {
    let stored = store
        .get_consistent::<StoredPrograms>(&org.benefit_programs_key())
        .await?;
    Ok(stored.map_or_else(Vec::new, |stored| stored.entity.programs))
}

/// Adds programmes, or replaces those of the same ids; others stay as they are. For the operator's command
/// line.
///
/// # Errors
///
/// `validation_failed`, naming each member at fault; `version_conflict` when another import ran at the same
/// moment.
pub async fn save(
    store: &Store,
    org: &OrgId,
    currency: Currency,
    programs: Vec<Program>,
) -> Result<()> {
    let mut wrong = Refusal::new(Code::ValidationFailed);
    for program in &programs {
        if let Err(report) = program.validate() {
            for (path, error) in report.iter() {
                wrong = wrong.at(format!("{}.{path}", program.id), error.to_string());
            }
        }
        if let Err(message) = program.check_discount(currency) {
            wrong = wrong.at(format!("{}.discount", program.id), message);
        }
    }
    if !wrong.details.is_empty() {
        return Err(wrong.into());
    }
    let key = org.benefit_programs_key();
    let stored = store.get_consistent::<StoredPrograms>(&key).await?;
    let unchanged = stored.as_ref().map_or(Condition::Absent, |stored| {
        Condition::eq("v", &stored.version)
    });
    let mut all = stored.map_or_else(Vec::new, |stored| stored.entity.programs);
    for program in programs {
        match all.iter_mut().find(|other| other.id == program.id) {
            Some(other) => *other = program,
            None => all.push(program),
        }
    }
    if all.len() > MOST {
        let message = format!("an org has at most {MOST} programmes");
        return Err(Refusal::because(Code::ValidationFailed, message).into());
    }
    let update = crate::store::Update::to(&StoredPrograms { programs: all })?;
    match store
        .write(Write::update(key, update).when(unchanged))
        .await
    {
        Ok(_) => Ok(()),
        Err(StoreError::ConditionFailed(_)) => Err(Code::VersionConflict.into()),
        Err(error) => Err(Error::from(error)),
    }
}

/// Programmes kept in the warm function: of up to a thousand orgs, each for some seconds.
#[derive(Clone)]
pub struct Programs {
    cache: Arc<Cache<OrgId, Kept>>,
}

/// An org's programmes, and since when.
type Kept = (Instant, Arc<Vec<Program>>);

/// How long a change of an org's programmes may take to show.
const FRESH: Duration = Duration::from_secs(10);

impl Default for Programs {
    fn default() -> Self {
        Self {
            cache: Arc::new(Cache::new(1000)),
        }
    }
}

impl Programs {
    /// The org's programmes, of whatever status.
    pub async fn get(&self, store: &Store, org: &OrgId) -> Result<Arc<Vec<Program>>> {
        if let Some((at, programs)) = self.cache.get(org)
            && at.elapsed() < FRESH
        {
            return Ok(programs);
        }
        let programs = Arc::new(Box::pin(unmetered(list(store, org))).await?);
        self.cache
            .insert(org.clone(), (Instant::now(), programs.clone()));
        Ok(programs)
    }
}
