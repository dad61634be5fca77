//! Taking a backup: every collection of the database into files that mongorestore reads, hashed while they are written.

use std::path::Path;

use bson::raw::RawDocument;
use tokio_util::sync::CancellationToken;

use super::file_name;
use super::hashed_file::{Content, HashedWriter};
use super::manifest::{CollectionRecord, DataRecord, MANIFEST, Manifest, UNFINISHED};
use super::metadata;
use super::progress::{EVERY, Phase, Progress, Watcher};
use crate::domain::mapping::SIDE_PREFIX;
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::connect::Connection;
use crate::store::error::{Result, StoreError};
use crate::store::scan::Scan;
use crate::store::snapshot::{self, Snapshot};
use crate::store::{identity, private_file, scan};

/// How a backup is to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct BackupOptions {
    /// Gzip every file, as `mongodump --gzip` does.
    pub gzip: bool,
}

/// Backs the connection's database up into `out`: `<out>/<database>/…` in mongodump's layout, and the manifest beside it,
/// last. Our own side collections are left out, and so is what mongodump leaves out of `system.`. Reads only. On a replica set all
/// documents are read as of one moment, unless that takes longer than the server keeps the moment (five minutes, as it comes); then, and on
/// a standalone, it is one moment's picture only while nobody writes, and the manifest says so.
///
/// # Errors
/// The folder holds a backup or something foreign already, the server's or the disk's refusal, a cancellation. The folder
/// then holds no manifest, and the next call clears what this one left.
pub async fn back_up(
    connection: &Connection,
    out: &Path,
    options: &BackupOptions,
    watcher: Watcher<'_>,
    cancel: &CancellationToken,
) -> Result<Manifest> {
    let database = connection.place.database.clone();
    let specs = specs_to_back_up(connection).await?;
    if specs.is_empty() {
        return Err(StoreError::Refused(format!(
            "{database} holds no collection, so there is nothing to back up. Nothing was changed"
        )));
    }
    let started_at = now();
    let writer = Writer {
        connection,
        out,
        options: *options,
        watcher,
        cancel,
        collections: specs.len(),
    };
    let mut snapshot = snapshot::begin(connection).await;
    let records = loop {
        prepare(out, &database)?;
        match writer.collections(&specs, snapshot.as_ref()).await {
            Err(error) if snapshot.is_some() && snapshot::is_impossible(&error) => {
                tracing::warn!("backing up without a snapshot: {error}");
                snapshot = None;
            }
            done => break done.map_err(incomplete)?,
        }
    };
    let finish = || {
        writer.prelude()?;
        private_file::sync_folder(&out.join(&database))?;
        let manifest = Manifest {
            format: Manifest::format(),
            tool: format!("ringfence {}", env!("CARGO_PKG_VERSION")),
            server_version: connection.place.server_version.clone(),
            database: database.clone(),
            started_at,
            finished_at: now(),
            gzip: options.gzip,
            snapshot: snapshot.is_some(),
            collections: records,
        };
        manifest.save(out)?;
        let unfinished = out.join(UNFINISHED);
        std::fs::remove_file(&unfinished)
            .map_err(|error| StoreError::file("removing", &unfinished, error))?;
        Ok(manifest)
    };
    finish().map_err(incomplete)
}

/// The collections that belong into a backup: mongodump's rule, and not our own.
async fn specs_to_back_up(connection: &Connection) -> Result<Vec<CollectionSpec>> {
    let specs = collection_spec::load_all(connection).await?;
    Ok(specs
        .into_values()
        .filter(|spec| {
            let of_the_server = spec.name.starts_with("system.") && spec.name != "system.js";
            !of_the_server && !spec.name.starts_with(SIDE_PREFIX)
        })
        .collect())
}

/// Makes the folder ready, or refuses: what is there is never overwritten, except what an interrupted backup of ours left.
fn prepare(out: &Path, database: &str) -> Result<()> {
    if Manifest::load(out)?.is_some() {
        return Err(StoreError::Refused(format!(
            "{} holds a complete backup already. Nothing was changed; name another folder",
            out.display()
        )));
    }
    let folder = out.join(database);
    let unfinished = out.join(UNFINISHED);
    if unfinished.exists() {
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::file(
                    "clearing the interrupted backup",
                    &folder,
                    error,
                ));
            }
            _ => {}
        }
    } else if folder.exists() {
        return Err(StoreError::Refused(format!(
            "{} is there already and is no backup of ours; {MANIFEST} is missing. Nothing was changed; name another folder",
            folder.display()
        )));
    } else {
        private_file::create_folder(out)?;
        private_file::write_new(&unfinished, database.as_bytes())?;
    }
    private_file::create_folder(&folder)?;
    private_file::sync_folder(out)
}

struct Writer<'a> {
    connection: &'a Connection,
    out: &'a Path,
    options: BackupOptions,
    watcher: Watcher<'a>,
    cancel: &'a CancellationToken,
    collections: usize,
}

impl Writer<'_> {
    async fn collections(
        &self,
        specs: &[CollectionSpec],
        snapshot: Option<&Snapshot>,
    ) -> Result<Vec<CollectionRecord>> {
        let mut records = Vec::with_capacity(specs.len());
        for (done, spec) in specs.iter().enumerate() {
            let record = self.collection(spec, done, snapshot);
            records.push(record.await?);
        }
        Ok(records)
    }

    async fn collection(
        &self,
        spec: &CollectionSpec,
        done: usize,
        snapshot: Option<&Snapshot>,
    ) -> Result<CollectionRecord> {
        let metadata = self.file(&format!("{}.metadata.json", file_name::escape(&spec.name)));
        let content = self.small(&metadata, metadata::line(spec)?.as_bytes())?;
        let data = match identity::data_collection(spec) {
            Some(name) => Some(self.data(spec, &name, done, snapshot).await?),
            None => None,
        };
        Ok(CollectionRecord {
            name: spec.name.clone(),
            kind: spec.kind.clone(),
            data,
            metadata,
            metadata_sha256: content.sha256,
        })
    }

    async fn data(
        &self,
        spec: &CollectionSpec,
        name: &str,
        done: usize,
        snapshot: Option<&Snapshot>,
    ) -> Result<DataRecord> {
        let file = self.file(&format!("{}.bson", file_name::escape(name)));
        let mut writer = HashedWriter::create(&self.out.join(&file), self.options.gzip)?;
        let expected = scan::rough_count(&self.connection.database, name).await;
        let progress = |documents, bytes| {
            (self.watcher)(Progress {
                phase: Phase::BackingUp,
                collection: spec.name.clone(),
                documents,
                expected: Some(expected),
                bytes,
                collections_done: done,
                collections: self.collections,
            });
        };
        let mut fingerprint = identity::empty_fingerprint(spec);
        let take = |document: &RawDocument| {
            if fingerprint.documents().is_multiple_of(EVERY) {
                progress(fingerprint.documents(), writer.bytes());
            }
            fingerprint.add(document);
            writer.write(document.as_bytes())
        };
        let database = (&self.connection.database, snapshot);
        scan::each(database, name, &Scan::default(), self.cancel, take).await?;
        let documents = fingerprint.documents();
        progress(documents, writer.bytes());
        let Content { bytes, sha256 } = writer.finish()?;
        Ok(DataRecord {
            file,
            documents,
            bytes,
            sha256,
            fingerprint: fingerprint.text(),
        })
    }

    /// mongorestore takes the server's version from here, to warn when it restores into another one.
    fn prelude(&self) -> Result<Content> {
        let prelude = serde_json::json!({
            "ServerVersion": self.connection.place.server_version,
            "ToolVersion": format!("ringfence {}", env!("CARGO_PKG_VERSION")),
        });
        self.small(&self.file("prelude.json"), prelude.to_string().as_bytes())
    }

    fn small(&self, file: &str, content: &[u8]) -> Result<Content> {
        let mut writer = HashedWriter::create(&self.out.join(file), self.options.gzip)?;
        writer.write(content)?;
        writer.finish()
    }

    /// A file's name from the backup's folder.
    fn file(&self, name: &str) -> String {
        let ending = if self.options.gzip { ".gz" } else { "" };
        format!("{}/{name}{ending}", self.connection.place.database)
    }
}

/// What is true after the disk refused.
fn incomplete(error: StoreError) -> StoreError {
    match error {
        StoreError::File { .. } => StoreError::Refused(format!(
            "{error}. The database is unchanged, and this backup is incomplete: without a manifest it counts for nothing. Make room or name another folder, then back up again"
        )),
        other => other,
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}
