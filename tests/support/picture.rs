//! A database as it stands: every collection's options, indexes and raw documents, taken without the product's code.

#![allow(dead_code)] // each test binary uses its own part

use std::collections::BTreeMap;

use bson::{RawDocumentBuf, rawdoc};
use futures_util::TryStreamExt;
use mongodb::Database;

/// One collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// Its options, as `listCollections` gives them.
    pub options: RawDocumentBuf,
    /// Its UUID.
    pub uuid: String,
    /// Its indexes by name.
    pub indexes: BTreeMap<String, RawDocumentBuf>,
    /// Its documents, in `_id` order.
    pub documents: Vec<RawDocumentBuf>,
}

/// All collections by name.
pub type Picture = BTreeMap<String, Collection>;

/// Takes a picture.
pub async fn of(database: &Database) -> Picture {
    let mut picture = Picture::new();
    for info in cursor(database, rawdoc! { "listCollections": 1, "cursor": {} }).await {
        let name = info.get_str("name").unwrap();
        if name.starts_with("system.") {
            continue;
        }
        let about = info.get_document("info").unwrap();
        let collection = Collection {
            options: info.get_document("options").unwrap().to_owned(),
            uuid: format!("{:?}", about.get("uuid")),
            indexes: indexes(database, name).await,
            documents: documents(database, name).await,
        };
        picture.insert(name.to_owned(), collection);
    }
    picture
}

async fn cursor(database: &Database, command: RawDocumentBuf) -> Vec<RawDocumentBuf> {
    let cursor = database.run_raw_cursor_command(command).await.unwrap();
    cursor.with_type().try_collect().await.unwrap()
}

/// The indexes of a collection, by name.
pub async fn indexes(database: &Database, name: &str) -> BTreeMap<String, RawDocumentBuf> {
    let all = cursor(database, rawdoc! { "listIndexes": name, "cursor": {} }).await;
    all.into_iter()
        .map(|index| (index.get_str("name").unwrap().to_owned(), index))
        .collect()
}

/// The documents of a collection in `_id` order.
pub async fn documents(database: &Database, name: &str) -> Vec<RawDocumentBuf> {
    let command = rawdoc! { "find": name, "sort": { "_id": 1 }, "hint": { "_id": 1 } };
    cursor(database, command).await
}

/// How `after` differs from `before`, in words; UUIDs count only where `identity` says so.
pub fn differences(before: &Picture, after: &Picture, identity: bool) -> Vec<String> {
    let mut all = Vec::new();
    for name in before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)))
    {
        let (Some(one), Some(other)) = (before.get(name), after.get(name)) else {
            all.push(format!(
                "{name} is in one only (before: {})",
                before.contains_key(name)
            ));
            continue;
        };
        if identity && one.uuid != other.uuid {
            all.push(format!("{name} is another collection"));
        }
        if one.options != other.options {
            all.push(format!(
                "{name}: options {:?} became {:?}",
                one.options, other.options
            ));
        }
        if one.indexes != other.indexes {
            all.push(format!(
                "{name}: indexes {:?} became {:?}",
                one.indexes, other.indexes
            ));
        }
        if one.documents != other.documents {
            let first = one
                .documents
                .iter()
                .zip(&other.documents)
                .find(|(one, other)| one != other);
            all.push(format!(
                "{name}: {} documents became {}, the first other one: {first:?}",
                one.documents.len(),
                other.documents.len()
            ));
        }
    }
    all
}

/// Only the collections that `keep` names.
pub fn only(picture: &Picture, keep: impl Fn(&str) -> bool) -> Picture {
    let kept = picture.iter().filter(|(name, _)| keep(name));
    kept.map(|(name, it)| (name.clone(), it.clone())).collect()
}

/// The name of what the newest rollback put aside of a collection.
pub fn put_aside<'p>(names: impl IntoIterator<Item = &'p String>, of: &str) -> Option<String> {
    let suffix = format!("_{of}");
    let aside =
        |name: &&String| name.starts_with("_ringfence_rolled_back_") && name.ends_with(&suffix);
    names.into_iter().filter(aside).max().cloned()
}

/// The application's collections: all but our own.
pub fn application(picture: &Picture) -> Picture {
    only(picture, |name| !name.starts_with("_ringfence_"))
}

/// All but the lease, which holds who asked last.
pub fn but_lease(picture: &Picture) -> Picture {
    only(picture, |name| name != "_ringfence_lease")
}

/// All but the run records and the lease, which hold times.
pub fn but_runs(picture: &Picture) -> Picture {
    only(picture, |name| {
        !["_ringfence_runs", "_ringfence_lease"].contains(&name)
    })
}

/// The same, with what rollbacks put aside under names without the run's id.
pub fn without_run_ids(picture: &Picture) -> Picture {
    const PREFIX: &str = "_ringfence_rolled_back_";
    let short = |name: &String| match name.strip_prefix(PREFIX).and_then(|it| it.split_once('_')) {
        Some((_, of)) => format!("{PREFIX}{of}"),
        None => name.clone(),
    };
    picture
        .iter()
        .map(|(name, of)| (short(name), of.clone()))
        .collect()
}
