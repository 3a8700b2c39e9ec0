//! Where a customer is reached, and by what they want to be.

use portico_shared::domain::customer::Customer;
use portico_shared::domain::preferences::Preferences;
use portico_shared::domain::privacy::Erasure;
use portico_shared::error::Result;
use portico_shared::queue::{Channel, Job};
use portico_shared::store::{Item, Partition, Shopper, Store};

/// The job with the address and the name of the customer's profile, unless it has them already, and without the
/// channels by which the customer does not want to hear of this. What a customer owns need not keep a copy of the
/// address, which would grow old. Nothing for an erased account: nothing is written about it, and nothing sent. One
/// round trip; none for a guest, who has no profile and chose nothing.
pub(crate) async fn addressed(store: &Store, shopper: &Shopper, job: Job) -> Result<Option<Job>> {
    let Shopper::Customer(scope) = shopper else {
        return Ok(Some(reached(job, None, &Preferences::default())));
    };
    let [profile, preferences, erasure] =
        [Item::Profile, Item::Preferences, Item::Erasure].map(|item| scope.key(&item));
    let asked =
        store.get_three::<Customer, Preferences, Erasure>([&profile, &preferences, &erasure]);
    let (profile, preferences, erasure) = asked.await?;
    if erasure.is_some() {
        return Ok(None);
    }
    let profile = profile.map(|stored| stored.entity);
    let preferences = preferences.map(|stored| stored.entity).unwrap_or_default();
    Ok(Some(reached(job, profile, &preferences)))
}

fn reached(mut job: Job, profile: Option<Customer>, preferences: &Preferences) -> Job {
    let wanted = |channel: &Channel| preferences.allow(&job.kind, *channel);
    job.channels.retain(wanted);
    // Where the account is gone, what is left is the record.
    if let Some(profile) = profile {
        job.recipient.name = job.recipient.name.or_else(|| profile.name());
        job.recipient.email.get_or_insert(profile.email);
    }
    if !job.channels.contains(&Channel::Mail) {
        job.recipient.email = None;
    }
    job
}

#[cfg(test)]
mod tests {
    use portico_shared::domain::preferences::Channels;
    use portico_shared::ids::CustomerId;
    use portico_shared::queue::Recipient;
    use serde_json::json;

    use super::*;

    fn job(kind: &str) -> Job {
        Job {
            id: "1".to_owned(),
            orgid: "acme".parse().unwrap(),
            kind: kind.to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            recipient: Recipient {
                author: "cus_1".to_owned(),
                email: None,
                phone: None,
                name: None,
            },
            channels: vec![Channel::Mail, Channel::Push],
            data: json!({}),
        }
    }

    #[test]
    fn a_message_goes_where_the_customer_wants_it_and_a_notice_of_the_account_wherever_it_can() {
        let customer = || {
            let email = "ann@acme.example".to_owned();
            Some(Customer::new(CustomerId::generate(), email))
        };
        let none = Channels {
            mail: false,
            push: false,
            sms: false,
        };
        let pushed = Channels { push: true, ..none };
        let preferences = Preferences {
            orders: none,
            messages: pushed,
            ..Preferences::default()
        };
        let told = |kind, customer| {
            let job = reached(job(kind), customer, &preferences);
            (job.channels, job.recipient.email)
        };
        let hers = Some("ann@acme.example".to_owned());
        let both = vec![Channel::Mail, Channel::Push];
        assert_eq!(told("order.placed", customer()), (vec![], None));
        let push = vec![Channel::Push];
        assert_eq!(told("message.created", customer()), (push, None));
        for kind in ["ticket.replied", "password.changed", "security.new-device"] {
            assert_eq!(
                told(kind, customer()),
                (both.clone(), hers.clone()),
                "{kind}"
            );
        }
        // Whose account is gone has nowhere to be reached but in the app.
        assert_eq!(told("ticket.replied", None), (both, None));
    }
}
