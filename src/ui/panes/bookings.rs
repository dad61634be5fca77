//! The bookings: what becomes of each, page by page; beside the list the difference of the selected one, `+` and `-`.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::text::{number, pad, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::in_several_places::SHOW_ALL;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::situation;
use crate::domain::document_diff::{BookingDiff, Mark};
use crate::domain::text::safe;

/// Draws the pane.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    roomy: bool,
    theme: Theme,
) -> Scrollable {
    let pages = &model.panes.bookings.pages;
    let (first, last) = pages.numbers();
    let more = if pages.more() { "+" } else { "" };
    let mut title = match pages.entries() {
        [] => "Bookings".to_owned(),
        _ => format!("Bookings {}–{}{more}", number(first), number(last)),
    };
    if !pages.filter().is_empty() {
        title = format!("{title} · {}", safe(&pages.filter_says, 80));
    }
    let layout = if roomy {
        Layout::horizontal([Constraint::Percentage(45), Constraint::Fill(1)])
    } else {
        Layout::vertical([Constraint::Percentage(40), Constraint::Fill(1)])
    };
    let [list_area, diff_area] = area.layout(&layout);
    let inside = widgets::boxed(frame, list_area, &title, theme);
    let height = usize::from(inside.height);
    list(frame, inside, model, theme);
    Scrollable {
        page: height,
        furthest: 0,
        detail: diff(frame, diff_area, model, theme),
    }
}

fn list(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let pages = &model.panes.bookings.pages;
    let columns = usize::from(area.width);
    let empty = match &pages.error {
        Some(error) => Some(safe(error, 600)),
        None if pages.waits() && pages.entries().is_empty() => Some("reading …".to_owned()),
        None if model.shared.facts.overview.is_none() => {
            Some(situation::not_surveyed(&model.shared))
        }
        None if pages.entries().is_empty() => Some(format!(
            "No booking fits; {} shows all.",
            model.shared.key(SHOW_ALL.id)
        )),
        None => None,
    };
    if let Some(text) = empty {
        let lines: Vec<_> = wrap(&text, columns).into_iter().map(Line::from).collect();
        frame.render_widget(Paragraph::new(lines), area);
        return;
    }
    let height = usize::from(area.height);
    let from = widgets::window(pages.selected, pages.entries().len(), height);
    let lines: Vec<_> = pages
        .entries()
        .iter()
        .enumerate()
        .skip(from)
        .take(height)
        .map(|(at, entry)| {
            let line = row(entry, columns, theme);
            if at == pages.selected {
                line.style(theme.selected())
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn row(entry: &BookingDiff, columns: usize, theme: Theme) -> Line<'static> {
    let id = safe(&entry.booking.to_string(), 26);
    let (mark, style) = if entry.customer.is_some() {
        ("→", theme.good())
    } else {
        ("!", theme.warning())
    };
    let place = if entry.business_name.is_empty() {
        entry.outcome.clone()
    } else {
        entry.business_name.clone()
    };
    Line::from(vec![
        Span::styled(format!("{mark} "), style),
        Span::raw(pad(&id, 26)),
        Span::raw(pad(&safe(&place, 80), columns.saturating_sub(28))),
    ])
}

/// The difference of the selected booking; returns how far it scrolls.
fn diff(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let Some(entry) = model.panes.bookings.pages.entry() else {
        widgets::boxed(frame, area, "Before and after", theme);
        return 0;
    };
    let inside = widgets::boxed(
        frame,
        area,
        &format!("booking {}", safe(&entry.booking.to_string(), 60)),
        theme,
    );
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    lines.extend(widgets::labelled(
        "Goes",
        &safe(&entry.outcome, 200),
        columns,
        theme,
    ));
    if !entry.business_name.is_empty() {
        lines.extend(widgets::labelled(
            "Business",
            &safe(&entry.business_name, 120),
            columns,
            theme,
        ));
    }
    lines.push(Line::default());
    for line in &entry.lines {
        let (sign, style) = match line.mark {
            Mark::Same => (" ", theme.dim()),
            Mark::Removed => ("-", theme.removed()),
            Mark::Added => ("+", theme.added()),
        };
        let text = format!("{sign} {}: {}", line.field, line.value);
        lines.extend(
            wrap(&text, columns)
                .into_iter()
                .map(|text| Line::styled(text, style)),
        );
    }
    widgets::scrolled(frame, inside, lines, model.panes.bookings.pages.down, theme)
}
