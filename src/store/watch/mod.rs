//! Has the application stopped? Foreign writes since a noted moment: from the oplog on a replica set where our user may read it, else by
//! change stream, and by write counters on a standalone.

mod oplog;
mod stream;

use std::collections::BTreeMap;
use std::time::Duration;

use bson::{Document, Timestamp, doc, rawdoc};
use futures_util::TryStreamExt;

use super::collection_spec;
use super::command;
use super::connect::Connection;
use super::error::{Result, StoreError};
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::run::WatchStart;

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

/// Foreign writes from `start` until now, watching for `more` time.
///
/// # Errors
/// The server's refusal, other than one that makes the watch impossible.
pub async fn since(connection: &Connection, start: &WatchStart, more: Duration) -> Result<Seen> {
    match start {
        WatchStart::OperationTime { time, increment } => {
            let start = after(*time, *increment);
            if more.is_zero()
                && let Some(seen) = oplog::since(connection, start, &[]).await?
            {
                return Ok(seen);
            }
            stream::since(connection, start, more).await
        }
        WatchStart::Counters(before) => {
            tokio::time::sleep(more).await;
            let now = counters(connection).await?;
            let mut writes = BTreeMap::new();
            for (name, count) in now {
                let grown = count - before.get(&name).copied().unwrap_or_default();
                if grown > 0 {
                    writes.insert(name, grown.unsigned_abs());
                }
            }
            Ok(Seen::Writes(writes))
        }
    }
}

/// True when the server's log shows that since `start` nobody wrote to this database: neither another client, nor anybody, ourselves
/// included, to our own collections `ours`. False also where it cannot show it.
///
/// # Errors
/// The server's refusal.
pub async fn is_untouched(
    connection: &Connection,
    start: &WatchStart,
    ours: &[&str],
) -> Result<bool> {
    let WatchStart::OperationTime { time, increment } = start else {
        return Ok(false);
    };
    let seen = oplog::since(connection, after(*time, *increment), ours).await?;
    Ok(matches!(seen, Some(Seen::Writes(writes)) if writes.is_empty()))
}

/// Whether the server's log can be read.
///
/// # Errors
/// The server's refusal to tell the present.
pub async fn sees_log(connection: &Connection) -> Result<bool> {
    let present = begin(connection).await?;
    let WatchStart::OperationTime { time, increment } = present else {
        return Ok(false);
    };
    Ok(oplog::since(connection, after(time, increment), &[])
        .await?
        .is_some())
}

/// The first operation time after the one that is given.
fn after(time: u32, increment: u32) -> Timestamp {
    Timestamp {
        time,
        increment: increment + 1,
    }
}

/// Write counters of every collection but our own. A renamed or restarted collection counts from zero.
async fn counters(connection: &Connection) -> Result<BTreeMap<String, i64>> {
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
