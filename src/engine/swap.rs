//! Swapping a rebuilt collection: journaled renames, expiries, validators.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::pushed::Picture;
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Workspace};
use crate::store::collection_spec;
use crate::store::identity;
use crate::store::swap::{self, Swap};

/// What a swap did.
pub(crate) struct Swapped {
    /// How long the renames took.
    pub(crate) took: Duration,
    /// Documents that differ from what the originals give: something wrote during the swap.
    pub(crate) late: u64,
    /// Indexes that came at the last moment, in words.
    pub(crate) indexes: Vec<String>,
}

impl Session {
    /// Surveys anew, and refuses when that asks for other decisions than the plan has.
    pub(crate) async fn survey_as_planned(&mut self, watcher: &Watcher) -> Result<()> {
        let planned = self
            .run
            .open()
            .and_then(|run| run.plan_hash().map(str::to_owned));
        self.survey_if_changed(watcher).await?;
        if planned.as_deref() == Some(&self.plan_hash()) {
            return Ok(());
        }
        Err(StepError::Drift(vec![
            "conflicts changed since the plan was made; review them again (Review conflicts)"
                .to_owned(),
        ]))
    }

    /// Writes down that the swaps begin, under one entry, and keeps the originals' TTLs from acting while they are kept.
    pub(crate) async fn journal_swap(&mut self, list: &[Rebuilt]) -> Result<()> {
        let others = self.work.other_collections().await?;
        // Before the first swap; a push of the schema may take any of them away later.
        let mut known = self
            .run
            .open()
            .into_iter()
            .flat_map(|run| run.collections.values());
        let first = !known.any(|it| it.swap_began);
        let mut indexes = if first {
            self.work.index_picture().await?
        } else {
            Picture::new()
        };
        indexes.retain(|_, of| !of.collection.starts_with(SIDE_PREFIX));
        if let Some(record) = &mut self.run.record {
            // There may be no other collection at all: what stands under a name later is a copy of ours.
            if first {
                record.others = others;
                record.indexes = indexes;
            }
            for which in list {
                record.collection_mut(which).swap_began = true;
            }
        }
        self.save().await?;
        for which in list {
            for index in self.run.collection(which).ttl.keys() {
                let live = which.live();
                collection_spec::set_ttl(&self.work.connection, live, index, None).await?;
            }
        }
        Ok(())
    }

    /// Renames the copies of a group into their places, one after the other, and keeps what the originals are now. May be called any number of times.
    pub(crate) async fn swap_group(&mut self, group: Group, watcher: &Watcher) -> Result<Swapped> {
        watcher.says("renaming", 0, 0);
        let list = self.work.mapping.rebuilt_in(group);
        let started = Instant::now();
        if self.work.mapping.changes().is_some() {
            // One collection may take the name that another leaves.
            for which in &list {
                self.swap_forward(which, false).await?;
            }
            self.free_names(group).await?;
        }
        for which in &list {
            self.swap_forward(which, true).await?;
        }
        self.give_names(group).await?;
        let took = started.elapsed();
        self.see_what_is_swapped().await?;
        let mut indexes = Vec::new();
        for which in &list {
            indexes.extend(self.carry_last_indexes(which).await?);
            self.restore_options(which).await?;
        }
        let late = self.freeze(group, watcher).await?;
        Ok(Swapped {
            took,
            late,
            indexes,
        })
    }

    /// Keeps the fingerprints of a group's originals, frozen now, and how many live documents are not what they give.
    async fn freeze(&mut self, group: Group, watcher: &Watcher) -> Result<u64> {
        let list = self.work.mapping.rebuilt_in(group);
        let known = |which: &Rebuilt| {
            let record = self.run.collection(which);
            record.original.is_none() || (record.frozen.is_some() && record.late == 0)
        };
        if list.iter().all(known) {
            return Ok(0);
        }
        // Where the log shows that nothing was written late, the originals are what the backup holds, and what is live is what was proved.
        let as_proved = self.is_as_proved(group).await?;
        let mut late = 0;
        for which in &list {
            let source = self.layout.source(which);
            let backup = self.run.open().and_then(|run| run.backup.as_ref());
            let backed_up = backup.and_then(|it| it.fingerprints.get(which.live()).cloned());
            // An application may have run between the backup and a later swap.
            let is_backed_up =
                as_proved && (group == Group::CutOver || self.unchanged_since_backup().await?);
            let frozen = match (backed_up.filter(|_| is_backed_up), source) {
                (Some(fingerprint), Some(_)) => Some(fingerprint),
                (None, Some(source)) => {
                    let (connection, cancel) = (&self.work.connection, &watcher.cancel);
                    let read = identity::fingerprint(connection, &source, cancel).await?;
                    Some(read.text())
                }
                (_, None) => None,
            };
            let of_this = if as_proved {
                0
            } else {
                self.converge(which, false, watcher).await?.tally.changes()
            };
            late += of_this;
            if let Some(record) = &mut self.run.record {
                let record = record.collection_mut(which);
                (record.frozen, record.late) = (frozen, of_this);
            }
        }
        self.save().await?;
        Ok(late)
    }

    /// Gives originals that were about to be renamed when their run was killed their true TTLs back, so that a backup holds them.
    pub(crate) async fn restore_expiries_before_renames(&self) -> Result<()> {
        for which in &self.work.mapping.rebuilt() {
            let record = self.run.collection(which);
            if record.swap_began && !self.layout.has_moved(which) {
                self.work.set_true_ttls(which.live(), &record.ttl).await?;
            }
        }
        Ok(())
    }

    /// The renames of one collection: only the first of them where `fill` is false.
    async fn swap_forward(&mut self, which: &Rebuilt, fill: bool) -> Result<()> {
        let record = self.run.collection(which);
        let (next, before) = (which.next(), which.before());
        let swap = Swap {
            live: which.live(),
            to: which.to(),
            next: &next,
            before: &before,
            original: record.original.as_deref(),
            prepared: record.next.as_deref().unwrap_or_default(),
        };
        if !fill {
            return Ok(swap::vacate(&self.work.connection, swap).await?);
        }
        swap::forward(&self.work.connection, swap).await?;
        Ok(())
    }

    /// Gives what is now live its validator and its true TTLs.
    pub(crate) async fn restore_options(&self, which: &Rebuilt) -> Result<()> {
        let live = self.layout.live(which);
        let record = self.run.collection(which);
        if let Some(before) = self.layout.moved_to(which)
            && let Some(before) = collection_spec::load(&self.work.connection, before).await?
            && let Some(validation) = before.validation()
        {
            collection_spec::put_validation(&self.work.connection, live, &validation).await?;
        }
        self.work.set_true_ttls(live, &record.ttl).await
    }
}

impl Workspace {
    /// UUIDs of the collections that are not rebuilt, by name.
    async fn other_collections(&self) -> Result<BTreeMap<String, String>> {
        let rebuilt = self.mapping.rebuilt();
        let all = collection_spec::uuids(&self.connection).await?;
        let others = all.into_iter().filter_map(|(name, uuid)| {
            let ours = name.starts_with(SIDE_PREFIX) || name.starts_with("system.");
            let ours = ours || rebuilt.iter().any(|which| which.live() == name);
            Some((name, uuid?)).filter(|_| !ours)
        });
        Ok(others.collect())
    }

    /// Restores true TTLs where the index still stands.
    pub(crate) async fn set_true_ttls(
        &self,
        live: &str,
        ttl: &BTreeMap<String, i64>,
    ) -> Result<()> {
        if ttl.is_empty() {
            return Ok(());
        }
        let indexes = collection_spec::load(&self.connection, live)
            .await?
            .map(|spec| spec.indexes)
            .unwrap_or_default();
        for (name, seconds) in ttl {
            if indexes
                .iter()
                .any(|index| crate::domain::index_plan::name_of(index) == name)
            {
                collection_spec::set_ttl(&self.connection, live, name, Some(*seconds)).await?;
            }
        }
        Ok(())
    }
}
