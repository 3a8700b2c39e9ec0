//! The files in `events/`.

use std::collections::BTreeMap;
use std::fs;

use portico_tests::root;
use serde_json::Value;

/// What the placeholders of the files stand for, such as `CUSTOMER_ID` for `${CUSTOMER_ID}`.
pub(super) type Values = BTreeMap<&'static str, String>;

/// Every file, as `<function>/<name>` without its ending.
pub(super) fn all() -> Vec<String> {
    let mut found = Vec::new();
    for folder in fs::read_dir(root().join("events")).expect("there are events") {
        let folder = folder.expect("a folder").path();
        let function = folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for file in fs::read_dir(&folder).expect("a folder for each function") {
            let name = file
                .expect("a file")
                .file_name()
                .to_string_lossy()
                .into_owned();
            let name = name.strip_suffix(".json").expect("events are JSON");
            found.push(format!("{function}/{name}"));
        }
    }
    found.sort();
    found
}

/// The event of a file.
pub(super) fn load(name: &str, values: &Values) -> Value {
    let file = root().join("events").join(format!("{name}.json"));
    let mut text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (placeholder, value) in values {
        text = text.replace(&format!("${{{placeholder}}}"), value);
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}
