//! What bookings, the payment history and counted pages cost.

use jiff::{Timestamp, ToSpan as _};
use portico_tests::{Account, World};
use serde_json::json;

use super::Budgets;
use crate::operator::portico;

const ALL: &str = "/client-data/reservations";
const SLOTS: &str = "/client-data/reservations/available-slots";

pub(super) async fn measured(world: &World, budgets: &mut Budgets, bob: &Account) {
    let get = async |path: &str| world.get(path).token(&bob.token).send().await;
    let post = async |path: &str, body| world.post(path, &body).token(&bob.token).send().await;
    let definitions = get("/client-data/reservations/definitions").await;
    budgets.row(
        "GET /client-data/reservations/definitions",
        "warm",
        200,
        &definitions,
    );

    let day = |ahead: i64| {
        (Timestamp::now() + (24 * ahead).hours())
            .strftime("%Y-%m-%d")
            .to_string()
    };
    // At noon in Chicago, or at one: hours that begin within six hours of UTC.
    let slot = |ahead: i64| format!("{}T19:00:00Z", day(ahead));
    let booking = |ahead| json!({"definitionId": "bike-fitting", "service": "Standard fitting", "slot": {"start": slot(ahead)}});
    let booked = post(ALL, booking(5)).await;
    budgets.row("POST /client-data/reservations", "", 201, &booked);
    let id = booked.body["id"].as_str().unwrap();

    let wanted = json!({"definitionId": "bike-fitting", "date": day(5)});
    budgets.row(
        "POST /client-data/reservations/available-slots",
        "a day",
        200,
        &post(SLOTS, wanted).await,
    );
    let wanted = json!({"definitionId": "bike-fitting", "startDate": day(1), "endDate": day(31)});
    budgets.row(
        "POST /client-data/reservations/available-slots",
        "31 days",
        200,
        &post(SLOTS, wanted).await,
    );

    budgets.row("GET /client-data/reservations", "", 200, &get(ALL).await);
    let one = format!("{ALL}/{id}");
    budgets.row(
        "GET /client-data/reservations/{reservationId}",
        "",
        200,
        &get(&one).await,
    );
    let put = async |body| world.put(ALL, &body).token(&bob.token).send().await;
    let noted = put(json!({"id": id, "note": "Late."})).await;
    budgets.row("PUT /client-data/reservations", "note", 200, &noted);
    let moved = put(json!({"id": id, "slot": {"start": slot(6)}})).await;
    budgets.row(
        "PUT /client-data/reservations",
        "to another day",
        200,
        &moved,
    );
    let cancelled = world.delete(&one).token(&bob.token).send().await;
    budgets.row(
        "DELETE /client-data/reservations/{reservationId}",
        "",
        204,
        &cancelled,
    );

    for n in 0..20 {
        let (reference, amount) = (format!("budget-{n}"), format!("{n}.50"));
        let arguments = [
            "transactions",
            "record",
            "acme",
            "--email",
            "bob@acme.example",
            "--type",
            "payment",
            "--amount",
            &amount,
            "--method",
            "bank_transfer",
            "--reference",
            &reference,
        ];
        portico(world, &arguments).await.unwrap();
    }
    let page = get("/client-data/transactions?pageSize=20").await;
    budgets.row("GET /client-data/transactions", "20 entries", 200, &page);
    let counted = get("/client-data/orders?page=1&pageSize=20").await;
    budgets.row("GET /client-data/orders", "page by number", 200, &counted);
}
