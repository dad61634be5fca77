//! A collection as a CSV file, row by row as its documents come. Which columns there are is known at the end: rows that were written before the
//! last one was met are made as long as the others when the file is put together.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bson::Bson;
use bson::raw::{RawBsonRef, RawDocument, RawElement};

use super::csv;
use super::dump::hashed_file::{Content, HashedWriter};
use super::error::{Result, StoreError};
use crate::domain::map::Map;

/// How much is copied at once.
const CHUNK: usize = 256 * 1024;

/// The rows so far, in a file without a name.
pub struct Table {
    file: BufWriter<File>,
    folder: PathBuf,
    /// The top-level names, in the order of their first appearance.
    names: Vec<String>,
    places: Map<String, usize>,
    /// From which row on there were how many columns.
    widths: Vec<(u64, usize)>,
    rows: u64,
    row: Vec<Option<String>>,
}

impl Table {
    /// An empty one; its rows wait in `folder`.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn new(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder)
            .map_err(|error| StoreError::file("making a temporary file in", folder, error))?;
        Ok(Self {
            file: BufWriter::with_capacity(CHUNK, file),
            folder: folder.to_owned(),
            names: Vec::new(),
            places: Map::default(),
            widths: Vec::new(),
            rows: 0,
            row: Vec::new(),
        })
    }

    /// Adds a document's fields as a row; of a name given twice, the first, as the server reads it.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn push(&mut self, document: &RawDocument) -> Result<()> {
        self.row.fill(None);
        for element in document.iter_elements().map_while(std::result::Result::ok) {
            let name = element.key().as_str();
            let place = self.places.get(name).copied().unwrap_or_else(|| {
                self.places.insert(name.to_owned(), self.names.len());
                self.names.push(name.to_owned());
                self.row.push(None);
                self.names.len() - 1
            });
            if let Some(field) = self.row.get_mut(place) {
                field.get_or_insert_with(|| cell(&element));
            }
        }
        if self
            .widths
            .last()
            .is_none_or(|(_, width)| *width < self.names.len())
        {
            self.widths.push((self.rows, self.names.len()));
        }
        self.rows += 1;
        let fields = self
            .row
            .iter()
            .map(|field| field.as_deref().unwrap_or_default());
        self.file
            .write_all(csv::record(fields).as_bytes())
            .map_err(|error| StoreError::file("writing a temporary file in", &self.folder, error))
    }

    /// Puts the file together: the names, then all rows in full length.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn finish(self, path: &Path) -> Result<Content> {
        let mut writer = HashedWriter::create(path, false)?;
        let header: Vec<_> = self.names.iter().map(|name| csv::text(name)).collect();
        writer.write(csv::record(header.iter().map(String::as_str)).as_bytes())?;
        let folder = self.folder;
        let failed = |error| StoreError::file("reading a temporary file in", &folder, error);
        let mut file = self
            .file
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut rows = BufReader::with_capacity(CHUNK, file);
        // Every record is one line: breaks within a text are escaped.
        let mut line = Vec::new();
        for pair in self.widths.windows(2) {
            let [(from, width), (until, _)] = pair else {
                continue;
            };
            let missing = vec![b','; self.names.len() - width];
            for _ in *from..*until {
                line.clear();
                rows.read_until(b'\n', &mut line).map_err(failed)?;
                let end = line.len().saturating_sub(2);
                writer.write(&line[..end])?;
                writer.write(&missing)?;
                writer.write(b"\r\n")?;
            }
        }
        let mut chunk = vec![0; CHUNK];
        loop {
            match rows.read(&mut chunk).map_err(failed)? {
                0 => return writer.finish(),
                some => writer.write(&chunk[..some])?,
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn written(documents: &[bson::RawDocumentBuf]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut table = Table::new(folder.path()).unwrap();
        for document in documents {
            table.push(document).unwrap();
        }
        let path = folder.path().join("a.csv");
        let content = table.finish(&path).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(content.bytes, text.len() as u64);
        text
    }

    #[test]
    fn rows_are_as_long_as_the_longest_whenever_a_column_was_met() {
        let documents = [
            rawdoc! { "_id": 1 },
            rawdoc! { "_id": 2, "b": "two\nlines" },
            rawdoc! { "a": "x", "_id": 3 },
            rawdoc! { "_id": 4, "d": 1, "c": 2 },
            rawdoc! { "_id": 5 },
        ];
        assert_eq!(
            written(&documents),
            "_id,b,a,d,c\r\n1,,,,\r\n2,two\\u{a}lines,,,\r\n3,,x,,\r\n4,,,1,2\r\n5,,,,\r\n"
        );
    }

    #[test]
    fn a_collection_without_documents_is_an_empty_line() {
        assert_eq!(written(&[]), "\r\n");
    }
}
