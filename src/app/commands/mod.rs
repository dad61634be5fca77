//! The commands that are no pane's own, by the place where they hold; and the way from a key to the command that it calls.

use self::about::{About, CommandId, Verdict};
use super::key::Key;
use super::message::Effect;
use super::model::{Model, ModelCommand};
use super::panes;

pub mod about;
mod decision;
mod everywhere;
mod fields;
mod gate;
pub mod ids;
pub mod in_several_places;
mod leaving;
mod question;
mod reading;
mod running;
mod screen;

/// All of them, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static ModelCommand> {
    let rows = [
        everywhere::COMMANDS,
        running::COMMANDS,
        screen::COMMANDS,
        question::COMMANDS,
        gate::COMMANDS,
        fields::COMMANDS,
        decision::COMMANDS,
        leaving::COMMANDS,
        reading::COMMANDS,
    ];
    rows.into_iter().flatten()
}

fn holding(model: &Model) -> impl Iterator<Item = &'static ModelCommand> {
    all().filter(|command| command.scopes.iter().any(|scope| model.is_in(*scope)))
}

/// The commands that hold where the focus is now, those of the pane first.
pub fn offered(model: &Model) -> Vec<&'static About> {
    let mut offered = Vec::new();
    if model.shared.layers.is_empty() {
        offered.extend((panes::row(model.shared.pane).commands)());
    }
    offered.extend(holding(model).map(|command| &command.about));
    offered
}

/// The command that `key` calls where the focus is now.
pub fn of_key(model: &Model, key: Key) -> Option<&'static About> {
    let mut offered = offered(model).into_iter();
    offered.find(|about| model.shared.keys.keys(about).contains(&key))
}

/// Whether a command can be done now, or why not: in the focused pane, or else wherever it holds.
pub fn verdict(model: &Model, id: CommandId) -> Verdict {
    let pane = model.panes.get(model.shared.pane);
    if let Some(verdict) = pane.verdict(id, &model.shared) {
        return verdict;
    }
    match all().find(|command| command.about.id == id) {
        Some(command) => (command.allowed)(model),
        None => Ok(()),
    }
}

/// Does a command that holds where the focus is now, once it is known to be allowed.
pub fn run(model: &mut Model, id: CommandId, key: Key) -> Vec<Effect> {
    if model.shared.layers.is_empty() {
        let pane = model.panes.get_mut(model.shared.pane);
        if let Some(effects) = pane.run(id, &mut model.shared, key) {
            model.arrive();
            return effects;
        }
    }
    let found = holding(model).find(|command| command.about.id == id);
    let effects = found.map_or_else(Vec::new, |command| (command.run)(model, key));
    model.arrive();
    effects
}
