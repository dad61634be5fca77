//! Looking at where the database stands: the run record, the collections, the lease and foreign writes, read together and anew.

use crate::domain::aside::{Aside, Why};
use crate::domain::checklist::Step;
use crate::domain::rebuilt::Group;
use crate::domain::run::{Outcome, RunRecord};
use crate::domain::run_view::RunView;
use crate::domain::situation::{Seen, Swapped};
use crate::engine::error::Result;
use crate::engine::session::{Session, now};
use crate::engine::stopped::in_words;
use crate::store::run_record;

impl Session {
    /// Reads everything that the situation is made of. What another session did since is taken for true.
    pub(crate) async fn look_around(&mut self) -> Result<Seen> {
        self.take_what_others_did().await?;
        self.look_what_is_swapped().await?;
        let strays = self.layout.strays().iter();
        let strays = strays.map(|it| (it.name.clone(), it.documents)).collect();
        // Strays that were decided on were never live.
        let replaced = |it: &&Aside| matches!(it.why, Why::RolledBack(_) | Why::Restored(_));
        let aside = self.layout.aside().iter().filter(replaced);
        let held = self.work.connection.lease.is_held();
        let lease = if held {
            None
        } else {
            self.lease_standing().await?
        };
        let holder = lease.and_then(|standing| standing.holder);
        // Whoever holds the lease may be pushing, or may have been killed just now.
        let cut_off = self.cut_off_push(holder.is_some()).await?;
        let run = self.run.latest();
        Ok(Seen {
            database: self.work.connection.place.database.clone(),
            run: run.map(|run| (run.id.clone(), run.outcome)),
            swapped: self.swapped(),
            waiting: self.waiting_for_schema_step(),
            prepared: self.is_any_prepared(),
            missing: self.missing_originals(),
            gone: self.gone_in_words(),
            kept: self.layout.kept_originals().to_vec(),
            strays,
            aside: aside.map(Aside::name).collect(),
            restoring: self.half_restored(),
            ever_swapped: run_record::ever_swapped(&self.work.connection).await?,
            writes: self.foreign_writes_in_words(),
            cut_off,
            holder: holder.map(|holder| holder.words()),
            held,
            view: run.map(RunView::of),
            read: now(),
        })
    }

    /// Takes the run record as it is now, where this session does not hold the lease and another wrote it.
    async fn take_what_others_did(&mut self) -> Result<()> {
        if self.work.connection.lease.is_held() {
            return Ok(());
        }
        let found = run_record::latest(&self.work.connection).await?;
        if found != self.run.record {
            self.take_record(found);
        }
        Ok(())
    }

    /// Takes a run record that another session wrote: what was surveyed before says nothing any more.
    pub(crate) fn take_record(&mut self, found: Option<RunRecord>) {
        if let Some(run) = found.as_ref().filter(|run| run.outcome == Outcome::Open) {
            self.work.mapping = run.mapping.clone();
            self.work.connection.lease.set_run(&run.id);
        }
        self.run.record = found;
        self.take_schema_of_the_run();
        self.take_quiet_of_the_run();
        self.surveyed = None;
        self.live_watch = None;
    }

    fn swapped(&self) -> Swapped {
        let whole = |group| self.is_live(group);
        let done = |step| self.run.open().is_some_and(|run| run.is_done(step));
        // Without users there is nothing that a clean-up would swap.
        let users = self.work.mapping.has_users() && whole(Group::CleanUp);
        let begun = |group| self.layout.has_group_moved(&self.work.mapping, group);
        if begun(Group::Schema) && !whole(Group::Schema) {
            return Swapped::Half;
        }
        match (whole(Group::CutOver), users) {
            (true, true) if done(Step::CutOver) => Swapped::Users,
            (true, false) if done(Step::CutOver) => Swapped::CutOver,
            (false, false) if !self.layout.has_any_moved() => Swapped::Nothing,
            _ => Swapped::Half,
        }
    }

    fn is_any_prepared(&self) -> bool {
        let list = self.work.mapping.rebuilt_in(Group::CutOver);
        list.iter().any(|which| self.layout.is_prepared(which))
    }

    /// Live names whose original was kept and stands nowhere now.
    fn missing_originals(&self) -> Vec<String> {
        let list = self.work.mapping.rebuilt();
        let missing = list.iter().filter(|which| self.layout.is_lost(which));
        missing.map(|which| which.live().to_owned()).collect()
    }

    /// Foreign writes that were seen since writers were found to stand still.
    pub(crate) fn foreign_writes_in_words(&self) -> Option<String> {
        let live = self.live_watch.as_ref()?;
        // What was written before a rollback, or before another verdict, is no longer said.
        let still = self.is_watched_from(live.mark);
        (still && !live.writes.is_empty()).then(|| in_words(&live.writes))
    }
}
