//! The prepared copies of a later swap: those of the users, and those of a schema step of its own.

use crate::domain::rebuilt::Group;
use crate::domain::run::WatchStart;
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::converge::Tally;
use crate::store::watch;

/// The number that a run keeps of users without a password that hold a name and an e-mail.
pub(crate) const HOLDING: &str = "still with name and e-mail, without a password";

impl Session {
    /// Prepares and proves the copies of a later swap; `None` where they stand as they were proved for this plan.
    pub(crate) async fn prepare_later(
        &mut self,
        group: Group,
        watcher: &Watcher,
    ) -> Result<Option<Tally>> {
        if !self.begin_later(group, watcher).await? {
            return Ok(None);
        }
        let mut did = Tally::default();
        for which in &self.work.mapping.rebuilt_in(group) {
            let converged = self.bring_up_to_date(which, watcher).await?;
            let backed_up = self.run.require_backed_up(which, &converged);
            // An application may have run since the cut-over; the original that is kept holds what it wrote, and the gate says so.
            if backed_up.is_err() && group != Group::Schema {
                let new = self.only_new_since_backup(which, watcher).await?;
                new.map_or(backed_up, |_| Ok(()))?;
            }
            did = did.and(converged.tally);
        }
        let since = watch::begin(&self.work.connection).await?;
        let checked = self.check_group(group, watcher).await?;
        self.note_later_proved(group, &checked, since).await?;
        Ok(Some(did))
    }

    /// Makes sure that there are collections for the copies; false where they stand as they were proved for this plan.
    pub(crate) async fn begin_later(&mut self, group: Group, watcher: &Watcher) -> Result<bool> {
        let list = self.work.mapping.rebuilt_in(group);
        let of_this_plan = list.iter().all(|which| self.run.is_of_this_plan(which));
        if of_this_plan && self.is_as_proved(group).await? {
            return Ok(false);
        }
        if group == Group::CleanUp {
            self.require_nothing_refers_to_those_aside(watcher).await?;
        }
        for which in &list {
            self.ensure_next(which).await?;
        }
        Ok(true)
    }

    /// Keeps what a proof of the copies said that began at `since`, or refuses.
    pub(crate) async fn note_later_proved(
        &mut self,
        group: Group,
        checked: &Checked,
        since: WatchStart,
    ) -> Result<()> {
        if checked.wrong > 0 {
            let what = match group {
                Group::Schema => "documents",
                Group::CutOver | Group::CleanUp => "users",
            };
            return Err(StepError::Findings(format!(
                "the proof of the prepared {what} failed. The live {what} are unchanged:\n{}",
                checked.list()
            )));
        }
        self.note_proved(group, checked, since);
        if let Some(record) = self.run.record.as_mut().filter(|_| group == Group::CleanUp) {
            record.numbers.insert(HOLDING.to_owned(), checked.holding);
            record.take_users_equations(&checked.equations);
        }
        for which in &self.work.mapping.rebuilt_in(group) {
            self.note_prepared(which).await?;
        }
        Ok(())
    }
}
