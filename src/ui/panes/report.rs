//! The report as it would be written now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text::wrap;
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::domain::text::safe;

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    titled(
        frame,
        area,
        model,
        "Report, as it would be written now",
        theme,
    )
}

/// Draws the report under `title`.
pub fn titled(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    title: &str,
    theme: Theme,
) -> Scrollable {
    let names = if model.panes.report.personal {
        "values as they are"
    } else {
        "values masked"
    };
    let inside = widgets::boxed(frame, area, &format!("{title} ({names})"), theme);
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    match &model.panes.report.lines {
        None => lines.push(Line::styled("making the report …", theme.dim())),
        Some(Err(why)) => lines.extend(wrap(&safe(why, 600), columns).into_iter().map(Line::from)),
        Some(Ok(report)) => {
            for text in report {
                let style = if text.starts_with('#') {
                    theme.title()
                } else {
                    ratatui::style::Style::new()
                };
                lines.extend(
                    wrap(&safe(text, 4000), columns)
                        .into_iter()
                        .map(|line| Line::styled(line, style)),
                );
            }
        }
    }
    let furthest = widgets::scrolled(frame, inside, lines, model.panes.report.down, theme);
    Scrollable {
        page: usize::from(inside.height),
        furthest,
        detail: 0,
    }
}
