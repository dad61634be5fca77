//! Where the mapping of a session comes from: the run under way, a file, or the one that is built in.

use std::io::Write;
use std::path::Path;

use crate::domain::mapping::{DEFAULT, Mapping};
use crate::domain::run::{Outcome, RunRecord};
use crate::domain::text::named;
use crate::engine::error::Result;
use crate::store::StoreError;

/// What the mapping is called that stands in no file.
const BUILT_IN: &str = "the built-in mapping";

/// Reads a mapping file.
///
/// # Errors
/// The system's answer, or the line that is wrong.
pub fn read(path: &Path) -> Result<Mapping> {
    let text =
        std::fs::read_to_string(path).map_err(|error| StoreError::file("reading", path, error))?;
    Ok(Mapping::parse_as(
        &text,
        &named(&path.display().to_string()),
    )?)
}

/// Puts a mapping file in place at once: whoever looks sees all of it, or what was there before. Who may read it stays as it was.
///
/// # Errors
/// The system's answer.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |error| StoreError::file("writing", path, error);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let mut file = std::fs::File::create(beside).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    if let Ok(there) = std::fs::metadata(path) {
        file.set_permissions(there.permissions()).map_err(failed)?;
    }
    std::fs::rename(beside, path).map_err(failed)?;
    Ok(())
}

/// The mapping to work with, and whether it is the built-in one. A run keeps the mapping that it began with.
pub(crate) fn of_session(
    record: Option<&RunRecord>,
    file: Option<&Mapping>,
) -> Result<(Mapping, bool)> {
    let of_run = record.filter(|record| {
        record.outcome == Outcome::Open || record.outcome == Outcome::Finished && file.is_none()
    });
    Ok(match (of_run, file) {
        (Some(record), _) => {
            let usual = || Mapping::parse(DEFAULT).is_ok_and(|usual| usual == record.mapping);
            (record.mapping.clone(), file.is_none() && usual())
        }
        (None, Some(mapping)) => (mapping.clone(), false),
        (None, None) => (Mapping::parse_as(DEFAULT, BUILT_IN)?, true),
    })
}
