//! The conflicts in groups by kind, with their answers; beside them the selected one's records and what will become of them.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::text::{number, pad, right, width};
use super::super::theme::Theme;
use super::super::widgets;
use super::conflict_detail::detail;
use crate::app::commands::in_several_places::SHOW_ALL;
use crate::app::conflict_list::{ConflictList, ListRow, Sort};
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::situation;
use crate::domain::conflict::{Code, Severity};
use crate::domain::overview::ConflictRow;
use crate::domain::people::conflict_words;
use crate::domain::text::safe;

/// Draws the pane.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    roomy: bool,
    theme: Theme,
) -> Scrollable {
    if model.shared.facts.conflicts().is_empty() {
        let inside = widgets::boxed(frame, area, "Conflicts", theme);
        let text = match model.shared.facts.overview {
            Some(_) => "No conflict was found.".to_owned(),
            None => situation::not_surveyed(&model.shared),
        };
        let text = Paragraph::new(text).wrap(Wrap { trim: true });
        frame.render_widget(text, inside);
        return Scrollable::default();
    }
    if model.panes.conflicts.open {
        let furthest = detail(frame, area, model, theme);
        return Scrollable {
            page: usize::from(area.height).saturating_sub(2),
            furthest,
            detail: furthest,
            ..Scrollable::default()
        };
    }
    let [counts_area, area] = area.layout(&Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
    ]));
    frame.render_widget(counts(model, theme), counts_area);
    let [list_area, detail_area] = widgets::split(area, roomy, 42);
    let mut scrollable = list(frame, list_area, model, theme);
    scrollable.detail = detail(frame, detail_area, model, theme);
    scrollable
}

/// How much is left to decide, by how much it holds up; falls as one works.
fn counts(model: &Model, theme: Theme) -> Line<'static> {
    let facts = &model.shared.facts;
    let left = facts.undecided(None);
    if left == 0 {
        return Line::styled(" Every conflict has an answer.", theme.good());
    }
    let all = facts.conflicts().len();
    let mut spans = vec![Span::styled(
        format!(
            " To decide {} of {}  ",
            number(left as u64),
            number(all as u64)
        ),
        theme.title(),
    )];
    for (severity, word, style) in [
        (Severity::Blocker, "must", theme.danger()),
        (Severity::Warning, "should", theme.warning()),
        (Severity::Note, "may", theme.dim()),
    ] {
        let of = |it: &&crate::app::facts::Count| it.code.severity() == severity;
        let left: usize = facts
            .counts()
            .iter()
            .filter(of)
            .map(|it| it.undecided)
            .sum();
        let count: usize = facts.counts().iter().filter(of).map(|it| it.count).sum();
        if count == 0 {
            continue;
        }
        let bar = "■".repeat((left * 8).div_ceil(count.max(1)));
        spans.push(Span::styled(
            format!("  {word} {} {}", pad(&bar, 8), number(left as u64)),
            style,
        ));
    }
    Line::from(spans)
}

fn title(model: &Model) -> String {
    let facts = &model.shared.facts;
    let conflicts = &model.panes.conflicts.list;
    let undecided = facts.undecided(None);
    let mut title = format!(
        "Conflicts: {} of {}",
        number(conflicts.shown() as u64),
        number(facts.conflicts().len() as u64)
    );
    let filter = &conflicts.filter;
    if filter.is_empty() {
        title = format!("{title}, {} undecided", number(undecided as u64));
    }
    if let Some(code) = filter.code {
        title = format!("{title} · {}", conflict_words(code));
    }
    if let Some((_, name)) = &filter.business {
        title = format!("{title} · {}", safe(name, 40));
    }
    if filter.undecided {
        title += " · only undecided";
    }
    if conflicts.sort != Sort::Kind {
        title = format!("{title} · {}", conflicts.sort.title());
    }
    if !filter.text.is_empty() {
        title = format!("{title} · “{}”", safe(&filter.text, 40));
    }
    title
}

fn list(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> Scrollable {
    let facts = &model.shared.facts;
    let conflicts = &model.panes.conflicts.list;
    let inside = widgets::boxed(frame, area, &title(model), theme);
    let height = usize::from(inside.height);
    if conflicts.shown() == 0 {
        frame.render_widget(
            Paragraph::new(format!(
                "No conflict fits the filter; {} shows all.",
                model.shared.key(SHOW_ALL.id)
            ))
            .wrap(Wrap { trim: true }),
            inside,
        );
        return Scrollable {
            page: height,
            ..Scrollable::default()
        };
    }
    let columns = usize::from(inside.width);
    let rows = conflicts.rows(facts);
    let selected = ListRow::Conflict(conflicts.selected());
    let at = rows.iter().position(|row| *row == selected).unwrap_or(0);
    let from = widgets::window(at, rows.len(), height);
    let lines: Vec<_> = rows
        .iter()
        .skip(from)
        .take(height)
        .map(|row| match row {
            ListRow::Group(code, _) => group_line(model, *code, columns, theme),
            ListRow::Conflict(position) => {
                let Some(row) = conflicts.window(facts, *position).next() else {
                    return Line::default();
                };
                let line = row_line(row, conflicts, columns, theme);
                if *position == conflicts.selected() {
                    widgets::selected(line, theme)
                } else {
                    line
                }
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
    Scrollable {
        page: height,
        list: widgets::list_area(inside, from, rows.len() - from),
        ..Scrollable::default()
    }
}

fn mark(severity: Severity, decided: bool, theme: Theme) -> (&'static str, ratatui::style::Style) {
    match (decided, severity) {
        (true, _) => ("✓", theme.good()),
        (false, Severity::Blocker) => ("!", theme.danger()),
        (false, Severity::Warning) => ("?", theme.warning()),
        (false, Severity::Note) => ("·", theme.dim()),
    }
}

/// The heading of a kind: how many are left of how many.
fn group_line(model: &Model, code: Code, columns: usize, theme: Theme) -> Line<'static> {
    let facts = &model.shared.facts;
    let count = facts.counts().iter().find(|it| it.code == code);
    let (count, left) = count.map_or((0, 0), |it| (it.count, it.undecided));
    let (mark, style) = mark(code.severity(), left == 0, theme);
    let open = model
        .panes
        .conflicts
        .row(facts)
        .is_some_and(|row| row.key.code == code);
    let fold = if open { "▾" } else { "▸" };
    let numbers = if left == 0 {
        format!("all {} decided", number(count as u64))
    } else if left == count {
        number(count as u64)
    } else {
        format!("{} of {}", number(left as u64), number(count as u64))
    };
    let room = columns.saturating_sub(width(&numbers) + 1);
    let text = format!("{fold}{mark} {}", conflict_words(code));
    Line::styled(
        format!("{} {}", pad(&text, room), right(&numbers, width(&numbers))),
        style,
    )
}

fn row_line(
    row: &ConflictRow,
    conflicts: &ConflictList,
    columns: usize,
    theme: Theme,
) -> Line<'static> {
    let decided = row.decision.is_some() && !row.asks;
    let severity = row.key.code.severity();
    let (mark, style) = if row.asks {
        ("!", theme.danger())
    } else {
        mark(severity, decided, theme)
    };
    let answer = match &row.decision {
        Some(decision) if row.asks => format!("{} (number?)", decision.choice.word()),
        Some(decision) if decision.is_by_hand() => format!("{} + by hand", decision.choice.word()),
        Some(decision) => decision.choice.word().to_owned(),
        None if !row.key.code.suggests() => "(you choose)".to_owned(),
        None => format!("({}?)", row.key.code.suggestion().word()),
    };
    let who = conflicts.who(row);
    let units = if row.units > 1 {
        format!(" · {} {}", number(row.units), row.key.code.counts())
    } else {
        String::new()
    };
    let kind = if conflicts.is_grouped() {
        String::new()
    } else {
        format!("{}: ", conflict_words(row.key.code))
    };
    let place = safe(&row.business_names, 80);
    let text = match (place.is_empty(), who.is_empty()) {
        (false, false) => format!("{kind}{who} · {place}{units}"),
        (false, true) => format!("{kind}{place}{units}"),
        (true, false) => format!("{kind}{who}{units}"),
        (true, true) => format!("{kind}{}{units}", conflict_words(row.key.code)),
    };
    let answer = pad(&answer, width(&answer).min(19));
    let room = columns.saturating_sub(5 + width(&answer));
    Line::from(vec![
        Span::styled(format!("  {mark} "), style),
        Span::raw(pad(&text, room)),
        Span::raw(" "),
        Span::styled(answer, style),
    ])
}
