//! The four sentences that are always on screen: what is true now, what happens next, what it will destroy, and how to get back.

use super::commands::about::quoted;
use super::commands::ids::{CANCEL, QUIT, ROLL_BACK};
use super::message::Job;
use super::panes;
use super::panes::checklist::{Checklist, RUN};
use super::panes::pane::PaneCommands;
use super::shared::Shared;
use crate::domain::checklist::{Leaves, State, Step, Touch};

/// The four sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// What is true of the data.
    pub now: String,
    /// What happens next, and which key does it.
    pub next: String,
    /// What that will destroy.
    pub destroys: String,
    /// How to get back.
    pub back: String,
}

/// The situation of the console.
pub fn of(shared: &Shared) -> Situation {
    Situation {
        now: now(shared),
        next: next(shared),
        destroys: match (&shared.running, shared.next_step()) {
            (Some(running), _) => job_destroys(running.job).to_owned(),
            (None, Some(step)) => step.destroys().to_owned(),
            (None, None) => "nothing".to_owned(),
        },
        back: back(shared),
    }
}

/// What the last step left that changed what is true of the data; whether or not something under it changed since.
fn left(shared: &Shared) -> Option<&'static Leaves> {
    let happened = |step: &&Step| {
        let state = shared.facts.status(**step).map(|status| status.state);
        matches!(state, Some(State::Done | State::Stale))
    };
    let mut done = Step::ALL.iter().rev().filter(happened);
    done.find_map(|step| step.row().leaves.as_ref())
}

fn now(shared: &Shared) -> String {
    if shared.facts.statuses.is_empty() {
        return "not known yet: the state is being read from the database".to_owned();
    }
    let data = left(shared).map_or(
        "the live data is untouched; nothing is prepared",
        |leaves| leaves.now,
    );
    let blockers = shared.facts.undecided_blockers();
    match blockers {
        0 => data.to_owned(),
        1 => format!("{data}; 1 blocker is undecided"),
        _ => format!("{data}; {blockers} blockers are undecided"),
    }
}

fn next(shared: &Shared) -> String {
    if shared.engine_ended.is_some() {
        return format!(
            "leave with {} and start again: the console opens where the data stands",
            shared.key(QUIT)
        );
    }
    if let Some(running) = &shared.running {
        return if running.cancelling {
            format!("{} ends after this batch", running.job.title())
        } else {
            format!(
                "{} runs; {} ends it between two batches",
                running.job.title(),
                shared.key(CANCEL)
            )
        };
    }
    let Some(step) = shared.next_step() else {
        return match shared
            .facts
            .statuses
            .iter()
            .find(|status| status.state == State::Pending)
        {
            Some(status) => format!(
                "{} {} waits: {}",
                status.step.number(),
                status.step.title(),
                status.says
            ),
            None => format!(
                "nothing is left to do; {} leaves and offers the report",
                shared.key(QUIT)
            ),
        };
    };
    let how = match step.touch() {
        Touch::ReadOnly => "reads only",
        Touch::Aside => "writes beside the live data",
        Touch::Gate => "changes the live data, behind a gate",
        Touch::Note => "yours to do, then noted",
    };
    let again = match shared.state(step) {
        State::Stale => " again",
        State::Failed => ", which failed,",
        State::Stopped => ", which you stopped,",
        State::Refused => ", which was refused,",
        State::Pending | State::Ready | State::Running | State::Done | State::Skipped => "",
    };
    format!(
        "{} {}{again} ({how}); {} on it",
        step.number(),
        step.title(),
        shared.key(RUN)
    )
}

fn job_destroys(job: Job) -> &'static str {
    match job {
        Job::Step(step) => step.destroys(),
        Job::RollBack => "what the migration made live; the originals come back",
    }
}

/// How to get back from where the data stands.
fn back(shared: &Shared) -> String {
    let back = left(shared).map_or("nothing to undo", |leaves| leaves.back);
    back.replace("{roll-back}", shared.key(ROLL_BACK))
}

/// What stands in a pane while nothing was surveyed.
pub fn not_surveyed(shared: &Shared) -> String {
    format!(
        "Nothing was surveyed yet: press {}, then {} on {}.",
        panes::digit(Checklist::ID),
        shared.key(RUN),
        quoted(Step::Survey)
    )
}
