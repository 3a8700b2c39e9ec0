//! The keys of the table's items.
//!
//! Every partition key begins with the org, so that `dynamodb:LeadingKeys` can wall tenants off in
//! IAM. A customer's partition, `acme#C#cus_…`, holds everything of one customer; other partitions
//! hold what belongs to the org.

mod address_hash;
mod benefits;
mod desk;
mod reservations;

use crate::ids::{
    AddressId, CartId, FileId, NotificationId, OrderId, OrgId, ProductId, SessionId, StaffId,
    TrustedDeviceId,
};
use crate::ids::{ConversationId, MessageId, TicketNumber};
use crate::ids::{ReservationId, TransactionId};

pub use address_hash::AddressHash;
pub(crate) use desk::{NOTED, QUEUED, message_position, messages_of, note_position};

/// The primary key of one item. There is no way to write one by hand: it comes from a scope or from
/// an [`OrgId`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

/// What a shopper's partition holds.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// The customer's profile.
    Profile,
    /// The dashboard roll-up.
    Dashboard,
    /// An address.
    Address(&'a AddressId),
    /// A saved product.
    Wish(&'a ProductId),
    /// A cart.
    Cart(&'a CartId),
    /// An order, whole.
    Order(&'a OrderId),
    /// An order's row in lists: a few hundred bytes, so that a page of twenty is one read unit.
    OrderRow(&'a OrderId),
    /// An in-app notification.
    Notification(&'a NotificationId),
    /// The saved payment methods.
    PaymentMethods,
    /// A signed-in device.
    Session(&'a SessionId),
    /// A support ticket, without its replies.
    Ticket(&'a TicketNumber),
    /// A conversation with staff, without its messages.
    Conversation(&'a ConversationId),
    /// A message of a conversation, or a reply to a ticket.
    Message(&'a MessageId),
    /// That a request with an `Idempotency-Key` was done, by operation and key.
    Once(&'a str, &'a str),
    /// The devices that take push messages.
    Devices,
    /// Which notifications the customer wants, and where.
    Preferences,
    /// All enrollments in benefit programmes.
    Benefits,
    /// A booking.
    Reservation(&'a ReservationId),
    /// An entry of the payment history.
    Transaction(&'a TransactionId),
    /// That a payment's reference has been recorded, so that it is recorded once.
    TransactionReference(&'a str),
    /// The accounts at other companies that the customer signs in with.
    Identities,
    /// The devices that the customer has signed in on.
    KnownDevices,
    /// The second factor of signing in.
    SecondFactor,
    /// A device that needs no second factor.
    TrustedDevice(&'a TrustedDeviceId),
    /// A file.
    File(&'a FileId),
    /// Room that is kept for a file on its way.
    Upload(&'a FileId),
    /// How much room the files take.
    FileUsage,
    /// A one-time code, by the name of what it is good for.
    Code(&'a str),
}

impl Item<'_> {
    pub(super) fn sk(&self) -> String {
        match self {
            Self::Profile => "PROFILE".to_owned(),
            Self::Dashboard => "DASHBOARD".to_owned(),
            Self::PaymentMethods => "PAYMENT".to_owned(),
            Self::Address(id) => format!("{}{id}", Collection::Addresses.prefix()),
            Self::Wish(id) => format!("{}{id}", Collection::Wishlist.prefix()),
            Self::Cart(id) => format!("{}{id}", Collection::Carts.prefix()),
            Self::Order(id) => format!("ORDER#{id}"),
            Self::OrderRow(id) => format!("{}{id}", Collection::OrderRows.prefix()),
            Self::Notification(id) => format!("{}{id}", Collection::Notifications.prefix()),
            Self::Session(id) => format!("SESSION#{id}"),
            Self::Ticket(number) => format!("{}{number}", Collection::Tickets.prefix()),
            Self::Conversation(id) => format!("{}{id}", Collection::Conversations.prefix()),
            Self::Message(id) => message_position(id),
            Self::Once(operation, key) => format!("ONCE#{operation}#{}", digest(key)),
            Self::Devices => "DEVICES".to_owned(),
            Self::Preferences => "PREFERENCES".to_owned(),
            Self::Benefits => "BENEFITS".to_owned(),
            Self::Reservation(id) => format!("{}{id}", Collection::Reservations.prefix()),
            Self::Transaction(id) => format!("{}{id}", Collection::Transactions.prefix()),
            Self::TransactionReference(reference) => format!("TXNREF#{}", digest(reference)),
            Self::Identities => "IDENTITIES".to_owned(),
            Self::KnownDevices => "KNOWNDEVICES".to_owned(),
            Self::SecondFactor => "SECONDFACTOR".to_owned(),
            Self::TrustedDevice(id) => format!("TRUSTED#{id}"),
            Self::File(id) => format!("{}{id}", Collection::Files.prefix()),
            Self::Upload(id) => format!("{}{id}", Collection::Uploads.prefix()),
            Self::FileUsage => "FILES".to_owned(),
            Self::Code(kind) => code_sk(kind),
        }
    }
}

/// The collections of a shopper's partition that are read as lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// [`Item::Address`]
    Addresses,
    /// [`Item::Wish`]
    Wishlist,
    /// [`Item::Cart`]
    Carts,
    /// [`Item::OrderRow`]
    OrderRows,
    /// [`Item::Notification`]
    Notifications,
    /// [`Item::Ticket`]
    Tickets,
    /// [`Item::Conversation`]
    Conversations,
    /// [`Item::Reservation`]
    Reservations,
    /// [`Item::Transaction`]
    Transactions,
    /// [`Item::File`]
    Files,
    /// [`Item::Upload`]
    Uploads,
}

impl Collection {
    /// What the sort keys of the collection begin with.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Addresses => "ADDR#",
            Self::Wishlist => "WISH#",
            Self::Carts => "CART#",
            Self::OrderRows => "ORDERROW#",
            Self::Notifications => "NOTE#",
            Self::Tickets => "TICKET#",
            Self::Conversations => "CONV#",
            Self::Reservations => "RES#",
            Self::Transactions => "TXN#",
            Self::Files => "FILE#",
            Self::Uploads => "UPLOAD#",
        }
    }
}

/// The keys of what belongs to the org and not to one customer.
impl OrgId {
    /// The org's own configuration.
    pub fn config_key(&self) -> Key {
        Key {
            pk: format!("{self}#ORG"),
            sk: "CONFIG".to_owned(),
        }
    }

    /// The partition of the org's accounts with other companies.
    pub(crate) fn integrations_pk(&self) -> String {
        format!("{self}#INTEGRATION")
    }

    /// The org's account with one of them.
    pub fn integration_key(&self, vendor: &str) -> Key {
        Key {
            pk: self.integrations_pk(),
            sk: format!("VENDOR#{vendor}"),
        }
    }

    /// A customer's way in: e-mail → password and customer. The address is hashed so that no key,
    /// metric or log of keys tells it.
    pub fn customer_login_key(&self, email: &str) -> Key {
        self.login_key(&AddressHash::of(email))
    }

    /// The same for an address that only its hash is known of.
    pub fn login_key(&self, address: &AddressHash) -> Key {
        Key {
            pk: format!("{self}#LOGIN#{address}"),
            sk: "LOGIN".to_owned(),
        }
    }

    /// A one-time code or link for whoever reads an address's mail, beside the way in of that address; by
    /// the name of what it is good for.
    pub fn login_code_key(&self, address: &AddressHash, kind: &str) -> Key {
        Key {
            sk: code_sk(kind),
            ..self.login_key(address)
        }
    }

    /// A staff member's way in.
    pub fn staff_login_key(&self, email: &str) -> Key {
        Key {
            pk: format!("{self}#STAFFLOGIN#{}", digest(email)),
            sk: "LOGIN".to_owned(),
        }
    }

    /// The partition of a staff member.
    pub(crate) fn staff_pk(&self, staff: &StaffId) -> String {
        format!("{self}#STAFF#{staff}")
    }

    /// A staff member.
    pub fn staff_key(&self, staff: &StaffId) -> Key {
        Key {
            pk: self.staff_pk(staff),
            sk: "PROFILE".to_owned(),
        }
    }

    /// A staff member's signed-in device.
    pub fn staff_session_key(&self, staff: &StaffId, session: &SessionId) -> Key {
        Key {
            pk: self.staff_pk(staff),
            sk: format!("SESSION#{session}"),
        }
    }

    /// An account at another company → the customer who signs in with it. Hashed as addresses are.
    pub fn identity_key(&self, provider: &str, subject: &str) -> Key {
        Key {
            pk: format!(
                "{self}#IDENTITY#{}",
                digest(&format!("{provider}|{subject}"))
            ),
            sk: "IDENTITY".to_owned(),
        }
    }

    /// The mark of something that is good once, and was used.
    pub fn used_key(&self, what: &str, id: &str) -> Key {
        Key {
            pk: format!("{self}#USED#{}", digest(&format!("{what}|{id}"))),
            sk: "USED".to_owned(),
        }
    }

    /// A counter of attempts, such as sign-ins to one account or from one network address.
    pub fn throttle_key(&self, what: &str, who: &str) -> Key {
        Key {
            pk: format!("{self}#THROTTLE#{what}#{}", digest(who)),
            sk: "THROTTLE".to_owned(),
        }
    }

    /// Order number → the order and whose it is.
    pub fn order_number_key(&self, number: &str) -> Key {
        Key {
            pk: format!("{self}#NUMBER#{number}"),
            sk: "ORDER".to_owned(),
        }
    }

    /// The partition of the catalogue's products.
    pub(crate) fn catalogue_pk(&self) -> String {
        format!("{self}#CATALOGUE")
    }

    /// The catalogue's revision, changed by every import.
    pub fn catalogue_revision_key(&self) -> Key {
        Key {
            pk: self.catalogue_pk(),
            sk: "REVISION".to_owned(),
        }
    }

    /// One product.
    pub fn product_key(&self, product: &ProductId) -> Key {
        Key {
            pk: self.catalogue_pk(),
            sk: format!("PRODUCT#{product}"),
        }
    }

    /// The partition of the stock levels.
    pub(crate) fn stock_pk(&self) -> String {
        format!("{self}#STOCK")
    }

    /// The stock of one sku.
    pub fn stock_key(&self, sku: &str) -> Key {
        Key {
            pk: self.stock_pk(),
            sk: format!("SKU#{sku}"),
        }
    }
}

fn code_sk(kind: &str) -> String {
    format!("CODE#{kind}")
}

/// 160 bits of SHA-256: enough that two names of one org never meet.
fn digest(text: &str) -> String {
    AddressHash::of(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CustomerId, DefinitionId, ThreadId};
    use crate::store::{CustomerScope, GuestScope, Partition};

    #[test]
    fn every_partition_key_begins_with_its_org_and_a_separator_the_org_cannot_contain() {
        let org: OrgId = "acme".parse().unwrap();
        let customer = CustomerScope::proved(org.clone(), CustomerId::generate());
        let guest = GuestScope::proved(org.clone(), "gst_x".to_owned());
        let staff = StaffId::generate();
        let keys = [
            customer.key(&Item::Profile),
            guest.key(&Item::Cart(&CartId::generate())),
            org.config_key(),
            org.integration_key("stripe"),
            org.customer_login_key("a@b.c"),
            org.staff_login_key("a@b.c"),
            org.login_code_key(&AddressHash::of("a@b.c"), "reset-password"),
            org.staff_key(&staff),
            org.staff_session_key(&staff, &SessionId::generate()),
            org.throttle_key("signin", "127.0.0.1"),
            org.identity_key("google", "1"),
            org.used_key("oauth-state", "1"),
            org.order_number_key("ORD-1"),
            org.catalogue_revision_key(),
            org.product_key(&ProductId::generate()),
            org.stock_key("SKU-1"),
            org.desk_pointer_key("TKT-1"),
            org.desk_queue_key("tickets", "open", jiff::Timestamp::UNIX_EPOCH, "TKT-1"),
            org.note_key(&MessageId::generate(&ThreadId::from(
                &TicketNumber::generate(),
            ))),
            org.push_token_key("token"),
            org.definition_key(&DefinitionId::generate()),
            org.slots_key(&DefinitionId::generate(), "2026-05-04T06"),
            org.reservation_number_key("C0504ABCD"),
        ];
        for key in keys {
            assert!(key.pk.starts_with("acme#"), "{}", key.pk);
        }
    }
}
