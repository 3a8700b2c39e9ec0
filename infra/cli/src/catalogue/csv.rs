//! Catalogues in CSV (RFC 4180): a header, then one row for each variation.

use std::collections::{BTreeMap, HashMap};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::draft::{Draft, DraftVariation, Place, choice, slug_of};
use super::problems::Problems;

/// What must be there.
const REQUIRED: [&str; 3] = ["sku", "name", "price"];
/// What each row says of its variation.
const OF_VARIATION: [&str; 4] = ["sku", "price", "stock", "image"];
/// What the first row of a product says of it; later rows may leave it out or say the same.
const OF_PRODUCT: [&str; 9] = [
    "name",
    "slug",
    "description",
    "brand",
    "category",
    "currency",
    "images",
    "status",
    "inventoryPolicy",
];

/// Reads a file.
pub(super) fn read(text: &str, problems: &mut Problems) -> Vec<Draft> {
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let columns = match reader.headers() {
        Ok(header) => Columns::of(header, problems),
        Err(error) => {
            problems.add("line 1", error);
            None
        }
    };
    let Some(columns) = columns else {
        return Vec::new();
    };
    let mut products = Grouped::default();
    for record in reader.records() {
        match record {
            Ok(record) => products.add(Row::of(&columns, record, problems), problems),
            Err(error) => problems.add("the file", error),
        }
    }
    products.drafts
}

/// Which column stands where.
struct Columns {
    names: Vec<String>,
    positions: HashMap<String, usize>,
}

impl Columns {
    /// The header's columns, if they can be worked with.
    fn of(header: &StringRecord, problems: &mut Problems) -> Option<Self> {
        let names: Vec<String> = header.iter().map(str::to_owned).collect();
        let mut positions = HashMap::new();
        let mut good = true;
        let mut wrong = |name: &str, message: &str| {
            problems.add(format_args!("line 1, {name}"), message);
            good = false;
        };
        for (position, name) in names.iter().enumerate() {
            let free = name
                .split_once(':')
                .is_some_and(|(kind, of)| matches!(kind, "option" | "attribute") && !of.is_empty());
            if !free
                && !OF_VARIATION.contains(&name.as_str())
                && !OF_PRODUCT.contains(&name.as_str())
            {
                wrong(name, "is not a column that is known here");
            }
            if positions.insert(name.clone(), position).is_some() {
                wrong(name, "is there twice");
            }
        }
        for name in REQUIRED {
            if !positions.contains_key(name) {
                wrong(name, "is missing");
            }
        }
        good.then_some(Self { names, positions })
    }
}

/// A row. An empty cell is absent.
struct Row<'a> {
    at: Place,
    columns: &'a Columns,
    record: StringRecord,
}

impl<'a> Row<'a> {
    fn of(columns: &'a Columns, record: StringRecord, problems: &mut Problems) -> Self {
        let at = Place::Line(record.position().map_or(0, csv::Position::line));
        if record.len() != columns.names.len() {
            let message = format!(
                "has {} cells where the header has {}",
                record.len(),
                columns.names.len()
            );
            problems.add(at, message);
        }
        Self {
            at,
            columns,
            record,
        }
    }

    fn cell(&self, name: &str) -> Option<&str> {
        let position = *self.columns.positions.get(name)?;
        self.record.get(position).filter(|cell| !cell.is_empty())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.cell(name).map(str::to_owned)
    }

    fn required(&self, name: &str, problems: &mut Problems) -> Option<String> {
        if self.cell(name).is_none() {
            problems.add(self.at.field(name), "is missing");
        }
        self.text(name)
    }

    /// The columns `kind:NAME` that have a value, by their names.
    fn named(&self, kind: &str) -> BTreeMap<String, String> {
        let of_kind =
            |column: &'a String| Some((column.strip_prefix(kind)?.strip_prefix(':')?, column));
        let columns = self.columns.names.iter().filter_map(of_kind);
        columns
            .filter_map(|(name, column)| Some((name.to_owned(), self.text(column)?)))
            .collect()
    }

    fn variation(&self, currency: Option<String>, problems: &mut Problems) -> DraftVariation {
        let stock = self.cell("stock").and_then(|cell| {
            let stock = cell.parse().ok();
            if stock.is_none() {
                problems.add(
                    self.at.field("stock"),
                    format_args!("is not a whole number: {cell:?}"),
                );
            }
            stock
        });
        DraftVariation {
            at: self.at,
            sku: self.required("sku", problems),
            options: self.named("option"),
            price: self.required("price", problems),
            currency,
            stock,
            image: self.text("image"),
        }
    }

    fn product(&self, slug: Option<String>, problems: &mut Problems) -> Draft {
        let images = self
            .cell("images")
            .into_iter()
            .flat_map(|cell| cell.split('|'));
        Draft {
            at: self.at,
            name: self.required("name", problems),
            slug,
            description: self.text("description").unwrap_or_default(),
            brand: self.text("brand"),
            category: self.text("category"),
            images: images.map(|url| url.trim().to_owned()).collect(),
            attributes: self.named("attribute"),
            status: choice(self.text("status"), || self.at.field("status"), problems),
            inventory_policy: choice(
                self.text("inventoryPolicy"),
                || self.at.field("inventoryPolicy"),
                problems,
            ),
            variations: vec![self.variation(self.text("currency"), problems)],
        }
    }
}

/// The products that the rows make.
#[derive(Default)]
struct Grouped<'a> {
    drafts: Vec<Draft>,
    /// By slug: the product, and the row it begins with.
    by_slug: HashMap<String, (usize, Row<'a>)>,
}

impl<'a> Grouped<'a> {
    fn add(&mut self, row: Row<'a>, problems: &mut Problems) {
        let slug = row
            .text("slug")
            .or_else(|| row.cell("name").map(slug_of))
            .filter(|slug| !slug.is_empty());
        let known = slug.as_ref().and_then(|slug| self.by_slug.get(slug));
        if let Some((position, first)) = known {
            same_product(first, &row, problems);
            let variation = row.variation(first.text("currency"), problems);
            self.drafts[*position].variations.push(variation);
            return;
        }
        self.drafts.push(row.product(slug.clone(), problems));
        if let Some(slug) = slug {
            self.by_slug.insert(slug, (self.drafts.len() - 1, row));
        }
    }
}

/// A later row of a product does not contradict the first.
fn same_product(first: &Row<'_>, row: &Row<'_>, problems: &mut Problems) {
    for name in &row.columns.names {
        if !OF_PRODUCT.contains(&name.as_str()) && !name.starts_with("attribute:") {
            continue;
        }
        // A slug is the same by being here, made from the name or not.
        if name != "slug"
            && row
                .cell(name)
                .is_some_and(|cell| first.cell(name) != Some(cell))
        {
            problems.add(
                row.at.field(name),
                format_args!("differs from {}, where the product begins", first.at),
            );
        }
    }
}
