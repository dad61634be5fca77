//! The log: what was done since the console opened, the newest line last, and where the whole log is kept.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text::wrap;
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::log::Weight;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::domain::text::safe;

/// Columns of time and weight.
const LABEL: usize = 16;

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    let pane = &model.panes.log;
    let shown = pane.shown(&model.shared);
    let mut title = format!(
        "Log · {} of {} lines",
        shown.len(),
        model.shared.log.lines().len()
    );
    match pane.least {
        Some(Weight::Warning) => title += " · warnings and errors",
        Some(Weight::Error) => title += " · errors",
        Some(Weight::Info) | None => {}
    }
    if !pane.filter.is_empty() {
        title = format!("{title} · “{}”", safe(&pane.filter, 40));
    }
    if let Some(run) = model.shared.facts.run() {
        title = format!("{title} · file: log.txt in the folder of run {}", run.id);
    }
    let inside = widgets::boxed(frame, area, &title, theme);
    let columns = usize::from(inside.width).saturating_sub(LABEL).max(10);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for line in shown {
        let style = match line.weight {
            Weight::Info => theme.dim(),
            Weight::Warning => theme.warning(),
            Weight::Error => theme.danger(),
        };
        for (at, text) in wrap(&safe(&line.text, 2000), columns)
            .into_iter()
            .enumerate()
        {
            let label = if at == 0 {
                format!("{:<9} {:<5} ", line.clock, line.weight.word())
            } else {
                " ".repeat(LABEL)
            };
            lines.push(Line::from(vec![
                Span::styled(label, style),
                Span::raw(text),
            ]));
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled("No line fits.", theme.dim()));
    }
    let height = usize::from(inside.height);
    let furthest = lines.len().saturating_sub(height);
    let down = furthest.saturating_sub(pane.up);
    widgets::scrolled(frame, inside, lines, down, theme);
    Scrollable {
        page: height,
        furthest,
        ..Scrollable::default()
    }
}
