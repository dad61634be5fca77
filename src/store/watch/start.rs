//! The moment that a watch begins at, and what it may see from there: an operation time on a replica set, write counters on a standalone.

use std::collections::BTreeMap;

use bson::{Document, doc, rawdoc};
use futures_util::TryStreamExt;

use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::run::WatchStart;
use crate::store::collection_spec;
use crate::store::command;
use crate::store::connect::Connection;
use crate::store::error::{Result, StoreError};

/// What a watch saw: foreign writes by collection, or why it cannot see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Writes by collection; empty when none.
    Writes(BTreeMap<String, u64>),
    /// The watch is not possible.
    Blind(String),
}

/// Notes this moment.
///
/// # Errors
/// The server's refusal.
pub async fn begin(connection: &Connection) -> Result<WatchStart> {
    if connection.is_replica_set() {
        let hello = command::run(
            &connection.database,
            rawdoc! { "hello": 1 },
            "asking for the operation time",
        )
        .await?;
        let time = hello
            .get_document("lastWrite")
            .and_then(|last| last.get_document("opTime"))
            .and_then(|time| time.get_timestamp("ts"))
            .map_err(|_| StoreError::Invalid("the server says no operation time".to_owned()))?;
        return Ok(WatchStart::OperationTime {
            time: time.time,
            increment: time.increment,
        });
    }
    Ok(WatchStart::Counters(counters(connection).await?))
}

/// Write counters of every collection but our own. A renamed or restarted collection counts from zero.
///
/// # Errors
/// The server's refusal.
pub async fn counters(connection: &Connection) -> Result<BTreeMap<String, i64>> {
    let mut counters = BTreeMap::new();
    for name in collection_spec::uuids(connection).await?.into_keys() {
        if name.starts_with(SIDE_PREFIX) || name.starts_with("system.") {
            continue;
        }
        let stats = connection
            .database
            .collection::<Document>(&name)
            .aggregate([doc! { "$collStats": { "latencyStats": {} } }])
            .await;
        let Ok(mut stats) = stats else { continue }; // a view has no counters
        let stats = stats.try_next().await.ok().flatten().unwrap_or_default();
        let writes = stats
            .get_document("latencyStats")
            .and_then(|stats| stats.get_document("writes"))
            .and_then(|writes| writes.get_i64("ops"))
            .unwrap_or_default();
        counters.insert(name, writes);
    }
    Ok(counters)
}
