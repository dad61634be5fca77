//! The merged copies of a rollback that keeps what was written: built aside, proved, swapped in by journaled renames.

use crate::domain::index_plan::{name_of, ttl_of};
use crate::domain::keep_new::report::Kept;
use crate::domain::raw::get;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::run::MergedRecord;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::keep_new::{Carried, Carrying, Copies, Held};
use crate::engine::session::Session;
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::converge::{Gathered, Target};
use crate::store::error::DUPLICATE_KEY;
use crate::store::swap::{self, Replacement};
use crate::store::unique_index;

impl Session {
    /// Builds and proves the merged copies of the collections that must differ from their originals.
    pub(crate) async fn merge(
        &mut self,
        first: Carried,
        create_users: bool,
        watcher: &Watcher,
    ) -> Result<Kept> {
        let mut carried = first;
        let mut held = Held::new();
        loop {
            if carried.differs.is_empty() {
                self.forget_merged_except(&[]).await?;
                return Ok(carried.kept);
            }
            let which: Vec<Rebuilt> = carried.differs.iter().cloned().collect();
            self.forget_merged_except(&which).await?;
            for which in &which {
                self.ensure_merged(which).await?;
            }
            carried = self
                .write_merged(&which, create_users, &held, watcher)
                .await?;
            let mut clashed = false;
            for which in &which {
                clashed |= self
                    .index_merged(which, &carried, &mut held, watcher)
                    .await?;
            }
            if clashed {
                continue; // the same without what cannot be carried
            }
            let unfit = self.check_merged(&which, &carried.kept, watcher).await?;
            if unfit.wrong > 0 {
                return Err(StepError::Findings(format!(
                    "the proof of what would come back failed. The live data is unchanged:\n{}",
                    unfit.list()
                )));
            }
            return Ok(carried.kept);
        }
    }

    /// The collection that the merged copy is like: the original, or what is live where it was not swapped.
    async fn original_spec(&self, which: &Rebuilt) -> Result<Option<CollectionSpec>> {
        Ok(match self.layout.source(which) {
            Some(name) => collection_spec::load(&self.work.connection, &name).await?,
            None => None,
        })
    }

    async fn forget_merged_except(&mut self, which: &[Rebuilt]) -> Result<()> {
        let mut record = self.run.rollback_record().unwrap_or_default();
        for other in &self.work.mapping.rebuilt() {
            if which.contains(other) {
                continue;
            }
            collection_spec::drop(&self.work.connection, &other.merged()).await?;
            record.merged.remove(other.key());
        }
        self.keep_rollback(record).await
    }

    /// Makes sure that the merged copy exists, is this rollback's, and has no index that keeps documents out.
    async fn ensure_merged(&mut self, which: &Rebuilt) -> Result<()> {
        let name = which.merged();
        let original = self.original_spec(which).await?;
        let mut record = self.run.rollback_record().unwrap_or_default();
        let known = record.merged.get(which.key()).cloned().unwrap_or_default();
        let mut standing = collection_spec::load(&self.work.connection, &name).await?;
        if standing
            .as_ref()
            .is_some_and(|spec| spec.uuid.as_deref() != Some(&known.incoming))
        {
            collection_spec::drop(&self.work.connection, &name).await?;
            standing = None;
        }
        if standing.is_none() {
            collection_spec::create(&self.work.connection, &name, original.as_ref()).await?;
            standing = collection_spec::load(&self.work.connection, &name).await?;
        } else {
            collection_spec::drop_index(&self.work.connection, &name, "*").await?;
        }
        let live = self.layout.live(which);
        let live = collection_spec::load(&self.work.connection, live).await?;
        let known_ttl = self
            .run
            .open()
            .map(|run| run.collection(which).ttl)
            .unwrap_or_default();
        let ttl = if self.layout.is_swapped(which) {
            known_ttl // the original's are kept off
        } else {
            let indexes = original.iter().flat_map(|spec| &spec.indexes);
            indexes
                .filter_map(|index| Some((name_of(index).to_owned(), ttl_of(index)?)))
                .collect()
        };
        record.merged.insert(
            which.key().to_owned(),
            MergedRecord {
                outgoing: live.and_then(|spec| spec.uuid).unwrap_or_default(),
                incoming: standing.and_then(|spec| spec.uuid).unwrap_or_default(),
                ttl,
            },
        );
        self.keep_rollback(record).await
    }

    /// Brings the merged copies up to date.
    async fn write_merged(
        &self,
        which: &[Rebuilt],
        create_users: bool,
        held: &Held,
        watcher: &Watcher,
    ) -> Result<Carried> {
        let mut copies = Copies::new();
        for which in which {
            let name = which.merged();
            let target = Target::write(&self.work.connection, &name).await?;
            copies.insert(which.clone(), Gathered::new(target, &self.work.memory));
        }
        let carrying = Carrying::new(self, (create_users, held), copies, watcher);
        let (carried, copies) = carrying.run().await?;
        for copy in copies.into_values() {
            copy.finish(&watcher.cancel).await?;
        }
        Ok(carried)
    }

    /// Builds the original's indexes. True where a unique one cannot hold what was carried: then `held` says what stays behind.
    async fn index_merged(
        &self,
        which: &Rebuilt,
        carried: &Carried,
        held: &mut Held,
        watcher: &Watcher,
    ) -> Result<bool> {
        let name = which.merged();
        let original = self.original_spec(which).await?;
        let indexes: Vec<_> = original
            .map(|spec| spec.indexes)
            .unwrap_or_default()
            .into_iter()
            .filter(|index| name_of(index) != "_id_")
            .collect();
        let live = which.live();
        watcher.says(&format!("building the indexes of {live}"), 0, 0);
        let clash =
            match collection_spec::build_indexes(&self.work.connection, &name, &indexes).await {
                Ok(()) => return Ok(false),
                Err(error) if error.code() == Some(DUPLICATE_KEY) => error,
                Err(error) => return Err(error.into()),
            };
        let mut more = false;
        let touched = carried.touched.get(which);
        for index in indexes.iter().filter(|it| get(it, "unique").is_some()) {
            let groups = unique_index::build(&self.work.connection, &name, index).await?;
            collection_spec::drop_index(&self.work.connection, &name, name_of(index)).await?;
            for id in groups.into_iter().flatten().flatten() {
                let id = id.canonical();
                if touched.is_some_and(|touched| touched.contains(&id)) {
                    more |= held.entry(which.clone()).or_default().insert(id);
                }
            }
        }
        if more {
            return Ok(true);
        }
        Err(StepError::Findings(format!(
            "what was written to {live} since the cut-over cannot be carried back: a unique index of the original forbids it, and this server does not name the documents ({clash}). The live data is unchanged. Change one of them and run the same command again, or go back with --discard-new"
        )))
    }

    /// Swaps the merged copy in, where there is one (false otherwise); may be called any number of times.
    pub(crate) async fn swap_merged(&self, which: &Rebuilt, watcher: &Watcher) -> Result<bool> {
        let record = self.run.rollback_record().unwrap_or_default();
        let Some(merged) = record.merged.get(which.key()) else {
            return Ok(false);
        };
        let live = which.live();
        watcher.says(&format!("renaming the merged {live} into its place"), 0, 0);
        let (aside, name) = (self.run.rolled_back_name(which), which.merged());
        let replacement = Replacement {
            live,
            aside: &aside,
            merged: &name,
            outgoing: &merged.outgoing,
            incoming: &merged.incoming,
        };
        swap::replace(&self.work.connection, replacement).await?;
        let before = self.layout.moved_to(which).unwrap_or(&aside);
        let original = collection_spec::load(&self.work.connection, before).await?;
        if let Some(validation) = original.and_then(|spec| spec.validation()) {
            collection_spec::put_validation(&self.work.connection, live, &validation).await?;
        }
        self.work.set_true_ttls(live, &merged.ttl).await?;
        Ok(true)
    }

    /// Drops the original that a merged copy stands for now; the backup still has it.
    pub(crate) async fn drop_original_of_merged(&self, which: &Rebuilt) -> Result<()> {
        let record = self.run.rollback_record().unwrap_or_default();
        if !record.merged.contains_key(which.key()) {
            return Ok(());
        }
        if let Some(before) = self.layout.moved_to(which) {
            collection_spec::drop(&self.work.connection, before).await?;
        }
        Ok(())
    }
}
