//! A push of the schema beside a run: which indexes and collections stood before the operator's command, and what differs afterwards. Collections
//! are told by their UUID, so a rename hides none. Pure: the server is asked elsewhere.

use std::collections::BTreeMap;

use bson::raw::{RawDocument, RawDocumentBuf};
use serde::{Deserialize, Serialize};

use super::index_check::index_differs;
use super::index_plan::name_of;
use super::number::Millis;

/// An index, with its specification as `listIndexes` gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptIndex {
    /// Its name.
    pub name: String,
    /// Its BSON, in hexadecimal: nothing of a type is lost.
    specification: String,
}

impl KeptIndex {
    /// Keeps an index.
    pub fn of(index: &RawDocument) -> Self {
        Self {
            name: name_of(index).to_owned(),
            specification: hex::encode(index.as_bytes()),
        }
    }

    /// The index; `None` where the record was damaged.
    pub fn raw(&self) -> Option<RawDocumentBuf> {
        RawDocumentBuf::from_bytes(hex::decode(&self.specification).ok()?).ok()
    }
}

/// The indexes of one collection, without that of `_id`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexesOf {
    /// The collection's name at that moment.
    pub collection: String,
    /// Its indexes.
    pub indexes: Vec<KeptIndex>,
}

impl IndexesOf {
    /// The index of this name.
    pub fn find(&self, name: &str) -> Option<&KeptIndex> {
        self.indexes.iter().find(|index| index.name == name)
    }
}

/// The indexes of every collection of a database at one moment, by UUID.
pub type Picture = BTreeMap<String, IndexesOf>;

/// What a schema names: a collection and its indexes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The collection of a model.
    pub collection: String,
    /// The names of its indexes.
    pub indexes: Vec<String>,
}

/// A collection that a command made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeared {
    /// Its name.
    pub collection: String,
    /// Its UUID.
    pub uuid: String,
}

/// One run of the operator's command, journaled before it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRecord {
    /// When it began.
    pub began: Millis,
    /// When it had ended and was looked at; `None` where that never came to pass.
    #[serde(default)]
    pub ended: Option<Millis>,
    /// When a later start looked at what it did, where it was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Millis>,
    /// The command, as it was given.
    pub command: String,
    /// The command's exit code.
    #[serde(default)]
    pub exit: Option<i32>,
    /// What stood before.
    pub before: Picture,
    /// What the schema names.
    pub named: Vec<Named>,
    /// Collections that it made.
    #[serde(default)]
    pub appeared: Vec<Appeared>,
    /// The server's write block was lifted for it, and is not known to be set again.
    #[serde(default)]
    pub lifted: bool,
}

/// An index of a collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexAt {
    /// The collection's name now.
    pub collection: String,
    /// The index's name.
    pub index: String,
}

impl std::fmt::Display for IndexAt {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{} of {}", self.index, self.collection);
        to.write_str(&super::text::named(&text))
    }
}

/// What differs between two moments.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Indexes that are gone, or are others under the same name, with what they were.
    pub dropped: Vec<(IndexAt, KeptIndex)>,
    /// Indexes that came, or are others under the same name.
    pub made: Vec<IndexAt>,
    /// Collections that came.
    pub appeared: Vec<Appeared>,
    /// Collections that are gone, by the name that they had.
    pub gone: Vec<String>,
}

impl Differences {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// True where `now` is another index than `before`; when it expires does not count, for a run turns that off and on.
fn is_another(before: &KeptIndex, now: &KeptIndex) -> bool {
    match (before.raw(), now.raw()) {
        (Some(before), Some(now)) => index_differs(&before, Some(&now), false).is_some(),
        _ => before != now,
    }
}

/// What became of the indexes and collections between two moments.
pub fn compare(before: &Picture, now: &Picture) -> Differences {
    let mut differences = Differences::default();
    for (uuid, then) in before {
        let Some(is) = now.get(uuid) else {
            differences.gone.push(then.collection.clone());
            continue;
        };
        let at = |index: &KeptIndex| IndexAt {
            collection: is.collection.clone(),
            index: index.name.clone(),
        };
        for index in &then.indexes {
            if is.find(&index.name).is_none_or(|it| is_another(index, it)) {
                differences.dropped.push((at(index), index.clone()));
            }
        }
        for index in &is.indexes {
            if then
                .find(&index.name)
                .is_none_or(|it| is_another(it, index))
            {
                differences.made.push(at(index));
            }
        }
    }
    for (uuid, is) in now {
        if !before.contains_key(uuid) {
            differences.appeared.push(Appeared {
                collection: is.collection.clone(),
                uuid: uuid.clone(),
            });
        }
    }
    differences
}

/// True where the schema names this index of this collection.
pub fn names_index(named: &[Named], collection: &str, index: &str) -> bool {
    named
        .iter()
        .any(|it| it.collection == collection && it.indexes.iter().any(|name| name == index))
}

/// True where a model of the schema has this collection.
pub fn names_collection(named: &[Named], collection: &str) -> bool {
    named.iter().any(|it| it.collection == collection)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    fn at(collection: &str, indexes: &[RawDocumentBuf]) -> IndexesOf {
        IndexesOf {
            collection: collection.to_owned(),
            indexes: indexes.iter().map(|it| KeptIndex::of(it)).collect(),
        }
    }

    fn index(name: &str, more: Option<(&'static str, i32)>) -> RawDocumentBuf {
        let mut index = rawdoc! { "v": 2, "key": { "a": 1 }, "name": name };
        if let Some((key, value)) = more {
            let mut whole = crate::domain::raw::Builder::new(64);
            for element in crate::domain::raw::elements(&index).map_while(Result::ok) {
                whole.element(&element);
            }
            let bytes = value.to_le_bytes();
            let kind = crate::domain::raw::kind::INT32;
            whole.value(
                key,
                crate::domain::raw::Value {
                    kind,
                    bytes: &bytes,
                },
            );
            index = whole.finish();
        }
        index
    }

    #[test]
    fn an_index_comes_back_from_the_record_byte_for_byte() {
        let ttl = index("a", Some(("expireAfterSeconds", 60)));
        let kept = KeptIndex::of(&ttl);
        let text = serde_json::to_string(&kept).unwrap();
        let again: KeptIndex = serde_json::from_str(&text).unwrap();
        assert_eq!(again.raw().unwrap(), ttl);
    }

    #[test]
    fn what_was_dropped_made_and_replaced_is_told_through_a_rename() {
        let before = Picture::from([(
            "u1".to_owned(),
            at(
                "Booking",
                &[
                    index("stays", Some(("expireAfterSeconds", 60))),
                    index("goes", None),
                    index("turns", None),
                ],
            ),
        )]);
        let now = Picture::from([
            (
                "u1".to_owned(),
                at(
                    "bookings",
                    &[
                        index("stays", Some(("expireAfterSeconds", i32::MAX))),
                        index("turns", Some(("sparse", 1))),
                        index("comes", None),
                    ],
                ),
            ),
            ("u2".to_owned(), at("Coupon", &[])),
        ]);
        let found = compare(&before, &now);
        let names = |list: &[IndexAt]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let dropped: Vec<_> = found.dropped.iter().map(|(at, _)| at.clone()).collect();
        assert_eq!(names(&dropped), ["goes of bookings", "turns of bookings"]);
        assert_eq!(
            names(&found.made),
            ["turns of bookings", "comes of bookings"]
        );
        assert_eq!(found.appeared[0].collection, "Coupon");
        assert!(found.gone.is_empty() && compare(&now, &now).is_empty());
        assert_eq!(compare(&now, &before).gone, ["Coupon"]);
    }
}
