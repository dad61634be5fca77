//! The businesses: their numbers, and a bar for the bookings of each.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::text::{number, pad, right};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::panes::businesses::Sort;
use crate::app::situation;
use crate::domain::text::safe;

/// Columns of a number.
const NUMBER: usize = 10;

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    let rows = &model.shared.facts.businesses;
    let pane = &model.panes.businesses;
    let title = format!("Businesses ({}), by {}", rows.len(), pane.sort.word());
    let inside = widgets::boxed(frame, area, &title, theme);
    if rows.is_empty() {
        let text = Paragraph::new(situation::not_surveyed(&model.shared));
        frame.render_widget(text.wrap(Wrap { trim: true }), inside);
        return Scrollable::default();
    }
    let columns = usize::from(inside.width);
    let name = (columns.saturating_sub(3 * NUMBER + 2) / 2).clamp(12, 40);
    let bar = columns.saturating_sub(name + 3 * NUMBER + 3);
    let measure = |at: usize| match pane.sort {
        Sort::Bookings | Sort::Name => rows[at].bookings,
        Sort::Customers => rows[at].customers,
        Sort::Conflicts => rows[at].conflicts,
    };
    let most = (0..rows.len()).map(measure).max().unwrap_or(0);
    let heading = format!(
        "{} {}{}{}",
        pad("business", name),
        right("customers", NUMBER),
        right("bookings", NUMBER),
        right("conflicts", NUMBER)
    );
    let mut lines = vec![Line::styled(heading, theme.label())];
    let height = usize::from(inside.height).saturating_sub(1);
    let from = widgets::window(pane.selected, rows.len(), height);
    for (at, row) in rows.iter().enumerate().skip(from).take(height) {
        let cells = format!(
            "{} {}{}{}  ",
            pad(&safe(&row.name, 80), name),
            right(&number(row.customers), NUMBER),
            right(&number(row.bookings), NUMBER),
            right(&number(row.conflicts), NUMBER)
        );
        let line = Line::from(vec![
            Span::raw(cells),
            Span::styled(widgets::bar(measure(at), most, bar), theme.good()),
        ]);
        lines.push(if at == pane.selected {
            line.style(theme.selected())
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), inside);
    Scrollable {
        page: height,
        ..Scrollable::default()
    }
}
