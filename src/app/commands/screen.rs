//! The commands of what is seen: the palette, the help, whole messages, what is true, ids, copying, the mouse, the theme.

use super::ids::{COPY, HELP, IDS, PALETTE, TRUTH, WHOLE_MESSAGE};
use crate::app::commands::about::{About, CommandId};
use crate::app::key::Key;
use crate::app::layer::picker::Picker;
use crate::app::layer::{Help, Layer, LayerKind, Whole};
use crate::app::log::Weight;
use crate::app::message::{Effect, Request};
use crate::app::model::{Model, ModelCommand, Scope, always};
use crate::app::situation;
use crate::domain::text::safe_lines;

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(PALETTE, &[Key::char(':')], ":", "command")
            .help("Run any command by its name; says why one cannot be run now."),
        scopes: &[Scope::Panes],
        allowed: always,
        // Its lines are all commands, this one too: whoever knows all of them fills it.
        run: |model, _| push(model, Layer::Palette(Picker::new("", Vec::new()), Vec::new())),
    },
    ModelCommand {
        about: About::new(TRUTH, &[Key::char('R'), Key::char('r')], "R r", "read again")
            .help("Read everything again, and show in full what is true, what comes next, what it destroys, and how to get back."),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| read_again(model),
    },
    ModelCommand {
        about: About::new(IDS, &[Key::char('i')], "i", "ids")
            .help("Show the ids beside the names, or hide them again.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| {
            model.shared.ids = !model.shared.ids;
            let how = if model.shared.ids { "shown" } else { "hidden" };
            model.shared.say(Weight::Info, format!("ids are {how}"));
            Vec::new()
        },
    },
    ModelCommand {
        about: About::new(COPY, &[Key::char('y')], "y", "copy")
            .help("Copy what is selected, or the whole message on top, into the terminal's clipboard.")
            .unhinted(),
        scopes: &[
            Scope::Panes,
            Scope::Over(LayerKind::Whole),
            Scope::Over(LayerKind::Truth),
            Scope::Over(LayerKind::Leave),
        ],
        allowed: always,
        run: |model, _| copy(model),
    },
    ModelCommand {
        about: About::new(WHOLE_MESSAGE, &[Key::char('w')], "w", "whole message")
            .help("Show the whole message of the red banner, or else of the status line.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: |model| match message(model) {
            Some(_) => Ok(()),
            None => Err("there is no message".to_owned()),
        },
        run: |model, _| match message(model) {
            Some((title, text)) => push(model, Layer::Whole(Whole { title, text, down: 0 })),
            None => Vec::new(),
        },
    },
    ModelCommand {
        about: About::new(HELP, &[Key::char('?')], "?", "help")
            .help("Show every command, those that hold here first, and why one cannot be used now. Typing searches."),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| push(model, Layer::Help(Help::default())),
    },
    ModelCommand {
        about: About::new(CommandId("mouse"), &[Key::char('M')], "M", "mouse")
            .help("Give the mouse back to the terminal, so that it selects text; or take it again.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| {
            let ours = !model.shared.mouse;
            model.shared.mouse = ours;
            let whose = if ours {
                "the mouse clicks and scrolls here"
            } else {
                "the mouse selects text in the terminal"
            };
            model.shared.say(Weight::Info, whose);
            vec![Effect::Mouse(ours)]
        },
    },
    ModelCommand {
        about: About::new(CommandId("theme"), &[Key::char('T')], "T", "theme")
            .help("Go to the next theme of colours.")
            .unhinted(),
        scopes: &[Scope::Panes],
        allowed: always,
        run: |model, _| {
            let shared = &mut model.shared;
            let at = shared.themes.iter().position(|name| *name == shared.theme);
            let next = at.map_or(0, |at| (at + 1) % shared.themes.len().max(1));
            if let Some(name) = shared.themes.get(next).cloned() {
                shared.say(Weight::Info, format!("theme: {name}"));
                shared.theme = name;
            }
            Vec::new()
        },
    },
];

fn push(model: &mut Model, layer: Layer) -> Vec<Effect> {
    model.shared.layers.push(layer);
    Vec::new()
}

/// The message that stands on the screen: the banner's, or else the status line's.
fn message(model: &Model) -> Option<(String, String)> {
    let shared = &model.shared;
    if let Some(banner) = &shared.banner {
        return Some((banner.title.clone(), banner.text.clone()));
    }
    let said = shared.notice.as_ref().or(shared.said.as_ref())?;
    Some(("Message".to_owned(), said.text.clone()))
}

/// Reads everything again where the engine is free, and shows what is true.
fn read_again(model: &mut Model) -> Vec<Effect> {
    model.shared.layers.push(Layer::Truth(0));
    if model.shared.can_ask().is_err() {
        return Vec::new();
    }
    model.outdated();
    model.shared.ask(Request::Standing)
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.shared.layers.last() {
        Some(Layer::Whole(whole)) => Some(whole.text.clone()),
        Some(Layer::Truth(_)) => Some(situation::of(&model.shared).text()),
        Some(Layer::Leave) => model.panes.report.copied_whole(),
        _ => model.panes.get(model.shared.pane).copied(&model.shared),
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        let says = "nothing is selected that can be copied";
        model.shared.say(Weight::Warning, says);
        return Vec::new();
    };
    let lines = text.lines().count();
    let what = match lines {
        0 | 1 => format!("copied: {}", safe_lines(&text, 60)),
        _ => format!("copied {lines} lines"),
    };
    model.shared.say(Weight::Info, what);
    vec![Effect::Copy(text)]
}
