//! Exporting what the migration reads, as JSON lines and CSV.

use std::path::Path;

use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::retry::patiently;
use crate::engine::session::Session;
use crate::store::dump::progress::Progress;
use crate::store::export::{self, Export};

impl Session {
    /// Writes users, bookings and services into `out`.
    ///
    /// # Errors
    /// The server's, or the disk's.
    pub async fn export(&mut self, out: &Path, watcher: &Watcher) -> Result<Export> {
        patiently!(self, watcher, self.export_once(out, watcher))
    }

    /// The same, tried once: for a step, which is tried again as a whole.
    pub(crate) async fn export_once(&self, out: &Path, watcher: &Watcher) -> Result<Export> {
        let mapping = &self.work.mapping;
        let services = mapping.service.iter();
        let services = services.map(|it| self.layout.original_of(mapping, &it.collection));
        let collections: Vec<String> = [
            mapping
                .has_users()
                .then(|| self.layout.source(&mapping.users()))
                .flatten(),
            self.layout.source(&mapping.bookings()),
        ]
        .into_iter()
        .flatten()
        .chain(services)
        .collect();
        // As text a document takes more than as BSON, and it is written as JSON and as CSV.
        self.require_room_here("export", out, (&collections, 3))
            .await?;
        let progress = |progress: Progress| crate::engine::backup::says(watcher, &progress);
        let exported = export::export(
            &self.work.connection,
            &collections,
            out,
            &progress,
            &watcher.cancel,
        );
        Ok(exported.await.map_err(|error| {
            error.with_truth(
                "The export is not whole and counts for nothing. The database is unchanged",
            )
        })?)
    }
}
