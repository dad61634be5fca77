//! The frame around the panes: where we are, what needs attention, the pane, what runs, what is true and what comes next, the keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::layers;
use super::panes;
use super::text::{duration, fit, number, pad, width, wrap};
use super::theme::Theme;
use super::widgets;
use crate::app::commands::ids::{BACK, CANCEL, HELP, INTERRUPT, PAUSE, WHOLE_MESSAGE};
use crate::app::log::Weight;
use crate::app::message::Scrollable;
use crate::app::model::Model;
use crate::app::panes::TABLE;
use crate::app::situation;
use crate::command::{self, Danger};
use crate::domain::text::{safe, safe_line};

/// Below this nothing useful can be drawn.
const LEAST: (u16, u16) = (60, 15);
/// From here on there is room for two panes.
const ROOMY: (u16, u16) = (100, 30);

/// Draws the console; returns how far the focused contents can be scrolled.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: Theme) -> Scrollable {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(frame, area);
        return Scrollable::default();
    }
    let roomy = area.width >= ROOMY.0 && area.height >= ROOMY.1;
    let banner = banner_lines(model, usize::from(area.width), if roomy { 4 } else { 2 });
    let situation_rows = match area.height {
        0..=19 => 1,
        20..=29 => 2,
        _ => 4,
    };
    let hints = hint_lines(
        model,
        usize::from(area.width),
        if roomy { 2 } else { 1 },
        theme,
    );
    let [head, tabs, alarm, body, progress, situation, notice, keys] =
        area.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(rows(banner.len())),
            Constraint::Fill(1),
            Constraint::Length(u16::from(
                model.shared.running.is_some() || model.shared.leaving.is_some(),
            )),
            Constraint::Length(situation_rows),
            Constraint::Length(1),
            Constraint::Length(rows(hints.len())),
        ]));
    header(frame, head, model, theme);
    tab_line(frame, tabs, model, theme);
    let banner: Vec<_> = banner
        .into_iter()
        .map(|line| Line::styled(pad(&line, usize::from(area.width)), theme.banner()))
        .collect();
    frame.render_widget(Paragraph::new(banner), alarm);
    let below = panes::draw(frame, body, model, roomy, theme);
    progress_line(frame, progress, model, theme);
    situation_lines(frame, situation, model, theme);
    notice_line(frame, notice, model, theme);
    frame.render_widget(Paragraph::new(hints), keys);
    layers::draw(frame, body.union(alarm), model, theme).unwrap_or(below)
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let text = format!(
        "The terminal is too small: {}×{}. Make it at least {}×{}. What runs goes on.",
        area.width, area.height, LEAST.0, LEAST.1
    );
    let lines: Vec<_> = wrap(&text, usize::from(area.width))
        .into_iter()
        .map(Line::from)
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Where we are. What does not fit is left out from the end; the database and what we may do never are.
fn header(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let place = &model.shared.place;
    let may = if model.shared.may_write {
        " MAY WRITE "
    } else {
        " READ-ONLY "
    };
    let room = usize::from(area.width).saturating_sub(width(may) + 1);
    let set = place.replica_set.as_ref().map_or_else(
        || place.topology.clone(),
        |set| format!("replica set {set}"),
    );
    let mut text = format!(
        " {} · {} · database {}",
        safe(&place.host, 60),
        safe(&set, 40),
        safe(&place.database, 64)
    );
    let user = place
        .user
        .as_ref()
        .map(|user| format!("user {}", safe(user, 40)));
    let more = [
        Some(format!("via {}", place.uri_source)),
        user,
        Some(format!("MongoDB {}", safe(&place.server_version, 20))),
    ];
    for part in more.into_iter().flatten() {
        if width(&text) + 3 + width(&part) <= room {
            text = format!("{text} · {part}");
        }
    }
    let line = Line::from(vec![
        Span::styled(pad(&text, room), theme.title()),
        Span::raw(" "),
        Span::styled(
            may,
            if model.shared.may_write {
                theme.warning()
            } else {
                theme.selected()
            },
        ),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

fn tab_line(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let narrow = area.width < 72;
    let mut spans = vec![Span::raw(" ")];
    for (at, row) in TABLE.iter().enumerate() {
        let here = row.id == model.shared.pane;
        let mut title = format!(" {}", at + 1);
        if !narrow || here {
            title = format!("{title} {}", row.title);
        }
        if let Some(badge) = model.panes.get(row.id).badge(&model.shared) {
            title = format!("{title} {badge}");
        }
        title.push(' ');
        let style = if here {
            theme.selected().patch(theme.title())
        } else {
            theme.dim()
        };
        spans.push(Span::styled(title, style));
        spans.push(Span::raw(" "));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn banner_lines(model: &Model, columns: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = model
        .shared
        .facts
        .writes_blocked
        .iter()
        .flat_map(|text| {
            wrap(
                &format!("!! {}", safe(text, 400)),
                columns.saturating_sub(2),
            )
        })
        .map(|line| format!(" {line}"))
        .collect();
    if let Some(lost) = &model.shared.lost {
        let tries = match &model.shared.running {
            Some(running) => format!(
                "{} tries until {}; what it wrote before is safe, and running it again goes on from there",
                running.job.title(),
                lost.until
            ),
            None => "nothing runs, and it is asked again every second".to_owned(),
        };
        let text = format!(
            "!! NO ANSWER from the primary since {}: {tries}",
            lost.since
        );
        let wrapped = wrap(&text, columns.saturating_sub(2));
        lines.extend(wrapped.into_iter().map(|line| format!(" {line}")));
    }
    lines.extend(message_lines(model, columns, most));
    lines
}

fn message_lines(model: &Model, columns: usize, most: usize) -> Vec<String> {
    let Some(banner) = &model.shared.banner else {
        return Vec::new();
    };
    let text = format!("!! {}: {}", banner.title, banner.text.replace('\n', " "));
    let keys = format!(
        "{}: whole message · {}: dismiss",
        model.shared.key(WHOLE_MESSAGE),
        model.shared.key(BACK)
    );
    let mut lines = wrap(&safe(&text, 2000), columns.saturating_sub(2));
    if lines.len() > most - 1 {
        lines.truncate(most - 1);
        if let Some(last) = lines.last_mut() {
            *last = format!("{} …", fit(last, columns.saturating_sub(4)));
        }
    }
    lines.push(format!("   {keys}"));
    lines.into_iter().map(|line| format!(" {line}")).collect()
}

fn progress_line(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    if area.height == 0 {
        return;
    }
    let columns = usize::from(area.width);
    let Some(running) = &model.shared.running else {
        let text = format!(
            " » Leaving: waiting for the engine to close; {} leaves at once",
            model.shared.key(INTERRUPT)
        );
        frame.render_widget(Line::styled(fit(&text, columns), theme.warning()), area);
        return;
    };
    let progress = &running.progress;
    let doing = if running.cancelling {
        format!("ends after this batch: {}", progress.doing)
    } else if progress.doing.is_empty() {
        running.job.title().to_owned()
    } else {
        progress.doing.clone()
    };
    let doing = match progress.slow.as_str() {
        "" => doing,
        "paused" => format!("PAUSED, {} goes on: {doing}", model.shared.key(PAUSE)),
        slow => format!("{slow}: {doing}"),
    };
    let mut facts = Vec::new();
    if progress.total > 0 {
        facts.push(format!(
            "{}/{}",
            number(progress.done),
            number(progress.total)
        ));
    } else if progress.done > 0 {
        facts.push(number(progress.done));
    }
    if let Some(rate) = running.rate() {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive, for people
        facts.push(format!("{}/s", number(rate.round() as u64)));
    }
    facts.push(running.left().map_or_else(
        || {
            format!(
                "{} so far",
                duration(model.shared.now.saturating_sub(running.began))
            )
        },
        |left| format!("{} left", duration(left)),
    ));
    let key = if running.cancelling {
        String::new()
    } else {
        format!(" · {} ends it", model.shared.key(CANCEL))
    };
    let facts = format!(" {}{key} ", facts.join(" · "));
    let percent = running
        .percent()
        .map_or_else(|| "  … ".to_owned(), |percent| format!("{percent:>3}%"));
    let bar_columns = (columns / 5).clamp(8, 24);
    let bar = widgets::bar(running.percent().unwrap_or(0), 100, bar_columns);
    let room = columns.saturating_sub(width(&facts) + bar_columns + 9);
    let line = Line::from(vec![
        Span::styled(
            format!(" » {} ", pad(&safe(&doing, 200), room)),
            theme.title(),
        ),
        Span::styled(pad(&bar, bar_columns), theme.good()),
        Span::raw(format!(" {percent}")),
        Span::raw(facts),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

fn situation_lines(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let situation = situation::of(&model.shared);
    let columns = usize::from(area.width).saturating_sub(1);
    let line = |parts: &[(&'static str, String)]| {
        let each = columns / parts.len();
        let mut spans = Vec::new();
        for (label, text) in parts {
            let label = format!(" {label} ");
            let room = each.saturating_sub(width(&label));
            spans.push(Span::styled(label, theme.label()));
            spans.push(Span::raw(if parts.len() == 1 {
                fit(text, room)
            } else {
                pad(text, room)
            }));
        }
        Line::from(spans)
    };
    let lines = match area.height {
        4.. => vec![
            line(&[("True now", safe(&situation.now, 400))]),
            line(&[("Next    ", safe(&situation.next, 400))]),
            line(&[("Destroys", situation.destroys)]),
            line(&[("Way back", situation.back)]),
        ],
        2..=3 => vec![
            line(&[("Next", safe(&situation.next, 400))]),
            line(&[("Destroys", situation.destroys), ("Back", situation.back)]),
        ],
        _ => vec![line(&[("Next", safe(&situation.next, 400))])],
    };
    frame.render_widget(Paragraph::new(lines), area);
}

fn notice_line(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let columns = usize::from(area.width).saturating_sub(1);
    let line = match &model.shared.notice {
        Some(notice) => {
            let (mark, style) = match notice.weight {
                Weight::Info => ("·", theme.good()),
                Weight::Warning => ("!", theme.warning()),
                Weight::Error => ("!!", theme.danger()),
            };
            Line::styled(
                fit(
                    &format!(" {mark} {}", safe_line(&notice.text, 400)),
                    columns,
                ),
                style,
            )
        }
        None if model.shared.waiting > 0 => Line::styled(" … asking the database", theme.dim()),
        None => Line::default(),
    };
    frame.render_widget(line, area);
}

/// The keys of the place that has the focus. What cannot be done now stays, in brackets; pressing it says why.
fn hint_lines(model: &Model, columns: usize, most: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut hints = command::hints(model);
    // The way to all the others is never cut off.
    hints.sort_by_key(|(command, _)| command.id != HELP);
    let mut lines = Vec::new();
    let mut spans: Vec<Span<'static>> = vec![Span::raw(" ")];
    let mut used = 1;
    for (command, allowed) in hints {
        let title = match command.danger {
            Danger::Gate => format!("{}!", command.title),
            Danger::None | Danger::Writes => command.title.to_owned(),
        };
        let (keys, title) = if allowed.is_ok() {
            (command.shown.to_owned(), format!(" {title}"))
        } else {
            (format!("({}", command.shown), format!(" {title})"))
        };
        let wide = width(&keys) + width(&title) + 2;
        if used + wide > columns {
            lines.push(Line::from(std::mem::replace(
                &mut spans,
                vec![Span::raw(" ")],
            )));
            used = 1;
            if lines.len() == most {
                return lines;
            }
        }
        used += wide;
        if allowed.is_ok() {
            spans.push(Span::styled(keys, theme.label()));
            spans.push(Span::raw(title));
        } else {
            spans.push(Span::styled(keys, theme.dim()));
            spans.push(Span::styled(title, theme.dim()));
        }
        spans.push(Span::raw("  "));
    }
    lines.push(Line::from(spans));
    lines
}
