//! The way of a message: what it changes and what it asks for.

use super::conditions as can;
use super::key::Key;
use super::layer::{Layer, Question};
use super::log::Weight;
use super::message::{Effect, ExitReason, Job, Message, Request, TERMINAL_GONE};
use super::model::{Model, Pane};
use super::{act, answers, layers, steps};
use crate::command;
use crate::domain::checklist::Step;

/// What a console asks for when it opens; with `survey`, that too.
pub fn begin(model: &mut Model, survey: bool) -> Vec<Effect> {
    model.note_in_log(
        Weight::Info,
        "the console opened; nothing is written until it is allowed",
    );
    let mut effects = ask(model, Request::Standing);
    if survey {
        effects.extend(steps::start(model, Job::Step(Step::Survey), None));
    }
    effects
}

/// Takes a message.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Now { since_start, clock } => {
            model.now = since_start;
            model.clock = clock;
            return Vec::new();
        }
        Message::Drawn(scrollable) => {
            model.scrollable = scrollable;
            return Vec::new();
        }
        Message::Progress(progress) => {
            let now = model.now;
            if let Some(running) = &mut model.running {
                running.take(progress, now);
            }
            return Vec::new();
        }
        Message::Resized { width, height } => {
            model.size = (width, height);
            Vec::new()
        }
        Message::Key(key) => press(model, key),
        Message::Paste(text) => {
            paste(model, &text);
            Vec::new()
        }
        Message::Answer(answer) => answers::take(model, answer),
        Message::EngineEnded(text) => {
            engine_ended(model, &text);
            Vec::new()
        }
        Message::Signal(name) => signal(model, name),
    };
    effects.extend(look(model));
    effects
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    if model.leaving.is_some() {
        return match command::of_key(model, key) {
            Some(found) if found.id == command::CommandId::Interrupt => vec![Effect::LeaveNow],
            _ => Vec::new(),
        };
    }
    model.notice = None;
    if let Some(found) = command::of_key(model, key) {
        return match (found.allowed)(model) {
            Ok(()) => act::perform(model, found.id, key),
            Err(why) => {
                model.say(Weight::Warning, format!("{}: not now: {why}", found.shown));
                Vec::new()
            }
        };
    }
    let page = model.scrollable.page;
    match model.layers.last_mut() {
        Some(Layer::Picker(picker)) => {
            picker.key(key, page);
        }
        Some(layer) => {
            if let Some(editor) = layer.editor() {
                editor.key(key);
            }
        }
        None => {}
    }
    layers::narrow(model);
    Vec::new()
}

fn paste(model: &mut Model, text: &str) {
    match model.layers.last_mut() {
        Some(Layer::Picker(picker)) => picker.paste(text),
        Some(layer) => {
            if let Some(editor) = layer.editor() {
                editor.insert(text);
            }
        }
        None => model.say(Weight::Warning, "nothing here takes pasted text"),
    }
    layers::narrow(model);
}

/// Asks for what the focused pane shows and has not got.
fn look(model: &mut Model) -> Vec<Effect> {
    if can::ask(model).is_err() {
        return Vec::new();
    }
    let leaving = matches!(model.layers.last(), Some(Layer::Leave));
    if leaving || model.pane == Pane::Report {
        if model.report.lines.is_none() && !model.report.asked {
            model.report.asked = true;
            let request = Request::Report(model.report.personal);
            return ask(model, request);
        }
        return Vec::new();
    }
    match model.pane {
        Pane::Conflicts => {
            let conflicts = &mut model.conflicts;
            if conflicts.wants_labels() {
                conflicts.labels_asked = true;
                return ask(model, Request::Labels);
            }
            if conflicts.asked.is_some() || conflicts.current_detail().is_some() {
                return Vec::new();
            }
            let Some(key) = conflicts.row().map(|row| row.key.clone()) else {
                return Vec::new();
            };
            conflicts.asked = Some(key.clone());
            ask(model, Request::Detail(key))
        }
        Pane::Bookings => match model.diffs.begin() {
            Some(from) => {
                let request = Request::Diffs(model.diffs.filter().clone(), from);
                ask(model, request)
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// A short request.
pub(super) fn ask(model: &mut Model, request: Request) -> Vec<Effect> {
    model.waiting += 1;
    vec![Effect::Ask(request)]
}

fn engine_ended(model: &mut Model, text: &str) {
    model.running = None;
    model.waiting = 0;
    model.engine_ended = Some(text.to_owned());
    close_questions(model);
    model.alarm(
        "The engine ended unexpectedly",
        format!(
            "{text}\nWhat was written so far is kept, and nothing else is written from here. Leave with q and start again: the console opens where the data stands."
        ),
    );
}

/// A question about a job that no longer runs has no answer.
pub(super) fn close_questions(model: &mut Model) {
    model
        .layers
        .retain(|layer| !matches!(layer, Layer::Question(Question::Cancel)));
}

fn signal(model: &mut Model, name: &'static str) -> Vec<Effect> {
    if model.leaving.is_some() {
        // A hang-up comes as a signal and as an end of input: the second is no impatience.
        return if matches!(name, TERMINAL_GONE | "SIGHUP") {
            Vec::new()
        } else {
            vec![Effect::LeaveNow]
        };
    }
    model.note_in_log(Weight::Warning, &format!("{name} arrived: leaving"));
    leave(model, ExitReason::Signal(name))
}

/// Ends what runs, closes the engine, and leaves when it has closed.
pub(super) fn leave(model: &mut Model, reason: ExitReason) -> Vec<Effect> {
    if let Some(text) = model.engine_ended.clone() {
        model.leaving = Some(ExitReason::EngineEnded(text));
        return vec![Effect::LeaveNow];
    }
    model.leaving = Some(reason);
    model.layers.clear();
    let mut effects = Vec::new();
    if let Some(running) = &mut model.running {
        running.cancelling = true;
        effects.push(Effect::Cancel);
    }
    effects.push(Effect::Close);
    effects
}
