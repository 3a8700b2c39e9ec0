//! Copies of accounts and their erasure: who is told, and what is to be done.

use portico_shared::domain::privacy::{Erasure, Export, ExportStatus, Task, TaskKind};
use portico_shared::queue::Job;
use portico_shared::store::{Change, Entity};
use serde_json::json;

use super::job;

/// What a copy or an erasure that is asked for gives to do.
pub(crate) fn task(change: &Change) -> Option<Task> {
    let scope = change.customer()?;
    match change.kind()? {
        Export::TYPE => {
            let export = change.after::<Export>()?.entity;
            let before = change.before::<Export>().map(|before| before.entity.id);
            // A new one takes the place of an old one.
            (before.as_ref() != Some(&export.id)).then(|| Task::of(scope, TaskKind::Export))
        }
        Erasure::TYPE => {
            change.after::<Erasure>()?;
            let begins = change.before::<Erasure>().is_none();
            begins.then(|| Task::of(scope, TaskKind::Erase))
        }
        _ => None,
    }
}

/// Tells that a copy is ready.
pub(super) fn export_job(change: &Change) -> Option<Job> {
    let export = change.after::<Export>()?.entity;
    let before = change.before::<Export>()?.entity;
    if export.status != ExportStatus::Ready || before.status == ExportStatus::Ready {
        return None;
    }
    let (email, name) = export.tell.map(|tell| (tell.email, tell.name)).unzip();
    let data = json!({"exportId": export.id});
    let event = "export.ready".to_owned();
    job(change, event, export.ready_at?, email, name.flatten(), data)
}

/// Tells that the account is erased. Whom, the item knows until they are told: no copy of it is made.
pub(super) fn erasure_job(change: &Change) -> Option<Job> {
    let erasure = change.after::<Erasure>()?.entity;
    if change.before::<Erasure>().is_some() {
        return None;
    }
    let event = "account.erased".to_owned();
    job(change, event, erasure.requested_at, None, None, json!({}))
}
