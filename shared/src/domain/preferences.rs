//! Which notifications a customer wants, and where. In the app they are always shown; what is security's or the
//! account's own (codes, a new device) comes whatever is chosen here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Result;
use crate::queue::Channel;
use crate::store::{CustomerScope, Entity, Item, Partition, Store, Stored};

/// Events that are switched on and off together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// `order.…`
    Orders,
    /// `ticket.…`
    Tickets,
    /// `message.…`
    Messages,
    /// `appointment.…`
    Appointments,
    /// `benefit.…`
    Benefits,
}

impl Group {
    /// The group of an event; none if it cannot be switched off.
    pub fn of(event: &str) -> Option<Self> {
        match event.split('.').next()? {
            "order" => Some(Self::Orders),
            "ticket" => Some(Self::Tickets),
            "message" => Some(Self::Messages),
            "appointment" => Some(Self::Appointments),
            "benefit" => Some(Self::Benefits),
            _ => None,
        }
    }
}

/// Where the events of a group are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"mail": true, "push": true, "sms": false}))]
pub struct Channels {
    /// By e-mail.
    pub mail: bool,
    /// On devices that registered for push messages.
    pub push: bool,
    /// By text message.
    pub sms: bool,
}

impl Default for Channels {
    /// Text messages cost and disturb: they want to be asked for.
    fn default() -> Self {
        Self {
            mail: true,
            push: true,
            sms: false,
        }
    }
}

/// What a customer chose, as stored and as answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({
    "orders": {"mail": true, "push": true, "sms": false}, "tickets": {"mail": true, "push": true, "sms": false},
    "messages": {"mail": false, "push": true, "sms": false},
    "appointments": {"mail": true, "push": true, "sms": true}, "benefits": {"mail": true, "push": false, "sms": false},
}))]
pub struct Preferences {
    /// How orders fare.
    pub orders: Channels,
    /// Tickets and replies to them.
    pub tickets: Channels,
    /// Messages.
    pub messages: Channels,
    /// Bookings.
    pub appointments: Channels,
    /// Benefit programmes.
    pub benefits: Channels,
}

impl Entity for Preferences {
    const TYPE: &'static str = "Preferences";
}

impl Preferences {
    /// Whether an event may be told by a channel.
    pub fn allow(&self, event: &str, channel: Channel) -> bool {
        let Some(group) = Group::of(event) else {
            return true;
        };
        let channels = match group {
            Group::Orders => self.orders,
            Group::Tickets => self.tickets,
            Group::Messages => self.messages,
            Group::Appointments => self.appointments,
            Group::Benefits => self.benefits,
        };
        match channel {
            Channel::Mail => channels.mail,
            Channel::Push => channels.push,
            Channel::Sms => channels.sms,
        }
    }
}

/// What the customer chose, with its version; what is usual, at version 0, until they did.
pub async fn get(store: &Store, scope: &CustomerScope) -> Result<Stored<Preferences>> {
    let stored = store.get(&scope.key(&Item::Preferences)).await?;
    Ok(stored.unwrap_or(Stored {
        entity: Preferences::default(),
        version: 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_switched_off_is_not_told_and_what_is_the_accounts_own_always_is() {
        let mut preferences = Preferences::default();
        preferences.orders.mail = false;
        assert!(!preferences.allow("order.placed", Channel::Mail));
        assert!(preferences.allow("order.placed", Channel::Push));
        assert!(!preferences.allow("ticket.replied", Channel::Sms));
        for event in [
            "customer.created",
            "code.sent",
            "password.changed",
            "security.new-device",
        ] {
            for channel in [Channel::Mail, Channel::Push, Channel::Sms] {
                assert!(preferences.allow(event, channel), "{event} {channel:?}");
            }
        }
    }
}
