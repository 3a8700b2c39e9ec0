//! Everything that the customer is shown in lists, at once.

use std::collections::BTreeMap;

use axum::extract::State;
use portico_shared::domain::address::Address;
use portico_shared::domain::benefit::Benefits;
use portico_shared::domain::catalogue::Catalogue;
use portico_shared::domain::customer::Customer as Stored;
use portico_shared::domain::desk::{self, Conversation, Ticket, TicketView};
use portico_shared::domain::file::{File, FileView};
use portico_shared::domain::notification::Notification;
use portico_shared::domain::order::{OrderRow, OrderSummary};
use portico_shared::domain::payment_method::PaymentMethods;
use portico_shared::domain::profile::Profile;
use portico_shared::domain::reservation::Reservation;
use portico_shared::domain::transaction::Transaction;
use portico_shared::domain::wishlist::Wish;
use portico_shared::error::{Code, Result};
use portico_shared::files::Files;
use portico_shared::http::{App, Customer, Failure, Json, Problem, Query, Routes};
use portico_shared::operations;
use portico_shared::store::{AnyItem, Collection, Entity, Partition, Span};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::addresses::{self, AddressView};
use crate::benefits::{self, EnrollmentView};
use crate::messages::ConversationView;
use crate::notifications::NotificationView;
use crate::payment_methods::{self, PaymentMethodView};
use crate::reservations::{self, ReservationView};
use crate::tickets;
use crate::transactions::TransactionView;
use crate::wishlist::{self, WishView};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, get_all)
}

/// How many entries of a collection are shown; its own list has the others.
const SHOWN: usize = 200;

/// A collection: what its own list answers, up to 200 entries.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Section<T> {
    /// The first entries, in the order of the list.
    data: Vec<T>,
    /// Whether the list has more.
    has_more: bool,
}

impl<T> Section<T> {
    fn of(mut data: Vec<T>, cut: bool) -> Self {
        let has_more = cut || data.len() > SHOWN;
        data.truncate(SHOWN);
        Self { data, has_more }
    }
}

/// What entries are shown with.
struct With<'a> {
    customer: &'a Customer,
    catalogue: &'a Catalogue,
    files: &'a Files,
}

/// Which collections there are: the key in the answer, what is stored, what is shown, where it is, and how one
/// becomes the other.
macro_rules! collections {
    ($($name:ident: $stored:ty => $view:ty, $collection:expr, |$all:ident, $with:ident| $views:expr;)*) => {
        /// Everything that the customer is shown in lists. A collection is in one answer: this one, or one that
        /// `next` leads to.
        #[derive(Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        #[schema(example = json!({
            "orders": {"data": [], "hasMore": false}, "addresses": {"data": [], "hasMore": false},
            "paymentMethods": {"data": [], "hasMore": false}, "notifications": {"data": [], "hasMore": false},
            "wishlist": {"data": [], "hasMore": false}, "tickets": {"data": [], "hasMore": false},
            "conversations": {"data": [], "hasMore": false}, "enrollments": {"data": [], "hasMore": false}, "reservations": {"data": [], "hasMore": false},
            "transactions": {"data": [], "hasMore": false}, "files": {"data": [], "hasMore": false}, "next": null,
        }))]
        struct All {
            #[serde(skip_serializing_if = "Option::is_none")]
            profile: Option<Profile>,
            $(#[serde(skip_serializing_if = "Option::is_none")] $name: Option<Section<$view>>,)*
            /// The `cursor` of the answer with the other collections; null when there are none.
            next: Option<String>,
        }

        /// Where the collections begin, in the order that a partition is read in: backwards.
        fn prefixes() -> Vec<&'static str> {
            let mut prefixes = vec![$($collection.prefix()),*];
            prefixes.sort_unstable_by(|a, b| b.cmp(a));
            prefixes
        }

        async fn all(mut page: Page, profile: Option<Profile>, with: &With<'_>) -> Result<All> {
            Ok(All {
                profile,
                $($name: match page.collection::<$stored>($collection)? {
                    Some(($all, cut)) => {
                        let $with = with;
                        let data: Vec<$view> = $views;
                        Some(Section::of(data, cut))
                    }
                    None => None,
                },)*
                next: page.next,
            })
        }
    };
}

collections! {
    orders: OrderRow => OrderSummary, Collection::OrderRows, |rows, _with| rows.into_iter().map(Into::into).collect();
    addresses: Address => AddressView, Collection::Addresses, |all, _with| addresses::views(all);
    payment_methods: PaymentMethods => PaymentMethodView, Collection::PaymentMethods,
        |all, _with| all.into_iter().flat_map(PaymentMethods::saved).map(payment_methods::view).collect();
    notifications: Notification => NotificationView, Collection::Notifications, |all, _with| all.into_iter().map(Into::into).collect();
    wishlist: Wish => WishView, Collection::Wishlist, |all, with| wishlist::views(all, with.catalogue);
    tickets: Ticket => TicketView, Collection::Tickets, |all, with| tickets::views(all, with.files, &with.customer.scope).await?;
    conversations: Conversation => ConversationView, Collection::Conversations, |all, _with| desk::latest_first(all).into_iter().map(Into::into).collect();
    enrollments: Benefits => EnrollmentView, Collection::Benefits, |all, _with| all.into_iter().flat_map(benefits::views).collect();
    reservations: Reservation => ReservationView, Collection::Reservations, |all, with| reservations::views(all, with.customer);
    transactions: Transaction => TransactionView, Collection::Transactions, |all, _with| all.into_iter().map(Into::into).collect();
    files: File => FileView, Collection::Files, |all, _with| all.into_iter().map(Into::into).collect();
}

/// Where an earlier answer ended.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AllQuery {
    /// The `next` of the answer before.
    cursor: Option<String>,
}

/// Everything that the customer is shown in lists: each collection as its own list shows it, up to 200 entries.
/// One answer, unless it is more than a megabyte; then `next` leads to the collections that are left.
#[utoipa::path(
    get, path = "/client-data/all", tag = "client-data", security(("customer" = [])),
    params(AllQuery),
    responses((status = OK, body = All), (status = "4XX", body = Problem)),
)]
async fn get_all(
    State(app): State<App>,
    customer: Customer,
    Query(query): Query<AllQuery>,
) -> Result<Json<All>, Failure> {
    let Customer { org, scope } = &customer;
    let list = format!("{}|all", scope.pk());
    let cursors = app.ring.cursors(&org.id);
    let verify = |cursor: String| {
        cursors
            .verify(&list, &cursor)
            .map_err(|_| Code::InvalidCursor)
    };
    let after = query.cursor.map(verify).transpose()?;
    let span = Span::shown().after(after.as_deref());
    let (read, catalogue) = tokio::join!(
        app.store.page(scope, span),
        app.catalogues.get(&app.store, &org.id)
    );
    let (items, stopped) = read?;
    let mut page = Page::of(items, after, stopped)?;
    let profile = match page.profile.take() {
        Some(stored) => Some(Profile::of(&app.files, scope, stored).await?),
        None => None,
    };
    let with = With {
        customer: &customer,
        catalogue: &*catalogue?,
        files: &app.files,
    };
    let mut all = all(page, profile, &with).await?;
    let sign = |position: String| cursors.sign(&list, &position);
    all.next = all.next.map(sign);
    Ok(Json(all))
}

/// A page of the partition, by collection.
struct Page {
    profile: Option<Stored>,
    items: BTreeMap<&'static str, Vec<AnyItem>>,
    /// Collections that begin at or behind this were in earlier answers.
    after: Option<String>,
    /// Collections that begin before this are for later answers.
    next: Option<String>,
    /// The collection that the page ends in the middle of.
    cut: Option<&'static str>,
}

impl Page {
    fn of(items: Vec<AnyItem>, after: Option<String>, stopped: Option<String>) -> Result<Self> {
        let prefixes = prefixes();
        let collection = |position: &str| {
            let mut all = prefixes.iter().copied();
            all.find(|prefix| position.starts_with(prefix))
        };
        let mut page = Self {
            profile: None,
            items: BTreeMap::new(),
            after,
            next: None,
            cut: None,
        };
        for item in items {
            match collection(item.position()) {
                Some(prefix) => page.items.entry(prefix).or_default().push(item),
                None if item.kind() == Stored::TYPE => {
                    page.profile = Some(item.read::<Stored>()?.entity);
                }
                None => {}
            }
        }
        // A collection is not divided: one that the megabyte ends in is shown as far as it goes if that is
        // enough, and else left for the next answer, which begins with it.
        page.next = stopped.map(|position| {
            let Some(cut) = collection(&position) else {
                return position;
            };
            let before = prefixes.iter().rev().find(|prefix| **prefix > cut);
            let before =
                before.filter(|prefix| page.after.as_deref().is_none_or(|after| **prefix < after));
            match before {
                Some(before) if page.items[cut].len() < SHOWN => (*before).to_owned(),
                _ => {
                    page.cut = Some(cut);
                    cut.to_owned()
                }
            }
        });
        Ok(page)
    }

    /// What there is of a collection, if it belongs into this answer, and whether the page ends in it.
    fn collection<T: Entity>(&mut self, collection: Collection) -> Result<Option<(Vec<T>, bool)>> {
        let prefix = collection.prefix();
        let earlier = self.after.as_deref().is_some_and(|after| prefix >= after);
        if earlier || self.next.as_deref().is_some_and(|next| prefix < next) {
            return Ok(None);
        }
        let items = self.items.remove(prefix).unwrap_or_default();
        let entities = items.into_iter().map(|item| Ok(item.read::<T>()?.entity));
        let entities = entities.collect::<Result<Vec<T>>>()?;
        Ok(Some((entities, self.cut == Some(prefix))))
    }
}

#[cfg(test)]
mod tests {
    use super::prefixes;

    #[test]
    fn what_is_hidden_is_no_part_of_it() {
        // It would be empty in every answer: hidden keys are not read.
        assert!(prefixes().iter().all(|prefix| !prefix.starts_with('~')));
    }
}
