//! Whether a table is as it was.

use serde_json::Value;

/// Holds two readings of the table to be the same, and names what differs.
///
/// # Panics
///
/// When something differs.
#[track_caller]
pub fn assert_unchanged(before: &[Value], after: &[Value]) {
    let only_in = |one: &[Value], other: &[Value]| {
        let different = one.iter().filter(|item| !other.contains(item));
        different
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n  ")
    };
    assert!(
        before == after,
        "gone:\n  {}\ncome:\n  {}",
        only_in(before, after),
        only_in(after, before)
    );
}
