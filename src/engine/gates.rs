//! The gates: what must hold before a destructive action, asked when its gate opens and again by its effect. What is particular to an
//! action stands with it, as its [`Gated`].

use crate::domain::evidence::Evidence;
use crate::domain::gate::{Action, Confirmed, Gate, Shut};
use crate::domain::gate_lines;
use crate::domain::quiet::Fact;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::run::WatchStart;
use crate::domain::situation::Situation;
use crate::engine::error::{Result, StepError};
use crate::engine::kept_files;
use crate::engine::retry::patiently;
use crate::engine::session::{Session, Workspace};
use crate::engine::{Watcher, counted};
use crate::store::{collection_spec, identity, scan, watch};

/// An action behind a gate.
pub(crate) trait Gated: Action + Send + Sync {
    /// A plan stands behind it: it is refused when the plan changed since the gate was opened.
    const OF_A_PLAN: bool;

    /// What is missing says whether something stands where the way back leads.
    const CHECKS_WAY_BACK: bool = false;

    /// What it will do, line by line, with counts.
    fn will_do(self, session: &Session) -> impl Future<Output = Result<Vec<String>>> + Send;

    /// What does not hold yet.
    fn missing(
        self,
        session: &mut Session,
        watcher: &Watcher,
    ) -> impl Future<Output = Result<Vec<String>>> + Send;

    /// How to get back.
    fn way_back(self, session: &Session) -> String;
}

impl Session {
    /// Opens the gate of `action`: what it will do, and what is missing.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn open_gate<A: Gated>(&mut self, action: A) -> Result<Gate> {
        patiently!(self, &Watcher::silent(), self.look_at_gate(action))
    }

    async fn look_at_gate<A: Gated>(&mut self, action: A) -> Result<Gate> {
        // What another session did since is seen here, and not only by the effect.
        let mut seen = self.look_around().await?;
        let missing = action.missing(self, &Watcher::silent()).await?;
        let look = self.look_at_writers().await;
        if let Some(words) = look.written() {
            seen.writes = Some(words.clone());
        }
        let place = self.work.connection.place.clone();
        let run = self.run.latest();
        let complete = missing.is_empty();
        let backup = run.and_then(|run| run.backup.as_ref());
        let backup = backup.map(|it| (it.documents, it.verified, it.path.as_str()));
        let equations = run.map_or(&[][..], |run| &run.equations);
        let proof = gate_lines::of_proof(equations, complete, seen.writes.is_some());
        let backup = match run.and_then(kept_files::trouble) {
            Some(trouble) => Evidence::said(trouble),
            None => gate_lines::of_backup(backup, complete, seen.read),
        };
        let writers = gate_lines::of_writers(seen.view.as_ref(), &look, seen.read);
        let way_back = action.way_back(self);
        let way_back = if A::CHECKS_WAY_BACK && complete {
            Evidence::holds(format!("nothing stands in its way; {way_back}"))
        } else {
            Evidence::said(way_back)
        };
        Ok(Gate {
            action: action.destructive(),
            host: place.host,
            replica_set: place.replica_set,
            database: place.database,
            plan_hash: self.plan_hash(),
            now: Situation::of(&seen, &[]).now,
            will_do: action.will_do(self).await?,
            backup,
            proof,
            writers,
            way_back,
            lost: Vec::new(),
            written: Vec::new(),
            choices: Vec::new(),
            missing,
        })
    }

    /// The effect's half of a gate: the confirmation is of this action and database, the plan is still the one that was confirmed, and
    /// nothing is missing.
    ///
    /// # Errors
    /// What keeps the gate shut; nothing was changed then.
    pub(crate) async fn pass<A: Gated>(
        &mut self,
        confirmed: Option<Confirmed>,
        watcher: &Watcher,
    ) -> Result<Confirmed<A>> {
        let database = &self.work.connection.place.database;
        let confirmed = confirmed.ok_or_else(|| Shut::Empty(database.clone()))?;
        let confirmed = confirmed.only::<A>()?;
        if confirmed.database() != *database {
            return Err(Shut::Wrong(database.clone()).into());
        }
        if A::OF_A_PLAN && confirmed.plan_hash() != self.plan_hash() {
            return Err(StepError::Drift(vec![
                "the plan changed since the gate was opened".to_owned(),
            ]));
        }
        let missing = confirmed.action().missing(self, watcher).await?;
        match missing.into_iter().next() {
            Some(first) if A::OF_A_PLAN => Err(StepError::NotReady(format!("not yet: {first}"))),
            Some(first) => Err(StepError::NotReady(first)),
            None => Ok(confirmed),
        }
    }

    /// The hash of the plan of the moment; empty before a survey.
    pub(crate) fn plan_hash(&self) -> String {
        self.plan().map(|plan| plan.hash).unwrap_or_default()
    }

    /// A backup whose hashes equal the originals'.
    pub(crate) async fn missing_backup(
        &mut self,
        collections: &[Rebuilt],
        watcher: &Watcher,
    ) -> Result<Vec<String>> {
        let Some(backup) = self.run.open().and_then(|run| run.backup.clone()) else {
            return Ok(vec!["there is no backup (Back up)".to_owned()]);
        };
        // Where nobody but us wrote since, it still is. Users and bookings are compared with it all the same, by what reads them last.
        let now = watch::begin(&self.work.connection).await?;
        let unchanged = self.unchanged_since_backup().await?;
        let mut missing = Vec::new();
        for which in collections {
            let live = which.live();
            if self.layout.is_swapped(which)
                || (unchanged && !which.is_made_of_pairs())
                || collection_spec::load(&self.work.connection, live)
                    .await?
                    .is_none()
            {
                continue;
            }
            watcher.says(&format!("comparing {live} with its backup"), 0, 0);
            let hash = identity::fingerprint(&self.work.connection, live, &watcher.cancel)
                .await?
                .text();
            if backup.fingerprints.get(live) != Some(&hash) {
                missing.push(format!(
                    "{live} is not what the backup holds: take the backup again (Back up)"
                ));
            }
        }
        let all = collections.len() == self.work.mapping.rebuilt().len();
        if missing.is_empty() && all && !unchanged {
            self.quiet.found(Fact::BackedUp, now);
        }
        Ok(missing)
    }

    /// True when nobody but us wrote since the backup was found equal to what is there.
    pub(crate) async fn unchanged_since_backup(&mut self) -> Result<bool> {
        let looked = self.look_through_since_backup().await?;
        let unchanged = looked.is_some();
        self.note_unchanged(looked);
        Ok(unchanged)
    }

    /// From when until when nobody but us wrote, since the backup is known to be what is there; `None` where that cannot be said.
    pub(crate) async fn look_through_since_backup(
        &self,
    ) -> Result<Option<(WatchStart, WatchStart)>> {
        let backup = self.run.open().and_then(|run| run.backup.as_ref());
        let start = self.quiet.of(Fact::BackedUp).filter(|_| backup.is_some());
        let Some(start) = start.cloned() else {
            return Ok(None);
        };
        let now = self.work.still_unchanged(Some(&start)).await?;
        Ok(now.map(|now| (start, now)))
    }

    /// Keeps what [`Self::look_through_since_backup`] said: what was looked through once, our own writes above all, need not be looked through
    /// again.
    pub(crate) fn note_unchanged(&mut self, looked: Option<(WatchStart, WatchStart)>) {
        if let Some((start, now)) = looked {
            self.quiet.quiet_between(&start, &now);
        }
    }
}

impl Workspace {
    /// How to get back from a swap.
    pub(crate) fn renamed_back(&self) -> String {
        format!(
            "until the originals are deleted: `ringfence rollback --confirm {}` renames them back, byte for byte (redeploy the old code before you start the application)",
            self.connection.place.database
        )
    }

    /// A count for a gate's text.
    pub(crate) async fn rough(&self, name: &str) -> u64 {
        scan::rough_count(&self.connection.database, name).await
    }

    /// A gate's line for a swap.
    pub(crate) async fn will_swap(&self, which: &Rebuilt) -> Result<String> {
        let (live, next, before) = (which.live(), which.next(), which.before());
        let to = which.to();
        let prepared = counted(self.rough(&next).await, "document", "documents");
        let copy = format!("rename {next} → {to} ({prepared})");
        match collection_spec::load(&self.connection, live).await? {
            Some(_) => {
                let kept = counted(self.rough(live).await, "document", "documents");
                Ok(format!(
                    "rename {live} → {before} ({kept}, kept), then {copy}"
                ))
            }
            None => Ok(format!("{copy}; no {live} stands there now")),
        }
    }
}
