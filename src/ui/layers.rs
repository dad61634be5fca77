//! What lies over the panes: questions, gates, forms, notes, lists, help, the report before leaving.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::decision;
use super::gate;
use super::help;
use super::panes::report;
use super::text::{pad, width, wrap};
use super::theme::Theme;
use super::widgets::{self, below, complaint, editor};
use crate::app::commands::about::Keymap;
use crate::app::commands::ids::{KEEP_NOTE, NO, OWN_EDITOR, YES};
use crate::app::layer::picker::{Item, Picker};
use crate::app::layer::{Layer, Note, Number, Question, Whole};
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::situation;
use crate::domain::calendar;
use crate::domain::text::safe;

/// Draws the top layer; how far it scrolls, or `None` when there is none.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> Option<Scrollable> {
    let layer = model.shared.layers.last()?;
    let keys = &model.shared.keys;
    Some(match layer {
        Layer::Question(asked) => question(frame, area, *asked, model, theme),
        Layer::Gate(open) => {
            let now = situation::of(&model.shared).now;
            gate::draw(frame, area, open, &now, keys, theme)
        }
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
        Layer::Picker(open) => picker(frame, area, open, 90, theme),
        Layer::Palette(open, _) => picker(frame, area, open, 150, theme),
        Layer::Help(open) => help::draw(frame, area, model, open, theme),
        Layer::Whole(open) => whole(frame, area, open, theme),
        Layer::Truth(down) => truth(frame, area, model, *down, theme),
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
    model: &Model,
    theme: Theme,
) -> Scrollable {
    let keys = &model.shared.keys;
    let file = model.panes.mapping.shown().map(|view| view.file.as_str());
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
        Question::TakeNoteBack(on) => (
            "Take the note back?",
            format!(
                "The note on {} is removed from the run record and the report, and it is open again.",
                on.title()
            ),
        ),
        Question::SaveMapping => (
            "Write the mapping file?",
            format!(
                "{} gets what is shown here. The database is not touched. Then the survey checks the mapping against the data.",
                file.unwrap_or(crate::domain::mapping::FILE)
            ),
        ),
        Question::Cancel => (
            "Stop the running step?",
            "It stops between two batches. What was prepared is kept, and running the step again goes on from there.".to_owned(),
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
        "Note on {} ({} keeps it, {} opens your editor)",
        open.on.title(),
        keys.of(KEEP_NOTE),
        keys.of(OWN_EDITOR)
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

fn picker(
    frame: &mut Frame<'_>,
    area: Rect,
    open: &Picker,
    columns: u16,
    theme: Theme,
) -> Scrollable {
    let count = u16::try_from(open.visible().len()).unwrap_or(u16::MAX);
    let room = usize::from(widgets::popup_width(area, columns).saturating_sub(4));
    let labels = open.visible().map(|item| width(&item.label));
    let widest = labels.max().unwrap_or(0).min(42);
    let is_cut = |item: &&Item| {
        width(&item.label) > widest
            || !item.more.is_empty() && widest + 2 + width(&item.more) > room
    };
    // What is cut is shown whole below while it is selected; the room for it does not come and go.
    let whole = open
        .visible()
        .filter(is_cut)
        .map(|it| in_lines(it, room).len());
    let whole = whole.max().map_or(0, |it| it.min(MOST_BELOW) + 1);
    let below_list = u16::try_from(whole).unwrap_or(u16::MAX);
    let rows = count.saturating_add(4).clamp(6, 24) + below_list;
    let inside = widgets::popup(frame, area, (columns, rows), &open.title, theme);
    let line = Rect {
        height: 1.min(inside.height),
        ..inside
    };
    editor(frame, line, &open.narrow, theme);
    let under = below(inside, 1);
    let list = Rect {
        height: under.height.saturating_sub(below_list),
        ..under
    };
    let height = usize::from(list.height);
    let columns = usize::from(list.width);
    let from = widgets::window(open.selected, open.visible().len(), height);
    if open.visible().len() == 0 {
        let text = "Nothing holds what was typed. Backspace takes letters back.";
        frame.render_widget(Line::styled(text, theme.dim()), list);
        return Scrollable::default();
    }
    let lines: Vec<_> = open
        .visible()
        .enumerate()
        .skip(from)
        .take(height)
        .map(|(at, item)| {
            let text = format!(
                "{}  {}",
                pad(&safe(&item.label, 200), widest),
                safe(&item.more, 400)
            );
            let line = Line::raw(pad(&text, columns));
            if at == open.selected {
                widgets::selected(line, theme)
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), list);
    if let Some(item) = open.visible().nth(open.selected).filter(is_cut) {
        let lines = in_lines(item, columns).into_iter().take(MOST_BELOW);
        let lines: Vec<_> = lines.map(|it| Line::styled(it, theme.dim())).collect();
        frame.render_widget(Paragraph::new(lines), below(under, list.height + 1));
    }
    Scrollable {
        page: height,
        ..Scrollable::default()
    }
}

/// Rows below a list for its selected line.
const MOST_BELOW: usize = 6;

/// A line of a list, whole.
fn in_lines(item: &Item, columns: usize) -> Vec<String> {
    let text = format!("{}: {}", item.label, item.more);
    let words: Vec<&str> = text.split_whitespace().collect();
    wrap(&safe(&words.join(" "), 1000), columns)
}

fn whole(frame: &mut Frame<'_>, area: Rect, open: &Whole, theme: Theme) -> Scrollable {
    let columns = reading_columns(area);
    let mut lines = Vec::new();
    for part in open.text.lines() {
        lines.extend(wrap(&safe(part, 4000), columns).into_iter().map(Line::from));
    }
    reading(
        frame,
        area,
        (&safe(&open.title, 100), lines),
        open.down,
        theme,
    )
}

/// Columns of a layer that is read.
const READING: u16 = 110;

/// Columns of the text in a layer that is read.
fn reading_columns(area: Rect) -> usize {
    usize::from(widgets::popup_width(area, READING).saturating_sub(4))
}

/// Draws a layer that is read, as high as its text needs it.
fn reading(
    frame: &mut Frame<'_>,
    area: Rect,
    (title, lines): (&str, Vec<Line<'_>>),
    down: usize,
    theme: Theme,
) -> Scrollable {
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let inside = widgets::popup(frame, area, (READING, height), title, theme);
    scrolled(frame, inside, lines, down, theme)
}

/// What is true, in full, and where it comes from.
fn truth(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    down: usize,
    theme: Theme,
) -> Scrollable {
    let shared = &model.shared;
    let columns = reading_columns(area);
    let known = situation::of(shared);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut say = |label: &str, text: &str| {
        lines.extend(widgets::labelled(label, &safe(text, 2000), columns, theme));
        lines.push(Line::default());
    };
    say("True now", &known.now);
    say("Next", &known.next);
    say("Destroys", &known.destroys);
    say("Way back", &known.back);
    if let Some((down, ours)) = situation::clocks(shared) {
        say(
            "Downtime",
            &format!(
                "{} so far; ringfence's share {:.1} s",
                calendar::stretch(down),
                ours as f64 / 1000.0
            ),
        );
    }
    if let Some(verdict) = situation::verdict(shared) {
        say("Writers", &verdict);
    }
    match &shared.facts.situation {
        Some(known) if known.held => say("Lease", "held by this console"),
        Some(known) => match &known.holder {
            Some(holder) => say("Lease", &format!("held by {holder}")),
            None => say("Lease", "nobody holds it"),
        },
        None => {}
    }
    if let Some(run) = shared.facts.run() {
        say(
            "Run",
            &format!(
                "{}, begun by {} on {}",
                run.id,
                run.operator,
                calendar::minute(run.started)
            ),
        );
    }
    let read = if shared.can_ask().is_err() && shared.running.is_some() {
        format!(
            "read {}; it is read again when the step ends",
            shared.facts.read
        )
    } else if shared.waiting > 0 {
        "reading it again …".to_owned()
    } else {
        format!("from the database, at {}", shared.facts.read)
    };
    say("Read", &read);
    lines.pop(); // the air behind the last one
    reading(frame, area, ("What is true", lines), down, theme)
}

fn scrolled(
    frame: &mut Frame<'_>,
    inside: Rect,
    lines: Vec<Line<'_>>,
    down: usize,
    theme: Theme,
) -> Scrollable {
    let furthest = widgets::scrolled(frame, inside, lines, down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        ..Scrollable::default()
    }
}
