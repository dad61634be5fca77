//! What lies over the panes: questions, gates, forms, notes, lists, help, the report before leaving.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::decision;
use super::panes::report;
use super::text::{pad, wrap};
use super::theme::Theme;
use super::widgets::{self, below, complaint, editor};
use crate::app::commands::about::Keymap;
use crate::app::commands::ids::{CHOOSE, CONFIRM, KEEP_NOTE, NO, YES};
use crate::app::layer::picker::Picker;
use crate::app::layer::{GateLayer, Layer, Note, Number, Question};
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::command::{self, Danger};
use crate::domain::gate::{Destructive, Gate};
use crate::domain::text::safe;

/// Draws the top layer; how far it scrolls, or `None` when there is none.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> Option<Scrollable> {
    let layer = model.shared.layers.last()?;
    let keys = &model.shared.keys;
    Some(match layer {
        Layer::Question(asked) => question(frame, area, *asked, keys, theme),
        Layer::Gate(open) => gate(frame, area, open, keys, theme),
        Layer::Decision(open) => {
            let row = model.panes.conflicts.row(&model.shared.facts);
            let row = row.filter(|row| row.key == *open.key());
            let business = row.map_or("", |row| row.business_names.as_str());
            decision::draw(frame, area, open, business, &model.shared.keys, theme)
        }
        Layer::Note(open) => note(frame, area, open, keys, theme),
        Layer::Number(open) => number(frame, area, open, theme),
        Layer::Line(open) => {
            let inside = widgets::popup(frame, area, (70, 4), open.title, theme);
            editor(
                frame,
                Rect {
                    height: 1,
                    ..inside
                },
                &open.editor,
                theme,
            );
            complaint(frame, below(inside, 1), open.complaint.as_deref(), theme);
            Scrollable::default()
        }
        Layer::Picker(open) => picker(frame, area, open, theme),
        Layer::Help(down) => help(frame, area, model, *down, theme),
        Layer::Whole(down) => whole(frame, area, model, *down, theme),
        Layer::Leave => {
            let over = area.centered(
                ratatui::layout::Constraint::Percentage(94),
                ratatui::layout::Constraint::Percentage(94),
            );
            frame.render_widget(ratatui::widgets::Clear, over);
            report::titled(
                frame,
                over,
                model,
                "Leaving: the report as it would be written",
                theme,
            )
        }
    })
}

fn question(
    frame: &mut Frame<'_>,
    area: Rect,
    question: Question,
    keys: &Keymap,
    theme: Theme,
) -> Scrollable {
    let (title, text) = match question {
        Question::FirstWrite(step) => (
            "May ringfence write?",
            format!(
                "Until now nothing was written. {} is the first step that writes: side collections that begin with _ringfence_, and files in the run folder. What the application sees is not changed before a gate.",
                step.title()
            ),
        ),
        Question::FirstNote(_) => (
            "May ringfence write?",
            "Until now nothing was written. The note goes into the run record, in a side collection that begins with _ringfence_.".to_owned(),
        ),
        Question::TakeNoteBack(step) => (
            "Take the note back?",
            format!(
                "The note on {} is removed from the run record and the report, and the step is open again.",
                step.title()
            ),
        ),
        Question::Cancel => (
            "End the running step?",
            "It ends between two batches. What was prepared is kept, and running the step again goes on from there.".to_owned(),
        ),
    };
    let columns = area.width.min(70);
    let mut lines: Vec<Line<'_>> = wrap(&text, usize::from(columns.saturating_sub(4)))
        .into_iter()
        .map(Line::from)
        .collect();
    lines.push(Line::default());
    lines.push(Line::from(vec![
        Span::styled(keys.of(YES), theme.label()),
        Span::raw(" yes (a capital)   "),
        Span::styled(keys.of(NO), theme.label()),
        Span::raw(" no, nothing happens"),
    ]));
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let inside = widgets::popup(frame, area, (columns, height), title, theme);
    frame.render_widget(Paragraph::new(lines), inside);
    Scrollable::default()
}

fn gate(
    frame: &mut Frame<'_>,
    area: Rect,
    open: &GateLayer,
    keys: &Keymap,
    theme: Theme,
) -> Scrollable {
    let gate = &open.gate;
    let columns = area.width.min(100);
    let room = usize::from(columns.saturating_sub(4));
    let mut lines: Vec<Line<'_>> = wrap(&safe(&gate.first_line(), 300), room)
        .into_iter()
        .map(|line| Line::styled(line, theme.danger()))
        .collect();
    lines.push(Line::default());
    lines.extend(widgets::labelled(
        "True now",
        &safe(&gate.now, 600),
        room,
        theme,
    ));
    for line in &gate.will_do {
        lines.extend(widgets::labelled("Will do", &safe(line, 400), room, theme));
    }
    for line in &gate.written {
        lines.extend(widgets::labelled("Written", &safe(line, 400), room, theme));
    }
    lines.extend(choice_lines(gate, keys, room, theme));
    lines.extend(widgets::labelled(
        "Backup",
        &safe(&gate.backup, 300),
        room,
        theme,
    ));
    lines.extend(widgets::labelled(
        "Proof",
        &safe(&gate.proof, 400),
        room,
        theme,
    ));
    lines.extend(widgets::labelled(
        "Way back",
        &safe(&gate.way_back, 400),
        room,
        theme,
    ));
    for missing in &gate.missing {
        for line in wrap(&format!("Shut: {}", safe(missing, 600)), room) {
            lines.push(Line::styled(line, theme.danger()));
        }
    }
    let typing = 3 + u16::from(open.complaint.is_some()) * 2;
    let wanted = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(typing + 2);
    let inside = widgets::popup(
        frame,
        area,
        (columns, wanted),
        &format!("Gate: {}", gate.action.title()),
        theme,
    );
    let text_rows = inside.height.saturating_sub(typing);
    let furthest = widgets::scrolled(
        frame,
        Rect {
            height: text_rows,
            ..inside
        },
        lines,
        open.down,
        theme,
    );
    let typed = below(inside, text_rows);
    let ask = format!(
        "Type the database's name, {}, then {}:",
        safe(&gate.database, 64),
        keys.of(CONFIRM)
    );
    frame.render_widget(
        Line::styled(ask, theme.title()),
        Rect {
            height: 1.min(typed.height),
            ..typed
        },
    );
    let line = below(typed, 1);
    editor(
        frame,
        Rect {
            height: 1.min(line.height),
            ..line
        },
        &open.typed,
        theme,
    );
    complaint(frame, below(typed, 2), open.complaint.as_deref(), theme);
    Scrollable {
        page: usize::from(text_rows),
        furthest,
        detail: 0,
    }
}

/// The choices at the gate to roll back, the present one marked.
fn choice_lines(gate: &Gate, keys: &Keymap, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if gate.choices.len() > 1 {
        let ask = format!(
            "What becomes of it? {} goes to the next choice:",
            keys.of(CHOOSE)
        );
        lines.push(Line::styled(ask, theme.title()));
    }
    for choice in &gate.choices {
        let chosen = gate.action == Destructive::RollBack(choice.new);
        let (mark, style) = if chosen {
            ("▸", theme.selected())
        } else {
            (" ", theme.dim())
        };
        let text = format!("{mark} {}: {}", choice.new.word(), safe(&choice.says, 900));
        for line in wrap(&text, room) {
            lines.push(Line::styled(line, style));
        }
    }
    lines
}

fn number(frame: &mut Frame<'_>, area: Rect, open: &Number, theme: Theme) -> Scrollable {
    let asked = &open.asked;
    let columns = area.width.min(76);
    let text = format!(
        "{}. That is more than 1 %, so no default takes it. If the mapping is right and these bookings are to go, type their number:",
        safe(&asked.words, 300)
    );
    let mut lines: Vec<Line<'_>> = wrap(&text, usize::from(columns.saturating_sub(4)))
        .into_iter()
        .map(Line::from)
        .collect();
    lines.push(Line::default());
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let title = "Bookings leave the application";
    let inside = widgets::popup(frame, area, (columns, rows.saturating_add(5)), title, theme);
    frame.render_widget(Paragraph::new(lines), inside);
    let line = below(inside, rows);
    editor(
        frame,
        Rect {
            height: 1.min(line.height),
            ..line
        },
        &open.editor,
        theme,
    );
    complaint(frame, below(line, 1), open.complaint.as_deref(), theme);
    Scrollable::default()
}

fn note(frame: &mut Frame<'_>, area: Rect, open: &Note, keys: &Keymap, theme: Theme) -> Scrollable {
    let title = format!(
        "Note on step {}, {} ({} keeps it)",
        open.step.number(),
        open.step.title(),
        keys.of(KEEP_NOTE)
    );
    let inside = widgets::popup(frame, area, (80, 12), &title, theme);
    let rows = inside.height.saturating_sub(2);
    editor(
        frame,
        Rect {
            height: rows,
            ..inside
        },
        &open.editor,
        theme,
    );
    let text = if open.sent {
        Some("keeping it …")
    } else {
        open.complaint.as_deref()
    };
    complaint(frame, below(inside, rows), text, theme);
    Scrollable::default()
}

fn picker(frame: &mut Frame<'_>, area: Rect, open: &Picker, theme: Theme) -> Scrollable {
    let count = u16::try_from(open.visible().len()).unwrap_or(u16::MAX);
    let inside = widgets::popup(
        frame,
        area,
        (90, count.saturating_add(4).clamp(6, 24)),
        &open.title,
        theme,
    );
    let line = Rect {
        height: 1.min(inside.height),
        ..inside
    };
    editor(frame, line, &open.narrow, theme);
    let list = below(inside, 1);
    let height = usize::from(list.height);
    let columns = usize::from(list.width);
    let from = widgets::window(open.selected, open.visible().len(), height);
    let widest = open
        .visible()
        .map(|item| super::text::width(&item.label))
        .max()
        .unwrap_or(0)
        .min(30)
        + 2;
    let lines: Vec<_> = open
        .visible()
        .enumerate()
        .skip(from)
        .take(height)
        .map(|(at, item)| {
            let text = format!(
                "{}{}",
                pad(&safe(&item.label, 60), widest),
                safe(&item.more, 200)
            );
            let line = Line::raw(pad(&text, columns));
            if at == open.selected {
                line.style(theme.selected())
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), list);
    Scrollable {
        page: height,
        ..Scrollable::default()
    }
}

fn help(frame: &mut Frame<'_>, area: Rect, model: &Model, down: usize, theme: Theme) -> Scrollable {
    let inside = widgets::popup(
        frame,
        area,
        (110, area.height),
        "Help: every command",
        theme,
    );
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut heading = String::new();
    for listed in command::table() {
        let about = listed.about;
        let place = listed.place();
        if place != heading {
            lines.push(Line::styled(place.clone(), theme.title()));
            heading = place;
        }
        let danger = match about.danger {
            Danger::None => "",
            Danger::Writes => " Writes beside the live data.",
            Danger::Gate => " Behind a gate.",
        };
        let not_now = match command::verdict(model, about.id) {
            Err(why) if listed.is_reachable(model) => format!(" Not now: {}.", safe(&why, 200)),
            Err(_) | Ok(()) => String::new(),
        };
        let text = format!("{}{danger}{not_now}", about.sentence());
        let wrapped = wrap(&text, columns.saturating_sub(16));
        for (at, line) in wrapped.into_iter().enumerate() {
            let keys = if at == 0 { about.shown } else { "" };
            lines.push(Line::from(vec![
                Span::styled(pad(&format!("  {keys}"), 16), theme.label()),
                Span::raw(line),
            ]));
        }
    }
    let furthest = widgets::scrolled(frame, inside, lines, down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        detail: 0,
    }
}

fn whole(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    down: usize,
    theme: Theme,
) -> Scrollable {
    let (title, text) = model.shared.banner.as_ref().map_or_else(
        || (String::new(), String::new()),
        |banner| (banner.title.clone(), banner.text.clone()),
    );
    let inside = widgets::popup(frame, area, (110, area.height), &safe(&title, 100), theme);
    let mut lines = Vec::new();
    for part in text.lines() {
        lines.extend(
            wrap(&safe(part, 4000), usize::from(inside.width))
                .into_iter()
                .map(Line::from),
        );
    }
    let furthest = widgets::scrolled(frame, inside, lines, down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        detail: 0,
    }
}
