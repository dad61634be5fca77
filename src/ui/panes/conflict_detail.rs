//! One conflict: what was found, what its answer does, its records side by side, and the customer that comes out. Nothing is cut: a value that
//! is too long for its column goes on in the next line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text::{number, pad, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::ids::{DETAIL_LEFT, DETAIL_RIGHT};
use crate::app::message::Detail;
use crate::app::model::Model;
use crate::app::shared::Shared;
use crate::domain::number::counted;
use crate::domain::overview::ConflictRow;
use crate::domain::text::safe;
use crate::domain::view::Record;

/// Columns of a record beside others, at least.
const RECORD: usize = 17;
/// Columns of the field names.
const FIELD: usize = 14;

/// The selected conflict's records side by side; returns how far they scroll down.
pub fn detail(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let conflicts = &model.panes.conflicts;
    let facts = &model.shared.facts;
    let Some(row) = conflicts.row(facts) else {
        widgets::boxed(frame, area, "Records", theme);
        return 0;
    };
    let mut title = conflicts.list.heading(facts, row);
    if let Some((at, of)) = conflicts.list.place(facts) {
        title = format!("{title} · {} of {}", number(at as u64), number(of as u64));
    }
    let inside = widgets::boxed(frame, area, &title, theme);
    let columns = usize::from(inside.width);
    let mut lines = about(model, row, columns, theme);
    if model.shared.ids {
        let key = safe(&row.key.to_string(), 600);
        lines.extend(widgets::labelled("Ids", &key, columns, theme));
    }
    lines.push(Line::default());
    match conflicts.current_detail(facts) {
        None if model.shared.running.is_some() => lines.push(Line::styled(
            "The records are read when the running step has ended.",
            theme.dim(),
        )),
        None => lines.push(Line::styled("reading the records …", theme.dim())),
        Some(detail) => {
            let right = conflicts.list.right;
            lines.extend(side_by_side(detail, columns, right, &model.shared, theme));
        }
    }
    widgets::scrolled(frame, inside, lines, conflicts.list.down, theme)
}

/// What was found, why it matters, and the answer.
fn about(model: &Model, row: &ConflictRow, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let code = row.key.code;
    let mut lines: Vec<Line<'static>> =
        widgets::labelled("Found", code.title(), columns, theme).collect();
    lines.extend(widgets::labelled("Why", code.why(), columns, theme));
    let (label, choice) = match &row.decision {
        Some(decision) => ("Answer", decision.choice),
        None if !code.suggests() => ("For example", code.suggestion()),
        None => ("Suggested", code.suggestion()),
    };
    let text = format!("{}: {}", choice.word(), code.does(choice));
    lines.extend(widgets::labelled(label, &text, columns, theme));
    let mut asks = model.shared.facts.review().asks.iter();
    if let Some((_, bookings)) = asks.find(|(asking, _)| *asking == code) {
        let text = format!(
            "{} would leave the application by answers of this kind, more than 1 %: an answer asks for that number",
            counted(*bookings, "booking", "bookings")
        );
        lines.extend(widgets::labelled("Number", &text, columns, theme));
    }
    let Some(decision) = &row.decision else {
        return lines;
    };
    let values = decision
        .set
        .iter()
        .map(|(field, value)| format!("{field} = {}", safe(value, 60)));
    let picks = decision
        .pick
        .keys()
        .map(|field| format!("{field} picked from one of them"));
    let rule = decision
        .survivor
        .map(|rule| format!("survivor {}", rule.word()));
    let values: Vec<_> = values.chain(picks).chain(rule).collect();
    if !values.is_empty() {
        let values = values.join(", ");
        lines.extend(widgets::labelled("By hand", &values, columns, theme));
    }
    if !decision.note.is_empty() {
        let note = safe(&decision.note.replace('\n', " "), 300);
        lines.extend(widgets::labelled("Note", &note, columns, theme));
    }
    lines
}

/// A value as people read it: no quotation marks, spaces at its ends visible, times without their machine form.
fn shown(value: &str) -> String {
    let bare = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(bare) = bare else {
        return time(value).unwrap_or_else(|| value.to_owned());
    };
    let start = bare.len() - bare.trim_start_matches(' ').len();
    let end = bare.len() - bare.trim_end_matches(' ').len();
    if bare.trim().is_empty() {
        return "␣".repeat(bare.len().max(1));
    }
    format!(
        "{}{}{}",
        "␣".repeat(start),
        bare.trim_matches(' '),
        "␣".repeat(end)
    )
}

/// "2023-09-28 23:33" of a time as it is stored.
fn time(value: &str) -> Option<String> {
    let bytes = value.as_bytes();
    let is_time = bytes.len() >= 17
        && bytes.get(4) == Some(&b'-')
        && bytes.get(10) == Some(&b'T')
        && value.ends_with('Z')
        && value.is_ascii();
    is_time.then(|| format!("{} {}", &value[..10], &value[11..16]))
}

fn letter(at: usize) -> String {
    u8::try_from(at)
        .ok()
        .filter(|at| *at < 26)
        .map_or_else(|| format!("#{}", at + 1), |at| char::from(b'A' + at).into())
}

fn side_by_side(
    detail: &Detail,
    columns: usize,
    right: usize,
    shared: &Shared,
    theme: Theme,
) -> Vec<Line<'static>> {
    let error = |text: &str| {
        wrap(&safe(text, 600), columns)
            .into_iter()
            .map(|line| Line::styled(line, theme.danger()))
            .collect::<Vec<_>>()
    };
    let sources = match &detail.records {
        Ok(records) => records,
        Err(why) => return error(why),
    };
    let mut records: Vec<(String, &Record)> = sources
        .iter()
        .enumerate()
        .map(|(at, record)| (format!("{} {}", letter(at), record.title), record))
        .collect();
    match &detail.preview {
        Ok(Some(preview)) => records.push((format!("→ {}", preview.title), preview)),
        Ok(None) => {}
        Err(why) => return error(why),
    }
    if records.is_empty() {
        return vec![Line::styled(
            "Its records are gone, so the survey is out of date: run it again.",
            theme.dim(),
        )];
    }
    let right = right.min(records.len().saturating_sub(1));
    let fitting = (columns.saturating_sub(FIELD) / RECORD).max(1);
    let window: Vec<&(String, &Record)> = records.iter().skip(right).take(fitting).collect();
    let room = (columns.saturating_sub(FIELD) / window.len().max(1)).clamp(12, 60);
    let mut lines = Vec::new();
    if window.len() < records.len() {
        lines.push(Line::styled(
            format!(
                "{} of {} records; {} {} show the others",
                window.len(),
                records.len(),
                shared.key(DETAIL_LEFT),
                shared.key(DETAIL_RIGHT)
            ),
            theme.dim(),
        ));
    }
    let titles: Vec<Vec<String>> = window
        .iter()
        .map(|(title, _)| wrap(title, room.saturating_sub(1)))
        .collect();
    let rows = titles.iter().map(Vec::len).max().unwrap_or(1);
    for at in 0..rows {
        let mut heading = vec![Span::raw(pad("", FIELD))];
        heading.extend(titles.iter().map(|title| {
            let title = title.get(at).map_or("", String::as_str);
            Span::styled(pad(title, room), theme.title())
        }));
        lines.push(Line::from(heading));
    }
    for field in field_names(&records, shared.ids) {
        let value = |record: &Record| value_of(record, &field, shared.ids);
        let of_sources: Vec<_> = sources.iter().map(value).collect();
        // The sign says that the records differ; the colour only repeats it.
        let differs = of_sources.windows(2).any(|pair| pair[0] != pair[1]);
        let cells: Vec<Vec<String>> = window
            .iter()
            .map(|(_, record)| {
                let text = value(record).map_or_else(|| "–".to_owned(), |value| shown(&value));
                wrap(&text, room.saturating_sub(1))
            })
            .collect();
        let rows = cells.iter().map(Vec::len).max().unwrap_or(1);
        for at in 0..rows {
            let name = match (at, differs) {
                (0, true) => format!("≠ {field}"),
                (0, false) => format!("  {field}"),
                _ => String::new(),
            };
            let style = if differs {
                theme.warning()
            } else {
                theme.dim()
            };
            let mut spans = vec![Span::styled(pad(&pad(&name, FIELD - 1), FIELD), style)];
            for cell in &cells {
                let text = cell.get(at).map_or("", String::as_str);
                spans.push(Span::raw(pad(text, room)));
            }
            lines.push(Line::from(spans));
        }
    }
    lines
}

fn value_of(record: &Record, field: &str, ids: bool) -> Option<String> {
    let named = |list: &[(String, String)]| {
        let found = list.iter().find(|(name, _)| name == field);
        found.map(|(_, value)| value.clone())
    };
    let words = named(&record.fields);
    let id = named(&record.ids).filter(|_| ids);
    match (words, id) {
        (Some(words), Some(id)) => Some(format!("{words} ({id})")),
        (words, id) => words.or(id),
    }
}

/// The fields of all records, in the order in which they come; those that are nothing but an id only on demand.
fn field_names(records: &[(String, &Record)], ids: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (_, record) in records {
        let shown = record.ids.iter().filter(|_| ids).chain(&record.fields);
        for (name, _) in shown {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_at_the_ends_of_a_value_can_be_seen() {
        assert_eq!(shown("\"  a b \""), "␣␣a b␣");
        assert_eq!(shown("\"  \""), "␣␣");
        assert_eq!(shown("\"\""), "␣");
        assert_eq!(shown("2023-09-28T23:33:17.064Z"), "2023-09-28 23:33");
        assert_eq!(shown("5"), "5");
    }
}
