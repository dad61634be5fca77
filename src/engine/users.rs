//! The prepared copy of the users.

use crate::domain::mapping::Rebuilt;
use crate::domain::run::WatchStart;
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::error::{Result, StepError};
use crate::engine::prepare::Converged;
use crate::engine::session::Session;
use crate::store::watch;

/// The number that a run keeps of users without a password that hold a name and an e-mail.
pub(crate) const HOLDING: &str = "still with name and e-mail, without a password";

impl Session {
    /// Prepares and proves the copy of the users; `None` where it stands as it was proved for this plan.
    pub(crate) async fn prepare_users(&mut self, watcher: &Watcher) -> Result<Option<Converged>> {
        if !self.begin_users().await? {
            return Ok(None);
        }
        let copied = self.copy_users(watcher).await?;
        let since = watch::begin(&self.connection).await?;
        let checked = self.check_users(watcher).await?;
        self.note_users_proved(checked, since).await?;
        Ok(Some(copied))
    }

    /// Makes sure that there is a collection for the copy; false where the copy stands as it was proved for this plan.
    pub(crate) async fn begin_users(&mut self) -> Result<bool> {
        if self.is_of_this_plan(Rebuilt::User) && self.is_as_proved(Rebuilt::User).await? {
            return Ok(false);
        }
        self.ensure_next(Rebuilt::User).await?;
        Ok(true)
    }

    /// Makes the copy.
    pub(crate) async fn copy_users(&self, watcher: &Watcher) -> Result<Converged> {
        let converged = self.converge_users(true, watcher).await?;
        self.build_indexes(Rebuilt::User, watcher).await?;
        Ok(converged)
    }

    /// Keeps what a proof of the copy said that began at `since`, or refuses.
    pub(crate) async fn note_users_proved(
        &mut self,
        checked: Checked,
        since: WatchStart,
    ) -> Result<()> {
        if checked.wrong > 0 {
            return Err(StepError::Findings(format!(
                "the proof of the prepared users failed. The live users are unchanged:\n{}",
                checked.list()
            )));
        }
        self.note_proved(Rebuilt::User, checked.fingerprint, since);
        if let Some(record) = &mut self.record {
            record.numbers.insert(HOLDING.to_owned(), checked.holding);
        }
        self.note_prepared(Rebuilt::User).await
    }
}
