//! Putting a backup back into a database. Everything is checked before the first write: files, hashes, options, index
//! names, and that nothing stands where it would go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bson::raw::RawDocumentBuf;
use tokio_util::sync::CancellationToken;

use super::bson_file::BsonReader;
use super::folder::{Dump, DumpedCollection};
use super::progress::{Phase, Progress, Watcher};
use super::read;
use super::restore_spec::{RestoreSpec, create_indexes, restore_spec};
use crate::domain::aside;
use crate::domain::mapping::LEASE;
use crate::domain::number::{counted, grouped};
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::command;
use crate::store::connect::Connection;
use crate::store::error::{Result, StoreError};
use crate::store::identity::{self, BUCKETS_PREFIX};
use crate::store::raw_write::{InsertOptions, insert_batch_with, needs_literal};

/// Documents of one batch.
const BATCH: usize = 5_000;
/// Bytes of one batch.
const BATCH_BYTES: usize = 12 * 1024 * 1024;

/// What to restore, and over what.
#[derive(Debug, Clone, Default)]
pub struct RestoreOptions {
    /// The database whose backup it is, where the folder holds several.
    pub source_database: Option<String>,
    /// Only these collections; `None` for all.
    pub collections: Option<BTreeSet<String>>,
}

/// What a restore did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Documents per collection that was restored.
    pub collections: BTreeMap<String, u64>,
    /// Collections of the database that the backup does not hold; they were left as they are.
    pub left: Vec<String>,
}

/// Restores the backup in `from` into the connection's database, and compares what then is there with the backup, before
/// indexes (a TTL among them may delete at once).
///
/// # Errors
/// Before the first write: a damaged or foreign file, an unknown option, a collection in the way. After it: the server's
/// refusal, or a difference; the database then holds part of the backup, and the message says so.
pub async fn restore(
    connection: &Connection,
    from: &Path,
    options: &RestoreOptions,
    watcher: Watcher<'_>,
    cancel: &CancellationToken,
) -> Result<Restored> {
    let dump = Dump::open(from, options.source_database.as_deref())?;
    let collections = chosen(dump, options.collections.as_ref())?;
    let specs = collections
        .iter()
        .map(restore_spec)
        .collect::<Result<Vec<_>>>()?;
    let held = read::verify(&collections, watcher, cancel).await?;
    let counts: Vec<u64> = held.iter().map(|it| it.documents).collect();
    let present = collection_spec::load_all(connection).await?;
    let left = room_for(connection, &collections, &present, options)?;
    let restorer = Restorer {
        connection,
        watcher,
        cancel,
        collections: &collections,
    };
    let now = format!(
        "{} now holds part of the backup, which itself is whole and unchanged; restore again, replacing what is there",
        connection.place.database
    );
    restorer
        .run(&specs, &counts)
        .await
        .map_err(|error| with_what_is_true(error, &now))?;
    let names = collections.iter().map(|collection| collection.name.clone());
    Ok(Restored {
        collections: names.zip(counts).collect(),
        left,
    })
}

/// The collections to restore: those that hold data before views, which may stand on them.
pub(super) fn chosen(
    dump: Dump,
    wanted: Option<&BTreeSet<String>>,
) -> Result<Vec<DumpedCollection>> {
    if let Some(missing) = wanted.and_then(|wanted| {
        wanted.iter().find(|name| {
            dump.collections
                .iter()
                .all(|collection| collection.name != **name)
        })
    }) {
        let names: Vec<_> = dump.collections.iter().map(|it| it.name.as_str()).collect();
        return Err(StoreError::Refused(format!(
            "the backup of {} holds no collection {missing}; it holds {}. Nothing was written",
            dump.database,
            names.join(", ")
        )));
    }
    let mut collections = dump.collections;
    // Of a mongodump taken during a migration: who held its lease then holds nothing here.
    collections.retain(|collection| collection.name != LEASE);
    collections.retain(|collection| wanted.is_none_or(|wanted| wanted.contains(&collection.name)));
    collections.sort_by_key(|collection| collection.metadata.kind == "view");
    Ok(collections)
}

/// Refuses where something is in the way; returns what is there and is left.
fn room_for(
    connection: &Connection,
    collections: &[DumpedCollection],
    present: &BTreeMap<String, CollectionSpec>,
    options: &RestoreOptions,
) -> Result<Vec<String>> {
    let names: BTreeSet<_> = collections.iter().map(|it| it.name.as_str()).collect();
    let (in_the_way, left): (Vec<String>, Vec<String>) = present
        .keys()
        .filter(|name| !name.starts_with("system.") || names.contains(name.as_str()))
        .cloned()
        .partition(|name| names.contains(name.as_str()));
    let database = &connection.place.database;
    if !in_the_way.is_empty() {
        return Err(StoreError::Refused(format!(
            "{database} already holds {}. Nothing was written; restore into an empty database, or ask to replace them",
            in_the_way.join(", ")
        )));
    }
    if options.collections.is_none() && !left.is_empty() {
        return Err(StoreError::Refused(format!(
            "{database} is not empty: it holds {}. Nothing was written; restore into an empty database, or name the collections to restore",
            left.join(", ")
        )));
    }
    Ok(left)
}

/// Makes collections and fills them.
pub(super) struct Restorer<'a> {
    pub(super) connection: &'a Connection,
    pub(super) watcher: Watcher<'a>,
    pub(super) cancel: &'a CancellationToken,
    pub(super) collections: &'a [DumpedCollection],
}

impl Restorer<'_> {
    /// Makes all of them, none of which may stand.
    pub(super) async fn run(&self, specs: &[RestoreSpec], counts: &[u64]) -> Result<()> {
        // All are made before the first document goes in, so that an option which this server refuses shows at once.
        for (collection, spec) in self.collections.iter().zip(specs) {
            let name = &collection.name;
            let doing = format!("creating {name}");
            command::run(&self.connection.database, spec.create.clone(), &doing).await?;
        }
        self.refill(specs, counts).await
    }

    /// Fills those that stand, and are empty.
    pub(super) async fn refill(&self, specs: &[RestoreSpec], counts: &[u64]) -> Result<()> {
        for (done, (collection, spec)) in self.collections.iter().zip(specs).enumerate() {
            if let Some(path) = &collection.data {
                self.fill(collection, path, spec, counts[done], done)
                    .await?;
                self.compare(collection, counts[done], done).await?;
            }
            self.index(collection, spec, counts[done], done).await?;
        }
        Ok(())
    }

    /// Inserts the documents of one collection.
    async fn fill(
        &self,
        collection: &DumpedCollection,
        path: &Path,
        spec: &RestoreSpec,
        expected: u64,
        done: usize,
    ) -> Result<()> {
        let holder = match collection.metadata.kind.as_str() {
            "timeseries" => format!("{BUCKETS_PREFIX}{}", collection.name),
            _ => collection.name.clone(),
        };
        let options = InsertOptions {
            collection_uuid: None,
            bypass_validation: spec.has_validator,
        };
        let mut reader = BsonReader::open(path)?;
        loop {
            if self.cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            let batch = next_batch(&mut reader)?;
            if batch.is_empty() {
                return Ok(());
            }
            self.connection.lease.check_if_taken().await?;
            for run in runs(&batch, spec.keeps_order) {
                let outcome =
                    insert_batch_with(&self.connection.database, &holder, run, &options).await?;
                if !outcome.duplicates.is_empty() {
                    return Err(StoreError::Refused(format!(
                        "{} there already in {}: someone else writes to it, or the backup holds an _id twice",
                        counted(
                            outcome.duplicates.len() as u64,
                            "document was",
                            "documents were"
                        ),
                        collection.name
                    )));
                }
            }
            let at = (reader.documents(), reader.bytes());
            self.tell(Phase::Restoring, collection, at, expected, done);
        }
    }

    /// Reads back what was written: every byte where the backup recorded a fingerprint, else the count.
    async fn compare(
        &self,
        collection: &DumpedCollection,
        expected: u64,
        done: usize,
    ) -> Result<()> {
        self.tell(Phase::Comparing, collection, (0, 0), expected, done);
        let fingerprint =
            identity::fingerprint(self.connection, &collection.name, self.cancel).await?;
        let documents = fingerprint.documents();
        let same = collection
            .recorded
            .as_ref()
            .is_none_or(|data| data.fingerprint == fingerprint.text());
        if documents != expected {
            return Err(StoreError::Invalid(format!(
                "{} holds {} after its restore, and the backup {}",
                collection.name,
                counted(documents, "document", "documents"),
                grouped(expected)
            )));
        }
        if !same {
            return Err(StoreError::Invalid(format!(
                "the documents of {} are not those of the backup, byte for byte: the server or another client changed them",
                collection.name
            )));
        }
        Ok(())
    }

    async fn index(
        &self,
        collection: &DumpedCollection,
        spec: &RestoreSpec,
        expected: u64,
        done: usize,
    ) -> Result<()> {
        if spec.indexes.is_empty() {
            return Ok(());
        }
        self.tell(Phase::BuildingIndexes, collection, (0, 0), expected, done);
        let command = create_indexes(
            &collection.name,
            &spec.indexes,
            self.connection.is_replica_set(),
        );
        let doing = format!("building the indexes of {}", collection.name);
        command::run(&self.connection.database, command, &doing).await?;
        Ok(())
    }

    fn tell(
        &self,
        phase: Phase,
        collection: &DumpedCollection,
        at: (u64, u64),
        expected: u64,
        done: usize,
    ) {
        (self.watcher)(Progress {
            phase,
            collection: aside::without_beside(&collection.name).to_owned(),
            documents: at.0,
            expected: Some(expected),
            bytes: at.1,
            collections_done: done,
            collections: self.collections.len(),
        });
    }
}

fn next_batch(reader: &mut BsonReader) -> Result<Vec<RawDocumentBuf>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match reader.next_document()? {
            Some(document) => {
                bytes += document.as_bytes().len();
                batch.push(document);
            }
            None => break,
        }
    }
    Ok(batch)
}

/// Literals go in after plain documents; where order counts, a batch is cut at each change.
fn runs(batch: &[RawDocumentBuf], keeps_order: bool) -> impl Iterator<Item = &[RawDocumentBuf]> {
    batch.chunk_by(move |one, other| !keeps_order || needs_literal(one) == needs_literal(other))
}

/// The same error, with what is true now.
pub(super) fn with_what_is_true(error: StoreError, now: &str) -> StoreError {
    match error {
        StoreError::Server {
            doing,
            code,
            message,
        } => StoreError::Server {
            doing,
            code,
            message: format!("{message}. {now}"),
        },
        StoreError::Unreachable { doing, message } => StoreError::Unreachable {
            doing,
            message: format!("{message}. {now}"),
        },
        StoreError::Cancelled => StoreError::Cancelled,
        other => StoreError::Invalid(format!("{other}. {now}")),
    }
}
