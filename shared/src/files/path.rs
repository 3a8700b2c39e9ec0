//! Names of objects.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a file is among its owner's: `area/leaf`, both of letters, digits, `.`, `_` and `-`, neither
/// beginning with a dot. There is no way out of the owner's prefix in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePath(String);

/// The text is no [`FilePath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a file")]
pub struct InvalidPath;

impl FilePath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two parts.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or_default()
    }
}

impl FromStr for FilePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let good = |part: &str| {
            (1..=200).contains(&part.len()) && !part.starts_with('.') && part.bytes().all(inner)
        };
        match text.split_once('/') {
            Some((area, leaf)) if good(area) && good(leaf) => Ok(Self(text.to_owned())),
            _ => Err(InvalidPath),
        }
    }
}

impl TryFrom<String> for FilePath {
    type Error = InvalidPath;

    fn try_from(text: String) -> Result<Self, InvalidPath> {
        text.parse()
    }
}

impl From<FilePath> for String {
    fn from(path: FilePath) -> String {
        path.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_within_its_owners_prefix() {
        for good in ["documents/fil_1-a.pdf", "a/b", "tickets/A_b-c.tar.gz"] {
            assert_eq!(
                good.parse::<FilePath>().map(String::from).as_deref(),
                Ok(good)
            );
        }
        let long = format!("a/{}", "b".repeat(201));
        for bad in [
            "", "/", "a", "a/", "/a/b", "a/b/c", "a//b", "../b", "a/..", "a/.", "a/.b", "./b",
            "a\\b/c", "a/b%2e", "a/b c", "a/b\0", "a/ü", "a/b?c", "a/b#c", "C:/b", &long,
        ] {
            assert_eq!(bad.parse::<FilePath>(), Err(InvalidPath), "{bad:?}");
        }
    }
}
