//! Exporting what the migration reads, as JSON lines and CSV.

use std::path::Path;

use crate::domain::mapping::Rebuilt;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::dump::progress::Progress;
use crate::store::export::{self, Export};

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
        let progress = |progress: Progress| crate::engine::backup::says(watcher, &progress);
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
