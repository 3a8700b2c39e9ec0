//! Who may reach which partition: scopes, made only where they are proved.

use super::keys::{Item, Key};
use crate::ids::{CustomerId, OrgId};

/// One customer of one org, proved: by a verified token, by having just been created, or by the
/// table's own stream. Whoever holds it may reach that customer's partition, and no other.
///
/// It cannot be made from ids that a request names:
///
/// ```compile_fail,E0451
/// use portico_shared::ids::{CustomerId, OrgId};
/// use portico_shared::store::CustomerScope;
///
/// fn someone_elses(org: OrgId, customer: CustomerId) -> CustomerScope {
///     CustomerScope { org, customer } // the fields are private
/// }
/// ```
///
/// ```compile_fail,E0624
/// use portico_shared::ids::{CustomerId, OrgId};
/// use portico_shared::store::CustomerScope;
///
/// fn someone_elses(org: OrgId, customer: CustomerId) -> CustomerScope {
///     CustomerScope::proved(org, customer) // not visible outside the crate
/// }
/// ```
///
/// Nor can a key into a customer's partition be made without one:
///
/// ```compile_fail,E0451
/// use portico_shared::store::Key;
///
/// let key = Key { pk: "acme#C#cus_0".to_owned(), sk: "PROFILE".to_owned() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CustomerScope {
    org: OrgId,
    customer: CustomerId,
}

impl CustomerScope {
    /// For the places that prove it, and only those: token verification, the creation of the
    /// customer, and the readers of the table's stream and of the job queue.
    pub(crate) fn proved(org: OrgId, customer: CustomerId) -> Self {
        Self { org, customer }
    }

    /// The org.
    pub fn org(&self) -> &OrgId {
        &self.org
    }

    /// The customer.
    pub fn customer(&self) -> &CustomerId {
        &self.customer
    }
}

/// A guest shopper of one org: whoever holds the unguessable guest id that the server issued.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GuestScope {
    org: OrgId,
    guest: String,
}

impl GuestScope {
    /// For [`crate::auth`], which checks that the server issued the id, and for readers of the table.
    pub(crate) fn proved(org: OrgId, guest: String) -> Self {
        Self { org, guest }
    }

    /// The org.
    pub fn org(&self) -> &OrgId {
        &self.org
    }

    /// The guest id.
    pub fn guest(&self) -> &str {
        &self.guest
    }
}

/// Whoever shops: a customer or a guest. Carts and orders are kept in the shopper's own partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shopper {
    /// A signed-in customer.
    Customer(CustomerScope),
    /// A guest, known by an id the server issued.
    Guest(GuestScope),
}

impl Shopper {
    /// The `:author` of the storefront's paths: the customer id or the guest id.
    pub fn author(&self) -> &str {
        match self {
            Self::Customer(scope) => scope.customer.as_str(),
            Self::Guest(scope) => &scope.guest,
        }
    }

    /// The shopper behind an author that the *table* names (an order's pointer, a stream record).
    pub(crate) fn proved(org: &OrgId, author: &str) -> Option<Self> {
        if let Ok(customer) = author.parse() {
            Some(Self::Customer(CustomerScope::proved(org.clone(), customer)))
        } else if author.starts_with("gst_") {
            Some(Self::Guest(GuestScope::proved(
                org.clone(),
                author.to_owned(),
            )))
        } else {
            None
        }
    }

    /// The shopper whose partition `pk` is, if it is one's: the inverse of [`Partition::pk`].
    pub(crate) fn from_pk(pk: &str) -> Option<Self> {
        let mut parts = pk.splitn(3, '#');
        let (org, kind, author) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        matches!(kind, "C" | "G")
            .then(|| Self::proved(&org, author))
            .flatten()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::CustomerScope {}
    impl Sealed for super::GuestScope {}
    impl Sealed for super::Shopper {}
}

/// A shopper's partition: who holds the scope builds its keys.
pub trait Partition: sealed::Sealed {
    /// The org of the partition.
    fn org(&self) -> &OrgId;

    /// The partition key.
    fn pk(&self) -> String;

    /// The key of one item of the partition.
    fn key(&self, item: &Item<'_>) -> Key {
        Key {
            pk: self.pk(),
            sk: item.sk(),
        }
    }
}

impl Partition for CustomerScope {
    fn org(&self) -> &OrgId {
        &self.org
    }

    fn pk(&self) -> String {
        format!("{}#C#{}", self.org, self.customer)
    }
}

impl Partition for GuestScope {
    fn org(&self) -> &OrgId {
        &self.org
    }

    fn pk(&self) -> String {
        format!("{}#G#{}", self.org, self.guest)
    }
}

impl Partition for Shopper {
    fn org(&self) -> &OrgId {
        match self {
            Self::Customer(scope) => &scope.org,
            Self::Guest(scope) => &scope.org,
        }
    }

    fn pk(&self) -> String {
        match self {
            Self::Customer(scope) => scope.pk(),
            Self::Guest(scope) => scope.pk(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_key_tells_whose_it_is() {
        let org: OrgId = "acme".parse().unwrap();
        let customer =
            Shopper::Customer(CustomerScope::proved(org.clone(), CustomerId::generate()));
        assert_eq!(Shopper::from_pk(&customer.pk()), Some(customer));
        assert_eq!(Shopper::from_pk(&org.stock_pk()), None);
        assert_eq!(Shopper::from_pk("acme#STAFF#usr_1"), None);
    }
}
