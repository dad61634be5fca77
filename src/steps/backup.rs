//! Step 2, back up: every collection to the run folder in mongodump's layout, hashed while it is written, read back and counted.

use super::error::Result;
use super::session::{Session, now};
use super::{Watcher, counted};
use crate::domain::run::BackupRecord;
use crate::store::dump::manifest::{MANIFEST, Manifest};
use crate::store::dump::progress::{Phase, Progress};
use crate::store::dump::restore::{self, RestoreOptions, Restored};
use crate::store::dump::{read, write};
use crate::store::watch;

pub(super) async fn run(session: &mut Session, watcher: &Watcher) -> Result<String> {
    session.restore_expiries_before_renames().await?;
    // Foreign writes are watched from before the first document is read.
    let start = watch::begin(&session.connection).await?;
    let record = session.begin_run().await?.clone();
    let folder = session.run_folder(&record);
    let mut out = folder.join("backup-1");
    for number in 2_u32.. {
        if !out.join(MANIFEST).exists() {
            break;
        }
        out = folder.join(format!("backup-{number}"));
    }
    let manifest = session.write_backup(&out, false, watcher).await?;
    let documents = documents_of(&manifest);
    let fingerprints = manifest
        .collections
        .iter()
        .filter_map(|it| Some((it.name.clone(), it.data.as_ref()?.fingerprint.clone())))
        .collect();
    let record = session.begin_run().await?;
    record.watch = Some(start.clone());
    record.backup = Some(BackupRecord {
        path: std::path::absolute(&out)
            .unwrap_or(out)
            .display()
            .to_string(),
        verified: now(),
        fingerprints,
        documents,
        equal_since: Some(start),
    });
    session.save().await?;
    Ok(format!(
        "{} of {} written, read back, and equal to their hashes",
        counted(documents, "document", "documents"),
        counted(
            manifest.collections.len() as u64,
            "collection",
            "collections"
        )
    ))
}

/// Documents of all collections of a backup.
pub fn documents_of(manifest: &Manifest) -> u64 {
    manifest
        .collections
        .iter()
        .filter_map(|it| it.data.as_ref())
        .map(|data| data.documents)
        .sum()
}

/// Hands a dump's progress to a watcher.
pub fn says(watcher: &Watcher, progress: &Progress) {
    let doing = match progress.phase {
        Phase::BackingUp => "backing up",
        Phase::ReadingBack => "reading back",
        Phase::Restoring => "restoring",
        Phase::Comparing => "comparing",
        Phase::BuildingIndexes => "building the indexes of",
        Phase::Exporting => "exporting",
    };
    watcher.says(
        &format!("{doing} {}", progress.collection),
        progress.documents,
        progress.expected.unwrap_or_default(),
    );
}

impl Session {
    /// Writes a backup into `out` and reads it back.
    ///
    /// # Errors
    /// The server's, or the disk's; the folder then holds no manifest.
    pub async fn write_backup(
        &self,
        out: &std::path::Path,
        gzip: bool,
        watcher: &Watcher,
    ) -> Result<Manifest> {
        let progress = |progress: Progress| says(watcher, &progress);
        let options = write::BackupOptions { gzip };
        write::back_up(&self.connection, out, &options, &progress, &watcher.cancel).await?;
        Ok(read::verify_backup(out, &progress, &watcher.cancel).await?)
    }

    /// Restores a backup into this database.
    ///
    /// # Errors
    /// A damaged backup, collections in the way, or the server's refusal.
    pub async fn restore(
        &mut self,
        from: &std::path::Path,
        options: &RestoreOptions,
        watcher: &Watcher,
    ) -> Result<Restored> {
        self.hold_where_a_migration_was().await?;
        let progress = |progress: Progress| says(watcher, &progress);
        Ok(restore::restore(&self.connection, from, options, &progress, &watcher.cancel).await?)
    }
}
