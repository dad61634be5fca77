//! What documents of a collection look like: which fields occur, how often, and what stands in them. Made of whole documents, a sample or
//! all of them. A mapping is held against it, and one is proposed from it.

mod field;

use std::collections::BTreeMap;

use bson::raw::RawDocument;

pub use field::Field;

use super::raw::{Value, elements, kind};

/// Documents inside documents that are looked into, this deep.
const DEPTH: usize = 4;
/// Elements of an array that are looked at.
const ELEMENTS: usize = 50;
/// Fields that are kept; what has more is no document but a table.
const FIELDS: usize = 2_000;

/// What a collection's documents look like.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Documents in the collection, roughly.
    pub total: u64,
    /// Documents that were looked at.
    pub documents: u64,
    fields: BTreeMap<String, Field>,
}

impl Profile {
    /// Of a collection with so many documents, none of which was looked at yet.
    pub fn new(total: u64) -> Self {
        Self {
            total,
            ..Self::default()
        }
    }

    /// Looks at a document.
    pub fn take(&mut self, document: &RawDocument) {
        self.documents += 1;
        self.inside(document, "", 0);
    }

    fn inside(&mut self, document: &RawDocument, prefix: &str, depth: usize) {
        let mut seen: Vec<&[u8]> = Vec::new();
        for element in elements(document).map_while(Result::ok) {
            if seen.contains(&element.key) {
                continue; // of a repeated key the first one counts, as for the server
            }
            seen.push(element.key);
            let name = String::from_utf8_lossy(element.key);
            let path = if prefix.is_empty() {
                name.into_owned()
            } else {
                format!("{prefix}.{name}")
            };
            self.value(&path, element.value, depth);
        }
    }

    fn value(&mut self, path: &str, value: Value<'_>, depth: usize) {
        let known = self.fields.len() < FIELDS || self.fields.contains_key(path);
        if !known {
            return;
        }
        let documents = self.documents;
        let field = self.fields.entry(path.to_owned()).or_default();
        field.occurs_in(documents);
        let inner = || RawDocument::from_bytes(value.bytes).ok();
        match value.kind {
            kind::DOCUMENT => {
                field.take(value);
                if let Some(inner) = inner().filter(|_| depth < DEPTH) {
                    self.inside(inner, path, depth + 1);
                }
            }
            kind::ARRAY => {
                field.lists += 1;
                let Some(list) = inner() else { return };
                let each = format!("{path}[]");
                for element in elements(list).map_while(Result::ok).take(ELEMENTS) {
                    match RawDocument::from_bytes(element.value.bytes) {
                        Ok(inner) if element.value.kind == kind::DOCUMENT => {
                            if depth < DEPTH {
                                self.fields
                                    .entry(path.to_owned())
                                    .or_default()
                                    .list_of_documents = true;
                                self.inside(inner, &each, depth + 1);
                            }
                        }
                        _ => self
                            .fields
                            .entry(path.to_owned())
                            .or_default()
                            .take(element.value),
                    }
                }
            }
            _ => field.take(value),
        }
    }

    /// Takes a field that a schema names, of which no document was looked at.
    pub fn say(&mut self, path: &str, is_list_of_documents: bool) {
        let field = self.fields.entry(path.to_owned()).or_default();
        field.list_of_documents |= is_list_of_documents;
    }

    /// A field, by its path: `local.email`, `items[].serviceId`; the elements of a plain array stand under the array's own name.
    pub fn field(&self, path: &str) -> Option<&Field> {
        self.fields.get(path)
    }

    /// Every field with its path.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.fields
            .iter()
            .map(|(path, field)| (path.as_str(), field))
    }

    /// True where the field stands in some document, even as null.
    pub fn has(&self, path: &str) -> bool {
        self.fields.contains_key(path)
    }

    /// True where every document was looked at.
    pub fn is_whole(&self) -> bool {
        self.documents >= self.total
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use bson::rawdoc;

    use super::*;

    #[test]
    fn fields_are_counted_by_documents_and_told_by_what_stands_in_them() {
        let mut profile = Profile::new(3);
        for document in [
            rawdoc! { "_id": 1, "local": { "email": "a@b.org" }, "items": [{ "service": "s1" }, { "service": "s2" }], "tags": ["x", "y"] },
            rawdoc! { "_id": 2, "local": { "email": "" }, "items": [] , "born": bson::DateTime::from_millis(0) },
            rawdoc! { "_id": 3, "local": null },
        ] {
            profile.take(&document);
        }
        assert!(profile.is_whole());
        let field = |path: &str| profile.field(path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(field("local").documents, 3);
        assert_eq!(
            (field("local.email").documents, field("local.email").set),
            (2, 1)
        );
        assert_eq!(field("local.email").addresses, 1);
        assert_eq!(field("items[].service").set, 2);
        assert_eq!(field("items[].service").documents, 1);
        assert!(field("items").list_of_documents);
        assert_eq!((field("tags").lists, field("tags").set), (1, 2));
        assert_eq!(field("born").dates, 1);
        assert!(!profile.has("items.service") && !profile.has("nothing"));
    }
}
