//! The mapping: role, collection, field and what was seen of it; beside the list the selected key whole, with what the check says against it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::text::{fit, pad};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::panes::mapping::MappingPane;
use crate::domain::mapping::keys::Names;
use crate::domain::mapping::sheet::SheetRow;
use crate::domain::mapping_view::MappingView;
use crate::domain::number::counted;
use crate::domain::text::{safe, safe_lines};

/// From so many columns on the detail stands beside the list.
const WIDE: u16 = 160;
/// Rows of the detail below the list, where there are few and where there are many.
const BELOW: (u16, u16) = (6, 10);

/// What is said of a name that a cut-over took out of the live documents.
const MOVED: &str = "not in what is live now";

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    let pane = &model.panes.mapping;
    let view = match &pane.view {
        Some(Ok(view)) => view,
        Some(Err(why)) => {
            let inside = widgets::boxed(frame, area, "Mapping", theme);
            let text = format!("The mapping cannot be shown: {}", safe(why, 600));
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), inside);
            return Scrollable::default();
        }
        None => {
            let inside = widgets::boxed(frame, area, "Mapping", theme);
            let text = if model.shared.running.is_some() {
                "It is read when the running step has ended."
            } else {
                "looking at every collection and where its fields lead …"
            };
            frame.render_widget(Line::styled(text, theme.dim()), inside);
            return Scrollable::default();
        }
    };
    let [list, detail] = if area.width >= WIDE {
        area.layout(&Layout::horizontal([
            Constraint::Percentage(62),
            Constraint::Fill(1),
        ]))
    } else {
        area.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(if area.height < 24 { BELOW.0 } else { BELOW.1 }),
        ]))
    };
    let mut scrollable = rows(frame, list, pane, view, theme);
    scrollable.detail = selected(frame, detail, pane, view, theme);
    scrollable
}

fn title(pane: &MappingPane, view: &MappingView) -> String {
    let mut title = format!("Mapping · {} · {}", view.source.words(), view.file);
    if pane.is_changed() {
        title = format!("Mapping · changed, not saved · {}", view.file);
    }
    match pane.open_keys() {
        0 => {}
        open => {
            let keys = counted(
                open as u64,
                "required key is empty",
                "required keys are empty",
            );
            title = format!("{title} · {keys}");
        }
    }
    if !view.refused.is_empty() && !pane.is_changed() {
        title = format!("{title} · does not fit the data");
    }
    title
}

fn rows(
    frame: &mut Frame<'_>,
    area: Rect,
    pane: &MappingPane,
    view: &MappingView,
    theme: Theme,
) -> Scrollable {
    let inside = widgets::boxed(frame, area, &title(pane, view), theme);
    let columns = usize::from(inside.width);
    let role = 22.min(columns / 3);
    let value = (columns / 4).clamp(16, 34);
    let collection = 14.min(columns / 6);
    let rest = columns.saturating_sub(2 + role + collection + value);
    let mut lines = vec![Line::styled(
        format!(
            "  {}{}{}{}",
            pad("role", role),
            pad("collection", collection),
            pad("field", value),
            pad("what was seen", rest)
        ),
        theme.label(),
    )];
    let height = usize::from(inside.height).saturating_sub(1);
    let from = widgets::window(pane.selected, pane.rows.len(), height);
    for (at, row) in pane.rows.iter().enumerate().skip(from).take(height) {
        let against = pane.against(row).is_some();
        // After a cut-over the old names stand nowhere: that is as it should be.
        let moved = view.locked.is_some() && pane.is_unseen(row);
        let (mark, style) = mark(row, (against, pane.is_unseen(row) && !moved), theme);
        let (of, field) = named(row);
        let seen = if row.open {
            "required: pick one".to_owned()
        } else if against {
            "does not fit: see below".to_owned()
        } else if moved {
            MOVED.to_owned()
        } else {
            safe(&pane.evidence(row), 200)
        };
        let cell = |text: &str, wide: usize| pad(&fit(text, wide.saturating_sub(1)), wide);
        let line = Line::from(vec![
            Span::styled(format!("{mark} "), style),
            Span::styled(cell(&row.place.to_string(), role), style),
            Span::raw(cell(&safe(&of, 80), collection)),
            Span::raw(cell(&safe(&field, 120), value)),
            Span::styled(pad(&fit(&seen, rest), rest), theme.dim()),
        ]);
        lines.push(if at == pane.selected {
            widgets::selected(line, theme)
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), inside);
    Scrollable {
        page: height,
        list: widgets::list_area(
            widgets::below(inside, 1),
            from,
            pane.rows.len().saturating_sub(from),
        ),
        ..Scrollable::default()
    }
}

/// The sign of a row; never by colour alone.
fn mark(
    row: &SheetRow,
    (against, unseen): (bool, bool),
    theme: Theme,
) -> (&'static str, ratatui::style::Style) {
    if row.open || against {
        ("!", theme.danger())
    } else if unseen {
        ("?", theme.warning())
    } else if row.set {
        ("✓", theme.text())
    } else {
        ("–", theme.dim())
    }
}

/// The collection and the field that a row names.
fn named(row: &SheetRow) -> (String, String) {
    if !row.set {
        let field = if row.open { "(empty)" } else { "(none)" };
        return (row.collection.clone(), field.to_owned());
    }
    let is_collection = row.names == Names::Collection
        || row.names == Names::Other && row.place.key == "collection";
    if is_collection {
        return (row.value.clone(), String::new());
    }
    (row.collection.clone(), row.value.clone())
}

/// The selected key whole; returns how far it scrolls.
fn selected(
    frame: &mut Frame<'_>,
    area: Rect,
    pane: &MappingPane,
    view: &MappingView,
    theme: Theme,
) -> usize {
    let Some(row) = pane.row() else {
        widgets::boxed(frame, area, "", theme);
        return 0;
    };
    let place = row.place.to_string();
    let inside = widgets::boxed(frame, area, &place, theme);
    let columns = usize::from(inside.width);
    let mut lines = Vec::new();
    let mut add = |label: &str, text: &str| {
        if !text.is_empty() {
            lines.extend(widgets::labelled(label, text, columns, theme));
        }
    };
    if let Some(against) = pane.against(row) {
        add("Refused", &safe_lines(against, 600));
    }
    let value = if row.set {
        safe(&row.value, 600)
    } else {
        "nothing".to_owned()
    };
    add("Says", &value);
    add("Means", row.means);
    if !row.open && view.locked.is_some() && pane.is_unseen(row) {
        add("Seen", MOVED);
    } else if !row.open {
        add("Seen", &safe(&pane.evidence(row), 300));
    }
    for note in &row.notes {
        add("Comment", &safe(note, 300));
    }
    if let Some(locked) = &view.locked {
        add("Locked", &safe(locked, 300));
    }
    widgets::scrolled(frame, inside, lines, pane.down, theme)
}
