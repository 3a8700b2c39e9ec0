//! A page of one of the customer's collections, in the order that the table keeps.

use portico_shared::error::Result;
use portico_shared::http::{App, Customer, Page, PageParams};
use portico_shared::store::{Collection, Entity, List, Partition};

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// What a list shows of a collection.
pub(crate) struct Shown<'a, T> {
    pub(crate) collection: Collection,
    /// The list's name with its filter: what a cursor is bound to.
    pub(crate) name: &'a str,
    /// What is shown; everything if there is no filter.
    pub(crate) filter: Option<&'a (dyn Fn(&T) -> bool + Send + Sync)>,
}

/// The page that is asked for. One round trip; with a filter, one for each megabyte from the page on.
pub(crate) async fn page<T: Entity, V: From<T>>(
    app: &App,
    customer: &Customer,
    params: &PageParams,
    shown: Shown<'_, T>,
) -> Result<Page<V>> {
    let page_size = params.size_or(PAGE_SIZE);
    let name = format!("{}|{}", customer.scope.pk(), shown.name);
    let after = params.position(app, &customer.org.id, &name)?;
    let skip = if after.is_some() {
        0
    } else {
        params.skip(page_size)
    };
    let mut list = List::of(shown.collection)
        .direction(params.direction)
        .after(after.as_deref());
    if shown.filter.is_none() {
        list = list.limit(skip + page_size);
    }
    let slice = app.store.list::<T>(&customer.scope, list).await?;
    let entries = slice.items.into_iter().zip(slice.positions);
    let mut entries = entries
        .map(|(stored, position)| (stored.entity, position))
        .filter(|(entity, _)| shown.filter.is_none_or(|filter| filter(entity)))
        .skip(skip);
    let (data, positions): (Vec<T>, Vec<String>) = entries.by_ref().take(page_size).unzip();
    let has_next = slice.more || entries.next().is_some();
    let next = positions.last().filter(|_| has_next);
    Ok(Page {
        total: None,
        page: params.page,
        page_size,
        has_next,
        next: next.map(|position| params.cursor(app, &customer.org.id, &name, position)),
        data: data.into_iter().map(V::from).collect(),
    })
}
