//! A temporary file for what tables hold beyond the operator's limit. It has no name, so that whatever ends the program removes it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::error::{Result, StoreError};
use crate::domain::table::{Memory, Outside};

#[derive(Debug)]
struct Spill {
    file: File,
    folder: PathBuf,
    failure: OnceLock<String>,
}

impl Spill {
    fn note(&self, doing: &str, done: std::io::Result<()>) {
        if let Err(error) = done {
            let _ = self.failure.set(format!(
                "the temporary file in {} for what passes --memory could not be {doing}: {error}",
                self.folder.display()
            )); // the first one counts
        }
    }
}

impl Outside for Spill {
    fn read(&self, at: u64, into: &mut [u8]) {
        let read = self.file.read_exact_at(into, at);
        if read.is_err() {
            into.fill(0);
        }
        self.note("read", read);
    }

    fn write(&self, at: u64, bytes: &[u8]) {
        self.note("written", self.file.write_all_at(bytes, at));
    }

    fn set_length(&self, length: u64) {
        self.note("made longer or shorter", self.file.set_len(length));
    }

    fn failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }
}

/// Memory for tables: `limit` bytes and a temporary file beside the runs for the rest, or as much as they need.
///
/// # Errors
/// No file can be made there.
pub fn memory(limit: Option<u64>, run_root: &Path) -> Result<Memory> {
    let Some(limit) = limit else {
        return Ok(Memory::unlimited());
    };
    // A survey leaves nothing behind, so no folder is made for it.
    let beside = run_root.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = if run_root.is_dir() {
        run_root
    } else {
        beside.unwrap_or(Path::new("."))
    };
    let file = tempfile::tempfile_in(folder)
        .map_err(|error| StoreError::file("making a temporary file in", folder, error))?;
    Ok(Memory::limited(
        limit,
        Arc::new(Spill {
            file,
            folder: folder.to_owned(),
            failure: OnceLock::new(),
        }),
    ))
}
