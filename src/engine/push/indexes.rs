//! The indexes of a whole database at one moment, and putting back what a push dropped.

use crate::domain::gate::{Confirmed, PutBackIndexes};
use crate::domain::index_plan::name_of;
use crate::domain::pushed::{IndexAt, IndexesOf, KeptIndex, Picture};
use crate::domain::text::named;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::push::{indexes_counted, list};
use crate::engine::session::{Session, Workspace};
use crate::engine::specification;
use crate::store::{StoreError, collection_spec, run_log};

impl Workspace {
    /// The indexes of every collection as they are now, our own collections included.
    pub(crate) async fn index_picture(&self) -> Result<Picture> {
        let specs = collection_spec::load_all(&self.connection).await?;
        let stored = specs.into_values().filter_map(|spec| {
            let indexes = spec.indexes.iter();
            let indexes = indexes.filter(|index| name_of(index) != "_id_");
            let indexes = indexes.map(|index| KeptIndex::of(index)).collect();
            Some((
                spec.uuid?,
                IndexesOf {
                    collection: spec.name,
                    indexes,
                },
            ))
        });
        Ok(stored.collect())
    }

    /// Builds an index as it was. Says why where it cannot be.
    pub(super) async fn rebuild(
        &self,
        collection: &str,
        index: &KeptIndex,
    ) -> Result<Option<String>> {
        let Some(raw) = index.raw() else {
            return Ok(Some("the run record holds it damaged".to_owned()));
        };
        match collection_spec::build_as_listed(&self.connection, collection, &raw).await {
            Ok(()) => Ok(None),
            Err(error @ StoreError::Server { .. }) if !error.passes() => {
                let code = error.code().unwrap_or_default();
                Ok(Some(format!("{} (code {code})", specification::why(code))))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Session {
    /// Puts back what the last push dropped.
    ///
    /// # Errors
    /// Another confirmation, no push, or an index that cannot be built (exit 2).
    pub(crate) async fn put_indexes_back(
        &mut self,
        confirmed: Confirmed,
        watcher: &Watcher,
    ) -> Result<String> {
        let confirmed = self
            .pass::<PutBackIndexes>(Some(confirmed), watcher)
            .await?;
        self.build_what_was_dropped(confirmed, watcher).await
    }

    async fn build_what_was_dropped(
        &self,
        _: Confirmed<PutBackIndexes>,
        watcher: &Watcher,
    ) -> Result<String> {
        let (mut back, mut stuck) = (Vec::new(), Vec::new());
        for (at, index) in self.dropped_by_the_last_push().await? {
            watcher.says(&format!("building {at}"), 0, 0);
            match self.work.rebuild(&at.collection, &index).await? {
                None => back.push(at),
                Some(why) => stuck.push((at, why)),
            }
        }
        let says = match back.len() {
            0 if stuck.is_empty() => "every index that stood before the push stands".to_owned(),
            0 => "no index was put back".to_owned(),
            count => format!("{} put back: {}", indexes_counted(count), list(&back)),
        };
        run_log::write("INFO", &format!("Push the schema: {says}"));
        if stuck.is_empty() {
            return Ok(says);
        }
        Err(StepError::Findings(format!(
            "{says}. These cannot be built: {}",
            stuck_words(&stuck)
        )))
    }
}

impl Gated for PutBackIndexes {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let dropped = session.dropped_by_the_last_push().await?;
        Ok(match dropped.len() {
            0 => vec!["nothing: every index that stood before the push stands".to_owned()],
            count => {
                let all: Vec<_> = dropped.into_iter().map(|(at, _)| at).collect();
                vec![format!(
                    "build {} again: {}",
                    indexes_counted(count),
                    list(&all)
                )]
            }
        })
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        let run = session.run.open().filter(|run| !run.pushes.is_empty());
        Ok(if run.is_some() {
            Vec::new()
        } else {
            vec!["no push was run beside an open run, so there is nothing to put back. Nothing was changed".to_owned()]
        })
    }

    fn way_back(self, _: &Session) -> String {
        "drop them again".to_owned()
    }
}

/// Indexes that cannot be built, with the reason.
pub(super) fn stuck_words(stuck: &[(IndexAt, String)]) -> String {
    let words: Vec<_> = stuck
        .iter()
        .map(|(at, why)| format!("{at}: {}", named(why)))
        .collect();
    words.join("; ")
}
