//! A later swap of a collection that was swapped before: what is live moves to a name of its own, and the first original stays what it is.

use crate::domain::rebuilt::Rebuilt;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::swap::{self, Swap};
use crate::store::{collection_spec, identity};

impl Session {
    /// Completes every later swap that was journaled; one whose copy is gone, or that has not renamed anything, is taken back, so that each live
    /// name stands. May be called any number of times.
    pub(crate) async fn settle_later_swaps(&mut self, forward: bool) -> Result<()> {
        if self
            .run
            .rollback_record()
            .is_some_and(|record| record.began)
        {
            return Ok(()); // that goes on with its own renames
        }
        for which in self.work.mapping.rebuilt() {
            let record = self.run.collection(&which);
            let Some(old) = record.old.last().cloned() else {
                continue;
            };
            let uuids = collection_spec::uuids(&self.work.connection).await?;
            let at = |name: &str| uuids.get(name).and_then(Option::as_deref);
            let live = self.layout.live(&which).to_owned();
            let (live, next) = (live.as_str(), which.next());
            if record.is_next(at(live)) {
                self.restore_options(&which).await?;
                continue;
            }
            let stands = record.is_next(at(&next));
            let began = at(&old.name) == Some(&old.uuid);
            if stands && (forward || began) {
                let swap = Swap {
                    live,
                    to: live,
                    next: &next,
                    before: &old.name,
                    original: Some(&old.uuid),
                    prepared: record.next.as_deref().unwrap_or_default(),
                };
                swap::forward(&self.work.connection, swap).await?;
                self.see_what_is_swapped().await?;
                self.restore_options(&which).await?;
                continue;
            }
            if began {
                swap::rename(&self.work.connection, &old.name, live).await?;
            }
            if let Some(run) = &mut self.run.record {
                run.collection_mut(&which).take_later_back();
                run.retired = None;
            }
            self.save().await?;
            self.work.set_true_ttls(live, &record.ttl).await?;
        }
        self.see_what_is_swapped().await
    }

    /// Fingerprints of the copies that were live before a later swap, by name.
    pub(crate) async fn old_fingerprints(
        &self,
        watcher: &Watcher,
    ) -> Result<Vec<(String, String, Option<String>)>> {
        let mut all = Vec::new();
        let names = collection_spec::uuids(&self.work.connection).await?;
        for which in self.work.mapping.rebuilt() {
            for old in self.run.collection(&which).old {
                if names.get(&old.name).and_then(Option::as_deref) != Some(&old.uuid) {
                    continue;
                }
                watcher.says(
                    &format!("comparing {} with what was proved", old.name),
                    0,
                    0,
                );
                let hash = identity::fingerprint(&self.work.connection, &old.name, &watcher.cancel)
                    .await?
                    .text();
                all.push((old.name, hash, old.proved));
            }
        }
        Ok(all)
    }

    /// Drops the copies that were live before a later swap where they are what was proved; the names of those that stay.
    pub(crate) async fn settle_old_copies(&self, watcher: &Watcher) -> Result<Vec<String>> {
        let mut aside = Vec::new();
        for (name, hash, proved) in self.old_fingerprints(watcher).await? {
            if proved.as_ref() == Some(&hash) {
                collection_spec::drop(&self.work.connection, &name).await?;
            } else {
                aside.push(name);
            }
        }
        Ok(aside)
    }

    /// Drops the copies that were live before a later swap, whatever they hold; their names.
    pub(crate) async fn drop_old_copies(&self, which: &Rebuilt) -> Result<Vec<String>> {
        let mut dropped = Vec::new();
        let names = collection_spec::uuids(&self.work.connection).await?;
        for old in self.run.collection(which).old {
            if names.get(&old.name).and_then(Option::as_deref) == Some(&old.uuid) {
                collection_spec::drop(&self.work.connection, &old.name).await?;
                dropped.push(old.name);
            }
        }
        Ok(dropped)
    }

    /// Compares what was live until the later swap, and is frozen now, with what is live: what was written late is named.
    pub(crate) async fn require_nothing_late(
        &self,
        which: &Rebuilt,
        watcher: &Watcher,
    ) -> Result<()> {
        let Some(old) = self.run.collection(which).old.pop() else {
            return Ok(());
        };
        let checked = self
            .check_users(which, Some(&old.name), self.layout.live(which), watcher)
            .await?;
        if checked.wrong == 0 {
            return Ok(());
        }
        Err(StepError::Findings(format!(
            "users are swapped, but something wrote during it, so that what is live differs from what was live before. Do not start the application; `ringfence rollback` goes back:\n{}",
            checked.list()
        )))
    }
}
