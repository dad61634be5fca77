//! The commands of text fields and lists: what was typed is kept, a line is picked.

use super::decision;
use super::ids::{BREAK_LINE, CLOSE_LAYER, KEEP_NOTE, OWN_EDITOR, SAVE};
use crate::app::commands::about::{About, CommandId};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{Layer, LayerKind};
use crate::app::log::Weight;
use crate::app::message::{Effect, Request};
use crate::app::model::{Model, ModelCommand, Scope, always};
use crate::app::shared::Shared;

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(SAVE, &[Key::plain(KeyCode::Enter)], "Enter", "done")
            .help("Keep what was typed."),
        scopes: &[
            Scope::Over(LayerKind::Typing),
            Scope::Over(LayerKind::Number),
            Scope::Over(LayerKind::Line),
        ],
        allowed: always,
        run: |model, _| save(model),
    },
    ModelCommand {
        about: About::new(
            CommandId("stop-typing"),
            &[Key::plain(KeyCode::Esc)],
            "Esc",
            "back",
        )
        .help("Stop typing; the value stays as it was."),
        scopes: &[Scope::Over(LayerKind::Typing)],
        allowed: always,
        run: |model, _| decision::in_editor(model, |open, _| open.stop_typing()),
    },
    ModelCommand {
        about: About::new(
            BREAK_LINE,
            &[Key::alt(KeyCode::Enter)],
            "Alt-Enter",
            "new line",
        )
        .help("Begin a new line."),
        scopes: &[Scope::Over(LayerKind::Typing)],
        allowed: always,
        run: |model, key| {
            if let Some(editor) = model.shared.layers.last_mut().and_then(Layer::editor) {
                editor.key(key);
            }
            Vec::new()
        },
    },
    ModelCommand {
        about: About::new(KEEP_NOTE, &[Key::ctrl('s')], "Ctrl-S", "keep the note").help(
            "Keep the note; the step is then done. A very short note asks for a second look.",
        ),
        scopes: &[Scope::Over(LayerKind::Note)],
        allowed: always,
        run: |model, _| keep_note(&mut model.shared),
    },
    ModelCommand {
        about: About::new(
            CommandId("note-line"),
            &[Key::plain(KeyCode::Enter), Key::alt(KeyCode::Enter)],
            "Enter",
            "new line",
        )
        .help("Begin a new line of the note."),
        scopes: &[Scope::Over(LayerKind::Note)],
        allowed: always,
        run: |model, _| {
            if let Some(editor) = model.shared.layers.last_mut().and_then(Layer::editor) {
                editor.key(Key::alt(KeyCode::Enter));
            }
            Vec::new()
        },
    },
    ModelCommand {
        about: About::new(
            CommandId("pick"),
            &[Key::plain(KeyCode::Enter)],
            "Enter",
            "pick",
        )
        .help("Take the selected line. Typing narrows the list."),
        scopes: &[Scope::Over(LayerKind::Picker)],
        allowed: always,
        run: |model, _| pick(model),
    },
    ModelCommand {
        about: About::new(
            CommandId("run-command"),
            &[Key::plain(KeyCode::Enter)],
            "Enter",
            "run",
        )
        .help("Run the selected command. Typing finds one."),
        scopes: &[Scope::Over(LayerKind::Palette)],
        allowed: always,
        run: |model, _| {
            let Some(Layer::Palette(list, called)) = model.shared.layers.last() else {
                return Vec::new();
            };
            let found = list.picked().and_then(|at| called.get(at)).copied();
            if found.is_some() {
                model.shared.layers.pop();
                model.shared.called = found;
            } else {
                let says = "no command has that name";
                model.shared.say(Weight::Warning, says);
            }
            Vec::new()
        },
    },
    ModelCommand {
        about: About::new(OWN_EDITOR, &[Key::ctrl('o')], "Ctrl-O", "own editor")
            .help("Write the note in your own editor ($VISUAL or $EDITOR); what it saves comes back here."),
        scopes: &[Scope::Over(LayerKind::Note)],
        allowed: always,
        run: |model, _| match model.shared.layers.last() {
            Some(Layer::Note(note)) => vec![Effect::Edit(note.editor.text())],
            _ => Vec::new(),
        },
    },
];

/// Enter in a text field.
fn save(model: &mut Model) -> Vec<Effect> {
    match model.shared.layers.last() {
        Some(Layer::Decision(_)) => decision::save(&mut model.shared),
        Some(Layer::Line(_)) => take_line(model),
        Some(Layer::Number(_)) => take_number(&mut model.shared),
        Some(
            Layer::Question(_)
            | Layer::Gate(_)
            | Layer::Note(_)
            | Layer::Picker(_)
            | Layer::Palette(..)
            | Layer::Help(_)
            | Layer::Truth(_)
            | Layer::Whole(_)
            | Layer::Leave,
        )
        | None => Vec::new(),
    }
}

/// A note of fewer characters may have been typed by mistake: it is kept only when asked for twice.
const SHORT: usize = 8;

fn keep_note(shared: &mut Shared) -> Vec<Effect> {
    let allowed = shared.can_note();
    let runs = shared.running.as_ref().map(|running| running.job.title());
    let (close, keep) = (shared.key(CLOSE_LAYER), shared.key(KEEP_NOTE));
    let Some(Layer::Note(note)) = shared.layers.last_mut() else {
        return Vec::new();
    };
    if note.sent {
        return Vec::new();
    }
    let text = note.editor.text().trim().to_owned();
    let verdict = if text.is_empty() {
        Err(format!(
            "an empty note is not kept: say what was done, or go back with {close}"
        ))
    } else if text.chars().count() < SHORT && note.looked_at.as_ref() != Some(&text) {
        note.looked_at = Some(text.clone());
        Err(format!(
            "this is a very short note, and it marks the step as done: {keep} again keeps it, {close} goes back"
        ))
    } else {
        allowed
    };
    if let Err(why) = verdict {
        note.complaint = Some(why);
        return Vec::new();
    }
    note.sent = true;
    note.complaint = None;
    let request = Request::Note(note.on, text);
    if let Some(job) = runs {
        shared.layers.pop();
        let says = format!("the note is kept when {job} ends");
        shared.say(Weight::Info, says);
    }
    shared.ask(request)
}

/// Keeps the answers that waited for their number.
fn take_number(shared: &mut Shared) -> Vec<Effect> {
    let allowed = shared.can_ask();
    let Some(Layer::Number(open)) = shared.layers.last_mut() else {
        return Vec::new();
    };
    match open.typed().and_then(|changes| allowed.map(|()| changes)) {
        Ok(changes) => {
            shared.layers.pop();
            if let Some(Layer::Decision(open)) = shared.layers.last_mut() {
                open.sent = true;
            }
            shared.ask(Request::Decide(changes))
        }
        Err(why) => {
            open.complaint = Some(why);
            Vec::new()
        }
    }
}

/// Hands the line to the pane that opened it.
fn take_line(model: &mut Model) -> Vec<Effect> {
    let Some(Layer::Line(line)) = model.shared.layers.last() else {
        return Vec::new();
    };
    let text = line.editor.text().trim().to_owned();
    let pane = model.panes.get_mut(model.shared.pane);
    match pane.typed(&mut model.shared, &text) {
        Ok(effects) => {
            model.shared.layers.pop();
            return effects;
        }
        Err(why) => {
            if let Some(Layer::Line(line)) = model.shared.layers.last_mut() {
                line.complaint = Some(why);
            }
        }
    }
    Vec::new()
}

/// Hands the picked line to the pane that opened the list.
fn pick(model: &mut Model) -> Vec<Effect> {
    let Some(Layer::Picker(open)) = model.shared.layers.last() else {
        return Vec::new();
    };
    let Some(picked) = open.picked() else {
        model.shared.say(
            Weight::Warning,
            "nothing in the list matches what was typed",
        );
        return Vec::new();
    };
    model.shared.layers.pop();
    let pane = model.panes.get_mut(model.shared.pane);
    pane.picked(&mut model.shared, picked)
}
