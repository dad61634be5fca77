//! Writing backups and restoring them, with their progress.

use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::number::{free_megabytes, grouped, megabytes};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::Session;
use crate::store::dump::manifest::Manifest;
use crate::store::dump::progress::{Phase, Progress};
use crate::store::dump::restore::{self, RestoreOptions, Restored};
use crate::store::dump::{read, write};
use crate::store::{collection_spec, disk_space};

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
        &mut self,
        out: &std::path::Path,
        gzip: bool,
        watcher: &Watcher,
    ) -> Result<Manifest> {
        patiently!(self, watcher, self.write_backup_once(out, gzip, watcher))
    }

    /// The same, tried once: for a step, which is tried again as a whole.
    pub(crate) async fn write_backup_once(
        &self,
        out: &std::path::Path,
        gzip: bool,
        watcher: &Watcher,
    ) -> Result<Manifest> {
        // Zipped it takes less; how much less nobody knows beforehand.
        if !gzip {
            let names = collection_spec::uuids(&self.work.connection).await?;
            let names: Vec<String> = names
                .into_keys()
                .filter(|name| !name.starts_with(SIDE_PREFIX))
                .collect();
            self.require_room_here("backup", out, (&names, 1)).await?;
        }
        let progress = |progress: Progress| says(watcher, &progress);
        let options = write::BackupOptions { gzip };
        write::back_up(
            &self.work.connection,
            out,
            &options,
            &progress,
            &watcher.cancel,
        )
        .await?;
        Ok(read::verify_backup(out, &progress, &watcher.cancel).await?)
    }

    /// Refuses where this machine's disk has no room in `out` for so many copies of all documents of these collections.
    pub(crate) async fn require_room_here(
        &self,
        what: &str,
        out: &std::path::Path,
        (collections, copies): (&[String], u64),
    ) -> Result<()> {
        let Some(free) = disk_space::free_here(out) else {
            return Ok(());
        };
        let needed = disk_space::documents(&self.work.connection, collections).await? * copies;
        if needed < free {
            return Ok(());
        }
        Err(StepError::NotReady(format!(
            "the {what} needs about {} MB in {}, and {} MB are free there. Nothing was changed; make room, or name another folder",
            grouped(megabytes(needed)),
            out.display(),
            grouped(free_megabytes(free))
        )))
    }

    /// Restores a backup into this database, beside what stands there.
    ///
    /// # Errors
    /// A damaged backup, collections in the way, or the server's refusal.
    pub async fn restore(
        &mut self,
        from: &std::path::Path,
        options: RestoreOptions,
        watcher: &Watcher,
    ) -> Result<Restored> {
        self.hold_where_a_migration_was().await?;
        let progress = |progress: Progress| says(watcher, &progress);
        Ok(restore::restore(
            &self.work.connection,
            from,
            &options,
            &progress,
            &watcher.cancel,
        )
        .await?)
    }
}
