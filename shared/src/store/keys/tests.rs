use super::*;
use crate::ids::{CustomerId, DefinitionId, ThreadId};
use crate::store::{CustomerScope, GuestScope, Partition};

#[test]
fn every_partition_key_begins_with_its_org_and_a_separator_the_org_cannot_contain() {
    let org: OrgId = "acme".parse().unwrap();
    let customer = CustomerScope::proved(org.clone(), CustomerId::generate());
    let guest = GuestScope::proved(org.clone(), "gst_x".to_owned());
    let staff = StaffId::generate();
    let keys = [
        customer.key(&Item::Profile),
        guest.key(&Item::Cart(&CartId::generate())),
        org.config_key(),
        org.integration_key("stripe"),
        org.customer_login_key("a@b.c"),
        org.staff_login_key("a@b.c"),
        org.login_code_key(&AddressHash::of("a@b.c"), "reset-password"),
        org.staff_key(&staff),
        org.staff_session_key(&staff, &SessionId::generate()),
        org.throttle_key("signin", "127.0.0.1"),
        org.identity_key("google", "1"),
        org.used_key("oauth-state", "1"),
        org.order_number_key("ORD-1"),
        org.catalogue_revision_key(),
        org.product_key(&ProductId::generate()),
        org.stock_key("SKU-1"),
        org.desk_pointer_key("TKT-1"),
        org.desk_queue_key("tickets", "open", jiff::Timestamp::UNIX_EPOCH, "TKT-1"),
        org.note_key(&MessageId::generate(&ThreadId::from(
            &TicketNumber::generate(),
        ))),
        org.push_token_key("token"),
        org.definition_key(&DefinitionId::generate()),
        org.slots_key(&DefinitionId::generate(), "2026-05-04T06"),
        org.reservation_number_key("C0504ABCD"),
    ];
    for key in keys {
        assert!(key.pk.starts_with("acme#"), "{}", key.pk);
    }
}
