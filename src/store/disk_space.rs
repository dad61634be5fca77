//! Room on the server's disk for the prepared copies.

use bson::{Document, doc};
use futures_util::TryStreamExt;

use super::connect::Connection;
use super::error::{Result, StoreError};

/// What `collections` take with their indexes, in bytes; copies of them will take as much. One that is not there takes none.
///
/// # Errors
/// The server's refusal.
pub async fn used(connection: &Connection, collections: &[&str]) -> Result<u64> {
    let mut bytes = 0;
    for name in collections {
        let stage = doc! { "$collStats": { "storageStats": {} } };
        let of = connection.database.collection::<Document>(name);
        let failed = |error| StoreError::from_driver(format!("measuring {name}"), &error);
        let stats = match of.aggregate([stage]).await {
            Ok(mut stats) => stats.try_next().await.map_err(failed)?,
            Err(_) => None, // not there, or not ours to ask
        };
        let stats = stats.and_then(|stats| stats.get_document("storageStats").ok().cloned());
        bytes += stats.map_or(0, |stats| {
            number(&stats, "storageSize") + number(&stats, "totalIndexSize")
        });
    }
    Ok(bytes)
}

/// What is free on the disk that holds the database, in bytes; `None` where the server does not say.
pub async fn free(connection: &Connection) -> Option<u64> {
    let stats = connection
        .database
        .run_command(doc! { "dbStats": 1 })
        .await
        .ok()?;
    let total = number(&stats, "fsTotalSize");
    (total > 0).then(|| total.saturating_sub(number(&stats, "fsUsedSize")))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // sizes, not negative
fn number(document: &Document, key: &str) -> u64 {
    match document.get(key) {
        Some(bson::Bson::Int32(number)) => u64::try_from(*number).unwrap_or(0),
        Some(bson::Bson::Int64(number)) => u64::try_from(*number).unwrap_or(0),
        Some(bson::Bson::Double(number)) => *number as u64,
        _ => 0,
    }
}
