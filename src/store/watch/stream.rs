//! Watching by change stream, which the role `read` allows. The server looks at every entry of its log for it, at some 6 µs each (seen on 6.0).

use std::collections::BTreeMap;
use std::time::Duration;

use bson::{RawDocumentBuf, Timestamp, doc};
use mongodb::change_stream::event::ResumeToken;

use super::start::{self, Seen};
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::run::WatchStart;
use crate::store::connect::Connection;
use crate::store::error::{Result, StoreError};

/// `CappedPositionLost`, `ChangeStreamFatalError`, `ChangeStreamHistoryLost`: the log was cut off before it was read.
const LOG_LOST: [i32; 3] = [136, 280, 286];
/// How long the server waits for an event before it says that there is none.
const PAUSE: Duration = Duration::from_millis(200);
/// The same where only the past counts.
const SHORT: Duration = Duration::from_millis(10);
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

/// What a change stream's end means: the server's log began anew, the watch is not possible, or the error goes on.
fn blind(error: StoreError) -> Result<Seen> {
    match error {
        StoreError::Server { code, .. } if LOG_LOST.contains(&code) => Ok(Seen::Blind(
            "the server's log (oplog) is too small for what is written: its oldest entries were dropped before they were read, so nobody can tell from it who wrote. Give the server a larger oplog (replSetResizeOplog), or watch the application yourself".to_owned(),
        )),
        StoreError::Server { .. } if !error.passes() => Ok(Seen::Blind(error.to_string())),
        other => Err(other),
    }
}

/// Reads the server's log from `start` to the moment of the call, and for `more` time after it.
pub(super) async fn since(
    connection: &Connection,
    start: Timestamp,
    more: Duration,
) -> Result<Seen> {
    let present = start::begin(connection).await?;
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
        .max_await_time(PAUSE.min(more.max(SHORT)))
        .await;
    let mut stream = match stream {
        Ok(stream) => stream.with_type::<RawDocumentBuf>(),
        Err(error) => {
            return blind(StoreError::from_driver("opening a change stream", &error));
        }
    };
    let mut writes: BTreeMap<String, u64> = BTreeMap::new();
    let deadline = tokio::time::Instant::now() + more;
    loop {
        let event = match stream.next_if_any().await {
            Ok(event) => event,
            Err(error) => {
                return blind(StoreError::from_driver("reading the change stream", &error));
            }
        };
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
