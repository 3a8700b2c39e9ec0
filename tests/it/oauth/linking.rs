//! Whose account it is.

use portico_tests::provider::{Person, proof};
use portico_tests::{Account, Answer, World, assert_unchanged};
use serde_json::{Value, json};

use super::{count, who, world};

const IDENTITIES: &str = "/profile/security/identities";

async fn link(world: &World, who: &Account, company: &str, person: &Person) -> Answer {
    let back = world.consented("acme", company, person).await;
    let path = format!("{IDENTITIES}/{company}");
    world
        .post(&path, &proof(&back))
        .token(&who.token)
        .send()
        .await
}

async fn unlink(world: &World, token: &str, company: &str) -> Answer {
    world
        .delete(&format!("{IDENTITIES}/{company}"))
        .token(token)
        .send()
        .await
}

async fn linked(world: &World, token: &str) -> Vec<String> {
    let list = world.get(IDENTITIES).token(token).send().await.expect(200);
    let list = list["data"].as_array().unwrap().iter();
    list.map(|linked| linked["provider"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_proved_here_joins_no_account() {
    let world = world().await;
    let person = Person::new("squatted@example.com");
    // Somebody signs up with an address that is not theirs, and waits for its owner.
    let squatter = world.sign_up("acme", &person.email).await;
    let before = world.table_at_rest().await;
    for company in ["google", "github", "facebook"] {
        let refused = world.sign_in_with(company, &person).await;
        let problem = refused.expect_problem(409, "account_exists");
        assert!(!problem.to_string().contains(&squatter.id));
    }
    assert_unchanged(&before, &world.table_at_rest().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_both_sides_proved_is_the_same_customer() {
    let world = world().await;
    let person = Person::new("both@example.com");
    let google = world.sign_in_with("google", &person).await.expect(200);
    let unverified = world
        .sign_in_with("github", &person.clone().unverified())
        .await;
    unverified.expect_problem(409, "account_exists");
    let facebook = world.sign_in_with("facebook", &person).await;
    facebook.expect_problem(409, "account_exists");
    let github = world.sign_in_with("github", &person).await.expect(200);
    assert_eq!(google["user"]["sk"], github["user"]["sk"]);
    let token = github["token"].as_str().unwrap();
    assert_eq!(linked(&world, token).await, ["google", "github"]);
    // Another account at the same provider with that address is another identity.
    let double = Person {
        subject: "12345".to_owned(),
        ..person
    };
    let second = world.sign_in_with("google", &double).await;
    second.expect_problem(409, "identity_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_facebooks_word_counts_as_unproved() {
    let world = world().await;
    let person = Person::new("face@example.com");
    let made = world.sign_in_with("facebook", &person).await.expect(200);
    assert_eq!(who(&world, &made).await["email"], "face@example.com");
    let google = world.sign_in_with("google", &person).await;
    google.expect_problem(409, "account_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_links_and_unlinks_what_they_sign_in_with() {
    let world = world().await;
    let ann = world.sign_up("acme", "linker@example.com").await;
    let bob = world.sign_up("acme", "other@example.com").await;
    let person = Person::new("elsewhere@example.com");
    assert_eq!(linked(&world, &ann.token).await, Vec::<String>::new());
    for _ in 0..2 {
        assert_eq!(link(&world, &ann, "github", &person).await.status, 204);
    }
    assert_eq!(linked(&world, &ann.token).await, ["github"]);
    let session = world.sign_in_with("github", &person).await.expect(200);
    assert_eq!(session["user"]["sk"], ann.id.as_str());

    link(&world, &bob, "github", &person)
        .await
        .expect_problem(409, "identity_taken");
    let second = Person::new("second@example.com");
    link(&world, &ann, "github", &second)
        .await
        .expect_problem(409, "identity_taken");
    let back = world.consented("acme", "google", &second).await;
    let mut wrong = proof(&back);
    wrong["codeVerifier"] = json!("x".repeat(43));
    let path = format!("{IDENTITIES}/google");
    let refused = world.post(&path, &wrong).token(&ann.token).send().await;
    refused.expect_problem(400, "invalid_state");

    for _ in 0..2 {
        assert_eq!(unlink(&world, &ann.token, "github").await.status, 204);
    }
    assert_eq!(linked(&world, &ann.token).await, Vec::<String>::new());
    let stranger = world.sign_in_with("github", &person).await.expect(200);
    assert_ne!(stranger["user"]["sk"], ann.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_way_in_stays_however_many_are_removed_at_once() {
    let world = world().await;
    for n in 0..5 {
        let person = Person::new(&format!("last-{n}@example.com"));
        world.sign_in_with("google", &person).await.expect(200);
        let session = world.sign_in_with("github", &person).await.expect(200);
        let token = session["token"].as_str().unwrap();
        let both = tokio::join!(
            unlink(&world, token, "google"),
            unlink(&world, token, "github")
        );
        let mut answers: [_; 2] = both.into();
        answers.sort_by_key(|answer| answer.status);
        let [done, refused] = answers;
        assert_eq!(done.status, 204);
        refused.expect_problem(409, "last_way_in");
        assert_eq!(linked(&world, token).await.len(), 1);
    }
    assert_eq!(count(&world, "Identity").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_without_a_password_is_told_what_everybody_is_told() {
    let world = world().await;
    let person = Person::new("nopass@example.com");
    world.sign_in_with("google", &person).await.expect(200);
    let attempt = async |email: &str| {
        let body = json!({"email": email, "password": "correct horse battery"});
        world.post("/profile/customer/signin", &body).send().await
    };
    let (known, unknown) = (
        attempt(&person.email).await,
        attempt("nobody@example.com").await,
    );
    assert_eq!(known.anonymous(), unknown.anonymous());
    known.expect_problem(401, "invalid_credentials");
    let sign_up = json!({"email": person.email, "password": "correct horse battery"});
    let taken: Value = world
        .post("/profile/customer/signup", &sign_up)
        .send()
        .await
        .expect_problem(409, "email_taken");
    assert_eq!(taken["status"], 409);
}
