//! Review conflicts: the decisions, their file, and the plan with its hash.

use crate::domain::checklist::State;
use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::rebuilt::Group;
use crate::domain::run::RunRecord;
use crate::engine::Watcher;
use crate::engine::counted;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::step_file::{File, recorded};
use crate::store::private_file;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    session.require_decided()?;
    session.ask_schema_of_mapping(watcher).await?;
    let plan = session.plan()?;
    let conflicts = session.surveyed()?.conflicts.len() as u64;
    let decided = session.decided_lines()?;
    let record = session.begin_run().await?;
    record.decided = decided;
    let hash = plan.hash.clone();
    record.plan = Some(plan.clone());
    record.keep_changes();
    let record = record.clone();
    let folder = session.run_folder(&record);
    private_file::create_folder(&folder)?;
    crate::engine::decisions::write_plan(&folder.join("plan.json"), &plan)?;
    session.save().await?;
    Ok(format!(
        "plan {} over {}",
        &hash[..12],
        counted(conflicts, "conflict", "conflicts")
    ))
}

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    if session.is_live(Group::CutOver) {
        return recorded(run, Step::Review);
    }
    let Some(surveyed) = session.surveyed.as_ref() else {
        return recorded(run, Step::Review);
    };
    let undecided = session
        .answers
        .decisions
        .undecided_blockers(&surveyed.conflicts);
    let undecided = undecided.count() as u64;
    if undecided > 0 {
        let blockers = counted(undecided, "blocker", "blockers");
        return Some((State::Ready, format!("{blockers} to decide")));
    }
    let asks = surveyed
        .blueprint
        .departures
        .not_accepted(&session.answers.decisions.accepted);
    if let Some((code, bookings)) = asks.first() {
        let bookings = counted(*bookings, "booking", "bookings");
        return Some((
            State::Ready,
            format!("{code}: {bookings} would leave the application; confirm the number"),
        ));
    }
    if let Some(first) = surveyed.blueprint.obstacles.first() {
        return Some((State::Failed, first.clone()));
    }
    let now = session.plan_hash();
    Some(match run.and_then(RunRecord::plan_hash) {
        Some(hash) if hash != now => (
            State::Stale,
            "decisions or conflicts changed since the plan was made".to_owned(),
        ),
        Some(hash) if run.is_some_and(|run| run.is_done(Step::Review)) => {
            (State::Done, format!("plan {}", &hash[..12.min(hash.len())]))
        }
        _ => (
            State::Ready,
            "every blocker has an answer; make the plan".to_owned(),
        ),
    })
}
