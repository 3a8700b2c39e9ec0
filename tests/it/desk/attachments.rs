//! Files that go with tickets and messages.

use http::Method;
use portico_tests::{Answer, assert_unchanged};
use serde_json::{Value, json};

use super::{Desk, text};

const TEXTS: [(&str, &str); 2] = [("subject", "A crack"), ("description", "See the photo.")];
/// A PNG of one pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

/// A file's name, media type and content.
type Part<'a> = (&'a str, &'a str, &'a [u8]);

async fn send(desk: &Desk, key: &str, files: &[Part<'_>]) -> Answer {
    let ask = (desk.world).ask(&Method::POST, "/client-data/tickets/with-attachments");
    let ask = ask.org("acme").token(&desk.customer.token);
    let ask = ask.header("idempotency-key", key).form(&TEXTS, files);
    ask.send().await
}

fn names(attachments: &Value) -> Vec<&str> {
    let attachments = attachments.as_array().unwrap().iter();
    attachments
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

/// What an attachment's link leads to.
async fn content(attachment: &Value) -> Vec<u8> {
    let web = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = web.get(attachment["url"].as_str().unwrap()).send().await;
    answer.unwrap().bytes().await.unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_keeps_its_files_and_so_do_comments_and_messages_that_name_them() {
    let desk = Desk::start().await;
    let files: [Part<'_>; 2] = [
        ("crack.png", "image/png", PIXEL),
        ("note.txt", "text/plain", b"On the left side."),
    ];
    let ticket = send(&desk, "one", &files).await.expect(201);
    assert_eq!(names(&ticket["attachments"]), ["crack.png", "note.txt"]);
    let again = send(&desk, "one", &files).await.expect(201);
    assert_eq!(again["number"], ticket["number"]);
    assert_eq!(
        again["attachments"][0]["id"],
        ticket["attachments"][0]["id"]
    );
    let others = send(&desk, "one", &files[..1]).await;
    others.expect_problem(422, "idempotency_key_reused");

    let number = text(&ticket["number"]);
    let note = ticket["attachments"][1]["id"].clone();
    let comment = json!({"comment": "This one.", "attachments": [note, note]});
    desk.amend(&number, comment).await.expect(200);
    let shown = desk.shown(&number).await;
    assert_eq!(names(&shown["attachments"]), ["crack.png", "note.txt"]);
    assert_eq!(names(&shown["comments"][0]["attachments"]), ["note.txt"]);
    let staffs = desk.look(&format!("/crm/tickets/get/{number}")).await;
    assert_eq!(names(&staffs["attachments"]), ["crack.png", "note.txt"]);
    assert_eq!(names(&staffs["comments"][0]["attachments"]), ["note.txt"]);
    let list = desk.get("/client-data/tickets").await.expect(200);
    let queue = desk.look("/crm/tickets").await;
    for ticket in [&shown, &staffs, &list["data"][0], &queue["data"][0]] {
        assert_eq!(content(&ticket["attachments"][0]).await, PIXEL);
    }

    let message = json!({"text": "Look.", "attachments": [note]});
    let message = desk
        .post("/client-data/messages", message)
        .await
        .expect(201);
    assert_eq!(names(&message["attachments"]), ["note.txt"]);
    let thread = desk
        .thread(message["conversationId"].as_str().unwrap(), "")
        .await;
    assert_eq!(names(&thread["data"][0]["attachments"]), ["note.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_what_they_say_or_not_ones_own_leave_nothing_behind() {
    let desk = Desk::start().await;
    let frank = desk.world.sign_up("acme", "frank@acme.example").await;
    let ask = (desk.world).ask(&Method::POST, "/client-data/tickets/with-attachments");
    let ask = ask.org("acme").token(&frank.token);
    let his = ask
        .form(&TEXTS, &[("his.txt", "text/plain", b"his")])
        .send()
        .await;
    let his = his.expect(201)["attachments"][0]["id"].clone();
    let number = desk.ticket().await;
    let before = desk.world.table_at_rest().await;

    let many = vec![("a.txt", "text/plain", &b"a"[..]); 11];
    let cases: [(&[Part<'_>], u16, &str); 5] = [
        (
            &[("a.png", "image/png", b"no picture")],
            415,
            "content_mismatch",
        ),
        (
            &[("a.exe", "application/x-msdownload", b"MZ")],
            415,
            "unsupported_media_type",
        ),
        (&[("a.txt", "text/plain", b"")], 422, "validation_failed"),
        (
            &[("ok.png", "image/png", PIXEL), ("b.txt", "text/plain", b"")],
            422,
            "validation_failed",
        ),
        (&many, 422, "validation_failed"),
    ];
    for (at, (files, status, code)) in cases.into_iter().enumerate() {
        let refused = send(&desk, &format!("bad-{at}"), files).await;
        refused.expect_problem(status, code);
    }
    for attachments in [json!([his]), json!(["fil_nonsense"])] {
        let message = json!({"text": "Look.", "attachments": attachments});
        let comment = json!({"comment": "Look.", "attachments": attachments});
        for refused in [
            desk.post("/client-data/messages", message).await,
            desk.amend(&number, comment).await,
        ] {
            let refused = refused.expect_problem(422, "validation_failed");
            assert_eq!(refused["details"][0]["field"], "attachments[0]");
        }
    }
    let alone = desk
        .amend(&number, json!({"attachments": [his], "status": "closed"}))
        .await;
    alone.expect_problem(422, "validation_failed");
    assert_unchanged(&before, &desk.world.table_at_rest().await);
}
