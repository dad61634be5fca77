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
        let mut start = [0; 4];
        let read = File::open(from).and_then(|mut file| file.read_exact(&mut start));
        let archive = read.is_ok() && (start == ARCHIVE || start.starts_with(&GZIP));
        let what = if archive {
            "an archive of mongodump (--archive)"
        } else {
            "a file"
        };
        return Err(StoreError::Refused(format!(
            "{} is {what}, and ringfence reads a backup's folder only. Nothing was changed; restore an archive with mongorestore --archive=FILE, or dump again with mongodump --out FOLDER",
            from.display()
        )));
    }
    // mongodump --oplog puts it beside the databases; somebody may name the database's own folder.
    let places = [Some(from), from.parent()];
    for folder in places.into_iter().flatten() {
        for name in ["oplog.bson", "oplog.bson.gz"] {
            let log = folder.join(name);
            if log.is_file() && HashedReader::open(&log)?.read(&mut [0; 1])? > 0 {
                return Err(StoreError::Refused(format!(
                    "{} is not read: it holds what was written while mongodump --oplog ran, and without it the collections are of different moments. Nothing was changed; use mongorestore --oplogReplay, or a backup of ringfence, which is of one moment. To restore the collections as they are, move that file away",
                    log.display()
                )));
            }
        }
    }
    Ok(())
}
