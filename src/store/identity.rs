//! "The same bytes": the [`Fingerprint`] of the raw documents of a collection, with its options and indexes beside it. UUIDs are outside, and
//! so is natural order, except that of a capped collection.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::collection_spec::{self, CollectionSpec};
use super::connect::Connection;
use super::error::Result;
use super::scan::{self, Scan};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::mapping::SIDE_PREFIX;

/// How often a collection is read again after what passes by itself, and the pause before the first time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

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

/// An empty [`Fingerprint`] for the documents of a collection: a capped one's order of insertion is part of its data.
pub fn empty_fingerprint(spec: &CollectionSpec) -> Fingerprint {
    Fingerprint::new(spec.options.get_bool("capped").unwrap_or(false))
}

/// The fingerprint of a collection's documents. One that is not there has none.
///
/// # Errors
/// The server's refusal, or a cancellation.
pub async fn fingerprint(
    connection: &Connection,
    collection: &str,
    cancel: &CancellationToken,
) -> Result<Fingerprint> {
    match collection_spec::load(connection, collection).await? {
        Some(spec) => fingerprint_of(connection, &spec, cancel).await,
        None => Ok(Fingerprint::default()),
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
) -> Result<Fingerprint> {
    let Some(name) = data_collection(spec) else {
        return Ok(empty_fingerprint(spec));
    };
    let (all, mut tries) = (Scan::default(), 0);
    loop {
        let mut fingerprint = empty_fingerprint(spec);
        let database = (&connection.database, None);
        let read = scan::each(database, &name, &all, cancel, |document| {
            fingerprint.add(document);
            Ok(())
        });
        match read.await {
            Ok(_) => return Ok(fingerprint),
            // Whoever asks may be in the middle of something that cannot begin again, as a restore; reading a collection anew always can.
            Err(error) if error.passes() && tries < TRIES => {
                tries += 1;
                tracing::warn!("reading {name} again after: {error}");
                tokio::time::sleep(PAUSE * tries).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Every collection, view and time series but our own and the server's: fingerprint of the documents and of the specification, by name.
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
        let documents = fingerprint_of(connection, &spec, cancel).await?;
        all.insert(name, (documents.text(), spec.fingerprint()));
    }
    Ok(all)
}
