//! The clients that are connected to the server.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::text::{number, pad, right};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::ids::TRUTH;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::domain::number::counted;
use crate::domain::text::safe;

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    let pane = &model.panes.clients;
    let key = model.shared.key(TRUTH);
    let lines = match &pane.lines {
        Some(Ok(lines)) => lines,
        Some(Err(why)) => {
            let inside = widgets::boxed(frame, area, "Clients", theme);
            let text = format!("The clients cannot be listed: {}.", safe(why, 400));
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), inside);
            return Scrollable::default();
        }
        None => {
            let inside = widgets::boxed(frame, area, "Clients", theme);
            let text = if model.shared.running.is_some() {
                "They are read when the running step has ended."
            } else {
                "reading who is connected …"
            };
            frame.render_widget(Line::styled(text, theme.dim()), inside);
            return Scrollable::default();
        }
    };
    let prisma = lines.iter().filter(|line| line.is_prisma).count();
    let who = match lines.len() {
        0 => "nobody else is connected".to_owned(),
        many => format!(
            "{}, {prisma} through Prisma",
            counted(many as u64, "other client", "other clients")
        ),
    };
    let title = format!("Clients · {who} · read {}, {key} reads again", pane.read);
    let inside = widgets::boxed(frame, area, &title, theme);
    let columns = usize::from(inside.width);
    if lines.is_empty() {
        let text = "No client but ringfence and the servers of the set is connected.";
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), inside);
        return Scrollable::default();
    }
    let each = columns.saturating_sub(14) / 4;
    let mut rows = vec![Line::styled(
        format!(
            "{}{}{}{}{}",
            pad("application", each),
            pad("driver", each),
            pad("user", each),
            pad("host", each),
            right("connections", 12)
        ),
        theme.label(),
    )];
    let height = usize::from(inside.height).saturating_sub(1);
    let from = widgets::window(pane.selected, lines.len(), height);
    for (at, line) in lines.iter().enumerate().skip(from).take(height) {
        let cell = |text: &str| {
            let text = if text.is_empty() { "–" } else { text };
            pad(&pad(&safe(text, 100), each.saturating_sub(1)), each)
        };
        let style = if line.is_prisma {
            theme.warning()
        } else {
            theme.text()
        };
        let row = Line::from(vec![
            Span::styled(cell(&line.application), style),
            Span::styled(cell(&line.driver), style),
            Span::raw(cell(&line.user)),
            Span::raw(cell(&line.host)),
            Span::raw(right(&number(line.connections), 12)),
        ]);
        rows.push(if at == pane.selected {
            widgets::selected(row, theme)
        } else {
            row
        });
    }
    frame.render_widget(Paragraph::new(rows), inside);
    Scrollable {
        page: height,
        list: widgets::list_area(widgets::below(inside, 1), from, lines.len() - from),
        ..Scrollable::default()
    }
}
