//! A collection as a CSV file, one row per document. The columns are known only at the end: the first rows are held back in memory, and when a
//! column appears later than those, the file is written once more with every row at full length.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bson::Bson;
use bson::raw::RawDocument;

use super::csv;
use super::dump::hashed_file::{Content, HashedWriter};
use super::error::{Result, StoreError};
use super::extended_json::{append_decimal, append_hex, number};
use crate::domain::map::Map;
use crate::domain::raw::{Builder, Value, elements, kind};

/// Bytes of rows that are held back for further columns, and written at once.
const TOGETHER: usize = 256 * 1024;

/// A CSV file being written.
pub struct CsvTable {
    path: PathBuf,
    /// Once the first rows have been written.
    writer: Option<HashedWriter>,
    /// Rows not yet written.
    waiting: Vec<u8>,
    /// The top-level names, in the order of their first appearance.
    names: Vec<String>,
    places: Map<String, usize>,
    /// The number of columns, from which row on.
    widths: Vec<(u64, usize)>,
    rows: u64,
    /// The contents of a row's fields, one after another; `row` has the range of each.
    cells: Vec<u8>,
    row: Vec<Option<Range<usize>>>,
}

impl CsvTable {
    /// An empty one.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: None,
            waiting: Vec::new(),
            names: Vec::new(),
            places: Map::default(),
            widths: Vec::new(),
            rows: 0,
            cells: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Adds a document's fields as a row. Of a repeated name the first counts, as for the server.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn push(&mut self, document: &RawDocument) -> Result<()> {
        self.cells.clear();
        self.row.fill(None);
        let mut next = 0;
        for element in elements(document).map_while(std::result::Result::ok) {
            let place = self.place_of(element.key, next);
            next = place + 1;
            if let Some(field @ None) = self.row.get_mut(place) {
                let from = self.cells.len();
                append_cell(&mut self.cells, element.value);
                *field = Some(from..self.cells.len());
            }
        }
        let width = self.widths.last();
        if width.is_none_or(|(_, width)| *width < self.names.len()) {
            self.widths.push((self.rows, self.names.len()));
        }
        self.rows += 1;
        let fields = self.row.iter().map(|field| {
            let field = field.clone().and_then(|field| self.cells.get(field));
            field.unwrap_or_default()
        });
        csv::append_record(&mut self.waiting, fields);
        if self.waiting.len() < TOGETHER {
            return Ok(());
        }
        self.write_waiting()
    }

    /// The column of a name; tries the one at `next` first.
    fn place_of(&mut self, name: &[u8], next: usize) -> usize {
        if self.names.get(next).is_some_and(|it| it.as_bytes() == name) {
            return next;
        }
        let name = String::from_utf8_lossy(name);
        if let Some(place) = self.places.get(&*name) {
            return *place;
        }
        let place = self.names.len();
        self.places.insert(name.clone().into_owned(), place);
        self.names.push(name.into_owned());
        self.row.push(None);
        place
    }

    fn write_waiting(&mut self) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.write(&self.waiting)?;
        } else {
            let mut writer = HashedWriter::create(&self.path, false)?;
            self.rewrite(&mut self.waiting.as_slice(), &mut writer)?;
            self.writer = Some(writer);
            self.widths = vec![(0, self.names.len())];
        }
        self.waiting.clear();
        Ok(())
    }

    /// Writes the header, then all rows at full length.
    fn rewrite(&self, rows: &mut impl BufRead, writer: &mut HashedWriter) -> Result<()> {
        let mut line = Vec::new();
        let mut names = Vec::new();
        for name in &self.names {
            let mut text = Vec::new();
            csv::append_field(&mut text, name);
            names.push(text);
        }
        csv::append_record(&mut line, names.iter().map(Vec::as_slice));
        writer.write(&line)?;
        let failed = |error| StoreError::file("reading again", &self.path, error);
        // Every record is one line: line breaks in a text are escaped.
        for (place, (from, width)) in self.widths.iter().enumerate() {
            let until = self.widths.get(place + 1).map_or(self.rows, |it| it.0);
            let missing = vec![b','; self.names.len() - width];
            for _ in *from..until {
                line.clear();
                rows.read_until(b'\n', &mut line).map_err(failed)?;
                let end = line.len().saturating_sub(2);
                line.splice(end..end, missing.iter().copied());
                writer.write(&line)?;
            }
        }
        Ok(())
    }

    /// Ends the file and waits for the disk.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn finish(mut self) -> Result<Content> {
        self.write_waiting()?;
        let Some(writer) = self.writer.take() else {
            return Err(StoreError::Invalid("a table was never begun".to_owned()));
        };
        if self.widths.len() == 1 {
            return writer.finish();
        }
        writer.finish()?;
        let failed = |error| StoreError::file("reading again", &self.path, error);
        let short = File::open(&self.path).map_err(failed)?;
        // The open file stays readable; its name is free for the new one.
        std::fs::remove_file(&self.path).map_err(failed)?;
        let mut rows = BufReader::with_capacity(TOGETHER, short);
        rows.skip_until(b'\n').map_err(failed)?;
        let mut writer = HashedWriter::create(&self.path, false)?;
        self.rewrite(&mut rows, &mut writer)?;
        writer.finish()
    }
}

fn append_cell(cell: &mut Vec<u8>, value: Value<'_>) {
    match value.kind {
        kind::STRING => {
            let text = value.bytes.get(4..value.bytes.len().saturating_sub(1));
            csv::append_field(cell, &String::from_utf8_lossy(text.unwrap_or_default()));
        }
        kind::OBJECT_ID => append_hex(cell, value.bytes),
        kind::DATE => append_date(cell, bson::DateTime::from_millis(number(value.bytes))),
        kind::INT32 | kind::INT64 => {
            let _ = write!(cell, "{}", number(value.bytes)); // writing to a Vec cannot fail
        }
        kind::DECIMAL128 => append_decimal(cell, value.bytes),
        kind::NULL => {}
        _ => append_rare(cell, value),
    }
}

fn append_rare(cell: &mut Vec<u8>, value: Value<'_>) {
    let mut alone = Builder::new(value.bytes.len() + 8);
    alone.value("v", value);
    let alone = alone.finish();
    let element = alone.iter_elements().find_map(std::result::Result::ok);
    let value = element.and_then(|element| Bson::try_from(element.value_utf8_lossy().ok()?).ok());
    match value.unwrap_or(Bson::Null) {
        Bson::Null => {}
        // A number that begins with a minus is no formula.
        number @ (Bson::Double(_) | Bson::Boolean(_)) => {
            let _ = write!(cell, "{}", number.into_relaxed_extjson()); // as above
        }
        other => csv::append_field(cell, &other.into_relaxed_extjson().to_string()),
    }
}

/// As RFC 3339, which knows the years 0 to 9999; other years in milliseconds.
fn append_date(cell: &mut Vec<u8>, date: bson::DateTime) {
    /// The milliseconds of those years.
    const YEARS: Range<i64> = -62_167_219_200_000..253_402_300_800_000;
    let at = date.timestamp_millis();
    let text = match jiff::Timestamp::from_millisecond(at) {
        Ok(known) if YEARS.contains(&at) => {
            let _ = write!(cell, "{known}"); // writing to a Vec cannot fail
            return;
        }
        // The last day of 9999, often used for "never".
        Err(_) if YEARS.contains(&at) => date.try_to_rfc3339_string().ok(),
        _ => None,
    };
    let text = text.unwrap_or_else(|| at.to_string());
    cell.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn written(documents: &[bson::RawDocumentBuf]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut table = CsvTable::new(&path);
        for document in documents {
            table.push(document).unwrap();
        }
        let content = table.finish().unwrap();
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

    #[test]
    fn a_column_that_is_met_after_rows_were_written_is_in_every_row() {
        let long = "x".repeat(TOGETHER);
        let documents = [
            rawdoc! { "_id": 1 },
            rawdoc! { "_id": 2, "a": long.as_str() },
            rawdoc! { "_id": 3, "b": "y" },
            rawdoc! { "_id": 4, "a": long.as_str(), "c": "z" },
            rawdoc! { "_id": 5 },
        ];
        assert_eq!(
            written(&documents),
            format!("_id,a,b,c\r\n1,,,\r\n2,{long},,\r\n3,,y,\r\n4,{long},,z\r\n5,,,\r\n")
        );
    }

    #[test]
    fn dates_are_written_as_the_library_writes_them_where_it_tells_the_truth() {
        let mut random = fastrand::Rng::with_seed(3);
        let edges = [-62_167_219_200_000, 253_402_300_799_999, 0, -1, 999, 1_000];
        let beyond = [-62_167_219_200_001, 253_402_300_800_000, i64::MIN, i64::MAX];
        let any = (0..20_000).map(|_| random.i64(-63_000_000_000_000..255_000_000_000_000));
        for at in any.chain(edges).chain(beyond) {
            let date = bson::DateTime::from_millis(at);
            let mut cell = Vec::new();
            append_date(&mut cell, date);
            // It gives the last moment of 9999 for all that are later.
            let within = (-62_167_219_200_000..253_402_300_800_000).contains(&at);
            let library = date.try_to_rfc3339_string().ok().filter(|_| within);
            assert_eq!(
                String::from_utf8(cell).unwrap(),
                library.unwrap_or_else(|| at.to_string())
            );
        }
    }
}
