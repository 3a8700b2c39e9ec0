//! Catalogues in JSON: an array of products.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::draft::{Draft, DraftVariation, Place, choice};
use super::problems::Problems;

/// Reads a file, product by product.
pub(super) fn read(text: &str, problems: &mut Problems) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut source = serde_json::Deserializer::from_str(text);
    let products = Products {
        drafts: &mut drafts,
        problems: &mut *problems,
    };
    if let Err(error) = source.deserialize_seq(products).and_then(|()| source.end()) {
        // Its text ends in the place, which is told already.
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or_default();
        problems.add(
            format_args!("line {}, column {}", error.line(), error.column()),
            reason,
        );
    }
    drafts
}

struct Products<'a> {
    drafts: &'a mut Vec<Draft>,
    problems: &'a mut Problems,
}

impl<'de> Visitor<'de> for Products<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of products")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut products: A) -> Result<(), A::Error> {
        let mut position = 0;
        while let Some(value) = products.next_element()? {
            if let Some(element) = Element::of(Place::Product(position), value, self.problems) {
                self.drafts.push(product(position, element));
            }
            position += 1;
        }
        Ok(())
    }
}

fn product(position: usize, mut element: Element<'_>) -> Draft {
    let own = DraftVariation {
        at: element.at,
        sku: element.text("sku"),
        options: BTreeMap::new(),
        price: element.price(),
        currency: element.text("currency"),
        stock: element.integer("stock"),
        image: None,
    };
    let variations = match element.list("variations") {
        Some(variations) if !variations.is_empty() => {
            variations_of(position, &own, variations, &mut element)
        }
        _ => vec![alone(own, &mut element)],
    };
    let draft = Draft {
        at: element.at,
        name: element.required(Element::text, "name"),
        slug: element.text("slug"),
        description: element.text("description").unwrap_or_default(),
        brand: element.text("brand"),
        category: element.text("category"),
        images: element.texts("images"),
        attributes: element.names("attributes"),
        status: element.choice("status"),
        inventory_policy: element.choice("inventoryPolicy"),
        variations,
    };
    element.finish();
    draft
}

/// A product that comes in one form.
fn alone(own: DraftVariation, element: &mut Element<'_>) -> DraftVariation {
    for (name, missing) in [("sku", own.sku.is_none()), ("price", own.price.is_none())] {
        if missing {
            element.missing(name);
        }
    }
    own
}

/// The product's price is the price of the variations that have none of their own.
fn variations_of(
    product: usize,
    own: &DraftVariation,
    values: Vec<Value>,
    element: &mut Element<'_>,
) -> Vec<DraftVariation> {
    for (name, there) in [("sku", own.sku.is_some()), ("stock", own.stock.is_some())] {
        if there {
            element.wrong(name, "belongs to the variations, as there are some");
        }
    }
    let mut variations = Vec::new();
    for (position, value) in values.into_iter().enumerate() {
        let at = Place::Variation(product, position);
        let Some(mut variation) = Element::of(at, value, element.problems) else {
            continue;
        };
        let price = variation.price().or_else(|| own.price.clone());
        if price.is_none() {
            variation.missing("price");
        }
        variations.push(DraftVariation {
            at,
            sku: variation.required(Element::text, "sku"),
            options: variation.names("options"),
            price,
            currency: own.currency.clone(),
            stock: variation.integer("stock"),
            image: variation.text("image"),
        });
        variation.finish();
    }
    variations
}

/// An object of the file, whose members are taken one by one. `null` is absent.
struct Element<'a> {
    at: Place,
    members: Map<String, Value>,
    /// Members that are there, but not as they should be: they are not missing as well.
    refused: Vec<&'static str>,
    problems: &'a mut Problems,
}

impl<'a> Element<'a> {
    fn of(at: Place, value: Value, problems: &'a mut Problems) -> Option<Self> {
        if let Value::Object(members) = value {
            Some(Self {
                at,
                members,
                refused: Vec::new(),
                problems,
            })
        } else {
            problems.add(at, "is not an object");
            None
        }
    }

    fn wrong(&mut self, name: &'static str, message: impl fmt::Display) {
        self.refused.push(name);
        self.problems.add(self.at.field(name), message);
    }

    fn missing(&mut self, name: &'static str) {
        if !self.refused.contains(&name) {
            self.wrong(name, "is missing");
        }
    }

    /// The member as `read` has it, or nothing and a problem.
    fn take<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            self.wrong(name, format_args!("is not {expected}"));
        }
        read
    }

    fn required<T>(
        &mut self,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
        name: &'static str,
    ) -> Option<T> {
        let value = read(self, name);
        if value.is_none() {
            self.missing(name);
        }
        value
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        self.take(name, "a text", text)
    }

    /// A number's text is the shortest that gives the same number, which for up to 15 digits is what
    /// the file has: more than any price needs.
    fn price(&mut self) -> Option<String> {
        self.take("price", "a number or a text", |value| match value {
            Value::Number(number) => Some(number.to_string()),
            other => text(other),
        })
    }

    fn integer(&mut self, name: &'static str) -> Option<i64> {
        self.take(name, "a whole number", |value| value.as_i64())
    }

    fn list(&mut self, name: &'static str) -> Option<Vec<Value>> {
        self.take(name, "an array", |value| match value {
            Value::Array(values) => Some(values),
            _ => None,
        })
    }

    fn texts(&mut self, name: &'static str) -> Vec<String> {
        let texts = self.take(name, "an array of texts", |value| match value {
            Value::Array(values) => values.into_iter().map(text).collect(),
            _ => None,
        });
        texts.unwrap_or_default()
    }

    fn names(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let names = self.take(name, "an object of texts, numbers and booleans", |value| {
            let Value::Object(members) = value else {
                return None;
            };
            members
                .into_iter()
                .map(|(name, value)| Some((name, scalar(value)?)))
                .collect()
        });
        names.unwrap_or_default()
    }

    fn choice<T: serde::de::DeserializeOwned + Default>(&mut self, name: &'static str) -> T {
        let (at, text) = (self.at, self.text(name));
        choice(text, || at.field(name), self.problems)
    }

    /// What is left over is misspelt: nothing of a file is dropped in silence.
    fn finish(self) {
        for name in self.members.keys() {
            self.problems
                .add(self.at.field(name), "is not a member that is known here");
        }
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        other => text(other),
    }
}
