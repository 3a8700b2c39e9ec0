//! The people who run an org.

use serde::{Deserialize, Serialize};

use crate::auth::Role;
use crate::error::{Code, Result};
use crate::ids::{CustomerId, OrgId, StaffId};
use crate::store::{Entity, Store};

/// A member of staff, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffMember {
    /// The id.
    pub id: StaffId,
    /// The e-mail address, normalised.
    pub email: String,
    /// The full name.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// The customer that they also are, whose data they see on a customer's routes.
    pub customer: Option<CustomerId>,
}

impl Entity for StaffMember {
    const TYPE: &'static str = "Staff";
}

/// A member of staff.
pub async fn get(store: &Store, org: &OrgId, id: &StaffId) -> Result<StaffMember> {
    Ok(store
        .get(&org.staff_key(id))
        .await?
        .ok_or(Code::NotFound)?
        .entity)
}
