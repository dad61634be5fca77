//! The journal: the run record's mirror in the run folder. Every save of the record appends one line with what changed in it, chained by
//! hash to the line before and on the disk before the step goes on. The server's record is authoritative; the journal shows what happened
//! when that record is questioned, and notices a database that was set back.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::error::{Result, StoreError};
use super::private_file;
use crate::domain::run::{Millis, RunRecord};
use crate::domain::text;

/// The journal's name in the run folder.
pub const JOURNAL: &str = "journal.jsonl";

/// What every refusal ends with.
const WAY_ON: &str = "Nothing was changed. Find out why; to go on without this journal, move the file aside: the run record in the database is what counts";

/// One save of the run record.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    /// [`RunRecord::saves`].
    save: u64,
    /// When, by this machine's clock.
    at: Millis,
    /// The run.
    run: String,
    /// The database.
    database: String,
    /// Where it is: the replica set's id or name, or host and port.
    cluster: String,
    /// The plan's hash, once there is one.
    plan: Option<String>,
    /// The record's fields that are others than in the line before; the plan is there by its hash alone, for it may hold typed names.
    changed: Map<String, Value>,
    /// The hash of the line before; empty in the first.
    previous: String,
    /// SHA-256, hexadecimal, of this line without this field, which is its last.
    #[serde(default, skip_serializing)]
    hash: String,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Hash of the last line.
    last: String,
    /// The save of the last line.
    saves: u64,
    /// The record as the lines so far tell it.
    state: Map<String, Value>,
}

impl Journal {
    /// Opens the journal of `record` in `folder`, made if it is missing. A last line that a crash cut off is removed.
    ///
    /// # Errors
    /// The disk's; a line that was changed; a journal of another run, database or cluster; or one that knows later saves than the record.
    pub fn open(folder: &Path, record: &RunRecord) -> Result<Self> {
        private_file::create_run_folder(folder)?;
        let path = folder.join(JOURNAL);
        let failed = |error| StoreError::file("reading the journal", &path, error);
        let mut file = private_file::append(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(failed)?;
        }
        let mut journal = Self {
            path: path.clone(),
            file,
            last: String::new(),
            saves: 0,
            state: Map::new(),
        };
        journal.take_all(&bytes[..whole], record)?;
        private_file::sync_folder(folder)?;
        Ok(journal)
    }

    /// The same journal, once its disk took what a first entry needs; that is cut off again, as after a crash.
    ///
    /// # Errors
    /// The disk's.
    pub fn with_room(mut self) -> Result<Self> {
        const FIRST: usize = 16 << 10;
        let failed = |error| StoreError::file("writing the journal", &self.path, error);
        let before = self.file.metadata().map_err(failed)?.len();
        let written = self.file.write_all(&vec![b' '; FIRST]);
        let written = written.and_then(|()| self.file.sync_all());
        self.file.set_len(before).map_err(failed)?;
        written.map_err(failed)?;
        Ok(self)
    }

    /// What is wrong with the journal of `record` in `folder`, in words; `None` for nothing. Reads only.
    pub fn trouble(folder: &Path, record: &RunRecord) -> Option<String> {
        const COUNTS: &str = "The run record in the database is what counts";
        let path = folder.join(JOURNAL);
        let shown = path.display().to_string();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Some(format!(
                    "the journal {shown} is missing: it was removed, or the run was worked on from another machine or run folder (it was begun by {}). {COUNTS}",
                    record.operator
                ));
            }
            Err(error) => {
                return Some(format!(
                    "the journal {shown} cannot be read: {error}. {COUNTS}"
                ));
            }
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        let Some(whole) = whole else {
            return Some(format!(
                "the journal {shown} is empty, though the run was saved {} times. {COUNTS}",
                record.saves
            ));
        };
        let mut journal = Self {
            file: File::open(&path).ok()?,
            path,
            last: String::new(),
            saves: 0,
            state: Map::new(),
        };
        if let Err(error) = journal.take_all(&bytes[..=whole], record) {
            return Some(error.to_string());
        }
        (journal.saves < record.saves).then(|| {
            format!(
                "the journal {shown} ends with save {} of the run record, and the database holds save {}: the later ones were written without it, or from another machine. {COUNTS}",
                journal.saves, record.saves
            )
        })
    }

    /// Takes whole lines.
    fn take_all(&mut self, lines: &[u8], record: &RunRecord) -> Result<()> {
        for (at, line) in lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
            self.take(at + 1, &line[..line.len() - 1], record)?;
        }
        if self.saves > record.saves {
            return Err(StoreError::Refused(format!(
                "the database was set back: the journal {} knows save {} of the run record, and the database holds save {}. {WAY_ON}",
                self.path.display(),
                self.saves,
                record.saves
            )));
        }
        Ok(())
    }

    /// Checks one line against the one before and against `record`.
    fn take(&mut self, number: usize, line: &[u8], record: &RunRecord) -> Result<()> {
        let path = self.path.display();
        let entry: Entry = serde_json::from_slice(line).map_err(|error| {
            StoreError::Refused(format!(
                "the journal {path} cannot be read in line {number}, column {}: {error}. {WAY_ON}",
                error.column()
            ))
        })?;
        if !holds(line, &entry.hash) {
            return Err(StoreError::Refused(format!(
                "the journal {path} was changed: line {number} does not have the hash that it says. {WAY_ON}"
            )));
        }
        if entry.previous != self.last {
            return Err(StoreError::Refused(format!(
                "the journal {path} was changed: line {number} follows a line with the hash {}, and the line before it has {}. {WAY_ON}",
                shown(&entry.previous),
                shown(&self.last)
            )));
        }
        let bound = [
            ("run", &entry.run, &record.id),
            ("database", &entry.database, &record.database),
            ("cluster", &entry.cluster, &record.cluster()),
        ];
        for (what, here, there) in bound {
            if here != there {
                return Err(StoreError::Refused(format!(
                    "the journal {path} is, by line {number}, of {what} {here}, and the run record in the database of {what} {there}. {WAY_ON}"
                )));
            }
        }
        for (field, value) in entry.changed {
            self.state.insert(field, value);
        }
        self.last = entry.hash;
        self.saves = entry.save;
        Ok(())
    }

    /// Appends what `record` says otherwise than the last line, and waits for the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&mut self, record: &RunRecord, at: Millis) -> Result<()> {
        let Ok(Value::Object(mut now)) = serde_json::to_value(record) else {
            return Err(StoreError::Invalid(
                "the run record cannot be written as JSON".to_owned(),
            ));
        };
        now.insert("plan".to_owned(), record.plan_hash().into());
        let changed: Map<_, _> = now
            .into_iter()
            .filter(|(field, value)| self.state.get(field) != Some(value))
            .collect();
        let entry = Entry {
            save: record.saves,
            at,
            run: record.id.clone(),
            database: record.database.clone(),
            cluster: record.cluster(),
            plan: record.plan_hash().map(str::to_owned),
            changed,
            previous: self.last.clone(),
            hash: String::new(),
        };
        let line = serde_json::to_string(&entry).map_err(|error| {
            StoreError::Invalid(format!("the journal's line cannot be written: {error}"))
        })?;
        // Somebody may look at it in a terminal.
        let mut line = text::json(&line).into_bytes();
        let hash = hash(&line);
        line.pop(); // the closing brace
        line.extend_from_slice(seal(&hash).as_bytes());
        line.push(b'\n');
        self.file
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| StoreError::file("writing the journal", &self.path, error))?;
        self.last = hash;
        self.state.extend(entry.changed);
        Ok(())
    }
}

/// The end of a line that has this hash.
fn seal(hash: &str) -> String {
    format!(",\"hash\":\"{hash}\"}}")
}

/// True when the line says its hash at its end, and has it.
fn holds(line: &[u8], said: &str) -> bool {
    line.strip_suffix(seal(said).as_bytes())
        .is_some_and(|rest| hash(&[rest, b"}"].concat()) == said)
}

fn hash(line: &[u8]) -> String {
    hex::encode(Sha256::digest(line))
}

/// The beginning of a hash, for people.
fn shown(hash: &str) -> &str {
    if hash.is_empty() {
        "none"
    } else {
        hash.get(..12).unwrap_or(hash)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn record(saves: u64) -> RunRecord {
        let mapping = serde_json::to_value(
            crate::domain::mapping::Mapping::parse(crate::domain::mapping::DEFAULT).unwrap(),
        );
        serde_json::from_value(serde_json::json!({
            "_id": "20260101-000000-aaaa", "format": 1, "tool": "0", "transform": 1, "database": "shop", "host": "a:1",
            "replica_set": "rs", "server_version": "6", "operator": "ann@desk", "started": 1, "outcome": "open",
            "mapping": mapping.unwrap(), "saves": saves,
        }))
        .unwrap()
    }

    fn written(folder: &Path, saves: u64) -> Vec<u8> {
        for save in 1..=saves {
            let mut journal = Journal::open(folder, &record(save)).unwrap();
            journal.append(&record(save), 5).unwrap();
        }
        std::fs::read(folder.join(JOURNAL)).unwrap()
    }

    fn refusal(folder: &Path, record: &RunRecord) -> String {
        Journal::open(folder, record).unwrap_err().to_string()
    }

    #[test]
    fn each_line_holds_what_changed_and_the_hash_of_the_line_before() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = written(folder.path(), 3);
        let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
        let entries: Vec<Entry> = lines[..3]
            .iter()
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(entries[2].previous, entries[1].hash);
        assert!(holds(lines[1], &entries[1].hash));
        let changed: Vec<_> = entries[1].changed.keys().collect();
        assert_eq!(changed, ["saves"]);
        assert!(entries[0].changed.contains_key("operator"));
    }

    #[test]
    fn a_changed_line_or_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = written(folder.path(), 3);
        let path = folder.path().join(JOURNAL);
        let text = String::from_utf8(bytes).unwrap();
        std::fs::write(&path, text.replacen("ann@desk", "bob@desk", 1)).unwrap();
        let said = refusal(folder.path(), &record(3));
        assert!(said.contains("was changed: line 1"), "{said}");
        let without: Vec<_> = text
            .lines()
            .filter(|it| !it.contains("\"save\":2"))
            .collect();
        std::fs::write(&path, without.join("\n") + "\n").unwrap();
        let said = refusal(folder.path(), &record(3));
        assert!(said.contains("was changed: line 2"), "{said}");
        std::fs::write(&path, "{\"save\":}\n").unwrap();
        let said = refusal(folder.path(), &record(3));
        assert!(said.contains("line 1, column"), "{said}");
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_removed_and_the_next_one_follows() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = written(folder.path(), 2);
        let path = folder.path().join(JOURNAL);
        for cut in [1, 20, 200] {
            std::fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
            let mut journal = Journal::open(folder.path(), &record(2)).unwrap();
            journal.append(&record(2), 5).unwrap();
            Journal::open(folder.path(), &record(2)).unwrap();
        }
    }

    #[test]
    fn a_journal_of_another_run_database_or_cluster_is_refused_with_both_values() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), 1);
        let mut other = record(1);
        other.database = "bakery".to_owned();
        let said = refusal(folder.path(), &other);
        assert!(
            said.contains("database shop") && said.contains("database bakery"),
            "{said}"
        );
        let mut other = record(1);
        other.replica_set = Some("rs2".to_owned());
        let said = refusal(folder.path(), &other);
        assert!(
            said.contains("cluster rs,") && said.contains("cluster rs2"),
            "{said}"
        );
        let mut other = record(1);
        other.id = "another".to_owned();
        assert!(refusal(folder.path(), &other).contains("run another"));
    }

    #[test]
    fn a_database_that_was_set_back_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), 3);
        let said = refusal(folder.path(), &record(2));
        assert!(
            said.contains("set back") && said.contains("save 3") && said.contains("save 2"),
            "{said}"
        );
    }
}
