//! What a file is called: as people read it, and as it stands in a path.

/// The longest name that is kept, in characters.
const LONGEST: usize = 120;
/// The longest stem in a path, in characters.
const IN_PATH: usize = 32;
/// Names that some systems keep for devices, with whatever extension.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The name as people read it: the last part of a path, without what hides how it reads, and not too long. Its
/// extension is kept.
pub(super) fn shown(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|&c| crate::text::allowed(c)).collect();
    let plain = plain.trim_matches(|c: char| c.is_whitespace() || c == '.');
    if plain.is_empty() {
        return "file".to_owned();
    }
    let (stem, extension) = split(plain);
    let room = LONGEST - extension.chars().count();
    let stem: String = stem.chars().take(room).collect();
    format!("{stem}{extension}")
}

/// The name as it stands in a path: letters, digits, `.`, `_` and `-`.
pub(super) fn safe(shown: &str) -> String {
    let (stem, extension) = split(shown);
    let mut name = String::new();
    for c in stem.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    // What people read is kept beside it.
    let name = name.get(..IN_PATH).unwrap_or(&name).trim_matches('-');
    let device = name.to_ascii_lowercase();
    let device = device.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = if name.is_empty() || RESERVED.contains(&device) {
        "file"
    } else {
        name
    };
    let plain = extension.chars().skip(1).all(|c| c.is_ascii_alphanumeric());
    let extension = if plain { extension } else { "" };
    format!("{name}{}", extension.to_ascii_lowercase())
}

/// A name before its extension, and the extension with its dot. What is longer than ten characters is none.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && (2..=11).contains(&name[dot..].chars().count()) => {
            name.split_at(dot)
        }
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FilePath;
    use proptest::prelude::*;

    #[test]
    fn a_name_keeps_what_can_be_read_and_loses_what_leads_elsewhere() {
        for (given, read, path) in [
            (
                "Rechnung März.pdf",
                "Rechnung März.pdf",
                "Rechnung-M-rz.pdf",
            ),
            ("../../etc/passwd", "passwd", "passwd"),
            ("C:\\Users\\ann\\scan.PNG", "scan.PNG", "scan.png"),
            ("a\u{202E}gpj.exe", "agpj.exe", "agpj.exe"),
            ("nul\0byte.txt", "nulbyte.txt", "nulbyte.txt"),
            ("CON.txt", "CON.txt", "file.txt"),
            ("lpt1.pdf", "lpt1.pdf", "file.pdf"),
            ("...", "file", "file"),
            ("", "file", "file"),
            ("写真.jpg", "写真.jpg", "file.jpg"),
            (".htaccess", "htaccess", "htaccess"),
            ("a.b c", "a.b c", "a"),
        ] {
            assert_eq!(
                (shown(given).as_str(), safe(&shown(given)).as_str()),
                (read, path)
            );
        }
    }

    #[test]
    fn a_name_of_ten_kilobytes_keeps_its_extension() {
        let name = shown(&format!("{}.pdf", "ä".repeat(5000)));
        assert_eq!(name.chars().count(), LONGEST);
        assert!(name.ends_with("ä.pdf"));
    }

    proptest! {
        #[test]
        fn whatever_the_name_its_path_is_one(name in ".*") {
            let path = format!("documents/fil_06f1k3q8c9s7r2m4v5n6p7t8w9-{}", safe(&shown(&name)));
            prop_assert!(path.parse::<FilePath>().is_ok(), "{}", path);
        }
    }
}
