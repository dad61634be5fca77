//! What the engine's answers change.

use std::fmt::Write;
use std::path::PathBuf;

use super::editor::Editor;
use super::jobs::{self, close_questions};
use super::layer::decision_editor::DecisionEditor;
use super::layer::{GateLayer, Layer, Number, Question};
use super::log::Weight;
use super::message::{Answer, AskedNumber, Effect, ExitReason, Job, Request};
use super::model::Model;
use super::panes;
use super::shared::{Banner, Destination, Shared};
use crate::domain::checklist::{NoteOn, State, Step};
use crate::domain::conflict::ConflictKey;
use crate::domain::ending::{Ended, Ending};
use crate::domain::gate::Gate;
use crate::domain::number::{counted, grouped};
use crate::domain::overview::Review;
use crate::domain::situation::Standing;
use crate::domain::view::Sources;

/// Takes an answer.
pub(super) fn take(model: &mut Model, answer: Answer) -> Vec<Effect> {
    if answer.is_to_short_request() {
        model.shared.waiting = model.shared.waiting.saturating_sub(1);
    }
    let Model { shared, panes } = model;
    match answer {
        Answer::Standing(standing, review, blocked) => {
            if let Err(error) = &standing {
                shared.alarm("The state of the steps could not be read", error.as_str());
            }
            let read = standing.is_ok();
            shared.facts.outdated = false;
            stands(model, standing.ok(), review, blocked);
            let shared = &mut model.shared;
            if !std::mem::take(&mut shared.goes_on) || !read {
                return Vec::new();
            }
            // An answer to an older question must not end what was just ordered: a step that runs, or asks whether it may write.
            let asks = matches!(
                shared.layers.last(),
                Some(Layer::Question(Question::FirstWrite(_)))
            );
            if shared.running.is_some() || asks {
                shared.goes_on = true;
                return Vec::new();
            }
            if !shared.layers.is_empty() || shared.can_ask().is_err() {
                return Vec::new();
            }
            let effects = jobs::go_on(shared);
            model.arrive();
            return effects;
        }
        Answer::Stands(standing, review, blocked) => {
            // What another session did makes old news of what was said here last.
            let known = shared.facts.situation.as_ref();
            if known.is_some_and(|it| !it.says_as(&standing.situation)) {
                shared.notice = None;
                shared.said = None;
            }
            stands(model, Some(standing), review, blocked);
        }
        Answer::StillSo => shared.facts.read.clone_from(&shared.clock),
        Answer::ForeignWrites(words) => shared.alarm(FOREIGN_WRITES, words),
        Answer::Surveyed(overview, review) => {
            shared.facts.set_overview(overview);
            shared.facts.set_review(review);
            model.facts_changed();
        }
        Answer::Ended(job, result) => return ended(model, job, result),
        Answer::Gate(answer) => return gate(shared, *answer),
        Answer::Decided(result, review) => return decided(model, result, review),
        Answer::AsksForNumber(asked) => asks_for_number(shared, *asked),
        Answer::TriedOut(key, result) => tried_out(shared, &key, result),
        Answer::Labels(labels) => {
            if let Err(error) = &labels {
                shared.alarm(
                    "The names could not be read; conflicts show ids",
                    error.as_str(),
                );
            }
            let labels = labels.unwrap_or_default();
            panes.conflicts.list.set_labels(&shared.facts, labels);
        }
        Answer::Sources(sources) => match *sources {
            Ok(sources) => open_editor(model, sources),
            Err(error) => shared.alarm("The records could not be read", error),
        },
        Answer::Detail(detail) => panes.conflicts.take(*detail),
        Answer::Business(id, view) => panes.businesses.take(id, *view),
        Answer::Clients(clients) => {
            let read = shared.clock.clone();
            panes.clients.take(clients, read);
        }
        Answer::Diffs(filter, from, page) => panes.bookings.pages.take(&filter, &from, page),
        Answer::Noted(on, result) => return noted(model, on, result),
        Answer::NoteTakenBack(on, result) => return note_taken_back(model, on, result),
        Answer::Schema(long, view) => {
            if long {
                shared.running = None;
                close_questions(shared);
            }
            panes.schema.take(*view);
        }
        Answer::SchemaOpen => {
            if shared.layers.is_empty() {
                shared.destination = Some(Destination::Pane(panes::id(&panes.schema)));
                model.arrive();
            }
        }
        Answer::Mapping(view) => panes.mapping.take(*view),
        Answer::MappingSaved(result) => return mapping_saved(model, result),
        Answer::MappingUnfit => {
            panes.mapping.refused();
            if shared.layers.is_empty() {
                shared.destination = Some(Destination::Pane(panes::id(&panes.mapping)));
                model.arrive();
            }
        }
        Answer::Report(personal, text) => panes.report.take(personal, text),
        Answer::Exported(result) => return exported(model, result),
    }
    Vec::new()
}

/// The title of the banner about writes that somebody else makes.
const FOREIGN_WRITES: &str = "The application writes";

/// What the database says now.
fn stands(model: &mut Model, standing: Option<Standing>, review: Review, blocked: Option<String>) {
    let Model { shared, panes } = model;
    let mut news = false;
    shared.facts.writes_blocked = blocked;
    shared.facts.set_review(review);
    if let Some(Standing {
        statuses,
        situation,
    }) = standing
    {
        let known = shared.facts.situation.as_ref();
        let says_as = known.is_some_and(|it| it.says_as(&situation));
        news = !says_as || shared.facts.statuses != statuses;
        shared.facts.statuses = statuses;
        // No pane shows what a survey found that the engine itself holds no more.
        if !matches!(shared.state(Step::Survey), State::Done | State::Running) {
            shared.facts.forget_survey();
        }
        // Once it was verified again, or rolled back, what was written before is no news.
        let told = |it: &mut Banner| it.title == FOREIGN_WRITES;
        if situation.writes.is_none() {
            shared.banner.take_if(told);
        }
        shared.facts.situation = Some(situation);
        shared.facts.read.clone_from(&shared.clock);
        panes.checklist.follow(shared);
    }
    // Whoever made it so: no pane keeps what was true before.
    if news {
        model.outdated();
    }
    model.facts_changed();
}

/// Opens the editor on what arrived, where the conflict is still selected.
fn open_editor(model: &mut Model, sources: Sources) {
    let shared = &mut model.shared;
    let row = model.panes.conflicts.row(&shared.facts);
    let Some(row) = row.filter(|row| row.key == sources.key) else {
        return;
    };
    if !shared.layers.is_empty() {
        return;
    }
    let editor = DecisionEditor::new(sources, row.decision.clone());
    shared.layers.push(Layer::Decision(Box::new(editor)));
}

/// Opens the field for a number that has to be confirmed, over whatever asked for it.
fn asks_for_number(shared: &mut Shared, asked: AskedNumber) {
    match shared.layers.last_mut() {
        Some(Layer::Decision(open)) if open.sent => open.sent = false,
        None => {}
        Some(_) => {
            let line = format!("{}: not kept; its number has to be confirmed", asked.code);
            shared.say(Weight::Warning, line);
            return;
        }
    }
    shared
        .layers
        .push(Layer::Number(Box::new(Number::new(asked))));
}

/// What came of trying a typed value out.
fn tried_out(shared: &mut Shared, key: &ConflictKey, result: Result<(), String>) {
    let Some(Layer::Decision(open)) = shared.layers.last_mut() else {
        return;
    };
    if open.key() != key {
        return;
    }
    match (open.trying.take(), result) {
        (Some(decision), Ok(())) => {
            open.decision = decision;
            open.typing = None;
            open.complaint = None;
        }
        (_, Err(why)) => open.complaint = Some(why),
        (None, Ok(())) => {}
    }
}

fn ended(model: &mut Model, job: Job, ended: Ended) -> Vec<Effect> {
    model.shared.running = None;
    close_questions(&mut model.shared);
    model.outdated();
    let Ended { ending, says } = ended;
    model.shared.goes_on &= ending == Ending::Done;
    match ending {
        Ending::Done | Ending::Stopped => {
            let weight = match ending {
                Ending::Stopped => Weight::Warning,
                _ => Weight::Info,
            };
            let line = format!("{}: {says}", job.title());
            // What it said of this step before is true no more; the log has it.
            let before = format!("{}: ", job.title());
            let banner = model.shared.banner.take();
            let other = banner.filter(|it| !it.title.starts_with(&before));
            model.shared.banner = other;
            model.shared.note_on_screen(weight, &line);
            model.shared.say(weight, line);
        }
        // What was left, or why not, stays on screen until it was read.
        Ending::PartlyDone | Ending::Refused | Ending::Failed => {
            let title = format!("{}: {}", job.title(), ending.word());
            model.shared.alarm(title, says);
        }
    }
    if model.shared.leaving.is_some() {
        return Vec::new();
    }
    model.shared.facts.outdated = true;
    model.shared.ask(Request::Standing)
}

fn gate(shared: &mut Shared, answer: Result<Gate, String>) -> Vec<Effect> {
    let gate = match answer {
        Ok(gate) => gate,
        Err(error) => {
            shared.alarm("The gate stays shut", error);
            return shared.ask(Request::Standing);
        }
    };
    match shared.layers.last() {
        None => {}
        // A roll back's gate with the other choice takes the place of the first one.
        Some(Layer::Gate(_)) => {
            shared.layers.pop();
        }
        Some(_) => {
            shared.say(
                Weight::Warning,
                "the gate is ready: go back and press the key again",
            );
            return Vec::new();
        }
    }
    let step = Step::behind(gate.action);
    shared.layers.push(Layer::Gate(Box::new(GateLayer {
        gate,
        step,
        typed: Editor::default(),
        complaint: None,
        down: None,
    })));
    Vec::new()
}

fn decided(model: &mut Model, result: Result<usize, String>, review: Review) -> Vec<Effect> {
    let on_top = match model.shared.layers.last_mut() {
        Some(Layer::Decision(open)) if open.sent => Some(open),
        _ => None,
    };
    match (result, on_top) {
        (Err(error), Some(form)) => {
            form.sent = false;
            form.complaint = Some(error);
            return Vec::new();
        }
        (Err(error), None) => {
            model.shared.alarm("The answer was not kept", error);
            return Vec::new();
        }
        (Ok(count), form) => {
            if form.is_some() {
                model.shared.layers.pop();
            }
            if count == 0 {
                model.shared.say(Weight::Info, "nothing changed");
                return Vec::new();
            }
            let answers = counted(count as u64, "answer", "answers");
            let line = format!("{answers} changed in the decisions file");
            model.shared.note_in_log(Weight::Info, &line);
            model.outdated();
            model.shared.facts.set_review(review);
            model.facts_changed();
            let Model { shared, panes } = model;
            if std::mem::take(&mut panes.conflicts.goes_on) {
                panes.conflicts.next_undecided(&shared.facts);
            }
            let left = shared.facts.undecided(None);
            let blockers = shared.facts.undecided_blockers();
            let asks = asks_words(&model.shared);
            let of_them = match blockers {
                0 => String::new(),
                1 => ", 1 of them a blocker".to_owned(),
                many => format!(", {} of them blockers", grouped(many as u64)),
            };
            model.shared.say(
                Weight::Info,
                format!("{line}; {} undecided{of_them}{asks}", grouped(left as u64)),
            );
        }
    }
    model.shared.ask(Request::Standing)
}

/// What still asks for its number, after the counts of what is undecided.
fn asks_words(shared: &Shared) -> String {
    let mut words = String::new();
    for (code, bookings) in &shared.facts.review().asks {
        let bookings = counted(*bookings, "booking", "bookings");
        let _ = write!(
            words,
            "; {code} would take {bookings} out of the application: the number has to be typed there"
        ); // writing to a String cannot fail
    }
    words
}

/// The mapping stands in its file: what was surveyed by another one is forgotten, and the survey checks this one.
fn mapping_saved(model: &mut Model, result: Result<String, String>) -> Vec<Effect> {
    match result {
        Err(error) => {
            model.shared.alarm("The mapping was not saved", error);
            Vec::new()
        }
        Ok(says) => {
            model.shared.note_in_log(Weight::Info, &says);
            model.panes.mapping.saved();
            model.outdated();
            model.shared.banner = None;
            jobs::start(&mut model.shared, Job::Step(Step::Survey), None)
        }
    }
}

fn noted(model: &mut Model, on: NoteOn, result: Result<(), String>) -> Vec<Effect> {
    let on_top = match model.shared.layers.last_mut() {
        Some(Layer::Note(note)) if note.sent => Some(note),
        _ => None,
    };
    match (result, on_top) {
        (Err(error), Some(note)) => {
            note.sent = false;
            note.complaint = Some(error);
            Vec::new()
        }
        (Err(error), None) => {
            model
                .shared
                .alarm(format!("The note on {} was not kept", on.title()), error);
            model.shared.ask(Request::Standing)
        }
        (Ok(()), note) => {
            if note.is_some() {
                model.shared.layers.pop();
            }
            let line = format!("{}: a note is kept", on.title());
            model.shared.note_in_log(Weight::Info, &line);
            model.shared.say(Weight::Info, line);
            model.panes.report.lines = None;
            model.shared.follows = true;
            model.shared.ask(Request::Standing)
        }
    }
}

fn note_taken_back(model: &mut Model, on: NoteOn, result: Result<String, String>) -> Vec<Effect> {
    match result {
        Err(error) => {
            let title = format!("The note on {} was not taken back", on.title());
            model.shared.alarm(title, error);
            model.shared.ask(Request::Standing)
        }
        Ok(says) => {
            let line = format!("{}: {says}", on.title());
            model.shared.note_in_log(Weight::Info, &line);
            model.shared.say(Weight::Info, line);
            model.panes.report.lines = None;
            model.shared.ask(Request::Standing)
        }
    }
}

fn exported(model: &mut Model, result: Result<Vec<PathBuf>, String>) -> Vec<Effect> {
    let leaves = std::mem::take(&mut model.shared.leaves_after_export);
    match result {
        Err(error) => {
            model
                .shared
                .layers
                .retain(|layer| !matches!(layer, Layer::Leave));
            model.shared.alarm("The report was not written", error);
            Vec::new()
        }
        Ok(paths) => {
            let names: Vec<_> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let line = format!("report written: {}", names.join(", "));
            model.shared.note_in_log(Weight::Info, &line);
            model.shared.say(Weight::Info, line);
            model.shared.exported = paths;
            if leaves {
                let reason = ExitReason::Left(model.shared.exported.clone());
                model.leave(reason)
            } else {
                Vec::new()
            }
        }
    }
}
