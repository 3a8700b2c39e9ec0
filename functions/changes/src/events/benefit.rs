//! What happens to applications for benefits.

use portico_shared::domain::benefit::{Benefits, RowStatus};
use portico_shared::queue::Job;
use portico_shared::store::Change;
use serde_json::json;

use super::job;

/// `benefit.enrolled`, `.approved`, `.rejected`, `.revoked`. A write changes one application at a time.
pub(super) fn benefit_job(change: &Change) -> Option<Job> {
    let before = change.before::<Benefits>().map(|before| before.entity);
    let before = before.unwrap_or_default();
    let after = change.after::<Benefits>()?.entity;
    let stood = |id| {
        let same = before.enrollments.iter().find(|other| other.id == id);
        same.map(|other| other.status)
    };
    let enrollment = after
        .enrollments
        .into_iter()
        .find(|enrollment| stood(enrollment.id.clone()) != Some(enrollment.status))?;
    let event = match enrollment.status {
        RowStatus::Pending => "benefit.enrolled",
        RowStatus::Approved => "benefit.approved",
        RowStatus::Rejected => "benefit.rejected",
        RowStatus::Revoked => "benefit.revoked",
    };
    let data = json!({
        "enrollmentId": enrollment.id,
        "programId": enrollment.program_id,
        "programName": enrollment.program_name,
        "status": enrollment.status,
        "expiresAt": enrollment.expires_at,
        "reason": enrollment.reason,
    });
    let at = enrollment.decided_at.unwrap_or(enrollment.submitted_at);
    job(change, event.to_owned(), at, None, None, data)
}
