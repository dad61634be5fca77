//! The spill file: a temporary file for tables beyond the operator's memory limit. It has no name, so the system removes it however the program
//! ends.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::error::file_trouble;
use crate::domain::table::{Memory, SpillFile};

#[derive(Debug)]
struct TemporaryFile {
    run_root: PathBuf,
    /// Created at the first spill; `None` when that failed.
    file: OnceLock<Option<File>>,
    failure: OnceLock<String>,
}

impl TemporaryFile {
    fn folder(&self) -> &Path {
        folder(&self.run_root)
    }

    fn file(&self) -> Option<&File> {
        let made = self.file.get_or_init(|| {
            let made = tempfile::tempfile_in(self.folder());
            made.map_err(|error| self.note("made", &error)).ok()
        });
        made.as_ref()
    }

    fn note(&self, doing: &str, error: &std::io::Error) {
        let _ = self.failure.set(format!(
            "the temporary file in {} for what passes --memory could not be {doing}: {}",
            self.folder().display(),
            file_trouble(error)
        )); // the first one counts
    }

    fn with(&self, doing: &str, act: impl FnOnce(&File) -> std::io::Result<()>) -> bool {
        let Some(file) = self.file() else {
            return false;
        };
        let done = act(file);
        done.map_err(|error| self.note(doing, &error)).is_ok()
    }
}

/// Where temporary files go. A survey leaves nothing behind, so no folder is made for it.
fn folder(run_root: &Path) -> &Path {
    if run_root.is_dir() {
        return run_root;
    }
    let beside = run_root.parent();
    let beside = beside.filter(|it| !it.as_os_str().is_empty());
    beside.unwrap_or(Path::new("."))
}

/// Lines that wait for the end: the first megabyte in memory, the rest in a file without a name.
pub fn lines(run_root: &Path) -> tempfile::SpooledTempFile {
    tempfile::spooled_tempfile_in(1 << 20, folder(run_root))
}

impl SpillFile for TemporaryFile {
    fn read(&self, at: u64, into: &mut [u8]) {
        if !self.with("read", |file| file.read_exact_at(into, at)) {
            into.fill(0);
        }
    }

    fn write(&self, at: u64, bytes: &[u8]) {
        self.with("written", |file| file.write_all_at(bytes, at));
    }

    fn set_length(&self, length: u64) {
        self.with("made longer or shorter", |file| file.set_len(length));
    }

    fn failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }
}

/// Memory for tables: `limit` bytes, and a temporary file beside the runs for the rest.
pub fn memory(limit: u64, run_root: &Path) -> Memory {
    let spill = TemporaryFile {
        run_root: run_root.to_owned(),
        file: OnceLock::new(),
        failure: OnceLock::new(),
    };
    Memory::limited(limit, Arc::new(spill))
}
