//! What several panes and layers draw with: a titled box, a text being typed, a list's window, a scrolled text, a bar.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::text::{fit, wrap};
use super::theme::Theme;
use crate::app::editor::Editor;
use crate::app::message::ListArea;
use crate::domain::text::safe;

/// Draws a box with a title and returns its inside, one column of air left and right.
pub fn boxed(frame: &mut Frame<'_>, area: Rect, title: &str, theme: Theme) -> Rect {
    let title = fit(title, usize::from(area.width.saturating_sub(4)));
    let block = Block::bordered()
        .style(theme.text())
        .border_style(theme.dim())
        .title(Line::styled(format!(" {title} "), theme.title()));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    Rect {
        x: inside.x + u16::from(inside.width > 2),
        width: inside.width.saturating_sub(2),
        ..inside
    }
}

/// A box in the middle of `area`, over whatever is there.
pub fn popup(
    frame: &mut Frame<'_>,
    area: Rect,
    size: (u16, u16),
    title: &str,
    theme: Theme,
) -> Rect {
    let over = area.centered(
        Constraint::Length(popup_width(area, size.0)),
        Constraint::Length(size.1.min(area.height)),
    );
    frame.render_widget(Clear, over);
    boxed(frame, over, title, theme)
}

/// How wide a box in the middle of `area` gets that asks for so many columns.
pub fn popup_width(area: Rect, columns: u16) -> u16 {
    // A strip of what lies below would only disturb.
    if area.width.saturating_sub(columns) < 16 && columns > 80 {
        area.width
    } else {
        columns.min(area.width)
    }
}

/// The first row of a window of `height` rows over `count`, with `selected` as near to its middle as can be.
pub fn window(selected: usize, count: usize, height: usize) -> usize {
    selected
        .saturating_sub(height / 2)
        .min(count.saturating_sub(height))
}

/// Draws `lines` from row `down` on; returns the greatest useful `down`. What lies outside is told in the last column.
pub fn scrolled(
    frame: &mut Frame<'_>,
    area: Rect,
    lines: Vec<Line<'_>>,
    down: usize,
    theme: Theme,
) -> usize {
    let height = usize::from(area.height);
    let furthest = lines.len().saturating_sub(height);
    let down = down.min(furthest);
    let shown: Vec<_> = lines.into_iter().skip(down).take(height).collect();
    frame.render_widget(Paragraph::new(shown), area);
    if area.width > 0 && area.height > 0 {
        let column = area.right(); // the column of air beside the text
        if down > 0 {
            mark(frame, column, area.top(), "▲", theme);
        }
        if down < furthest {
            mark(frame, column, area.bottom() - 1, "▼", theme);
        }
    }
    furthest
}

fn mark(frame: &mut Frame<'_>, x: u16, y: u16, mark: &str, theme: Theme) {
    let buffer = frame.buffer_mut();
    if buffer.area.contains((x, y).into()) {
        buffer.set_string(x, y, mark, theme.label());
    }
}

/// `label` in its column, `text` wrapped beside it.
pub fn labelled<'a>(
    label: &str,
    text: &str,
    columns: usize,
    theme: Theme,
) -> impl Iterator<Item = Line<'a>> {
    const LABEL: usize = 10;
    let lines = wrap(text, columns.saturating_sub(LABEL));
    let label = super::text::pad(label, LABEL);
    lines.into_iter().enumerate().map(move |(at, text)| {
        let first = if at == 0 {
            label.clone()
        } else {
            " ".repeat(LABEL)
        };
        Line::from(vec![Span::styled(first, theme.label()), Span::raw(text)])
    })
}

/// A bar of `columns`, `part` of `whole` of it filled, in eighths.
pub fn bar(part: u64, whole: u64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if whole == 0 {
        return String::new();
    }
    let wanted = u128::from(part.min(whole)) * columns as u128 * 8 / u128::from(whole);
    let eighths = usize::try_from(wanted)
        .unwrap_or(0)
        .max(usize::from(part > 0));
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// A sparkline of at most `columns`, the newest value last.
pub fn sparkline(values: impl ExactSizeIterator<Item = u64>, columns: usize) -> String {
    const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let skip = values.len().saturating_sub(columns);
    let values: Vec<u64> = values.skip(skip).collect();
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    values
        .into_iter()
        .map(|value| {
            let at = u128::from(value) * 7 / u128::from(most);
            EIGHTHS[usize::try_from(at).unwrap_or(0).min(7)]
        })
        .collect()
}

/// A line as the selected one: in one style, since colours of its own would turn into patches.
pub fn selected(line: Line<'_>, theme: Theme) -> Line<'_> {
    let plain = line.spans.into_iter().map(|it| Span::raw(it.content));
    plain.collect::<Line>().style(theme.selected())
}

/// Where a list of whole rows is, for the mouse.
#[allow(clippy::unnecessary_wraps)] // where it goes there may be none
pub fn list_area(area: Rect, from: usize, rows: usize) -> Option<ListArea> {
    Some(ListArea {
        x: area.x,
        y: area.y,
        width: area.width,
        height: area.height.min(u16::try_from(rows).unwrap_or(u16::MAX)),
        from,
    })
}

/// List and detail: side by side where there is room, else one below the other.
pub fn split(area: Rect, roomy: bool, percent: u16) -> [Rect; 2] {
    let layout = if roomy {
        Layout::horizontal([Constraint::Percentage(percent), Constraint::Fill(1)])
    } else {
        Layout::vertical([Constraint::Percentage(50), Constraint::Fill(1)])
    };
    area.layout(&layout)
}

/// The rows of `area` from `rows` down.
pub fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}

/// An editor with its cursor.
pub fn editor(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: Theme) {
    let mut text = editor.widget();
    text.set_cursor_line_style(ratatui::style::Style::new());
    text.set_cursor_style(theme.selected());
    frame.render_widget(&text, area);
}

/// Why the last Enter did nothing.
pub fn complaint(frame: &mut Frame<'_>, area: Rect, complaint: Option<&str>, theme: Theme) {
    let Some(text) = complaint else { return };
    let lines: Vec<_> = wrap(&safe(text, 400), usize::from(area.width))
        .into_iter()
        .map(|line| Line::styled(line, theme.danger()))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_keeps_the_selected_row_inside_and_shows_no_empty_rows() {
        for count in [0, 1, 5, 10, 100] {
            for selected in 0..count {
                let from = window(selected, count, 10);
                assert!(from <= selected && selected < from + 10);
                assert!(from == 0 || from + 10 <= count);
            }
        }
    }

    #[test]
    fn a_bar_is_never_empty_for_something_and_never_longer_than_its_room() {
        assert_eq!(bar(1, 1_000_000, 10), "▏");
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(3, 8, 2), "▊");
        assert_eq!(bar(0, 8, 2), "");
    }
}
