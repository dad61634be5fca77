//! Who refers to whom: references join by value, the exact one first.

use super::Unsaid;
use crate::oracle::bytes::{Field, Value, fields, first, hex, hyphenated};
use crate::oracle::generate::Database;

/// A document taken apart.
pub struct Record {
    pub bytes: Vec<u8>,
    /// Its fields as they stand.
    pub fields: Vec<Field>,
    /// The same in the words of the default form.
    pub read: Vec<Field>,
    pub id: Value,
}

impl Record {
    pub fn get(&self, name: &str) -> Option<&Value> {
        first(&self.read, name)
    }

    /// The value of that field, unless it is missing or null.
    pub fn some(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !value.is_null())
    }
}

pub fn records(data: &Database, collection: &str) -> Vec<Record> {
    let take_apart = |bytes: &Vec<u8>| {
        let fields = fields(bytes);
        let id = first(&fields, "_id")
            .expect("every document has an _id")
            .clone();
        Record {
            bytes: bytes.clone(),
            read: match collection {
                "User" => data.form.read_user(&fields),
                _ => fields.clone(),
            },
            fields,
            id,
        }
    };
    data.documents(collection).iter().map(take_apart).collect()
}

/// Whether two values of different types, or two numbers, mean the same.
fn same_by_value(a: &Value, b: &Value) -> bool {
    if let (Some(a), Some(b)) = (a.as_halves(), b.as_halves()) {
        return a == b;
    }
    means(a, b) || means(b, a)
}

/// Whether the text spells the other value.
fn means(text: &Value, other: &Value) -> bool {
    let Some(text) = text.as_str() else {
        return false;
    };
    let text = text.to_ascii_lowercase();
    let object_id = other.as_object_id().is_some_and(|id| hex(&id) == text);
    object_id || other.as_uuid().is_some_and(|id| hyphenated(id) == text)
}

/// The document that a reference names.
pub fn resolve(reference: Option<&Value>, targets: &[Record]) -> Result<Option<usize>, Unsaid> {
    let Some(reference) = reference else {
        return Ok(None);
    };
    if let Some(exact) = targets.iter().position(|t| &t.id == reference) {
        return Ok(Some(exact));
    }
    let mut alike = (0..targets.len()).filter(|&at| same_by_value(reference, &targets[at].id));
    match (alike.next(), alike.next()) {
        (Some(_), Some(_)) => Err(Unsaid("a reference that means two documents alike")),
        (found, _) => Ok(found),
    }
}
