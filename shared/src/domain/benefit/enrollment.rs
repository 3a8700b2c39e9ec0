//! Applications for benefits, and deciding on them.
//!
//! All enrollments of a customer are one item, small enough to be read beside a cart. For staff each
//! application has a row under its status, which moves with it: the rows are what happened, and stay.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Program, ProgramId};
use crate::auth::Staff;
use crate::clock;
use crate::error::{Code, Refusal, Result};
use crate::ids::{CustomerId, EnrollmentId, FileId, OrgId, StaffId};
use crate::store::{
    Condition, CustomerScope, Direction, Entity, Item, List, Partition, Slice, Store, Stored,
    Update, Write,
};

/// How an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnrollmentStatus {
    /// Staff have yet to look at it.
    Pending,
    /// It takes effect at checkout.
    Approved,
    /// It does not; the customer may apply again.
    Rejected,
    /// It was approved, and is no longer.
    Revoked,
    /// It was approved, and its time is over. Never stored: it follows from `expiresAt`.
    Expired,
}

/// The statuses that rows are kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowStatus {
    /// To be decided.
    #[default]
    Pending,
    /// Approved, run out or not.
    Approved,
    /// Rejected.
    Rejected,
    /// Revoked.
    Revoked,
}

impl RowStatus {
    const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Rejected, Self::Revoked];

    /// The status as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
        }
    }

    fn can_become(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Pending, Self::Approved | Self::Rejected) | (Self::Approved, Self::Revoked)
        )
    }
}

impl From<RowStatus> for EnrollmentStatus {
    fn from(status: RowStatus) -> Self {
        match status {
            RowStatus::Pending => Self::Pending,
            RowStatus::Approved => Self::Approved,
            RowStatus::Rejected => Self::Rejected,
            RowStatus::Revoked => Self::Revoked,
        }
    }
}

/// An application, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrollment {
    /// The id, which sorts by time.
    pub id: EnrollmentId,
    /// What for.
    pub program_id: ProgramId,
    /// What the programme was called then.
    pub program_name: String,
    /// How it stands; see [`Enrollment::status_at`].
    pub status: RowStatus,
    /// The customer's own files that prove it.
    pub evidence: Vec<FileId>,
    /// When it was made.
    pub submitted_at: Timestamp,
    /// When staff decided last.
    pub decided_at: Option<Timestamp>,
    /// Until when it is good.
    pub expires_at: Option<Timestamp>,
    /// What staff told the customer about it.
    pub reason: Option<String>,
}

impl Enrollment {
    /// How it stands at this moment.
    pub fn status_at(&self, now: Timestamp) -> EnrollmentStatus {
        let over = self.expires_at.is_some_and(|at| at <= now);
        match self.status {
            RowStatus::Approved if over => EnrollmentStatus::Expired,
            status => status.into(),
        }
    }
}

/// A customer's enrollments, as stored: at most one for each programme.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Benefits {
    /// The latest application for each programme.
    pub enrollments: Vec<Enrollment>,
}

impl Entity for Benefits {
    const TYPE: &'static str = "Benefits";
}

impl Benefits {
    /// The latest application for a programme.
    pub fn enrollment(&self, program: &ProgramId) -> Option<&Enrollment> {
        self.enrollments.iter().find(|e| e.program_id == *program)
    }

    /// Whether a programme has effect for the customer.
    pub fn is_entitled(&self, program: &ProgramId, now: Timestamp) -> bool {
        self.enrollment(program)
            .is_some_and(|e| e.status_at(now) == EnrollmentStatus::Approved)
    }

    pub(super) fn replace(&mut self, enrollment: Enrollment) {
        self.enrollments
            .retain(|other| other.program_id != enrollment.program_id);
        self.enrollments.push(enrollment);
    }
}

/// An application's row for staff, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrollmentRow {
    /// The application's id.
    pub id: EnrollmentId,
    /// Whose it is.
    pub customer: CustomerId,
    /// What for.
    pub program_id: ProgramId,
    /// How it stands.
    pub status: RowStatus,
    /// When it was made.
    pub submitted_at: Timestamp,
    /// When staff decided last.
    pub decided_at: Option<Timestamp>,
    /// Who decided last.
    pub decided_by: Option<StaffId>,
    /// Until when it is good.
    pub expires_at: Option<Timestamp>,
    /// What the customer was told.
    pub reason: Option<String>,
}

impl Entity for EnrollmentRow {
    const TYPE: &'static str = "EnrollmentRow";
}

/// The enrollments of the customer in scope. One round trip.
pub async fn of_customer(store: &Store, scope: &CustomerScope) -> Result<Benefits> {
    let stored = store.get::<Benefits>(&scope.key(&Item::Benefits)).await?;
    Ok(stored.map(|stored| stored.entity).unwrap_or_default())
}

pub(super) fn row(
    scope: &CustomerScope,
    enrollment: &Enrollment,
    by: Option<StaffId>,
) -> EnrollmentRow {
    EnrollmentRow {
        id: enrollment.id.clone(),
        customer: scope.customer().clone(),
        program_id: enrollment.program_id.clone(),
        status: enrollment.status,
        submitted_at: enrollment.submitted_at,
        decided_at: enrollment.decided_at,
        decided_by: by,
        expires_at: enrollment.expires_at,
        reason: enrollment.reason.clone(),
    }
}

/// The first `limit` applications of one status behind a position, for staff of the org.
pub async fn rows(
    store: &Store,
    org: &OrgId,
    status: RowStatus,
    direction: Direction,
    limit: usize,
    after: Option<&str>,
) -> Result<Slice<EnrollmentRow>> {
    let list = List::prefixed("enr_").direction(direction);
    let list = list.limit(limit).after(after);
    let pk = org.enrollments_pk(status.as_str());
    Ok(store.range(&pk, list).await?)
}

/// An application of the org, and the customer's enrollments with their version. Two round trips.
///
/// # Errors
///
/// `not_found`.
pub async fn row_of(
    store: &Store,
    org: &OrgId,
    id: &EnrollmentId,
) -> Result<(EnrollmentRow, CustomerScope, Stored<Benefits>)> {
    let keys = RowStatus::ALL.map(|status| org.enrollment_key(status.as_str(), id));
    let found = store.get_many::<EnrollmentRow>(&keys).await?;
    let row = found.into_iter().flatten().next().ok_or(Code::NotFound)?;
    let row = row.entity;
    // The table says whose it is.
    let scope = CustomerScope::proved(org.clone(), row.customer.clone());
    let benefits = store
        .get_consistent::<Benefits>(&scope.key(&Item::Benefits))
        .await?;
    Ok((row, scope, benefits.ok_or(Code::NotFound)?))
}

/// Deletes the rows of all of a customer's applications, those too that a later one took the place of: for the end
/// of the account. Reads the rows of the org, some five thousand in a round trip.
pub async fn erase_rows(store: &Store, scope: &CustomerScope) -> Result<()> {
    for status in RowStatus::ALL {
        let pk = scope.org().enrollments_pk(status.as_str());
        let rows = store
            .range::<EnrollmentRow>(&pk, List::prefixed("enr_").consistent())
            .await?;
        let rows = rows.items.into_iter().map(|row| row.entity);
        for row in rows.filter(|row| row.customer == *scope.customer()) {
            let key = scope.org().enrollment_key(status.as_str(), &row.id);
            store.write(Write::delete(key)).await?;
        }
    }
    Ok(())
}

/// What staff decide.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What it becomes.
    pub status: RowStatus,
    /// What the customer is told.
    pub reason: Option<String>,
}

/// Decides on an application: the customer's item and the row in one transaction. Three round trips.
///
/// # Errors
///
/// `not_found`; `illegal_transition`; `version_conflict` when somebody else decided at the same moment.
pub async fn decide(
    store: &Store,
    staff: &Staff,
    programs: &[Program],
    id: &EnrollmentId,
    decision: Decision,
) -> Result<EnrollmentRow> {
    let (before, scope, benefits) = row_of(store, &staff.org, id).await?;
    let version = benefits.version;
    let mut benefits = benefits.entity;
    let mut enrollment = benefits
        .enrollments
        .iter()
        .find(|enrollment| enrollment.id == *id)
        .cloned()
        // The customer applied anew since.
        .ok_or_else(|| illegal(before.status, decision.status))?;
    if !enrollment.status.can_become(decision.status) {
        return Err(illegal(enrollment.status, decision.status).into());
    }
    let now = clock::now();
    if decision.status == RowStatus::Approved {
        let program = programs.iter().find(|p| p.id == enrollment.program_id);
        let days = program.and_then(|program| program.validity_days);
        let until = days.map(|days| now + SignedDuration::from_hours(24 * i64::from(days)));
        enrollment.expires_at = until;
    }
    enrollment.status = decision.status;
    enrollment.decided_at = Some(now);
    enrollment.reason = decision.reason;
    let after = row(&scope, &enrollment, Some(staff.id.clone()));
    benefits.replace(enrollment);
    let org = &staff.org;
    let writes = vec![
        Write::update(scope.key(&Item::Benefits), Update::to(&benefits)?)
            .when(Condition::eq("v", &version)),
        Write::delete(org.enrollment_key(before.status.as_str(), id)).when(Condition::Present),
        Write::put(org.enrollment_key(after.status.as_str(), id), &after),
    ];
    store.transact(writes).await?;
    Ok(after)
}

fn illegal(from: RowStatus, to: RowStatus) -> Refusal {
    let (from, to) = (from.as_str(), to.as_str());
    let message = format!("an application that is {from} cannot become {to}");
    Refusal::because(Code::IllegalTransition, message)
}
