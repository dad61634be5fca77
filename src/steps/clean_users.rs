//! Clean up users: the copy that was prepared and proved with the bookings, brought up to date where somebody wrote since, and a swap.

use super::File;
use crate::domain::checklist::Step;
use crate::domain::gate::{CleanUsers, Confirmed};
use crate::domain::mapping::Rebuilt;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::prepare::did;
use crate::engine::session::Session;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| {
        super::swapped_state(run, Step::CleanUsers, session.is_swapped(Rebuilt::User))
    },
    ..File::USUAL
};

async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    if session.surveyed.is_none() {
        session.survey(watcher).await?;
    }
    let confirmed = session.pass::<CleanUsers>(confirmed, watcher).await?;
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
    swap(session, confirmed, watcher).await?;
    Ok(format!(
        "contact fields that were copied have left {}{done}",
        session.mapping.user.collection
    ))
}

/// Renames, and looks once more at what was frozen.
async fn swap(session: &mut Session, _: Confirmed<CleanUsers>, watcher: &Watcher) -> Result<()> {
    let strays = session.swap_forward(Rebuilt::User).await?;
    session.dress(Rebuilt::User).await?;
    session.see_what_is_swapped().await?;
    session.refuse_strays(&strays).await?;
    if !session.is_as_proved(Rebuilt::User).await? {
        refuse_late_writes(session, watcher).await?;
    }
    Ok(())
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

impl Gated for CleanUsers {
    const OF_A_PLAN: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        Ok(vec![
            session.will_swap(Rebuilt::User).await,
            format!(
                "{} leave the users whose data was copied",
                session.mapping.user.contact.join(", ")
            ),
        ])
    }

    async fn missing(self, session: &mut Session, watcher: &Watcher) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        if !session.is_swapped(Rebuilt::Booking) {
            missing.push("customers and bookings are not cut over (Cut over)".to_owned());
        }
        let done = session
            .open_run()
            .is_some_and(|run| run.is_done(Step::CleanUsers));
        if done && session.is_swapped(Rebuilt::User) {
            missing.push("users are cleaned up already".to_owned());
        }
        missing.extend(session.missing_backup(&[Rebuilt::User], watcher).await?);
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        session.renamed_back()
    }
}
