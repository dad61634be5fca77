//! The businesses: their numbers, one of them looked at closely, and its customers.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::text::{fit, number, pad, right, width, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::panes::businesses::{CustomerSort, Sort};
use crate::app::situation;
use crate::domain::conflict::Severity;
use crate::domain::number::counted;
use crate::domain::overview::BusinessRow;
use crate::domain::people::{Who, conflict_words};
use crate::domain::text::safe;
use crate::domain::view::BusinessView;

/// From so many rows on the years have a row each.
const ROOMY: u16 = 20;
/// Columns of a number.
const NUMBER: usize = 11;

/// Draws the pane.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    roomy: bool,
    theme: Theme,
) -> Scrollable {
    let pane = &model.panes.businesses;
    let rows = pane.visible(&model.shared.facts);
    if rows.is_empty() {
        let inside = widgets::boxed(frame, area, "Businesses", theme);
        let text = if model.shared.facts.businesses.is_empty() {
            situation::not_surveyed(&model.shared)
        } else {
            format!("No business has the letters “{}”.", safe(&pane.filter, 40))
        };
        let text = Paragraph::new(text);
        frame.render_widget(text.wrap(Wrap { trim: true }), inside);
        return Scrollable::default();
    }
    let [list, detail] = widgets::split(area, roomy, 52);
    let scrollable = if pane.customer.is_some() {
        customers(frame, list, model, theme)
    } else {
        businesses(frame, list, model, &rows, theme)
    };
    Scrollable {
        detail: closely(frame, detail, model, theme),
        ..scrollable
    }
}

fn businesses(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    rows: &[&BusinessRow],
    theme: Theme,
) -> Scrollable {
    let pane = &model.panes.businesses;
    let mut title = format!("Businesses · {} · by {} ▾", rows.len(), pane.sort.word());
    if !pane.filter.is_empty() {
        title = format!("{title} · “{}”", safe(&pane.filter, 40));
    }
    let inside = widgets::boxed(frame, area, &title, theme);
    let columns = usize::from(inside.width);
    let name = columns.saturating_sub(3 * NUMBER + 7).max(12);
    let mark = |sort: Sort, text: &str| {
        let mark = if pane.sort == sort { "▾" } else { "" };
        right(&format!("{text}{mark}"), NUMBER)
    };
    let heading = format!(
        "{}{}{}{}",
        pad(
            if pane.sort == Sort::Name {
                "business▾"
            } else {
                "business"
            },
            name
        ),
        mark(Sort::Customers, "customers"),
        mark(Sort::Bookings, "bookings"),
        mark(Sort::Conflicts, "conflicts"),
    );
    let most = rows.iter().map(|row| row.conflicts).max().unwrap_or(0);
    let mut lines = vec![Line::styled(heading, theme.label())];
    let height = usize::from(inside.height).saturating_sub(1);
    let from = widgets::window(pane.selected, rows.len(), height);
    for (at, row) in rows.iter().enumerate().skip(from).take(height) {
        let cells = format!(
            "{}{}{}{} ",
            pad(&row.words(), name),
            right(&number(row.customers), NUMBER),
            right(&number(row.bookings), NUMBER),
            right(&number(row.conflicts), NUMBER)
        );
        let line = Line::from(vec![
            Span::raw(cells),
            Span::styled(widgets::bar(row.conflicts, most, 5), theme.warning()),
        ]);
        lines.push(if at == pane.selected {
            widgets::selected(line, theme)
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), inside);
    Scrollable {
        page: height,
        list: widgets::list_area(widgets::below(inside, 1), from, rows.len() - from),
        ..Scrollable::default()
    }
}

fn customers(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> Scrollable {
    let pane = &model.panes.businesses;
    let facts = &model.shared.facts;
    let name = pane.row(facts).map_or_else(String::new, BusinessRow::words);
    // A long name leaves room for the rest of the title.
    let name = fit(&name, usize::from(area.width / 4).max(12));
    let Some(Ok(view)) = pane.view(facts) else {
        let inside = widgets::boxed(frame, area, &format!("Businesses › {name}"), theme);
        frame.render_widget(Line::styled("reading its customers …", theme.dim()), inside);
        return Scrollable::default();
    };
    let more = if view.more > 0 {
        format!(" (and {} more)", number(view.more))
    } else {
        String::new()
    };
    let rows = pane.customers(facts);
    let mut title = format!(
        "Businesses › {name} · {}{more}",
        counted(rows.len() as u64, "customer", "customers")
    );
    if !pane.customer_filter.is_empty() {
        title = format!("{title} · “{}”", safe(&pane.customer_filter, 20));
    }
    let inside = widgets::boxed(frame, area, &title, theme);
    if rows.is_empty() && !pane.customer_filter.is_empty() {
        let text = format!(
            "No customer here has the letters “{}”.",
            safe(&pane.customer_filter, 40)
        );
        let text = Paragraph::new(text);
        frame.render_widget(text.wrap(Wrap { trim: true }), inside);
        return Scrollable::default();
    }
    let columns = usize::from(inside.width);
    let ids = model.shared.ids;
    let selected = pane.customer.unwrap_or(0);
    // A name and an address need the room most.
    let outcome = rows.iter().map(|row| width(row.becomes)).max().unwrap_or(0);
    let outcome = outcome.clamp(7, 15);
    let name = columns.saturating_sub(2 * NUMBER + 1 + outcome).max(12);
    let mark = |sort: CustomerSort, text: &str| {
        let mark = if pane.customer_sort == sort {
            "▾"
        } else {
            ""
        };
        format!("{text}{mark}")
    };
    let mut lines = vec![Line::styled(
        format!(
            "{}{}{} {}",
            pad(&mark(CustomerSort::Name, "customer"), name),
            right(&mark(CustomerSort::Bookings, "bookings"), NUMBER),
            right(&mark(CustomerSort::Elsewhere, "elsewhere"), NUMBER),
            pad("becomes", outcome)
        ),
        theme.label(),
    )];
    let height = usize::from(inside.height).saturating_sub(1);
    let from = widgets::window(selected, rows.len(), height);
    for (at, line) in rows.iter().enumerate().skip(from).take(height) {
        let who = in_full(&line.who);
        let who = if ids {
            format!("{} {who}", safe(&line.user.to_string(), 60))
        } else {
            who
        };
        let row = Line::raw(format!(
            "{}{}{} {}",
            pad(&pad(&who, name.saturating_sub(1)), name),
            right(&number(line.bookings), NUMBER),
            right(&number(line.elsewhere), NUMBER),
            pad(line.becomes, outcome)
        ));
        lines.push(if at == selected {
            widgets::selected(row, theme)
        } else {
            row
        });
    }
    frame.render_widget(Paragraph::new(lines), inside);
    Scrollable {
        page: height,
        list: widgets::list_area(widgets::below(inside, 1), from, rows.len() - from),
        ..Scrollable::default()
    }
}

/// The selected business looked at closely; the selected customer first, where one is.
fn closely(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> usize {
    let pane = &model.panes.businesses;
    let facts = &model.shared.facts;
    let Some(row) = pane.row(facts) else {
        widgets::boxed(frame, area, "", theme);
        return 0;
    };
    let name = row.words();
    let inside = widgets::boxed(frame, area, &name, theme);
    let (columns, roomy) = (usize::from(inside.width), inside.height >= ROOMY);
    let mut lines = Vec::new();
    if width(&name) + 2 > columns {
        let whole = safe(&row.name, 400); // the title cuts it
        lines.extend(widgets::labelled("Name", &whole, columns, theme));
    }
    if let Some(customer) = pane.line(facts) {
        let who = in_full(&customer.who);
        lines.extend(widgets::labelled("Selected", &who, columns, theme));
    }
    if model.shared.ids {
        let id = safe(&row.id.to_string(), 60);
        lines.extend(widgets::labelled("Id", &id, columns, theme));
    }
    match pane.view(facts) {
        None if model.shared.running.is_some() => lines.push(Line::styled(
            "Its details are read when the running step ends.",
            theme.dim(),
        )),
        None => lines.push(Line::styled("reading its bookings …", theme.dim())),
        Some(Err(why)) => lines.extend(
            wrap(&safe(why, 400), columns)
                .into_iter()
                .map(|line| Line::styled(line, theme.danger())),
        ),
        Some(Ok(view)) => {
            lines.extend(numbers(view, row, theme));
            lines.extend(years(view, columns, roomy, theme));
        }
    }
    lines.extend(to_decide(model, row, (columns, roomy), theme));
    if let Some(Ok(view)) = pane.view(facts) {
        lines.extend(elsewhere(view, (columns, roomy), theme));
    }
    widgets::scrolled(frame, inside, lines, pane.down, theme)
}

/// Name and e-mail, or that there is neither.
fn in_full(who: &Who) -> String {
    let words = who.words();
    if words.is_empty() { who.short() } else { words }
}

/// What it comes to.
fn numbers(view: &BusinessView, row: &BusinessRow, theme: Theme) -> [Line<'static>; 2] {
    let counts = format!(
        "{}   {}",
        counted(row.customers, "customer-to-be", "customers-to-be"),
        counted(row.bookings, "booking", "bookings")
    );
    let of = if view.looked > 0 {
        format!(" (of the first {} bookings)", number(view.looked))
    } else {
        String::new()
    };
    let mut fates = vec![Span::raw(format!("{} linked", number(view.linked)))];
    if view.others > 0 {
        fates.push(Span::styled(
            format!("   ! {} not linked", number(view.others)),
            theme.warning(),
        ));
    }
    fates.push(Span::styled(of, theme.dim()));
    [Line::raw(counts), Line::from(fates)]
}

/// Its bookings year by year: a bar for each where there is room, else all in one line.
fn years(view: &BusinessView, columns: usize, roomy: bool, theme: Theme) -> Vec<Line<'static>> {
    let counts = view.years.iter().map(|(_, count)| *count);
    let Some(most) = counts.clone().max() else {
        return Vec::new();
    };
    if !roomy {
        let bars = widgets::sparkline(counts, columns);
        let bars = view.years.iter().zip(bars.chars());
        let text: Vec<String> = bars
            .map(|((year, count), bar)| format!("{year} {bar} {}", number(*count)))
            .collect();
        return widgets::labelled("Per year", &text.join("  "), columns, theme).collect();
    }
    let heading = Line::styled("Bookings per year", theme.label());
    let mut lines = vec![Line::default(), heading];
    for (year, count) in &view.years {
        let text = format!("  {year} {:>8} ", number(*count));
        let room = columns.saturating_sub(width(&text) + 1).min(24);
        lines.push(Line::from(vec![
            Span::raw(text),
            Span::styled(widgets::bar(*count, most, room), theme.good()),
        ]));
    }
    lines
}

/// Where its customers book too.
fn elsewhere(
    view: &BusinessView,
    (columns, roomy): (usize, bool),
    theme: Theme,
) -> Vec<Line<'static>> {
    let places: Vec<String> = view
        .elsewhere
        .iter()
        .map(|(name, count)| format!("{} at {name}", number(*count)))
        .collect();
    if places.is_empty() {
        return Vec::new();
    }
    if !roomy {
        return widgets::labelled("Also book", &places.join(" · "), columns, theme).collect();
    }
    let heading = Line::styled("Its customers also book", theme.label());
    let mut lines = vec![Line::default(), heading];
    let places = wrap(&places.join(" · "), columns.saturating_sub(2));
    lines.extend(
        places
            .into_iter()
            .map(|line| Line::raw(format!("  {line}"))),
    );
    lines
}

/// What is to decide at a business, kind by kind; where there is little room, without those whom it is about.
fn to_decide(
    model: &Model,
    row: &BusinessRow,
    (columns, roomy): (usize, bool),
    theme: Theme,
) -> Vec<Line<'static>> {
    let facts = &model.shared.facts;
    let here: Vec<_> = facts
        .conflicts()
        .iter()
        .filter(|it| it.decision.is_none() && it.businesses.contains(&row.id))
        .collect();
    if here.is_empty() {
        return Vec::new();
    }
    if !roomy {
        let counts = facts.counts().iter().filter_map(|count| {
            let of = here.iter().filter(|it| it.key.code == count.code).count();
            (of > 0).then(|| format!("{of} × {}", conflict_words(count.code)))
        });
        let counts: Vec<_> = counts.collect();
        return widgets::labelled("To decide", &counts.join(", "), columns, theme).collect();
    }
    let mut lines = vec![Line::default(), Line::styled("To decide", theme.label())];
    for count in facts.counts() {
        let of: Vec<_> = here.iter().filter(|it| it.key.code == count.code).collect();
        if of.is_empty() {
            continue;
        }
        let (mark, style) = match count.code.severity() {
            Severity::Blocker => ("!", theme.danger()),
            Severity::Warning => ("?", theme.warning()),
            Severity::Note => ("·", theme.dim()),
        };
        let who: Vec<String> = of
            .iter()
            .map(|row| model.panes.conflicts.list.who(row))
            .filter(|who| !who.is_empty())
            .take(3)
            .collect();
        let mut text = format!("{} × {}", of.len(), conflict_words(count.code));
        if !who.is_empty() {
            text = format!("{text}: {}", who.join(" · "));
        }
        for (at, text) in wrap(&text, columns.saturating_sub(4))
            .into_iter()
            .enumerate()
        {
            let mark = if at == 0 { mark } else { " " };
            lines.push(Line::from(vec![
                Span::styled(format!("  {mark} "), style),
                Span::raw(text),
            ]));
        }
    }
    lines
}
