//! Reading a backup: ours with its manifest, or a folder that mongodump left. Every file is read to its end before it is
//! believed.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::bson_file::BsonReader;
use super::folder::{Dump, DumpedCollection};
use super::manifest::Manifest;
use super::progress::{EVERY, Phase, Progress, Watcher};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::number::{counted, grouped};
use crate::store::error::{Result, StoreError};

/// Reads a backup of ours to its end: framing of every document, counts and hashes against the manifest.
///
/// # Errors
/// No manifest, or the first file that is missing, damaged or not what the manifest says; with its name, and the byte
/// where there is one.
pub async fn verify_backup(
    out: &Path,
    watcher: Watcher<'_>,
    cancel: &CancellationToken,
) -> Result<Manifest> {
    let dump = Dump::open(out, None)?;
    let Some(manifest) = dump.manifest.clone() else {
        return Err(StoreError::Refused(format!(
            "{} holds no backup of ours: its manifest is missing, as after an interrupted backup. Back up again",
            out.display()
        )));
    };
    verify(&dump.collections, watcher, cancel).await?;
    Ok(manifest)
}

/// What a backup holds of a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Its documents; a view has none.
    pub documents: u64,
    /// Their [`Fingerprint`].
    pub fingerprint: String,
}

/// Reads the data of `collections` to its end and compares it with what is recorded, where something is. Returns what each holds, in the same
/// order.
///
/// # Errors
/// The first file that is missing, damaged or different.
pub async fn verify(
    collections: &[DumpedCollection],
    watcher: Watcher<'_>,
    cancel: &CancellationToken,
) -> Result<Vec<Held>> {
    let mut held = Vec::with_capacity(collections.len());
    for (done, collection) in collections.iter().enumerate() {
        let progress = |documents, bytes| {
            watcher(Progress {
                phase: Phase::ReadingBack,
                collection: collection.name.clone(),
                documents,
                expected: collection.recorded.as_ref().map(|data| data.documents),
                bytes,
                collections_done: done,
                collections: collections.len(),
            });
        };
        held.push(verify_one(collection, &progress, cancel).await?);
    }
    Ok(held)
}

async fn verify_one(
    collection: &DumpedCollection,
    progress: &(dyn Fn(u64, u64) + Sync),
    cancel: &CancellationToken,
) -> Result<Held> {
    let in_order = collection
        .metadata
        .options
        .get_bool("capped")
        .unwrap_or(false);
    let mut fingerprint = Fingerprint::new(in_order);
    let Some(path) = &collection.data else {
        return Ok(Held {
            documents: 0,
            fingerprint: fingerprint.text(),
        });
    };
    let mut reader = BsonReader::open(path)?;
    while let Some(document) = reader.next_document()? {
        if collection.recorded.is_none() {
            fingerprint.add(&document);
        }
        if reader.documents().is_multiple_of(EVERY) {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            progress(reader.documents(), reader.bytes());
            tokio::task::yield_now().await;
        }
    }
    progress(reader.documents(), reader.bytes());
    let documents = reader.documents();
    if let Some(recorded) = &collection.recorded {
        let content = reader.content()?;
        let differs = if documents != recorded.documents {
            Some(format!(
                "{} instead of {}",
                counted(documents, "document", "documents"),
                grouped(recorded.documents)
            ))
        } else if content.bytes != recorded.bytes {
            Some(format!(
                "{} bytes instead of {}",
                content.bytes, recorded.bytes
            ))
        } else if content.sha256 != recorded.sha256 {
            Some("another SHA-256".to_owned())
        } else {
            None
        };
        if let Some(what) = differs {
            return Err(StoreError::Invalid(format!(
                "{}: it is not what the manifest says: {what}. It was changed after the backup; nothing of it was used. Take another backup",
                path.display()
            )));
        }
        return Ok(Held {
            documents,
            fingerprint: recorded.fingerprint.clone(),
        });
    }
    Ok(Held {
        documents,
        fingerprint: fingerprint.text(),
    })
}
