//! Forms, names and paths that are not as they should be.

use portico_tests::{Account, Answer, World};

use super::{FORM, PNG, Part, UPLOAD, encoded, form, keep, list, objects, send, usage};

async fn upload(world: &World, who: &Account, parts: &[Part<'_>]) -> Answer {
    send(world, who, UPLOAD, FORM, form(parts)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_not_as_it_should_be_is_refused_and_nothing_is_kept() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let file: Part = ("file", Some("a.png"), Some("image/png"), PNG);
    let large = vec![b'a'; 4_500_001];
    for (parts, status, code) in [
        (&[] as &[Part], 422, "validation_failed"),
        (
            &[("other", Some("a.png"), Some("image/png"), PNG)],
            422,
            "validation_failed",
        ),
        (&[file, file], 422, "validation_failed"),
        (
            &[file, ("more", Some("b.png"), None, PNG)],
            422,
            "validation_failed",
        ),
        (
            &[("file", Some("a.png"), Some("image/png"), b"")],
            422,
            "validation_failed",
        ),
        (&[("area", None, None, b"attic"), file], 400, "invalid_body"),
        (&[("area", None, None, b"\xff"), file], 400, "invalid_body"),
        (
            &[("file", Some("a.jpg"), Some("image/jpeg"), PNG)],
            415,
            "content_mismatch",
        ),
        (
            &[("file", Some("a.pdf"), Some("application/pdf"), b"MZ\x90\0")],
            415,
            "content_mismatch",
        ),
        (
            &[(
                "file",
                Some("a.zip"),
                Some("application/zip"),
                b"PK\x03\x04",
            )],
            415,
            "unsupported_media_type",
        ),
        (
            &[("file", Some("a.svg"), Some("image/svg+xml"), b"<svg/>")],
            415,
            "unsupported_media_type",
        ),
        (
            &[("file", Some("a.html"), Some("text/html"), b"<html>")],
            415,
            "unsupported_media_type",
        ),
        (
            &[("file", Some("a.txt"), Some("text/plain"), &large)],
            413,
            "body_too_large",
        ),
    ] {
        let refused = upload(&world, &ann, parts)
            .await
            .expect_problem(status, code);
        if code == "body_too_large" {
            assert!(
                refused["detail"]
                    .as_str()
                    .unwrap()
                    .contains("POST /client-data/files/presign")
            );
        }
    }
    assert_eq!(usage(&world, &ann).await, (0, 0));
    assert_eq!(objects(&world, &ann), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_form_though_it_says_so_is_refused_and_nothing_is_kept() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let file: Part = ("file", Some("a.png"), Some("image/png"), PNG);
    let large = vec![b'a'; 4_500_001];
    let whole = form(&[file]);
    for (kind, body, status, code) in [
        ("multipart/form-data", whole.clone(), 400, "invalid_body"),
        (
            "multipart/form-data; boundary=elsewhere",
            whole.clone(),
            400,
            "invalid_body",
        ),
        (
            "multipart/mixed; boundary=frontier",
            whole.clone(),
            415,
            "unsupported_media_type",
        ),
        (
            FORM,
            whole[..whole.len() - 30].to_vec(),
            400,
            "invalid_body",
        ),
        (
            FORM,
            b"--frontier\r\nnonsense".to_vec(),
            400,
            "invalid_body",
        ),
        (
            FORM,
            b"--frontier\r\n\r\nnameless\r\n--frontier--".to_vec(),
            400,
            "invalid_body",
        ),
        ("text/plain", Vec::new(), 422, "validation_failed"),
        ("text/plain", large.clone(), 413, "body_too_large"),
        (
            "application/json",
            b"{}".to_vec(),
            415,
            "unsupported_media_type",
        ),
    ] {
        let refused = send(&world, &ann, UPLOAD, kind, body).await;
        refused.expect_problem(status, code);
    }
    assert_eq!(usage(&world, &ann).await, (0, 0));
    assert_eq!(objects(&world, &ann), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_and_an_image_that_would_unfold_to_gigabytes_are_never_unfolded() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let mut pixels = PNG.to_vec();
    pixels[16..24].copy_from_slice(&[0x77; 8]);
    let bomb = upload(&world, &ann, &[("file", Some("a.png"), None, &pixels)])
        .await
        .expect(201);
    assert_eq!(
        (&bomb["width"], &bomb["height"]),
        (&0x7777_7777.into(), &0x7777_7777.into())
    );
    // A zip that says of its one entry that it has four gigabytes.
    let mut zip =
        b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x08\0\0\0\xff\xff\xff\xff\x01\0\0\0a".to_vec();
    zip.extend([0; 8]);
    let parts: &[Part] = &[
        ("area", None, None, b"tickets"),
        ("file", Some("a.zip"), None, &zip),
    ];
    let bomb = upload(&world, &ann, parts).await.expect(201);
    assert_eq!(
        (&bomb["type"], &bomb["size"]),
        (&"application/zip".into(), &zip.len().into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_ten_kilobytes_or_one_that_leads_elsewhere_becomes_a_plain_one() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let long = format!("{}.png", "x".repeat(10_000));
    let (read, path) = (
        format!("{}.png", "x".repeat(116)),
        format!("{}.png", "x".repeat(32)),
    );
    for (given, shown, leaf) in [
        ("../../../etc/cron.d/x.png", "x.png", "x.png"),
        ("..\\..\\boot.png", "boot.png", "boot.png"),
        (&long, &read, &path),
    ] {
        let part: Part = ("file", Some(given), None, PNG);
        let kept = upload(&world, &ann, &[part]).await.expect(201);
        assert_eq!(kept["name"], shown);
        let id = kept["id"].as_str().unwrap();
        assert_eq!(kept["path"], format!("documents/{id}-{leaf}"));
    }
    let kept = list(&world, &ann, "").await;
    assert_eq!(
        (
            kept["data"].as_array().unwrap().len(),
            objects(&world, &ann).len()
        ),
        (3, 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_leads_to_ones_own_files_or_nowhere() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let bob = world.customer("acme", "bob@acme.example").await;
    let file = keep(&world, &ann, "a.txt", "documents").await;
    let path = file["path"].as_str().unwrap();
    let (_, leaf) = path.split_once('/').unwrap();
    let bobs = format!(
        "acme%2Fcustomers%2F{}%2F{}",
        ann.id,
        path.replace('/', "%2F")
    );
    let cases = [
        (
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd".to_owned(),
            400,
            "invalid_path",
        ),
        (format!("documents%2F..%2F..%2F{leaf}"), 400, "invalid_path"),
        (
            format!("..%2F{}%2Fdocuments%2F{leaf}", bob.id),
            400,
            "invalid_path",
        ),
        (format!("%2Fdocuments%2F{leaf}"), 400, "invalid_path"),
        (format!("/documents/{leaf}"), 400, "invalid_path"),
        (format!("documents%5C..%5C{leaf}"), 400, "invalid_path"),
        (format!("..%5C{leaf}"), 400, "invalid_path"),
        (bobs, 404, "not_found"),
        (format!("identity%2F{leaf}"), 404, "not_found"),
        (format!("documents%2F{leaf}x"), 404, "not_found"),
        ("documents".to_owned(), 404, "not_found"),
        ("documents%2F%ff".to_owned(), 404, "not_found"),
    ];
    for (path, status, code) in cases {
        let path = format!("/client-data/files/{path}");
        for who in [&ann, &bob] {
            let get = world.get(&path).token(&who.token).send().await;
            get.expect_problem(status, code);
            let delete = world.delete(&path).token(&who.token).send().await;
            delete.expect_problem(status, code);
        }
    }
    // Encoded or not, and the same of what is another's as of what is not there.
    let plain = format!("/client-data/files/{path}");
    let missing = plain.replace("fil_0", "fil_1");
    for path in [plain.as_str(), &encoded(&file)] {
        world.get(path).token(&ann.token).send().await.expect(200);
        let foreign = world.delete(path).token(&bob.token).send().await;
        let absent = world.delete(&missing).token(&bob.token).send().await;
        assert_eq!(foreign.anonymous(), absent.anonymous());
        assert_eq!(foreign.status, 404);
    }
    assert_eq!(objects(&world, &ann), [path]);
    world
        .delete(&plain)
        .token(&ann.token)
        .send()
        .await
        .expect(204);
}
