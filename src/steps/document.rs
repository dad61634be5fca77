//! Step 4, document current data: users, bookings and services as JSON lines and CSV, with counts and hashes.

use std::path::Path;

use super::error::Result;
use super::session::Session;
use super::{Watcher, counted};
use crate::domain::mapping::Rebuilt;
use crate::store::dump::progress::Progress;
use crate::store::export::{self, Export};

pub(super) async fn run(session: &mut Session, watcher: &Watcher) -> Result<String> {
    let record = session.begin_run().await?.clone();
    let out = session.run_folder(&record).join("export");
    if out.exists() {
        // Of an earlier try of this step in this run.
        std::fs::remove_dir_all(&out)
            .map_err(|error| crate::store::StoreError::file("clearing", &out, error))?;
    }
    let export = session.export(&out, watcher).await?;
    let list: Vec<_> = export
        .collections
        .iter()
        .map(|it| counted(it.documents, &it.name, &it.name))
        .collect();
    Ok(format!("{} exported", list.join(", ")))
}

impl Session {
    /// Writes users, bookings and services into `out`.
    ///
    /// # Errors
    /// The server's, or the disk's.
    pub async fn export(&self, out: &Path, watcher: &Watcher) -> Result<Export> {
        let collections: Vec<String> = [
            self.source(Rebuilt::User),
            self.source(Rebuilt::Booking),
            Some(self.mapping.service.collection.clone()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let progress = |progress: Progress| super::backup::says(watcher, &progress);
        Ok(export::export(
            &self.connection,
            &collections,
            out,
            &progress,
            &watcher.cancel,
        )
        .await?)
    }
}
