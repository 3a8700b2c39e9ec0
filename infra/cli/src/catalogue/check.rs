//! The rules that products of a catalogue keep.

use std::collections::{BTreeMap, HashMap, HashSet};

use iso_currency::Currency;
use jiff::Timestamp;
use portico_shared::domain::product::{Product, ProductStatus, Variation};
use portico_shared::ids::{OrgId, ProductId};
use portico_shared::money::Money;
use portico_shared::text;

use super::Entry;
use super::draft::{Draft, DraftVariation, Place, slug_of};
use super::problems::Problems;

/// More than any shelf holds, and far from where sums of stock would overflow.
const MAX_STOCK: i64 = 1_000_000_000;
/// The most forms of one product.
const MAX_VARIATIONS: usize = 100;
/// The most images, and the most attributes, of one product; the most options of a variation.
const MAX_IMAGES: usize = 20;
const MAX_ATTRIBUTES: usize = 50;
const MAX_OPTIONS: usize = 10;
/// A `DynamoDB` item is at most 400 KB; the item is a little larger than the product's JSON.
const MAX_BYTES: usize = 350_000;

/// A product that keeps the rules that it can keep alone.
#[derive(Debug)]
pub(super) struct Checked {
    at: Place,
    product: Product,
    stock: Vec<(String, i64)>,
}

impl Checked {
    pub(super) fn into_entry(self) -> Entry {
        (self.product, self.stock)
    }
}

/// Checks all products of a file. Only if there is no problem are they what the file says.
pub(super) fn products(
    drafts: Vec<Draft>,
    org: &OrgId,
    currency: Currency,
    now: Timestamp,
    problems: &mut Problems,
) -> Vec<Checked> {
    let mut check = Check {
        org,
        currency,
        now,
        skus: HashMap::new(),
        slugs: HashMap::new(),
        problems,
    };
    drafts
        .into_iter()
        .map(|draft| check.product(draft))
        .collect()
}

/// Checks a file's products against the org's: a sku and a slug name one product that is on sale. What is
/// imported again keeps the time it was first imported at. Answers how many products are replaced.
pub(super) fn against(stored: &[Product], found: &mut [Checked], problems: &mut Problems) -> usize {
    let ids: HashSet<ProductId> = found
        .iter()
        .map(|checked| checked.product.id.clone())
        .collect();
    let others = || {
        stored
            .iter()
            .filter(|other| other.status == ProductStatus::Active && !ids.contains(&other.id))
    };
    let slugs: HashSet<&str> = others().map(|other| other.slug.as_str()).collect();
    let skus: HashMap<&str, &Product> = others()
        .flat_map(|other| {
            other
                .variations
                .iter()
                .map(move |v| (v.sku.as_str(), other))
        })
        .collect();
    let created: HashMap<&ProductId, Timestamp> = stored
        .iter()
        .map(|other| (&other.id, other.created_at))
        .collect();
    let mut replaced = 0;
    for Checked { at, product, .. } in found {
        if let Some(at) = created.get(&product.id) {
            product.created_at = *at;
            replaced += 1;
        }
        if product.status != ProductStatus::Active {
            continue;
        }
        if slugs.contains(product.slug.as_str()) {
            let message = format!(
                "{:?} is the slug of another product of the catalogue",
                product.slug
            );
            problems.add(at.field("slug"), message);
        }
        for sku in product
            .variations
            .iter()
            .map(|variation| variation.sku.as_str())
        {
            if let Some(other) = skus.get(sku) {
                let first = other
                    .variations
                    .first()
                    .map_or("", |variation| variation.sku.as_str());
                let message = format!(
                    "{sku:?} is in the catalogue's product {:?}, which is replaced only by one whose first sku is {first:?}",
                    other.slug
                );
                problems.add(at.field("sku"), message);
            }
        }
    }
    replaced
}

struct Check<'a> {
    org: &'a OrgId,
    currency: Currency,
    now: Timestamp,
    skus: HashMap<String, Place>,
    slugs: HashMap<String, Place>,
    problems: &'a mut Problems,
}

impl Check<'_> {
    fn product(&mut self, draft: Draft) -> Checked {
        let at = draft.at;
        self.texts(&draft);
        let slug = self.slug(&draft);
        let first = draft
            .variations
            .first()
            .and_then(|variation| variation.sku.clone());
        let (variations, stock) = self.variations(at, draft.variations);
        let product = Product {
            id: ProductId::derived(
                format!("{}|{}", self.org, first.unwrap_or_default()).as_bytes(),
            ),
            slug,
            name: draft.name.unwrap_or_default(),
            description: draft.description.replace("\r\n", "\n"),
            brand: draft.brand,
            category: draft.category,
            images: draft.images,
            attributes: draft.attributes,
            variations,
            status: draft.status,
            inventory_policy: draft.inventory_policy,
            created_at: self.now,
            updated_at: self.now,
        };
        if serde_json::to_vec(&product).is_ok_and(|json| json.len() > MAX_BYTES) {
            self.problems
                .add(at, format_args!("is larger than {MAX_BYTES} bytes"));
        }
        Checked { at, product, stock }
    }

    fn texts(&mut self, draft: &Draft) {
        let at = draft.at;
        self.line(at, "name", draft.name.as_deref(), 200);
        self.line(at, "brand", draft.brand.as_deref(), 100);
        self.line(at, "category", draft.category.as_deref(), 100);
        let description = draft.description.replace("\r\n", "\n");
        if description.chars().count() > 10_000 {
            self.problems
                .add(at.field("description"), "is longer than 10000 characters");
        }
        if let Err(error) = text::lines(&description, &()) {
            self.problems.add(at.field("description"), error);
        }
        for url in &draft.images {
            self.url(at, "images", url);
        }
        self.count(at, "images", draft.images.len(), MAX_IMAGES);
        self.named(at, "attributes", &draft.attributes, MAX_ATTRIBUTES);
    }

    /// The slug, given or made; the first product of the file that has it, has it.
    fn slug(&mut self, draft: &Draft) -> String {
        let given = draft.slug.is_some();
        let slug = draft
            .slug
            .clone()
            .unwrap_or_else(|| slug_of(draft.name.as_deref().unwrap_or_default()));
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let good = (1..=100).contains(&slug.len())
            && slug.bytes().all(allowed)
            && !slug.starts_with('-')
            && !slug.ends_with('-');
        if good {
            if let Some(other) = self.slugs.insert(slug.clone(), draft.at) {
                self.problems.add(
                    draft.at.field("slug"),
                    format_args!("{slug:?} is the slug of {other}, too"),
                );
            }
        } else if given {
            let message =
                "is not 1 to 100 of a-z, 0-9 and -, beginning and ending with a letter or digit";
            self.problems.add(draft.at.field("slug"), message);
        } else if draft.name.is_some() {
            self.problems.add(
                draft.at.field("slug"),
                "is missing, and the name gives none",
            );
        }
        slug
    }

    fn variations(
        &mut self,
        at: Place,
        drafts: Vec<DraftVariation>,
    ) -> (Vec<Variation>, Vec<(String, i64)>) {
        self.count(at, "variations", drafts.len(), MAX_VARIATIONS);
        let (mut variations, mut stock) = (Vec::new(), Vec::new());
        let mut options: HashMap<BTreeMap<String, String>, Place> = HashMap::new();
        for draft in drafts {
            if let Some(other) = options.insert(draft.options.clone(), draft.at) {
                self.problems.add(
                    draft.at.field("options"),
                    format_args!("are the same as at {other}"),
                );
            }
            let variation = self.variation(&draft);
            if let Some(on_hand) = draft.stock {
                stock.push((variation.sku.clone(), on_hand));
            }
            variations.push(variation);
        }
        (variations, stock)
    }

    fn variation(&mut self, draft: &DraftVariation) -> Variation {
        let at = draft.at;
        if let Some(sku) = &draft.sku {
            self.line(at, "sku", Some(sku), 100);
            if let Some(other) = self.skus.insert(sku.clone(), at) {
                self.problems.add(
                    at.field("sku"),
                    format_args!("{sku:?} is the sku of {other}, too"),
                );
            }
        }
        if draft
            .stock
            .is_some_and(|stock| !(0..=MAX_STOCK).contains(&stock))
        {
            self.problems.add(
                at.field("stock"),
                format_args!("is not between 0 and {MAX_STOCK}"),
            );
        }
        if draft
            .currency
            .as_ref()
            .is_some_and(|code| code != self.currency.code())
        {
            let message = format!("is not the org's currency, {}", self.currency.code());
            self.problems.add(at.field("currency"), message);
        }
        self.named(at, "options", &draft.options, MAX_OPTIONS);
        if let Some(url) = &draft.image {
            self.url(at, "image", url);
        }
        Variation {
            sku: draft.sku.clone().unwrap_or_default(),
            options: draft.options.clone(),
            price: self.price(at, draft.price.as_deref()),
            image: draft.image.clone(),
        }
    }

    fn price(&mut self, at: Place, text: Option<&str>) -> Money {
        let free = Money::zero(self.currency);
        let Some(text) = text else { return free };
        match Money::parse(text, self.currency) {
            Ok(price) if price.minor() > 0 => return price,
            Ok(_) => self.problems.add(at.field("price"), "is not more than 0"),
            Err(error) => {
                self.problems.add(
                    at.field("price"),
                    format_args!("{text:?}: {error} ({})", self.currency.code()),
                );
            }
        }
        free
    }

    fn line(&mut self, at: Place, field: &str, text: Option<&str>, max: usize) {
        let Some(text) = text else { return };
        if text.is_empty() || text.chars().count() > max {
            self.problems.add(
                at.field(field),
                format_args!("does not have 1 to {max} characters"),
            );
        }
        if let Err(error) = text::line(&text, &()) {
            self.problems.add(at.field(field), error);
        }
    }

    fn named(&mut self, at: Place, field: &str, named: &BTreeMap<String, String>, max: usize) {
        self.count(at, field, named.len(), max);
        for (name, value) in named {
            self.line(at, field, Some(name), 100);
            self.line(at, field, Some(value), 200);
        }
    }

    fn url(&mut self, at: Place, field: &str, url: &str) {
        let web = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        let good = web.is_some_and(|rest| !rest.is_empty()) && url.len() <= 2_000;
        if !good || !url.bytes().all(|b| b.is_ascii_graphic()) {
            self.problems.add(
                at.field(field),
                format_args!("is not a web address: {url:?}"),
            );
        }
    }

    fn count(&mut self, at: Place, field: &str, count: usize, max: usize) {
        if count > max {
            self.problems
                .add(at.field(field), format_args!("are more than {max}"));
        }
    }
}
