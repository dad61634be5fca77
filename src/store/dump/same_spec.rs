//! Whether a collection that stands has the options and indexes that a backup's metadata gives it, and what has to be done where not.

use std::collections::{BTreeMap, BTreeSet};

use bson::raw::{RawDocument, RawDocumentBuf};

use super::metadata::Metadata;
use super::restore_spec::RETIRED;
use crate::domain::index_plan::{TTL_OFF, name_of, ttl_of};
use crate::domain::raw::elements;
use crate::store::collection_spec::{CollectionSpec, VALIDATION};

/// What of a collection is not as the backup has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// Options that no command changes.
    pub fixed: Vec<String>,
    /// The validator, its level or its action.
    pub validation: bool,
    /// Indexes of the backup that do not stand, or stand otherwise.
    pub build: Vec<RawDocumentBuf>,
    /// Names of indexes that the backup does not hold, or holds otherwise.
    pub drop: Vec<String>,
    /// TTLs of the backup where another one stands, by the index's name.
    pub ttl: BTreeMap<String, i64>,
    /// Of those, such as ringfence keeps from acting.
    pub ttl_off: BTreeMap<String, i64>,
}

impl Difference {
    /// True where all is as the backup has it, but for TTLs that are kept from acting.
    pub fn is_none(&self) -> bool {
        let ttl = self.ttl.len() == self.ttl_off.len();
        self.fixed.is_empty()
            && !self.validation
            && self.build.is_empty()
            && self.drop.is_empty()
            && ttl
    }
}

/// Holds what stands against what a backup says. What only tells of a server's or a driver's version does not count.
pub fn difference(metadata: &Metadata, spec: &CollectionSpec) -> Difference {
    let mut difference = Difference::default();
    if metadata.kind != spec.kind {
        difference.fixed.push("type".to_owned());
    }
    let (was, is) = (options(&metadata.options), options(&spec.options));
    let names: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    for name in names {
        if was.get(name) == is.get(name) {
            continue;
        }
        if VALIDATION.contains(&name.as_bytes()) {
            difference.validation = true;
        } else {
            difference.fixed.push(name.clone());
        }
    }
    let by_name = |indexes: &[RawDocumentBuf]| -> BTreeMap<String, RawDocumentBuf> {
        let all = indexes
            .iter()
            .map(|it| (name_of(it).to_owned(), it.clone()));
        all.filter(|(name, _)| name != "_id_").collect()
    };
    let (was, is) = (by_name(&metadata.indexes), by_name(&spec.indexes));
    for (name, index) in &was {
        let Some(stands) = is.get(name) else {
            difference.build.push(index.clone());
            continue;
        };
        if index_parts(index) != index_parts(stands) {
            difference.drop.push(name.clone());
            difference.build.push(index.clone());
        } else if let Some(seconds) = ttl_of(index)
            && let Some(now) = ttl_of(stands)
            && seconds != now
        {
            difference.ttl.insert(name.clone(), seconds);
            if now == i64::from(TTL_OFF) {
                difference.ttl_off.insert(name.clone(), seconds);
            }
        }
    }
    let gone = is.keys().filter(|name| !was.contains_key(*name));
    difference.drop.extend(gone.cloned());
    difference
}

type Parts = BTreeMap<String, (u8, Vec<u8>)>;

fn parts(document: &RawDocument, passed_over: &[&[u8]]) -> Parts {
    let elements = elements(document).map_while(Result::ok);
    elements
        .filter(|element| !passed_over.contains(&element.key))
        .map(|element| {
            let key = String::from_utf8_lossy(element.key).into_owned();
            (key, (element.value.kind, element.value.bytes.to_vec()))
        })
        .collect()
}

fn options(options: &RawDocument) -> Parts {
    parts(options, &RETIRED)
}

/// An index's parts; that it has a TTL is one of them, how long is not.
fn index_parts(index: &RawDocument) -> Parts {
    let mut parts = parts(index, &[b"ns", b"v", b"background", b"expireAfterSeconds"]);
    if ttl_of(index).is_some() {
        parts.insert("expireAfterSeconds".to_owned(), (0, Vec::new()));
    }
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn metadata(options: RawDocumentBuf, indexes: Vec<RawDocumentBuf>) -> Metadata {
        Metadata {
            options,
            indexes,
            collection_name: None,
            kind: "collection".to_owned(),
            uuid: None,
        }
    }

    fn stands(options: RawDocumentBuf, indexes: Vec<RawDocumentBuf>) -> CollectionSpec {
        CollectionSpec {
            name: "a".to_owned(),
            kind: "collection".to_owned(),
            options,
            uuid: None,
            indexes,
        }
    }

    fn id() -> RawDocumentBuf {
        rawdoc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" }
    }

    #[test]
    fn the_same_but_for_the_order_and_the_versions_is_no_difference() {
        let was = metadata(
            rawdoc! { "validator": { "a": 1 }, "capped": true, "flags": 1 },
            vec![
                id(),
                rawdoc! { "v": 1, "key": { "a": 1 }, "name": "a_1", "ns": "x.a", "unique": true },
            ],
        );
        let is = stands(
            rawdoc! { "capped": true, "validator": { "a": 1 } },
            vec![
                id(),
                rawdoc! { "v": 2, "unique": true, "name": "a_1", "key": { "a": 1 } },
            ],
        );
        assert_eq!(difference(&was, &is), Difference::default());
    }

    #[test]
    fn what_is_other_is_told_by_what_has_to_be_done() {
        let ttl = |seconds: i32| rawdoc! { "v": 2, "key": { "t": 1 }, "name": "t_1", "expireAfterSeconds": seconds };
        let changed = rawdoc! { "v": 2, "key": { "b": 1 }, "name": "b_1" };
        let was = metadata(
            rawdoc! { "validator": { "a": 1 } },
            vec![
                id(),
                ttl(60),
                changed.clone(),
                rawdoc! { "v": 2, "key": { "c": 1 }, "name": "c_1" },
            ],
        );
        let is = stands(
            rawdoc! { "capped": true, "size": 4096 },
            vec![
                id(),
                ttl(TTL_OFF),
                rawdoc! { "v": 2, "key": { "b": -1 }, "name": "b_1" },
                rawdoc! { "v": 2, "key": { "d": 1 }, "name": "d_1" },
            ],
        );
        let found = difference(&was, &is);
        assert_eq!(found.fixed, ["capped", "size"]);
        assert!(found.validation);
        assert_eq!(found.drop, ["b_1", "d_1"]);
        assert_eq!(found.build.len(), 2);
        assert_eq!(found.build[0], changed);
        assert_eq!(found.ttl, BTreeMap::from([("t_1".to_owned(), 60)]));
        assert_eq!(found.ttl, found.ttl_off);
    }

    #[test]
    fn a_ttl_that_is_kept_from_acting_is_no_difference_by_itself_and_another_one_is() {
        let ttl = |seconds: i32| {
            vec![
                rawdoc! { "v": 2, "key": { "t": 1 }, "name": "t_1", "expireAfterSeconds": seconds },
            ]
        };
        let was = metadata(rawdoc! {}, ttl(60));
        assert!(difference(&was, &stands(rawdoc! {}, ttl(TTL_OFF))).is_none());
        assert!(!difference(&was, &stands(rawdoc! {}, ttl(61))).is_none());
    }
}
