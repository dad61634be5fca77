//! Whether a command can be done now, or why not: the sentences that a disabled command shows.

use super::layer::Layer;
use super::model::Model;
use crate::domain::checklist::{State, Step, Touch};
use crate::domain::gate::Destructive;

type Verdict = Result<(), String>;

fn no(why: impl Into<String>) -> Verdict {
    Err(why.into())
}

/// Always.
#[allow(clippy::unnecessary_wraps)] // it stands in a table of such functions
pub fn anything(_: &Model) -> Verdict {
    Ok(())
}

/// The engine can be asked something.
pub fn ask(model: &Model) -> Verdict {
    if model.engine_ended.is_some() {
        return no("the engine has ended: leave with q and start again");
    }
    if model.leaving.is_some() {
        return no("the console is on its way out");
    }
    match &model.running {
        Some(running) => no(format!(
            "{} runs: wait for its end, or end it with x",
            running.job.title()
        )),
        None => Ok(()),
    }
}

/// The selected step can be run.
pub fn run(model: &Model) -> Verdict {
    ask(model)?;
    runnable(model, model.selected_step())
}

/// `step` can be run, as far as its state tells.
pub fn runnable(model: &Model, step: Step) -> Verdict {
    let Some(status) = model.status(step) else {
        return no("the state of the steps has not been read yet");
    };
    match (model.state(step), step.touch()) {
        // Where blockers hold it up, running it leads to them.
        (State::Pending, _) if step == Step::Review && model.conflicts.undecided_blockers() > 0 => {
            Ok(())
        }
        (State::Pending, _) if status.says.is_empty() => no("a step before it is missing"),
        (State::Pending, _) => no(status.says.clone()),
        (State::Running, _) => no("it runs"),
        (State::Done, Touch::Gate) => no("it is done; r rolls back"),
        _ => Ok(()),
    }
}

/// The server's write block can be asked for.
pub fn block_writes(model: &Model) -> Verdict {
    ask(model)?;
    if model.writes_blocked.is_some() {
        return no("writes are blocked already; a note on step 17 releases them");
    }
    if model.is_done(Step::BackUp) {
        return Ok(());
    }
    no("the backup comes first (step 2)")
}

/// A note can be kept on the selected step.
pub fn write_note(model: &Model) -> Verdict {
    ask(model)?;
    if model.statuses.is_empty() {
        return no("the state of the steps has not been read yet");
    }
    if model.selected_step().touch() != Touch::Note {
        return no("this step is run, not noted");
    }
    Ok(())
}

/// There is a selected business.
pub fn on_business(model: &Model) -> Verdict {
    match model.businesses.row() {
        Some(_) => Ok(()),
        None => no("no business is known: run the survey (step 1)"),
    }
}

/// There is a selected conflict.
pub fn on_conflict(model: &Model) -> Verdict {
    if model.conflicts.rows().is_empty() {
        return no(if model.overview.is_none() {
            "no conflict is known: run the survey (step 1)"
        } else {
            "the survey found no conflict"
        });
    }
    match model.conflicts.row() {
        Some(_) => Ok(()),
        None => no("no conflict passes the filter: F shows all"),
    }
}

/// The selected conflict can be answered.
pub fn decide(model: &Model) -> Verdict {
    on_conflict(model)?;
    ask(model)
}

/// Something is left to be accepted.
pub fn accept_all(model: &Model) -> Verdict {
    decide(model)?;
    match model.conflicts.undecided(None) {
        0 => no("every conflict has an answer"),
        _ => Ok(()),
    }
}

/// The selected conflict has another answer.
pub fn choose(model: &Model) -> Verdict {
    decide(model)?;
    match model.conflicts.row() {
        Some(row) if row.key.code.answers().len() < 2 => {
            no("this kind of conflict has one answer: a accepts it")
        }
        _ => Ok(()),
    }
}

/// The selected conflict has an answer to take back.
pub fn undecide(model: &Model) -> Verdict {
    decide(model)?;
    match model.conflicts.row() {
        Some(row) if row.decision.is_none() => no("it is undecided already"),
        _ => Ok(()),
    }
}

/// A decision can be taken back.
pub fn undo(model: &Model) -> Verdict {
    ask(model)?;
    match model.conflicts.review().undo {
        0 => no("nothing was decided since the console opened"),
        _ => Ok(()),
    }
}

/// A decision that was taken back can be done again.
pub fn redo(model: &Model) -> Verdict {
    ask(model)?;
    match model.conflicts.review().redo {
        0 => no("nothing was taken back"),
        _ => Ok(()),
    }
}

/// There are conflicts to filter.
pub fn filter_conflicts(model: &Model) -> Verdict {
    if model.conflicts.rows().is_empty() {
        return on_conflict(model);
    }
    Ok(())
}

/// There are businesses to filter by.
pub fn filter_business(model: &Model) -> Verdict {
    on_business(model)
}

/// A filter is set.
pub fn show_all(model: &Model) -> Verdict {
    let empty = match model.pane {
        super::model::Pane::Bookings => model.diffs.filter().is_empty(),
        _ => model.conflicts.filter.is_empty(),
    };
    if empty {
        return no("no filter is set");
    }
    Ok(())
}

/// The selected booking goes to a customer.
pub fn on_booking_with_customer(model: &Model) -> Verdict {
    ask(model)?;
    match model.diffs.entry() {
        None => no("no booking is shown"),
        Some(entry) if entry.customer.is_none() => no("this booking goes to no customer"),
        Some(_) => Ok(()),
    }
}

/// A job runs and was not told to end yet.
pub fn cancel(model: &Model) -> Verdict {
    match &model.running {
        None => no("nothing runs"),
        Some(running) if running.cancelling => no("it ends after this batch"),
        Some(_) => Ok(()),
    }
}

/// There is something to roll back, as far as the steps tell.
pub fn roll_back(model: &Model) -> Verdict {
    ask(model)?;
    if model.is_done(Step::DeleteOriginals) {
        return no("the originals are deleted: only `ringfence restore` leads back");
    }
    let begun = Step::ALL.iter().any(|step| {
        matches!(
            step,
            Step::CreateCustomers | Step::ReassignBookings | Step::CutOver | Step::CleanUsers
        ) && !matches!(model.state(*step), State::Pending | State::Ready)
    });
    if !begun {
        return no("nothing to roll back: the live data is untouched");
    }
    Ok(())
}

/// There is a banner.
pub fn whole_message(model: &Model) -> Verdict {
    match &model.banner {
        Some(_) => Ok(()),
        None => no("there is no message"),
    }
}

/// Nothing runs that leaving would cut off.
pub fn quit(model: &Model) -> Verdict {
    match &model.running {
        Some(running) => no(format!(
            "{} runs: end it with x first, then leave",
            running.job.title()
        )),
        None => Ok(()),
    }
}

/// The report can be written.
pub fn export_and_leave(model: &Model) -> Verdict {
    if model.leaves_after_export {
        return no("the report is being written");
    }
    ask(model)
}

/// Nothing runs that a stop would freeze in the middle of a batch.
pub fn suspend(model: &Model) -> Verdict {
    match &model.running {
        Some(running) => no(format!(
            "{} runs: suspending would freeze it in the middle of a batch; end it with x first",
            running.job.title()
        )),
        None => Ok(()),
    }
}

/// The gate on top is that of a roll back.
pub fn discard(model: &Model) -> Verdict {
    match model.layers.last() {
        Some(Layer::Gate(layer)) if matches!(layer.gate.action, Destructive::RollBack(_)) => {
            ask(model)
        }
        _ => no("this gate has no such choice"),
    }
}
