//! What a caller is told when something is refused or fails.
//!
//! Every refusal has a [`Code`]: part of the API's contract, stable, listed with its meaning in
//! `docs/errors.md`. The HTTP floor turns it into problem+json (RFC 9457).

use crate::store::StoreError;

/// The result of a rule or a store call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// A stable, machine-readable reason.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it (RFC 9110 §15, RFC 6585).
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it means, for people; the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = "malformed_json", 400, "The body is not valid JSON";
    /// The body is JSON of another shape.
    InvalidBody = "invalid_body", 400, "The body does not have the expected shape";
    /// A query parameter cannot be read.
    InvalidQuery = "invalid_query", 400, "A query parameter is not acceptable";
    /// A header cannot be read.
    InvalidHeader = "invalid_header", 400, "A header is not acceptable";
    /// The cursor was not given out by this list.
    InvalidCursor = "invalid_cursor", 400, "The cursor is not one that this list gave out";
    /// The path leads out of where it began.
    InvalidPath = "invalid_path", 400, "The path is not acceptable";
    /// There is no `orgid` header.
    MissingOrgid = "missing_orgid", 400, "The orgid header is required";
    /// The `orgid` header is not an org id.
    InvalidOrgid = "invalid_orgid", 400, "The orgid header is not a well-formed org id";
    /// The operation needs an `Idempotency-Key`.
    IdempotencyKeyRequired = "idempotency_key_required", 400, "The Idempotency-Key header is required";
    /// The state of a sign-in with another company is not acceptable.
    InvalidState = "invalid_state", 400, "The sign-in was not begun here, is over, or took too long";
    /// A code or ID token of a sign-in is not acceptable.
    InvalidGrant = "invalid_grant", 400, "The code or token of the sign-in is not acceptable";
    /// Nobody is sent there after a sign-in.
    ReturnUrlNotAllowed = "return_url_not_allowed", 400, "The org does not allow this return URL";
    /// The sku is not in the catalogue.
    UnknownSku = "unknown_sku", 400, "The sku is not in the catalogue";
    /// Nothing can be booked on the day that is asked for.
    DayUnavailable = "day_unavailable", 400, "Nothing can be booked on this day";
    /// There is no bearer token.
    MissingAuthorization = "missing_authorization", 401, "A bearer token is required";
    /// The bearer token is not acceptable.
    InvalidToken = "invalid_token", 401, "The bearer token is not acceptable";
    /// The bearer token has expired.
    TokenExpired = "token_expired", 401, "The bearer token has expired";
    /// Sign-in failed.
    InvalidCredentials = "invalid_credentials", 401, "The e-mail address or the password is wrong";
    /// The refresh token is unknown, expired, spent or revoked.
    InvalidRefreshToken = "invalid_refresh_token", 401, "The refresh token is not acceptable";
    /// The bank, or the vendor, does not let the payment method be used.
    PaymentMethodDeclined = "payment_method_declined", 402, "The payment method was declined";
    /// The card is too old.
    CardExpired = "card_expired", 402, "The card has expired";
    /// The card's check digits are wrong.
    IncorrectCvc = "incorrect_cvc", 402, "The card's security code is wrong";
    /// There is not enough money behind the payment method.
    InsufficientFunds = "insufficient_funds", 402, "There is not enough money behind the payment method";
    /// The bank wants its customer to confirm.
    AuthenticationRequired = "authentication_required", 402, "The bank wants a confirmation by its customer";
    /// The second factor is wrong or spent.
    InvalidSecondFactor = "invalid_second_factor", 401, "The code is wrong, or was used already";
    /// The challenge is unknown, expired, spent or was answered wrongly too often.
    InvalidChallenge = "invalid_challenge", 401, "The challenge is over; sign in again";
    /// The token was issued for another org.
    OrgMismatch = "org_mismatch", 403, "The token belongs to another org";
    /// The principal has no customer record.
    CustomerRequired = "customer_required", 403, "This is for customers";
    /// The current password, asked for before it is changed, is another one.
    WrongPassword = "wrong_password", 403, "The current password is wrong";
    /// The principal is not staff.
    StaffRequired = "staff_required", 403, "This is for staff";
    /// The staff member's roles do not allow it.
    PermissionDenied = "permission_denied", 403, "The roles of this staff member do not allow it";
    /// A member that staff alone may change.
    StaffOnly = "staff_only", 403, "Only staff may change this";
    /// Only who received a message says what became of it.
    RecipientRequired = "recipient_required", 403, "Only the message's recipient may do this";
    /// The user said no at the provider.
    AccessDenied = "access_denied", 403, "The sign-in was cancelled at the provider";
    /// The provider does not vouch for an e-mail address.
    EmailUnverified = "email_unverified", 403, "The provider does not vouch for the e-mail address";
    /// The request went around the edge.
    EdgeRequired = "edge_required", 403, "The API answers at another address";
    /// There is no such route.
    RouteNotFound = "route_not_found", 404, "There is no such route";
    /// The org does not exist.
    UnknownOrg = "unknown_org", 404, "There is no such org";
    /// There is no such thing, or it is not the caller's.
    NotFound = "not_found", 404, "There is no such thing here";
    /// The route exists, but not with this method.
    MethodNotAllowed = "method_not_allowed", 405, "The route does not take this method";
    /// The item was changed by somebody else.
    VersionConflict = "version_conflict", 409, "The item was changed in the meantime";
    /// The e-mail address has an account.
    EmailTaken = "email_taken", 409, "The e-mail address already has an account";
    /// The address or number was verified before.
    AlreadyVerified = "already_verified", 409, "It is verified already";
    /// The profile has no telephone number.
    PhoneRequired = "phone_required", 409, "The profile has no telephone number";
    /// The e-mail address that a provider tells has an account, which is not linked to it.
    AccountExists = "account_exists", 409, "There is an account with this e-mail address: sign in to it and link the provider there";
    /// The provider's account is linked to another customer, or the customer to another account there.
    IdentityTaken = "identity_taken", 409, "The provider's account, or this one, is linked to another";
    /// Nobody could sign in any more.
    LastWayIn = "last_way_in", 409, "There would be no way left to sign in";
    /// The second factor is on, or off, or not set up so far.
    SecondFactorState = "second_factor_state", 409, "The second factor is not where this step begins";
    /// Codes of the method are not sent to anybody.
    CodeNotSendable = "code_not_sendable", 409, "Codes of this method are not sent";
    /// Not enough stock.
    OutOfStock = "out_of_stock", 409, "There is not enough stock";
    /// The cart became an order, or another cart.
    CartClosed = "cart_closed", 409, "The cart is closed";
    /// Nothing to order.
    CartEmpty = "cart_empty", 409, "The cart is empty";
    /// The total is not what the client showed.
    AmountMismatch = "amount_mismatch", 409, "The total is not the expected one";
    /// The state machine has no such step.
    IllegalTransition = "illegal_transition", 409, "The status does not allow it";
    /// Somebody else has the slot.
    SlotTaken = "slot_taken", 409, "The slot is taken";
    /// The booking cannot be changed any more.
    ReservationClosed = "reservation_closed", 409, "The booking can no longer be changed";
    /// Another request is changing the same things.
    Conflict = "conflict", 409, "Another request is changing the same things";
    /// The customer's files would take more room than the org gives them.
    QuotaExceeded = "quota_exceeded", 409, "There is not enough room for the file";
    /// The object of an upload is not there, or not as it was announced.
    UploadIncomplete = "upload_incomplete", 409, "The file has not been uploaded as announced";
    /// An `If-Match` that no longer matches.
    PreconditionFailed = "precondition_failed", 412, "The item is no longer at this version";
    /// The body is too large.
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    /// The file is larger than the org allows.
    FileTooLarge = "file_too_large", 413, "The file is too large";
    /// The path and query are too long.
    UriTooLong = "uri_too_long", 414, "The path and query are too long";
    /// The body is not JSON by its content type.
    UnsupportedMediaType = "unsupported_media_type", 415, "The content type is not supported";
    /// The content of a file is not what its type says.
    ContentMismatch = "content_mismatch", 415, "The file is not what its type says";
    /// Members of the body break a rule.
    ValidationFailed = "validation_failed", 422, "Some members of the body are not acceptable";
    /// A one-time code or link that is wrong, expired, used or tried too often.
    InvalidCode = "invalid_code", 422, "The code or link is not good";
    /// What is asked for is no slot.
    SlotUnavailable = "slot_unavailable", 422, "There is no such slot";
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The Idempotency-Key was used for another request";
    /// Too many attempts.
    RateLimited = "rate_limited", 429, "Too many attempts";
    /// The headers are too large.
    HeadersTooLarge = "headers_too_large", 431, "The headers are too large";
    /// A benefit programme that asks for evidence was applied for without.
    EvidenceRequired = "evidence_required", 422, "The programme asks for evidence";
    /// A defect of this service.
    Internal = "internal_error", 500, "Something went wrong here";
    /// The org has no account with the company whose service it takes.
    IntegrationNotConfigured = "integration_not_configured", 503, "The org has not set this service up";
    /// A service this one depends on does not answer.
    Unavailable = "unavailable", 503, "The service is temporarily unavailable";
}

/// What is wrong with one member of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Where: a path such as `shippingAddress.country` or `productItems[0].sku`.
    pub field: String,
    /// Why, for people.
    pub message: String,
    /// Why, for programs.
    pub code: String,
}

/// A request that is refused, with everything its sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub code: Code,
    /// The occurrence, for people. Never data of anyone but the caller.
    pub message: String,
    /// The members at fault.
    pub details: Vec<FieldError>,
    /// In how many seconds it is worth trying again.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal with the code's own title as its message.
    pub fn new(code: Code) -> Self {
        Self::because(code, code.title())
    }

    /// A refusal with a message of its own.
    pub fn because(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
        }
    }

    /// Adds a member at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        let code = self.code.as_str().to_owned();
        self.details.push(FieldError {
            field: field.into(),
            message: message.into(),
            code,
        });
        self
    }

    /// Tells when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// In how many seconds it is worth asking again for what was not available.
pub(crate) const UNAVAILABLE_SECONDS: u32 = 2;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was refused.
    #[error("{}: {}", .0.code.as_str(), .0.message)]
    Refused(Refusal),
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else that this service depends on failed.
    #[error("{0}")]
    Unavailable(String),
    /// A defect.
    #[error("{0}")]
    Internal(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::Refused(Refusal::new(code))
    }
}

impl Error {
    /// The refusal that the caller is told. Failures say nothing of their causes, which are logged.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Store(StoreError::ConditionFailed(_) | StoreError::Cancelled(_)) => {
                Refusal::new(Code::VersionConflict)
            }
            Self::Store(StoreError::Contended) => Refusal::new(Code::Conflict).retry_after(1),
            Self::Store(StoreError::Unavailable(_) | StoreError::Throttled)
            | Self::Unavailable(_) => {
                Refusal::new(Code::Unavailable).retry_after(UNAVAILABLE_SECONDS)
            }
            Self::Store(StoreError::Corrupt(_)) | Self::Internal(_) => Refusal::new(Code::Internal),
        }
    }
}
