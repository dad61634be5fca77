//! `apply`: the checklist from backup to verify, without a console. Each step that is done already is passed over, so the same command
//! resumes, and a second run changes nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::place::PlaceArguments;
use super::survey::{migrated, warn};
use super::{output, progress};
use crate::domain::checklist::{ByApply, State, Step};
use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::plan::Plan;
use crate::domain::standstill::Standstill;
use crate::engine::decisions;
use crate::engine::session::Session;
use crate::engine::{Result, Watcher};

/// The step of `--through`.
fn step(word: &str) -> std::result::Result<Step, String> {
    Step::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Step::ALL.iter().map(|step| step.word()).collect();
        format!("no such step; there are {}", words.join(", "))
    })
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // independent words of a command line
pub struct ApplyArguments {
    /// The plan
    #[arg(long, value_name = "F")]
    plan: PathBuf,
    /// The database's name, typed again: the key of every gate
    #[arg(long, value_name = "DB")]
    confirm: Option<String>,
    /// Stop after this step
    #[arg(long, value_name = "STEP", value_parser = step, default_value = "verify")]
    through: Step,
    /// Back up and prepare the copies while the application still runs, and stop there; the next apply takes in what changed since
    #[arg(long, conflicts_with_all = ["through", "block_writes"])]
    build_ahead: bool,
    /// Go on with the run under way (apply does so anyway; without one it is an error)
    #[arg(long)]
    resume: bool,
    /// Take users who are customers and nothing else out of the users, though the plan does not say so
    #[arg(long)]
    retire_users: bool,
    /// Take this folder, which mongodump or `ringfence backup` wrote, for the run's backup; it must equal the database
    #[arg(long, value_name = "D")]
    backup: Option<PathBuf>,
    /// Let the server refuse the writes of every other user, in the whole cluster, until `unlock --write-block` (needs bypassWriteBlockingMode)
    #[arg(long)]
    block_writes: bool,
}

pub(super) async fn run(place: &PlaceArguments, arguments: ApplyArguments) -> Result<ExitCode> {
    let plan = decisions::read_plan(&arguments.plan)?;
    let mut session = place.session().await?;
    if arguments.resume && session.run.open().is_none() {
        return Err(crate::engine::StepError::NotReady(
            "no run is under way, so there is nothing to resume; leave --resume out".to_owned(),
        ));
    }
    if session.run.open().is_none() {
        // Written since the last run ended.
        session.require_no_strays("nothing was changed")?;
    }
    session.take_backup(arguments.backup.as_deref());
    let (watcher, task) = progress::watch(place, &session, "");
    let order = Order {
        confirm: arguments.confirm.as_deref(),
        through: if arguments.build_ahead {
            Step::ReassignBookings
        } else {
            arguments.through
        },
        build_ahead: arguments.build_ahead,
        block_writes: arguments.block_writes,
        retire_users: arguments.retire_users,
        quiet: place.json,
    };
    if let Some(migrated) = migrated(place, &mut session, &watcher).await? {
        task.end(&Result::Ok(()));
        return Ok(migrated);
    }
    let outcome = apply(&mut session, &plan, &order, &watcher).await;
    task.end(&outcome);
    let done = outcome?;
    let situation = session.standing().await?.situation;
    let standstill = session.run.open().and_then(Standstill::of);
    match (situation.writes, standstill) {
        (Some(writes), _) => output::aside(&format!(
            "the application wrote since it was found quiet: {writes}"
        )),
        (None, Some(standstill)) => output::aside(&standstill.words()),
        (None, None) => {}
    }
    if let Some(blocked) = session.writes_blocked_words() {
        output::aside(&blocked);
    }
    if place.json {
        output::json(&json!({ "run": session.run.latest().map(|run| &run.id), "steps": done }));
    }
    Ok(ExitCode::SUCCESS)
}

/// What was ordered on the command line.
#[allow(clippy::struct_excessive_bools)] // as above
pub(super) struct Order<'a> {
    /// What was typed for the gates.
    pub(super) confirm: Option<&'a str>,
    /// The last step.
    pub(super) through: Step,
    /// Leave out the steps that ask the application to stand still.
    pub(super) build_ahead: bool,
    /// Set the write block when the application must stop.
    pub(super) block_writes: bool,
    /// Retire customer users, whatever the plan says.
    pub(super) retire_users: bool,
    /// Say nothing on the way.
    pub(super) quiet: bool,
}

/// Runs the steps up to the last one ordered; returns what each said.
pub(super) async fn apply(
    session: &mut Session,
    plan: &Plan,
    order: &Order<'_>,
    watcher: &Watcher,
) -> Result<Vec<serde_json::Value>> {
    session.refuse_unknown_originals()?;
    session.take_plan(plan, watcher).await?;
    warn(session);
    check_confirmation(session, order.confirm)?;
    session.require_decided()?;
    if let Some(notice) = session.hold().await? {
        output::aside(&notice);
    }
    session.require_nothing_gone()?;
    if !session.layout.has_any_moved() {
        session.require_no_strays("nothing was changed")?;
    }
    let mut done = Vec::new();
    let ordered = Step::ALL.iter().filter(|step| **step <= order.through);
    for step in ordered.copied() {
        if order.build_ahead && step.row().asks_to_stop {
            continue;
        }
        let always = match step.row().by_apply {
            ByApply::Never => continue,
            ByApply::Once => false,
            ByApply::Always => true,
            ByApply::UntilRenamed => !session.layout.has_any_moved(),
        };
        // Left out before is not done, where it is asked for now.
        let asked = match step {
            Step::RetireUsers => {
                let has_users = session.mapping().has_users();
                order.retire_users && has_users && !session.has_begun_to_retire()
            }
            Step::BackUp => session.has_backup_to_take() && !session.layout.has_any_moved(),
            _ => false,
        };
        if !always && !asked && is_settled(session, step).await? {
            continue;
        }
        let says = run_step(session, step, order, watcher).await?;
        if !order.quiet {
            output::aside(&format!("{:>2} {}: {says}", step.number(), step.title()));
        }
        done.push(json!({ "step": step.word(), "says": says }));
        // A backup that was older than the last foreign write is taken again, now that it is quiet.
        if step == Step::StopApplication && !is_settled(session, Step::BackUp).await? {
            let says = run_step(session, Step::BackUp, order, watcher).await?;
            done.push(json!({ "step": Step::BackUp.word(), "says": says }));
        }
    }
    // What an application wrote aside is never passed over, however far the steps are.
    session.require_no_strays("the steps that were ordered are done")?;
    Ok(done)
}

async fn run_step(
    session: &mut Session,
    step: Step,
    order: &Order<'_>,
    watcher: &Watcher,
) -> Result<String> {
    let blocks = step == Step::StopApplication && order.block_writes;
    let retires = order.retire_users || session.retires_users() || session.has_begun_to_retire();
    let action = if blocks && session.writes_blocked().is_none() {
        Some(Destructive::BlockWrites)
    } else if step == Step::RetireUsers && !retires {
        None // it only counts then
    } else if step == Step::Schema && session.schema_step_waits() {
        Some(Destructive::UpdateSchema)
    } else {
        step.row().gate
    };
    let confirmed = match action {
        Some(action) => Some(open_gate(session, action, order.confirm).await?),
        None => None,
    };
    session.run_step(step, confirmed, watcher).await
}

/// Opens a gate with what was typed on the command line.
pub(super) async fn open_gate(
    session: &mut Session,
    action: Destructive,
    confirm: Option<&str>,
) -> Result<Confirmed> {
    check_confirmation(session, confirm)?;
    Ok(session
        .gate(action)
        .await?
        .confirm(confirm.unwrap_or_default())?)
}

/// Refuses a missing or wrong name before anything is written.
pub(super) fn check_confirmation(session: &Session, confirm: Option<&str>) -> Result<()> {
    use crate::domain::gate::Shut;
    let database = session.place().database.clone();
    match confirm {
        Some(name) if name == database => Ok(()),
        Some(_) => Err(Shut::Wrong(database).into()),
        None => Err(Shut::Empty(database).into()),
    }
}

async fn is_settled(session: &mut Session, step: Step) -> Result<bool> {
    let statuses = session.status().await?;
    Ok(statuses
        .iter()
        .any(|it| it.step == step && matches!(it.state, State::Done | State::Skipped)))
}
