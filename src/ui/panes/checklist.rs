//! The checklist: phases, the current one unfolded, each step with its state; beside it what the selected step does, and its line of the guide.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::text::{fit, pad};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::domain::checklist::{Phase, State, Step, Touch};
use crate::domain::text::safe_lines;

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

/// Draws the pane.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    roomy: bool,
    theme: Theme,
) -> Scrollable {
    let detail_rows = if roomy { 0 } else { 7 };
    let (list, detail) = if roomy {
        let [list, detail] = area.layout(&Layout::horizontal([
            Constraint::Percentage(52),
            Constraint::Fill(1),
        ]));
        (list, detail)
    } else {
        let [list, detail] = area.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(detail_rows),
        ]));
        (list, detail)
    };
    let inside = widgets::boxed(frame, list, "Checklist", theme);
    let page = steps(frame, inside, model, theme);
    detail_of(frame, detail, model, theme);
    Scrollable {
        page,
        ..Scrollable::default()
    }
}

/// The rows: every phase's heading, and the steps of unfolded phases. Where there is room, all are unfolded.
fn steps(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let height = usize::from(area.height);
    let columns = usize::from(area.width);
    let all = Step::ALL.len() + Phase::ALL.len() <= height;
    let current = model.panes.checklist.step().phase();
    let mut lines = Vec::new();
    let mut selected_row = 0;
    for phase in Phase::ALL {
        let of_phase: Vec<Step> = Step::ALL
            .iter()
            .copied()
            .filter(|step| step.phase() == phase)
            .collect();
        let done = of_phase
            .iter()
            .filter(|step| matches!(model.shared.state(**step), State::Done | State::Skipped))
            .count();
        let heading = format!("{} ({done}/{})", phase.title(), of_phase.len());
        lines.push(Line::styled(fit(&heading, columns), theme.title()));
        if !(all || phase == current) {
            continue;
        }
        for step in of_phase {
            if step == model.panes.checklist.step() {
                selected_row = lines.len();
            }
            lines.push(row(model, step, columns, theme));
        }
    }
    let from = widgets::window(selected_row, lines.len(), height);
    let shown: Vec<_> = lines.into_iter().skip(from).take(height).collect();
    frame.render_widget(Paragraph::new(shown), area);
    height.saturating_sub(1)
}

fn row(model: &Model, step: Step, columns: usize, theme: Theme) -> Line<'static> {
    let state = model.shared.state(step);
    let style = match state {
        State::Done => theme.good(),
        State::Failed => theme.danger(),
        State::Stale | State::Running | State::Stopped | State::Refused => theme.warning(),
        State::Pending | State::Skipped => theme.dim(),
        State::Ready => theme.label(),
    };
    let gate = if step.touch() == Touch::Gate {
        " [gate]"
    } else {
        ""
    };
    let title = format!(
        "{} {:>2} {}{gate}",
        sign(state),
        step.number(),
        step.title()
    );
    let word = format!(" {}", state.word());
    let line = pad(&title, columns.saturating_sub(word.len() + 1));
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(line, style),
        Span::styled(word, style),
    ]);
    if step == model.panes.checklist.step() {
        line.style(theme.selected())
    } else {
        line
    }
}

fn detail_of(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let step = model.panes.checklist.step();
    let inside = widgets::boxed(
        frame,
        area,
        &format!("{} {}", step.number(), step.title()),
        theme,
    );
    let columns = usize::from(inside.width);
    let says = model
        .shared
        .facts
        .status(step)
        .map(|status| safe_lines(&status.says, 900))
        .unwrap_or_default();
    let state = model.shared.state(step).word();
    let mut lines = Vec::new();
    for (label, text) in [
        ("State", format!("{state}: {says}")),
        ("Does", step.does().to_owned()),
        ("Destroys", step.destroys().to_owned()),
        ("Guide", format!("“{}”", step.guide())),
    ] {
        lines.extend(widgets::labelled(label, &text, columns, theme));
    }
    lines.truncate(usize::from(inside.height));
    frame.render_widget(Paragraph::new(lines), inside);
}
