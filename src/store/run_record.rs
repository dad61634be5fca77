//! The run record's place in the database: `_ringfence_runs`, one document per run, replaced whole.

use std::time::Duration;

use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::options::ReplaceOptions;

use super::collection_spec;
use super::connect::Connection;
use super::error::{DUPLICATE_KEY, Result, StoreError};
use crate::domain::mapping::{RUNS, SIDE_PREFIX};
use crate::domain::run::{BackupRecord, Outcome, RunRecord};
use crate::domain::text::{listed, named};

/// Under which name a record that cannot be read is out of the way.
pub const DAMAGED: &str = "_ringfence_runs_damaged";

/// The latest run, whatever became of it.
///
/// # Errors
/// The server's refusal, or a record that this version cannot read.
pub async fn latest(connection: &Connection) -> Result<Option<RunRecord>> {
    let runs = connection.database.collection::<Document>(RUNS);
    let doing = |error| StoreError::from_driver("reading the run record", &error);
    // One without its time cannot be told from an older one.
    let undated = doc! { "started": { "$not": { "$type": "number" } } };
    let mut found = runs.find_one(undated).await.map_err(doing)?;
    if found.is_none() {
        let latest = runs.find_one(doc! {}).sort(doc! { "started": -1 });
        found = latest.await.map_err(doing)?;
    }
    let Some(found) = found else { return Ok(None) };
    match parsed(&found) {
        Ok(mut record) => {
            record.take_older_form();
            Ok(Some(record))
        }
        Err(_) => Err(unreadable(connection, &found).await?),
    }
}

fn parsed(document: &Document) -> std::result::Result<RunRecord, String> {
    let read: std::result::Result<RunRecord, bson::error::Error> =
        bson::deserialize_from_document(document.clone());
    read.map_err(|error| error.message.unwrap_or_default())
}

/// Which field of a record keeps it from being read. Only its name is said: the parser's own words hold values.
fn broken_field(document: &Document) -> Option<String> {
    let why = parsed(document).err()?;
    let missing = |why: &str| {
        let (_, rest) = why.split_once("missing field `")?;
        rest.split_once('`').map(|(field, _)| field.to_owned())
    };
    if let Some(field) = missing(&why) {
        return Some(field);
    }
    let mut keys = document.keys();
    let broken = keys.find(|key| {
        let mut without = document.clone();
        without.remove(key.as_str());
        match parsed(&without) {
            Ok(_) => true,
            Err(why) => missing(&why).as_deref() == Some(key.as_str()),
        }
    });
    broken.cloned()
}

/// That a record cannot be read: what of it is broken, what stands, and what leads on.
async fn unreadable(connection: &Connection, record: &Document) -> Result<StoreError> {
    const OURS: &str = env!("CARGO_PKG_VERSION");
    let database = &connection.place.database;
    let run = record.get_str("_id").unwrap_or("without an id");
    let tool = record.get_str("tool").ok().filter(|tool| *tool != OURS);
    let cause = match (tool, broken_field(record)) {
        (Some(tool), _) => format!("ringfence {} wrote it, and this is {OURS}", named(tool)),
        (None, Some(field)) => format!(
            "its field {} is missing, or holds what no version writes",
            named(&field)
        ),
        (None, None) => "it is no record of a run".to_owned(),
    };
    let names = collection_spec::kinds(connection).await?;
    let before = format!("{SIDE_PREFIX}before_");
    let kept = names.keys().filter(|name| name.starts_with(&before));
    let kept: Vec<String> = kept.map(|name| named(name)).collect();
    let version = tool.map_or(String::new(), |tool| {
        format!("use ringfence {}. Or ", named(tool))
    });
    let away = format!(
        "rename it out of the way, in mongosh: db.getCollection(\"{RUNS}\").renameCollection(\"{DAMAGED}\")"
    );
    let (stands, then) = if kept.is_empty() {
        (
            "No original of a migration stands aside, so what is live is either not migrated or beyond a rollback".to_owned(),
            "After that this database counts as one without a run".to_owned(),
        )
    } else {
        let backup = record.get_document("backup");
        let backup = backup.and_then(|backup| backup.get_str("path"));
        let backup = backup.map_or("FOLDER".to_owned(), named);
        (
            format!(
                "The originals of a migration stand aside: {}; what is live stays live",
                listed(kept.iter().map(String::as_str))
            ),
            format!(
                "After that `ringfence rollback --without-record --backup {backup} --confirm {database}` renames back the originals that equal the run's backup, and `ringfence status` says what stands"
            ),
        )
    };
    let run = named(run);
    Ok(StoreError::Refused(format!(
        "the record of run {run} in {RUNS} cannot be read: {cause}. Nothing was changed by this command. {stands}. To go on: {version}{away}. {then}"
    )))
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
