//! Step 10, clean up users: the copy that step 8 prepared and proved, brought up to date where somebody wrote since, and a swap. Step 11 counts what a retirement would be about, and removes nothing.

use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::mapping::Rebuilt;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::prepare::did;
use crate::engine::session::Session;

pub(crate) async fn run(
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
