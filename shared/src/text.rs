//! Text that people type, and what of it is refused before it is stored.

use serde_json::{Map, Value};

/// Whether a character may stand in a single line of text that others will read: no control
/// characters (NUL and line breaks among them) and none of the bidirectional overrides and isolates
/// that make text read otherwise than it is stored (Unicode TR 36 §3.1.1, "Trojan Source").
pub(crate) fn allowed(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// A validator for one line of text; for use as `#[garde(custom(line))]`.
pub fn line<T: AsRef<str>, C>(value: &T, _: &C) -> garde::Result {
    if value.as_ref().chars().all(allowed) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "contains control or text-direction characters",
        ))
    }
}

/// A validator for text of several lines: as [`line()`], but line breaks and tabs may stand in it.
pub fn lines<T: AsRef<str>, C>(value: &T, _: &C) -> garde::Result {
    if value
        .as_ref()
        .chars()
        .all(|c| allowed(c) || matches!(c, '\n' | '\t'))
    {
        Ok(())
    } else {
        Err(garde::Error::new(
            "contains control or text-direction characters",
        ))
    }
}

/// A validator for telephone numbers: E.164, a plus sign and up to 15 digits.
pub fn phone_number<T: AsRef<str>, C>(value: &T, _: &C) -> garde::Result {
    let digits = value.as_ref().strip_prefix('+').unwrap_or_default();
    if (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
    {
        Ok(())
    } else {
        Err(garde::Error::new(
            "is not an E.164 telephone number such as +14155550123",
        ))
    }
}

/// A validator for JSON that must not hold a payment card's number (13 to 19 digits, ISO/IEC 7812-1),
/// wherever it stands. What it says does not repeat it.
pub fn no_card_number<C>(members: &Map<String, Value>, _: &C) -> garde::Result {
    fn shows(value: &Value) -> bool {
        match value {
            Value::String(text) => is_card_number(text),
            Value::Number(number) => is_card_number(&number.to_string()),
            Value::Array(values) => values.iter().any(shows),
            Value::Object(members) => members
                .iter()
                .any(|(name, of)| is_card_number(name) || shows(of)),
            Value::Null | Value::Bool(_) => false,
        }
    }
    if members
        .iter()
        .any(|(name, of)| is_card_number(name) || shows(of))
    {
        Err(garde::Error::new(
            "holds what looks like a card number, which must not be sent here",
        ))
    } else {
        Ok(())
    }
}

/// Whether there is a run of as many digits as a payment card's number has at the least, with or without
/// spaces or hyphens in it. No check digit is asked for: one that is mistyped is somebody's number, too.
fn is_card_number(text: &str) -> bool {
    let between = |c: char| !(c.is_ascii_digit() || c == ' ' || c == '-');
    let digits = |run: &str| run.bytes().filter(u8::is_ascii_digit).count();
    text.split(between).any(|run| digits(run) >= 13)
}

/// An e-mail address as it is compared and stored: trimmed, in lower case. Two spellings of one
/// mailbox are one account.
pub fn normalize_email(address: &str) -> String {
    address.trim().to_lowercase()
}

/// An e-mail address that its owner recognises and nobody else learns: `a***@example.com`.
pub fn masked_email(address: &str) -> String {
    let (name, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first = name.chars().next().map(String::from).unwrap_or_default();
    format!("{first}***@{domain}")
}

/// Given and family name as one, as far as they are known.
pub fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let parts: Vec<&str> = [first, last].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_that_hides_what_it_says_is_refused() {
        for bad in [
            "nul\0",
            "bell\u{7}",
            "line\nbreak",
            "\u{202E}gpj.exe",
            "\u{2066}x",
            "\u{FEFF}bom",
        ] {
            assert!(line(&bad, &()).is_err(), "{bad:?}");
        }
        for good in ["Ünïcödé", "עברית", "日本語", "O'Brien – jr."] {
            assert!(line(&good, &()).is_ok(), "{good}");
        }
        assert!(lines(&"two\nlines", &()).is_ok());
        assert!(lines(&"two\r\nlines", &()).is_err());
    }

    #[test]
    fn a_card_number_is_found_wherever_it_stands_and_other_numbers_are_not_taken_for_one() {
        let refused = |body: Value| no_card_number(body.as_object().unwrap(), &()).is_err();
        for hidden in [
            json!({"number": "4242424242424242"}),
            json!({"number": 4_242_424_242_424_242_u64}),
            json!({"card": {"number": "4242 4242 4242 4242"}}),
            json!({"a": [{"b": "pay with 5555-5555-5555-4444 please"}]}),
            json!({"378282246310005": true}),
            json!({"a": {"6011111111111117": null}}),
            json!({"id": "pm_4242424242424242"}),
            json!({"all": "4242 4242 4242 4242 12/30 123"}),
        ] {
            assert!(refused(hidden.clone()), "{hidden}");
        }
        for other in [
            json!({"number": "424242424242"}),
            json!({"phone": "+1-415-555-0123", "at": "2026-05-04T09:30:00Z"}),
            json!({"id": "pm_1N4vKo2eZvKYlo2C", "n": 424_242}),
        ] {
            assert!(!refused(other.clone()), "{other}");
        }
    }

    #[test]
    fn a_masked_address_shows_one_letter_and_the_domain() {
        assert_eq!(masked_email("ann@example.com"), "a***@example.com");
        assert_eq!(masked_email("é@example.com"), "é***@example.com");
    }

    #[test]
    fn spellings_of_a_mailbox_are_one() {
        assert_eq!(normalize_email("  Ann@Example.COM "), "ann@example.com");
    }
}
