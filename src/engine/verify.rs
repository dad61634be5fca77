//! Checking everything that is live.

use std::collections::HashMap;

use bson::raw::RawDocument;

use crate::domain::checklist::Step;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::id::Id;
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::rebuilt::Group;
use crate::domain::run::Outcome;
use crate::domain::survey::facts::id_of;
use crate::engine::check::{Checked, by_id};
use crate::engine::error::{Result, StepError};
use crate::engine::kept_files;
use crate::engine::layout::Layout;
use crate::engine::retry::patiently;
use crate::engine::session::Session;
use crate::engine::{Watcher, counted};
use crate::store::scan::{self, Scan};
use crate::store::{collection_spec, identity};

impl Session {
    /// Checks everything that is live. Reads only.
    ///
    /// # Errors
    /// Nothing is cut over yet, or the server's refusal.
    pub async fn verify(&mut self, watcher: &Watcher) -> Result<Checked> {
        patiently!(self, watcher, self.verify_once(watcher))
    }

    async fn verify_once(&mut self, watcher: &Watcher) -> Result<Checked> {
        self.refuse_half_restored()?;
        if self.is_finished() {
            return self.verify_finished(watcher).await;
        }
        self.begin_to_verify(watcher).await?;
        let checked = self.check_documents(watcher).await?;
        let mut checked = checked
            .and(self.check_bystanders(watcher).await?)
            .and(self.check_conformity(watcher).await?)
            .and(self.layout.check_strays());
        if checked.wrong > 0 {
            // An original that was changed makes much of what is live look wrong: the cause comes first.
            let changed = self.changed_originals(watcher).await?;
            checked.wrong += changed.len() as u64;
            checked.findings.splice(0..0, changed);
        }
        Ok(checked)
    }

    /// True where the latest run is finished, and its originals are deleted.
    fn is_finished(&self) -> bool {
        let run = self.run.latest();
        run.is_some_and(|run| run.outcome == Outcome::Finished)
    }

    /// What can be checked without the originals: each live booking stands with a customer that exists and is of its own business, or was
    /// left by decision.
    async fn verify_finished(&mut self, watcher: &Watcher) -> Result<Checked> {
        let unmigrated = self.unmigrated(watcher).await?;
        let (layout, missing) = self.live_after_finish().await?;
        self.layout = layout;
        let mut checked = self.check_isolation(watcher).await?;
        for name in missing {
            checked.finds(format!(
                "collection {name}, which the migration made, is gone; a backup that was taken after the migration holds it"
            ));
        }
        if unmigrated > 0 {
            checked.finds(format!(
                "{} no {} and were not left by decision: something wrote them in the old form since",
                counted(unmigrated, "booking has", "bookings have"),
                self.work.mapping.booking.customer
            ));
        }
        checked.notes.push(
            "the originals are deleted, so fidelity (that nothing else of a booking, customer or user changed) can no longer be checked".to_owned(),
        );
        checked.notes.extend(self.backup_trouble());
        let conforms = self.check_conformity(watcher).await?;
        Ok(checked.and(conforms).and(self.layout.check_strays()))
    }

    /// Refuses where nothing is live that could be verified.
    pub(crate) async fn begin_to_verify(&mut self, watcher: &Watcher) -> Result<()> {
        self.refuse_half_restored()?;
        self.see_what_is_swapped().await?;
        if let Some(kept) = self.kept_without_a_run() {
            return Err(StepError::Findings(kept));
        }
        for which in &self.work.mapping.rebuilt() {
            if self.layout.is_lost(which) {
                return Err(StepError::Findings(format!(
                    "the original of {} is gone: no collection has its UUID any more, so what is live cannot be compared with it. Nothing was changed. There is no way back by a rollback; the backup holds what was there before{}",
                    which.live(),
                    kept_files::unless_gone(self.run.open())
                )));
            }
        }
        self.require_nothing_gone()?;
        if !self.is_live(Group::CutOver) {
            self.require_no_strays("the run is not cut over, so there is nothing else to verify")?;
            return Err(StepError::NotReady(match self.run.latest() {
                Some(run) => format!(
                    "run {} is not cut over (or was rolled back or finished), so there are no kept originals to compare with. Nothing was changed",
                    run.id
                ),
                None => "this database was not migrated yet, so there is nothing to verify. Nothing was changed".to_owned(),
            }));
        }
        self.load_run_decisions()?;
        self.survey_if_changed(watcher).await?;
        self.make_room_for_a_proof();
        Ok(())
    }

    /// Compares all that is live with the originals, and checks its indexes.
    pub(crate) async fn check_documents(&self, watcher: &Watcher) -> Result<Checked> {
        let checked = self.check_group(Group::CutOver, watcher).await?;
        let checked = if self.has_swapped(Group::Schema) {
            checked.and(self.check_group(Group::Schema, watcher).await?)
        } else {
            checked
        };
        if !self.is_live(Group::CleanUp) {
            return Ok(checked);
        }
        Ok(checked.and(self.check_group(Group::CleanUp, watcher).await?))
    }

    /// True where a group has copies, and all of them are live.
    fn has_swapped(&self, group: Group) -> bool {
        let list = self.work.mapping.rebuilt_in(group);
        !list.is_empty() && list.iter().all(|which| self.layout.is_swapped(which))
    }

    /// True where the log shows that all that is live is as it was proved.
    pub(crate) async fn stands_as_proved(&self) -> Result<bool> {
        let users = !self.is_live(Group::CleanUp) || self.is_as_proved(Group::CleanUp).await?;
        let schema = !self.has_swapped(Group::Schema) || self.is_as_proved(Group::Schema).await?;
        Ok(users && schema && self.is_as_proved(Group::CutOver).await?)
    }

    /// Checks whose the live bookings are, and the indexes, of which the log says nothing.
    pub(crate) async fn check_standing(&self, watcher: &Watcher) -> Result<Checked> {
        let mut checked = self.check_isolation(watcher).await?;
        for which in &self.work.mapping.rebuilt() {
            if self.layout.is_swapped(which) {
                checked = checked.and(self.check_indexes(which).await?);
            }
        }
        Ok(checked)
    }

    /// Collections that the migration does not touch, against the backup's hashes; once the application is live again they may change.
    pub(crate) async fn check_bystanders(&self, watcher: &Watcher) -> Result<Checked> {
        let mut checked = Checked::default();
        let Some(run) = self.run.open() else {
            return Ok(checked);
        };
        let gone = kept_files::trouble(run);
        let gone =
            gone.map(|it| format!("{it}. The originals stand, and a rollback needs no backup"));
        checked.notes.extend(gone);
        let Some(backup) = run
            .backup
            .as_ref()
            .filter(|_| !run.notes.contains_key(Step::GoLive.word()))
        else {
            return Ok(checked);
        };
        let rebuilt = self.work.mapping.rebuilt();
        let standing = collection_spec::uuids(&self.work.connection).await?;
        for (then, expected) in &backup.fingerprints {
            if then.starts_with(SIDE_PREFIX) || rebuilt.iter().any(|which| which.live() == then) {
                continue;
            }
            let name = self.layout.now(then);
            if !standing.contains_key(name) {
                checked.finds(format!(
                    "collection {then} is gone; the backup holds it{}",
                    kept_files::unless_gone(Some(run))
                ));
                continue;
            }
            watcher.says(&format!("comparing {name} with its backup"), 0, 0);
            let hash = if self.read_from(then).is_empty() {
                let (connection, cancel) = (&self.work.connection, &watcher.cancel);
                identity::fingerprint(connection, name, cancel).await?
            } else {
                self.without_taken_in((then, name), &mut checked, watcher)
                    .await?
            };
            if hash.text() != *expected {
                checked.finds(format!("collection {name} is not what the backup holds"));
            }
        }
        Ok(checked)
    }
}

impl Session {
    /// The fingerprint of a collection without the documents that were taken in from strays; each of those must stand as it came.
    async fn without_taken_in(
        &self,
        (then, name): (&str, &str),
        checked: &mut Checked,
        watcher: &Watcher,
    ) -> Result<Fingerprint> {
        let database = &self.work.connection.database;
        // All of a stray that was taken in whole, and of others what stands as it came.
        let mut came: HashMap<Id, Option<String>> = HashMap::new();
        let digest = |document: &RawDocument| {
            let mut one = Fingerprint::default();
            one.add(document);
            one.text()
        };
        let (all, cancel) = (Scan::default(), &watcher.cancel);
        for (stray, whole) in self.read_from(then) {
            scan::each((database, None), &stray, &all, cancel, |document| {
                if let Some(id) = id_of(document) {
                    let bytes = (!whole).then(|| digest(document));
                    came.insert(id.canonical(), bytes);
                }
                Ok(())
            })
            .await?;
        }
        let mut fingerprint = Fingerprint::default();
        scan::each((database, None), name, &all, cancel, |document| {
            let came = id_of(document).and_then(|id| came.get(&id.canonical()));
            let left_out = came.is_some_and(|bytes| {
                bytes
                    .as_ref()
                    .is_none_or(|bytes| *bytes == digest(document))
            });
            if !left_out {
                fingerprint.add(document);
            }
            Ok(())
        })
        .await?;
        for stray in self.taken_in(then) {
            let mut pages = scan::in_id_order(database, &stray)?;
            while let Some(page) = pages.next().await? {
                let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
                let live = by_id(scan::by_ids(database, name, &ids).await?);
                let gone = page.documents().zip(&ids).filter(|(stray, id)| {
                    live.get(&id.canonical())
                        .is_none_or(|live| **live != **stray)
                });
                for (_, id) in gone {
                    checked.finds(format!(
                        "{name} {id}: it was taken in from {stray}, and does not stand as it came"
                    ));
                }
            }
        }
        Ok(fingerprint)
    }
}

impl Layout {
    /// What an application wrote beside the live collections, and nobody has decided on.
    pub(crate) fn check_strays(&self) -> Checked {
        let mut checked = Checked::default();
        for stray in self.strays() {
            checked.finds(format!(
                "{stray}: an application wrote it under a name that was vacated, and it is in no live collection; see `ringfence strays`"
            ));
        }
        checked
    }
}
