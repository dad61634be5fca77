//! The commands of the decision editor.

use super::ids::{
    CLEAR_FIELD, KEEP_DECISION, NEXT_CHOICE, TAKE_LEFT, TAKE_RIGHT, TURN_RIGHT, TYPE_NOTE,
    TYPE_VALUE,
};
use crate::app::commands::about::{About, CommandId, Keymap};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::decision_editor::{DecisionEditor, Typing};
use crate::app::layer::{Layer, LayerKind};
use crate::app::message::{Effect, Request};
use crate::app::model::{Model, ModelCommand, Scope, always};
use crate::app::shared::Shared;
use crate::domain::history::Change;

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(
            CommandId("field-up"),
            &[Key::plain(KeyCode::Up), Key::char('k')],
            "↑ k",
            "",
        )
        .help("Go to the field above.")
        .unhinted(),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, _| open.select(-1)),
    },
    ModelCommand {
        about: About::new(
            CommandId("field-down"),
            &[Key::plain(KeyCode::Down), Key::char('j')],
            "↓ j",
            "",
        )
        .help("Go to the field below.")
        .unhinted(),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, _| open.select(1)),
    },
    ModelCommand {
        about: About::new(
            TAKE_LEFT,
            &[Key::plain(KeyCode::Left), Key::char('h')],
            "←",
            "take left",
        )
        .help("Take the selected field from the left record."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, keys| open.pick(keys, true)),
    },
    ModelCommand {
        about: About::new(
            TAKE_RIGHT,
            &[Key::plain(KeyCode::Right), Key::char('l')],
            "→",
            "take right",
        )
        .help("Take the selected field from the right record."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, keys| open.pick(keys, false)),
    },
    ModelCommand {
        about: About::new(TYPE_VALUE, &[Key::char('t')], "t", "type…")
            .help("Type a value of the selected field."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, DecisionEditor::begin_value),
    },
    ModelCommand {
        about: About::new(
            CLEAR_FIELD,
            &[Key::plain(KeyCode::Backspace), Key::plain(KeyCode::Delete)],
            "Backspace",
            "by rule",
        )
        .help("Leave the selected field to the survivor rule again."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, DecisionEditor::clear),
    },
    ModelCommand {
        about: About::new(
            TURN_RIGHT,
            &[Key::plain(KeyCode::Tab)],
            "Tab",
            "next record",
        )
        .help("Show the next record in the right column, where there are more than two."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, _| open.turn(false)),
    },
    ModelCommand {
        about: About::new(
            CommandId("turn-left"),
            &[Key::plain(KeyCode::BackTab)],
            "Shift-Tab",
            "",
        )
        .help("Show the next record in the left column, where there are more than two.")
        .unhinted(),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, _| open.turn(true)),
    },
    ModelCommand {
        about: About::new(NEXT_CHOICE, &[Key::char('c')], "c", "answer")
            .help("Go to the next answer that this kind of conflict offers."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, _| open.next_choice()),
    },
    ModelCommand {
        about: About::new(
            CommandId("next-survivor-rule"),
            &[Key::char('s')],
            "s",
            "survivor",
        )
        .help("Go to the next survivor rule for this conflict alone."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, _| open.next_rule()),
    },
    ModelCommand {
        about: About::new(TYPE_NOTE, &[Key::char('n')], "n", "note…")
            .help("Type a note on the answer; it is kept in the decisions file."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| in_editor(model, |open, _| open.begin_note()),
    },
    ModelCommand {
        about: About::new(
            KEEP_DECISION,
            &[Key::plain(KeyCode::Enter)],
            "Enter",
            "keep the answer",
        )
        .help("Keep the answer as it is shown."),
        scopes: &[Scope::Over(LayerKind::Decision)],
        allowed: always,
        run: |model, _| save(&mut model.shared),
    },
];

/// Acts on the open editor, unless its answer is on its way.
pub(super) fn in_editor(
    model: &mut Model,
    act: impl FnOnce(&mut DecisionEditor, &Keymap),
) -> Vec<Effect> {
    let shared = &mut model.shared;
    if let Some(Layer::Decision(open)) = shared.layers.last_mut()
        && !open.sent
    {
        act(open, &shared.keys);
    }
    Vec::new()
}

/// Enter in the decision editor: takes what is being typed, or keeps the whole answer.
pub(super) fn save(shared: &mut Shared) -> Vec<Effect> {
    let allowed = shared.can_ask();
    let Some(Layer::Decision(open)) = shared.layers.last_mut() else {
        return Vec::new();
    };
    if open.sent || open.trying.is_some() {
        return Vec::new();
    }
    if let Err(why) = allowed {
        open.complaint = Some(why);
        return Vec::new();
    }
    let key = open.key().clone();
    let request = match open.typed() {
        Some(Err(why)) => {
            open.complaint = Some(why);
            return Vec::new();
        }
        Some(Ok(decision)) if matches!(open.typing, Some(Typing::Value(_))) => {
            open.trying = Some(decision.clone());
            Request::TryOut(key, decision)
        }
        Some(Ok(decision)) => {
            open.decision = decision;
            open.typing = None;
            return Vec::new();
        }
        None => {
            open.sent = true;
            Request::Decide(vec![Change::Answer(key, Some(open.decision.clone()))])
        }
    };
    shared.ask(request)
}
