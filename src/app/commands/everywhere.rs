//! The commands of every pane: moving, rolling back, the way out.

use super::ids::{BACK, CANCEL, INTERRUPT, QUIT, ROLL_BACK};
use crate::app::commands::about::{About, CommandId, Danger, Verdict};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{Layer, Question};
use crate::app::log::Weight;
use crate::app::message::{Effect, ExitReason, Request};
use crate::app::model::{Model, ModelCommand, Scope, always};
use crate::app::navigation::Move;
use crate::app::panes;
use crate::domain::checklist::{State, Step};
use crate::domain::gate::{Destructive, New};

/// The digits of as many panes as there can be.
const DIGITS: &[Key] = &[
    Key::char('1'),
    Key::char('2'),
    Key::char('3'),
    Key::char('4'),
    Key::char('5'),
    Key::char('6'),
    Key::char('7'),
    Key::char('8'),
    Key::char('9'),
    Key::char('0'),
];
/// Panes that have a digit; further ones are reached by name, by mouse and from their neighbours.
const WITH_DIGIT: usize = if panes::TABLE.len() < DIGITS.len() {
    panes::TABLE.len()
} else {
    DIGITS.len()
};
/// How they are shown, by how many panes there are.
const SHOWN_DIGITS: [&str; 11] = [
    "", "1", "1-2", "1-3", "1-4", "1-5", "1-6", "1-7", "1-8", "1-9", "0-9",
];

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(CommandId("next-pane"), &[Key::plain(KeyCode::Tab)], "Tab", "pane")
            .help("Go to the next pane.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| to_neighbour(model, 1),
    },
    ModelCommand {
        about: About::new(CommandId("previous-pane"), &[Key::plain(KeyCode::BackTab)], "Shift-Tab", "")
            .help("Go to the pane before.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| to_neighbour(model, panes::TABLE.len() - 1),
    },
    ModelCommand {
        about: About::new(CommandId("pane"), DIGITS.split_at(WITH_DIGIT).0, SHOWN_DIGITS[WITH_DIGIT], "panes")
            .help("Go to that pane."),
        scopes: &[Scope::Panes],
        allowed: always,
        run: to_pane,
    },
    ModelCommand {
        about: About::new(CommandId("up"), &[Key::plain(KeyCode::Up), Key::char('k')], "↑ k", "")
            .help("Go up.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| go(model, Move::By(-1)),
    },
    ModelCommand {
        about: About::new(CommandId("down"), &[Key::plain(KeyCode::Down), Key::char('j')], "↓ j", "")
            .help("Go down.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| go(model, Move::By(1)),
    },
    ModelCommand {
        about: About::new(CommandId("page-up"), &[Key::plain(KeyCode::PageUp)], "PgUp", "")
            .help("Go up by a page.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| go(model, Move::Pages(-1)),
    },
    ModelCommand {
        about: About::new(CommandId("page-down"), &[Key::plain(KeyCode::PageDown)], "PgDn", "")
            .help("Go down by a page.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| go(model, Move::Pages(1)),
    },
    ModelCommand {
        about: About::new(CommandId("first"), &[Key::plain(KeyCode::Home), Key::char('g')], "Home g", "")
            .help("Go to the beginning.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| go(model, Move::First),
    },
    ModelCommand {
        about: About::new(CommandId("last"), &[Key::plain(KeyCode::End), Key::char('G')], "End G", "")
            .help("Go to the end (of the page, among bookings).")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| go(model, Move::Last),
    },
    ModelCommand {
        about: About::new(ROLL_BACK, &[Key::char('<')], "<", "roll back…")
            .help("Open the gate to roll back: the originals become live again.")
            .danger(Danger::Gate),
        scopes: &[Scope::Panes],
        allowed: can_roll_back,
        run: |model, _| {
 let action = Destructive::RollBack(New::Refuse);
 model.shared.ask(Request::Gate(action))
 },
    },
    ModelCommand {
        about: About::new(QUIT, &[Key::char('q')], "q", "leave…")
            .help("Leave, after a look at the report and an offer to export it."),
        scopes: &[Scope::Panes],
        allowed: can_quit,
        run: |model, _| quit(model),
    },
    ModelCommand {
        about: About::new(BACK, &[Key::plain(KeyCode::Esc)], "Esc", "back")
            .help("Go one layer back; in a pane, dismiss the banner or the detail. Never leaves.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| {
            let Model { shared, panes } = model;
            if !panes.get_mut(shared.pane).step_back(shared) {
                shared.banner = None; // its text stays in the log
            }
            Vec::new()
        },
    },
    ModelCommand {
        about: About::new(INTERRUPT, &[Key::ctrl('c')], "Ctrl-C", "")
            .help("While a step runs, ask whether to end it. Otherwise leave: the first press shows the report, the second one leaves, a third one does not wait.")
            .unhinted(),
        scopes: &[Scope::Always],
        allowed: always,
        run: |model, _| interrupt(model),
    },
    ModelCommand {
        about: About::new(CommandId("suspend"), &[Key::ctrl('z')], "Ctrl-Z", "")
            .help("Suspend the console and return to the shell; `fg` comes back.")
            .unhinted(),
        scopes: &[Scope::Always],
        allowed: can_suspend,
        run: |_, _| vec![Effect::Suspend],
    },
];

fn push(model: &mut Model, layer: Layer) -> Vec<Effect> {
    model.shared.layers.push(layer);
    Vec::new()
}

fn to_neighbour(model: &mut Model, by: usize) -> Vec<Effect> {
    model.go_to(panes::neighbour(model.shared.pane, by));
    Vec::new()
}

fn to_pane(model: &mut Model, key: Key) -> Vec<Effect> {
    let at = DIGITS.iter().position(|digit| *digit == key);
    if let Some(row) = at.and_then(|at| panes::TABLE.get(at)) {
        model.go_to(row.id);
    }
    Vec::new()
}

fn go(model: &mut Model, to: Move) -> Vec<Effect> {
    let pane = model.panes.get_mut(model.shared.pane);
    pane.go(&mut model.shared, to)
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if model.shared.engine_ended.is_some() {
        return model.leave(ExitReason::Left(Vec::new()));
    }
    model.panes.report.down = 0;
    push(model, Layer::Leave)
}

fn interrupt(model: &mut Model) -> Vec<Effect> {
    let shared = &mut model.shared;
    match &shared.running {
        Some(running) if running.cancelling => {
            shared.say(Weight::Warning, "it ends after this batch");
        }
        Some(_) => {
            if !matches!(
                shared.layers.last(),
                Some(Layer::Question(Question::Cancel))
            ) {
                shared.layers.push(Layer::Question(Question::Cancel));
            }
        }
        None if matches!(shared.layers.last(), Some(Layer::Leave)) => {
            let reason = ExitReason::Left(shared.exported.clone());
            return model.leave(reason);
        }
        None => {
            shared.layers.clear();
            return quit(model);
        }
    }
    Vec::new()
}

/// There is something to roll back, as far as the steps tell.
fn can_roll_back(model: &Model) -> Verdict {
    let shared = &model.shared;
    shared.can_ask()?;
    if shared.is_done(Step::DeleteOriginals) {
        return Err("the originals are deleted: only `ringfence restore` leads back".to_owned());
    }
    let begun = Step::ALL.iter().any(|step| {
        let ready = matches!(shared.state(*step), State::Pending | State::Ready);
        step.row().leaves.is_some() && !ready
    });
    if !begun {
        return Err(match &shared.facts.situation {
            Some(known) => format!("nothing to roll back: {}", known.now),
            None => "the state of the steps has not been read yet".to_owned(),
        });
    }
    Ok(())
}

/// Nothing runs that leaving would cut off.
fn can_quit(model: &Model) -> Verdict {
    let shared = &model.shared;
    match &shared.running {
        Some(running) => Err(format!(
            "{} runs: end it with {} first, then leave",
            running.job.title(),
            shared.key(CANCEL)
        )),
        None => Ok(()),
    }
}

/// Nothing runs that a stop would freeze in the middle of a batch.
fn can_suspend(model: &Model) -> Verdict {
    let shared = &model.shared;
    match &shared.running {
        Some(running) => Err(format!(
            "{} runs: suspending would freeze it in the middle of a batch; end it with {} first",
            running.job.title(),
            shared.key(CANCEL)
        )),
        None => Ok(()),
    }
}
