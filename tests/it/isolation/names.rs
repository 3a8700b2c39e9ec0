//! The ids and addresses that requests name.

use portico_shared::auth::{KeyRing, NewSession};
use portico_shared::ids::{
    AddressId, CartId, ConversationId, CustomerId, EnrollmentId, FileId, MessageId, NotificationId,
    OrderId, ProductId, ReservationId, SessionId, TicketNumber,
};
use portico_shared::store::CustomerScope;
use portico_tests::provider::VERIFIER;
use serde_json::{Value, json};

/// What paths, queries and bodies name.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) author: String,
    pub(crate) email: String,
    pub(crate) address: String,
    pub(crate) enrollment: String,
    pub(crate) cart: String,
    /// A cart that is about to be ordered.
    pub(crate) till: String,
    pub(crate) order: String,
    pub(crate) number: String,
    pub(crate) product: String,
    /// A file's path, with its slash encoded.
    pub(crate) path: String,
    pub(crate) file: String,
    pub(crate) refresh: String,
    pub(crate) ticket: String,
    pub(crate) conversation: String,
    /// A message of staff's.
    pub(crate) message: String,
    pub(crate) notification: String,
    /// A device that takes push messages.
    pub(crate) device: String,
    /// What staff answer: Dave's.
    pub(crate) desk_ticket: String,
    pub(crate) desk_conversation: String,
    /// The token of a link that was mailed.
    pub(crate) link: String,
    pub(crate) reservation: String,
    /// A saved payment method.
    pub(crate) payment_method: String,
    /// What a client came back with from Google, as it posts it.
    pub(crate) proof: Value,
    /// The code of a sign-in in a browser.
    pub(crate) signed_in: String,
    pub(crate) session: String,
    /// Never the same twice.
    pub(crate) fresh: String,
}

impl Names {
    /// Well-formed, and of nothing that there is.
    pub(super) fn missing(ring: &KeyRing, scope: &CustomerScope) -> Self {
        // A session that nobody wrote: its token is as the server would have made it.
        let session = NewSession::for_customer(ring, scope).expect("the ring signs");
        let conversation = ConversationId::generate();
        Self {
            author: CustomerId::generate().to_string(),
            email: "nobody@acme.example".to_owned(),
            address: AddressId::generate().to_string(),
            enrollment: EnrollmentId::generate().to_string(),
            cart: CartId::generate().to_string(),
            till: CartId::generate().to_string(),
            order: OrderId::generate().to_string(),
            number: "ORD-ZZZZ-ZZZZ-ZZZZ".to_owned(),
            product: ProductId::generate().to_string(),
            reservation: ReservationId::generate().to_string(),
            path: format!("documents%2F{}-a.txt", FileId::generate()),
            file: FileId::generate().to_string(),
            refresh: session.tokens.refresh,
            ticket: TicketNumber::generate().to_string(),
            conversation: conversation.to_string(),
            message: MessageId::generate(&(&conversation).into()).to_string(),
            notification: NotificationId::generate().to_string(),
            device: "no-such-device".to_owned(),
            desk_ticket: TicketNumber::generate().to_string(),
            desk_conversation: conversation.to_string(),
            link: "A".repeat(91),
            payment_method: "pm_1N4vKo2eZvKYlo2C".to_owned(),
            proof: unknown_proof("4/0AX4XfWh"),
            signed_in: "k1.AAAA".to_owned(),
            session: SessionId::generate().to_string(),
            fresh: String::new(),
        }
    }

    /// Not even well-formed.
    pub(super) fn malformed() -> Self {
        let nonsense = "nonsense".to_owned();
        Self {
            author: nonsense.clone(),
            email: nonsense.clone(),
            address: nonsense.clone(),
            enrollment: nonsense.clone(),
            cart: nonsense.clone(),
            till: nonsense.clone(),
            order: nonsense.clone(),
            number: nonsense.clone(),
            product: nonsense.clone(),
            ticket: nonsense.clone(),
            conversation: nonsense.clone(),
            message: nonsense.clone(),
            notification: nonsense.clone(),
            device: nonsense.clone(),
            desk_ticket: nonsense.clone(),
            desk_conversation: nonsense.clone(),
            refresh: nonsense.clone(),
            link: nonsense.clone(),
            reservation: nonsense.clone(),
            payment_method: nonsense.clone(),
            proof: unknown_proof("nonsense"),
            signed_in: nonsense.clone(),
            path: nonsense.clone(),
            file: nonsense.clone(),
            session: nonsense,
            fresh: String::new(),
        }
    }

    fn of_path(&self, parameter: &str) -> &str {
        match parameter {
            "author" | "authorid" => &self.author,
            "email" | "emailOrUsername" => &self.email,
            "addressId" => &self.address,
            "enrollmentId" => &self.enrollment,
            "cartid" => &self.cart,
            "fileId" => &self.file,
            "sessionId" => &self.session,
            "method" => "authenticator",
            "orderId" => &self.order,
            "paymentMethodId" => &self.payment_method,
            "placeId" => "ChIJ2eUgeAK6j4ARbn5u_wAGqWA",
            "orderNumber" => &self.number,
            "reservationId" => &self.reservation,
            "provider" => "google",
            "path" => &self.path,
            "productId" | "idOrSlug" => &self.product,
            "ticketNumber" => &self.ticket,
            "messageId" => &self.message,
            "notificationId" => &self.notification,
            "deviceId" => &self.device,
            "status" => "read",
            other => panic!("no fixture knows what {{{other}}} is"),
        }
    }

    /// A path with its parameters filled in.
    pub(crate) fn path(&self, template: &str) -> String {
        let segment = |segment: &str| match segment.strip_prefix('{') {
            Some(name) => self.of_path(name.trim_end_matches('}')).to_owned(),
            None => segment.to_owned(),
        };
        template
            .split('/')
            .map(segment)
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// What no sign-in ended with.
pub(super) fn unknown_proof(code: &str) -> Value {
    json!({"code": code, "state": "acme.k1.AAAA", "codeVerifier": VERIFIER, "idToken": "a.b.c"})
}
