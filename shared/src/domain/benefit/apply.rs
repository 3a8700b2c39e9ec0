//! Applying for a benefit.

use super::enrollment::row;
use super::{Benefits, Enrollment, EnrollmentStatus, Program, ProgramId, ProgramStatus, RowStatus};
use crate::clock;
use crate::domain::file::{Area, Attachment, Cabinet, Upload, attach};
use crate::error::{Code, Error, Refusal, Result};
use crate::ids::{EnrollmentId, FileId};
use crate::store::{Condition, Item, Partition, StoreError, Stored, Update, Write};

/// How often applying is tried while staff decide on another application of the customer.
const ATTEMPTS: usize = 4;

/// A customer's application.
#[derive(Debug)]
pub struct Application {
    /// What for.
    pub program: ProgramId,
    /// The customer's own files that prove it; whoever calls has seen that they are the customer's.
    pub evidence: Vec<FileId>,
    /// Files that came with it and prove it: kept if the application is made, and only then.
    pub uploads: Vec<Upload>,
}

/// Applies for a programme. An application that is pending, or approved and good, is answered as it is, and
/// the second value says that nothing was made. Two round trips.
///
/// # Errors
///
/// `not_found` for a programme that is not open; `evidence_required`; as [`attach`] for what was uploaded.
pub async fn enroll(
    cabinet: Cabinet<'_>,
    programs: &[Program],
    application: Application,
) -> Result<(Enrollment, bool)> {
    let Cabinet { store, scope, .. } = cabinet;
    let open = |program: &&Program| {
        program.id == application.program && program.status == ProgramStatus::Active
    };
    let program = programs.iter().find(open).ok_or(Code::NotFound)?;
    let key = scope.key(&Item::Benefits);
    for _ in 0..ATTEMPTS {
        let stored = store.get_consistent::<Benefits>(&key).await?;
        let unchanged = unchanged(stored.as_ref());
        let benefits = stored.map(|stored| stored.entity).unwrap_or_default();
        if let Some(there) = benefits.enrollment(&program.id)
            && matches!(
                there.status_at(clock::now()),
                EnrollmentStatus::Pending | EnrollmentStatus::Approved
            )
        {
            return Ok((there.clone(), false));
        }
        let mut enrollment = application.enrollment(program)?;
        let evidence = |uploaded: &[Attachment]| {
            let uploaded = uploaded.iter().map(|file| file.id.clone());
            enrollment
                .evidence
                .iter()
                .cloned()
                .chain(uploaded)
                .collect()
        };
        let writes = |uploaded: &[Attachment]| {
            let mut benefits = benefits.clone();
            benefits.replace(Enrollment {
                evidence: evidence(uploaded),
                ..enrollment.clone()
            });
            let row = row(scope, &enrollment, None);
            let place = scope.org().enrollment_key(row.status.as_str(), &row.id);
            Ok(vec![
                Write::update(key.clone(), Update::to(&benefits)?).when(unchanged.clone()),
                Write::put(place, &row),
            ])
        };
        let uploads = application.uploads.clone();
        match attach(cabinet, Area::Benefits, uploads, writes).await {
            Ok(uploaded) => {
                enrollment.evidence = evidence(&uploaded);
                return Ok((enrollment, true));
            }
            // Another application, or a decision, came in between.
            Err(Error::Store(StoreError::Cancelled(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Refusal::new(Code::Conflict).retry_after(1).into())
}

impl Application {
    /// What it is at first.
    fn enrollment(&self, program: &Program) -> Result<Enrollment> {
        if program.evidence_required && self.evidence.is_empty() && self.uploads.is_empty() {
            let message = format!("{} asks for evidence", program.name);
            return Err(Refusal::because(Code::EvidenceRequired, message).into());
        }
        Ok(Enrollment {
            id: EnrollmentId::generate(),
            program_id: program.id.clone(),
            program_name: program.name.clone(),
            status: RowStatus::Pending,
            evidence: self.evidence.clone(),
            submitted_at: clock::now(),
            decided_at: None,
            expires_at: None,
            reason: None,
        })
    }
}

fn unchanged(stored: Option<&Stored<Benefits>>) -> Condition {
    stored.map_or(Condition::Absent, |stored| {
        Condition::eq("v", &stored.version)
    })
}
