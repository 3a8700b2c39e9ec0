//! Opaque, signed positions in lists.
//!
//! A cursor is good for the list it was given out for: the same partition, the same question. Any
//! other use, and any change to it, is refused.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Why a cursor was refused. It is one answer for every reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that this list gave out")]
pub struct InvalidCursor;

const TAG: usize = 16;

/// Signs and checks the cursors of one org.
#[derive(Clone)]
pub struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    /// With a key of the org's own.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    fn tag(&self, list: &str, position: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(&u64::try_from(list.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(position);
        mac
    }

    /// A cursor to `position` in `list`. The list's name holds all that the cursor is bound to:
    /// partition, filter, order.
    pub fn sign(&self, list: &str, position: &str) -> String {
        let tag = self.tag(list, position.as_bytes()).finalize().into_bytes();
        let mut bytes = tag[..TAG].to_vec();
        bytes.extend_from_slice(position.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The position behind a cursor of `list`.
    pub fn verify(&self, list: &str, cursor: &str) -> Result<String, InvalidCursor> {
        let bytes = BASE64URL_NOPAD
            .decode(cursor.as_bytes())
            .map_err(|_| InvalidCursor)?;
        let (tag, position) = bytes.split_at_checked(TAG).ok_or(InvalidCursor)?;
        self.tag(list, position)
            .verify_truncated_left(tag)
            .map_err(|_| InvalidCursor)?;
        String::from_utf8(position.to_vec()).map_err(|_| InvalidCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_is_good_only_for_its_own_list_and_key() {
        let cursors = Cursors::new([7; 32]);
        let cursor = cursors.sign("acme#C#cus_1|orders", "ORDERROW#ord_9");
        assert_eq!(
            cursors.verify("acme#C#cus_1|orders", &cursor).as_deref(),
            Ok("ORDERROW#ord_9")
        );
        assert_eq!(
            cursors.verify("acme#C#cus_2|orders", &cursor),
            Err(InvalidCursor)
        );
        assert_eq!(
            Cursors::new([8; 32]).verify("acme#C#cus_1|orders", &cursor),
            Err(InvalidCursor)
        );
    }

    proptest! {
        #[test]
        fn no_altered_or_invented_cursor_is_accepted(position in ".*", at in 0usize..200, with in "[A-Za-z0-9_-]", noise in ".*") {
            let cursors = Cursors::new([7; 32]);
            let cursor = cursors.sign("list", &position);
            prop_assert_eq!(cursors.verify("list", &cursor), Ok(position));
            let mut altered = cursor.clone();
            let at = at % altered.len();
            altered.replace_range(at..=at, &with);
            if altered != cursor {
                prop_assert_eq!(cursors.verify("list", &altered), Err(InvalidCursor));
            }
            prop_assert_eq!(cursors.verify("list", &noise), Err(InvalidCursor));
        }
    }
}
