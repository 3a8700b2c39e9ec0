//! Sign-ins on devices that a customer was never seen on.

use std::collections::HashMap;

use portico_shared::auth::Session;
use portico_shared::domain::customer;
use portico_shared::domain::device::{KnownDevices, Sighting};
use portico_shared::error::Result;
use portico_shared::queue::Job;
use portico_shared::store::{Change, CustomerScope, Entity as _, Store, on_behalf_of};
use serde_json::json;

use crate::events::job;

/// What a batch tells of devices. It is written when the jobs are sent, so that a batch that comes again after
/// a failure finds them as new as before, and makes the same jobs.
#[derive(Default)]
pub(crate) struct Devices(HashMap<CustomerScope, Seen>);

struct Seen {
    known: KnownDevices,
    /// The place of the record that first told something new.
    changed: Option<usize>,
}

/// Whether the change is a session that was opened.
pub(crate) fn opens_session(change: &Change) -> bool {
    change.kind() == Some(Session::TYPE) && change.before::<Session>().is_none()
}

impl Devices {
    /// The job that an opened session gives rise to, if any.
    pub(crate) async fn job(
        &mut self,
        store: &Store,
        change: &Change,
        place: usize,
    ) -> Result<Option<Job>> {
        let (Some(scope), Some(session)) = (change.customer(), change.after::<Session>()) else {
            return Ok(None);
        };
        let Some(device) = session.entity.device() else {
            return Ok(None);
        };
        let org = Some(scope.org().clone());
        if !self.0.contains_key(scope) {
            let known = on_behalf_of(org.clone(), KnownDevices::of(store, scope)).await?;
            let seen = Seen {
                known,
                changed: None,
            };
            self.0.insert(scope.clone(), seen);
        }
        let Some(seen) = self.0.get_mut(scope) else {
            return Ok(None);
        };
        let at = session.entity.opened_at();
        let sighting = seen.known.see(device, at);
        if sighting == Sighting::Known {
            return Ok(None);
        }
        seen.changed.get_or_insert(place);
        if sighting == Sighting::First {
            return Ok(None);
        }
        let customer = on_behalf_of(org, customer::get(store, scope)).await?.entity;
        let name = customer.name();
        // Neither the session nor the address it came from: a notice is read in many places.
        let data = json!({"device": device.as_str()});
        let kind = "security.new-device".to_owned();
        Ok(job(change, kind, at, Some(customer.email), name, data))
    }

    /// What is to be written, and the place of the record to begin with again if that fails.
    pub(crate) fn changed(self) -> impl Iterator<Item = (CustomerScope, KnownDevices, usize)> {
        let all = self.0.into_iter();
        all.filter_map(|(scope, seen)| Some((scope, seen.known, seen.changed?)))
    }
}
