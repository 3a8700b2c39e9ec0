//! `portico catalogue`: a file is read whole, checked whole, and only then written.

mod check;
mod csv;
mod draft;
mod json;
mod problems;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use portico_shared::clock;
use portico_shared::domain::catalogue;
use portico_shared::domain::product::Product;
use portico_shared::ids::OrgId;
use portico_shared::store::Store;

use crate::error::Error;
use crate::org::existing;
use crate::parse_org;

pub use problems::Problems;

/// What can be done with catalogues.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import products and stock from a JSON or CSV file, all of them or, if anything is wrong, none
    ///
    /// A product is known by its first sku: importing it again replaces it. Products that the file does
    /// not name stay as they are. Stock is what is on hand, reserved pieces included; where the file
    /// gives none, it stays as it is.
    ///
    /// JSON: an array of products {sku, name, slug, description, brand, category, price, currency,
    /// images: [url], stock, attributes: {name: value}, status: draft|active|archived,
    /// inventoryPolicy: clamp|deny|continue, variations: [{sku, options: {name: value}, price, stock,
    /// image}]}. A product without variations has one, of its own sku, price and stock. A price is a
    /// number or a text, such as 19.99. Without a slug, the product's is made from its name.
    ///
    /// CSV: a header and one row per variation, with the columns sku, name, slug, description, brand,
    /// category, price, currency, stock, images (URLs separated by |), image, status, inventoryPolicy,
    /// and option:NAME and attribute:NAME for each option and attribute. Only sku, name and price must
    /// be there. Rows of one slug are one product; what they say of it may be left out after the first.
    #[command(after_help = "Example: portico catalogue import acme products.csv --dry-run")]
    Import {
        /// The org
        #[arg(value_parser = parse_org)]
        orgid: OrgId,
        /// The file; its name ends in .json or .csv
        file: PathBuf,
        /// Check everything and write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> Result<String, Error> {
        let Self::Import {
            orgid,
            file,
            dry_run,
        } = self;
        let format = Format::of(&file)?;
        let source = std::fs::read(&file).map_err(|source| Error::File {
            path: file.clone(),
            source,
        })?;
        let plan = Plan::new(store, &orgid, format, &file.display().to_string(), &source).await?;
        if dry_run {
            return Ok(format!(
                "Nothing is wrong; an import would write {}.\n",
                plan.summary()
            ));
        }
        plan.write(store, &orgid, &progress_bar(plan.products.len()))
            .await?;
        Ok(format!("Imported {}.\n", plan.summary()))
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

impl Format {
    fn of(file: &Path) -> Result<Self, Error> {
        match file.extension().map(OsStr::to_ascii_lowercase) {
            Some(extension) if extension == "json" => Ok(Self::Json),
            Some(extension) if extension == "csv" => Ok(Self::Csv),
            _ => Err(Error::Usage(format!(
                "{}: the name ends neither in .json nor in .csv",
                file.display()
            ))),
        }
    }
}

/// A product and the pieces on hand of its skus: what `domain::catalogue::import` takes.
pub(crate) type Entry = (Product, Vec<(String, i64)>);

/// An import that may be done.
#[derive(Debug)]
pub(crate) struct Plan {
    products: Vec<Entry>,
    replaced: usize,
}

impl Plan {
    /// Checks a file against itself and against what the org has.
    pub(crate) async fn new(
        store: &Store,
        org: &OrgId,
        format: Format,
        name: &str,
        source: &[u8],
    ) -> Result<Self, Error> {
        let config = existing(store, org).await?;
        let mut problems = Problems::of(name);
        let drafts = read(format, source, &mut problems);
        let mut found =
            check::products(drafts, org, config.currency(), clock::now(), &mut problems);
        let replaced = check::against(
            &catalogue::stored(store, org).await?,
            &mut found,
            &mut problems,
        );
        problems.none()?;
        Ok(Self {
            products: found.into_iter().map(check::Checked::into_entry).collect(),
            replaced,
        })
    }

    /// The same import without what the org has already.
    pub(crate) async fn only_new(mut self, store: &Store, org: &OrgId) -> Result<Self, Error> {
        let stored = catalogue::stored(store, org).await?;
        self.products
            .retain(|(product, _)| stored.iter().all(|other| other.id != product.id));
        self.replaced = 0;
        Ok(self)
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// Writes it.
    pub(crate) async fn write(
        &self,
        store: &Store,
        org: &OrgId,
        bar: &ProgressBar,
    ) -> Result<(), Error> {
        let mut imported = 0;
        let progress = |done: usize| {
            imported = done;
            bar.set_position(done as u64);
        };
        let written = catalogue::import(store, org, &self.products, progress).await;
        bar.finish_and_clear();
        written.map_err(|error| {
            let error = Error::from(error);
            Error::Refused(format!(
                "{error}; {imported} products are imported, and the same command completes it"
            ))
        })
    }

    fn summary(&self) -> String {
        let variations: usize = self
            .products
            .iter()
            .map(|(product, _)| product.variations.len())
            .sum();
        let stocked: usize = self.products.iter().map(|(_, stock)| stock.len()).sum();
        format!(
            "{} products ({} new, {} replaced) with {variations} variations, stock of {stocked} of them",
            self.products.len(),
            self.products.len() - self.replaced,
            self.replaced,
        )
    }
}

fn read(format: Format, source: &[u8], problems: &mut Problems) -> Vec<draft::Draft> {
    let source = source.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(source);
    match std::str::from_utf8(source) {
        Ok(text) if format == Format::Json => json::read(text, problems),
        Ok(text) => csv::read(text, problems),
        Err(error) => {
            let before = &source[..error.valid_up_to()];
            let line = before.split(|&byte| byte == b'\n').count();
            problems.add(format_args!("line {line}"), "is not UTF-8");
            Vec::new()
        }
    }
}

/// A bar on standard error, if that is a terminal.
fn progress_bar(products: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} products, {eta} left");
    ProgressBar::new(products as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests;
