//! The running step: a bar, the rate and a sparkline of it, the time left for the step and to the gate, what comes after, and the timeline.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::text::{duration, number, pad, width, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::ids::{CANCEL, GO_ON, PAUSE};

use crate::app::log::Weight;
use crate::app::message::{Job, Scrollable};
use crate::app::model::Model;
use crate::app::progress::Running;
use crate::app::shared::Shared;
use crate::app::situation;
use crate::command;
use crate::domain::checklist::{State, Step, Touch};
use crate::domain::number::Millis;
use crate::domain::run_view::RunView;
use crate::domain::text::safe;

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    let lines = about(model, usize::from(area.width.saturating_sub(4)), theme);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let [above, below] = area.layout(&Layout::vertical([
        Constraint::Length(height.min(area.height / 2 + 2)),
        Constraint::Fill(1),
    ]));
    let inside = widgets::boxed(frame, above, &title(model), theme);
    frame.render_widget(Paragraph::new(lines), inside);
    let inside = widgets::boxed(frame, below, "Timeline", theme);
    let lines = timeline(&model.shared, usize::from(inside.width), theme);
    let height = usize::from(inside.height);
    let furthest = lines.len().saturating_sub(height);
    let down = furthest.saturating_sub(model.panes.running.up);
    widgets::scrolled(frame, inside, lines, down, theme);
    Scrollable {
        page: height,
        furthest,
        ..Scrollable::default()
    }
}

/// What runs and the end of the timeline, beside something else.
pub fn compact(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let inside = widgets::boxed(frame, area, &title(model), theme);
    let columns = usize::from(inside.width);
    let mut lines = about(model, columns, theme);
    let height = usize::from(inside.height);
    let room = height.saturating_sub(lines.len() + 2);
    if room > 1 {
        lines.push(Line::default());
        lines.push(Line::styled("Timeline", theme.label()));
        let events = timeline(&model.shared, columns, theme);
        let skip = events.len().saturating_sub(room);
        lines.extend(events.into_iter().skip(skip));
    }
    lines.truncate(height);
    frame.render_widget(Paragraph::new(lines), inside);
}

fn title(model: &Model) -> String {
    match &model.shared.running {
        Some(running) => match running.job {
            Job::Step(step) => format!(
                "{} · {} of {}",
                step.title(),
                step.number(),
                Step::ALL.len()
            ),
            Job::RollBack | Job::Schema | Job::TakeIn | Job::SetAside => {
                running.job.title().to_owned()
            }
        },
        None => "Nothing runs".to_owned(),
    }
}

fn doing(running: &Running, shared: &Shared) -> String {
    let progress = &running.progress;
    let doing = if progress.doing.is_empty() {
        running.job.title().to_owned()
    } else {
        safe(&progress.doing, 200)
    };
    if running.cancelling {
        format!("stops after this batch: {doing}")
    } else if running.is_paused() {
        format!("PAUSED, {} goes on: {doing}", shared.key(PAUSE))
    } else if progress.slow.is_empty() {
        doing
    } else {
        format!("{}: {doing}", safe(&progress.slow, 80))
    }
}

fn counts(running: &Running) -> String {
    let progress = &running.progress;
    match (progress.total, progress.done) {
        (0, 0) => String::new(),
        (0, done) => number(done),
        (total, done) => format!("{} of {}", number(done), number(total)),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive, for people
fn rate(running: &Running, shared: &Shared) -> Option<String> {
    let rate = running.rate().filter(|_| shared.lost.is_none())?;
    Some(format!("{}/s", number(rate.round() as u64)))
}

/// How long the step lasts still, or has lasted.
fn time(running: &Running, shared: &Shared) -> String {
    if !running.is_paused()
        && shared.lost.is_none()
        && let Some(left) = running.left()
    {
        return format!("this step ~{}", duration(left));
    }
    let so_far = shared.now.saturating_sub(running.began);
    format!("{} so far", duration(so_far))
}

/// The lines about what runs; about what could run, while nothing does.
fn about(model: &Model, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let shared = &model.shared;
    let Some(running) = &shared.running else {
        let next = situation::of(shared).next;
        let mut lines: Vec<Line<'static>> =
            widgets::labelled("Next", &safe(&next, 400), columns, theme).collect();
        if command::verdict(model, GO_ON).is_ok() {
            let keys = format!(
                "{} runs the steps up to the next gate, from here too",
                shared.key(GO_ON)
            );
            lines.push(Line::styled(keys, theme.dim()));
        }
        return lines;
    };
    let mut lines: Vec<Line<'static>> = wrap(&doing(running, shared), columns)
        .into_iter()
        .map(|line| Line::styled(line, theme.title()))
        .collect();
    let percent = running
        .percent()
        .map_or_else(|| "…".to_owned(), |percent| format!("{percent}%"));
    let counts = counts(running);
    let bar_columns = columns
        .saturating_sub(width(&counts) + width(&percent) + 6)
        .clamp(8, 50);
    let bar = widgets::bar(running.percent().unwrap_or(0), 100, bar_columns);
    let empty = "░".repeat(bar_columns.saturating_sub(width(&bar)));
    lines.push(Line::from(vec![
        Span::styled(bar, theme.good()),
        Span::styled(empty, theme.dim()),
        Span::raw(format!("  {percent}  {counts}")),
    ]));
    let words = shared.limits.words();
    let mut now = Vec::new();
    if let Some(rate) = rate(running, shared) {
        now.push(format!("now {rate}"));
    }
    if !words.is_empty() && !running.is_paused() {
        now.push(words);
    }
    now.push(time(running, shared));
    if let Some(gate) = to_the_gate(running, shared) {
        now.push(gate);
    }
    let now = now.join("   ");
    let spark = widgets::sparkline(
        running.rates(),
        columns.saturating_sub(width(&now) + 3).min(40),
    );
    if width(&now) + 3 + width(&spark) <= columns && !running.is_paused() {
        lines.push(Line::from(vec![
            Span::raw(format!("{now}   ")),
            Span::styled(spark, theme.good()),
        ]));
    } else {
        lines.extend(wrap(&now, columns).into_iter().map(Line::from));
    }
    let server = match &shared.lost {
        None => "the primary answers".to_owned(),
        Some(lost) => format!(
            "! no answer since {}; tried until {}; what was written is safe",
            lost.since, lost.until
        ),
    };
    lines.extend(widgets::labelled("server", &server, columns, theme));
    let then = then(running, shared);
    if !then.is_empty() {
        lines.extend(widgets::labelled("then", &then, columns, theme));
    }
    lines
}

/// How long it lasts to the next gate, as far as that is forecast.
fn to_the_gate(running: &Running, shared: &Shared) -> Option<String> {
    let run = shared.facts.run()?;
    let Job::Step(now) = running.job else {
        return None;
    };
    if running.is_paused() || shared.lost.is_some() {
        return None;
    }
    let mut millis: Millis = running
        .left()
        .and_then(|left| Millis::try_from(left.as_millis()).ok())
        .or_else(|| run.expected.get(&now).copied())?;
    for step in coming(now) {
        if RunView::touch(Some(run), step) == Touch::Gate {
            break;
        }
        millis += run.expected.get(&step).copied().unwrap_or(0);
    }
    let left = std::time::Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    Some(format!("to the gate ~{}", duration(left)))
}

/// The steps behind one.
fn coming(now: Step) -> impl Iterator<Item = Step> {
    Step::ALL.iter().copied().filter(move |step| *step > now)
}

/// What comes after, up to the next gate.
fn then(running: &Running, shared: &Shared) -> String {
    let Job::Step(now) = running.job else {
        return String::new();
    };
    let mut words = Vec::new();
    for step in coming(now) {
        if matches!(shared.state(step), State::Done | State::Skipped) {
            continue;
        }
        if RunView::touch(shared.facts.run(), step) == Touch::Gate {
            words.push(format!("◇ {}", step.title()));
            break;
        }
        words.push(step.title().to_owned());
        if step.touch() == Touch::Note || words.len() == 5 {
            break;
        }
    }
    words.join(" › ")
}

fn timeline(shared: &Shared, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for line in shared.log.lines() {
        let (mark, style) = match line.weight {
            Weight::Info => (" ", theme.text()),
            Weight::Warning => ("!", theme.warning()),
            Weight::Error => ("✗", theme.danger()),
        };
        let wrapped = wrap(&safe(&line.text, 600), columns.saturating_sub(11).max(10));
        for (at, text) in wrapped.into_iter().enumerate() {
            let label = if at == 0 {
                format!("{:<8} {mark} ", line.clock)
            } else {
                " ".repeat(11)
            };
            lines.push(Line::from(vec![
                Span::styled(label, style),
                Span::raw(text),
            ]));
        }
    }
    lines
}

/// What runs, in one line below another pane.
pub fn strip(model: &Model, columns: usize, theme: Theme) -> Line<'static> {
    let shared = &model.shared;
    let Some(running) = &shared.running else {
        return Line::default();
    };
    let mut facts = vec![counts(running)];
    facts.extend(rate(running, shared));
    facts.push(time(running, shared));
    facts.retain(|fact| !fact.is_empty());
    let key = if running.cancelling {
        String::new()
    } else {
        format!(" · {} stops it", shared.key(CANCEL))
    };
    let facts = format!(" {}{key} ", facts.join(" · "));
    let percent = running
        .percent()
        .map_or_else(|| "  … ".to_owned(), |percent| format!("{percent:>3}%"));
    let bar_columns = (columns / 5).clamp(8, 24);
    let bar = widgets::bar(running.percent().unwrap_or(0), 100, bar_columns);
    let room = columns.saturating_sub(width(&facts) + bar_columns + 9);
    Line::from(vec![
        Span::styled(
            format!(" » {} ", pad(&doing(running, shared), room)),
            theme.title(),
        ),
        Span::styled(pad(&bar, bar_columns), theme.good()),
        Span::raw(format!(" {percent}")),
        Span::raw(facts),
    ])
}
