//! The help: every command, those that hold where the help was opened first; what was typed narrows it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::text::{pad, wrap};
use super::theme::Theme;
use super::widgets::{self, below, editor};
use crate::app::layer::Help;
use crate::app::message::Scrollable;
use crate::app::model::{Model, Scope};
use crate::command::{self, Danger, Listed};
use crate::domain::text::safe;

/// Columns of the keys.
const KEYS: usize = 16;

/// Draws it.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    open: &Help,
    theme: Theme,
) -> Scrollable {
    let title = "Help: every command; type to search";
    let inside = widgets::popup(frame, area, (110, area.height), title, theme);
    let line = Rect {
        height: 1.min(inside.height),
        ..inside
    };
    editor(frame, line, &open.narrow, theme);
    let inside = below(inside, 1);
    let lines = lines(model, &open.narrow.text(), usize::from(inside.width), theme);
    let furthest = widgets::scrolled(frame, inside, lines, open.down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        ..Scrollable::default()
    }
}

fn lines(model: &Model, wanted: &str, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut table = command::table();
    let rank = |listed: &Listed| {
        let here = listed
            .scopes
            .iter()
            .any(|scope| matches!(scope, Scope::In(pane) if *pane == model.shared.pane));
        let layer = listed
            .scopes
            .iter()
            .all(|scope| matches!(scope, Scope::Over(_)));
        (!here, layer)
    };
    table.sort_by_key(rank);
    let wanted = wanted.trim().to_lowercase();
    let mut lines = Vec::new();
    let mut heading = String::new();
    for listed in table {
        let about = listed.about;
        let place = listed.place();
        let danger = match about.danger {
            Danger::None => "",
            Danger::Writes => " Writes beside the live data.",
            Danger::Gate => " Behind a gate.",
        };
        let not_now = match command::verdict(model, about.id) {
            Err(why) if listed.is_reachable(model) => format!(" Not now: {}.", safe(&why, 200)),
            Err(_) | Ok(()) => String::new(),
        };
        let shown = model.shared.keys.shown(about);
        let text = format!("{}{danger}{not_now}", about.sentence());
        let haystack = format!("{shown} {text} {} {} {place}", about.title, about.id.0);
        if !haystack.to_lowercase().contains(&wanted) {
            continue;
        }
        if place != heading {
            lines.push(Line::styled(place.clone(), theme.title()));
            heading = place;
        }
        for (at, line) in wrap(&text, columns.saturating_sub(KEYS))
            .into_iter()
            .enumerate()
        {
            let keys = if at == 0 { shown } else { "" };
            lines.push(Line::from(vec![
                Span::styled(pad(&format!("  {keys}"), KEYS), theme.label()),
                Span::raw(line),
            ]));
        }
    }
    if lines.is_empty() {
        lines.push(Line::raw("No command holds these letters."));
    }
    lines
}
