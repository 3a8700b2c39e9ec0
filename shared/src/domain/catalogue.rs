//! The catalogue, kept whole in the warm function.
//!
//! A snapshot holds every product of an org with the stock seen when it was taken. It is looked at anew
//! every few seconds and taken anew when an import changed the catalogue. Carts and checkouts read stock
//! from the table; only what shoppers browse comes from the snapshot.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::product::{InventoryPolicy, Product, ProductStatus, Variation};
use super::stock::Stock;
use crate::error::{Error, Result};
use crate::ids::{OrgId, ProductId};
use crate::store::{Entity, List, Store, StoreError, Update, Write, unmetered};

/// How long an import may take to show.
const FRESH: Duration = Duration::from_secs(5);
/// How long a change of stock may take to show in lists.
const STOCK_FRESH: Duration = Duration::from_secs(30);

/// How many products an import writes at a time.
const IN_FLIGHT: usize = 16;
/// How often one write of an import is tried.
const ATTEMPTS: u32 = 6;

/// The products of the catalogue's partition, and the stock levels of theirs.
const PRODUCTS: List<'_> = List::prefixed("PRODUCT#");
const STOCK: List<'_> = List::prefixed("SKU#");

/// The catalogue's revision, counted up by every import: the version of this item.
#[derive(Serialize, Deserialize)]
struct Revision {}

impl Entity for Revision {
    const TYPE: &'static str = "CatalogueRevision";
}

/// A snapshot of one org's catalogue.
#[derive(Debug, Default)]
pub struct Catalogue {
    revision: u64,
    products: Vec<Listed>,
    by_id: HashMap<ProductId, usize>,
    by_slug: HashMap<String, usize>,
    by_sku: HashMap<String, (usize, usize)>,
    stock: HashMap<String, i64>,
}

/// A product with what searching needs.
#[derive(Debug)]
pub struct Listed {
    /// The product.
    pub product: Product,
    /// Name, description and skus in lower case.
    pub haystack: String,
}

impl Catalogue {
    pub(super) fn new(revision: u64, products: Vec<Product>, stock: Vec<Stock>) -> Self {
        let mut catalogue = Self {
            revision,
            ..Self::default()
        };
        for product in products
            .into_iter()
            .filter(|product| product.status == ProductStatus::Active)
        {
            let at = catalogue.products.len();
            catalogue.by_id.insert(product.id.clone(), at);
            catalogue.by_slug.insert(product.slug.clone(), at);
            let mut haystack = format!("{}\n{}", product.name, product.description);
            for (position, variation) in product.variations.iter().enumerate() {
                catalogue
                    .by_sku
                    .insert(variation.sku.clone(), (at, position));
                haystack.push('\n');
                haystack.push_str(&variation.sku);
            }
            catalogue.products.push(Listed {
                product,
                haystack: haystack.to_lowercase(),
            });
        }
        catalogue.stock = stock
            .into_iter()
            .map(|stock| (stock.sku, stock.available))
            .collect();
        catalogue
    }

    /// Every product that shoppers see.
    pub fn products(&self) -> &[Listed] {
        &self.products
    }

    /// A product by its id.
    pub fn product(&self, id: &ProductId) -> Option<&Product> {
        self.by_id.get(id).map(|&at| &self.products[at].product)
    }

    /// A product by its id or slug.
    pub fn find(&self, id_or_slug: &str) -> Option<&Product> {
        match id_or_slug.parse() {
            Ok(id) => self.product(&id),
            Err(_) => self
                .by_slug
                .get(id_or_slug)
                .map(|&at| &self.products[at].product),
        }
    }

    /// What a sku is.
    pub fn sku(&self, sku: &str) -> Option<(&Product, &Variation)> {
        let &(at, position) = self.by_sku.get(sku)?;
        let product = &self.products[at].product;
        Some((product, &product.variations[position]))
    }

    /// Whether any variation of the product could be had when the snapshot was taken.
    pub fn in_stock(&self, product: &Product) -> bool {
        product.inventory_policy == InventoryPolicy::Continue
            || product
                .variations
                .iter()
                .any(|variation| self.stock(&variation.sku) > 0)
    }

    /// The stock of a sku when the snapshot was taken.
    pub fn stock(&self, sku: &str) -> i64 {
        self.stock.get(sku).copied().unwrap_or(0)
    }
}

/// Every product of the org as it is stored, drafts and archived ones too, past every cache.
pub async fn stored(store: &Store, org: &OrgId) -> Result<Vec<Product>> {
    Ok(store
        .range(&org.catalogue_pk(), PRODUCTS)
        .await?
        .into_entities())
}

/// Imports products and stock levels (pieces on hand). Replaces products of the same id; leaves others,
/// and the stock of skus that are not named, alone. `progress` is told how many products are done.
///
/// A product is written after its stock, so that a product that is there is there in full; the revision
/// is written last. After a failure some products are written and some are not: the same import again
/// completes it.
pub async fn import(
    store: &Store,
    org: &OrgId,
    products: &[(Product, Vec<(String, i64)>)],
    mut progress: impl FnMut(usize),
) -> Result<()> {
    let mut writing = JoinSet::new();
    let mut queue = products.iter();
    let mut done = 0;
    loop {
        for (product, stock) in queue.by_ref().take(IN_FLIGHT - writing.len()) {
            writing.spawn(import_one(
                store.clone(),
                org.clone(),
                product.clone(),
                stock.clone(),
            ));
        }
        let Some(written) = writing.join_next().await else {
            break;
        };
        written
            .map_err(|error| Error::Internal(format!("an import's write stopped: {error}")))??;
        done += 1;
        progress(done);
    }
    store
        .write(Write::update(
            org.catalogue_revision_key(),
            Update::of::<Revision>(),
        ))
        .await?;
    Ok(())
}

async fn import_one(
    store: Store,
    org: OrgId,
    product: Product,
    stock: Vec<(String, i64)>,
) -> Result<()> {
    for (sku, on_hand) in stock {
        write_patiently(&store, || super::stock::set_on_hand(&org, &sku, on_hand)).await?;
    }
    write_patiently(&store, || {
        Write::put(org.product_key(&product.id), &product)
    })
    .await
}

/// A large import writes faster than one partition takes (1,000 write units a second): what is throttled
/// is written again later. The writes of an import may happen twice.
async fn write_patiently(store: &Store, write: impl Fn() -> Write) -> Result<()> {
    let mut pause = Duration::from_millis(100);
    for _ in 1..ATTEMPTS {
        match store.write(write()).await {
            Err(StoreError::Unavailable(_) | StoreError::Contended) => {
                tokio::time::sleep(pause).await;
            }
            done => return Ok(done.map(|_| ())?),
        }
        pause *= 2;
    }
    store.write(write()).await?;
    Ok(())
}

struct Entry {
    catalogue: Arc<Catalogue>,
    looked_at: Instant,
    taken_at: Instant,
}

/// The snapshots of the orgs that this warm function serves: up to fifty.
#[derive(Clone)]
pub struct Catalogues {
    cache: Arc<Cache<OrgId, Arc<Mutex<Option<Entry>>>>>,
}

impl Default for Catalogues {
    fn default() -> Self {
        Self {
            cache: Arc::new(Cache::new(50)),
        }
    }
}

impl Catalogues {
    /// The org's catalogue, at most five seconds behind the table; stock levels at most thirty.
    pub async fn get(&self, store: &Store, org: &OrgId) -> Result<Arc<Catalogue>> {
        let slot = if let Some(slot) = self.cache.get(org) {
            slot
        } else {
            let slot = Arc::new(Mutex::new(None));
            self.cache.insert(org.clone(), slot.clone());
            slot
        };
        // Requests that come together wait for one look at the table instead of taking many.
        let mut slot = slot.lock().await;
        if let Some(entry) = slot.as_mut() {
            if entry.looked_at.elapsed() < FRESH {
                return Ok(entry.catalogue.clone());
            }
            if entry.taken_at.elapsed() < STOCK_FRESH
                && Box::pin(unmetered(revision(store, org))).await? == entry.catalogue.revision
            {
                entry.looked_at = Instant::now();
                return Ok(entry.catalogue.clone());
            }
        }
        // Rare, and large as a future: boxed, it does not weigh on every handler that may come here.
        let catalogue = Arc::new(Box::pin(unmetered(take(store, org))).await?);
        let now = Instant::now();
        *slot = Some(Entry {
            catalogue: catalogue.clone(),
            looked_at: now,
            taken_at: now,
        });
        Ok(catalogue)
    }
}

async fn revision(store: &Store, org: &OrgId) -> Result<u64> {
    let revision = store.get::<Revision>(&org.catalogue_revision_key()).await?;
    Ok(revision.map_or(0, |revision| revision.version))
}

async fn take(store: &Store, org: &OrgId) -> Result<Catalogue> {
    // The revision first: products changed after it are seen now and looked for again next time.
    let revision = revision(store, org).await?;
    let products = store.range(&org.catalogue_pk(), PRODUCTS).await?;
    let stock = store.range(&org.stock_pk(), STOCK).await?;
    Ok(Catalogue::new(
        revision,
        products.into_entities(),
        stock.into_entities(),
    ))
}
