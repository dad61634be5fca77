//! The commands of layers that are read: scrolling and closing.

use super::ids::CLOSE_LAYER;
use crate::app::commands::about::{About, CommandId};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::{Layer, LayerKind};
use crate::app::message::Effect;
use crate::app::model::{Model, ModelCommand, Scope, always};
use crate::app::navigation::Move;

/// Layers whose contents scroll and that take no text.
const READING: &[Scope] = &[
    Scope::Over(LayerKind::Whole),
    Scope::Over(LayerKind::Truth),
    Scope::Over(LayerKind::Leave),
];
/// Layers that scroll by pages.
const PAGED: &[Scope] = &[
    Scope::Over(LayerKind::Gate),
    Scope::Over(LayerKind::Help),
    Scope::Over(LayerKind::Whole),
    Scope::Over(LayerKind::Truth),
    Scope::Over(LayerKind::Leave),
];

/// The commands.
pub const COMMANDS: &[ModelCommand] = &[
    ModelCommand {
        about: About::new(
            CommandId("scroll-up"),
            &[Key::plain(KeyCode::Up), Key::char('k')],
            "↑ k",
            "",
        )
        .help("Scroll up.")
        .unhinted(),
        scopes: READING,
        allowed: always,
        run: |model, _| scroll(model, Move::By(-1)),
    },
    ModelCommand {
        about: About::new(
            CommandId("scroll-down"),
            &[Key::plain(KeyCode::Down), Key::char('j')],
            "↓ j",
            "",
        )
        .help("Scroll down.")
        .unhinted(),
        scopes: READING,
        allowed: always,
        run: |model, _| scroll(model, Move::By(1)),
    },
    ModelCommand {
        about: About::new(CommandId("help-up"), &[Key::plain(KeyCode::Up)], "↑", "")
            .help("Scroll the help up.")
            .unhinted(),
        scopes: &[Scope::Over(LayerKind::Help)],
        allowed: always,
        run: |model, _| scroll(model, Move::By(-1)),
    },
    ModelCommand {
        about: About::new(
            CommandId("help-down"),
            &[Key::plain(KeyCode::Down)],
            "↓",
            "",
        )
        .help("Scroll the help down.")
        .unhinted(),
        scopes: &[Scope::Over(LayerKind::Help)],
        allowed: always,
        run: |model, _| scroll(model, Move::By(1)),
    },
    ModelCommand {
        about: About::new(
            CommandId("scroll-page-up"),
            &[Key::plain(KeyCode::PageUp)],
            "PgUp",
            "",
        )
        .help("Scroll up by a page.")
        .unhinted(),
        scopes: PAGED,
        allowed: always,
        run: |model, _| scroll(model, Move::Pages(-1)),
    },
    ModelCommand {
        about: About::new(
            CommandId("scroll-page-down"),
            &[Key::plain(KeyCode::PageDown)],
            "PgDn",
            "scroll",
        )
        .help("Scroll down by a page."),
        scopes: PAGED,
        allowed: always,
        run: |model, _| scroll(model, Move::Pages(1)),
    },
    ModelCommand {
        about: About::new(CLOSE_LAYER, &[Key::plain(KeyCode::Esc)], "Esc", "back")
            .help("Go back; nothing happens."),
        scopes: &[
            Scope::Over(LayerKind::Gate),
            Scope::Over(LayerKind::Decision),
            Scope::Over(LayerKind::Note),
            Scope::Over(LayerKind::Number),
            Scope::Over(LayerKind::Line),
            Scope::Over(LayerKind::Picker),
            Scope::Over(LayerKind::Palette),
            Scope::Over(LayerKind::Help),
            Scope::Over(LayerKind::Leave),
        ],
        allowed: always,
        run: |model, _| close(model),
    },
    ModelCommand {
        about: About::new(
            CommandId("close-text"),
            &[
                Key::plain(KeyCode::Esc),
                Key::char('q'),
                Key::char('?'),
                Key::char('w'),
                Key::char('R'),
                Key::char('r'),
            ],
            "Esc",
            "back",
        )
        .help("Go back."),
        scopes: &[Scope::Over(LayerKind::Whole), Scope::Over(LayerKind::Truth)],
        allowed: always,
        run: |model, _| close(model),
    },
];

/// Scrolls the top layer.
fn scroll(model: &mut Model, to: Move) -> Vec<Effect> {
    let scrollable = model.shared.scrollable;
    let down = match model.shared.layers.last_mut() {
        Some(Layer::Help(help)) => &mut help.down,
        Some(Layer::Whole(whole)) => &mut whole.down,
        Some(Layer::Truth(down)) => down,
        // It opens where the choice is seen, and goes on from there.
        Some(Layer::Gate(gate)) => gate.down.get_or_insert(scrollable.at),
        Some(Layer::Leave) => &mut model.panes.report.down,
        Some(
            Layer::Question(_)
            | Layer::Decision(_)
            | Layer::Note(_)
            | Layer::Number(_)
            | Layer::Line(_)
            | Layer::Picker(_)
            | Layer::Palette(..),
        )
        | None => return Vec::new(),
    };
    *down = to.from(*down, scrollable.page, scrollable.furthest);
    Vec::new()
}

/// Closes the top layer, and brings back what it changed.
fn close(model: &mut Model) -> Vec<Effect> {
    match model.shared.layers.pop() {
        Some(Layer::Leave) => model.shared.leaves_after_export = false,
        Some(Layer::Line(line)) => {
            let pane = model.panes.get_mut(model.shared.pane);
            pane.typing(&mut model.shared, &line.before);
        }
        Some(
            Layer::Question(_)
            | Layer::Gate(_)
            | Layer::Decision(_)
            | Layer::Note(_)
            | Layer::Number(_)
            | Layer::Picker(_)
            | Layer::Palette(..)
            | Layer::Help(_)
            | Layer::Truth(_)
            | Layer::Whole(_),
        )
        | None => {}
    }
    Vec::new()
}
