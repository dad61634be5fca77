//! Step 10, clean up users: the copy that step 8 prepared and proved, brought up to date where somebody wrote since, and a swap. Step 11 counts what a retirement would be about, and removes nothing.

use super::check::Checked;
use super::error::{Result, StepError};
use super::prepare::{Converged, did};
use super::session::Session;
use super::{Watcher, counted};
use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::invariant::holds_contact;
use crate::domain::mapping::Rebuilt;
use crate::domain::run::WatchStart;
use crate::store::scan::{self, Scan};
use crate::store::watch;

/// The number that a run keeps of users without a password that hold a name and an e-mail.
const HOLDING: &str = "still with name and e-mail, without a password";

pub(super) async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    if session.surveyed.is_none() {
        session.survey(watcher).await?;
    }
    session
        .pass(confirmed, Destructive::CleanUsers, watcher)
        .await?;
    let began = session.has_moved(Rebuilt::User);
    let mut done = String::new();
    if !began {
        // The gate's conditions have compared the backup with the original, or looked into the log for it.
        if let Some(converged) = session.prepare_users(watcher).await? {
            session.require_backed_up(Rebuilt::User, &converged)?;
            done = format!("; {}", did(converged.tally));
        }
        session.journal_swap(Rebuilt::User).await?;
    }
    let strays = session.swap_forward(Rebuilt::User).await?;
    session.dress(Rebuilt::User).await?;
    session.see_what_is_swapped().await?;
    session.refuse_strays(&strays).await?;
    if !session.is_as_proved(Rebuilt::User).await? {
        refuse_late_writes(session, watcher).await?;
    }
    Ok(format!(
        "contact fields that were copied have left {}{done}",
        session.mapping.user.collection
    ))
}

impl Session {
    /// Prepares and proves the copy of the users; `None` where it stands as it was proved for this plan.
    pub(super) async fn prepare_users(&mut self, watcher: &Watcher) -> Result<Option<Converged>> {
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
    pub(super) async fn begin_users(&mut self) -> Result<bool> {
        if self.is_of_this_plan(Rebuilt::User) && self.is_as_proved(Rebuilt::User).await? {
            return Ok(false);
        }
        self.ensure_next(Rebuilt::User).await?;
        Ok(true)
    }

    /// Makes the copy.
    pub(super) async fn copy_users(&self, watcher: &Watcher) -> Result<Converged> {
        let converged = self.converge_users(true, watcher).await?;
        self.build_indexes(Rebuilt::User, watcher).await?;
        Ok(converged)
    }

    /// Keeps what a proof of the copy said that began at `since`, or refuses.
    pub(super) async fn note_users_proved(
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

/// Compares users with what the original, frozen now, gives.
async fn refuse_late_writes(session: &Session, watcher: &Watcher) -> Result<()> {
    let late = session.converge_users(false, watcher).await?;
    match late.tally.changes() {
        0 => Ok(()),
        late => Err(StepError::Findings(format!(
            "users are swapped, but {late} of them differ from what the frozen original gives: something wrote during it. Do not start the application; `ringfence rollback` goes back"
        ))),
    }
}

/// Counts password-less users that still hold a name and an e-mail; what the proof counted stands where nobody wrote since.
pub(super) async fn still_holding(session: &mut Session, watcher: &Watcher) -> Result<String> {
    let role = &session.mapping.user;
    let known = session.open_run().and_then(|run| run.numbers.get(HOLDING));
    let count = match known {
        Some(count)
            if session.is_swapped(Rebuilt::User) && session.is_as_proved(Rebuilt::User).await? =>
        {
            *count
        }
        _ => {
            let mut count = 0;
            let fields = [&role.password, &role.name, &role.email].map(String::to_owned);
            let scan = Scan {
                fields: fields.to_vec(),
                ..Scan::default()
            };
            let place = (&session.connection.database, None);
            scan::each(place, &role.collection, &scan, &watcher.cancel, |user| {
                count += u64::from(holds_contact(role, user));
                Ok(())
            })
            .await?;
            count
        }
    };
    let referenced = session.surveyed.as_ref().map(|surveyed| {
        let paths = surveyed.survey.referenced.keys();
        paths.cloned().collect::<Vec<_>>().join(", ")
    });
    let referenced = match referenced.as_deref() {
        None | Some("") => String::new(),
        Some(paths) => format!("; some are referred to by {paths}"),
    };
    Ok(format!(
        "{} still hold a name and an e-mail in {}; they were left there, removing them is not part of this version{referenced}",
        counted(count, "password-less user", "password-less users"),
        role.collection
    ))
}
