//! The bookings: when, whose and what for, and what becomes of each, page by page; beside the list the selected one before and after.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::text::{fit, number, pad, width, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::ids::BACK;
use crate::app::commands::in_several_places::SHOW_ALL;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::panes;
use crate::app::situation;
use crate::domain::calendar;
use crate::domain::document_diff::{BookingDiff, Mark};
use crate::domain::number::counted;
use crate::domain::text::safe;
use crate::domain::view::Order;

/// Columns of a date.
const WHEN: usize = 17;

/// Draws the pane.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    roomy: bool,
    theme: Theme,
) -> Scrollable {
    let [list_area, diff_area] = widgets::split(area, roomy, 58);
    let inside = widgets::boxed(
        frame,
        list_area,
        &title(model, usize::from(list_area.width.saturating_sub(4))),
        theme,
    );
    let height = usize::from(inside.height).saturating_sub(1);
    let from = list(frame, inside, model, theme);
    let entries = model.panes.bookings.pages.entries().len();
    Scrollable {
        page: height,
        detail: diff(frame, diff_area, model, theme),
        list: widgets::list_area(
            widgets::below(inside, 1),
            from,
            entries.saturating_sub(from),
        ),
        ..Scrollable::default()
    }
}

/// The title in so many columns: the way here gives way, what is shown and in which order does not.
fn title(model: &Model, room: usize) -> String {
    let pages = &model.panes.bookings.pages;
    let mut shown = "Bookings".to_owned();
    let (first, last) = pages.numbers();
    if !pages.entries().is_empty() {
        let more = if pages.more() { "+" } else { "" };
        shown = format!("{shown} {}–{}{more}", number(first), number(last));
        if let Some(overview) = model
            .shared
            .facts
            .overview
            .as_ref()
            .filter(|_| pages.filter().is_empty())
        {
            shown = format!("{shown} of {}", number(overview.bookings));
        }
    }
    if pages.filter().unusual {
        shown += " · only unusual";
    }
    if pages.filter().order != Order::Stored {
        shown = format!("{shown} · {}", pages.filter().order.words());
    }
    let left = room.saturating_sub(width(&shown) + 3);
    match model.panes.bookings.came_from() {
        Some(back) => {
            let from = panes::row(back).title;
            let left = left.saturating_sub(width(from) + 3);
            format!("{from} › {} › {shown}", crumbs(&pages.filter_says, left))
        }
        None if !pages.filter_says.is_empty() => {
            format!("{shown} · {}", fit(&safe(&pages.filter_says, 80), left))
        }
        None => shown,
    }
}

/// The names on the way here: the last one gives way last.
fn crumbs(says: &str, room: usize) -> String {
    /// Columns that every name keeps.
    const LEAST: usize = 8;
    let names: Vec<&str> = says.split(" › ").collect();
    let mut left = room.saturating_sub(3 * names.len().saturating_sub(1));
    let mut shown: Vec<String> = Vec::new();
    for (at, name) in names.iter().enumerate().rev() {
        let others = (LEAST * at).min(left.saturating_sub(LEAST));
        let name = fit(&safe(name, 100), (left - others).max(4));
        left = left.saturating_sub(width(&name));
        shown.push(name);
    }
    shown.reverse();
    shown.join(" › ")
}

/// The list; returns which entry stands in its first row.
fn list(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let pages = &model.panes.bookings.pages;
    let columns = usize::from(area.width);
    if let Some(text) = empty(model) {
        let lines: Vec<_> = wrap(&text, columns).into_iter().map(Line::from).collect();
        frame.render_widget(Paragraph::new(lines), area);
        return 0;
    }
    let rest = columns.saturating_sub(WHEN + 2);
    let widths = [rest * 34 / 100, rest * 30 / 100];
    let widths = [widths[0], widths[1], rest - widths[0] - widths[1]];
    let heading = format!(
        "  {}{}{}{}",
        pad(
            match pages.filter().order {
                Order::Stored => "when",
                Order::Newest => "when ▾",
                Order::Oldest => "when ▴",
            },
            WHEN
        ),
        pad("customer", widths[0]),
        pad("service", widths[1]),
        pad("becomes", widths[2])
    );
    let mut lines = vec![Line::styled(heading, theme.label())];
    let height = usize::from(area.height).saturating_sub(1);
    let from = widgets::window(pages.selected, pages.entries().len(), height);
    for (at, entry) in pages.entries().iter().enumerate().skip(from).take(height) {
        let line = row(entry, widths, model.shared.ids, theme);
        lines.push(if at == pages.selected {
            widgets::selected(line, theme)
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), area);
    from
}

/// What stands in the list while nothing does.
fn empty(model: &Model) -> Option<String> {
    let pages = &model.panes.bookings.pages;
    let key = |id| model.shared.key(id);
    if model.shared.facts.overview.is_none() && pages.entries().is_empty() {
        return Some(situation::not_surveyed(&model.shared));
    }
    if let Some(error) = &pages.error {
        return Some(safe(error, 600));
    }
    if !pages.entries().is_empty() {
        return None;
    }
    let none = model.shared.facts.overview.as_ref();
    if none.is_some_and(|it| it.bookings == 0) && pages.filter().is_empty() {
        return Some("There are no bookings in this database.".to_owned());
    }
    let looked = number(pages.looked);
    Some(if pages.stopped {
        format!(
            "Stopped: {looked} bookings were searched and none fits; {} shows all.",
            key(SHOW_ALL.id)
        )
    } else if pages.waits() || pages.more() || !pages.loaded {
        let of = model
            .shared
            .facts
            .overview
            .as_ref()
            .map_or_else(String::new, |it| format!(" of {}", number(it.bookings)));
        format!("looking: {looked}{of} bookings so far; {} stops", key(BACK))
    } else {
        format!(
            "No booking fits ({looked} searched); {} shows all.",
            key(SHOW_ALL.id)
        )
    })
}

fn row(entry: &BookingDiff, widths: [usize; 3], ids: bool, theme: Theme) -> Line<'static> {
    let (mark, style) = match (&entry.customer, entry.unusual) {
        (Some(_), false) => ("→", theme.good()),
        (Some(_), true) => ("◇", theme.warning()),
        (None, _) => ("!", theme.warning()),
    };
    let when = entry
        .words
        .when
        .map_or_else(|| "(no date)".to_owned(), calendar::short_minute);
    let when = if ids {
        safe(&entry.booking.to_string(), 26)
    } else {
        when
    };
    let cell = |text: &str, wide: usize| pad(&pad(text, wide.saturating_sub(1)), wide);
    let becomes = if entry.unusual {
        entry.words.becomes.clone()
    } else if entry.words.was == entry.words.becomes {
        "the same person".to_owned()
    } else {
        entry.words.becomes.clone()
    };
    Line::from(vec![
        Span::styled(format!("{mark} "), style),
        Span::raw(cell(&when, WHEN)),
        Span::raw(cell(&entry.words.was, widths[0])),
        Span::raw(cell(&entry.words.service, widths[1])),
        Span::styled(
            cell(&becomes, widths[2]),
            if entry.unusual { style } else { theme.dim() },
        ),
    ])
}

/// The selected booking before and after; returns how far it scrolls.
fn diff(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let Some(entry) = model.panes.bookings.pages.entry() else {
        widgets::boxed(frame, area, "Before and after", theme);
        return 0;
    };
    let inside = widgets::boxed(frame, area, &entry.words.when(), theme);
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let business = if entry.business_name.is_empty() {
        "(no business)".to_owned()
    } else {
        safe(&entry.business_name, 400)
    };
    let becomes = match &entry.customer {
        Some(_) => format!("{}, of this business alone", entry.words.becomes),
        None => entry.outcome.clone(),
    };
    let what = format!("{} at {business}", entry.words.service);
    for (label, text) in [("booked", &what), ("becomes", &becomes)] {
        lines.extend(widgets::labelled(label, &safe(text, 800), columns, theme));
    }
    if model.shared.ids {
        let id = safe(&entry.booking.to_string(), 60);
        lines.extend(widgets::labelled("id", &id, columns, theme));
    }
    let mut same = 0;
    // What changes comes first.
    let (kept, changed): (Vec<_>, Vec<_>) =
        entry.lines.iter().partition(|line| line.mark == Mark::Same);
    for line in changed.into_iter().chain(kept) {
        let (sign, style, words) = match line.mark {
            Mark::Same => {
                same += 1;
                if is_id(&line.value) && !model.shared.ids {
                    continue;
                }
                (" ", theme.dim(), String::new())
            }
            Mark::Removed => ("-", theme.removed(), entry.words.was.clone()),
            Mark::Added => ("+", theme.added(), entry.words.becomes.clone()),
        };
        let value = if is_id(&line.value) && !model.shared.ids && !words.is_empty() {
            words
        } else {
            line.value.clone()
        };
        let text = format!("{sign} {}: {value}", line.field);
        lines.extend(
            wrap(&text, columns)
                .into_iter()
                .map(|text| Line::styled(text, style)),
        );
    }
    if same > 0 {
        let text = counted(same, "field unchanged", "fields unchanged");
        lines.push(Line::styled(text, theme.dim()));
    }
    widgets::scrolled(frame, inside, lines, model.panes.bookings.pages.down, theme)
}

/// True for a value that is an ObjectId or a UUID as it is shown.
fn is_id(value: &str) -> bool {
    let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    (value.len() == 24 && hex(value)) || (value.starts_with("uuid:") && hex(&value[5..]))
}
