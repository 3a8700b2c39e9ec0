//! What a file is, by its content. Only its first bytes are looked at and nothing is ever unpacked or decoded, so
//! an archive or an image that would unfold to gigabytes costs nothing.

use super::Area;
use crate::error::{Code, Refusal, Result};

/// What a file was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its type, one of those that are taken.
    pub(super) media_type: &'static str,
    /// Width and height in pixels, of an image whose head tells them.
    pub(super) pixels: Option<(u32, u32)>,
}

const IMAGES: [&str; 6] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/heif",
    "image/avif",
];
const PDF: &str = "application/pdf";
const TEXTS: [&str; 2] = ["text/plain", "text/csv"];
const OFFICE: [&str; 3] = [
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];
const ZIP: &str = "application/zip";
/// What senders say who do not know.
const UNKNOWN: &str = "application/octet-stream";

impl Area {
    /// The types that files of the area may have.
    fn types(self) -> impl Iterator<Item = &'static str> {
        let documents = matches!(self, Self::Documents | Self::Tickets);
        let evidence = documents || matches!(self, Self::Identity | Self::Benefits);
        let texts = TEXTS.into_iter().chain(OFFICE).filter(move |_| documents);
        // What somebody is to look into, and knows that it comes from outside.
        let archives = (self == Self::Tickets).then_some(ZIP);
        let images = IMAGES.into_iter().chain(evidence.then_some(PDF));
        images.chain(texts).chain(archives)
    }
}

/// The type that was declared, if it is one that the area takes; none if nothing was said.
///
/// # Errors
///
/// `unsupported_media_type`.
pub(super) fn declared(area: Area, text: Option<&str>) -> Result<Option<&'static str>> {
    let essence = text.unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    let essence = match essence.as_str() {
        "" | UNKNOWN => return Ok(None),
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "image/heic" => "image/heif",
        "application/x-zip-compressed" => ZIP,
        other => other,
    };
    let known = area.types().find(|known| *known == essence);
    known
        .map(Some)
        .ok_or_else(|| unsupported(area, "what it was sent as"))
}

fn unsupported(area: Area, what: &str) -> crate::error::Error {
    let types: Vec<_> = area.types().collect();
    let message = format!("{what} is not taken here; these are: {}", types.join(", "));
    Refusal::because(Code::UnsupportedMediaType, message).into()
}

/// What a file is of which this is the beginning, or with `whole` everything.
///
/// # Errors
///
/// `content_mismatch` for what is not as declared, `unsupported_media_type` for what is not taken.
pub(super) fn look(
    area: Area,
    declared: Option<&'static str>,
    head: &[u8],
    whole: bool,
) -> Result<Found> {
    let by_content = infer::get(head).map(|kind| kind.mime_type());
    let found = match by_content {
        Some(ZIP) => declared
            .filter(|kind| OFFICE.contains(kind) && is_office(head))
            .unwrap_or(ZIP),
        Some(found) if found.starts_with("text/") || area.types().any(|kind| kind == found) => {
            found
        }
        // Some beginnings are two letters, which begin words as well. Nothing in a text tells a table from prose.
        _ if is_text(head, whole) => declared
            .filter(|kind| TEXTS.contains(kind))
            .unwrap_or(TEXTS[0]),
        Some(found) => found,
        None => UNKNOWN,
    };
    if let Some(declared) = declared
        && declared != found
    {
        let message = format!("the content is {found}, not {declared}");
        return Err(Refusal::because(Code::ContentMismatch, message).into());
    }
    let media_type = area.types().find(|known| *known == found);
    let media_type = media_type.ok_or_else(|| unsupported(area, found))?;
    let pixels = IMAGES
        .contains(&media_type)
        .then(|| imagesize::blob_size(head).ok());
    let pixels = pixels.flatten().and_then(|size| {
        Some((
            u32::try_from(size.width).ok()?,
            u32::try_from(size.height).ok()?,
        ))
    });
    Ok(Found { media_type, pixels })
}

/// Whether an archive begins as one of Office's does, whose parts may be in any order.
fn is_office(head: &[u8]) -> bool {
    let first = head.get(30..).unwrap_or_default();
    let beginnings: [&[u8]; 3] = [b"[Content_Types].xml", b"_rels/", b"docProps/"];
    beginnings.iter().any(|name| first.starts_with(name))
}

/// UTF-8 without control characters, and no page for a browser.
fn is_text(head: &[u8], whole: bool) -> bool {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut off where the head ends.
        Err(error) if !whole && error.error_len().is_none() => {
            str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let visible = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{C}');
    let start: String = text.trim_start().chars().take(9).collect();
    let start = start.to_ascii_lowercase();
    let page = ["<!doctype", "<html", "<svg", "<?xml", "<script", "<!--"];
    !text.is_empty() && text.chars().all(visible) && !page.iter().any(|tag| start.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use proptest::prelude::*;

    /// A PNG's beginning that says it is so wide and high, and has nothing more.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(*b"\x08\x06\0\0\0\0\0\0\0");
        bytes
    }

    /// A zip archive's first entry.
    fn zip(name: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        bytes
    }

    fn verdict(area: Area, said: &str, content: &[u8]) -> Result<&'static str, &'static str> {
        let said = declared(area, Some(said).filter(|said| !said.is_empty()));
        let found = said.and_then(|said| look(area, said, content, true));
        match found {
            Ok(found) => Ok(found.media_type),
            Err(Error::Refused(refusal)) => Err(refusal.code.as_str()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_file_is_what_its_content_says() {
        let (doc, area) = (Area::Documents, Area::Tickets);
        let mismatch = Err("content_mismatch");
        let unsupported = Err("unsupported_media_type");
        let image = png(2, 3);
        for (area, said, content, expected) in [
            (doc, "image/png", image.as_slice(), Ok("image/png")),
            (doc, "", &image, Ok("image/png")),
            (doc, "application/octet-stream", &image, Ok("image/png")),
            (doc, "image/jpeg", &image, mismatch),
            (doc, "application/pdf", &image, mismatch),
            (doc, "text/plain", &image, mismatch),
            (doc, "application/pdf", b"%PDF-1.7\n", Ok("application/pdf")),
            (doc, "image/jpg", b"\xff\xd8\xff\xe0", Ok("image/jpeg")),
            (doc, "text/plain", b"BMW drives off", Ok("text/plain")),
            (
                doc,
                "text/csv; charset=utf-8",
                b"a,b\n1,2\n",
                Ok("text/csv"),
            ),
            (doc, "", b"a,b\n1,2\n", Ok("text/plain")),
            (doc, "text/plain", b"\xff\xfe\0", mismatch),
            (doc, "text/plain", b"a\0b", mismatch),
            (doc, "text/plain", b"<html><script>", mismatch),
            (doc, "text/plain", b"<svg>", mismatch),
            (doc, "text/csv", b"<?xml version='1.0'?><svg/>", mismatch),
            (doc, "text/html", b"<html>", unsupported),
            (doc, "image/svg+xml", b"<svg/>", unsupported),
            (doc, "", b"\x7fELF\x02\x01\x01", unsupported),
            (doc, "", b"MZ\x90\0", unsupported),
            (doc, "application/zip", &zip("a"), unsupported),
            (doc, "", &zip("a"), unsupported),
            (area, "application/zip", &zip("a"), Ok("application/zip")),
            (
                area,
                "application/x-zip-compressed",
                &zip("a"),
                Ok("application/zip"),
            ),
            (area, "image/png", &zip("a"), mismatch),
            (doc, OFFICE[0], &zip("[Content_Types].xml"), Ok(OFFICE[0])),
            (doc, OFFICE[1], &zip("_rels/.rels"), Ok(OFFICE[1])),
            (doc, OFFICE[0], &zip("evil.exe"), mismatch),
            (Area::Avatar, "application/pdf", b"%PDF-1.7\n", unsupported),
            (Area::Avatar, "image/png", &image, Ok("image/png")),
            (Area::Identity, "text/plain", b"it is me", unsupported),
        ] {
            let shown = String::from_utf8_lossy(content);
            assert_eq!(verdict(area, said, content), expected, "{said} {shown:?}");
        }
    }

    #[test]
    fn an_image_that_claims_billions_of_pixels_is_measured_by_its_head_alone() {
        let bomb = png(2_000_000_000, 2_000_000_000);
        let found = look(Area::Avatar, None, &bomb, true).unwrap();
        assert_eq!(found.pixels, Some((2_000_000_000, 2_000_000_000)));
    }

    #[test]
    fn a_character_that_the_head_cuts_off_does_not_spoil_a_text() {
        let cut = &"naïve".as_bytes()[..3];
        assert!(is_text(cut, false));
        assert!(!is_text(cut, true));
    }

    proptest! {
        #[test]
        fn no_content_makes_the_look_fail_otherwise_than_by_a_refusal(
            magic in prop::sample::select(vec![
                &b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"PK\x03\x04", b"%PDF-",
                b"\0\0\0\x18ftypheic", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"",
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let content = [magic, &rest].concat();
            let seen = look(Area::Tickets, None, &content, false);
            prop_assert!(matches!(seen, Ok(_) | Err(Error::Refused(_))));
        }
    }
}
