//! Whether the way back is open: before the first rename of a rollback every original stands, holds what was there before, and nothing stands
//! in the way of a name that it needs.

use crate::domain::gate::New;
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::engine::Watcher;
use crate::engine::after_schema::held_words;
use crate::engine::error::{Result, StepError};
use crate::engine::kept_files;
use crate::engine::session::{Run, Session};
use crate::store::{collection_spec, identity};

impl Session {
    /// Refuses before the first rename where the way back would not give back what was there: an original that is gone or was changed, or
    /// something in its way. Returns what has to be said all the same, and the live names of originals that hold more than the backup.
    pub(crate) async fn require_way_back(
        &self,
        new: New,
        watcher: &Watcher,
    ) -> Result<(Vec<String>, Vec<String>)> {
        let (mut known, mut late) = (Vec::new(), Vec::new());
        if new != New::Discard {
            self.require_nothing_gone()?;
        }
        if matches!(new, New::Keep { .. }) {
            // What the quarantine lost would be taken for something that the application deleted.
            self.require_sides_whole().await?;
        }
        for which in &self.work.mapping.rebuilt() {
            let record = self.run.collection(which);
            if !record.swap_began || !self.layout.has_moved(which) {
                continue;
            }
            if self.layout.is_lost(which) {
                return Err(self.no_way_back(&format!(
                    "the original of {} is gone: no collection has its UUID any more",
                    which.live()
                )));
            }
            let Some(place) = self.layout.moved_to(which) else {
                continue;
            };
            watcher.says(&format!("checking the original of {}", which.live()), 0, 0);
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            let is = identity::fingerprint(connection, place, cancel).await?;
            let backup = self.run.open().and_then(|run| run.backup.as_ref());
            let backed_up = backup.and_then(|it| it.fingerprints.get(which.live()));
            match (&record.frozen, backed_up) {
                (Some(was), backed_up) if *was == is.text() => {
                    // It was live and as it was until the schema's own step.
                    if which.group() == Group::Schema && backed_up != Some(was) {
                        known.push(format!(
                            "{}: it comes back with that",
                            held_words(which.live(), is.documents(), backed_up)
                        ));
                    }
                }
                (Some(_), _) => {
                    return Err(self.no_way_back(&format!(
                        "{place}, the original of {}, was changed since the cut-over: it does not hold what was there before",
                        which.live()
                    )));
                }
                (None, Some(was)) if *was == is.text() => {}
                // Killed before the original was looked at: what it holds beside the backup was written during the renames.
                (None, _) => late.push(which.live().to_owned()),
            }
        }
        self.require_specifications_known().await?;
        self.require_free_names().await?;
        let strays = self.layout.strays().iter();
        if new == New::Refuse && strays.clone().any(|stray| stray.documents > 0) {
            return Err(StepError::Findings(format!(
                "{}. Nothing was changed. Take their documents in, or set them aside, first: `ringfence strays`",
                self.strays_in_words().unwrap_or_default()
            )));
        }
        Ok((known, late))
    }

    /// Names that a rollback needs, and that something else has.
    pub(crate) async fn names_in_the_way(&self) -> Result<Vec<String>> {
        let standing = collection_spec::uuids(&self.work.connection).await?;
        let mut taken = Vec::new();
        for which in &self.work.mapping.rebuilt() {
            let record = self.run.collection(which);
            let name = self.run.rolled_back_name(which);
            if standing.get(&name).is_some_and(|uuid| *uuid != record.next) {
                taken.push(name);
            }
            let before = which.before();
            if standing
                .get(&before)
                .is_some_and(|uuid| *uuid != record.original)
            {
                taken.push(before);
            }
        }
        Ok(taken)
    }

    /// Refuses a stray that no server renames, and what [`Self::require_no_view_in_the_way`] refuses.
    pub(crate) async fn require_movable(&self, stray: &str) -> Result<()> {
        self.require_no_views(&[stray]).await
    }

    /// Refuses where a view or a time series stands under a live or a vacated name: no server renames one out of the way.
    pub(crate) async fn require_no_view_in_the_way(&self) -> Result<()> {
        self.require_no_views(&[]).await
    }

    async fn require_no_views(&self, too: &[&str]) -> Result<()> {
        let kinds = collection_spec::kinds(&self.work.connection).await?;
        let list = self.work.mapping.rebuilt();
        let names = list.iter().flat_map(|which| [which.live(), which.to()]);
        let names = names.chain(self.layout.renamed().keys().map(String::as_str));
        let names = names.chain(too.iter().copied());
        let others = names.filter_map(|name| {
            let kind = match kinds.get(name)?.as_str() {
                "view" => "view",
                "timeseries" => "time series",
                _ => return None,
            };
            Some((name, kind))
        });
        match others.into_iter().next() {
            Some((name, kind)) => Err(StepError::NotReady(format!(
                "{name} is a {kind} now, and a {kind} cannot be renamed out of the way. Nothing was changed. Keep what you need of it, drop it, then run the same command again"
            ))),
            None => Ok(()),
        }
    }

    async fn require_free_names(&self) -> Result<()> {
        self.require_no_view_in_the_way().await?;
        let taken = self.names_in_the_way().await?;
        let Some(name) = taken.first() else {
            return Ok(());
        };
        let list = self.work.mapping.rebuilt();
        let other = |which: &&Rebuilt| self.layout.moved_to(which) == Some(name);
        Err(StepError::NotReady(match list.iter().find(other) {
            Some(which) => format!(
                "the original of {} stands as {name}, which is the name of another original: somebody renamed it. Nothing was changed. Rename it to {}, then run the same command again",
                which.live(),
                which.before()
            ),
            None => format!(
                "{name} stands in the way, and it is none of this run's. Nothing was changed. Look at it, then drop it or give it another name, and run the same command again"
            ),
        }))
    }

    /// Originals that do not hold what was there before, in words. Reads them whole.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn changed_originals(&self, watcher: &Watcher) -> Result<Vec<String>> {
        let mut changed = Vec::new();
        for which in &self.work.mapping.rebuilt() {
            let frozen = self.run.collection(which).frozen;
            let (Some(was), Some(place)) = (frozen, self.layout.moved_to(which)) else {
                continue;
            };
            watcher.says(&format!("checking the original of {}", which.live()), 0, 0);
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            if identity::fingerprint(connection, place, cancel)
                .await?
                .text()
                != was
            {
                changed.push(format!(
                    "{place}, the original of {}, was changed since the cut-over: it does not hold what was there before, which is in the backup alone",
                    which.live()
                ));
            }
        }
        Ok(changed)
    }

    /// A refusal with the way out that is left.
    fn no_way_back(&self, why: &str) -> StepError {
        let database = &self.work.connection.place.database;
        let run = self.run.open();
        let backup = run.and_then(|run| run.backup.as_ref());
        let backup = backup.map_or("FOLDER", |backup| backup.path.as_str());
        let gone = kept_files::unless_gone(run);
        StepError::Findings(format!(
            "{why}. Nothing was changed: what is live stays live. What was there before is in the backup: `ringfence restore --from {backup} --replace --confirm {database}`{gone}"
        ))
    }
}

impl Run {
    /// Where what is live goes.
    pub(crate) fn rolled_back_name(&self, which: &Rebuilt) -> String {
        let run = self.open().map_or("", |run| run.id.as_str());
        which.rolled_back(run)
    }
}
