//! The palette: every command that a pane offers, by name, with its key and why it cannot be run now.

use super::commands;
use super::commands::about::{About, Verdict};
use super::commands::ids::PALETTE;
use super::layer::picker::{Item, Picker};
use super::layer::{Called, Layer};
use super::log::Weight;
use super::message::Effect;
use super::model::{Model, Scope};
use super::panes::TABLE;
use crate::domain::text::safe;

/// The list, the commands of this pane first; and what its lines stand for.
fn of(model: &Model) -> (Picker, Vec<Called>) {
    let here = model.shared.pane;
    let mut lines: Vec<(Item, Called)> = Vec::new();
    let mut add = |called: Called, about: &About, place: &str, verdict: Verdict| {
        let why = match verdict {
            Ok(()) => String::new(),
            Err(why) => format!(" (not now: {})", safe(&why, 120)),
        };
        let words = about.id.0.replace('-', " ");
        let title = about.title.trim_end_matches('…');
        let name = if title.is_empty() || words.contains(title) {
            words
        } else {
            format!("{title} ({words})")
        };
        let more = format!(
            "{:<10} {place}{}{why}",
            model.shared.keys.shown(about),
            about.sentence()
        );
        lines.push((Item { label: name, more }, called));
    };
    let mut rows: Vec<_> = TABLE.iter().collect();
    rows.sort_by_key(|row| row.id != here);
    for row in rows {
        let place = if row.id == here {
            String::new()
        } else {
            format!("{}: ", row.title)
        };
        for about in (row.commands)() {
            let verdict = model.panes.get(row.id).verdict(about.id, &model.shared);
            let called = Called {
                id: about.id,
                pane: Some(row.id),
            };
            add(called, about, &place, verdict.unwrap_or(Ok(())));
        }
    }
    for command in commands::all() {
        let holds = command
            .scopes
            .iter()
            .any(|scope| matches!(scope, Scope::Panes | Scope::Always));
        if holds && command.about.id != PALETTE {
            let called = Called {
                id: command.about.id,
                pane: None,
            };
            add(called, &command.about, "", (command.allowed)(model));
        }
    }
    let (items, called) = lines.into_iter().unzip();
    (
        Picker::new("Every command; typing finds one", items),
        called,
    )
}

/// Fills a palette that has just been opened.
pub fn fill(model: &mut Model) {
    if let Some(Layer::Palette(_, called)) = model.shared.layers.last()
        && called.is_empty()
    {
        let (list, called) = of(model);
        model.shared.layers.pop();
        model.shared.layers.push(Layer::Palette(list, called));
    }
}

/// Runs the picked command, in its pane.
pub fn run(model: &mut Model, called: Called) -> Vec<Effect> {
    if let Some(pane) = called.pane.filter(|pane| *pane != model.shared.pane) {
        model.go_to(pane);
    }
    let found = commands::offered(model)
        .into_iter()
        .find(|about| about.id == called.id);
    let Some(about) = found else {
        return Vec::new();
    };
    match commands::verdict(model, called.id) {
        Ok(()) => {
            let keys = model.shared.keys.keys(about);
            let key = keys.first().copied();
            key.map_or_else(Vec::new, |key| commands::run(model, called.id, key))
        }
        Err(why) => {
            let text = format!("{}: not now: {why}", model.shared.keys.shown(about));
            model.shared.say(Weight::Warning, text);
            Vec::new()
        }
    }
}
