//! The second factor: set up, asked for, trusted away.

use portico_shared::auth::Totp;
use portico_shared::clock;
use portico_tests::{Account, Answer, World};
use serde_json::{Value, json};

use super::{PASSWORD, get, post, sign_in, text};

pub(super) const TREE: &str = "/profile/security/2fa";
pub(super) const VERIFY: &str = "/profile/security/challenge/verify";

/// A customer whose second factor is on.
pub(crate) struct Secured {
    pub(crate) account: Account,
    pub(crate) email: String,
    pub(crate) backup: Vec<String>,
    totp: Totp,
    /// The step whose code switched it on.
    step: u64,
}

impl Secured {
    pub(crate) async fn new(world: &World, email: &str) -> Self {
        let account = world.sign_up("acme", email).await;
        Self::of(world, account, email).await
    }

    /// The same for a customer who is there.
    pub(crate) async fn of(world: &World, account: Account, email: &str) -> Self {
        let (totp, step) = verified(world, &account).await;
        let on = post(world, &account, &format!("{TREE}/enable"), &Value::Null).await;
        let on = on.expect(200);
        let backup = on["backupCodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect();
        Self {
            account,
            email: email.to_owned(),
            backup,
            totp,
            step,
        }
    }

    pub(crate) async fn challenge(&self, world: &World) -> String {
        let challenge = sign_in(world, &self.email).await.expect(200);
        text(&challenge["challengeToken"])
    }

    /// The code of the nth step behind the one that switched it on. Two of them are good at once.
    fn code(&self, nth: u64) -> String {
        self.totp.code(self.step + nth)
    }
}

/// Sets an app up, and shows its first code: that of the step before, so that two more are good today.
pub(crate) async fn verified(world: &World, who: &Account) -> (Totp, u64) {
    let setup = post(
        world,
        who,
        &format!("{TREE}/setup/authenticator"),
        &Value::Null,
    )
    .await;
    let totp = Totp::from_text(&text(&setup.expect(200)["secret"])).unwrap();
    let show = async |step: u64| {
        let code = json!({"code": totp.code(step)});
        post(world, who, &format!("{TREE}/verify-setup"), &code).await
    };
    let before = || Totp::step(clock::unix_seconds()) - 1;
    let mut step = before();
    if show(step).await.status == 401 {
        // The clock went on to the next step on the way.
        step = before();
        show(step).await.expect(200);
    }
    (totp, step)
}

pub(crate) async fn answer(world: &World, token: &str, code: &str) -> Answer {
    let body = json!({"challengeToken": token, "code": code});
    world.post(VERIFY, &body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_verified_and_switched_on_step_by_step() {
    let world = World::start().await;
    let who = world.sign_up("acme", "fay@example.com").await;
    let step =
        async |step: &str, body: Value| post(&world, &who, &format!("{TREE}/{step}"), &body).await;
    let status = async || {
        get(&world, &who, &format!("{TREE}/status"))
            .await
            .expect(200)
    };
    assert_eq!(
        status().await,
        json!({"enabled": false, "state": null, "method": null, "since": null, "backupCodesLeft": 0})
    );
    for (name, body) in [
        ("verify-setup", json!({"code": "123456"})),
        ("enable", Value::Null),
        ("disable", json!({"password": PASSWORD})),
        ("backup-codes", json!({"code": "123456"})),
    ] {
        step(name, body)
            .await
            .expect_problem(409, "second_factor_state");
    }
    step("setup/sms", Value::Null)
        .await
        .expect_problem(404, "not_found");

    let setup = step("setup/authenticator", Value::Null).await.expect(200);
    let totp = Totp::from_text(&text(&setup["secret"])).unwrap();
    assert_eq!(
        setup["otpauthUrl"],
        totp.url("Acme Outfitters", "fay@example.com")
    );
    assert_eq!(status().await["state"], "pending");
    step("enable", Value::Null)
        .await
        .expect_problem(409, "second_factor_state");
    // Nothing is asked for before it is on.
    assert!(sign_in(&world, "fay@example.com").await.expect(200)["token"].is_string());
    step("verify-setup", json!({"code": "nonsense"}))
        .await
        .expect_problem(401, "invalid_second_factor");

    // Another secret takes the place of the first.
    let (totp_of_today, now) = verified(&world, &who).await;
    assert_ne!(totp_of_today.text(), totp.text());
    let stale = json!({"code": totp.code(now + 1)});
    step("verify-setup", stale)
        .await
        .expect_problem(401, "invalid_second_factor");
    assert_eq!(status().await["state"], "verified");
    let on = step("enable", Value::Null).await.expect(200);
    let codes: std::collections::BTreeSet<_> = on["backupCodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
    let status = status().await;
    assert_eq!(
        (
            &status["enabled"],
            &status["method"],
            &status["backupCodesLeft"]
        ),
        (&json!(true), &json!("authenticator"), &json!(10))
    );
    for name in ["setup/authenticator", "enable"] {
        step(name, Value::Null)
            .await
            .expect_problem(409, "second_factor_state");
    }
    // Neither the secret nor a code is in the table.
    let table = serde_json::to_string(&world.table().await).unwrap();
    assert!(!table.contains(&totp_of_today.text()));
    assert!(
        codes
            .iter()
            .all(|code| !table.contains(code) && !table.contains(&code.replace('-', "")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_asks_for_a_code_and_each_code_is_good_once() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let challenge = sign_in(&world, &fay.email).await.expect(200);
    assert_eq!(challenge["token"], Value::Null);
    assert_eq!(challenge["requiresTwoFactor"], true);
    assert_eq!(
        (
            &challenge["twoFactorMethod"],
            &challenge["email"],
            &challenge["isNewDevice"]
        ),
        (
            &json!("authenticator"),
            &json!("f***@example.com"),
            &json!(true)
        )
    );
    let token = text(&challenge["challengeToken"]);
    answer(&world, &token, "nonsense")
        .await
        .expect_problem(401, "invalid_second_factor");
    // The code that switched it on is spent.
    answer(&world, &token, &fay.code(0))
        .await
        .expect_problem(401, "invalid_second_factor");
    let session = answer(&world, &token, &fay.code(1)).await.expect(200);
    assert_eq!(session["user"]["sk"], fay.account.id);
    assert_eq!(session["deviceToken"], Value::Null);
    let who = world
        .get("/profile")
        .token(&text(&session["token"]))
        .send()
        .await;
    assert_eq!(who.expect(200)["sk"], fay.account.id);
    // The challenge is over, and the code is spent in another one.
    answer(&world, &token, &fay.code(2))
        .await
        .expect_problem(401, "invalid_challenge");
    let again = fay.challenge(&world).await;
    answer(&world, &again, &fay.code(1))
        .await
        .expect_problem(401, "invalid_second_factor");
    answer(&world, &again, &fay.code(2)).await.expect(200);

    let third = fay.challenge(&world).await;
    let typed = fay.backup[0].to_uppercase().replace('-', " ");
    answer(&world, &third, &typed).await.expect(200);
    let fourth = fay.challenge(&world).await;
    answer(&world, &fourth, &fay.backup[0])
        .await
        .expect_problem(401, "invalid_second_factor");
    answer(&world, &fourth, &fay.backup[1]).await.expect(200);
    let status = get(&world, &fay.account, &format!("{TREE}/status"))
        .await
        .expect(200);
    assert_eq!(status["backupCodesLeft"], 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_device_is_asked_no_more_until_the_second_factor_is_another() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let gil = Secured::new(&world, "gil@example.com").await;
    let with_device = async |email: &str, device: &str| {
        let body = json!({"email": email, "password": PASSWORD, "deviceToken": device});
        world
            .post("/profile/customer/signin", &body)
            .send()
            .await
            .expect(200)
    };
    let trust = json!({"challengeToken": fay.challenge(&world).await, "code": fay.backup[0], "trustDevice": true});
    let session = world.post(VERIFY, &trust).send().await.expect(200);
    let device = text(&session["deviceToken"]);
    assert!(with_device(&fay.email, &device).await["token"].is_string());
    // Without it, altered, or somebody else's: asked.
    let altered = format!("{}x", &device[..device.len() - 1]);
    for wrong in ["", "x", &altered, &fay.account.refresh] {
        let asked = with_device(&fay.email, wrong).await;
        assert_eq!(
            (&asked["token"], &asked["isNewDevice"]),
            (&Value::Null, &json!(true)),
            "{wrong}"
        );
    }
    assert_eq!(
        with_device(&gil.email, &device).await["requiresTwoFactor"],
        true
    );
    let table = serde_json::to_string(&world.table().await).unwrap();
    assert!(!table.contains(device.rsplit('.').next().unwrap()));

    // Off and on again: the device stood for the second factor of before.
    let shown = json!({"code": fay.backup[1]});
    post(&world, &fay.account, &format!("{TREE}/disable"), &shown)
        .await
        .expect(200);
    assert!(sign_in(&world, &fay.email).await.expect(200)["token"].is_string());
    verified(&world, &fay.account).await;
    post(
        &world,
        &fay.account,
        &format!("{TREE}/enable"),
        &Value::Null,
    )
    .await
    .expect(200);
    let asked = with_device(&fay.email, &device).await;
    assert_eq!(
        (&asked["token"], &asked["isNewDevice"]),
        (&Value::Null, &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_protects_is_taken_away_for_the_password_or_a_code_and_for_nothing_less() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let step = async |step: &str, body: Value| {
        post(&world, &fay.account, &format!("{TREE}/{step}"), &body).await
    };
    for body in [
        json!({}),
        json!({"password": PASSWORD, "code": fay.backup[0]}),
    ] {
        let refused = step("disable", body)
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(refused["details"][0]["field"], "code");
    }
    let wrong = json!({"password": "wrong password"});
    step("disable", wrong)
        .await
        .expect_problem(401, "invalid_credentials");
    step("disable", json!({"code": "nonsense"}))
        .await
        .expect_problem(401, "invalid_second_factor");

    let renewed = step("backup-codes", json!({"code": fay.code(1)}))
        .await
        .expect(200);
    let new = text(&renewed["backupCodes"][0]);
    // The old ones are gone, and so is the code that was shown.
    let challenge = fay.challenge(&world).await;
    for spent in [&fay.backup[0], &fay.code(1)] {
        answer(&world, &challenge, spent)
            .await
            .expect_problem(401, "invalid_second_factor");
    }
    answer(&world, &challenge, &new).await.expect(200);
    step("disable", json!({"password": PASSWORD}))
        .await
        .expect(200);
    assert!(sign_in(&world, &fay.email).await.expect(200)["token"].is_string());
    let status = get(&world, &fay.account, &format!("{TREE}/status"))
        .await
        .expect(200);
    assert_eq!(
        (&status["enabled"], &status["state"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guests_cart_waits_for_the_code() {
    let world = World::start().await;
    let fay = Secured::new(&world, "fay@example.com").await;
    let lines = json!({"productItems": [{"sku": "MUG-RED", "quantity": 3}]});
    let cart = world
        .post("/storefront/cart/update/new", &lines)
        .send()
        .await
        .expect(200);
    let guest = &cart["authorId"];
    let body = json!({"email": fay.email, "password": PASSWORD, "guestId": guest});
    let challenge = world
        .post("/profile/customer/signin", &body)
        .send()
        .await
        .expect(200);
    let body = json!({
        "challengeToken": challenge["challengeToken"], "code": fay.backup[0], "guestId": guest,
    });
    world.post(VERIFY, &body).send().await.expect(200);
    let path = format!("/storefront/cart/get/{}", fay.account.id);
    let cart = get(&world, &fay.account, &path).await.expect(200);
    assert_eq!(cart["itemCount"], 3);
}
