//! Has the application stopped? Foreign writes since a noted moment, by change stream on a replica set, by write counters on a standalone.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::{Document, RawDocumentBuf, Timestamp, doc, rawdoc};
use futures_util::TryStreamExt;
use mongodb::change_stream::event::ResumeToken;

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
            let start = Timestamp {
                time: *time,
                increment: increment + 1,
            };
            stream(connection, start, more).await
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

/// How long a change stream may take to come up to the present.
const CATCHING_UP: Duration = Duration::from_mins(2);

/// The moment that a resume token stands for. Its data is a key string in hexadecimal, whose first part is the
/// cluster time (type 0x82); so it is since server 4.0.
fn moment_of(token: &ResumeToken) -> Option<WatchStart> {
    let token = bson::serialize_to_document(token).ok()?;
    let data = token.get_str("_data").ok()?.strip_prefix("82")?;
    let number = |from: usize| u32::from_str_radix(data.get(from..from + 8)?, 16).ok();
    Some(WatchStart::OperationTime {
        time: number(0)?,
        increment: number(8)?,
    })
}

fn has_reached(token: Option<&ResumeToken>, present: &WatchStart) -> bool {
    // A token of another form says nothing; an answer without events then counts as the end, as it is on an idle server.
    token
        .and_then(moment_of)
        .is_none_or(|reached| reached.is_not_before(present))
}

/// Reads the server's log from `start` to the moment of the call, and for `more` time after it.
async fn stream(connection: &Connection, start: Timestamp, more: Duration) -> Result<Seen> {
    let present = begin(connection).await?;
    let pipeline = [
        // As a pattern and not as a negation: the server then leaves our own writes out while it reads its log, in half the time (seen on 6.0).
        doc! { "$match": { "ns.coll": { "$regex": format!("^(?!{SIDE_PREFIX})") } } },
        doc! { "$project": { "_id": 1, "operationType": 1, "ns": 1, "to": 1 } },
    ];
    let stream = connection
        .database
        .watch()
        .pipeline(pipeline)
        .start_at_operation_time(start)
        .max_await_time(Duration::from_millis(200))
        .await;
    let mut stream = match stream {
        Ok(stream) => stream.with_type::<RawDocumentBuf>(),
        Err(error) => {
            let error = StoreError::from_driver("opening a change stream", &error);
            return match error {
                StoreError::Server { .. } => Ok(Seen::Blind(error.to_string())),
                other => Err(other),
            };
        }
    };
    let mut writes: BTreeMap<String, u64> = BTreeMap::new();
    let deadline = tokio::time::Instant::now() + more;
    loop {
        let event = stream
            .next_if_any()
            .await
            .map_err(|error| StoreError::from_driver("reading the change stream", &error))?;
        match event {
            Some(event) => {
                let name = event
                    .get_document("ns")
                    .ok()
                    .and_then(|ns| ns.get_str("coll").ok())
                    .unwrap_or("(the database)");
                let ours = event
                    .get_str("operationType")
                    .is_ok_and(|it| it == "rename")
                    && event
                        .get_document("to")
                        .ok()
                        .and_then(|to| to.get_str("coll").ok())
                        .is_some_and(|to| to.starts_with(SIDE_PREFIX));
                if !ours {
                    *writes.entry(name.to_owned()).or_default() += 1;
                }
                // An application that never pauses must not keep us here for ever.
                if !writes.is_empty() && tokio::time::Instant::now() >= deadline {
                    return Ok(Seen::Writes(writes));
                }
            }
            None if tokio::time::Instant::now() < deadline => {}
            // An answer without events is not the end of the log: the server may still be reading.
            None if has_reached(stream.resume_token().as_ref(), &present) => {
                return Ok(Seen::Writes(writes));
            }
            None if tokio::time::Instant::now() >= deadline + CATCHING_UP => {
                return Ok(Seen::Blind(
                    "the change stream does not come up to the present".to_owned(),
                ));
            }
            None => {}
        }
    }
}
