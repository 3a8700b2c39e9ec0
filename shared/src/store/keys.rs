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

/// What hidden sort keys begin with. It sorts behind every letter, so leaving them out costs nothing.
pub(super) const HIDDEN: &str = "~";

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
    /// The latest copy of the account that was asked for.
    Export,
    /// That the account is, or was, erased.
    Erasure,
    /// A one-time code, by the name of what it is good for.
    Code(&'a str),
}

impl Item<'_> {
    pub(super) fn sk(&self) -> String {
        let hidden = if self.is_shown() { "" } else { HIDDEN };
        format!("{hidden}{}", self.name())
    }

    /// Whether it is part of what is read for the customer as a whole ([`super::Span::shown`]). What is large,
    /// secret or of no use to a customer is not. There is no default: a new item is one or the other.
    const fn is_shown(&self) -> bool {
        match self {
            Self::Profile
            | Self::Address(_)
            | Self::Wish(_)
            | Self::OrderRow(_)
            | Self::Notification(_)
            | Self::PaymentMethods
            | Self::Ticket(_)
            | Self::Conversation(_)
            | Self::Benefits
            | Self::Reservation(_)
            | Self::Transaction(_)
            | Self::File(_) => true,
            Self::Dashboard
            | Self::Cart(_)
            | Self::Order(_)
            | Self::Session(_)
            | Self::Message(_)
            | Self::Once(..)
            | Self::Devices
            | Self::Preferences
            | Self::TransactionReference(_)
            | Self::Identities
            | Self::KnownDevices
            | Self::SecondFactor
            | Self::TrustedDevice(_)
            | Self::Upload(_)
            | Self::FileUsage
            | Self::Code(_)
            | Self::Export
            | Self::Erasure => false,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Profile => "PROFILE".to_owned(),
            Self::Dashboard => "DASHBOARD".to_owned(),
            Self::PaymentMethods => "PAYMENT".to_owned(),
            Self::Address(id) => format!("ADDR#{id}"),
            Self::Wish(id) => format!("WISH#{id}"),
            Self::Cart(id) => format!("CART#{id}"),
            Self::Order(id) => format!("ORDER#{id}"),
            Self::OrderRow(id) => format!("ORDERROW#{id}"),
            Self::Notification(id) => format!("NOTE#{id}"),
            Self::Session(id) => format!("SESSION#{id}"),
            Self::Reservation(id) => format!("RES#{id}"),
            Self::Transaction(id) => format!("TXN#{id}"),
            Self::Ticket(number) => format!("TICKET#{number}"),
            Self::Conversation(id) => format!("CONV#{id}"),
            Self::Message(id) => format!("MSG#{id}"),
            Self::Once(operation, key) => format!("ONCE#{operation}#{}", digest(key)),
            Self::Devices => "DEVICES".to_owned(),
            Self::Preferences => "PREFERENCES".to_owned(),
            Self::Benefits => "BENEFITS".to_owned(),
            Self::TransactionReference(reference) => format!("TXNREF#{}", digest(reference)),
            Self::Identities => "IDENTITIES".to_owned(),
            Self::KnownDevices => "KNOWNDEVICES".to_owned(),
            Self::SecondFactor => "SECONDFACTOR".to_owned(),
            Self::TrustedDevice(id) => format!("TRUSTED#{id}"),
            Self::File(id) => format!("FILE#{id}"),
            Self::Upload(id) => format!("UPLOAD#{id}"),
            Self::FileUsage => "FILES".to_owned(),
            Self::Export => "EXPORT".to_owned(),
            Self::Erasure => "ERASURE".to_owned(),
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
    /// [`Item::Session`], and of staff
    Sessions,
    /// [`Item::PaymentMethods`], the only one
    PaymentMethods,
    /// [`Item::Benefits`], the only one
    Benefits,
}

impl Collection {
    /// What the sort keys of the collection begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Addresses => "ADDR#",
            Self::Wishlist => "WISH#",
            Self::Carts => "~CART#",
            Self::OrderRows => "ORDERROW#",
            Self::Notifications => "NOTE#",
            Self::Tickets => "TICKET#",
            Self::Conversations => "CONV#",
            Self::Reservations => "RES#",
            Self::Transactions => "TXN#",
            Self::Files => "FILE#",
            Self::Uploads => "~UPLOAD#",
            Self::Sessions => "~SESSION#",
            Self::PaymentMethods => "PAYMENT",
            Self::Benefits => "BENEFITS",
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
            sk: format!("{}{session}", Collection::Sessions.prefix()),
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
mod tests;
