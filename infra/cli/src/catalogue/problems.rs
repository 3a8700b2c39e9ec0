//! Everything that is wrong with a file, told at once.

use std::fmt;

use crate::error::Error;

/// How many are told; a file that was made wrongly has one for each row.
const SHOWN: usize = 50;

/// What is wrong with a file that is to be imported, a line each: file, place in it, reason.
#[derive(Debug)]
pub struct Problems {
    file: String,
    shown: Vec<String>,
    total: usize,
}

impl Problems {
    /// Nothing is wrong with the file, yet.
    pub(crate) fn of(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            shown: Vec::new(),
            total: 0,
        }
    }

    /// Something is.
    pub(crate) fn add(&mut self, place: impl fmt::Display, message: impl fmt::Display) {
        self.total += 1;
        if self.shown.len() < SHOWN {
            self.shown
                .push(format!("{}: {place}: {message}", self.file));
        }
    }

    /// Fails if anything is.
    pub(crate) fn none(self) -> Result<(), Error> {
        if self.total == 0 {
            Ok(())
        } else {
            Err(Error::Catalogue(self))
        }
    }

    /// How many things are wrong, told or not.
    pub fn total(&self) -> usize {
        self.total
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.total == 1 {
            "1 error".to_owned()
        } else {
            format!("{} errors", self.total)
        };
        write!(f, "nothing was imported: {errors}")?;
        for problem in &self.shown {
            write!(f, "\n{problem}")?;
        }
        match self.total - self.shown.len() {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}
