//! The commands of a gate: the name of the database is typed, then confirmed.

use super::ids::{CHOOSE, CONFIRM};
use crate::app::commands::about::{About, Danger, Verdict};
use crate::app::jobs;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{GateLayer, Layer, LayerKind};
use crate::app::log::Weight;
use crate::app::message::{Effect, Job, Request};
use crate::app::model::{Model, ModelCommand, Scope, always};
use crate::app::shared::Shared;
use crate::domain::checklist::Step;
use crate::domain::gate::{Destructive, New};

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(CONFIRM, &[Key::plain(KeyCode::Enter)], "Enter", "confirm")
            .help("Do it, if the database's name was typed exactly; otherwise say why not.")
            .danger(Danger::Gate),
        scopes: &[Scope::Over(LayerKind::Gate)],
        allowed: always,
        run: |model, _| confirm(&mut model.shared),
    },
    ModelCommand {
        about: About::new(CHOOSE, &[Key::plain(KeyCode::Tab)], "Tab", "refuse, keep, discard")
            .help("At the gate to roll back: choose between refusing, keeping (carried back) and discarding \
                 what was written since the cut-over.")
            .danger(Danger::Gate)
            .unhinted(),
        scopes: &[Scope::Over(LayerKind::Gate)],
        allowed: can_choose,
        run: |model, _| match next_choice(model) {
            Some(new) => {
                let action = Destructive::RollBack(new);
                model.shared.ask(Request::Gate(action))
            }
            None => Vec::new(),
        },
    },
];

/// Enter at a gate.
fn confirm(shared: &mut Shared) -> Vec<Effect> {
    if let Err(why) = shared.can_ask() {
        shared.say(Weight::Warning, format!("not now: {why}"));
        return Vec::new();
    }
    let Some(Layer::Gate(layer)) = shared.layers.last_mut() else {
        return Vec::new();
    };
    let confirmed = match layer.gate.confirm(&layer.typed.text()) {
        Ok(confirmed) => confirmed,
        Err(shut) => {
            layer.complaint = Some(shut.to_string());
            return Vec::new();
        }
    };
    let Some(job) = job(layer) else {
        return Vec::new();
    };
    shared.layers.pop();
    shared.may_write = true;
    shared.note_in_log(
        Weight::Warning,
        &format!("{}: the gate was passed", confirmed.action().title()),
    );
    jobs::start(shared, job, Some(confirmed))
}

/// What runs behind a gate; nothing for one that the console never opens.
fn job(layer: &GateLayer) -> Option<Job> {
    match layer.gate.action {
        Destructive::RollBack(_) => Some(Job::RollBack),
        Destructive::BlockWrites => Some(Job::Step(Step::StopApplication)),
        Destructive::UpdateSchema | Destructive::PushSchema | Destructive::PutBackIndexes => {
            Some(Job::Step(Step::Schema))
        }
        Destructive::CutOver
        | Destructive::CleanUsers
        | Destructive::RetireUsers
        | Destructive::RollBackUnrecorded
        | Destructive::Finish
        | Destructive::Purge
        | Destructive::Restore => layer.step.map(Job::Step),
        Destructive::TakeIn => Some(Job::TakeIn),
        Destructive::SetAside => Some(Job::SetAside),
    }
}

/// The next choice at the gate to roll back, where that is on top.
fn next_choice(model: &Model) -> Option<New> {
    match model.shared.layers.last() {
        Some(Layer::Gate(layer)) => layer.gate.next_choice(),
        _ => None,
    }
}

/// The gate on top is that of a roll back. Another choice opens it anew, with its own counts.
fn can_choose(model: &Model) -> Verdict {
    match next_choice(model) {
        Some(_) => model.shared.can_ask(),
        None => Err("this gate has no such choice".to_owned()),
    }
}
