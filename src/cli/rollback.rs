//! `rollback`, `finish`, `purge`: the ways out of a run, each behind its gate.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::apply::{check_confirmation, open_gate};
use super::place::PlaceArguments;
use super::{output, progress};
use crate::domain::checklist::Step;
use crate::domain::ending::Ending;
use crate::domain::gate::{Destructive, New};
use crate::domain::run::Outcome;
use crate::engine::rolled_back::RolledBack;
use crate::engine::session::Session;
use crate::engine::{Result, StepError};

/// The key of a gate.
#[derive(Debug, Args)]
pub struct Confirmation {
    /// The database's name, typed again
    #[arg(long, value_name = "DB")]
    pub(super) confirm: Option<String>,
}

/// Arguments of `finish`.
#[derive(Debug, Args)]
pub struct FinishArguments {
    #[command(flatten)]
    key: Confirmation,
    /// Finish although an original is gone or was changed, so that the way back is lost already
    #[arg(long)]
    accept_lost_originals: bool,
}

/// Arguments of `rollback`.
#[allow(clippy::struct_excessive_bools)] // each is a flag of the command line
#[derive(Debug, Args)]
pub struct RollbackArguments {
    #[command(flatten)]
    key: Confirmation,
    /// Go back although the application wrote since the cut-over; what it wrote is carried back (exit 2 when some of it cannot be)
    #[arg(long, conflicts_with = "discard_new")]
    keep_new: bool,
    /// With --keep-new: make a user, without a password, for each customer that the application made
    #[arg(long, requires = "keep_new")]
    create_users: bool,
    /// Go back although the application wrote since the cut-over; what it wrote stays aside
    #[arg(long)]
    discard_new: bool,
    /// The run's record is gone, or the database was restored: rename back each original that equals the backup; what is live goes aside
    #[arg(long, requires = "backup", conflicts_with_all = ["keep_new", "discard_new"])]
    without_record: bool,
    /// With --without-record: the backup that the run took
    #[arg(long, value_name = "D", requires = "without_record")]
    backup: Option<PathBuf>,
}

pub(super) async fn run(place: &PlaceArguments, arguments: RollbackArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    check_confirmation(&session, arguments.key.confirm.as_deref())?;
    if let Some(backup) = arguments.backup.filter(|_| arguments.without_record) {
        let action = Destructive::RollBackUnrecorded;
        let confirmed = open_gate(&mut session, action, arguments.key.confirm.as_deref()).await?;
        let (watcher, task) = progress::watch(place, &session, "rollback");
        let outcome = session
            .roll_back_without_record(confirmed, &backup, &watcher)
            .await;
        return tell(place, task, outcome);
    }
    if let Some(run) = ended(&session, Outcome::RolledBack)
        && session.kept_without_a_run().is_none()
    {
        answer(
            place,
            &format!(
                "run {run} is rolled back already: the originals are live, nothing is left to do"
            ),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let new = match (arguments.keep_new, arguments.discard_new) {
        (true, _) => New::Keep {
            create_users: arguments.create_users,
        },
        (false, true) => New::Discard,
        (false, false) => New::Refuse,
    };
    let action = Destructive::RollBack(new);
    let confirmed = open_gate(&mut session, action, arguments.key.confirm.as_deref()).await?;
    let (watcher, task) = progress::watch(place, &session, "rollback");
    let outcome = session.roll_back(confirmed, &watcher).await;
    tell(place, task, outcome)
}

/// Says what came of a rollback.
fn tell(
    place: &PlaceArguments,
    task: progress::Shown,
    outcome: Result<RolledBack>,
) -> Result<ExitCode> {
    match &outcome {
        Ok(done) if !done.complete => task.end_as(Ending::PartlyDone),
        outcome => task.end(outcome),
    }
    let done = outcome?;
    if place.json {
        output::json(&json!({
            "says": done.says, "keptAside": done.aside, "complete": done.complete,
            "changes": done.kept.as_ref().map(|kept| &kept.counts),
            "leftBehind": done.kept.as_ref().map(|kept| &kept.left),
        }));
    } else {
        output::line(&done.says);
    }
    Ok(ExitCode::from(if done.complete { 0 } else { 2 }))
}

pub(super) async fn finish(place: &PlaceArguments, arguments: FinishArguments) -> Result<ExitCode> {
    let key = arguments.key;
    let mut session = place.session().await?;
    check_confirmation(&session, key.confirm.as_deref())?;
    if let Some(run) = ended(&session, Outcome::Finished) {
        answer(
            place,
            &format!(
                "run {run} is finished already: its originals are dropped, nothing is left to do"
            ),
        );
        return Ok(ExitCode::SUCCESS);
    }
    session.require_no_strays("nothing was changed")?;
    session.require_nothing_gone()?;
    session.require_sides_whole().await?;
    let (watcher, task) = progress::watch(place, &session, "finish");
    let gate = session.gate(Destructive::Finish).await?;
    // Said before the originals go, and by a refusal too.
    for line in &gate.written {
        output::aside(&format!("written since the cut-over: {line}"));
    }
    if let Some(trouble) = session.backup_trouble() {
        output::aside(&format!(
            "{trouble}: once the originals are deleted, nothing leads back"
        ));
    }
    let confirmed = gate.confirm(key.confirm.as_deref().unwrap_or_default())?;
    if !arguments.accept_lost_originals && !gate.lost.is_empty() {
        task.end_as(Ending::Refused);
        return Err(StepError::Findings(format!(
            "{}. So the way back by a rollback is lost already. Nothing was changed. Make sure that you need no way back but the backup; then finish with `ringfence finish --confirm {} --accept-lost-originals`",
            gate.lost.join("; "),
            gate.database
        )));
    }
    for line in &gate.lost {
        output::aside(line);
    }
    let outcome = session
        .run_step(Step::DeleteOriginals, Some(confirmed), &watcher)
        .await;
    task.end(&outcome);
    let says = outcome?;
    if place.json {
        output::json(&json!({ "says": says, "writtenSince": gate.written }));
    } else {
        output::line(&says);
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn purge(place: &PlaceArguments, key: Confirmation) -> Result<ExitCode> {
    let mut session = place.session().await?;
    session.require_no_strays("nothing was changed")?;
    if let Some(trouble) = session.backup_trouble() {
        output::aside(&format!("{trouble}: what purge drops is then nowhere else"));
    }
    let confirmed = open_gate(&mut session, Destructive::Purge, key.confirm.as_deref()).await?;
    // It is over in an instant; a signal only must not end it before it has let go of the lease.
    let (_, task) = progress::watch(place, &session, "purge");
    let outcome = session.purge(confirmed).await;
    task.end(&outcome);
    answer(place, &outcome?);
    Ok(ExitCode::SUCCESS)
}

/// The latest run, if it ended so: the same command again, perhaps because the first was killed before it could answer.
fn ended(session: &Session, outcome: Outcome) -> Option<&str> {
    let run = session.run.latest()?;
    (run.outcome == outcome).then_some(run.id.as_str())
}

fn answer(place: &PlaceArguments, says: &str) {
    if place.json {
        output::json(&json!({ "says": says }));
    } else {
        output::line(says);
    }
}
