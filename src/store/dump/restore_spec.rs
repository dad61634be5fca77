//! How a collection of a backup is made again: `create` and `createIndexes` out of its metadata, checked before anything
//! is written.

use bson::RawBson;
use bson::raw::{RawArrayBuf, RawDocument, RawDocumentBuf};
use bson::rawdoc;

use super::folder::DumpedCollection;
use crate::domain::raw::{Builder, elements, get};
use crate::store::error::{Result, StoreError};
use crate::store::write_command::write_concern;

/// What `create` takes, up to server 8.0. Anything else comes from a server that we do not know, and is refused rather than lost.
const OPTIONS: [&str; 18] = [
    "autoIndexId",
    "capped",
    "changeStreamPreAndPostImages",
    "clusteredIndex",
    "collation",
    "encryptedFields",
    "expireAfterSeconds",
    "flags",
    "indexOptionDefaults",
    "max",
    "pipeline",
    "size",
    "storageEngine",
    "timeseries",
    "validationAction",
    "validationLevel",
    "validator",
    "viewOn",
];
/// Options of old servers that mean nothing any more and that newer ones refuse.
pub(super) const RETIRED: [&[u8]; 3] = [b"autoIndexId", b"flags", b"uuid"];

/// What a restore does for one collection, besides its documents.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreSpec {
    /// The `create` command.
    pub create: RawDocumentBuf,
    /// The indexes to build after the documents, `_id_` excluded.
    pub indexes: Vec<RawDocumentBuf>,
    /// Whether documents have to be let past a validator: old ones may break it.
    pub has_validator: bool,
    /// Whether the order of insertion is part of the data.
    pub keeps_order: bool,
}

/// Reads a collection's metadata.
///
/// # Errors
/// An option that no server we know has, or an index without a name.
pub fn restore_spec(collection: &DumpedCollection) -> Result<RestoreSpec> {
    let metadata = &collection.metadata;
    for element in elements(&metadata.options).map_while(std::result::Result::ok) {
        let option = String::from_utf8_lossy(element.key);
        if option != "uuid" && !OPTIONS.contains(&&*option) {
            return Err(StoreError::Refused(format!(
                "{} has the option {option:?}, which is not known here. Nothing was written; restore it with a version that knows it, or leave this collection out",
                collection.name
            )));
        }
    }
    let mut indexes = Vec::new();
    let mut id_index = None;
    for index in &metadata.indexes {
        let is_id = index
            .get_document("key")
            .is_ok_and(|key| *key == *rawdoc! { "_id": 1 });
        if index.get_bool("clustered").unwrap_or(false) {
            continue; // `create` makes it out of `clusteredIndex`
        }
        if index.get_str("name").unwrap_or_default().is_empty() {
            return Err(StoreError::Refused(format!(
                "an index of {} has no name: {index:?}. Nothing was written; give it one in the metadata file, or leave this collection out",
                collection.name
            )));
        }
        if is_id {
            id_index = Some(without(index, b"ns"));
        } else {
            indexes.push(with_collation(&without(index, b"ns"), &metadata.options));
        }
    }
    let mut create = Builder::new(256);
    create.string("create", &collection.name);
    for element in elements(&metadata.options).map_while(std::result::Result::ok) {
        if !RETIRED.contains(&element.key) {
            create.element(&element);
        }
    }
    if let Some(id_index) = id_index.filter(|_| metadata.kind == "collection") {
        create.document("idIndex", &id_index);
    }
    create.document("writeConcern", &write_concern());
    Ok(RestoreSpec {
        create: create.finish(),
        indexes,
        has_validator: get(&metadata.options, "validator").is_some(),
        keeps_order: metadata.options.get_bool("capped").unwrap_or(false),
    })
}

/// `index` with a simple collation spelled out where its collection has another one: `listIndexes` and mongodump leave it out, and a server
/// would take the collection's.
fn with_collation(index: &RawDocument, options: &RawDocument) -> RawDocumentBuf {
    let mut index = index.to_owned();
    if get(options, "collation").is_some() && get(&index, "collation").is_none() {
        index.append(
            bson::raw::cstr!("collation"),
            rawdoc! { "locale": "simple" },
        );
    }
    index
}

/// The command that builds `indexes`.
pub fn create_indexes(
    collection: &str,
    indexes: &[RawDocumentBuf],
    is_replica_set: bool,
) -> RawDocumentBuf {
    let indexes: RawArrayBuf = indexes.iter().cloned().map(RawBson::Document).collect();
    let mut command = rawdoc! { "createIndexes": collection, "indexes": indexes, "writeConcern": write_concern() };
    if is_replica_set {
        // With one of three members dead, the default waits for ever.
        command.append(bson::raw::cstr!("commitQuorum"), "majority");
    }
    command
}

fn without(document: &RawDocument, key: &[u8]) -> RawDocumentBuf {
    let mut out = Builder::new(document.as_bytes().len());
    for element in elements(document).map_while(std::result::Result::ok) {
        if element.key != key {
            out.element(&element);
        }
    }
    out.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::raw::RawDocumentBuf;
    use bson::rawdoc;

    use super::{RestoreSpec, restore_spec};
    use crate::store::dump::folder::DumpedCollection;
    use crate::store::dump::metadata::Metadata;
    use crate::store::error::Result;
    use crate::store::write_command::write_concern;

    fn spec(options: RawDocumentBuf, indexes: Vec<RawDocumentBuf>) -> Result<RestoreSpec> {
        restore_spec(&DumpedCollection {
            name: "a".to_owned(),
            metadata: Metadata {
                options,
                indexes,
                collection_name: None,
                kind: "collection".to_owned(),
                uuid: None,
            },
            data: None,
            recorded: None,
        })
    }

    #[test]
    fn options_stay_verbatim_and_retired_ones_go() {
        let spec = spec(
            rawdoc! { "uuid": "x", "autoIndexId": true, "capped": true, "size": 1.5, "validator": { "a": 1 } },
            vec![
                rawdoc! { "v": 1, "key": { "_id": 1 }, "name": "_id_", "ns": "x.a" },
                rawdoc! { "v": 2, "key": { "a": 1 }, "name": "a_1", "ns": "x.a", "sparse": true },
            ],
        )
        .unwrap();
        assert_eq!(
            spec.create,
            rawdoc! { "create": "a", "capped": true, "size": 1.5, "validator": { "a": 1 },
            "idIndex": { "v": 1, "key": { "_id": 1 }, "name": "_id_" }, "writeConcern": write_concern() }
        );
        assert_eq!(
            spec.indexes,
            [rawdoc! { "v": 2, "key": { "a": 1 }, "name": "a_1", "sparse": true }]
        );
        assert!(spec.has_validator && spec.keeps_order);
    }

    #[test]
    fn an_unknown_option_and_a_nameless_index_are_refused() {
        let error = spec(rawdoc! { "sharded": true }, Vec::new()).unwrap_err();
        assert!(error.to_string().contains("\"sharded\""), "{error}");
        for name in [
            rawdoc! { "key": { "a": 1 } },
            rawdoc! { "key": { "a": 1 }, "name": "" },
        ] {
            let error = spec(rawdoc! {}, vec![name]).unwrap_err();
            assert!(error.to_string().contains("no name"), "{error}");
        }
    }
}
