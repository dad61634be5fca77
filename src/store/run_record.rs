//! The run record's place in the database: `_ringfence_runs`, one document per run, replaced whole.

use std::time::Duration;

use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::options::ReplaceOptions;

use super::connect::Connection;
use super::error::{DUPLICATE_KEY, Result, StoreError};
use crate::domain::mapping::RUNS;
use crate::domain::run::{BackupRecord, Outcome, RunRecord};

/// The latest run, whatever became of it.
///
/// # Errors
/// The server's refusal, or a record that this version cannot read.
pub async fn latest(connection: &Connection) -> Result<Option<RunRecord>> {
    let found = connection
        .database
        .collection::<Document>(RUNS)
        .find_one(doc! {})
        .sort(doc! { "started": -1 })
        .await
        .map_err(|error| StoreError::from_driver("reading the run record", &error))?;
    let Some(found) = found else { return Ok(None) };
    let mut record: RunRecord = bson::deserialize_from_document(found).map_err(|error| {
        StoreError::Refused(format!(
            "the run record in {RUNS} cannot be read: {error}. Another version of ringfence may have written it; use that version, or read the record with a shell before you go on"
        ))
    })?;
    record.take_older_form();
    Ok(Some(record))
}

/// The same as the first thing that a session reads: tried a few times, for nobody could be patient yet.
///
/// # Errors
/// As [`latest`].
pub async fn first(connection: &Connection) -> Result<Option<RunRecord>> {
    let mut tries = 0;
    loop {
        match latest(connection).await {
            Err(error) if error.passes() && tries < 3 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(300 * tries)).await;
            }
            read => return read,
        }
    }
}

/// Whether a run on record swapped something in, whatever became of it.
///
/// # Errors
/// The server's refusal.
pub async fn ever_swapped(connection: &Connection) -> Result<bool> {
    let doing = |error| StoreError::from_driver("reading the run records", &error);
    let mut found = connection
        .database
        .collection::<Document>(RUNS)
        .find(doc! {})
        .projection(doc! { "collections": 1 })
        .await
        .map_err(doing)?;
    while let Some(run) = found.try_next().await.map_err(doing)? {
        let Ok(collections) = run.get_document("collections") else {
            continue;
        };
        let mut records = collections.values().filter_map(bson::Bson::as_document);
        if records.any(|record| record.get_bool("swap_began").unwrap_or(false)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The backups of all runs on record.
///
/// # Errors
/// The server's refusal.
pub async fn backups(connection: &Connection) -> Result<Vec<BackupRecord>> {
    let doing = |error| StoreError::from_driver("reading the run records", &error);
    let found = connection
        .database
        .collection::<Document>(RUNS)
        .find(doc! {})
        .projection(doc! { "backup": 1 })
        .await
        .map_err(doing)?;
    let found: Vec<Document> = found.try_collect().await.map_err(doing)?;
    // What cannot be read is no backup that we know.
    let read = |run: Document| {
        let backup = run.get_document("backup").ok()?.clone();
        bson::deserialize_from_document(backup).ok()
    };
    Ok(found.into_iter().filter_map(read).collect())
}

/// The run that is under way, if one is.
///
/// # Errors
/// As [`latest`].
pub async fn open(connection: &Connection) -> Result<Option<RunRecord>> {
    Ok(latest(connection)
        .await?
        .filter(|record| record.outcome == Outcome::Open))
}

/// The lease's token under which a record was written; not part of the record itself.
const TOKEN: &str = "leaseToken";

/// Writes `record` as its next save, acknowledged by a majority and journaled. The server refuses it where a later holder of the lease wrote the record.
///
/// # Errors
/// The lease is not ours, or the server's refusal.
pub async fn save(connection: &Connection, record: &mut RunRecord) -> Result<()> {
    let mut next = record.clone();
    next.saves += 1;
    write(connection, &next).await?;
    *record = next;
    Ok(())
}

async fn write(connection: &Connection, record: &RunRecord) -> Result<()> {
    connection.lease.check().await?;
    let token = connection.lease.token();
    let mut document = bson::serialize_to_document(record).map_err(|error| {
        StoreError::Invalid(format!("the run record cannot be written: {error}"))
    })?;
    document.insert(TOKEN, token);
    let saved = connection
        .database
        .collection::<Document>(RUNS)
        // Missing counts as earlier: a record of a version without leases.
        .replace_one(
            doc! { "_id": &record.id, TOKEN: { "$not": { "$gt": token } } },
            document,
        )
        .with_options(ReplaceOptions::builder().upsert(true).build())
        .await
        .map_err(|error| StoreError::from_driver("writing the run record", &error));
    match saved {
        // The record is there with a later token, so the upsert met its own `_id`.
        Err(error) if error.code() == Some(DUPLICATE_KEY) => {
            connection.lease.confirm().await?;
            Err(error)
        }
        saved => saved.map(|_| ()),
    }
}
