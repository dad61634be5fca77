//! Retries for commands that need an exclusive lock on a collection: renames, expiries, validators. While such a command waits for another
//! operation, every writer behind it waits too. So each attempt is short, there are few, and the last error names the blocking operation.

use std::time::Duration;

use bson::doc;
use futures_util::TryStreamExt;
use mongodb::options::ReadConcern;

use super::connect::Connection;
use super::error::{Result, StoreError};

/// `maxTimeMS` of one attempt.
pub const ATTEMPT_MS: i32 = 2_000;
/// How often a command is attempted.
pub const ATTEMPTS: u32 = 5;

/// `MaxTimeMSExpired`, `LockTimeout`, `WriteConflict`, `WriteConcernFailed`, `BackgroundOperationInProgressForNamespace` (an index is being
/// built): another operation held the lock, or the answer came too late. The command may have been carried out.
const RETRYABLE: [i32; 5] = [50, 24, 112, 64, 12_587];

/// Counts the attempts of one command. Each is sent with [`ATTEMPT_MS`].
pub struct Retries<'a> {
    connection: &'a Connection,
    collection: &'a str,
    doing: &'a str,
    done: u32,
}

impl<'a> Retries<'a> {
    /// No attempt yet; `doing` describes the command in an error.
    pub fn new(connection: &'a Connection, collection: &'a str, doing: &'a str) -> Self {
        Self {
            connection,
            collection,
            doing,
            done: 0,
        }
    }

    /// Call it after an attempt that failed with `error`. Returns after a pause when the command should be sent again.
    ///
    /// # Errors
    /// `error` itself when it is not worth a retry; after the last attempt, an error that names the blocking operation.
    pub async fn wait_after(&mut self, error: StoreError) -> Result<()> {
        if !error.code().is_some_and(|code| RETRYABLE.contains(&code)) {
            return Err(error);
        }
        self.done += 1;
        if self.done < ATTEMPTS {
            tokio::time::sleep(Duration::from_millis(300)).await;
            return Ok(());
        }
        let blocker = blocker(self.connection, self.collection).await;
        Err(StoreError::Refused(format!(
            "{}: another operation held the collection for {ATTEMPTS} tries of {} s{blocker}. What was done so far is in the run record; end that operation and run the same command again",
            self.doing,
            ATTEMPT_MS / 1000
        )))
    }
}

/// Describes the blocking operation, as far as our user may see it.
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
