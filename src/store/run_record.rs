//! The run record's place in the database: `_ringfence_runs`, one document per run, replaced whole.

use bson::{Document, doc};
use mongodb::options::ReplaceOptions;

use super::connect::Connection;
use super::error::{Result, StoreError};
use crate::domain::mapping::RUNS;
use crate::domain::run::{Outcome, RunRecord};

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
    bson::deserialize_from_document(found).map(Some).map_err(|error| {
        StoreError::Refused(format!(
            "the run record in {RUNS} cannot be read: {error}. Another version of ringfence may have written it; use that version, or read the record with a shell before you go on"
        ))
    })
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

/// Writes `record`, acknowledged by a majority and journaled.
///
/// # Errors
/// The server's refusal.
pub async fn save(connection: &Connection, record: &RunRecord) -> Result<()> {
    let document = bson::serialize_to_document(record).map_err(|error| {
        StoreError::Invalid(format!("the run record cannot be written: {error}"))
    })?;
    connection
        .database
        .collection::<Document>(RUNS)
        .replace_one(doc! { "_id": &record.id }, document)
        .with_options(ReplaceOptions::builder().upsert(true).build())
        .await
        .map_err(|error| StoreError::from_driver("writing the run record", &error))?;
    Ok(())
}
