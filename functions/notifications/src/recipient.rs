//! Where a customer is reached whose job does not say so.

use portico_shared::domain::customer;
use portico_shared::error::{Code, Result};
use portico_shared::queue::Job;
use portico_shared::store::{Shopper, Store};

/// The job with the address and the name of the customer's profile, unless it has an address already. What a
/// customer owns need not keep a copy of the address, which would grow old.
pub(crate) async fn addressed(store: &Store, shopper: &Shopper, mut job: Job) -> Result<Job> {
    let Shopper::Customer(scope) = shopper else {
        return Ok(job);
    };
    if job.recipient.email.is_some() {
        return Ok(job);
    }
    match customer::get(store, scope).await {
        Ok(profile) => {
            job.recipient.name = job.recipient.name.or_else(|| profile.entity.name());
            job.recipient.email = Some(profile.entity.email);
            Ok(job)
        }
        // The account is gone: what is left is the record.
        Err(error) if error.refusal().code == Code::NotFound => Ok(job),
        Err(error) => Err(error),
    }
}
