//! What a trial on some bookings took, what it says of a whole migration, and the forecast as the run record keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::number::Millis;

/// What two renames and their journal take, in milliseconds.
pub const RENAMES: Millis = 300;

/// What a trial on some bookings took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// On how many.
    pub documents: u64,
    /// Writing their copies.
    pub copied: u64,
    /// Building the copies' indexes.
    pub indexed: u64,
    /// Comparing originals and copies.
    pub compared: u64,
}

/// A forecast, as the run record keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastRecord {
    /// The trial.
    pub trial: Trial,
    /// How long each step should take, by its word, in milliseconds.
    pub steps: BTreeMap<String, Millis>,
    /// What the copies should take on the server's disk, in bytes.
    pub disk: u64,
    /// What they took when they were verified.
    #[serde(default)]
    pub disk_took: Option<u64>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bookings.
    pub bookings: u64,
    /// Users.
    pub users: u64,
    /// Customers that are made.
    pub customers: u64,
}

/// What a trial says of a whole migration.
#[derive(Debug, Clone, Copy)]
pub struct Estimate {
    trial: Trial,
    /// How much there is.
    pub sizes: Sizes,
    /// The server's log can be read: what was proved is not compared again by the steps that swap.
    sees_log: bool,
}

impl Estimate {
    /// What `trial` says of so much data.
    pub fn new(trial: Trial, sizes: Sizes, sees_log: bool) -> Self {
        Self {
            trial,
            sizes,
            sees_log,
        }
    }

    fn lasts(&self, micros: u64, documents: u64) -> Millis {
        let micros = u128::from(micros) * u128::from(documents);
        let millis = micros / 1_000 / u128::from(self.trial.documents.max(1));
        Millis::try_from(millis).unwrap_or(Millis::MAX)
    }

    /// Writing copies of so many documents.
    pub fn copy(&self, documents: u64) -> Millis {
        self.lasts(self.trial.copied, documents)
    }

    /// Building the indexes of so many.
    pub fn index(&self, documents: u64) -> Millis {
        self.lasts(self.trial.indexed, documents)
    }

    /// Comparing so many with their originals.
    pub fn compare(&self, documents: u64) -> Millis {
        self.lasts(self.trial.compared, documents)
    }

    /// Comparing bookings, customers and links.
    pub fn compare_all(&self) -> Millis {
        self.compare(self.sizes.bookings) + self.compare(self.people())
    }

    /// Customers and their links.
    pub fn people(&self) -> u64 {
        2 * self.sizes.customers
    }

    /// The trial itself.
    pub fn trial(&self) -> Millis {
        let trial = &self.trial;
        self.lasts(
            trial.copied + trial.indexed + trial.compared,
            trial.documents,
        )
    }

    /// Two renames and their journal.
    pub fn renames(&self) -> Millis {
        RENAMES
    }

    /// What is done once more only where the server's log cannot be read.
    pub fn again(&self, once: Millis) -> Millis {
        if self.sees_log { 0 } else { once }
    }
}
