//! "Document current data": collections as files for people. Each becomes canonical extended JSON, one document a line,
//! which holds everything; and CSV, one row a document, for spreadsheets.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bson::Bson;
use bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf, RawElement};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::collection_spec::{self, CollectionSpec};
use super::connect::Connection;
use super::dump::file_name;
use super::dump::hashed_file::{Content, HashedWriter};
use super::dump::progress::{EVERY, Phase, Progress, Watcher};
use super::error::{Result, StoreError};
use super::{csv, extended_json, identity, private_file, scan};
use crate::domain::map::Map;

/// The list of what was exported.
pub const EXPORT: &str = "export.json";

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
        let mut spool = Spool::new(self.folder)?;
        let mut columns = Columns::default();
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
        let mut line = Vec::new();
        let take = |document: &RawDocument| {
            if documents.is_multiple_of(EVERY) {
                progress(documents, jsonl.bytes());
            }
            documents += 1;
            line.clear();
            extended_json::append(&mut line, document)?;
            line.push(b'\n');
            jsonl.write(&line)?;
            columns.take(document);
            spool.push(document)
        };
        let database = &self.connection.database;
        let order = identity::scan_of(spec);
        scan::each((database, None), &spec.name, &order, self.cancel, take).await?;
        progress(documents, jsonl.bytes());
        let csv = self.csv(&csv_file, &columns, spool).await?;
        Ok(ExportedCollection {
            name: spec.name.clone(),
            documents,
            jsonl: file(jsonl_file, jsonl.finish()?),
            csv: file(csv_file, csv),
        })
    }

    async fn csv(&self, name: &str, columns: &Columns, spool: Spool) -> Result<Content> {
        let mut writer = HashedWriter::create(&self.folder.join(name), false)?;
        let header: Vec<_> = columns.names.iter().map(|name| csv::text(name)).collect();
        writer.write(csv::record(header.iter().map(String::as_str)).as_bytes())?;
        let mut reader = spool.rewind()?;
        let mut rows = 0_u64;
        let mut row = vec![None; columns.names.len()];
        while let Some(document) = reader.next_document()? {
            rows += 1;
            if rows.is_multiple_of(EVERY) {
                if self.cancel.is_cancelled() {
                    return Err(StoreError::Cancelled);
                }
                tokio::task::yield_now().await;
            }
            columns.fill(&mut row, &document);
            let fields = row.iter().map(|field| field.as_deref().unwrap_or_default());
            writer.write(csv::record(fields).as_bytes())?;
        }
        writer.finish()
    }
}

fn file(file: String, content: Content) -> ExportedFile {
    ExportedFile {
        file,
        bytes: content.bytes,
        sha256: content.sha256,
    }
}

/// The top-level names of a collection, in the order of their first appearance.
#[derive(Debug, Default)]
struct Columns {
    names: Vec<String>,
    places: Map<String, usize>,
}

impl Columns {
    fn take(&mut self, document: &RawDocument) {
        for element in document.iter_elements().map_while(std::result::Result::ok) {
            let name = element.key().as_str();
            if !self.places.contains_key(name) {
                self.places.insert(name.to_owned(), self.names.len());
                self.names.push(name.to_owned());
            }
        }
    }

    /// A document's fields; of a name given twice, the first, as the server reads it.
    fn fill(&self, row: &mut [Option<String>], document: &RawDocument) {
        row.fill(None);
        for element in document.iter_elements().map_while(std::result::Result::ok) {
            if let Some(field) = self
                .places
                .get(element.key().as_str())
                .and_then(|place| row.get_mut(*place))
            {
                field.get_or_insert_with(|| cell(&element));
            }
        }
    }
}

fn cell(element: &RawElement<'_>) -> String {
    if let Ok(RawBsonRef::String(text)) = element.value() {
        return csv::text(text);
    }
    let value = element
        .value_utf8_lossy()
        .and_then(Bson::try_from)
        .unwrap_or(Bson::Null);
    match value {
        Bson::Null => String::new(),
        Bson::String(text) => csv::text(&text),
        Bson::ObjectId(id) => id.to_hex(),
        Bson::DateTime(date) => date
            .try_to_rfc3339_string()
            .unwrap_or_else(|_| date.timestamp_millis().to_string()),
        Bson::Decimal128(number) => number.to_string(),
        // A number that begins with a minus is no formula.
        number @ (Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Boolean(_)) => {
            number.into_relaxed_extjson().to_string()
        }
        other => csv::text(&other.into_relaxed_extjson().to_string()),
    }
}

/// The documents between the two passes, in a file without a name, so that both passes see the same ones.
struct Spool {
    file: BufWriter<File>,
    folder: PathBuf,
}

impl Spool {
    fn new(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder)
            .map_err(|error| StoreError::file("making a temporary file in", folder, error))?;
        Ok(Self {
            file: BufWriter::new(file),
            folder: folder.to_owned(),
        })
    }

    fn push(&mut self, document: &RawDocument) -> Result<()> {
        self.file
            .write_all(document.as_bytes())
            .map_err(|error| StoreError::file("writing a temporary file in", &self.folder, error))
    }

    fn rewind(self) -> Result<SpoolReader> {
        let Self { file, folder } = self;
        let rewound = file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|mut file| file.seek(SeekFrom::Start(0)).map(|_| file));
        match rewound {
            Ok(file) => Ok(SpoolReader {
                file: BufReader::new(file),
                folder,
            }),
            Err(error) => Err(StoreError::file(
                "writing a temporary file in",
                &folder,
                error,
            )),
        }
    }
}

struct SpoolReader {
    file: BufReader<File>,
    folder: PathBuf,
}

impl SpoolReader {
    fn next_document(&mut self) -> Result<Option<RawDocumentBuf>> {
        let reading = |error| StoreError::file("reading a temporary file in", &self.folder, error);
        let mut prefix = [0; 4];
        match self.file.read_exact(&mut prefix) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other.map_err(reading)?,
        }
        let length = usize::try_from(i32::from_le_bytes(prefix)).unwrap_or(0);
        let mut bytes = vec![0; length.max(4)];
        bytes[..4].copy_from_slice(&prefix);
        self.file.read_exact(&mut bytes[4..]).map_err(reading)?;
        RawDocumentBuf::from_bytes(bytes)
            .map(Some)
            .map_err(|error| StoreError::Invalid(format!("a document is not valid BSON: {error}")))
    }
}
