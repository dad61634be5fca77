//! The keys at the foot of the screen.

use ratatui::text::{Line, Span};

use super::text::width;
use super::theme::Theme;
use crate::app::commands::ids::{HELP, PALETTE};
use crate::app::model::Model;
use crate::app::panes;
use crate::command::{self, Danger};

/// The keys of the place that has the focus, in as many lines as are needed and there are. What the place offers and cannot do now stays, in
/// brackets; pressing it says why. What holds in every pane and cannot be done now stands in the help alone.
pub fn lines(model: &Model, columns: usize, most: usize, theme: Theme) -> Vec<Line<'static>> {
    let own = panes::row(model.shared.pane).commands;
    let own: Vec<_> = own().iter().map(|about| about.id).collect();
    let mut hints = command::hints(model);
    hints.retain(|(about, allowed)| {
        allowed.is_ok() || !model.shared.layers.is_empty() || own.contains(&about.id)
    });
    // The ways to all the others are never cut off.
    hints.sort_by_key(|(about, _)| match about.id {
        HELP => 0,
        PALETTE => 1,
        _ => 2,
    });
    let mut lines: Vec<(Vec<Span<'static>>, usize)> = vec![(vec![Span::raw(" ")], 1)];
    for (about, allowed) in hints {
        let pane = model.panes.get(model.shared.pane);
        let does = pane.does(about.id, &model.shared);
        let does = does.filter(|_| model.shared.layers.is_empty());
        let title = does.unwrap_or(about.title);
        let title = match about.danger {
            Danger::Gate => format!("{title}!"),
            Danger::None | Danger::Writes => title.to_owned(),
        };
        let shown = model.shared.keys.of(about.id);
        let (keys, title) = if allowed.is_ok() {
            (shown.to_owned(), format!(" {title}"))
        } else {
            (format!("({shown}"), format!(" {title})"))
        };
        let wide = width(&keys) + width(&title) + 2;
        let (key_style, title_style) = if allowed.is_ok() {
            (theme.label(), theme.text())
        } else {
            (theme.dim(), theme.dim())
        };
        let spans = [
            Span::styled(keys, key_style),
            Span::styled(title, title_style),
            Span::raw("  "),
        ];
        let count = lines.len();
        // The two spaces behind the last one may hang over the edge.
        let room = |used: usize| used + wide <= columns + 2;
        match lines.last_mut() {
            Some((line, used)) if room(*used) => {
                line.extend(spans);
                *used += wide;
            }
            _ if count < most => {
                let line: Vec<_> = std::iter::once(Span::raw(" ")).chain(spans).collect();
                lines.push((line, wide + 1));
            }
            _ => {} // a shorter one may fit
        }
    }
    lines
        .into_iter()
        .map(|(line, _)| Line::from(line))
        .collect()
}
