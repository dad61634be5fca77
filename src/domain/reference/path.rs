//! A path: what is taken out of a document, and the documents that it leads through.

use bson::raw::RawDocument;
use smallvec::SmallVec;

use crate::domain::id::Id;
use crate::domain::mapping::filter::is_value;
use crate::domain::mapping::path::{FieldPath, ReferencePath, Step};
use crate::domain::raw::{Value, elements, get, kind};
use crate::domain::survey::facts::id_of;

/// How a reference is taken out of the document that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Take {
    path: FieldPath,
    /// As the mapping writes it.
    text: String,
}

impl Take {
    fn of(path: FieldPath) -> Self {
        Self {
            text: path.to_string(),
            path,
        }
    }

    /// The references inside the value of its top-level field.
    fn inside(&self, value: Value<'_>) -> Reading {
        let mut reading = Reading::default();
        if self.path.is_top_level() {
            leaf(value, &mut reading);
        } else {
            spread(self.path.steps(), value, &mut reading);
        }
        reading
    }

    /// What a document holds; of a repeated key the first one counts, as for the server.
    fn read(&self, document: &RawDocument) -> Reading {
        let held = get(document, self.path.top());
        held.map(|value| self.inside(value)).unwrap_or_default()
    }
}

/// What stands below `value`, which is that of the first step.
fn spread(steps: &[Step], value: Value<'_>, into: &mut Reading) {
    let Some((step, rest)) = steps.split_first() else {
        return;
    };
    let Some(next) = rest.first() else {
        leaf(value, into);
        return;
    };
    let Ok(inner) = RawDocument::from_bytes(value.bytes) else {
        return;
    };
    let mut enter = |document: &RawDocument| {
        if let Some(value) = get(document, &next.name) {
            spread(rest, value, into);
        }
    };
    match value.kind {
        kind::DOCUMENT if !step.each => enter(inner),
        kind::ARRAY if step.each => {
            let documents = elements(inner)
                .map_while(Result::ok)
                .filter(|element| element.value.kind == kind::DOCUMENT);
            for element in documents {
                if let Ok(document) = RawDocument::from_bytes(element.value.bytes) {
                    enter(document);
                }
            }
        }
        _ => {}
    }
}

/// A value at the end of a path: an id, a list of ids, or a DBRef.
fn leaf(value: Value<'_>, into: &mut Reading) {
    if value.kind == kind::ARRAY {
        if let Ok(list) = RawDocument::from_bytes(value.bytes) {
            for element in elements(list).map_while(Result::ok) {
                one(element.value, into);
            }
        }
    } else {
        one(value, into);
    }
}

fn one(value: Value<'_>, into: &mut Reading) {
    if value.kind == kind::DOCUMENT
        && let Ok(inner) = RawDocument::from_bytes(value.bytes)
        && let Some(id) = get(inner, DBREF)
    {
        if is_value(id) {
            into.add(Id::from_value(id));
        }
    } else if is_value(value) {
        into.add(Id::from_value(value));
    }
}

/// The member of a DBRef that holds the id.
pub(super) const DBREF: &str = "$id";

/// A document on the way: the reference before it is its `_id`, or another field of it, and it holds the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hop {
    collection: String,
    by: Option<Take>,
    take: Take,
}

/// How a document finds another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    take: Take,
    hops: Vec<Hop>,
}

impl Path {
    /// As the mapping says it.
    pub fn of(path: &ReferencePath) -> Self {
        let hops = path.hops.iter().map(|hop| Hop {
            collection: hop.collection.clone(),
            by: hop.by.clone().map(Take::of),
            take: Take::of(hop.then.clone()),
        });
        Self {
            take: Take::of(path.start.clone()),
            hops: hops.collect(),
        }
    }

    /// The document is named by the value of a field.
    pub fn field(name: &str) -> Self {
        Self::of(&ReferencePath::field(name))
    }

    /// The top-level field of the first document that holds the reference.
    pub fn key(&self) -> &str {
        self.take.path.top()
    }

    /// The reference of the first document, as the mapping writes it.
    pub fn text(&self) -> &str {
        &self.take.text
    }

    /// What a document says.
    pub fn read(&self, document: &RawDocument) -> Reading {
        self.take.read(document)
    }

    /// What a document says, whose field [`Self::key`] has this value.
    pub(super) fn read_under(&self, value: Value<'_>) -> Reading {
        self.take.inside(value)
    }

    /// True where every document on the way is named by its `_id`.
    pub(super) fn goes_by_ids(&self) -> bool {
        self.hops.iter().all(|hop| hop.by.is_none())
    }

    /// How many documents it leads through.
    pub(super) fn hops(&self) -> usize {
        self.hops.len()
    }

    /// Collection and reference, as the mapping writes it, of the document at this place of the way.
    pub(super) fn hop(&self, at: usize) -> Option<(&str, &str)> {
        let hop = self.hops.get(at)?;
        Some((&hop.collection, &hop.take.text))
    }

    /// What the document at this place of the way says.
    pub(super) fn read_hop(&self, at: usize, document: &RawDocument) -> Reading {
        let hop = self.hops.get(at);
        hop.map(|hop| hop.take.read(document)).unwrap_or_default()
    }

    /// By what the document at this place of the way is named.
    pub(super) fn names_of_hop(&self, at: usize, document: &RawDocument) -> SmallVec<[Id; 1]> {
        match self.hops.get(at).and_then(|hop| hop.by.as_ref()) {
            None => id_of(document).into_iter().collect(),
            Some(by) => by.read(document).all().cloned().collect(),
        }
    }
}

/// What one document says by a path: the references that it holds, exactly as stored, each once, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    first: Option<Id>,
    more: Vec<Id>,
}

impl Reading {
    /// One value alone.
    pub fn of(value: &Id) -> Self {
        Self {
            first: Some(value.clone()),
            more: Vec::new(),
        }
    }

    fn add(&mut self, id: Id) {
        let Some(first) = &self.first else {
            self.first = Some(id);
            return;
        };
        let same = |other: &Id| *other == id || other.canonical() == id.canonical();
        if !same(first) && !self.more.iter().any(same) {
            self.more.push(id);
        }
    }

    /// The value that it names, the first of several; none where the field is missing, null or "".
    pub fn named(&self) -> Option<&Id> {
        self.first.as_ref()
    }

    /// Every value that it names.
    pub fn all(&self) -> impl Iterator<Item = &Id> {
        self.first.iter().chain(&self.more)
    }

    /// True where it names one value at most.
    pub(super) fn is_single(&self) -> bool {
        self.more.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::raw::Builder;
    use bson::{oid::ObjectId, rawdoc};

    fn path(text: &str) -> Path {
        Path::of(&ReferencePath::parse(text).unwrap())
    }

    fn all(text: &str, document: &RawDocument) -> Vec<Id> {
        path(text).read(document).all().cloned().collect()
    }

    #[test]
    fn a_field_that_is_missing_null_or_empty_names_nothing() {
        for document in [
            rawdoc! { "_id": 1 },
            rawdoc! { "_id": 1, "userId": null },
            rawdoc! { "_id": 1, "userId": "" },
            rawdoc! { "_id": 1, "userId": [] },
            rawdoc! { "_id": 1, "userId": [null, ""] },
            rawdoc! { "_id": 1, "userId": { "$ref": "User", "$id": null } },
        ] {
            assert_eq!(all("userId", &document), [], "{document:?}");
        }
        let named = rawdoc! { "_id": 1, "userId": "u" };
        assert_eq!(all("userId", &named), [Id::string("u")]);
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
    fn arrays_dotted_members_and_dbrefs_are_gone_into() {
        let id = ObjectId::from_bytes([7; 12]);
        let document = rawdoc! {
            "local": { "user": "a" },
            "items": [{ "by": { "id": 1 } }, { "by": { "id": 2_i64 } }, { "by": { "id": 1.0 } }, 3, { "by": null }],
            "ids": ["x", "y", "x", null],
            "ref": { "$ref": "User", "$id": id },
            "refs": [{ "$ref": "User", "$id": "r1" }, { "$ref": "User", "$id": "r2" }],
        };
        let text = |ids: &[&str]| ids.iter().map(|id| Id::string(id)).collect::<Vec<_>>();
        assert_eq!(all("local.user", &document), text(&["a"]));
        assert_eq!(all("ids", &document), text(&["x", "y"]));
        assert_eq!(all("ids[]", &document), text(&["x", "y"]));
        assert_eq!(all("refs", &document), text(&["r1", "r2"]));
        assert_eq!(all("ref", &document), [Id::object_id([7; 12])]);
        let numbers = all("items[].by.id", &document);
        let numbers: Vec<_> = numbers.iter().map(Id::canonical).collect();
        assert_eq!(
            numbers,
            [Id::parse("int:1").unwrap(), Id::parse("int:2").unwrap()]
        );
        for nowhere in ["items.by.id", "local[].user", "local.user.x", "ids.0"] {
            assert_eq!(all(nowhere, &document), [], "{nowhere}");
        }
    }

    #[test]
    fn a_path_names_each_document_that_it_leads_through() {
        let path = path("a > B.c > D(k).e");
        assert_eq!((path.key(), path.text(), path.hops()), ("a", "a", 2));
        assert_eq!(path.hop(0), Some(("B", "c")));
        assert_eq!(path.hop(1), Some(("D", "e")));
        assert_eq!(path.hop(2), None);
        let document = rawdoc! { "_id": "d", "k": ["one", "two"], "e": 5_i64 };
        let reading = path.read_hop(1, &document);
        assert_eq!(reading.named(), Id::parse("int:5").as_ref());
        assert_eq!(path.names_of_hop(0, &document)[..], [Id::string("d")]);
        let by_key = path.names_of_hop(1, &document);
        assert_eq!(by_key[..], [Id::string("one"), Id::string("two")]);
    }
}
