//! The files in `events/`.

use std::path::PathBuf;

use portico_local::demo_events;
use portico_tests::root;

/// Where they are.
pub(super) fn folder() -> PathBuf {
    root().join("events")
}

/// Every file, as `<function>/<name>` without its ending.
pub(super) fn all() -> Vec<String> {
    demo_events::all(&folder()).expect("a folder for each function")
}

/// The text of a file.
pub(super) fn text(name: &str) -> String {
    demo_events::text(&folder(), name).expect("the file is there")
}
