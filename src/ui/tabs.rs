//! The line of tabs.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::text::width;
use super::theme::Theme;
use crate::app::model::Model;
use crate::app::panes::{self, TABLE};

/// How the tabs are written: those without the focus with their titles, the same close together, closer still, with short ones, or with their
/// digits alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tabs {
    Whole,
    Close,
    Tight,
    Short,
    Digits,
}

/// Draws the tabs, as far as there is room for their titles; returns where each stands.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    theme: Theme,
) -> Vec<(u16, u16, usize)> {
    let running = panes::id(&model.panes.running);
    let titles = |tabs: Tabs| -> Vec<String> {
        let each = TABLE.iter().enumerate().map(|(at, row)| {
            let here = row.id == model.shared.pane;
            let dense = matches!(tabs, Tabs::Tight | Tabs::Short);
            let before = if dense { "" } else { " " };
            // Ten panes have a digit.
            let digit = (at < 10).then(|| panes::digit(row.id));
            let mut title = digit.map_or_else(String::new, |digit| format!("{before}{digit}"));
            let words = match tabs {
                Tabs::Whole | Tabs::Close | Tabs::Tight => row.title,
                _ if here => row.title,
                // How far the step is stands in the place of the word.
                Tabs::Short if row.id == running && model.shared.running.is_some() => "",
                Tabs::Short => row.short,
                Tabs::Digits if digit.is_none() => row.short,
                Tabs::Digits => "",
            };
            if !words.is_empty() {
                title = format!("{title} {words}");
            }
            if let Some(badge) = model.panes.get(row.id).badge(&model.shared) {
                title = format!("{title} {badge}");
            }
            title.push(' ');
            title
        });
        each.collect()
    };
    let gap = |tabs: Tabs| usize::from(matches!(tabs, Tabs::Whole | Tabs::Digits));
    // The room for what a running step adds is kept, so that nothing moves when one begins.
    let badge = model.panes.get(running).badge(&model.shared);
    let spare = " 100%".len() - badge.map_or(0, |it| width(&it) + 1).min(5);
    let wide = |tabs: Tabs| {
        let titles = titles(tabs);
        let all: usize = titles.iter().map(|it| width(it) + gap(tabs)).sum();
        all + 1 + if tabs == Tabs::Short { 0 } else { spare }
    };
    let fits = |tabs: &Tabs| wide(*tabs) <= usize::from(area.width);
    let tabs = [Tabs::Whole, Tabs::Close, Tabs::Tight, Tabs::Short];
    let tabs = tabs.into_iter().find(fits);
    let tabs = tabs.unwrap_or(Tabs::Digits);
    let mut spans = vec![Span::raw(" ")];
    let mut places = Vec::new();
    let mut x = area.x + 1;
    for (at, (row, title)) in TABLE.iter().zip(titles(tabs)).enumerate() {
        let style = if row.id == model.shared.pane {
            theme.title().patch(theme.selected())
        } else {
            theme.dim()
        };
        let end = x + columns(width(&title));
        places.push((x, end, at));
        x = end + columns(gap(tabs));
        spans.push(Span::styled(title, style));
        spans.push(Span::raw(" ".repeat(gap(tabs))));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
    places
}

fn columns(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
