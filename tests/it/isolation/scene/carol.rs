//! Carol, whose orders and applications wait for staff.

use portico_tests::{Account, World};
use serde_json::json;

use super::text;

/// An order for each step that staff can take.
pub(super) async fn orders(
    world: &World,
    carol: &Account,
    owner: &Account,
) -> [(&'static str, String); 3] {
    const PROCESS: &str = "/storefront/order/process/{orderNumber}";
    const SHIP: &str = "/storefront/order/ship/{orderNumber}";
    const DELIVER: &str = "/storefront/order/deliver/{orderNumber}";
    let mut ready = [PROCESS, SHIP, DELIVER].map(|path| (path, String::new()));
    let shipment = json!({"carrier": "ups", "tracking": "1Z999AA10123456784"});
    for (at, steps) in [&[][..], &[PROCESS], &[PROCESS, SHIP]]
        .into_iter()
        .enumerate()
    {
        let cart = world.cart(carol, "LANTERN-WHITE", 1).await;
        let order = world
            .checkout(carol, &cart, &format!("carol-{at}"))
            .await
            .expect(201);
        let number = text(&order["orderNumber"]);
        for step in steps {
            let path = step.replace("{orderNumber}", &number);
            world
                .post(&path, &shipment)
                .token(&owner.token)
                .send()
                .await
                .expect(200);
        }
        ready[at].1 = number;
    }
    ready
}

/// An application for each decision that staff can take.
pub(super) async fn applications(
    world: &World,
    carol: &Account,
    owner: &Account,
) -> [(&'static str, String); 3] {
    const APPROVE: &str = "/crm/benefits/enrollments/{enrollmentId}/approve";
    const REJECT: &str = "/crm/benefits/enrollments/{enrollmentId}/reject";
    const REVOKE: &str = "/crm/benefits/enrollments/{enrollmentId}/revoke";
    let mut decidable = [
        (APPROVE, "students".to_owned()),
        (REJECT, "club".to_owned()),
        (REVOKE, "seniors".to_owned()),
    ];
    for (path, id) in &mut decidable {
        let application = json!({"programId": id});
        let made = world
            .post("/client-data/benefits/enroll", &application)
            .token(&carol.token);
        *id = text(&made.send().await.expect(201)["id"]);
        if *path == REVOKE {
            let approve = APPROVE.replace("{enrollmentId}", id);
            let approve = world.put(&approve, &json!({})).token(&owner.token);
            approve.send().await.expect(200);
        }
    }
    decidable
}
