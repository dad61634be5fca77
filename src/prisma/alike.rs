//! Texts that count as one where a collection has a collation of its own: its unique indexes compare by that, not letter by letter. Which texts are
//! alike the server alone knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::map::Map;

/// How the uniques of a collection compare text.
#[derive(Debug, Clone, Default)]
pub enum Compares {
    /// Letter by letter.
    #[default]
    ByLetters,
    /// By the collation of the collection.
    ByCollation(Alike),
    /// By the collation of the collection, and the texts are too many, or too long, to be compared by it.
    Unknown,
}

/// Which texts are alike.
#[derive(Debug, Clone, Default)]
pub struct Alike {
    numbers: Arc<Map<String, u32>>,
    /// Names of uniques that compare letter by letter all the same.
    by_letters: Arc<BTreeSet<String>>,
}

impl Alike {
    /// Groups of texts that count as one; any other text stands for itself. `by_letters` names indexes that keep a comparison of their own.
    pub fn of(groups: Vec<Vec<String>>, by_letters: BTreeSet<String>) -> Self {
        let mut numbers = Map::default();
        for (number, group) in groups.into_iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            numbers.extend(group.into_iter().map(|text| (text, number)));
        }
        Self {
            numbers: Arc::new(numbers),
            by_letters: Arc::new(by_letters),
        }
    }

    /// True where the unique of this name compares by the collation.
    pub(super) fn is_about(&self, index: &str) -> bool {
        !self.by_letters.contains(index)
    }

    /// The number of the group that a text is of; `None` where it stands for itself.
    pub(super) fn number(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }
}
