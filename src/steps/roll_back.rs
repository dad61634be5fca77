//! Rolling back: the originals are renamed back, byte for byte. Before the cut-over only the prepared copies are dropped.

use super::error::{Result, StepError};
use super::patience::patiently;
use super::session::Session;
use super::{Watcher, counted};
use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::mapping::{LINKS, QUARANTINE, Rebuilt};
use crate::domain::run::Outcome;
use crate::store::converge::Tally;
use crate::store::swap::{self, Swap};
use crate::store::{collection_spec, identity};

/// The swaps in the order of going back.
const BACKWARDS: [Rebuilt; 3] = [Rebuilt::User, Rebuilt::Booking, Rebuilt::Customer];

impl Session {
    /// Rolls back.
    ///
    /// # Errors
    /// Something changed since the cut-over (exit 2, with counts), or the server's refusal.
    pub async fn roll_back(&mut self, confirmed: Confirmed, watcher: &Watcher) -> Result<String> {
        let action = confirmed.action();
        let Destructive::RollBack { .. } = action else {
            return Err(StepError::NotReady(
                "this confirmation is for another action".to_owned(),
            ));
        };
        let notice = self.hold().await?;
        let says = patiently!(self, watcher, self.go_back(confirmed.again(), watcher))?;
        let says = match notice {
            Some(notice) => format!("{says}; {notice}"),
            None => says,
        };
        Ok(match self.writes_blocked_words() {
            Some(blocked) => format!("{says}. {blocked}"),
            None => says,
        })
    }

    async fn go_back(&mut self, confirmed: Confirmed, watcher: &Watcher) -> Result<String> {
        let action = confirmed.action();
        let discard_new = action == Destructive::RollBack { discard_new: true };
        self.see_what_is_swapped().await?;
        self.pass_rollback(confirmed, action, watcher).await?;
        if !self.swapped.is_empty() && !discard_new {
            self.require_unchanged_since(watcher).await?;
        }
        let mut kept = Vec::new();
        for which in BACKWARDS {
            self.swap_back(which, &mut kept, watcher).await?;
        }
        for which in Rebuilt::ALL {
            collection_spec::drop(&self.connection, &self.mapping.next(which)).await?;
        }
        if kept.is_empty() {
            collection_spec::drop(&self.connection, LINKS).await?;
            collection_spec::drop(&self.connection, QUARANTINE).await?;
        }
        self.check_specifications().await?;
        if let Some(record) = &mut self.record {
            record.outcome = Outcome::RolledBack;
        }
        self.save().await?;
        self.end_lease().await?;
        self.surveyed = None;
        self.see_what_is_swapped().await?;
        Ok(if kept.is_empty() {
            "the originals are live again, byte for byte; prepared copies, links and quarantine are gone. Redeploy the old code before you start the application".to_owned()
        } else {
            format!(
                "the originals are live again; what was written since is kept in {}. Redeploy the old code before you start the application",
                kept.join(", ")
            )
        })
    }

    /// A rollback needs no plan: only that the run is the one that was confirmed.
    async fn pass_rollback(
        &mut self,
        confirmed: Confirmed,
        action: Destructive,
        watcher: &Watcher,
    ) -> Result<()> {
        if confirmed.database() != self.connection.place.database {
            return Err(StepError::Shut(crate::domain::gate::Shut::Wrong(
                self.connection.place.database.clone(),
            )));
        }
        match self.missing(action, watcher).await?.into_iter().next() {
            Some(first) => Err(StepError::NotReady(first)),
            None => Ok(()),
        }
    }

    async fn require_unchanged_since(&mut self, watcher: &Watcher) -> Result<()> {
        self.load_run_decisions()?;
        self.survey(watcher).await?;
        let mut changed = Vec::new();
        for which in Rebuilt::ALL
            .into_iter()
            .filter(|which| self.swapped.contains(which))
            .collect::<Vec<_>>()
        {
            let tally = match which {
                Rebuilt::Customer => self.converge_customers(false, watcher).await?,
                Rebuilt::Booking => self.converge_bookings(false, watcher).await?,
                Rebuilt::User => self.converge_users(false, watcher).await?,
            };
            if tally.changes() > 0 {
                changed.push(format!("{}: {}", self.mapping.live(which), since(tally)));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        Err(StepError::Findings(format!(
            "the application wrote since the cut-over ({}). Nothing was changed. To go back all the same and give that up: `ringfence rollback --confirm {} --discard-new` (it stays aside in _ringfence_rolled_back_*)",
            changed.join("; "),
            self.connection.place.database
        )))
    }

    async fn swap_back(
        &self,
        which: Rebuilt,
        kept: &mut Vec<String>,
        watcher: &Watcher,
    ) -> Result<()> {
        let record = self
            .open_run()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        let Some(prepared) = record.next.as_deref() else {
            return Ok(());
        };
        if !record.swap_began {
            return Ok(());
        }
        watcher.says(
            &format!("renaming the original of {} back", self.mapping.live(which)),
            0,
            0,
        );
        let (next, before) = (self.mapping.next(which), self.mapping.before(which));
        let rolled_back = self.mapping.rolled_back(which);
        let swap = Swap {
            live: self.mapping.live(which),
            next: &next,
            before: &before,
            original: record.original.as_deref(),
            prepared,
        };
        swap::back(&self.connection, swap, &rolled_back).await?;
        if record.original.is_some() {
            self.set_true_ttls(self.mapping.live(which), &record.ttl)
                .await?;
        }
        if collection_spec::load(&self.connection, &rolled_back)
            .await?
            .is_some()
        {
            let (hash, _) =
                identity::fingerprint(&self.connection, &rolled_back, &watcher.cancel).await?;
            if record.proved.as_deref() == Some(&hash) {
                collection_spec::drop(&self.connection, &rolled_back).await?;
            } else {
                kept.push(rolled_back);
            }
        }
        Ok(())
    }

    /// Options and indexes of the originals, against what the run record says they were.
    async fn check_specifications(&self) -> Result<()> {
        let Some(run) = self.open_run() else {
            return Ok(());
        };
        for which in Rebuilt::ALL {
            let known = run.collection(which);
            if known.original.is_none() {
                continue;
            }
            let live = collection_spec::load(&self.connection, self.mapping.live(which)).await?;
            if live.is_none_or(|spec| spec.fingerprint() != known.specification) {
                return Err(StepError::Findings(format!(
                    "the documents of {} are back, but its options or indexes differ from those before the cut-over: compare them with the backup's metadata. Nothing was dropped but what had been prepared",
                    self.mapping.live(which)
                )));
            }
        }
        Ok(())
    }
}

fn since(tally: Tally) -> String {
    // Seen from the transform: what is missing was deleted since, what is extra was written since.
    format!(
        "{} added, {} changed, {} deleted",
        counted(tally.deleted, "document", "documents"),
        tally.replaced,
        tally.inserted
    )
}
