//! Rolling back: the originals are renamed back, byte for byte. What the application wrote since the cut-over is, by the operator's choice,
//! a reason to refuse, carried onto the originals, or given up. Before the cut-over only the prepared copies are dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::gate::{Confirmed, New, RollBack};
use crate::domain::keep_new::report::Kept;
use crate::domain::mapping::{LINKS, RETIRED, SET_ASIDE, TRIAL};
use crate::domain::rebuilt::Rebuilt;
use crate::domain::run::{Outcome, RollbackRecord, WatchStart};
use crate::domain::text::named;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::keep_new::{Carrying, Copies, Held};
use crate::engine::kept_files;
use crate::engine::retry::patiently;
use crate::engine::rolled_back::{RolledBack, rolled_back};
use crate::engine::session::{Run, Session, Workspace};
use crate::engine::stopped::in_words;
use crate::store::run_log;
use crate::store::swap::{self, Swap};
use crate::store::watch::{self, Seen};
use crate::store::{collection_spec, identity};

/// Stands for the fingerprint of a copy that is what was proved.
const AS_PROVED: &str = "as proved";

impl Session {
    /// Rolls back.
    ///
    /// # Errors
    /// Something changed since the cut-over (exit 2, with counts), or the server's refusal.
    pub async fn roll_back(
        &mut self,
        confirmed: Confirmed,
        watcher: &Watcher,
    ) -> Result<RolledBack> {
        let confirmed = confirmed.only::<RollBack>()?;
        let notice = self.hold().await?;
        watcher.listen_to(&self.work.connection.throttle);
        run_log::write("INFO", "Roll back: begins");
        let done = patiently!(self, watcher, self.go_back(confirmed.again(), watcher));
        match &done {
            Ok(done) => run_log::write("INFO", &format!("Roll back: {}", done.says)),
            Err(error) => run_log::write("ERROR", &format!("Roll back: {error}")),
        }
        let mut done = done?;
        if let Some(notice) = notice {
            done.says = format!("{}; {notice}", done.says);
        }
        if let Some(blocked) = self.writes_blocked_words() {
            done.says = format!("{}. {blocked}", done.says);
        }
        Ok(done)
    }

    async fn go_back(
        &mut self,
        confirmed: Confirmed<RollBack>,
        watcher: &Watcher,
    ) -> Result<RolledBack> {
        let RollBack(new) = confirmed.action();
        self.refuse_half_restored()?;
        self.see_what_is_swapped().await?;
        self.pass_rollback(&confirmed, watcher).await?;
        self.load_run_decisions()?;
        if new != New::Discard {
            // Before a later swap that was not completed is taken back: it would put an older copy in the place of what is gone.
            self.require_nothing_gone()?;
        }
        self.settle_later_swaps(false).await?;
        let mut known = Vec::new();
        match self.run.rollback_record() {
            Some(record) if record.began => self.work.require_same(&record, new)?,
            _ => {
                let (says, late) = self.require_way_back(new, watcher).await?;
                known = says;
                known.extend(Box::pin(self.begin_rollback(new, late, watcher)).await?);
            }
        }
        known.extend(self.drop_hand_made_indexes().await?);
        let mut stuck = self.give_originals_their_indexes().await?;
        self.free_old_names().await?;
        for which in self.work.mapping.rebuilt().iter().rev() {
            self.swap_back(which, watcher).await?;
        }
        known.extend(self.name_back(new, watcher).await?);
        if stuck.is_empty() {
            self.check_specifications().await?;
        }
        let mut undone = self.undo_pushes().await?;
        undone.stuck.append(&mut stuck);
        self.see_what_is_swapped().await?;
        let (mut aside, late) = self.settle_what_was_live(watcher).await?;
        aside.extend(self.settle_old_copies(watcher).await?);
        for which in &self.work.mapping.rebuilt() {
            collection_spec::drop(&self.work.connection, &which.next()).await?;
            collection_spec::drop(&self.work.connection, &which.merged()).await?;
            self.drop_original_of_merged(which).await?;
        }
        collection_spec::drop(&self.work.connection, TRIAL).await?;
        let strays = self.strays_of_going_back().await?;
        // A stray's bookings name customers: the links say whose they are.
        if aside.is_empty() && strays.is_empty() {
            for name in [LINKS, RETIRED, SET_ASIDE] {
                collection_spec::drop(&self.work.connection, name).await?;
            }
            for which in &self.work.mapping.rebuilt() {
                if let Some(side) = which.side_collection() {
                    collection_spec::drop(&self.work.connection, &side).await?;
                }
            }
        } else {
            aside.extend(self.let_go_of_users_aside().await?);
        }
        let record = self.run.rollback_record().unwrap_or_default();
        if let Some(record) = &mut self.run.record {
            record.outcome = Outcome::RolledBack;
        }
        self.save().await?;
        self.end_lease().await?;
        self.surveyed = None;
        self.see_what_is_swapped().await?;
        let mut done = rolled_back(record, aside, &late, &strays, &known);
        done.complete &= undone.tell(&mut done.says, &mut done.aside, new == New::Discard);
        Ok(done)
    }

    /// A rollback needs no plan: only that the run is the one that was confirmed.
    async fn pass_rollback(
        &mut self,
        confirmed: &Confirmed<RollBack>,
        watcher: &Watcher,
    ) -> Result<()> {
        if confirmed.database() != self.work.connection.place.database {
            return Err(StepError::Shut(crate::domain::gate::Shut::Wrong(
                self.work.connection.place.database.clone(),
            )));
        }
        let missing = confirmed.action().missing(self, watcher).await?;
        match missing.into_iter().next() {
            Some(first) => Err(StepError::NotReady(first)),
            None => Ok(()),
        }
    }

    /// Everything up to the first rename: looks what changed, refuses or merges, and journals. Returns what has to be said.
    async fn begin_rollback(
        &mut self,
        new: New,
        late_originals: Vec<String>,
        watcher: &Watcher,
    ) -> Result<Vec<String>> {
        let mut says = Vec::new();
        let since = watch::begin(&self.work.connection).await?;
        let live = self.live_fingerprints(watcher).await?;
        let mut record = RollbackRecord {
            new,
            merged: self
                .run
                .rollback_record()
                .map(|record| record.merged)
                .unwrap_or_default(),
            late_originals,
            ..RollbackRecord::default()
        };
        if new != New::Discard && self.differs_from_proved(&live) {
            let create_users = new == New::Keep { create_users: true };
            let held = Held::new();
            let carrying = Carrying::new(self, (create_users, &held), Copies::new(), watcher);
            let (carried, _) = carrying.run().await?;
            if new == New::Refuse && !carried.kept.is_empty() {
                return Err(self.refused(&carried.kept));
            }
            if let New::Keep { .. } = new {
                says = self.drop_hand_made_indexes().await?; // for the merged copies
                self.give_originals_their_indexes().await?;
                self.keep_rollback(record.clone()).await?;
                let merging = self.merge(carried, create_users, watcher);
                let kept = match Box::pin(merging).await {
                    Ok(kept) => kept,
                    // What is written meanwhile is live and not in what comes back, so the proof fails: say the cause, not the effect.
                    Err(error @ StepError::Findings(_)) => {
                        return Err(self.still_written(&since).await?.unwrap_or(error));
                    }
                    Err(error) => return Err(error),
                };
                record.merged = self
                    .run
                    .rollback_record()
                    .map(|record| record.merged)
                    .unwrap_or_default();
                record.kept = Some(kept);
            }
        }
        if !matches!(new, New::Keep { .. }) {
            record.merged.clear();
        }
        if self.live_fingerprints(watcher).await? != live {
            return Err(self.still_written(&since).await?.unwrap_or_else(|| {
                StepError::NotReady("something was written while the rollback was prepared, so the application still runs. Nothing was renamed. Stop it, then run the same command again".to_owned())
            }));
        }
        record.live = live;
        record.began = true;
        self.keep_rollback(record).await?;
        Ok(says)
    }

    /// Writes the rollback's part of the run record.
    pub(crate) async fn keep_rollback(&mut self, rollback: RollbackRecord) -> Result<()> {
        if let Some(record) = &mut self.run.record {
            record.rollback = Some(rollback);
        }
        self.save().await
    }

    /// That the application writes while a rollback is prepared, how much, and how it is stopped; `None` where the server shows no write.
    async fn still_written(&self, since: &WatchStart) -> Result<Option<StepError>> {
        let seen = watch::since(&self.work.connection, since, Duration::ZERO).await?;
        let Seen::Writes(writes) = seen else {
            return Ok(None);
        };
        if writes.is_empty() {
            return Ok(None);
        }
        Ok(Some(StepError::NotReady(format!(
            "the application still writes: {} since this rollback began. Nothing was renamed, and what is live is unchanged by us. Stop it (end its processes, or block writes in the console at “Stop the application”), then run the same command again; {}",
            in_words(&writes),
            self.work.who_is_connected().await
        ))))
    }

    fn refused(&self, kept: &Kept) -> StepError {
        let command = format!(
            "ringfence rollback --confirm {}",
            self.work.connection.place.database
        );
        StepError::Findings(format!(
            "the application wrote since the cut-over ({}). Nothing was changed. To go back and keep that: `{command} --keep-new` (it is carried onto the originals). To go back and give it up: `{command} --discard-new` (it stays aside in _ringfence_rolled_back_*)",
            kept.found_lines().join("; ")
        ))
    }

    /// Fingerprints of the collections that a rollback moves.
    pub(crate) async fn live_fingerprints(
        &self,
        watcher: &Watcher,
    ) -> Result<BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        if !self.layout.is_any_swapped() {
            return Ok(all);
        }
        for which in &self.work.mapping.rebuilt() {
            let live = self.layout.live(which);
            watcher.says(&format!("comparing {live} with what was proved"), 0, 0);
            let hash = identity::fingerprint(&self.work.connection, live, &watcher.cancel)
                .await?
                .text();
            all.insert(which.key().to_owned(), hash);
        }
        // What was live before a later swap holds what the application wrote until then.
        for (name, hash, proved) in self.old_fingerprints(watcher).await? {
            let same = proved.as_ref() == Some(&hash);
            all.insert(name, if same { AS_PROVED.to_owned() } else { hash });
        }
        Ok(all)
    }

    pub(crate) fn differs_from_proved(&self, live: &BTreeMap<String, String>) -> bool {
        self.work.mapping.rebuilt().iter().any(|which| {
            let proved = self.run.collection(which).proved;
            self.layout.is_swapped(which)
                && (proved.is_none() || proved.as_ref() != live.get(which.key()))
                || self
                    .run
                    .collection(which)
                    .old
                    .iter()
                    .any(|old| live.get(&old.name).is_some_and(|hash| hash != AS_PROVED))
        })
    }

    async fn swap_back(&self, which: &Rebuilt, watcher: &Watcher) -> Result<()> {
        if self.swap_merged(which, watcher).await? {
            return Ok(());
        }
        let record = self.run.collection(which);
        let Some(prepared) = record.next.as_deref().filter(|_| record.swap_began) else {
            return Ok(());
        };
        watcher.says(
            &format!("renaming the original of {} back", which.live()),
            0,
            0,
        );
        let (next, before) = (which.next(), which.before());
        let swap = Swap {
            live: which.live(),
            to: which.to(),
            next: &next,
            before: &before,
            original: record.original.as_deref(),
            prepared,
        };
        swap::back(
            &self.work.connection,
            swap,
            &self.run.rolled_back_name(which),
        )
        .await?;
        if record.original.is_some() {
            self.work.set_true_ttls(which.live(), &record.ttl).await?;
        }
        Ok(())
    }

    /// Drops what was live where it is what was proved, and keeps it aside otherwise. Also returns what changed after the rollback began.
    async fn settle_what_was_live(&self, watcher: &Watcher) -> Result<(Vec<String>, Vec<String>)> {
        let (mut aside, mut late) = (Vec::new(), Vec::new());
        let live = self.run.rollback_record().unwrap_or_default().live;
        for which in self.work.mapping.rebuilt().iter().rev() {
            let name = match self.layout.put_aside(which) {
                Some(name) => name.to_owned(),
                None => self.run.rolled_back_name(which),
            };
            if collection_spec::load(&self.work.connection, &name)
                .await?
                .is_none()
            {
                continue;
            }
            let hash = identity::fingerprint(&self.work.connection, &name, &watcher.cancel)
                .await?
                .text();
            let proved = self.run.collection(which).proved;
            if proved.as_deref() == Some(&hash) {
                collection_spec::drop(&self.work.connection, &name).await?;
                continue;
            }
            if live.get(which.key()).is_some_and(|began| *began != hash) {
                late.push(name.clone());
            }
            aside.push(name);
        }
        Ok((aside, late))
    }

    /// Options and indexes of the originals, against what the run record says they were.
    async fn check_specifications(&self) -> Result<()> {
        let Some(run) = self.run.open() else {
            return Ok(());
        };
        for which in &self.work.mapping.rebuilt() {
            let known = run.collection(which);
            // What was never renamed is the application's own, with what it made there since.
            if known.original.is_none() || !known.swap_began {
                continue;
            }
            let live = collection_spec::load(&self.work.connection, which.live()).await?;
            if live.is_none_or(|spec| spec.fingerprint() != known.specification) {
                return Err(StepError::Findings(format!(
                    "the documents of {} are back, but its options or indexes differ from those before the cut-over: compare them with the backup's metadata. Nothing was dropped but what had been prepared",
                    which.live()
                )));
            }
        }
        Ok(())
    }
}

impl Run {
    pub(crate) fn rollback_record(&self) -> Option<RollbackRecord> {
        self.open().and_then(|run| run.rollback.clone())
    }
}

impl Workspace {
    /// Once the first rename may have been sent, only the same command goes on.
    fn require_same(&self, record: &RollbackRecord, new: New) -> Result<()> {
        if record.new == new {
            return Ok(());
        }
        let database = &self.connection.place.database;
        Err(StepError::NotReady(format!(
            "a rollback is half done, and it was begun with another choice. Nothing was changed by this command; finish that one: `ringfence rollback --confirm {database}{}`",
            record.new.option()
        )))
    }
}

impl Gated for RollBack {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let list = session.work.mapping.rebuilt();
        let swapped = list.iter().filter(|it| session.layout.is_swapped(it));
        let mut lines: Vec<_> = swapped
            .map(|which| format!("rename the original of {} back", which.live()))
            .collect();
        lines.push(
            "drop the prepared copies; links and quarantine too, unless something that was written since has to stay aside"
                .to_owned(),
        );
        lines.extend(session.will_undo_pushes());
        lines.extend(session.will_drop_hand_made().await?);
        match self.0 {
            New::Refuse => {}
            New::Keep { create_users } => {
                lines.push("what the application wrote since the cut-over is merged into copies of the originals, and those become live; the originals that they stand for are dropped then (the backup has them), and what is live now stays aside in _ringfence_rolled_back_*".to_owned());
                if create_users {
                    lines.push("each customer that the application made gets a user without a password".to_owned());
                }
            }
            New::Discard => lines.push("what the application wrote since the cut-over stays aside in _ringfence_rolled_back_* and leaves the live data".to_owned()),
        }
        for (then, now) in session.work.mapping.renamed_only() {
            if session.layout.now(&then) != then {
                let (then, now) = (named(&then), named(&now));
                let stays = if self.0 == New::Discard {
                    ": it was only renamed, so --discard-new cannot take that out"
                } else {
                    ""
                };
                lines.push(format!(
                    "rename {now} back to {then}, with what was written to it since{stays}"
                ));
            }
        }
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        let kept = session.kept_without_a_run();
        Ok(match session.run.latest() {
            Some(run) if run.outcome == Outcome::Open => kept.into_iter().collect(),
            Some(run) if run.outcome == Outcome::Finished => vec![format!(
                "run {} is finished and its originals are deleted, so they cannot be renamed back. What was there before is in its backup: `ringfence restore --from {} --replace --confirm {}`{}",
                run.id,
                run.backup
                    .as_ref()
                    .map_or("FOLDER", |backup| backup.path.as_str()),
                session.work.connection.place.database,
                kept_files::unless_gone(Some(run))
            )],
            _ => {
                vec![kept.unwrap_or_else(|| {
                    "no run is open, so there is nothing to roll back".to_owned()
                })]
            }
        })
    }

    fn way_back(self, _: &Session) -> String {
        "apply again: the same plan gives the same result".to_owned()
    }
}
