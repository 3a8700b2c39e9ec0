//! How long it takes to tell the free slots of a month, when many are booked.

use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan as _};
use portico_shared::auth::Principal;
use portico_shared::aws::{Aws, Endpoints};
use portico_shared::domain::reservation::{
    self, Booking, Calendar, Definitions, Draft, Taken, save,
};
use portico_shared::files::Files;
use portico_shared::http::App;
use portico_shared::money::parse_currency;
use serde_json::json;

use crate::Result;
use crate::platform::Platform;
use crate::wait::{Waits, post_event, wait};
use crate::world::{World, org_id};

/// How many bookings there are.
pub const BOOKINGS: usize = 500;
/// How many days are asked for.
pub const DAYS: i64 = 30;
/// How often.
const TIMES: usize = 200;

/// What was measured.
#[derive(Debug)]
pub struct Measured {
    /// How many slots were free.
    pub free: usize,
    /// The request.
    pub waits: Waits,
    /// The rules alone, without the table: half of the times.
    pub rules: Duration,
}

/// Books slots all over a month, and asks for those that are left.
///
/// # Errors
///
/// When a booking or a request fails.
pub async fn measure(platform: &Platform, world: &World) -> Result<Measured> {
    let (store, ring, org) = (platform.store().await?, platform.ring().await?, org_id()?);
    let draft: Draft = serde_json::from_value(json!({
        "name": "bench", "title": "Bench", "capacity": 4, "bufferMinutes": 15, "stepMinutes": 15,
        "workDays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "officeHours": {"startTime": "09:00", "endTime": "17:00", "timezone": "Europe/Berlin"},
        "services": [{"name": "Half an hour", "duration": 30, "price": 20}],
    }))?;
    let definition = draft.check(&org, parse_currency("USD")?);
    let definition = definition.map_err(|wrong| format!("{wrong:?}"))?;
    save(&store, &org, &definition).await?;
    let calendar = Calendar::of(definition).ok_or("Berlin has no time zone")?;
    let service = &calendar.definition.services[0];
    let Principal::Customer(scope, _) = Principal::verify(&ring, &org, &world.reader.token)? else {
        return Err("the reader is no customer".into());
    };
    let now = Timestamp::now();
    let first = calendar.local(now).date().checked_add(1.day())?;
    let dates = (first, first.checked_add((DAYS - 1).days())?);
    let free = calendar.free(service, dates, &Taken::default(), now);
    // Spread over the month, and no more at once than there are places.
    for booked in 0..BOOKINGS {
        let slot = free[booked * free.len() / BOOKINGS].slot;
        let booking = Booking {
            calendar: &calendar,
            service,
            slot,
            note: None,
            idempotency: None,
        };
        reservation::book(&store, &ring, &scope, booking).await?;
    }

    let wanted = json!({"definitionId": "bench", "startDate": dates.0, "endDate": dates.1});
    let path = "/client-data/reservations/available-slots";
    let event = post_event(path, &wanted, &world.reader);
    // Slots are no files.
    let files = Files::new(&Aws::local(Endpoints::default()), "none");
    let router = portico_client_data::router(App::new(store.clone(), files, ring, false));
    let waits = wait(platform, &router, &[event], TIMES).await?;

    let calendars = Definitions::default();
    let calendar = calendars.get(&store, &org, "bench").await?;
    let service = &calendar.definition.services[0];
    let moments = calendar.moments(dates.0, dates.1);
    let taken = Taken::read(&store, &org, &calendar.definition.id, moments).await?;
    let mut left = 0;
    let mut rules = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        left = calendar.free(service, dates, &taken, now).len();
        rules.push(began.elapsed());
    }
    rules.sort_unstable();
    Ok(Measured {
        free: left,
        waits,
        rules: rules[TIMES / 2],
    })
}
