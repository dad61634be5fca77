//! Swapping a rebuilt collection: journaled renames, expiries, validators.

use crate::domain::mapping::Rebuilt;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::collection_spec;
use crate::store::swap::{self, Stray, Swap};

impl Session {
    /// Surveys anew, and refuses when that asks for other decisions than the plan has.
    pub(crate) async fn survey_as_planned(&mut self, watcher: &Watcher) -> Result<()> {
        let planned = self
            .open_run()
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

    /// Writes down that the swap begins, and keeps the original's TTLs from acting while it is kept.
    pub(crate) async fn journal_swap(&mut self, which: Rebuilt) -> Result<()> {
        let live = self.mapping.live(which).to_owned();
        let ttl = self
            .open_run()
            .map(|run| run.collection(which).ttl)
            .unwrap_or_default();
        if let Some(record) = &mut self.record {
            record.collection_mut(which).swap_began = true;
        }
        self.save().await?;
        for index in ttl.keys() {
            collection_spec::set_ttl(&self.connection, &live, index, None).await?;
        }
        Ok(())
    }

    /// Gives originals that were about to be renamed when their run was killed their true TTLs back, so that a backup holds them.
    pub(crate) async fn restore_expiries_before_renames(&self) -> Result<()> {
        for which in Rebuilt::ALL {
            let record = self
                .open_run()
                .map(|run| run.collection(which))
                .unwrap_or_default();
            if record.swap_began && !self.has_moved(which) {
                self.set_true_ttls(self.mapping.live(which), &record.ttl)
                    .await?;
            }
        }
        Ok(())
    }

    /// Swaps; what an application made under the live name meanwhile is kept in the run record, with its name.
    pub(crate) async fn swap_forward(&mut self, which: Rebuilt) -> Result<Vec<Stray>> {
        let record = self
            .open_run()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        let (next, before) = (self.mapping.next(which), self.mapping.before(which));
        let swap = Swap {
            live: self.mapping.live(which),
            next: &next,
            before: &before,
            original: record.original.as_deref(),
            prepared: record.next.as_deref().unwrap_or_default(),
        };
        Ok(swap::forward(&self.connection, swap).await?)
    }

    /// Writes into the run record what strangers were moved out of the way.
    pub(crate) async fn keep_strays(&mut self, strays: &[Stray]) -> Result<()> {
        if let Some(record) = &mut self.record {
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
    pub(crate) async fn dress(&self, which: Rebuilt) -> Result<()> {
        let live = self.mapping.live(which);
        let record = self
            .open_run()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        if let Some(before) =
            collection_spec::load(&self.connection, &self.mapping.before(which)).await?
            && let Some(validation) = before.validation()
        {
            collection_spec::put_validation(&self.connection, live, &validation).await?;
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
