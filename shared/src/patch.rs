//! Members of a partial update.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A member that may be left out, be null, or have a value: left alone, removed, set. To be used with
/// `#[serde(default)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Left out: stays as it is.
    #[default]
    Absent,
    /// Null: is removed.
    Null,
    /// Is set.
    Value(T),
}

impl<T> Patch<T> {
    /// The new value, if the member was there: `Some(None)` removes.
    pub fn as_change(&self) -> Option<Option<&T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

impl<T: garde::Validate> garde::Validate for Patch<T> {
    type Context = T::Context;

    fn validate_into(
        &self,
        context: &Self::Context,
        parent: &mut dyn FnMut() -> garde::Path,
        report: &mut garde::Report,
    ) {
        if let Self::Value(value) = self {
            value.validate_into(context, parent, report);
        }
    }
}

impl<T> garde::rules::inner::Inner<T> for Patch<T> {
    type Key = garde::error::NoKey;

    fn validate_inner<F: FnMut(&T, &Self::Key)>(&self, mut each: F) {
        if let Self::Value(value) = self {
            each(value, &garde::error::NoKey::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        about: Patch<String>,
    }

    #[test]
    fn a_member_left_out_is_told_from_null() {
        let about = |json| serde_json::from_str::<Body>(json).unwrap().about;
        assert_eq!(about("{}"), Patch::Absent);
        assert_eq!(about(r#"{"about":null}"#), Patch::Null);
        assert_eq!(about(r#"{"about":"x"}"#), Patch::Value("x".to_owned()));
    }
}
