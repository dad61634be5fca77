//! Has the application stopped? Foreign writes since a noted moment: from the oplog on a replica set where our user may read it, else by
//! change stream, and by write counters on a standalone.

mod oplog;
mod start;
mod stream;

use std::collections::BTreeMap;
use std::time::Duration;

use bson::Timestamp;

use self::start::counters;
pub use self::start::{Seen, begin};
use super::connect::Connection;
use super::error::Result;
use crate::domain::run::WatchStart;

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
