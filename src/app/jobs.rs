//! Starting steps and roll backs: which ask first, which open a gate, which want a note.

use super::commands::about::CommandId;
use super::conflict_list::Filter;
use super::layer::{Layer, Note, Question};
use super::log::Weight;
use super::message::{Effect, Job, Request};
use super::panes::conflicts;
use super::progress::Running;
use super::shared::{Destination, Shared};
use crate::app::commands::in_several_places::SHOW_ALL;
use crate::domain::checklist::{State, Step, Touch};
use crate::domain::gate::Confirmed;

/// Runs a step, or does what must come before: a question, a gate, a note.
pub fn run(shared: &mut Shared, step: Step) -> Vec<Effect> {
    let blockers = shared.facts.undecided_blockers();
    if step == Step::Review && blockers > 0 {
        shared.destination = Some(Destination::Conflicts(Filter {
            undecided: true,
            ..Filter::default()
        }));
        let key = |id: CommandId| shared.key(id);
        let text = format!(
            "{blockers} blockers wait for your answer: {} accepts the suggestion, {} all of a kind, {} shows all",
            key(conflicts::ACCEPT),
            key(conflicts::ACCEPT_ALL),
            key(SHOW_ALL.id)
        );
        shared.say(Weight::Warning, text);
        return Vec::new();
    }
    if let Some(action) = step.row().gate {
        return shared.ask(Request::Gate(action));
    }
    match step.touch() {
        Touch::Note => note(shared, step),
        Touch::Aside if !shared.may_write => {
            shared
                .layers
                .push(Layer::Question(Question::FirstWrite(step)));
            Vec::new()
        }
        Touch::Aside | Touch::ReadOnly | Touch::Gate => start(shared, Job::Step(step), None),
    }
}

/// Opens the text area for a note; keeping one writes to the run record, so the first write asks here too.
pub fn note(shared: &mut Shared, step: Step) -> Vec<Effect> {
    // The note that stands there already, to go on with.
    let status = shared.facts.status(step);
    let noted = status.filter(|status| status.state == State::Done);
    let words = noted.map_or_else(String::new, |status| status.says.clone());
    shared.layers.push(if shared.may_write {
        Layer::Note(Note::new(step, &words))
    } else {
        Layer::Question(Question::FirstNote(step))
    });
    Vec::new()
}

/// Starts a job.
pub fn start(shared: &mut Shared, job: Job, confirmed: Option<Confirmed>) -> Vec<Effect> {
    let request = match (job, confirmed) {
        (Job::Step(step), confirmed) => Request::Run { step, confirmed },
        (Job::RollBack, Some(confirmed)) => Request::RollBack(confirmed),
        (Job::RollBack, None) => return Vec::new(), // only a gate leads to a roll back
    };
    shared.running = Some(Running::new(job, shared.now));
    shared.follows = true;
    shared.note_in_log(Weight::Info, &format!("{}: begins", job.title()));
    vec![Effect::Ask(request)]
}

/// A question about a job that no longer runs has no answer.
pub fn close_questions(shared: &mut Shared) {
    shared
        .layers
        .retain(|layer| !matches!(layer, Layer::Question(Question::Cancel)));
}
