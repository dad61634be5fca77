//! Starting steps: which ask first, which open a gate, which want a note.

use super::conflicts::Filter;
use super::editor::Editor;
use super::layer::{Layer, Note, Question};
use super::log::Weight;
use super::message::{Effect, Job, Request};
use super::model::{Model, Pane};
use super::progress::Running;
use super::update::ask;
use crate::domain::checklist::{Step, Touch};
use crate::domain::gate::{Confirmed, Destructive};

/// What stands behind a step's gate.
pub(super) fn destructive(step: Step) -> Option<Destructive> {
    match step {
        Step::CutOver => Some(Destructive::CutOver),
        Step::CleanUsers => Some(Destructive::CleanUsers),
        Step::DeleteOriginals => Some(Destructive::Finish),
        _ => None,
    }
}

/// The step behind an action's gate.
pub(super) fn step_of(action: Destructive) -> Option<Step> {
    Step::ALL
        .iter()
        .copied()
        .find(|step| destructive(*step) == Some(action))
}

/// Runs a step, or does what must come before: a question, a gate, a note.
pub(super) fn run(model: &mut Model, step: Step) -> Vec<Effect> {
    let blockers = model.conflicts.undecided_blockers();
    if step == Step::Review && blockers > 0 {
        model.pane = Pane::Conflicts;
        model.conflicts.set_filter(Filter {
            undecided: true,
            ..Filter::default()
        });
        model.say(
            Weight::Warning,
            format!("{blockers} blockers wait for your answer: a accepts the suggestion, A all of a kind, F shows all"),
        );
        return Vec::new();
    }
    if let Some(action) = destructive(step) {
        return ask(model, Request::Gate(action));
    }
    match step.touch() {
        Touch::Note => note(model, step),
        Touch::Aside if !model.may_write => {
            model
                .layers
                .push(Layer::Question(Question::FirstWrite(step)));
            Vec::new()
        }
        _ => start(model, Job::Step(step), None),
    }
}

/// Opens the text area for a note; keeping one writes to the run record, so the first write asks here too.
pub(super) fn note(model: &mut Model, step: Step) -> Vec<Effect> {
    model.layers.push(if model.may_write {
        Layer::Note(Note {
            step,
            editor: Editor::area(),
            complaint: None,
            sent: false,
        })
    } else {
        Layer::Question(Question::FirstNote(step))
    });
    Vec::new()
}

/// Starts a job.
pub(super) fn start(model: &mut Model, job: Job, confirmed: Option<Confirmed>) -> Vec<Effect> {
    let request = match (job, confirmed) {
        (Job::Step(step), confirmed) => Request::Run { step, confirmed },
        (Job::RollBack, Some(confirmed)) => Request::RollBack(confirmed),
        (Job::RollBack, None) => return Vec::new(), // only a gate leads to a roll back
    };
    model.running = Some(Running::new(job, model.now));
    model.follows = true;
    model.note_in_log(Weight::Info, &format!("{}: begins", job.title()));
    vec![Effect::Ask(request)]
}
