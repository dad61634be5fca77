//! Starting steps and roll backs: which ask first, which open a gate, which want a note.

use super::commands::about::{CommandId, Verdict};
use super::commands::ids::{ACCEPT, ACCEPT_ALL, RUN};
use super::conflict_list::Filter;
use super::layer::{Layer, Note, Question};
use super::log::Weight;
use super::message::{Effect, Job, Request};
use super::progress::Running;
use super::shared::{Destination, Shared};
use crate::app::commands::in_several_places::SHOW_ALL;
use crate::domain::checklist::{NoteOn, State, Step, Touch};
use crate::domain::gate::Confirmed;
use crate::domain::number::counted;
use crate::domain::run_view::RunView;

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
            "{} for your answer: {} accepts the suggestion, {} all of a kind, {} shows all",
            counted(blockers as u64, "blocker waits", "blockers wait"),
            key(ACCEPT),
            key(ACCEPT_ALL),
            key(SHOW_ALL.id)
        );
        shared.say(Weight::Warning, text);
        return Vec::new();
    }
    if let Some(action) = RunView::gate(shared.facts.run(), step) {
        return shared.ask(Request::Gate(action));
    }
    match step.touch() {
        Touch::Note => note(shared, NoteOn::step(step)),
        Touch::Aside if !shared.may_write => {
            shared
                .layers
                .push(Layer::Question(Question::FirstWrite(step)));
            Vec::new()
        }
        Touch::Aside | Touch::ReadOnly | Touch::Gate => start(shared, Job::Step(step), None),
    }
}

/// The step that `go_on` would run; or why it runs none.
fn next_to_run(shared: &Shared) -> Result<Step, String> {
    if shared.facts.outdated {
        return Err("the state of the steps is being read".to_owned());
    }
    let Some(next) = shared.next_step() else {
        return Err(match shared.open_note() {
            Some(step) => format!("the next step, {}, is your own work", step.title()),
            None => "nothing is left to run".to_owned(),
        });
    };
    // An optional step behind a gate holds nothing up.
    let optional = next == Step::RetireUsers && shared.state(next) == State::Ready;
    let mut behind = Step::ALL.iter().copied().filter(|step| *step > next);
    let ready = behind.find(|step| {
        let touch = RunView::touch(shared.facts.run(), *step);
        let touch = matches!(touch, Touch::Aside | Touch::ReadOnly);
        touch && matches!(shared.state(*step), State::Ready | State::Stale)
    });
    let step = ready.filter(|_| optional).unwrap_or(next);
    match RunView::touch(shared.facts.run(), step) {
        Touch::Gate => Err(format!(
            "the next step, {}, is behind a gate: {} opens it",
            step.title(),
            shared.key(RUN)
        )),
        Touch::Note => Err(format!("the next step, {}, is your own work", step.title())),
        Touch::Aside | Touch::ReadOnly => Ok(step),
    }
}

/// There is a step to run before the next gate.
pub fn can_go_on(shared: &Shared) -> Verdict {
    next_to_run(shared).map(|_| ())
}

/// Runs the next step, and goes on with those behind it as long as all goes well.
pub fn go_on(shared: &mut Shared) -> Vec<Effect> {
    match next_to_run(shared) {
        Ok(step) => {
            shared.goes_on = true;
            shared.follows = true;
            let effects = run(shared, step);
            // Blockers lead to the conflicts instead.
            if shared.destination.is_some() {
                shared.goes_on = false;
            }
            effects
        }
        Err(why) => {
            shared.goes_on = false;
            shared.say(Weight::Info, format!("stopped here: {why}"));
            Vec::new()
        }
    }
}

/// Opens the text area for a note; keeping one writes to the run record, so the first write asks here too.
pub fn note(shared: &mut Shared, on: NoteOn) -> Vec<Effect> {
    // The note that stands there already, to go on with.
    let words = shared.facts.note(on).unwrap_or_default().to_owned();
    shared.layers.push(if shared.may_write {
        Layer::Note(Note::new(on, &words))
    } else {
        Layer::Question(Question::FirstNote(on))
    });
    Vec::new()
}

/// Starts a job.
pub fn start(shared: &mut Shared, job: Job, confirmed: Option<Confirmed>) -> Vec<Effect> {
    let request = match (job, confirmed) {
        (Job::Step(step), confirmed) => Request::Run { step, confirmed },
        (Job::Schema, _) => Request::Schema { long: true },
        (Job::RollBack, Some(confirmed)) => Request::RollBack(confirmed),
        (Job::TakeIn | Job::SetAside, Some(confirmed)) => Request::Strays(confirmed),
        // Only a gate leads to these.
        (Job::RollBack | Job::TakeIn | Job::SetAside, None) => return Vec::new(),
    };
    shared.running = Some(Running::new(job, shared.now));
    shared.follows = true;
    shared.note_on_screen(Weight::Info, &format!("{}: begins", job.title()));
    vec![Effect::Ask(request)]
}

/// A question about a job that no longer runs has no answer.
pub fn close_questions(shared: &mut Shared) {
    shared
        .layers
        .retain(|layer| !matches!(layer, Layer::Question(Question::Cancel)));
}
