//! What must hold before a destructive step, asked when its gate opens and again by its effect.

use super::error::{Result, StepError};
use super::patience::patiently;
use super::session::Session;
use super::{Watcher, counted};
use crate::domain::checklist::Step;
use crate::domain::forecast::Forecast;
use crate::domain::gate::{Confirmed, Destructive, Gate, New};
use crate::domain::mapping::{LINKS, QUARANTINE, Rebuilt};
use crate::domain::reference::leaving;
use crate::domain::run::{Outcome, WatchStart};
use crate::store::{collection_spec, identity, scan, watch, write_block};

impl Session {
    /// Opens the gate of `action`: what it will do, and what is missing.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn gate(&mut self, action: Destructive) -> Result<Gate> {
        patiently!(self, &Watcher::silent(), self.look_at_gate(action))
    }

    async fn look_at_gate(&mut self, action: Destructive) -> Result<Gate> {
        let missing = self.missing(action, &Watcher::silent()).await?;
        let place = self.connection.place.clone();
        let run = self.latest_run();
        let backup = run.and_then(|run| run.backup.as_ref()).map_or_else(
            || "none".to_owned(),
            |backup| {
                format!(
                    "{} ({}, read back)",
                    backup.path,
                    counted(backup.documents, "document", "documents")
                )
            },
        );
        let proof = match run.map(|run| run.equations.join("; ")) {
            Some(equations) if !equations.is_empty() => equations,
            _ => "not proved yet".to_owned(),
        };
        Ok(Gate {
            action,
            host: place.host,
            replica_set: place.replica_set,
            database: place.database,
            plan_hash: self.plan_hash(),
            will_do: self.will_do(action).await?,
            backup,
            proof,
            way_back: self.way_back(action),
            missing,
        })
    }

    /// The hash of the plan of the moment; empty before a survey.
    pub(super) fn plan_hash(&self) -> String {
        self.plan().map(|plan| plan.hash).unwrap_or_default()
    }

    async fn will_do(&self, action: Destructive) -> Result<Vec<String>> {
        let count =
            |name: String| async move { scan::rough_count(&self.connection.database, &name).await };
        let swap = |which: Rebuilt| {
            let (live, next, before) = (
                self.mapping.live(which),
                self.mapping.next(which),
                self.mapping.before(which),
            );
            async move {
                let prepared = scan::rough_count(&self.connection.database, &next).await;
                format!(
                    "rename {live} → {before}, {next} → {live} ({})",
                    counted(prepared, "document", "documents")
                )
            }
        };
        Ok(match action {
            Destructive::BlockWrites => vec![
                format!(
                    "refuse the writes of every user without bypassWriteBlockingMode, in every database of this cluster: {}",
                    self.connection.database_names().await.join(", ")
                ),
                "it holds across restarts, until it is released; index builds under way are aborted".to_owned(),
            ],
            Destructive::CutOver => {
                let renames = vec![
                    swap(Rebuilt::Customer).await,
                    swap(Rebuilt::Booking).await,
                    format!(
                        "bookings then have {} and no {}",
                        self.mapping.booking.customer,
                        leaving(&self.mapping)
                    ),
                ];
                let forecast = self.open_run().and_then(Forecast::of);
                let forecast = forecast.map(|forecast| forecast.words());
                renames.into_iter().chain(forecast).collect()
            }
            Destructive::CleanUsers => vec![
                swap(Rebuilt::User).await,
                format!(
                    "{} leave the users whose data was copied",
                    self.mapping.user.contact.join(", ")
                ),
            ],
            Destructive::RollBack(new) => {
                let mut lines: Vec<_> = Rebuilt::ALL
                    .iter()
                    .filter(|which| self.is_swapped(**which))
                    .map(|which| {
                        format!("rename the original of {} back", self.mapping.live(*which))
                    })
                    .collect();
                lines.push(
                    "drop the prepared copies; links and quarantine too, unless something that was written since has to stay aside"
                        .to_owned(),
                );
                match new {
                    New::Refuse => {}
                    New::Keep { create_users } => {
                        lines.push("what the application wrote since the cut-over is merged into copies of the originals, and those become live; the originals that they stand for are dropped then (the backup has them), and what is live now stays aside in _ringfence_rolled_back_*".to_owned());
                        if create_users {
                            lines.push("each customer that the application made gets a user without a password".to_owned());
                        }
                    }
                    New::Discard => lines.push("what the application wrote since the cut-over stays aside in _ringfence_rolled_back_* and leaves the live data".to_owned()),
                }
                lines
            }
            Destructive::Finish => {
                let mut lines = Vec::new();
                for which in Rebuilt::ALL {
                    let before = self.mapping.before(which);
                    if collection_spec::load(&self.connection, &before)
                        .await?
                        .is_some()
                    {
                        lines.push(format!(
                            "drop {before} ({})",
                            counted(count(before.clone()).await, "document", "documents")
                        ));
                    }
                }
                lines
            }
            Destructive::Purge => self.purges().await?,
            Destructive::Restore => vec![
                "overwrite the collections of this database with those of the backup".to_owned(),
            ],
        })
    }

    /// What a purge drops, with counts.
    async fn purges(&self) -> Result<Vec<String>> {
        let mut lines = vec![
            format!(
                "drop {LINKS} ({})",
                counted(self.rough(LINKS.to_owned()).await, "link", "links")
            ),
            format!(
                "drop {QUARANTINE} ({})",
                counted(
                    self.rough(QUARANTINE.to_owned()).await,
                    "booking",
                    "bookings"
                )
            ),
        ];
        for name in self.kept_aside().await? {
            let documents = counted(self.rough(name.clone()).await, "document", "documents");
            lines.push(format!(
                "drop {name} ({documents}), what a rollback put aside: it is nowhere else"
            ));
        }
        lines.push(
            "drop the run record; merged-away values are then in the backup alone".to_owned(),
        );
        Ok(lines)
    }

    /// A count for a gate's text.
    async fn rough(&self, name: String) -> u64 {
        scan::rough_count(&self.connection.database, &name).await
    }

    fn way_back(&self, action: Destructive) -> String {
        let database = &self.connection.place.database;
        match action {
            Destructive::BlockWrites => format!(
                "a note on step 17, `ringfence unlock --write-block --confirm {database}`, or: {}",
                write_block::release_command(&self.connection)
            ),
            Destructive::CutOver | Destructive::CleanUsers => format!(
                "until the originals are deleted: `ringfence rollback --confirm {database}` renames them back, byte for byte (redeploy the old code before you start the application)"
            ),
            Destructive::RollBack(_) => {
                "apply again: the same plan gives the same result".to_owned()
            }
            Destructive::Finish => "none but the backup: this is the point of no return".to_owned(),
            Destructive::Purge | Destructive::Restore => "none but the backup".to_owned(),
        }
    }

    /// What does not hold yet for `action`.
    pub(super) async fn missing(
        &mut self,
        action: Destructive,
        watcher: &Watcher,
    ) -> Result<Vec<String>> {
        match action {
            Destructive::CutOver => self.missing_for_cut_over(watcher).await,
            Destructive::CleanUsers => {
                let mut missing = Vec::new();
                if !self.is_swapped(Rebuilt::Booking) {
                    missing.push("customers and bookings are not cut over (step 9)".to_owned());
                }
                let done = self
                    .open_run()
                    .is_some_and(|run| run.is_done(Step::CleanUsers));
                if done && self.is_swapped(Rebuilt::User) {
                    missing.push("users are cleaned up already".to_owned());
                }
                missing.extend(self.missing_backup(&[Rebuilt::User], watcher).await?);
                Ok(missing)
            }
            Destructive::RollBack(_) => Ok(match self.latest_run() {
                Some(run) if run.outcome == Outcome::Open => Vec::new(),
                Some(run) if run.outcome == Outcome::Finished => vec![format!(
                    "run {} is finished and its originals are deleted, so they cannot be renamed back. What was there before is in its backup: `ringfence restore --from {} --replace --confirm {}`",
                    run.id,
                    run.backup
                        .as_ref()
                        .map_or("FOLDER", |backup| backup.path.as_str()),
                    self.connection.place.database
                )],
                _ => vec!["no run is open, so there is nothing to roll back".to_owned()],
            }),
            Destructive::Finish => Ok(
                if Rebuilt::ALL.iter().all(|which| self.is_swapped(*which))
                    && self.open_run().is_some_and(|run| {
                        run.is_done(Step::CutOver) && run.is_done(Step::CleanUsers)
                    })
                {
                    Vec::new()
                } else {
                    vec!["the migration is not complete: the cut-over and the users' clean-up come first".to_owned()]
                },
            ),
            Destructive::Purge => Ok(match self.open_run() {
                Some(_) => vec!["a run is open: finish it or roll it back first".to_owned()],
                None => Vec::new(),
            }),
            Destructive::Restore => Ok(Vec::new()),
            Destructive::BlockWrites => Ok(write_block::why_not(&self.connection)
                .await?
                .into_iter()
                .collect()),
        }
    }

    async fn missing_for_cut_over(&mut self, watcher: &Watcher) -> Result<Vec<String>> {
        // Renamed is not done: validators, expiries and the last look come after the renames.
        let done = self
            .open_run()
            .is_some_and(|run| run.is_done(Step::CutOver));
        if done && self.is_swapped(Rebuilt::Booking) && self.is_swapped(Rebuilt::Customer) {
            return Ok(vec![
                "customers and bookings are cut over already".to_owned(),
            ]);
        }
        let mut missing = Vec::new();
        match self.require_decided() {
            Ok(()) => {}
            Err(StepError::Findings(why) | StepError::NotReady(why)) => missing.push(why),
            Err(other) => return Err(other),
        }
        let Some(run) = self.open_run() else {
            missing.push("no run is open: the backup comes first".to_owned());
            return Ok(missing);
        };
        if run.plan_hash() != Some(self.plan_hash().as_str()) {
            missing.push(
                "the plan of this run is not the one of the moment: review again (step 5)"
                    .to_owned(),
            );
        }
        if !run.is_done(Step::Prove) {
            missing.push("the prepared copies are not proved (step 8)".to_owned());
        }
        match run.verdict.as_ref().map(|verdict| verdict.word.as_str()) {
            Some("BLOCKED" | "QUIET") => {}
            Some(_) if self.accept_unknown => {}
            Some(word) => missing.push(format!(
                "whether the application has stopped is {word}: make sure that it has, then waive this with --accept-unknown"
            )),
            None => missing.push("nobody watched whether the application has stopped (step 3)".to_owned()),
        }
        // In the middle of a swap that was killed, the originals have moved already.
        if !Rebuilt::ALL.iter().any(|which| self.has_moved(*which)) {
            missing.extend(self.missing_backup(&Rebuilt::ALL, watcher).await?);
        }
        Ok(missing)
    }

    /// A backup whose hashes equal the originals'.
    async fn missing_backup(
        &mut self,
        collections: &[Rebuilt],
        watcher: &Watcher,
    ) -> Result<Vec<String>> {
        let Some(backup) = self.open_run().and_then(|run| run.backup.clone()) else {
            return Ok(vec!["there is no backup (step 2)".to_owned()]);
        };
        // Where nobody but us wrote since, it still is. Users and bookings are compared with it all the same, by what reads them last.
        let now = watch::begin(&self.connection).await?;
        let unchanged = self.unchanged_since_backup().await?;
        let mut missing = Vec::new();
        for which in collections {
            let live = self.mapping.live(*which);
            if self.is_swapped(*which)
                || (unchanged && *which != Rebuilt::Customer)
                || collection_spec::load(&self.connection, live)
                    .await?
                    .is_none()
            {
                continue;
            }
            watcher.says(&format!("comparing {live} with its backup"), 0, 0);
            let hash = identity::fingerprint(&self.connection, live, &watcher.cancel)
                .await?
                .text();
            if backup.fingerprints.get(live) != Some(&hash) {
                missing.push(format!(
                    "{live} is not what the backup holds: take the backup again (step 2)"
                ));
            }
        }
        let all = collections.len() == Rebuilt::ALL.len();
        if let (true, Some(record)) = (missing.is_empty() && all && !unchanged, &mut self.record)
            && let Some(backup) = &mut record.backup
        {
            backup.equal_since = Some(now);
        }
        Ok(missing)
    }

    /// True when nobody but us wrote since the backup was found equal to what is there.
    pub(super) async fn unchanged_since_backup(&mut self) -> Result<bool> {
        let looked = self.look_through_since_backup().await?;
        let unchanged = looked.is_some();
        self.note_unchanged(looked);
        Ok(unchanged)
    }

    /// From when until when nobody but us wrote, since the backup is known to be what is there; `None` where that cannot be said.
    pub(super) async fn look_through_since_backup(
        &self,
    ) -> Result<Option<(WatchStart, WatchStart)>> {
        let backup = self.open_run().and_then(|run| run.backup.as_ref());
        let Some(start) = backup.and_then(|backup| backup.equal_since.clone()) else {
            return Ok(None);
        };
        let now = self.still_unchanged(Some(&start)).await?;
        Ok(now.map(|now| (start, now)))
    }

    /// Keeps what [`Self::look_through_since_backup`] said: what was looked through once, our own writes above all, need not be looked through
    /// again.
    pub(super) fn note_unchanged(&mut self, looked: Option<(WatchStart, WatchStart)>) {
        let Some((start, now)) = looked else {
            return;
        };
        if let Some(surveyed) = &mut self.surveyed
            && surveyed.since.is_not_before(&start)
        {
            surveyed.since = now.clone();
        }
        if let Some(record) = &mut self.record {
            if record
                .watch
                .as_ref()
                .is_some_and(|it| it.is_not_before(&start))
            {
                record.watch = Some(now.clone());
            }
            if let Some(backup) = &mut record.backup {
                backup.equal_since = Some(now);
            }
        }
    }

    /// The effect's half of a gate: the token fits, the plan is still the one that was confirmed, and nothing is missing.
    pub(super) async fn pass(
        &mut self,
        confirmed: Option<Confirmed>,
        action: Destructive,
        watcher: &Watcher,
    ) -> Result<()> {
        let Some(confirmed) = confirmed
            .filter(|it| it.action() == action && it.database() == self.connection.place.database)
        else {
            return Err(StepError::Shut(crate::domain::gate::Shut::Empty(
                self.connection.place.database.clone(),
            )));
        };
        if confirmed.plan_hash() != self.plan_hash() {
            return Err(StepError::Drift(vec![
                "the plan changed since the gate was opened".to_owned(),
            ]));
        }
        match self.missing(action, watcher).await?.into_iter().next() {
            Some(first) => Err(StepError::NotReady(format!("not yet: {first}"))),
            None => Ok(()),
        }
    }
}
