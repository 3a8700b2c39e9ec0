//! Text that people type, and what of it is refused before it is stored.

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

/// An e-mail address as it is compared and stored: trimmed, in lower case. Two spellings of one
/// mailbox are one account.
pub fn normalize_email(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Given and family name as one, as far as they are known.
pub fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let parts: Vec<&str> = [first, last].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
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
    fn spellings_of_a_mailbox_are_one() {
        assert_eq!(normalize_email("  Ann@Example.COM "), "ann@example.com");
    }
}
