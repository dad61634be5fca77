//! The report as it would be written now: its sections, and the selected one; whole before leaving.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::text::{pad, width, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::domain::text::safe;

/// The widest column of labels.
const LABEL: usize = 26;

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
        Constraint::Length((area.width / 4).clamp(26, 34)),
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
    let title = format!("{} · as of now, {}", safe(&section.title, 60), names(model));
    let inside = widgets::boxed(frame, body, &title, theme);
    let columns = usize::from(inside.width);
    let parts: Vec<Part> = section.lines.iter().filter_map(|it| Part::of(it)).collect();
    let label = label_column(&parts, columns);
    let lines: Vec<Line<'_>> = parts
        .iter()
        .flat_map(|part| part.lines(label, columns, theme))
        .collect();
    let furthest = widgets::scrolled(frame, inside, lines, pane.down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        detail: furthest,
        list,
        ..Scrollable::default()
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

/// A line of the report.
enum Part {
    /// `- label: text`, or a row of a table: what it is about, and the rest.
    Labelled(String, String),
    /// An item of a list.
    Item(String),
    /// An item below an item.
    Below(String),
    /// Anything else.
    Plain(String),
}

impl Part {
    /// `None` for the line below a table's heading.
    fn of(text: &str) -> Option<Self> {
        let text = plain(&safe(text, 4000));
        if let Some(row) = text.strip_prefix("| ") {
            // The first cell of a heading may be empty.
            let row = match row.strip_prefix("| ") {
                Some(rest) => format!(" | {rest}"),
                None => row.to_owned(),
            };
            let cells: Vec<&str> = row
                .trim_end_matches([' ', '|'])
                .split(" | ")
                .map(str::trim)
                .collect();
            let [first, second, rest @ ..] = cells.as_slice() else {
                return Some(Self::Plain(row.clone()));
            };
            let label = format!("{first} {second}").trim().to_owned();
            return Some(Self::Labelled(label, rest.join(" · ")));
        }
        if text.starts_with('|') {
            return None;
        }
        if let Some(rest) = text.strip_prefix("  - ") {
            return Some(Self::Below(rest.to_owned()));
        }
        let Some(rest) = text.strip_prefix("- ") else {
            return Some(Self::Plain(text));
        };
        Some(match rest.split_once(": ") {
            // A line of a checklist is one sentence.
            Some((label, value))
                if width(label) <= LABEL - 2 && !label.contains('.') && !label.starts_with('[') =>
            {
                Self::Labelled(label.to_owned(), value.to_owned())
            }
            _ => Self::Item(rest.to_owned()),
        })
    }

    /// Drawn, with labels in a column so wide; a longer label stands above its text.
    fn lines(&self, label: usize, columns: usize, theme: Theme) -> Vec<Line<'static>> {
        match self {
            Self::Plain(text) => wrap(text, columns).into_iter().map(Line::from).collect(),
            Self::Item(text) => hanging("· ", text, columns),
            Self::Below(text) => hanging("  · ", text, columns),
            Self::Labelled(name, text) => {
                let above = width(name) + 2 > label;
                let mut lines = Vec::new();
                if above {
                    let name = wrap(name, columns).into_iter();
                    lines.extend(name.map(|it| Line::styled(it, theme.label())));
                }
                let text = wrap(text, columns.saturating_sub(label).max(10));
                lines.extend(text.into_iter().enumerate().map(|(at, line)| {
                    let name = if at == 0 && !above { name.as_str() } else { "" };
                    Line::from(vec![
                        Span::styled(pad(name, label), theme.label()),
                        Span::raw(line),
                    ])
                }));
                lines
            }
        }
    }
}

/// An item with its mark, and its other lines below its text.
fn hanging(mark: &str, text: &str, columns: usize) -> Vec<Line<'static>> {
    let wide = width(mark);
    let lines = wrap(text, columns.saturating_sub(wide));
    let begins = std::iter::once(mark.to_owned()).chain(std::iter::repeat(" ".repeat(wide)));
    let lines = begins.zip(lines);
    lines
        .map(|(begins, line)| Line::raw(format!("{begins}{line}")))
        .collect()
}

/// How wide the column of the labels is: as the widest of them needs it, and no more than a third.
fn label_column(parts: &[Part], columns: usize) -> usize {
    let most = LABEL.min(columns / 3);
    let wide = parts.iter().filter_map(|part| match part {
        Part::Labelled(name, _) => Some(width(name) + 2),
        Part::Item(_) | Part::Below(_) | Part::Plain(_) => None,
    });
    wide.filter(|it| *it <= most).max().unwrap_or(most)
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
                    wrap(&plain(&safe(text, 4000)), columns)
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
