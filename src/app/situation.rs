//! The four sentences that are always on screen: what is true now, what happens next, what it will destroy, and how to get back.

use super::message::Job;
use super::model::Model;
use crate::domain::checklist::{State, Step, Touch};

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

/// The situation of `model`.
pub fn of(model: &Model) -> Situation {
    Situation {
        now: now(model),
        next: next(model),
        destroys: match (&model.running, model.next_step()) {
            (Some(running), _) => job_destroys(running.job).to_owned(),
            (None, Some(step)) => destroys(step).to_owned(),
            (None, None) => "nothing".to_owned(),
        },
        back: back(model).to_owned(),
    }
}

/// A step that was done, whether or not something under it changed since.
fn happened(model: &Model, step: Step) -> bool {
    model
        .status(step)
        .is_some_and(|status| matches!(status.state, State::Done | State::Stale))
}

fn now(model: &Model) -> String {
    if model.statuses.is_empty() {
        return "not known yet: the state is being read from the database".to_owned();
    }
    let data = if happened(model, Step::DeleteOriginals) {
        "migrated; the originals are deleted"
    } else if happened(model, Step::CleanUsers) {
        "customers, bookings and users are migrated and live; the originals are kept"
    } else if happened(model, Step::CutOver) {
        "customers and bookings are migrated and live; the originals are kept"
    } else if happened(model, Step::CreateCustomers) || happened(model, Step::ReassignBookings) {
        "the live data is untouched; prepared copies stand beside it"
    } else {
        "the live data is untouched; nothing is prepared"
    };
    let blockers = model.conflicts.undecided_blockers();
    match blockers {
        0 => data.to_owned(),
        1 => format!("{data}; 1 blocker is undecided"),
        _ => format!("{data}; {blockers} blockers are undecided"),
    }
}

fn next(model: &Model) -> String {
    if model.engine_ended.is_some() {
        return "leave with q and start again: the console opens where the data stands".to_owned();
    }
    if let Some(running) = &model.running {
        return if running.cancelling {
            format!("{} ends after this batch", running.job.title())
        } else {
            format!(
                "{} runs; x ends it between two batches",
                running.job.title()
            )
        };
    }
    let Some(step) = model.next_step() else {
        return match model
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
            None => "nothing is left to do; q leaves and offers the report".to_owned(),
        };
    };
    let how = match step.touch() {
        Touch::ReadOnly => "reads only",
        Touch::Aside => "writes beside the live data",
        Touch::Gate => "changes the live data, behind a gate",
        Touch::Note => "yours to do, then noted",
    };
    let again = match model.state(step) {
        State::Stale => " again",
        State::Failed => ", which failed,",
        _ => "",
    };
    format!(
        "{} {}{again} ({how}); Enter on it",
        step.number(),
        step.title()
    )
}

fn job_destroys(job: Job) -> &'static str {
    match job {
        Job::Step(step) => destroys(step),
        Job::RollBack => "what the migration made live; the originals come back",
    }
}

/// What a step destroys.
pub fn destroys(step: Step) -> &'static str {
    match (step, step.touch()) {
        (Step::CutOver, _) => {
            "nothing: live bookings lose userId, and the originals are kept whole"
        }
        (Step::CleanUsers, _) => {
            "nothing: live users lose the contact fields that were copied; the originals are kept whole"
        }
        (Step::DeleteOriginals, _) => "THE ORIGINALS: after it, only the backup leads back",
        (_, Touch::ReadOnly) => "nothing: it only reads",
        (_, Touch::Aside) => "nothing: the application sees none of it",
        (_, Touch::Gate) => "see its gate",
        (_, Touch::Note) => "nothing: ringfence keeps your note",
    }
}

/// How to get back from where the data stands.
pub fn back(model: &Model) -> &'static str {
    if happened(model, Step::DeleteOriginals) {
        "only by restoring the backup: `ringfence restore`"
    } else if happened(model, Step::CutOver) {
        "r rolls back: the originals are renamed back at once, byte for byte"
    } else if happened(model, Step::CreateCustomers) || happened(model, Step::ReassignBookings) {
        "nothing to undo: the live data was never touched; prepared copies can stay"
    } else {
        "nothing to undo"
    }
}
