//! Step 19, delete the originals; and purge, which drops what is kept after it.

use super::Watcher;
use super::error::{Result, StepError};
use super::session::Session;
use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::mapping::{LINKS, QUARANTINE, RUNS, Rebuilt};
use crate::domain::run::Outcome;
use crate::store::collection_spec;

pub(super) async fn run(session: &mut Session, confirmed: Option<Confirmed>) -> Result<String> {
    session.see_what_is_swapped().await?;
    // No survey: after a kill between the drops there is nothing left to survey.
    session
        .pass(confirmed, Destructive::Finish, &Watcher::silent())
        .await?;
    let mut dropped = Vec::new();
    for which in Rebuilt::ALL {
        let record = session
            .open_run()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        let before = session.mapping.before(which);
        let kept = collection_spec::load(&session.connection, &before)
            .await?
            .and_then(|spec| spec.uuid);
        if record.is_original(kept.as_deref()) {
            collection_spec::drop(&session.connection, &before).await?;
            dropped.push(before);
        }
        collection_spec::drop(&session.connection, &session.mapping.next(which)).await?;
    }
    if let Some(record) = &mut session.record {
        record.outcome = Outcome::Finished;
    }
    session.save().await?;
    session.end_lease().await?;
    session.surveyed = None;
    session.see_what_is_swapped().await?;
    Ok(format!(
        "dropped {}; links, quarantine and run record stay until `ringfence purge`",
        dropped.join(", ")
    ))
}

impl Session {
    /// What rollbacks put aside: live collections of the migrated model, with what the application wrote into them.
    pub(super) async fn kept_aside(&self) -> Result<Vec<String>> {
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
