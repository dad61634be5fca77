//! Commands that need a collection for themselves: renames, expiries, validators. While one waits for an operation in its way, every writer
//! behind it waits too, so each try is short, there are few of them, and then the operation is named.

use std::time::Duration;

use bson::doc;
use futures_util::TryStreamExt;
use mongodb::options::ReadConcern;

use super::connect::Connection;
use super::error::{Result, StoreError};

/// How long one try may wait for an operation in its way, as `maxTimeMS` says it.
pub const PATIENCE_MS: i32 = 2_000;
/// How often a command is tried.
pub const TRIES: u32 = 5;

/// `MaxTimeMSExpired`, `LockTimeout`, `WriteConflict`, `WriteConcernFailed`: something stood in the way, or the answer came too late; the
/// command may have been carried out.
const IN_THE_WAY: [i32; 4] = [50, 24, 112, 64];

/// The tries of one command that needs a collection for itself. Each is sent with [`PATIENCE_MS`].
pub struct Tries<'a> {
    connection: &'a Connection,
    collection: &'a str,
    doing: &'a str,
    done: u32,
}

impl<'a> Tries<'a> {
    /// None yet; `doing` says what for, for people.
    pub fn new(connection: &'a Connection, collection: &'a str, doing: &'a str) -> Self {
        Self {
            connection,
            collection,
            doing,
            done: 0,
        }
    }

    /// After a try that ended in `error`: returns, after a pause, where the command is to be sent again.
    ///
    /// # Errors
    /// `error` itself where nothing stood in the way; when something stays there, what it is.
    pub async fn again(&mut self, error: StoreError) -> Result<()> {
        if !error.code().is_some_and(|code| IN_THE_WAY.contains(&code)) {
            return Err(error);
        }
        self.done += 1;
        if self.done < TRIES {
            tokio::time::sleep(Duration::from_millis(300)).await;
            return Ok(());
        }
        let blocker = blocker(self.connection, self.collection).await;
        Err(StoreError::Refused(format!(
            "{}: another operation held the collection for {TRIES} tries of {} s{blocker}. What was done so far is in the run record; end that operation and run the same command again",
            self.doing,
            PATIENCE_MS / 1000
        )))
    }
}

/// Names an operation in the way, as far as our user may see it.
async fn blocker(connection: &Connection, collection: &str) -> String {
    let namespace = format!("{}.{collection}", connection.place.database);
    let pipeline = [
        doc! { "$currentOp": { "allUsers": true, "idleSessions": true } },
        doc! { "$match": { "$or": [{ "ns": namespace }, { "transaction": { "$exists": true } }] } },
        // Whole commands may be cut inside a character, which no driver reads.
        doc! { "$project": { "opid": 1, "appName": 1, "client": 1, "secs_running": 1, "inTransaction": { "$gt": ["$transaction", null] }, "open": "$transaction.timeOpenMicros" } },
        doc! { "$sort": { "inTransaction": -1, "open": -1 } },
        doc! { "$limit": 1 },
    ];
    let admin = connection.client.database("admin");
    let local = ReadConcern::local(); // the stage takes no other
    let operations = admin.aggregate(pipeline).read_concern(local).await;
    let Ok(mut operations) = operations else {
        return " (our user may not list operations, so it cannot be named)".to_owned();
    };
    let Ok(Some(operation)) = operations.try_next().await else {
        return String::new();
    };
    let number = |key: &str| match operation.get(key) {
        Some(bson::Bson::Int32(number)) => Some(i64::from(*number)),
        Some(bson::Bson::Int64(number)) => Some(*number),
        _ => None,
    };
    let what = match (number("opid"), number("open")) {
        (_, Some(open)) => format!("a transaction, open for {} s,", open / 1_000_000),
        (Some(opid), None) => format!(
            "operation {opid}, running for {} s,",
            number("secs_running").unwrap_or(0)
        ),
        (None, None) => "an operation".to_owned(),
    };
    format!(
        " ({what} of {}{})",
        operation.get_str("appName").unwrap_or("an unnamed client"),
        operation
            .get_str("client")
            .map(|from| format!(" at {from}"))
            .unwrap_or_default()
    )
}
