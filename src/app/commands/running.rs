//! The commands of the running step: to pause it, to slow it down, to end it; and to run steps one after the other.

use super::ids::{CANCEL, GO_ON, PAUSE};
use crate::app::commands::about::{About, CommandId, Danger, Verdict};
use crate::app::jobs;
use crate::app::key::Key;
use crate::app::layer::{Layer, Question};
use crate::app::log::Weight;
use crate::app::message::Effect;
use crate::app::model::{Model, ModelCommand, Scope};
use crate::app::shared::Shared;
use crate::domain::pace::Limits;

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(GO_ON, &[Key::char('>')], ">", "run to the gate")
            .help("Run the next steps one after the other, up to the next gate or the first finding.")
            .danger(Danger::Writes),
        scopes: &[Scope::Panes],
        allowed: |model| {
            model.shared.can_ask()?;
            jobs::can_go_on(&model.shared)
        },
        run: |model, _| jobs::go_on(&mut model.shared),
    },
    ModelCommand {
        about: About::new(CANCEL, &[Key::char('x')], "x", "stop")
            .help("Stop the running step between two batches, after a question. What was prepared is kept."),
        scopes: &[Scope::Panes],
        allowed: running,
        run: |model, _| {
            model.shared.layers.push(Layer::Question(Question::Cancel));
            Vec::new()
        },
    },
    ModelCommand {
        about: About::new(PAUSE, &[Key::char('p')], "p", "pause")
            .help("Pause the running step: it writes nothing until the key is pressed again."),
        scopes: &[Scope::Panes],
        allowed: running,
        run: |model, _| {
 let limits = model.shared.limits;
 let paused = !limits.paused;
 pace(&mut model.shared, Limits { paused, ..limits })
 },
    },
    ModelCommand {
        about: About::new(CommandId("slower"), &[Key::char('-')], "-", "slower")
            .help("Write at half the speed.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: running,
        run: |model, _| slower(&mut model.shared),
    },
    ModelCommand {
        about: About::new(CommandId("faster"), &[Key::char('+'), Key::char('=')], "+", "faster")
            .help("Write at twice the speed; pressed often enough, there is no limit.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: running,
        run: |model, _| {
 let limits = model.shared.limits.faster();
 pace(&mut model.shared, limits)
 },
    },
];

fn slower(shared: &mut Shared) -> Vec<Effect> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive
    let goes = shared
        .running
        .as_ref()
        .and_then(|it| Some(it.rate()? as u64));
    pace(shared, shared.limits.slower(goes))
}

/// Takes new limits, for the running step too.
fn pace(shared: &mut Shared, limits: Limits) -> Vec<Effect> {
    shared.limits = limits;
    let words = limits.words();
    let text = if words.is_empty() {
        "copies are written as fast as the server takes them".to_owned()
    } else {
        format!("writing copies: {words}")
    };
    shared.say(Weight::Info, text);
    vec![Effect::Pace(limits)]
}

/// A job runs and was not told to end yet.
fn running(model: &Model) -> Verdict {
    match &model.shared.running {
        None => Err("nothing runs".to_owned()),
        Some(running) if running.cancelling => Err("it ends after this batch".to_owned()),
        Some(_) => Ok(()),
    }
}
