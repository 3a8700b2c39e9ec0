//! The events in `events/`: what their placeholders stand for, taken from the demo data of a running
//! platform.

mod demo;
mod desk;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use self::demo::Demo;

/// What the placeholders of the files stand for, such as `CUSTOMER_ID` for `${CUSTOMER_ID}`.
pub type Values = BTreeMap<&'static str, String>;

/// What somebody gets by mail or text message: its placeholder, what is asked for it and how, and the
/// message's subject.
const MAILED: &[(&str, &str, &str, &str)] = &[
    (
        "DORA_RESET_TOKEN",
        "/profile/customer/password/forgot",
        "",
        "Set a new password",
    ),
    (
        "DORA_LINK_TOKEN",
        "/profile/customer/magic-link",
        "link",
        "Your link to sign in",
    ),
    (
        "DORA_SIGN_IN_CODE",
        "/profile/customer/magic-link",
        "code",
        "Your code to sign in",
    ),
    (
        "DORA_EMAIL_CODE",
        "/client-data/verification/email/send",
        "",
        "Confirm your address",
    ),
    (
        "DORA_PHONE_CODE",
        "/client-data/verification/phone/send",
        "",
        "Text message",
    ),
];

/// Every event of a folder, as `<function>/<name>` without its ending, sorted.
///
/// # Errors
///
/// A line that says what cannot be read.
pub fn all(folder: &Path) -> Result<Vec<String>, String> {
    let entries = |folder: &Path| -> Result<Vec<_>, String> {
        let unreadable = |error| format!("{}: {error}", folder.display());
        fs::read_dir(folder)
            .and_then(Iterator::collect)
            .map_err(unreadable)
    };
    let mut found = Vec::new();
    for function in entries(folder)? {
        for file in entries(&function.path())? {
            let (function, file) = (function.file_name(), file.file_name());
            let (function, file) = (function.to_string_lossy(), file.to_string_lossy());
            let name = file.strip_suffix(".json");
            let name = name.ok_or_else(|| format!("events are JSON, but not {function}/{file}"))?;
            found.push(format!("{function}/{name}"));
        }
    }
    found.sort();
    Ok(found)
}

/// The text of an event.
///
/// # Errors
///
/// A line that lists the events there are, if this is none of them.
pub fn text(folder: &Path, name: &str) -> Result<String, String> {
    let all = all(folder)?;
    if !all.iter().any(|event| event == name) {
        let all = all.join(", ");
        return Err(format!("there is no event {name}; there are: {all}"));
    }
    let file = folder.join(format!("{name}.json"));
    fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
}

/// An event with its placeholders filled in.
///
/// # Errors
///
/// A line that names a placeholder without a value, or says how it is not JSON.
pub fn fill(text: &str, values: &Values) -> Result<Value, String> {
    let mut text = text.to_owned();
    for (placeholder, value) in values {
        text = text.replace(&format!("${{{placeholder}}}"), value);
    }
    if let Some((_, rest)) = text.split_once("${") {
        let name = rest.split('}').next().unwrap_or(rest);
        return Err(format!("there is no value for the placeholder {name}"));
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// An event that the platform at `url` answers with success: what it needs is made first, over HTTP.
///
/// # Errors
///
/// A line that says that there is no such event or platform, or what could not be made.
pub async fn ready(folder: &Path, name: &str, url: &str) -> Result<Value, String> {
    let text = text(folder, name)?;
    let values = values(url, &text).await?;
    let steps: &[&str] = match name {
        "storefront/ship-order" => &["process"],
        "storefront/deliver-order" => &["process", "ship"],
        _ => &[],
    };
    if name == "crm/revoke-enrollment" {
        let id = values.get("ENROLLMENT_ID").map_or("", String::as_str);
        let path = format!("/crm/benefits/enrollments/{id}/approve");
        let staff = Demo::of(url)?.staff().await?;
        staff.ask(&Method::PUT, &path, Some(json!({}))).await?;
    }
    if !steps.is_empty() {
        let number = values.get("ORDER_NUMBER").map_or("", String::as_str);
        let staff = Demo::of(url)?.staff().await?;
        for step in steps {
            let path = format!("/storefront/order/{step}/{number}");
            let how = json!({"carrier": "ups", "tracking": "1Z999AA10123456784"});
            staff.post(&path, how).await?;
        }
    }
    fill(&text, &values)
}

/// Values for the placeholders of this text. What they name is made: two sessions, and where the text
/// asks for it an order, a cart and an address of acme's customer Bob.
///
/// # Errors
///
/// A line that says that no platform answers at `url`, or what could not be made.
pub async fn values(url: &str, text: &str) -> Result<Values, String> {
    let has = |placeholder: &str| text.contains(&format!("${{{placeholder}"));
    let demo = Demo::of(url)?;
    let mut values = Values::from([("NEW_EMAIL", format!("Dora.{}@Example.com", Uuid::new_v4()))]);
    if has("STAFF_TOKEN") {
        values.insert("STAFF_TOKEN", demo.clone().staff().await?.token);
    }
    if has("PRODUCT_ID") {
        let product = demo.get("/storefront/product/enamel-mug").await?;
        values.insert("PRODUCT_ID", member(&product, "/id")?);
    }
    if has("EVE_TOKEN") {
        let (eve, _, _) = demo.newcomer("eve").await?;
        values.insert("EVE_TOKEN", eve.token);
    }
    if has("DORA_") {
        let (dora, email, phone) = demo.newcomer("dora").await?;
        for (placeholder, path, kind, subject) in MAILED {
            if has(placeholder) {
                let to = if *placeholder == "DORA_PHONE_CODE" {
                    &phone
                } else {
                    &email
                };
                let ask = json!({"email": email, "type": kind});
                values.insert(placeholder, dora.mailed(path, ask, to, subject).await?);
            }
        }
        values.insert("DORA_TOKEN", dora.token);
        values.insert("DORA_EMAIL", email);
    }
    let (bob, session) = demo
        .signed_in("customer", "bob@acme.example", "portico-demo-pass")
        .await?;
    values.insert("REFRESH_TOKEN", member(&session, "/refresh_token")?);
    values.insert("CUSTOMER_ID", member(&session, "/user/sk")?);
    if has("ORDER_") {
        let order = bob.order().await?;
        values.insert("ORDER_ID", member(&order, "/id")?);
        values.insert("ORDER_NUMBER", member(&order, "/orderNumber")?);
    }
    if has("CART_ID") {
        values.insert("CART_ID", bob.cart().await?);
    }
    if has("ENROLLMENT_ID") || has("OTHER_ENROLLMENT_ID") {
        let (applicant, ..) = demo.newcomer("eve").await?;
        for (placeholder, program) in [
            ("ENROLLMENT_ID", "students"),
            ("OTHER_ENROLLMENT_ID", "club"),
        ] {
            let application = json!({"programId": program});
            let made = applicant
                .post("/client-data/benefits/enroll", application)
                .await?;
            values.insert(placeholder, member(&made, "/id")?);
        }
    }
    if has("ADDRESS_ID") {
        let address = json!({"street1": "1 Main St", "city": "Springfield", "country": "US"});
        let address = bob.post("/client-data/addresses", address).await?;
        values.insert("ADDRESS_ID", member(&address, "/id")?);
    }
    desk::values(&demo, &bob, has, &mut values).await?;
    if has("SLOT_") || has("RESERVATION_ID") {
        let slot = bob.slot().await?;
        if has("RESERVATION_ID") {
            let booking = json!({"definitionId": "bike-fitting", "slot": {"start": slot}});
            let booking = bob.post("/client-data/reservations", booking).await?;
            values.insert("RESERVATION_ID", member(&booking, "/id")?);
        }
        values.insert("SLOT_DATE", slot.chars().take(10).collect());
        values.insert("SLOT_START", slot);
    }
    if has("FILE_") || has("OTHER_FILE_") {
        let (file, other) = (bob.file().await?, bob.file().await?);
        values.insert("FILE_ID", member(&file, "/id")?);
        let path = member(&file, "/path")?;
        values.insert("FILE_ENCODED", path.replace('/', "%2F"));
        values.insert("FILE_PATH", path);
        let other = member(&other, "/path")?;
        values.insert("OTHER_FILE_ENCODED", other.replace('/', "%2F"));
    }
    if has("SESSION_ID") {
        let (_, other) = demo
            .signed_in("customer", "bob@acme.example", "portico-demo-pass")
            .await?;
        let refresh = member(&other, "/refresh_token")?;
        let session = refresh.split('.').nth(1).unwrap_or_default();
        values.insert("SESSION_ID", session.to_owned());
    }
    if has("STAFF_REFRESH_TOKEN") {
        let (_, session) = demo
            .signed_in("user", "owner@acme.example", "portico-demo-staff")
            .await?;
        values.insert("STAFF_REFRESH_TOKEN", member(&session, "/refresh_token")?);
    }
    second_factors(&demo, has, &mut values).await?;
    values.insert("CUSTOMER_TOKEN", bob.token);
    Ok(values)
}

/// New customers, each with a second factor as far as an event wants it.
async fn second_factors(
    demo: &Demo,
    has: impl Fn(&str) -> bool,
    values: &mut Values,
) -> Result<(), String> {
    if has("PENDING_FACTOR") {
        let (customer, _) = demo.new_customer().await?;
        let code = customer.pending_factor().await?;
        values.insert("PENDING_FACTOR_TOKEN", customer.token);
        values.insert("PENDING_FACTOR_CODE", code);
    }
    if has("VERIFIED_FACTOR") {
        let (customer, _) = demo.new_customer().await?;
        customer.verified_factor().await?;
        values.insert("VERIFIED_FACTOR_TOKEN", customer.token);
    }
    if has("FACTOR_TOKEN") {
        let (customer, _) = demo.new_customer().await?;
        customer.factor().await?;
        values.insert("FACTOR_TOKEN", customer.token);
    }
    if has("CHALLENGE_") {
        let (customer, email) = demo.new_customer().await?;
        let on = customer.factor().await?;
        let credentials = json!({"email": email, "password": "portico-demo-pass"});
        let challenge = demo.post("/profile/customer/signin", credentials).await?;
        values.insert("CHALLENGE_TOKEN", member(&challenge, "/challengeToken")?);
        values.insert("CHALLENGE_CODE", member(&on, "/backupCodes/0")?);
    }
    Ok(())
}

/// The link's token or the six digits in a message.
fn secret(text: &str) -> Option<String> {
    if let Some((_, token)) = text.split_once("#token=") {
        return token.split_whitespace().next().map(str::to_owned);
    }
    let mut words = text.split(|c: char| !c.is_ascii_digit());
    words.find(|word| word.len() == 6).map(str::to_owned)
}

/// Nobody answers where the platform should.
fn not_running(url: &str) -> String {
    format!("nothing answers at {url}: start `make dev` first")
}

fn member(value: &Value, pointer: &str) -> Result<String, String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| format!("the platform's answer has no {pointer}"))
}
