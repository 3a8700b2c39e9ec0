//! The outbox as a page that a person reads.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::outbox::{Channel, Mail};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Local outbox</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
header { display: flex; justify-content: space-between; align-items: baseline; }
h1 { font-size: 1.4rem; margin: 0; }
article { border: 1px solid #8886; border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
h2 { font-size: 1.1rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; margin: 0; font-size: .9rem; }
dt { opacity: .65; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .8rem 0 0; }
iframe { width: 100%; height: 20rem; border: 1px solid #8886; background: #fff; margin-top: .5rem; }
</style>
<body>
<header><h1>Local outbox</h1><span>"#;

/// Every text of a mail is escaped; its HTML is shown in a frame that can run nothing.
pub(crate) fn render(newest_first: &[Arc<Mail>]) -> String {
    let mut page = HEAD.to_owned();
    let count = newest_first.len();
    let noun = if count == 1 { "mail" } else { "mails" };
    let _ = writeln!(
        page,
        "{count} {noun} · <a href=\"/_local/outbox.json\">JSON</a></span></header>"
    );
    if newest_first.is_empty() {
        page.push_str("<p>Nothing has been sent yet.</p>\n");
    }
    for mail in newest_first {
        article(&mut page, mail);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn article(page: &mut String, mail: &Mail) {
    let _ = writeln!(
        page,
        "<article id=\"{}\">\n<h2>{}</h2>\n<dl>",
        escape(&mail.id),
        escape(&mail.subject)
    );
    let time = mail.time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let lists = [
        ("To", &mail.to),
        ("Cc", &mail.cc),
        ("Bcc", &mail.bcc),
        ("Reply to", &mail.reply_to),
    ];
    let lists = lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| (name, list.join(", ")));
    let from = (mail.channel == Channel::Mail).then(|| ("From", mail.from.clone()));
    for (name, value) in lists.chain(from).chain([("Time", time)]) {
        let _ = writeln!(page, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    page.push_str("</dl>\n");
    if let Some(text) = &mail.text {
        let _ = writeln!(page, "<pre>{}</pre>", escape(text));
    }
    if let Some(html) = &mail.html {
        let open = if mail.text.is_none() { " open" } else { "" };
        let _ = writeln!(
            page,
            "<details{open}><summary>HTML</summary><iframe sandbox title=\"HTML body\" srcdoc=\"{}\"></iframe></details>",
            escape(html)
        );
    }
    page.push_str("</article>\n");
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn nothing_of_a_mail_becomes_markup() {
        let hostile = "\"'><script>alert(1)</script>&amp;";
        let all = || vec![hostile.to_owned()];
        let mail = Mail {
            channel: Channel::Mail,
            id: hostile.to_owned(),
            time: Timestamp::UNIX_EPOCH,
            from: hostile.to_owned(),
            to: all(),
            cc: all(),
            bcc: all(),
            reply_to: all(),
            subject: hostile.to_owned(),
            text: Some(hostile.to_owned()),
            html: Some(hostile.to_owned()),
        };
        let page = render(&[Arc::new(mail)]);
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(
            page.matches("&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;")
                .count(),
            9
        );
        assert!(page.contains("<iframe sandbox title=\"HTML body\" srcdoc=\"&quot;"));
        assert!(page.contains("1970-01-01 00:00:00 UTC") && page.contains("1 mail ·"));
    }

    #[test]
    fn an_empty_outbox_says_so() {
        assert!(render(&[]).contains("Nothing has been sent yet."));
    }
}
