//! The conflicts: a list with their answers, and the records of the selected one side by side with what will become of them.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::text::{number, pad, width, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::in_several_places::SHOW_ALL;
use crate::app::conflict_list::{ConflictList, Sort};
use crate::app::message::{Detail, Scrollable};
use crate::app::model::Model;
use crate::app::panes::conflicts::{DETAIL_LEFT, DETAIL_RIGHT};
use crate::app::shared::Shared;
use crate::app::situation;
use crate::domain::conflict::Severity;
use crate::domain::number::counted;
use crate::domain::overview::ConflictRow;
use crate::domain::text::safe;
use crate::domain::view::Record;

/// Columns of a record beside others: an id fits, and two records on a screen of 80 columns.
const RECORD: usize = 32;
/// Columns of the field names.
const FIELD: usize = 12;

/// Below so many columns a row of the list leaves out what its sign says too.
const NARROW: usize = 90;

/// Below so many rows the counts have one line.
const TALL: u16 = 24;

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
        };
    }
    let share = if roomy { 55 } else { 50 };
    let most = if area.height < TALL { 1 } else { 3 };
    let counts = counts(model, (usize::from(area.width), most), theme);
    let rows = u16::try_from(counts.len()).unwrap_or(u16::MAX);
    let [counts_area, area] = area.layout(&Layout::vertical([
        Constraint::Length(rows),
        Constraint::Fill(1),
    ]));
    frame.render_widget(Paragraph::new(counts), counts_area);
    let [list_area, detail_area] = area.layout(&Layout::vertical([
        Constraint::Percentage(share),
        Constraint::Fill(1),
    ]));
    let page = list(frame, list_area, model, theme);
    Scrollable {
        page,
        furthest: 0,
        detail: detail(frame, detail_area, model, theme),
    }
}

/// What is left to decide, kind by kind; falls as one works.
fn counts(model: &Model, (columns, most): (usize, usize), theme: Theme) -> Vec<Line<'static>> {
    let left: Vec<_> = model
        .shared
        .facts
        .counts()
        .iter()
        .filter(|it| it.undecided > 0)
        .collect();
    if left.is_empty() {
        return vec![Line::styled(" Every conflict has an answer.", theme.good())];
    }
    let mut lines = vec![Line::raw(" Left:")];
    let mut used = 6;
    for it in left {
        let text = format!(" {} {}", it.code, number(it.undecided as u64));
        if used + width(&text) + 2 > columns {
            if lines.len() == most {
                break;
            }
            lines.push(Line::raw("      "));
            used = 6;
        }
        used += width(&text) + 2;
        let style = match it.code.severity() {
            Severity::Blocker => theme.danger(),
            Severity::Warning => theme.warning(),
            Severity::Note => theme.dim(),
        };
        if let Some(line) = lines.last_mut() {
            line.push_span(Span::styled(text, style));
            line.push_span(Span::raw(" ·"));
        }
    }
    lines
}

fn list(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let facts = &model.shared.facts;
    let conflicts = &model.panes.conflicts.list;
    let undecided = facts.undecided(None);
    let blockers = counted(facts.undecided_blockers() as u64, "blocker", "blockers");
    let mut title = format!(
        "Conflicts: {} of {}, {undecided} undecided ({blockers})",
        conflicts.shown(),
        facts.conflicts().len()
    );
    let filter = &conflicts.filter;
    if let Some(code) = filter.code {
        title = format!("{title} · {code}");
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
    let inside = widgets::boxed(frame, area, &title, theme);
    let height = usize::from(inside.height);
    if conflicts.shown() == 0 {
        frame.render_widget(
            Paragraph::new(format!(
                "No conflict fits the filter; {} shows all.",
                model.shared.key(SHOW_ALL.id)
            )),
            inside,
        );
        return height;
    }
    let columns = usize::from(inside.width);
    let from = widgets::window(conflicts.selected(), conflicts.shown(), height);
    let lines: Vec<_> = conflicts
        .window(facts, from)
        .take(height)
        .enumerate()
        .map(|(at, row)| {
            let line = row_line(row, conflicts, columns, theme);
            if from + at == conflicts.selected() {
                line.style(theme.selected())
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
    height
}

fn row_line(
    row: &ConflictRow,
    conflicts: &ConflictList,
    columns: usize,
    theme: Theme,
) -> Line<'static> {
    let severity = row.key.code.severity();
    let (mark, style) = match (&row.decision, severity) {
        (Some(_), _) if row.asks => ("!", theme.danger()),
        (Some(_), _) => ("✓", theme.good()),
        (None, Severity::Blocker) => ("!", theme.danger()),
        (None, Severity::Warning) => ("?", theme.warning()),
        (None, Severity::Note) => ("·", theme.dim()),
    };
    let answer = match &row.decision {
        Some(decision) if row.asks => format!("{} (number?)", decision.choice.word()),
        Some(decision) if decision.is_by_hand() => format!("{} + by hand", decision.choice.word()),
        Some(decision) => decision.choice.word().to_owned(),
        None if !row.key.code.suggests() => "(you choose)".to_owned(),
        None => format!("({}?)", row.key.code.suggestion().word()),
    };
    let who = match row.key.subjects.as_slice() {
        [] => String::new(),
        [one] => match (conflicts.label(one), one.as_str()) {
            (Some(label), _) => label.to_owned(),
            // A field or a collection is told by its name.
            (None, Some(name)) => safe(name, 60),
            (None, None) => safe(&one.to_string(), 30),
        },
        many => {
            let first = many.iter().find_map(|user| conflicts.label(user));
            let first = first.map(|label| format!(": {label}")).unwrap_or_default();
            format!("{} users{first}", many.len())
        }
    };
    let units = format!("{:>5} ", number(row.units));
    // Where it is narrow, the sign in front says the severity alone.
    let severity = if columns < NARROW {
        String::new()
    } else {
        pad(severity.word(), 8)
    };
    let room = columns.saturating_sub(2 + 25 + width(&severity) + width(&units) + 1 + 19);
    let place = match (row.business_names.is_empty(), who.is_empty()) {
        (false, false) => format!("{} · {who}", safe(&row.business_names, 80)),
        (false, true) => safe(&row.business_names, 80),
        (true, _) => who,
    };
    Line::from(vec![
        Span::styled(format!("{mark} "), style),
        Span::raw(pad(row.key.code.word(), 25)),
        Span::styled(severity, style),
        Span::raw(units),
        Span::raw(pad(&place, room)),
        Span::raw(" "),
        Span::styled(pad(&answer, 19), style),
    ])
}

/// The selected conflict's records side by side; returns how far they scroll down.
fn detail(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let conflicts = &model.panes.conflicts;
    let Some(row) = conflicts.row(&model.shared.facts) else {
        widgets::boxed(frame, area, "Records", theme);
        return 0;
    };
    let inside = widgets::boxed(frame, area, &safe(&format!("{}", row.key), 160), theme);
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    lines.extend(widgets::labelled(
        "Found",
        row.key.code.title(),
        columns,
        theme,
    ));
    lines.extend(widgets::labelled("Why", row.key.code.why(), columns, theme));
    let (label, choice) = match &row.decision {
        Some(decision) => ("Answer", decision.choice),
        None if !row.key.code.suggests() => ("For example", row.key.code.suggestion()),
        None => ("Suggested", row.key.code.suggestion()),
    };
    let text = format!("{}: {}", choice.word(), row.key.code.does(choice));
    lines.extend(widgets::labelled(label, &text, columns, theme));
    let asks = model.shared.facts.review().asks.iter();
    if let Some((_, bookings)) = asks.clone().find(|(code, _)| *code == row.key.code) {
        let text = format!(
            "{} would leave the application by answers of this kind, more than 1 %: an answer asks for that number",
            counted(*bookings, "booking", "bookings")
        );
        lines.extend(widgets::labelled("Number", &text, columns, theme));
    }
    if let Some(decision) = &row.decision {
        let values: Vec<_> = decision
            .set
            .iter()
            .map(|(field, value)| format!("{field} = {}", safe(value, 60)))
            .collect();
        let picks = decision
            .pick
            .iter()
            .map(|(field, user)| format!("{field} from {}", safe(&user.to_string(), 40)));
        let rule = decision
            .survivor
            .map(|rule| format!("survivor {}", rule.word()));
        let values: Vec<_> = values.into_iter().chain(picks).chain(rule).collect();
        if !values.is_empty() {
            lines.extend(widgets::labelled(
                "By hand",
                &values.join(", "),
                columns,
                theme,
            ));
        }
        if !decision.note.is_empty() {
            lines.extend(widgets::labelled(
                "Note",
                &safe(&decision.note.replace('\n', " "), 300),
                columns,
                theme,
            ));
        }
    }
    lines.push(Line::default());
    match conflicts.current_detail(&model.shared.facts) {
        None => lines.push(Line::styled("reading the records …", theme.dim())),
        Some(detail) => {
            let right = conflicts.list.right;
            lines.extend(side_by_side(detail, columns, right, &model.shared, theme));
        }
    }
    widgets::scrolled(frame, inside, lines, conflicts.list.down, theme)
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
    let mut records: Vec<&Record> = match &detail.records {
        Ok(records) => records.iter().collect(),
        Err(why) => return error(why),
    };
    let right = right.min(records.len());
    let sources = records.len() - right;
    match &detail.preview {
        Ok(Some(preview)) => records.push(preview),
        Ok(None) => {}
        Err(why) => return error(why),
    }
    let fields = field_names(&records);
    let shown: Vec<&Record> = records
        .iter()
        .copied()
        .skip(right.min(records.len().saturating_sub(1)))
        .collect();
    let fitting = (columns.saturating_sub(FIELD) / RECORD).max(1);
    let shown = &shown[..shown.len().min(fitting)];
    let room = (columns.saturating_sub(FIELD) / shown.len().max(1)).clamp(12, 60);
    let mut lines = Vec::new();
    if shown.len() < records.len() {
        lines.push(Line::styled(
            format!(
                "{} of {} records; {} {} show the others",
                shown.len(),
                records.len(),
                shared.key(DETAIL_LEFT),
                shared.key(DETAIL_RIGHT)
            ),
            theme.dim(),
        ));
    }
    let mut heading = vec![Span::raw(pad("", FIELD))];
    heading.extend(shown.iter().map(|record| {
        let title = pad(&record.title, room.saturating_sub(1));
        Span::styled(format!("{title} "), theme.title())
    }));
    lines.push(Line::from(heading));
    for field in &fields {
        let value = |record: &Record| {
            record
                .fields
                .iter()
                .find(|(name, _)| name == field)
                .map(|(_, value)| value.clone())
        };
        let values: Vec<Option<String>> = shown.iter().map(|record| value(record)).collect();
        // The sign says that the records differ; the colour only repeats it.
        let compared = if sources > 1 {
            &values[..sources.min(values.len())]
        } else {
            &values[..]
        };
        let differs = compared.windows(2).any(|pair| pair[0] != pair[1]);
        let name = format!("{}{field}", if differs { "≠ " } else { "  " });
        let style = if differs {
            theme.warning()
        } else {
            theme.dim()
        };
        let mut spans = vec![Span::styled(pad(&name, FIELD), style)];
        for value in values {
            let text = value.unwrap_or_else(|| "–".to_owned());
            spans.push(Span::raw(pad(&text, room.saturating_sub(1))));
            spans.push(Span::raw(" "));
        }
        lines.push(Line::from(spans));
    }
    lines
}

/// The fields of all records, in the order in which they come.
fn field_names(records: &[&Record]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in records.iter().flat_map(|record| &record.fields) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}
