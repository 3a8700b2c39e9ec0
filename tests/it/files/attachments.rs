//! Files that are part of something else, kept with it or not at all.

use portico_local::functions::Parts;
use portico_shared::domain::file::{Area, Attachment, Cabinet, Upload, attach};
use portico_shared::domain::org::FileLimits;
use portico_shared::domain::wishlist::Wish;
use portico_shared::error::Error;
use portico_shared::files::Files;
use portico_shared::ids::ProductId;
use portico_shared::store::{Condition, Item, Partition as _, StoreError, Update, Write};
use portico_tests::World;

use super::{PNG, keep, list, names, objects, scope, usage};

fn upload(name: &str, content: &[u8]) -> Upload {
    Upload {
        name: Some(name.to_owned()),
        content: content.to_vec(),
        ..Upload::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_are_kept_with_what_they_are_for_or_not_at_all() {
    let world = World::start().await;
    let ann = world.customer("acme", "ann@acme.example").await;
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let files = Files::new(&parts.aws, &world.platform.aws().endpoints().bucket);
    let scope = scope(&world, &ann).await;
    let store = world.peer().store();
    let cabinet = Cabinet {
        store: &store,
        files: &files,
        scope: &scope,
        limits: FileLimits {
            quota_bytes: 1000,
            max_bytes: 900,
        },
    };
    // Something that names its attachments, as a ticket does.
    let product = ProductId::generate();
    let key = scope.key(&Item::Wish(&product));
    let with = |condition: Condition| {
        let key = key.clone();
        let write = move |attachments: &[Attachment]| {
            let update = Update::of::<Wish>().set("productId", &attachments);
            Ok(vec![
                Write::update(key.clone(), update).when(condition.clone()),
            ])
        };
        let uploads = vec![upload("a.png", PNG), upload("b.txt", b"text")];
        attach(cabinet, Area::Tickets, uploads, write)
    };
    let refused = with(Condition::Present).await;
    let Err(Error::Store(StoreError::Cancelled(reasons))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(reasons.len(), 1, "of the other writes alone");
    assert!(reasons[0].as_ref().unwrap().is_absent());
    assert_eq!(
        (usage(&world, &ann).await, objects(&world, &ann).len()),
        ((0, 0), 0)
    );

    let kept = with(Condition::Absent).await.unwrap();
    let shown: Vec<_> = kept
        .iter()
        .map(|file| (file.name.as_str(), file.media_type.as_str()))
        .collect();
    assert_eq!(shown, [("a.png", "image/png"), ("b.txt", "text/plain")]);
    assert_eq!(usage(&world, &ann).await, (PNG.len() as u64 + 4, 2));
    let listed = list(&world, &ann, "area=tickets").await;
    assert_eq!(names(&listed), ["b.txt", "a.png"]);

    // One that is not acceptable, or one too many, and none is kept.
    for uploads in [
        vec![upload("a.png", PNG), upload("b.exe", b"MZ\x90\0")],
        vec![upload("a.txt", &[b'a'; 600]), upload("b.txt", &[b'b'; 600])],
    ] {
        let refused = attach(cabinet, Area::Tickets, uploads, |_| Ok(Vec::new())).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    assert_eq!(
        (usage(&world, &ann).await.1, objects(&world, &ann).len()),
        (2, 2)
    );
    let none = attach(cabinet, Area::Tickets, Vec::new(), |_| {
        Ok(vec![Write::delete(key.clone()).when(Condition::Present)])
    });
    assert_eq!(none.await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_objects_of_a_customer_can_be_deleted_and_nobody_elses_are() {
    let world = World::start().await;
    let (ann, bob) = (
        world.customer("acme", "ann@acme.example").await,
        world.customer("acme", "bob@acme.example").await,
    );
    for (who, area) in [(&ann, "documents"), (&ann, "tickets"), (&bob, "documents")] {
        keep(&world, who, "a.txt", area).await;
    }
    let parts = Parts::connect(world.platform.aws()).await.unwrap();
    let files = Files::new(&parts.aws, &world.platform.aws().endpoints().bucket);
    let scope = scope(&world, &ann).await;
    assert_eq!(files.delete_all(&scope).await.unwrap(), 2);
    assert_eq!(files.delete_all(&scope).await.unwrap(), 0);
    assert_eq!(
        (objects(&world, &ann).len(), objects(&world, &bob).len()),
        (0, 1)
    );
}
