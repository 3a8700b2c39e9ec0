//! Tables in Markdown.

use std::fmt;

/// A table. Its first column is text, the others are figures.
#[derive(Debug, Clone)]
pub struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    pub fn new(heads: &[&str]) -> Self {
        let heads = heads.iter().map(|&head| head.to_owned()).collect();
        Self {
            heads,
            rows: Vec::new(),
        }
    }

    /// Adds a row, of as many cells as there are columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = || std::iter::once(&self.heads).chain(&self.rows);
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|column| {
                all()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
            })
            .map(|width| width.unwrap_or_default().max(2))
            .collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(f, "| {cell:<width$} ")?;
                } else {
                    write!(f, "| {cell:>width$} ")?;
                }
            }
            writeln!(f, "|")
        };
        line(f, &self.heads)?;
        for (column, width) in widths.iter().enumerate() {
            let dashes = "-".repeat(width + 1);
            write!(
                f,
                "|{}",
                if column == 0 {
                    format!(":{dashes}")
                } else {
                    format!("{dashes}:")
                }
            )?;
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

/// An aim of the project beside what was measured. A miss is shown, not failed: how fast a machine is
/// is no property of the code.
#[derive(Debug, Clone)]
pub struct Aim {
    /// What it is about.
    pub what: String,
    /// What was measured.
    pub measured: f64,
    /// What it is to be.
    pub bound: Bound,
}

/// What a figure is to be.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Aim {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(bound) => self.measured <= bound,
            Bound::AtLeast(bound) => self.measured >= bound,
        }
    }

    /// The aims as a table.
    pub fn table(aims: &[Self]) -> Table {
        let mut table = Table::new(&["aim", "is to be", "measured", "met"]);
        for aim in aims {
            let bound = match aim.bound {
                Bound::AtMost(bound) => format!("≤ {bound}"),
                Bound::AtLeast(bound) => format!("≥ {bound}"),
            };
            let met = if aim.is_met() { "yes" } else { "no" };
            table.row([
                aim.what.clone(),
                bound,
                figure(aim.measured),
                met.to_owned(),
            ]);
        }
        table
    }
}

/// A figure with about three digits that mean something.
pub fn figure(value: f64) -> String {
    let digits = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new(&["what", "ms"]);
        table.row(["a".to_owned(), figure(1.234)]);
        table.row(["längst".to_owned(), figure(1234.5)]);
        let lines = [
            "| what   |   ms |",
            "|:-------|-----:|",
            "| a      | 1.23 |",
            "| längst | 1234 |",
        ];
        assert_eq!(table.to_string(), lines.join("\n") + "\n");
    }

    #[test]
    fn an_aim_is_met_up_to_its_bound() {
        let aim = |measured, bound| {
            Aim {
                what: String::new(),
                measured,
                bound,
            }
            .is_met()
        };
        assert!(aim(1.0, Bound::AtMost(1.0)) && aim(1.0, Bound::AtLeast(1.0)));
        assert!(!aim(1.1, Bound::AtMost(1.0)) && !aim(0.9, Bound::AtLeast(1.0)));
    }
}
