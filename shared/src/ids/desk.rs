//! What the desk's threads are called: tickets by number, messages by their thread.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32HEX_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ConversationId, InvalidId, decode, encode, random16};

/// Crockford's base 32: what people can read out over a telephone.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a ticket's number, without its dashes.
const DIGITS: u32 = 12;
/// Bits of a number that are random, below those that tell the second.
const RANDOM: u32 = 25;

/// A ticket's number, such as `TKT-1SJ7-G4QX-M0RV`: 35 bits of the second in which it was made and 25 random ones.
/// So numbers sort by time, and do not tell how many tickets there are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TicketNumber(String);

impl TicketNumber {
    /// A new number.
    pub fn generate() -> Self {
        let second = u64::try_from(crate::clock::unix_seconds()).unwrap_or(0);
        let mut random = [0; 8];
        random.copy_from_slice(&random16()[..8]);
        let random = u64::from_be_bytes(random) & ((1 << RANDOM) - 1);
        let bits = (second << RANDOM) | random;
        let digit =
            |at| char::from(ALPHABET[usize::try_from((bits >> (5 * at)) & 31).unwrap_or(0)]);
        let text: String = (0..DIGITS).rev().map(digit).collect();
        Self(format!("TKT-{}-{}-{}", &text[..4], &text[4..8], &text[8..]))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TicketNumber {
    type Err = InvalidId;

    /// In any case.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let text = text.to_ascii_uppercase();
        let groups: Vec<&str> = text.split('-').collect();
        let group = |group: &&str| group.len() == 4 && group.bytes().all(|b| ALPHABET.contains(&b));
        match groups.as_slice() {
            ["TKT", rest @ ..] if rest.len() == 3 && rest.iter().all(group) => Ok(Self(text)),
            _ => Err(InvalidId),
        }
    }
}

impl TryFrom<String> for TicketNumber {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<TicketNumber> for String {
    fn from(number: TicketNumber) -> String {
        number.0
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A thread of messages: a conversation's or a ticket's. 128 bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThreadId(String);

impl ThreadId {
    /// The thread as text, of 26 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&ConversationId> for ThreadId {
    fn from(conversation: &ConversationId) -> Self {
        let (_, body) = conversation.as_str().split_at("cnv_".len());
        Self(body.to_owned())
    }
}

impl From<&TicketNumber> for ThreadId {
    fn from(number: &TicketNumber) -> Self {
        Self(encode(&Sha256::digest(number.as_str())[..16]))
    }
}

/// A message. Its id begins with its thread's, so that a message is found by its id alone, and goes on with its
/// place in time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

impl MessageId {
    /// A new id that sorts after every earlier one of the thread.
    pub fn generate(thread: &ThreadId) -> Self {
        let own = encode(uuid::Uuid::now_v7().as_bytes());
        Self(format!("msg_{}{own}", thread.0))
    }

    /// The message's thread.
    pub fn thread(&self) -> ThreadId {
        ThreadId(self.0[4..30].to_owned())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let body = text.strip_prefix("msg_").ok_or(InvalidId)?;
        let (thread, own) = body.split_at_checked(26).ok_or(InvalidId)?;
        let is_id = |part| decode(part, &BASE32HEX_NOPAD).is_some_and(|bytes| bytes.len() == 16);
        (is_id(thread) && is_id(own))
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidId)
    }
}

impl TryFrom<String> for MessageId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> String {
        id.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_tell_the_second_and_are_read_back_in_any_case() {
        let number = TicketNumber::generate();
        assert_eq!(number.as_str().to_lowercase().parse(), Ok(number.clone()));
        let later = TicketNumber::generate();
        // Seven digits are the second's, the eighth is the first that is random.
        assert!(number.as_str()[..11] <= later.as_str()[..11]);
        assert_ne!(number, later);
    }

    #[test]
    fn a_message_knows_its_thread_and_sorts_behind_earlier_ones_of_it() {
        let thread = ThreadId::from(&ConversationId::generate());
        let ids: Vec<_> = (0..100).map(|_| MessageId::generate(&thread)).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.thread() == thread));
        let ticket = ThreadId::from(&TicketNumber::generate());
        assert_eq!(MessageId::generate(&ticket).thread(), ticket);
    }

    proptest! {
        #[test]
        fn what_is_no_id_is_refused(text in "\\PC*") {
            if let Ok(number) = text.parse::<TicketNumber>() {
                prop_assert!(text.eq_ignore_ascii_case(number.as_str()));
            }
            if let Ok(id) = text.parse::<MessageId>() {
                prop_assert_eq!(id.as_str(), text);
            }
        }
    }
}
