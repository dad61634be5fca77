//! The report as it would be written now: its sections, and the selected one; whole before leaving.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::text::{pad, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::domain::text::safe;

fn names(model: &Model) -> &'static str {
    if model.panes.report.personal {
        "values as they are"
    } else {
        "values masked"
    }
}

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    let pane = &model.panes.report;
    let sections = pane.sections();
    if sections.is_empty() {
        return titled(
            frame,
            area,
            model,
            "Report, as it would be written now",
            theme,
        );
    }
    let [list, body] = area.layout(&Layout::horizontal([
        Constraint::Length((area.width / 4).clamp(18, 34)),
        Constraint::Fill(1),
    ]));
    let inside = widgets::boxed(frame, list, "Sections", theme);
    let columns = usize::from(inside.width);
    let height = usize::from(inside.height);
    let from = widgets::window(pane.section, sections.len(), height);
    let lines: Vec<_> = sections
        .iter()
        .enumerate()
        .skip(from)
        .take(height)
        .map(|(at, section)| {
            let mark = if at == pane.section { "▸" } else { " " };
            let line = Line::raw(pad(&format!("{mark}{}", safe(&section.title, 80)), columns));
            if at == pane.section {
                widgets::selected(line, theme)
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
    let list = widgets::list_area(inside, from, sections.len() - from);
    let Some(section) = sections.get(pane.section) else {
        return Scrollable::default();
    };
    let title = format!(
        "{} · as it would be written now ({})",
        safe(&section.title, 60),
        names(model)
    );
    let inside = widgets::boxed(frame, body, &title, theme);
    let columns = usize::from(inside.width);
    let lines: Vec<Line<'_>> = section
        .lines
        .iter()
        .flat_map(|text| body_lines(text, columns, theme))
        .collect();
    let furthest = widgets::scrolled(frame, inside, lines, pane.down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        detail: furthest,
        list,
    }
}

/// Text without the signs that keep Markdown from taking it for its own.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        if escaped && !c.is_ascii_punctuation() {
            out.push('\\');
        }
        escaped = false;
        out.push(c);
    }
    out
}

/// A row of a table: what it is about as a label, and the rest wrapped beside it.
fn row_lines(row: &str, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let cells: Vec<&str> = row
        .trim_end_matches([' ', '|'])
        .split(" | ")
        .map(str::trim)
        .collect();
    let [first, second, rest @ ..] = cells.as_slice() else {
        return vec![Line::raw(row.to_owned())];
    };
    let label = format!("{first} {second}");
    let value = rest.join(" · ");
    wrap(&value, columns.saturating_sub(26).max(10))
        .into_iter()
        .enumerate()
        .map(|(at, line)| {
            let label = if at == 0 { label.trim() } else { "" };
            Line::from(vec![
                Span::styled(pad(&pad(label, 25), 26), theme.label()),
                Span::raw(line),
            ])
        })
        .collect()
}

/// A line of the report: `- label: text` as a label and its text, a row of a table as it is.
fn body_lines(text: &str, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let text = plain(&safe(text, 4000));
    if let Some(row) = text.strip_prefix("| ") {
        return row_lines(row, columns, theme);
    }
    if text.starts_with('|') {
        return Vec::new(); // the line below a table's heading
    }
    if let Some(rest) = text.strip_prefix("- ") {
        if let Some((label, value)) = rest.split_once(": ")
            && label.chars().count() <= 24
            && !label.contains('.')
        {
            let wrapped = wrap(value, columns.saturating_sub(26).max(10));
            return wrapped
                .into_iter()
                .enumerate()
                .map(|(at, line)| {
                    let label = if at == 0 { label } else { "" };
                    Line::from(vec![
                        Span::styled(pad(label, 26), theme.label()),
                        Span::raw(line),
                    ])
                })
                .collect();
        }
        return wrap(rest, columns.saturating_sub(2))
            .into_iter()
            .enumerate()
            .map(|(at, line)| Line::raw(format!("{}{line}", if at == 0 { "· " } else { "  " })))
            .collect();
    }
    wrap(&text, columns).into_iter().map(Line::from).collect()
}

/// Draws the whole report under `title`.
pub fn titled(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    title: &str,
    theme: Theme,
) -> Scrollable {
    let inside = widgets::boxed(frame, area, &format!("{title} ({})", names(model)), theme);
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    match &model.panes.report.lines {
        None => lines.push(Line::styled("making the report …", theme.dim())),
        Some(Err(why)) => lines.extend(wrap(&safe(why, 600), columns).into_iter().map(Line::from)),
        Some(Ok(report)) => {
            for text in report {
                let style = if text.starts_with('#') {
                    theme.title()
                } else {
                    Style::new()
                };
                lines.extend(
                    wrap(&safe(text, 4000), columns)
                        .into_iter()
                        .map(|line| Line::styled(line, style)),
                );
            }
        }
    }
    let furthest = widgets::scrolled(frame, inside, lines, model.panes.report.down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        ..Scrollable::default()
    }
}
