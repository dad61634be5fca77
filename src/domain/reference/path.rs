//! A path: what is taken out of a document, and the documents that it leads through.

use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::raw::{Value, elements, kind};

/// How a reference is taken out of the document that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Take {
    /// The value of a top-level field.
    Field(String),
}

impl Take {
    /// The top-level field that holds it.
    fn key(&self) -> &str {
        match self {
            Self::Field(name) => name,
        }
    }

    /// The reference inside the value of that field. Null is none.
    fn inside<'a>(&self, value: Value<'a>) -> Option<Value<'a>> {
        match self {
            Self::Field(_) => Some(value).filter(|value| value.kind != kind::NULL),
        }
    }

    /// As the mapping writes it.
    fn text(&self) -> &str {
        match self {
            Self::Field(name) => name,
        }
    }

    /// What a document holds.
    fn read(&self, document: &RawDocument) -> Reading {
        // Of a repeated key the first one counts, as for the server.
        let held = elements(document)
            .map_while(Result::ok)
            .find(|element| element.key == self.key().as_bytes());
        Reading::of(held.and_then(|element| self.inside(element.value)))
    }

    /// The top-level element that holds this reference and nothing else.
    fn element(&self, reference: Value<'_>) -> Vec<u8> {
        match self {
            Self::Field(name) => reference.under(name),
        }
    }
}

/// A document on the way: the reference before it is its `_id`, and it holds the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hop {
    collection: String,
    take: Take,
}

/// How a document finds another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    take: Take,
    hops: Vec<Hop>,
}

impl Path {
    /// The document is named by the value of a field.
    pub fn field(name: &str) -> Self {
        Self {
            take: Take::Field(name.to_owned()),
            hops: Vec::new(),
        }
    }

    /// What was named so far is a document of `collection`; go on at its field.
    #[must_use]
    pub fn then(mut self, collection: &str, field: &str) -> Self {
        self.hops.push(Hop {
            collection: collection.to_owned(),
            take: Take::Field(field.to_owned()),
        });
        self
    }

    /// The top-level field of the first document that holds the reference.
    pub fn key(&self) -> &str {
        self.take.key()
    }

    /// The reference of the first document, as the mapping writes it.
    pub fn text(&self) -> &str {
        self.take.text()
    }

    /// What a document says.
    pub fn read(&self, document: &RawDocument) -> Reading {
        self.take.read(document)
    }

    /// What a document says, whose field [`Self::key`] has this value.
    pub(super) fn read_under(&self, value: Value<'_>) -> Reading {
        Reading::of(self.take.inside(value))
    }

    /// The element by which the first document holds this reference.
    pub(super) fn element(&self, reference: Value<'_>) -> Vec<u8> {
        self.take.element(reference)
    }

    /// How many documents it leads through.
    pub(super) fn hops(&self) -> usize {
        self.hops.len()
    }

    /// Collection and reference, as the mapping writes it, of the document at this place of the way.
    pub(super) fn hop(&self, at: usize) -> Option<(&str, &str)> {
        let hop = self.hops.get(at)?;
        Some((&hop.collection, hop.take.text()))
    }

    /// What the document at this place of the way says.
    pub(super) fn read_hop(&self, at: usize, document: &RawDocument) -> Reading {
        let hop = self.hops.get(at);
        hop.map(|hop| hop.take.read(document)).unwrap_or_default()
    }
}

/// What one document says by a path: the reference that it holds, exactly as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading(Option<Id>);

impl Reading {
    fn of(value: Option<Value<'_>>) -> Self {
        Self(value.map(Id::from_value))
    }

    /// The value that it names; none where the field is missing or null.
    pub fn named(&self) -> Option<&Id> {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::raw::{Builder, get};
    use bson::rawdoc;

    #[test]
    fn a_field_that_is_missing_or_null_names_nothing() {
        let path = Path::field("userId");
        for document in [rawdoc! { "_id": 1 }, rawdoc! { "_id": 1, "userId": null }] {
            assert_eq!(path.read(&document).named(), None, "{document:?}");
        }
        let named = path.read(&rawdoc! { "_id": 1, "userId": "u" });
        assert_eq!(named.named(), Some(&Id::string("u")));
    }

    #[test]
    fn of_a_repeated_field_the_first_one_counts_even_when_it_is_null() {
        let twice = rawdoc! { "a": null, "b": "second" };
        let mut document = Builder::new(0);
        for key in ["a", "b"] {
            if let Some(value) = get(&twice, key) {
                document.value("userId", value);
            }
        }
        let reading = Path::field("userId").read(&document.finish());
        assert_eq!(reading.named(), None);
    }

    #[test]
    fn an_element_that_holds_a_reference_reads_back_as_that_reference() {
        let path = Path::field("userId").then("Profile", "owner");
        let id = Id::object_id([7; 12]);
        let mut document = Builder::new(0);
        document.whole(&path.element(id.value()));
        assert_eq!(path.read(&document.finish()).named(), Some(&id));
    }

    #[test]
    fn a_path_names_each_document_that_it_leads_through() {
        let path = Path::field("a").then("B", "c").then("D", "e");
        assert_eq!((path.key(), path.text(), path.hops()), ("a", "a", 2));
        assert_eq!(path.hop(0), Some(("B", "c")));
        assert_eq!(path.hop(1), Some(("D", "e")));
        assert_eq!(path.hop(2), None);
        let reading = path.read_hop(1, &rawdoc! { "_id": "d", "e": 5_i64 });
        assert_eq!(reading.named(), Id::parse("int:5").as_ref());
    }
}
