//! The decision editor: two records and the customer that comes out, side by side, field by field.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::text::{pad, wrap};
use super::theme::Theme;
use super::widgets::{self, below, complaint, editor};
use crate::app::commands::about::Keymap;
use crate::app::commands::ids::{
    BREAK_LINE, CLEAR_FIELD, KEEP_DECISION, NEXT_CHOICE, SAVE, TAKE_LEFT, TAKE_RIGHT, TURN_RIGHT,
    TYPE_NOTE, TYPE_VALUE,
};
use crate::app::layer::decision_editor::{DecisionEditor, Origin, Row, Typing};
use crate::app::message::Scrollable;
use crate::domain::people::{Who, conflict_words};
use crate::domain::text::safe;

/// Columns of sign and field name.
const FIELD: usize = 13;
/// Columns that say where a value comes from.
const ORIGIN: usize = 9;

/// Draws it.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    open: &DecisionEditor,
    business: &str,
    keys: &Keymap,
    theme: Theme,
) -> Scrollable {
    let key = open.key();
    let title = match business {
        "" => format!("Decide: {}", conflict_words(key.code)),
        at => format!("Decide: {} at {at}", conflict_words(key.code)),
    };
    let width = area.width.saturating_sub(4);
    let typing = typing_rows(open);
    let contents = |columns: usize| {
        let mut lines = heading(open, columns, theme);
        if open.sources.records.is_empty() {
            let text = format!(
                "This conflict has no values of a user to pick: choose the answer ({}), write a note ({}), keep it ({}).",
                keys.of(NEXT_CHOICE),
                keys.of(TYPE_NOTE),
                keys.of(KEEP_DECISION)
            );
            lines.extend(wrap(&text, columns).into_iter().map(Line::from));
        } else {
            lines.extend(table(open, columns, keys, theme));
        }
        lines
    };
    let mut lines = contents(usize::from(width.saturating_sub(4)));
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let wanted = (width, rows.saturating_add(typing + 2));
    let inside = widgets::popup(frame, area, wanted, &safe(&title, 120), theme);
    let columns = usize::from(inside.width);
    if columns != usize::from(width.saturating_sub(4)) {
        lines = contents(columns);
    }
    let room = inside.height.saturating_sub(typing);
    let hidden = lines.len().saturating_sub(usize::from(room));
    // Where it does not fit, the explanations scroll away before the selected field does.
    let skip = hidden.min(open.field);
    let shown: Vec<_> = lines.into_iter().skip(skip).collect();
    frame.render_widget(
        Paragraph::new(shown),
        Rect {
            height: room,
            ..inside
        },
    );
    foot(frame, below(inside, room), open, keys, theme);
    Scrollable::default()
}

/// Whose record it is.
fn short(open: &DecisionEditor, at: usize) -> String {
    let role = &open.sources.role;
    let record = open.sources.records.get(at);
    record.map_or_else(String::new, |record| {
        Who::of(&record.document, &role.name, Some(&role.email)).short()
    })
}

fn letter(at: usize) -> String {
    u8::try_from(at)
        .ok()
        .filter(|at| *at < 26)
        .map_or_else(|| format!("#{}", at + 1), |at| char::from(b'A' + at).into())
}

fn heading<'a>(open: &DecisionEditor, columns: usize, theme: Theme) -> Vec<Line<'a>> {
    let code = open.key().code;
    let choice = open.decision.choice;
    let mut lines = Vec::new();
    let answer = format!("{}: {}", choice.word(), code.does(choice));
    lines.extend(widgets::labelled("Answer", &answer, columns, theme));
    if code.is_group() {
        let order: Vec<_> = open.order().into_iter().map(letter).collect();
        let whose = if open.decision.survivor.is_some() {
            "for this conflict"
        } else {
            "as for the others"
        };
        let rule = format!(
            "{}, {whose}: {} ({})",
            open.rule().word(),
            open.rule().says(),
            order.join(", then ")
        );
        lines.extend(widgets::labelled("Survivor", &rule, columns, theme));
    }
    if !open.decision.note.is_empty() {
        let note = safe(&open.decision.note.replace('\n', " "), 200);
        lines.extend(widgets::labelled("Note", &note, columns, theme));
    }
    lines.push(Line::default());
    lines
}

fn table<'a>(open: &DecisionEditor, columns: usize, keys: &Keymap, theme: Theme) -> Vec<Line<'a>> {
    let records = &open.sources.records;
    let shown = if records.len() > 1 { 3 } else { 2 };
    let room = columns.saturating_sub(FIELD + ORIGIN) / shown;
    let title = |at: usize| {
        records.get(at).map_or_else(String::new, |record| {
            format!(
                "{} {} · {} booked",
                letter(at),
                short(open, at),
                record.candidate.bookings
            )
        })
    };
    let cell = |text: &str| pad(&safe(text, 200), room.saturating_sub(1)) + " ";
    let mut head = vec![
        Span::raw(pad("", FIELD)),
        Span::styled(cell(&title(open.left)), theme.title()),
    ];
    if shown == 3 {
        head.push(Span::styled(cell(&title(open.right)), theme.title()));
    }
    let result = if open.merges() {
        "the customer".to_owned()
    } else {
        let keeps = open
            .order()
            .first()
            .copied()
            .map_or_else(String::new, letter);
        format!("kept apart; {keeps} keeps the e-mail")
    };
    head.push(Span::styled(cell(&result), theme.title()));
    let mut lines = Vec::new();
    if records.len() > 2 {
        let all: Vec<_> = (0..records.len()).map(letter).collect();
        lines.push(Line::styled(
            format!(
                "{} records: {}; {} shows the others",
                records.len(),
                all.join(" "),
                keys.of(TURN_RIGHT)
            ),
            theme.dim(),
        ));
    }
    lines.push(Line::from(head));
    for (at, row) in open.rows().iter().enumerate() {
        let line = row_line(open, row, at == open.field, shown == 3, &cell, theme);
        lines.push(if at == open.field {
            widgets::selected(line, theme)
        } else {
            line
        });
    }
    lines
}

fn row_line<'a>(
    open: &DecisionEditor,
    row: &Row,
    selected: bool,
    both: bool,
    cell: &dyn Fn(&str) -> String,
    theme: Theme,
) -> Line<'a> {
    let mark = if selected { "›" } else { " " };
    let sign = if row.differs { "≠" } else { " " };
    let style = if row.differs {
        theme.warning()
    } else {
        theme.dim()
    };
    let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
    let mut spans = vec![
        Span::styled(pad(&format!("{mark}{sign} {}", row.field), FIELD), style),
        Span::raw(cell(&show(&row.left))),
    ];
    if both {
        spans.push(Span::raw(cell(&show(&row.right))));
    }
    if open.merges() {
        let (origin, style) = match row.origin {
            Origin::Rule(at) => (format!("from {}", letter(at)), theme.dim()),
            Origin::Picked(at) => (format!("✓ {}", letter(at)), theme.good()),
            Origin::Typed => ("✎ typed".to_owned(), theme.good()),
            Origin::Earliest => ("earliest".to_owned(), theme.dim()),
            Origin::Nowhere => (String::new(), theme.dim()),
        };
        spans.push(Span::styled(cell(&show(&row.result)), theme.added()));
        spans.push(Span::styled(pad(&origin, ORIGIN), style));
    }
    Line::from(spans)
}

fn typing_rows(open: &DecisionEditor) -> u16 {
    let complaint = if open.complaint.is_some() || open.sent {
        3
    } else {
        1
    };
    complaint
        + match open.typing {
            Some(Typing::Value(_)) => 2,
            Some(Typing::Note(_)) => 5,
            None => 0,
        }
}

fn foot(frame: &mut Frame<'_>, area: Rect, open: &DecisionEditor, keys: &Keymap, theme: Theme) {
    let mut rest = area;
    let rows = |height: u16, area: Rect| Rect {
        height: height.min(area.height),
        ..area
    };
    if let Some(typing) = &open.typing {
        let (label, typed, height) = match typing {
            Typing::Value(typed) => {
                let field = open.rows().into_iter().nth(open.field);
                let field = field.map(|row| row.field).unwrap_or_default();
                let text = format!("Type {field}, then {}:", keys.of(SAVE));
                (text, typed, 1)
            }
            Typing::Note(typed) => {
                let text = format!("Note ({}: new line):", keys.of(BREAK_LINE));
                (text, typed, 4)
            }
        };
        frame.render_widget(Line::styled(label, theme.title()), rows(1, rest));
        rest = below(rest, 1);
        editor(frame, rows(height, rest), typed, theme);
        rest = below(rest, height);
    }
    if open.sent {
        frame.render_widget(Line::styled("keeping it …", theme.dim()), rows(1, rest));
        return;
    }
    if open.complaint.is_some() {
        complaint(frame, rest, open.complaint.as_deref(), theme);
        return;
    }
    let hint = format!(
        "{} {} takes a field from a record, {} types one, {} leaves it to the rule",
        keys.of(TAKE_LEFT),
        keys.of(TAKE_RIGHT),
        keys.of(TYPE_VALUE),
        keys.of(CLEAR_FIELD)
    );
    let line = wrap(&hint, usize::from(rest.width)).into_iter().next();
    let line = Line::styled(line.unwrap_or_default(), theme.dim());
    frame.render_widget(line, rows(1, rest));
}
