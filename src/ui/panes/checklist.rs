//! The overview: how far the migration is; phases and steps with their states and what they came to; beside them what the selected one does,
//! the results so far and the outlook, or what runs.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::text::{fit, pad, width, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use super::{running, step_detail};
use crate::app::commands::ids::NOTE;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::panes::checklist::{Row, queries};
use crate::app::shared::Shared;
use crate::domain::checklist::{NoteOn, Phase, State, Step, Touch};
use crate::domain::number::Millis;
use crate::domain::run_view::RunView;
use crate::domain::text::{safe, safe_lines};

/// The sign of a state; never by colour alone.
fn sign(state: State) -> &'static str {
    match state {
        State::Pending => "·",
        State::Ready => "○",
        State::Running => "»",
        State::Done => "✓",
        State::Failed => "✗",
        State::Stopped => "■",
        State::Refused => "!",
        State::Skipped => "–",
        State::Stale => "~",
    }
}

fn style(state: State, theme: Theme) -> ratatui::style::Style {
    match state {
        State::Done => theme.good(),
        State::Failed => theme.danger(),
        State::Stale | State::Running | State::Stopped | State::Refused => theme.warning(),
        State::Pending | State::Skipped => theme.dim(),
        State::Ready => theme.label(),
    }
}

/// Draws the pane.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    roomy: bool,
    theme: Theme,
) -> Scrollable {
    let (list, detail) = if roomy {
        let [way, body] = area.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
        ]));
        frame.render_widget(way_line(&model.shared, usize::from(way.width), theme), way);
        let [list, detail] = widgets::split(body, true, 50);
        (list, detail)
    } else {
        let [list, detail] = area.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(7),
        ]));
        (list, detail)
    };
    let inside = widgets::boxed(frame, list, "Steps", theme);
    let rows = model.panes.checklist.rows(&model.shared);
    let at = rows
        .iter()
        .position(|row| *row == model.panes.checklist.row)
        .unwrap_or(0);
    let height = usize::from(inside.height);
    let from = widgets::window(at, rows.len(), height);
    let lines: Vec<_> = rows
        .iter()
        .enumerate()
        .skip(from)
        .take(height)
        .map(|(place, row)| {
            let line = row_line(model, *row, usize::from(inside.width), theme);
            if place == at {
                widgets::selected(line, theme)
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
    let furthest = if model.shared.running.is_some() {
        running::compact(frame, detail, model, theme);
        0
    } else {
        detail_of(frame, detail, model, theme)
    };
    Scrollable {
        detail: furthest,
        page: height.saturating_sub(1),
        list: widgets::list_area(inside, from, rows.len() - from),
        ..Scrollable::default()
    }
}

/// The way from the beginning to the end, with where we are.
fn way_line(shared: &Shared, columns: usize, theme: Theme) -> Line<'static> {
    let parts: [(&str, &[&str]); 6] = [
        ("Prepare", &["survey", "backup", "stop", "document"]),
        ("Decide", &["review"]),
        ("Build", &["customers", "bookings", "prove"]),
        ("CUT OVER", &["cut-over", "clean-users"]),
        ("Verify", &["schema", "verify"]),
        ("Go live", &["api", "frontend", "test", "go-live"]),
    ];
    let done = |words: &[&str]| {
        words
            .iter()
            .filter_map(|word| Step::from_word(word))
            .filter(|step| matches!(shared.state(*step), State::Done | State::Skipped))
            .count()
    };
    let mut titles = Vec::new();
    let mut here = true;
    for (title, words) in parts {
        let done = done(words);
        let gate = title == "CUT OVER";
        titles.push(if done == words.len() {
            (format!("✓ {title}"), theme.good())
        } else if std::mem::take(&mut here) {
            let mark = if gate { "◇" } else { "●" };
            (
                format!("{mark} {title} {done}/{}", words.len()),
                theme.title(),
            )
        } else if gate {
            (format!("◇ {title}"), theme.danger())
        } else {
            (title.to_owned(), theme.dim())
        });
    }
    let used: usize = titles.iter().map(|(title, _)| width(title) + 2).sum();
    let dash = (columns.saturating_sub(used + 1) / titles.len().max(1)).min(12);
    let mut spans = vec![Span::raw(" ")];
    let last = titles.len() - 1;
    for (at, (title, style)) in titles.into_iter().enumerate() {
        let line = if title.starts_with('✓') {
            "━"
        } else {
            "─"
        };
        spans.push(Span::styled(format!("{title} "), style));
        if at < last {
            spans.push(Span::styled(format!("{} ", line.repeat(dash)), theme.dim()));
        }
    }
    Line::from(spans)
}

fn row_line(model: &Model, row: Row, columns: usize, theme: Theme) -> Line<'static> {
    match row {
        Row::Phase(phase) => phase_line(model, phase, columns, theme),
        Row::Step(step) => step_line(&model.shared, step, columns, theme),
        Row::Item(step, at) => item_line(&model.shared, step, at, columns, theme),
    }
}

fn phase_line(model: &Model, phase: Phase, columns: usize, theme: Theme) -> Line<'static> {
    let of_phase: Vec<Step> = Step::ALL
        .iter()
        .copied()
        .filter(|step| step.phase() == phase)
        .collect();
    let done = of_phase
        .iter()
        .filter(|step| matches!(model.shared.state(**step), State::Done | State::Skipped))
        .count();
    let mark = if model.panes.checklist.is_open(&model.shared, phase) {
        "▾"
    } else {
        "▸"
    };
    let count = format!("{done} of {}", of_phase.len());
    let room = columns.saturating_sub(width(&count) + 1);
    Line::styled(
        format!(
            "{} {count}",
            pad(&format!("{mark} {}", phase.title()), room)
        ),
        theme.title(),
    )
}

/// What is said of a step in the list: what came out, or what it waits for; and how long it took or will take.
fn brief(shared: &Shared, step: Step) -> (String, String) {
    let state = shared.state(step);
    let status = shared.facts.status(step);
    let run = shared.facts.standing_run();
    let seconds = |millis: Millis| format!("{:.1} s", millis as f64 / 1000.0);
    // How long it stands still is said in the header.
    let verdict = run.filter(|_| step == Step::StopApplication);
    let verdict = verdict.and_then(|run| Some(run.verdict.as_ref()?.0.clone()));
    let says = match state {
        State::Done if step.touch() == Touch::Note => "noted".to_owned(),
        State::Done => verdict.unwrap_or_else(|| {
            let says = status.map(|status| first_words(&status.says));
            says.unwrap_or_default()
        }),
        State::Ready | State::Pending
            if RunView::touch(shared.facts.run(), step) == Touch::Gate =>
        {
            "gate".to_owned()
        }
        State::Pending if step.touch() == Touch::Note => {
            let items = step.items().len();
            let noted = (0..items)
                .filter(|at| {
                    let item = step.items().get(*at);
                    shared.facts.note(NoteOn { step, item }).is_some()
                })
                .count();
            if items == 0 {
                "your work".to_owned()
            } else {
                format!("your work, {noted} of {items}")
            }
        }
        other => other.word().to_owned(),
    };
    let time = if state == State::Done {
        run.and_then(|run| run.took(step)).map(seconds)
    } else {
        let expected = run.and_then(|run| run.expected.get(&step).copied());
        expected.map(|millis| format!("~{}", seconds(millis)))
    };
    (says, time.unwrap_or_default())
}

/// The first clause of what a step says.
fn first_words(says: &str) -> String {
    let line = says.lines().next().unwrap_or_default();
    let end = [", ", "; "].iter().filter_map(|it| line.find(it)).min();
    let end = end.unwrap_or(line.len());
    safe(&line[..end], 60)
}

/// As much of a clause as fits: without what it adds to itself, or else to the end of a word. The whole stands beside the list.
fn shortened(says: &str, columns: usize) -> String {
    if width(says) <= columns {
        return says.to_owned();
    }
    let adds = [" (", ": ", " of ", " over ", " in "];
    let ends = adds.iter().filter_map(|it| says.find(it));
    let mut shorter = ends
        .map(|end| &says[..end])
        .filter(|it| width(it) <= columns);
    if let Some(shorter) = shorter.next() {
        return shorter.to_owned();
    }
    let mut words = says;
    while let Some((before, _)) = words.rsplit_once(' ') {
        words = before;
        if width(words) + 2 <= columns {
            return format!("{words} …");
        }
    }
    fit(says, columns)
}

fn step_line(shared: &Shared, step: Step, columns: usize, theme: Theme) -> Line<'static> {
    let state = shared.state(step);
    let gate = RunView::touch(shared.facts.run(), step) == Touch::Gate;
    let mark = match (gate, state) {
        (true, State::Pending | State::Ready) => "◇",
        (_, state) => sign(state),
    };
    let style = match (gate, state) {
        (true, State::Ready) => theme.danger(),
        (_, state) => self::style(state, theme),
    };
    let title = format!("  {mark} {:>2} {}", step.number(), step.title());
    let (says, time) = brief(shared, step);
    let time = if time.is_empty() {
        String::new()
    } else {
        format!(" {time:>7}")
    };
    let wanted = 28.min(columns * 3 / 5);
    let room = columns.saturating_sub(wanted.max(width(&title)) + width(&time) + 1);
    let title = pad(&title, columns.saturating_sub(room + width(&time)));
    Line::from(vec![
        Span::styled(title, style),
        Span::styled(
            pad(&shortened(&says, room.saturating_sub(1)), room),
            theme.text(),
        ),
        Span::styled(time, theme.dim()),
    ])
}

fn item_line(
    shared: &Shared,
    step: Step,
    at: usize,
    columns: usize,
    theme: Theme,
) -> Line<'static> {
    let item = step.items().get(at);
    // A note on the whole step speaks for its items, in the report too.
    let noted = [NoteOn { step, item }, NoteOn::step(step)];
    let noted = noted.into_iter().any(|on| shared.facts.note(on).is_some());
    let (mark, style) = if noted {
        ("✓", theme.good())
    } else {
        ("☐", theme.dim())
    };
    let title = item.map_or("", |item| item.title);
    Line::styled(pad(&format!("       {mark} {title}"), columns), style)
}

/// What the selected row is about; returns how far it scrolls.
fn detail_of(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let shared = &model.shared;
    let on = model.panes.checklist.on();
    let step = on.step;
    let inside = widgets::boxed(frame, area, on.title(), theme);
    let columns = usize::from(inside.width);
    let mut lines = Vec::new();
    if let Row::Phase(phase) = model.panes.checklist.row {
        for step in Step::ALL.iter().filter(|step| step.phase() == phase) {
            let word = shared.state(*step).word();
            let text = format!("{}: {}", step.title(), step.does());
            lines.extend(widgets::labelled(word, &text, columns, theme));
        }
    } else if let Some(item) = on.item {
        let note = shared.facts.note(on).map_or_else(
            || {
                format!(
                    "not noted yet: {} writes a note when it is done",
                    shared.key(NOTE)
                )
            },
            |note| safe_lines(note, 1_000),
        );
        lines.extend(widgets::labelled("Note", &note, columns, theme));
        let guide = format!("“{}”", item.guide);
        lines.extend(widgets::labelled("Guide", &guide, columns, theme));
        if let Some((old, new)) = queries(shared, step, item.word) {
            for part in [old, new] {
                lines.push(Line::default());
                for text in part.lines() {
                    lines.extend(
                        wrap(&safe(text, 400), columns)
                            .into_iter()
                            .map(|line| Line::styled(line, theme.label())),
                    );
                }
            }
        }
    } else {
        lines.extend(step_detail::lines(shared, step, columns, theme));
    }
    widgets::scrolled(frame, inside, lines, model.panes.checklist.down, theme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_came_to_is_cut_where_a_thought_ends() {
        assert_eq!(shortened("QUIET: no foreign write", 15), "QUIET");
        assert_eq!(
            shortened("366 customers prepared (7 merged away)", 24),
            "366 customers prepared"
        );
        assert_eq!(
            shortened("366 customers prepared (7 merged away)", 16),
            "366 customers …"
        );
        assert_eq!(
            shortened("1,994 bookings prepared", 40),
            "1,994 bookings prepared"
        );
        assert_eq!(shortened("成都成都成都成都", 6), "成都…");
        for columns in 0..30 {
            assert!(width(&shortened("every prepared booking is as planned", columns)) <= columns);
        }
    }
}
