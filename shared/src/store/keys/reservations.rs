//! What an org keeps of reservations.

use super::Key;
use crate::ids::{DefinitionId, OrgId};

impl OrgId {
    /// The partition of what can be booked.
    pub(crate) fn definitions_pk(&self) -> String {
        format!("{self}#RESERVATIONS")
    }

    /// Something that can be booked.
    pub fn definition_key(&self, definition: &DefinitionId) -> Key {
        Key {
            pk: self.definitions_pk(),
            sk: format!("DEF#{definition}"),
        }
    }

    /// The partition of what is taken of a definition's time.
    pub(crate) fn slots_pk(&self, definition: &DefinitionId) -> String {
        format!("{self}#SLOTS#{definition}")
    }

    /// What is taken of some hours; `from` is when they begin, in a form that sorts by time.
    pub(crate) fn slots_key(&self, definition: &DefinitionId, from: &str) -> Key {
        Key {
            pk: self.slots_pk(definition),
            sk: format!("TAKEN#{from}"),
        }
    }

    /// Booking number → the booking and whose it is.
    pub fn reservation_number_key(&self, number: &str) -> Key {
        Key {
            pk: format!("{self}#RESERVATION#{number}"),
            sk: "RESERVATION".to_owned(),
        }
    }
}
