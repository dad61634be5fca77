//! "Document current data": collections as files for people. Each becomes canonical extended JSON, one document a line,
//! which holds everything; and CSV, one row a document, for spreadsheets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::collection_spec::{self, CollectionSpec};
use super::connect::Connection;
use super::csv_table::CsvTable;
use super::dump::file_name;
use super::dump::hashed_file::{Content, HashedWriter};
use super::dump::progress::{Phase, Progress, Watcher};
use super::error::{Result, StoreError};
use super::scan::{Batch, Scan};
use super::{extended_json, private_file, scan};

/// The list of what was exported.
pub const EXPORT: &str = "export.json";

/// Bytes of lines that are written at once.
const TOGETHER: usize = 64 * 1024;

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// Who wrote it: `ringfence 0.1.0`.
    pub tool: String,
    /// The server's version.
    pub server_version: String,
    /// The database.
    pub database: String,
    /// When it was complete, by our clock, RFC 3339.
    pub finished_at: String,
    /// The collections, as asked for.
    pub collections: Vec<ExportedCollection>,
}

/// One collection's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedCollection {
    /// Its name.
    pub name: String,
    /// Its documents.
    pub documents: u64,
    /// Canonical extended JSON, one document a line.
    pub jsonl: ExportedFile,
    /// The top-level fields: null and missing are empty, text is escaped, what is nested is relaxed extended JSON.
    pub csv: ExportedFile,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its name in the export's folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Exports `collections` into the folder `out`, which must not exist, or be empty; it appears at once, when all is written.
///
/// # Errors
/// A collection that is not there, a folder that is, the server's or the disk's refusal, a cancellation. `out` is untouched
/// then.
pub async fn export(
    connection: &Connection,
    collections: &[String],
    out: &Path,
    watcher: Watcher<'_>,
    cancel: &CancellationToken,
) -> Result<Export> {
    let specs = specs(connection, collections).await?;
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(StoreError::Refused(format!(
            "{} is not empty. Nothing was changed; name another folder for the export",
            out.display()
        )));
    }
    let folder = aside(out)?;
    let run = Exporter {
        connection,
        folder: &folder,
        watcher,
        cancel,
        collections: specs.len(),
    };
    let mut exported = Vec::with_capacity(specs.len());
    for (done, spec) in specs.iter().enumerate() {
        exported.push(run.collection(spec, done).await?);
    }
    let export = Export {
        tool: format!("ringfence {}", env!("CARGO_PKG_VERSION")),
        server_version: connection.place.server_version.clone(),
        database: connection.place.database.clone(),
        finished_at: jiff::Timestamp::now().to_string(),
        collections: exported,
    };
    let mut json = serde_json::to_vec_pretty(&export)
        .map_err(|error| StoreError::Invalid(format!("{EXPORT} cannot be written: {error}")))?;
    json.push(b'\n');
    private_file::replace(&folder.join(EXPORT), &json)?;
    std::fs::rename(&folder, out)
        .map_err(|error| StoreError::file("putting in place", out, error))?;
    if let Some(parent) = out.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        private_file::sync_folder(parent)?;
    }
    Ok(export)
}

async fn specs(connection: &Connection, names: &[String]) -> Result<Vec<CollectionSpec>> {
    let mut specs = Vec::with_capacity(names.len());
    for name in names {
        let spec = collection_spec::load(connection, name)
            .await?
            .ok_or_else(|| {
                StoreError::Refused(format!(
                    "{} holds no collection {name}. Nothing was exported",
                    connection.place.database
                ))
            })?;
        specs.push(spec);
    }
    Ok(specs)
}

/// An empty folder beside `out`; what an interrupted export left there is cleared.
fn aside(out: &Path) -> Result<PathBuf> {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let folder = out.with_file_name(name);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::file(
                "clearing the interrupted export",
                &folder,
                error,
            ));
        }
        _ => {}
    }
    private_file::create_folder(&folder)?;
    Ok(folder)
}

struct Exporter<'a> {
    connection: &'a Connection,
    folder: &'a Path,
    watcher: Watcher<'a>,
    cancel: &'a CancellationToken,
    collections: usize,
}

impl Exporter<'_> {
    async fn collection(&self, spec: &CollectionSpec, done: usize) -> Result<ExportedCollection> {
        let stem = file_name::escape(&spec.name);
        let (jsonl_file, csv_file) = (format!("{stem}.jsonl"), format!("{stem}.csv"));
        let mut jsonl = HashedWriter::create(&self.folder.join(&jsonl_file), false)?;
        // Two encodings are twice the work: the table is written by a thread of its own.
        let mut table = CsvTable::new(&self.folder.join(&csv_file));
        let (give, mut rows) = mpsc::channel::<Option<Arc<Batch>>>(1);
        let csv = tokio::task::spawn_blocking(move || {
            while let Some(batch) = rows.blocking_recv() {
                let Some(batch) = batch else {
                    return table.finish();
                };
                for document in batch.documents() {
                    table.push(document)?;
                }
            }
            Err(StoreError::Cancelled) // the end was not said
        });
        let expected = match spec.kind.as_str() {
            "collection" => Some(scan::rough_count(&self.connection.database, &spec.name).await),
            _ => None,
        };
        let progress = |documents, bytes| {
            (self.watcher)(Progress {
                phase: Phase::Exporting,
                collection: spec.name.clone(),
                documents,
                expected,
                bytes,
                collections_done: done,
                collections: self.collections,
            });
        };
        let mut documents = 0_u64;
        let mut lines = Vec::new();
        let all = Scan::default();
        let mut reader = scan::read(&self.connection.database, &spec.name, &all, None)?;
        while let Some(batch) = reader.next().await? {
            if self.cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            progress(documents, jsonl.bytes());
            let batch = Arc::new(batch);
            // Where nobody takes it, the thread has ended with an error, which is asked for below.
            let taken = give.send(Some(Arc::clone(&batch))).await.is_ok();
            for document in batch.documents().take_while(|_| taken) {
                extended_json::append(&mut lines, document)?;
                lines.push(b'\n');
                if lines.len() > TOGETHER {
                    jsonl.write(&lines)?;
                    lines.clear();
                }
            }
            if !taken {
                break;
            }
            documents += batch.len() as u64;
        }
        jsonl.write(&lines)?;
        progress(documents, jsonl.bytes());
        let _ = give.send(None).await; // as above
        let jsonl = tokio::task::spawn_blocking(move || jsonl.finish());
        let ended = |ended: std::result::Result<_, _>| {
            ended.unwrap_or_else(|_| {
                let says = "writing the export was broken off".to_owned();
                Err(StoreError::Refused(says))
            })
        };
        let (jsonl, csv) = (ended(jsonl.await), ended(csv.await));
        let (jsonl, csv) = (jsonl?, csv?);
        Ok(ExportedCollection {
            name: spec.name.clone(),
            documents,
            jsonl: file(jsonl_file, jsonl),
            csv: file(csv_file, csv),
        })
    }
}

fn file(file: String, content: Content) -> ExportedFile {
    ExportedFile {
        file,
        bytes: content.bytes,
        sha256: content.sha256,
    }
}
