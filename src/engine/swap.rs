//! Swapping a rebuilt collection: journaled renames, expiries, validators.

use std::time::{Duration, Instant};

use crate::domain::rebuilt::{Group, Rebuilt};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::collection_spec;
use crate::store::swap::{self, Stray, Swap};

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
        if let Some(record) = &mut self.run.record {
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

    /// Renames the copies of a group into their places, one after the other, and says how long the renames took. May be called any number of times.
    pub(crate) async fn swap_group(&mut self, group: Group, watcher: &Watcher) -> Result<Duration> {
        watcher.says("renaming", 0, 0);
        let list = self.work.mapping.rebuilt_in(group);
        let started = Instant::now();
        let mut strays = Vec::new();
        for which in &list {
            strays.extend(self.swap_forward(which).await?);
        }
        let took = started.elapsed();
        for which in &list {
            self.restore_options(which).await?;
        }
        self.see_what_is_swapped().await?;
        self.refuse_strays(&strays).await?;
        Ok(took)
    }

    /// Gives originals that were about to be renamed when their run was killed their true TTLs back, so that a backup holds them.
    pub(crate) async fn restore_expiries_before_renames(&self) -> Result<()> {
        for which in &self.work.mapping.rebuilt() {
            let record = self.run.collection(which);
            if record.swap_began && !self.layout.has_moved(which) {
                self.set_true_ttls(which.live(), &record.ttl).await?;
            }
        }
        Ok(())
    }

    /// Swaps; what an application made under the live name meanwhile is kept in the run record, with its name.
    async fn swap_forward(&mut self, which: &Rebuilt) -> Result<Vec<Stray>> {
        let record = self.run.collection(which);
        let (next, before) = (which.next(), which.before());
        let swap = Swap {
            live: which.live(),
            next: &next,
            before: &before,
            original: record.original.as_deref(),
            prepared: record.next.as_deref().unwrap_or_default(),
        };
        Ok(swap::forward(&self.work.connection, swap).await?)
    }

    /// Writes into the run record what strangers were moved out of the way.
    pub(crate) async fn keep_strays(&mut self, strays: &[Stray]) -> Result<()> {
        if let Some(record) = &mut self.run.record {
            let names = strays.iter().map(|it| (it.name.clone(), it.documents));
            record.strays.extend(names);
        }
        self.save().await
    }

    /// Stops where strangers were moved out of the way: what they hold is in no live collection.
    pub(crate) async fn refuse_strays(&mut self, strays: &[Stray]) -> Result<()> {
        self.keep_strays(strays).await?;
        if strays.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = strays.iter().map(ToString::to_string).collect();
        Err(StepError::Findings(format!(
            "the swap is done, but an application inserted between the renames, and the server made a collection of it: {}. Nothing of it is lost, and nothing of it is live. Stop the application, look at what it wrote, carry over what counts, then run the same command again; it goes on from here",
            list.join(", ")
        )))
    }

    /// Gives what is now live its validator and its true TTLs.
    pub(crate) async fn restore_options(&self, which: &Rebuilt) -> Result<()> {
        let live = which.live();
        let record = self.run.collection(which);
        if let Some(before) = collection_spec::load(&self.work.connection, &which.before()).await?
            && let Some(validation) = before.validation()
        {
            collection_spec::put_validation(&self.work.connection, live, &validation).await?;
        }
        self.set_true_ttls(live, &record.ttl).await
    }

    /// Restores true TTLs where the index still stands.
    pub(crate) async fn set_true_ttls(
        &self,
        live: &str,
        ttl: &std::collections::BTreeMap<String, i64>,
    ) -> Result<()> {
        if ttl.is_empty() {
            return Ok(());
        }
        let indexes = collection_spec::load(&self.work.connection, live)
            .await?
            .map(|spec| spec.indexes)
            .unwrap_or_default();
        for (name, seconds) in ttl {
            if indexes
                .iter()
                .any(|index| crate::domain::index_plan::name_of(index) == name)
            {
                collection_spec::set_ttl(&self.work.connection, live, name, Some(*seconds)).await?;
            }
        }
        Ok(())
    }
}
