//! The commands of a question: only a capital letter says yes.

use super::ids::{NO, YES};
use crate::app::commands::about::About;
use crate::app::jobs;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{Layer, LayerKind, Question};
use crate::app::log::Weight;
use crate::app::message::{Effect, Request};
use crate::app::model::{Model, ModelCommand, Scope, always};
use crate::app::shared::Shared;

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(YES, &[Key::char('Y')], "Y", "yes (capital)").help("Yes."),
        scopes: &[Scope::Over(LayerKind::Question)],
        allowed: always,
        run: |model, _| yes(model),
    },
    ModelCommand {
        about: About::new(
            NO,
            &[Key::plain(KeyCode::Esc), Key::char('n'), Key::char('N')],
            "n Esc",
            "no",
        )
        .help("No; nothing happens."),
        scopes: &[Scope::Over(LayerKind::Question)],
        allowed: always,
        run: |model, _| {
            model.shared.layers.pop();
            model.shared.goes_on &= model.shared.running.is_some();
            Vec::new()
        },
    },
];

fn yes(model: &mut Model) -> Vec<Effect> {
    let shared = &mut model.shared;
    let Some(Layer::Question(question)) = shared.layers.pop() else {
        return Vec::new();
    };
    match question {
        Question::Cancel => {
            shared.goes_on = false;
            if let Some(running) = &mut shared.running {
                running.cancelling = true;
                shared.note_in_log(Weight::Warning, "asked to end between two batches");
                return vec![Effect::Cancel];
            }
            Vec::new()
        }
        Question::FirstWrite(step) => {
            allow_writing(shared);
            jobs::run(shared, step)
        }
        Question::TakeNoteBack(on) => {
            allow_writing(shared);
            shared.ask(Request::TakeNoteBack(on))
        }
        Question::SaveMapping => match (shared.can_ask(), model.panes.mapping.save()) {
            (Ok(()), Some(request)) => shared.ask(request),
            (Err(why), _) => {
                shared.say(Weight::Warning, format!("not now: {why}"));
                Vec::new()
            }
            (Ok(()), None) => Vec::new(),
        },
        Question::FirstNote(on) => {
            allow_writing(shared);
            jobs::note(shared, on)
        }
    }
}

fn allow_writing(shared: &mut Shared) {
    if shared.may_write {
        return;
    }
    shared.may_write = true;
    shared.note_in_log(Weight::Warning, "writing beside the live data is allowed");
}
