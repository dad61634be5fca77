//! The way of a message: what it changes and what it asks for.

use super::commands::ids::{INTERRUPT, QUIT};
use super::key::{Key, KeyCode};
use super::layer::Layer;
use super::log::Weight;
use super::message::{Effect, ExitReason, Job, Lost, Message, Mouse, Request, TERMINAL_GONE};
use super::model::Model;
use super::panes::pane::Pane;
use super::shared::Shared;
use super::{answers, commands, jobs, palette, panes};
use crate::domain::checklist::Step;
use crate::domain::text::safe;

/// What a console asks for when it opens; with `survey`, that too.
pub fn begin(model: &mut Model, survey: bool) -> Vec<Effect> {
    let shared = &mut model.shared;
    shared.note_in_log(
        Weight::Info,
        "the console opened; nothing is written until it is allowed",
    );
    let mut effects = shared.ask(Request::Standing);
    if survey {
        effects.extend(jobs::start(shared, Job::Step(Step::Survey), None));
    }
    effects
}

/// Takes a message.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let shared = &mut model.shared;
    let mut effects = match message {
        Message::Now {
            since_start,
            clock,
            wall,
        } => {
            shared.now = since_start;
            shared.clock = clock;
            shared.wall = wall;
            return Vec::new();
        }
        Message::Drawn(drawn) => {
            shared.scrollable = drawn.scrollable;
            shared.tabs = drawn.tabs;
            return Vec::new();
        }
        Message::Mouse(mouse) => mouse_did(model, mouse),
        Message::Edited(text) => {
            edited(shared, text);
            Vec::new()
        }
        Message::Progress(progress) => {
            let now = shared.now;
            if let Some(running) = &mut shared.running {
                running.take(progress, now);
            }
            return Vec::new();
        }
        Message::Resized { width, height } => {
            shared.size = (width, height);
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
        Message::Pulse(lost) => pulse(shared, lost),
        Message::Signal(name) => signal(model, name),
    };
    effects.extend(look(model));
    let unwritten = std::mem::take(&mut model.shared.unwritten);
    effects.extend(
        unwritten
            .into_iter()
            .map(|(weight, text)| Effect::Log(weight, text)),
    );
    effects
}

/// The wheel moves as the arrow keys do; a click goes to a tab or selects a row.
fn mouse_did(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    match mouse {
        Mouse::Wheel { down } => {
            let code = if down { KeyCode::Down } else { KeyCode::Up };
            let text = matches!(model.shared.layers.last(), Some(Layer::Gate(_)));
            // At a gate the arrows move the cursor of what is typed: its text scrolls by pages.
            let code = match (text, down) {
                (true, true) => KeyCode::PageDown,
                (true, false) => KeyCode::PageUp,
                (false, _) => code,
            };
            press(model, Key::plain(code))
        }
        Mouse::Click { x, y } => {
            if !model.shared.layers.is_empty() || model.shared.leaving.is_some() {
                return Vec::new();
            }
            let tabs = model.shared.tabs.iter();
            let tab = tabs.filter(|(from, until, _)| y == 1 && (*from..*until).contains(&x));
            if let Some(row) = tab
                .map(|(_, _, at)| at)
                .next()
                .and_then(|at| panes::TABLE.get(*at))
            {
                model.go_to(row.id);
                return Vec::new();
            }
            let entry = model
                .shared
                .scrollable
                .list
                .and_then(|list| list.entry(x, y));
            if let Some(entry) = entry {
                let Model { shared, panes } = model;
                panes.get_mut(shared.pane).clicked(shared, entry);
            }
            Vec::new()
        }
    }
}

/// What came out of the operator's own editor goes into the note.
fn edited(shared: &mut Shared, text: Result<String, String>) {
    match (shared.layers.last_mut(), text) {
        (Some(Layer::Note(note)), Ok(text)) => {
            note.editor.clear();
            note.editor.insert(text.trim_end());
            note.complaint = None;
        }
        (Some(Layer::Note(note)), Err(why)) => note.complaint = Some(why),
        (_, Ok(_)) => {}
        (_, Err(why)) => shared.say(Weight::Warning, why),
    }
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let found = commands::of_key(model, key);
    if model.shared.leaving.is_some() {
        return match found {
            Some(found) if found.id == INTERRUPT => vec![Effect::LeaveNow],
            _ => Vec::new(),
        };
    }
    model.shared.notice = None;
    if let Some(found) = found {
        return match commands::verdict(model, found.id) {
            Ok(()) => {
                let mut effects = commands::run(model, found.id, key);
                palette::fill(model);
                if let Some(called) = model.shared.called.take() {
                    effects.extend(palette::run(model, called));
                }
                effects
            }
            Err(why) => {
                let text = format!("{}: not now: {why}", model.shared.keys.shown(found));
                model.shared.say(Weight::Warning, text);
                Vec::new()
            }
        };
    }
    let page = model.shared.scrollable.page;
    match model.shared.layers.last_mut() {
        Some(Layer::Picker(picker) | Layer::Palette(picker, _)) => {
            picker.key(key, page);
        }
        Some(Layer::Help(help)) => {
            help.down = if help.narrow.key(key) { 0 } else { help.down };
        }
        Some(layer) => match layer.editor() {
            Some(editor) => {
                editor.key(key);
            }
            None => say_what_answers(model, key),
        },
        None => {}
    }
    show_typing(model);
    Vec::new()
}

/// A key that does nothing over a layer is answered with those that do.
fn say_what_answers(model: &mut Model, key: Key) {
    let keys = &model.shared.keys;
    let answers: Vec<String> = commands::offered(model)
        .into_iter()
        .filter(|about| about.hinted && !about.title.is_empty())
        .map(|about| format!("{} {}", keys.of(about.id), about.title))
        .collect();
    let key = safe(&key.to_string(), 20);
    let text = format!(
        "{key} does nothing here; what answers: {}",
        answers.join(" · ")
    );
    model.shared.say(Weight::Info, text);
}

fn paste(model: &mut Model, text: &str) {
    match model.shared.layers.last_mut() {
        Some(Layer::Picker(picker) | Layer::Palette(picker, _)) => picker.paste(text),
        Some(layer) => {
            if let Some(editor) = layer.editor() {
                editor.insert(text);
            }
        }
        None => model
            .shared
            .say(Weight::Warning, "nothing here takes pasted text"),
    }
    show_typing(model);
}

/// Lets the pane below a line of text see what is being typed.
fn show_typing(model: &mut Model) {
    if let Some(Layer::Line(line)) = model.shared.layers.last() {
        let text = line.editor.text().trim().to_owned();
        let pane = model.panes.get_mut(model.shared.pane);
        pane.typing(&mut model.shared, &text);
    }
}

/// Asks for what the focused place shows and has not got.
fn look(model: &mut Model) -> Vec<Effect> {
    let Model { shared, panes } = model;
    if shared.can_ask().is_err() {
        return Vec::new();
    }
    if matches!(shared.layers.last(), Some(Layer::Leave)) {
        return panes.report.look(shared);
    }
    // These two name people; the names are read once for all of them.
    let named = [panes::id(&panes.conflicts), panes::id(&panes.businesses)];
    if named.contains(&shared.pane) && panes.conflicts.list.wants_labels(&shared.facts) {
        panes.conflicts.list.labels_asked = true;
        return shared.ask(Request::Labels);
    }
    panes.get_mut(shared.pane).look(shared)
}

fn engine_ended(model: &mut Model, text: &str) {
    let shared = &mut model.shared;
    shared.running = None;
    shared.waiting = 0;
    shared.engine_ended = Some(text.to_owned());
    jobs::close_questions(shared);
    let leave = shared.key(QUIT);
    shared.alarm(
        "The engine ended unexpectedly",
        format!(
            "{text}\nWhat was written so far is kept, and nothing else is written from here. Leave with {leave} and start again: the console opens where the data stands."
        ),
    );
}

/// The server is lost, or it answers again: then what is true is read anew.
fn pulse(shared: &mut Shared, lost: Option<Lost>) -> Vec<Effect> {
    if lost.is_some() == shared.lost.is_some() {
        return Vec::new();
    }
    shared.lost = lost;
    let (weight, line) = match &shared.lost {
        Some(lost) => (
            Weight::Warning,
            format!(
                "no answer from the primary since {}; tried until {}",
                lost.since, lost.until
            ),
        ),
        None => (Weight::Info, "the primary answers again".to_owned()),
    };
    shared.note_in_log(weight, &line);
    if shared.lost.is_some() {
        return Vec::new();
    }
    shared.say(weight, line);
    match shared.can_ask() {
        Ok(()) => shared.ask(Request::Standing),
        Err(_) => Vec::new(),
    }
}

fn signal(model: &mut Model, name: &'static str) -> Vec<Effect> {
    if model.shared.leaving.is_some() {
        // A hang-up comes as a signal and as an end of input: the second is no impatience.
        return if matches!(name, TERMINAL_GONE | "SIGHUP") {
            Vec::new()
        } else {
            vec![Effect::LeaveNow]
        };
    }
    let line = format!("{name} arrived: leaving");
    model.shared.note_in_log(Weight::Warning, &line);
    model.leave(ExitReason::Signal(name))
}
