//! The four sentences that are always on screen: what is true now, what happens next, what it will destroy, and how to get back.

use super::commands::about::quoted;
use super::commands::ids::{CANCEL, QUIT, ROLL_BACK};
use super::message::Job;
use super::panes;
use super::panes::checklist::{Checklist, RUN};
use super::panes::pane::PaneCommands;
use super::shared::Shared;
use crate::domain::checklist::{State, Step};
use crate::domain::situation::{Situation as Known, step_words};

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

/// The situation as the console says it.
pub fn of(shared: &Shared) -> Situation {
    let known = shared.facts.situation.as_ref();
    Situation {
        now: known.map_or_else(
            || "not known yet: the state is being read from the database".to_owned(),
            |known| now(shared, known),
        ),
        next: next(shared),
        destroys: match (&shared.running, known) {
            (Some(running), _) => job_destroys(running.job).to_owned(),
            (None, Some(known)) => known.destroys.clone(),
            (None, None) => "nothing".to_owned(),
        },
        back: known.map_or_else(String::new, |known| known.back_by(shared.key(ROLL_BACK))),
    }
}

fn now(shared: &Shared, known: &Known) -> String {
    let data = &known.now;
    let read = &shared.facts.read;
    match shared.facts.undecided_blockers() {
        0 => format!("{data} (read {read})"),
        1 => format!("{data}; 1 blocker is undecided (read {read})"),
        blockers => format!("{data}; {blockers} blockers are undecided (read {read})"),
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
    format!(
        "{}; {} on it",
        step_words(step, shared.state(step)),
        shared.key(RUN)
    )
}

fn job_destroys(job: Job) -> &'static str {
    match job {
        Job::Step(step) => step.destroys(),
        Job::RollBack => "what the migration made live; the originals come back",
    }
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
