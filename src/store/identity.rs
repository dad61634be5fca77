//! "The same bytes": SHA-256 over the raw documents of a collection in `_id` order, with its options and indexes beside it. UUIDs are
//! outside, and so is natural order, except where it is all there is (capped, clustered, time series). A backup's files are
//! written in the same order, so that a file's hash is its collection's.

use std::collections::BTreeMap;

use bson::rawdoc;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::collection_spec::{self, CollectionSpec};
use super::connect::Connection;
use super::error::Result;
use super::scan::{self, Scan};
use crate::domain::id::hex;
use crate::domain::mapping::SIDE_PREFIX;

/// Where a time series keeps its data.
pub const BUCKETS_PREFIX: &str = "system.buckets.";

/// The collection that holds the documents behind a name: itself, the buckets of a time series, nothing for a view.
pub fn data_collection(spec: &CollectionSpec) -> Option<String> {
    match spec.kind.as_str() {
        "view" => None,
        "timeseries" => Some(format!("{BUCKETS_PREFIX}{}", spec.name)),
        _ => Some(spec.name.clone()),
    }
}

/// Whether the collection's documents are taken in `_id` order. A capped collection's order of insertion is part of its data; a
/// clustered one, and a time series' buckets, have no `_id` index to walk, but lie in `_id` order anyway.
pub fn in_id_order(spec: &CollectionSpec) -> bool {
    let by_id = rawdoc! { "_id": 1 };
    let capped = spec.options.get_bool("capped").unwrap_or(false);
    let has_id_index = spec.indexes.iter().any(|index| {
        index.get_document("key").is_ok_and(|key| *key == *by_id)
            && !index.get_bool("clustered").unwrap_or(false)
    });
    spec.kind == "collection" && has_id_index && !capped
}

/// The scan whose order defines a collection's hash.
pub fn scan_of(spec: &CollectionSpec) -> Scan {
    Scan {
        ordered: in_id_order(spec),
        ..Scan::default()
    }
}

/// The hash of a collection's documents, in hexadecimal, and their number. One that is not there has no documents.
///
/// # Errors
/// The server's refusal, or a cancellation.
pub async fn fingerprint(
    connection: &Connection,
    collection: &str,
    cancel: &CancellationToken,
) -> Result<(String, u64)> {
    match collection_spec::load(connection, collection).await? {
        Some(spec) => fingerprint_of(connection, &spec, cancel).await,
        None => Ok((hex(&Sha256::digest([])), 0)),
    }
}

/// [`fingerprint`] where the specification is known. A view's is that of no documents.
///
/// # Errors
/// The server's refusal, or a cancellation.
pub async fn fingerprint_of(
    connection: &Connection,
    spec: &CollectionSpec,
    cancel: &CancellationToken,
) -> Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut count = 0;
    if let Some(name) = data_collection(spec) {
        count = scan::each(
            (&connection.database, None),
            &name,
            &scan_of(spec),
            cancel,
            |document| {
                hash.update(document.as_bytes());
                Ok(())
            },
        )
        .await?;
    }
    Ok((hex(&hash.finalize()), count))
}

/// Every collection, view and time series but our own and the server's: documents' hash and specification's hash, by name.
///
/// # Errors
/// The server's refusal, or a cancellation.
pub async fn database(
    connection: &Connection,
    cancel: &CancellationToken,
) -> Result<BTreeMap<String, (String, String)>> {
    let mut all = BTreeMap::new();
    for (name, spec) in collection_spec::load_all(connection).await? {
        if name.starts_with(SIDE_PREFIX) || name.starts_with("system.") {
            continue;
        }
        let (documents, _) = fingerprint_of(connection, &spec, cancel).await?;
        all.insert(name, (documents, spec.fingerprint()));
    }
    Ok(all)
}
