//! Room on the server's disk for the prepared copies, and on this machine's for backup and export.

use std::path::Path;

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
        let stats = stats_of(connection, name).await?;
        bytes += number(&stats, "storageSize") + number(&stats, "totalIndexSize");
    }
    Ok(bytes)
}

/// The server's measures of a collection; none where it is not there, or not ours to ask.
async fn stats_of(connection: &Connection, name: &str) -> Result<Document> {
    let stage = doc! { "$collStats": { "storageStats": {} } };
    let of = connection.database.collection::<Document>(name);
    let failed = |error| StoreError::from_driver(format!("measuring {name}"), &error);
    let Ok(mut stats) = of.aggregate([stage]).await else {
        return Ok(Document::new());
    };
    let stats = stats.try_next().await.map_err(failed)?;
    let stats = stats.and_then(|stats| stats.get_document("storageStats").ok().cloned());
    Ok(stats.unwrap_or_default())
}

/// What the documents of `collections` take as they are written into files, in bytes.
///
/// # Errors
/// The server's refusal.
pub async fn documents(connection: &Connection, collections: &[String]) -> Result<u64> {
    let mut bytes = 0;
    for name in collections {
        bytes += number(&stats_of(connection, name).await?, "size");
    }
    Ok(bytes)
}

/// What is free for us on the disk of this machine that holds `folder`, or will hold it, in bytes; `None` where the system does not say.
pub fn free_here(folder: &Path) -> Option<u64> {
    let folder = std::path::absolute(folder).ok()?;
    let there = folder.ancestors().find(|it| it.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
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
