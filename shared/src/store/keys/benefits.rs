//! What an org keeps of benefits.

use super::Key;
use crate::ids::{EnrollmentId, OrgId};

impl OrgId {
    /// The benefit programmes that the org offers.
    pub fn benefit_programs_key(&self) -> Key {
        Key {
            pk: format!("{self}#BENEFITS"),
            sk: "PROGRAMS".to_owned(),
        }
    }

    /// The partition of the applications for benefits of one status.
    pub(crate) fn enrollments_pk(&self, status: &str) -> String {
        format!("{self}#ENROLLMENTS#{status}")
    }

    /// An application's row for staff.
    pub fn enrollment_key(&self, status: &str, enrollment: &EnrollmentId) -> Key {
        Key {
            pk: self.enrollments_pk(status),
            sk: enrollment.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_begins_with_the_org() {
        let org: OrgId = "acme".parse().unwrap();
        let keys = [
            org.benefit_programs_key(),
            org.enrollment_key("pending", &EnrollmentId::generate()),
        ];
        for key in keys {
            assert!(key.pk.starts_with("acme#"), "{}", key.pk);
        }
    }
}
