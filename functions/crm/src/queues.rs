//! A page of a queue.

use portico_shared::domain::desk::{QueuePage, Queued};
use portico_shared::error::Result;
use portico_shared::http::{App, Org, Page, PageParams};
use portico_shared::store::CustomerScope;

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// The page that is asked for, each with whose it is. `list` names the queue: what a cursor is bound to.
pub(crate) async fn page<T>(
    app: &App,
    org: &Org,
    params: &PageParams,
    list: &str,
    read: impl AsyncFnOnce(QueuePage) -> Result<Queued<T>>,
) -> Result<Page<(CustomerScope, T)>> {
    let page_size = params.size_or(PAGE_SIZE);
    let list = format!("{}|{list}", org.id);
    let after = params.position(app, &org.id, &list)?;
    let skip = if after.is_some() {
        0
    } else {
        params.skip(page_size)
    };
    let queued = read(QueuePage {
        direction: params.direction,
        skip,
        limit: page_size,
        after,
    })
    .await?;
    let next = queued.next.as_deref();
    Ok(Page {
        total: None,
        page: params.page,
        page_size,
        has_next: next.is_some(),
        next: next.map(|position| params.cursor(app, &org.id, &list, position)),
        data: queued.items,
    })
}
