//! Purge: drops what a finished or rolled-back run keeps.

use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::mapping::{LINKS, QUARANTINE, RUNS, Rebuilt};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::collection_spec;

impl Session {
    /// What rollbacks put aside: live collections of the migrated model, with what the application wrote into them.
    pub(crate) async fn kept_aside(&self) -> Result<Vec<String>> {
        let names = collection_spec::uuids(&self.connection).await?;
        let mapping = self
            .record
            .as_ref()
            .map_or(&self.mapping, |run| &run.mapping);
        let aside = Rebuilt::ALL.map(|which| mapping.rolled_back(which));
        Ok(aside
            .into_iter()
            .filter(|name| names.contains_key(name))
            .collect())
    }

    /// Drops links, quarantine, run records, and what rollbacks put aside.
    ///
    /// # Errors
    /// A run is open, or the server's refusal.
    pub async fn purge(&mut self, confirmed: Confirmed) -> Result<String> {
        if confirmed.action() != Destructive::Purge
            || confirmed.database() != self.connection.place.database
        {
            return Err(StepError::NotReady(
                "this confirmation is for another action".to_owned(),
            ));
        }
        if let Some(first) = self
            .missing(Destructive::Purge, &Watcher::silent())
            .await?
            .into_iter()
            .next()
        {
            return Err(StepError::NotReady(first));
        }
        self.hold().await?;
        for name in self.kept_aside().await? {
            collection_spec::drop(&self.connection, &name).await?;
        }
        for name in [LINKS, QUARANTINE, RUNS] {
            collection_spec::drop(&self.connection, name).await?;
        }
        self.end_lease().await?;
        self.record = None;
        Ok(
            "links, quarantine, run records and what rollbacks put aside are dropped; the run folder and its backup stay"
                .to_owned(),
        )
    }
}
