//! What our write commands share: acknowledgement by a majority, a time limit, and the drop of a collection. Nothing here asks for the lease.

use bson::raw::RawDocumentBuf;
use bson::rawdoc;
use mongodb::Database;

use super::command;
use super::error::{NAMESPACE_NOT_FOUND, Result};

/// How long a batch may run at all, in milliseconds; longer than the write concern, so that its error comes first.
pub const MAX_TIME_MS: i32 = 90_000;

/// Majority and journal, within a minute.
pub fn write_concern() -> RawDocumentBuf {
    rawdoc! { "w": "majority", "j": true, "wtimeout": 60_000 }
}

/// Drops a collection without asking for the lease; one that does not exist is fine.
///
/// # Errors
/// The server's refusal.
pub async fn drop_collection(database: &Database, name: &str) -> Result<()> {
    let command =
        rawdoc! { "drop": name, "maxTimeMS": MAX_TIME_MS, "writeConcern": write_concern() };
    match command::run(database, command, &format!("dropping {name}")).await {
        Err(error) if error.code() != Some(NAMESPACE_NOT_FOUND) => Err(error),
        _ => Ok(()),
    }
}
