//! What mongodump can leave and we do not read: an archive, and the log of the writes that happened meanwhile. Said, never passed over.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::hashed_file::HashedReader;
use crate::store::error::{Result, StoreError};

/// How an archive begins.
const ARCHIVE: [u8; 4] = [0x6d, 0xe2, 0x99, 0x81];
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Refuses what a restore would pass over in silence.
///
/// # Errors
/// `from` is a file, or holds a log of writes.
pub(super) fn refuse(from: &Path) -> Result<()> {
    if from.is_file() {
        let what = if is_archive(from) {
            "an archive of mongodump (--archive)"
        } else {
            "a file"
        };
        return Err(not_a_folder(from, what));
    }
    // mongodump --oplog puts it beside the databases; somebody may name the database's own folder.
    let places = [Some(from), from.parent()];
    places.into_iter().flatten().try_for_each(refuse_log)
}

/// Refuses a folder with a log of the writes that happened meanwhile. A collection of that name has its metadata beside it, and is none.
///
/// # Errors
/// The log, by its path.
pub(super) fn refuse_log(folder: &Path) -> Result<()> {
    if has_collection_oplog(folder) {
        return Ok(());
    }
    for name in ["oplog.bson", "oplog.bson.gz"] {
        let log = folder.join(name);
        if log.is_file() && HashedReader::open(&log)?.read(&mut [0; 1])? > 0 {
            return Err(StoreError::Refused(format!(
                "{} is not read: it holds what was written while mongodump --oplog ran, and without it the collections are of different moments. Nothing was changed; use mongorestore --oplogReplay, or a backup of ringfence, which is of one moment. To restore the collections as they are, move that file away",
                log.display()
            )));
        }
    }
    Ok(())
}

/// True where the data file `oplog` of a folder is a collection's.
pub(super) fn has_collection_oplog(folder: &Path) -> bool {
    let names = ["oplog.metadata.json", "oplog.metadata.json.gz"];
    names.iter().any(|name| folder.join(name).is_file())
}

/// What is said of a folder that holds no backup, but an archive.
pub(super) fn archive_in<'p>(files: impl Iterator<Item = &'p Path>) -> Option<StoreError> {
    let mut files = files.filter(|path| path.is_file());
    let archive = files.find(|path| is_archive(path))?;
    Some(not_a_folder(archive, "an archive of mongodump (--archive)"))
}

/// True for a file that begins as an archive does, or as one that is compressed.
fn is_archive(file: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && (start == ARCHIVE || start.starts_with(&GZIP))
}

fn not_a_folder(file: &Path, what: &str) -> StoreError {
    StoreError::Refused(format!(
        "{} is {what}, and ringfence reads a backup's folder only. Nothing was changed; restore an archive with mongorestore --archive=FILE, or dump again with mongodump --out FOLDER",
        file.display()
    ))
}
