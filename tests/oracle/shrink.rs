//! Makes a failing database smaller: takes documents, indexes and options away for as long as it still fails.

use std::future::Future;

use crate::oracle::bytes::show;
use crate::oracle::generate::{Collection, Database};

/// Something to take away.
enum Cut {
    Collection,
    FirstHalf,
    SecondHalf,
    Document(Vec<u8>),
    Index(bson::Document),
    Indexes,
    Validation,
    Options,
}

/// A smaller failing database, found with at most `tries` runs of `fails`.
pub async fn shrink<F, R>(data: Database, mut tries: usize, fails: F) -> Database
where
    F: Fn(Database) -> R,
    R: Future<Output = bool>,
{
    let mut smallest = data;
    let mut progress = true;
    while progress {
        progress = false;
        for (name, cut) in cuts(&smallest) {
            let Some(smaller) = without(&smallest, &name, &cut) else {
                continue;
            };
            if tries == 0 {
                return smallest;
            }
            tries -= 1;
            if fails(smaller.clone()).await {
                smallest = smaller;
                progress = true;
            }
        }
    }
    smallest
}

/// The biggest cuts first.
fn cuts(data: &Database) -> Vec<(String, Cut)> {
    let mut big = Vec::new();
    let mut small = Vec::new();
    for collection in &data.collections {
        let name = || collection.name.clone();
        for cut in [
            Cut::Collection,
            Cut::Indexes,
            Cut::Validation,
            Cut::Options,
            Cut::FirstHalf,
            Cut::SecondHalf,
        ] {
            big.push((name(), cut));
        }
        let documents = collection.documents.iter().cloned();
        small.extend(documents.map(|document| (name(), Cut::Document(document))));
        let indexes = collection.indexes.iter().cloned();
        small.extend(indexes.map(|index| (name(), Cut::Index(index))));
    }
    big.extend(small);
    big
}

/// The database without it; nothing when it is not there, or must be.
fn without(data: &Database, name: &str, cut: &Cut) -> Option<Database> {
    let at = data.collections.iter().position(|c| c.name == name)?;
    let mut smaller = data.clone();
    let collection = &mut smaller.collections[at];
    let size = |c: &Collection| {
        let settings = usize::from(c.validation.is_some()) + c.options.len();
        c.documents.len() + c.indexes.len() + settings
    };
    let before = size(collection);
    match cut {
        Cut::Collection => {
            if ["User", "Business", "Service", "Booking"].contains(&name) {
                return None;
            }
            smaller.collections.remove(at);
            return Some(smaller);
        }
        Cut::FirstHalf => drop(collection.documents.drain(..collection.documents.len() / 2)),
        Cut::SecondHalf => collection
            .documents
            .truncate(collection.documents.len() / 2),
        Cut::Document(document) => collection.documents.retain(|other| other != document),
        Cut::Index(index) => collection.indexes.retain(|other| other != index),
        Cut::Indexes => collection.indexes.clear(),
        Cut::Validation => collection.validation = None,
        Cut::Options if collection.options.contains_key("viewOn") => {}
        Cut::Options => collection.options.clear(),
    }
    let after = size(collection);
    (after < before).then_some(smaller)
}

/// The database as readable text.
pub fn describe(data: &Database) -> String {
    let mut lines = Vec::new();
    for collection in &data.collections {
        lines.push(format!("{} {}", collection.name, collection.options));
        if let Some(validation) = &collection.validation {
            lines.push(format!("  validation {validation}"));
        }
        let indexes = collection.indexes.iter();
        lines.extend(indexes.map(|index| format!("  index {index}")));
        let documents = collection.documents.iter();
        lines.extend(documents.map(|document| format!("  {}", show(document))));
    }
    lines.join("\n")
}
