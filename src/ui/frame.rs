//! The frame around the panes: where we are, what needs attention, the pane, what runs, what is true and what comes next, the keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::ascii;
use super::hints;
use super::layers;
use super::panes;
use super::tabs;
use super::text::{fit, number, pad, width, wrap};
use super::theme::Theme;
use crate::app::commands::ids::{BACK, INTERRUPT, TRUTH, WHOLE_MESSAGE};
use crate::app::layer::Layer;
use crate::app::log::Weight;
use crate::app::message::Drawn;
use crate::app::model::Model;
use crate::app::situation::{self, Situation};
use crate::domain::calendar;
use crate::domain::text::{safe, safe_line};

/// Below this nothing useful can be drawn.
const LEAST: (u16, u16) = (60, 15);
/// From here on there is room for two panes.
const ROOMY: (u16, u16) = (100, 30);

/// Draws the console; returns how far the focused contents can be scrolled, and where the mouse finds what.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: Theme) -> Drawn {
    let area = frame.area();
    frame.render_widget(Block::new().style(theme.text()), area);
    let drawn = if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(frame, area);
        Drawn::default()
    } else {
        draw_all(frame, area, model, theme)
    };
    if theme.is_ascii() {
        ascii::reduce(frame.buffer_mut());
    }
    drawn
}

fn draw_all(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) -> Drawn {
    let roomy = area.width >= ROOMY.0 && area.height >= ROOMY.1;
    let banner = banner_lines(model, usize::from(area.width), if roomy { 4 } else { 2 });
    let situation_rows = situation_rows(model, area);
    let most = if roomy { 2 } else { 1 };
    let hints = hints::lines(model, usize::from(area.width), most, theme);
    let on_the_way_out = model.shared.leaving.is_some() && model.shared.running.is_none();
    let strip = on_the_way_out || (model.shared.running.is_some() && !shows_running(model));
    let warning = warning_line(model, usize::from(area.width), theme);
    let [
        head,
        tabs,
        warned,
        alarm,
        body,
        progress,
        situation,
        notice,
        keys,
    ] = area.layout(&Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(u16::from(warning.is_some())),
        Constraint::Length(rows(banner.len())),
        Constraint::Fill(1),
        Constraint::Length(u16::from(strip)),
        Constraint::Length(situation_rows),
        Constraint::Length(1),
        Constraint::Length(rows(hints.len())),
    ]));
    header(frame, head, model, theme);
    let tabs = tabs::draw(frame, tabs, model, theme);
    frame.render_widget(warning.unwrap_or_default(), warned);
    let banner: Vec<_> = banner
        .into_iter()
        .map(|line| Line::styled(pad(&line, usize::from(area.width)), theme.banner()))
        .collect();
    frame.render_widget(Paragraph::new(banner), alarm);
    let below = panes::draw(frame, body, model, roomy, theme);
    if strip {
        progress_line(frame, progress, model, theme);
    }
    situation_lines(frame, situation, model, theme);
    notice_line(frame, notice, model, theme);
    frame.render_widget(Paragraph::new(hints), keys);
    // A gate says itself what is true and how to get back: on a small screen it has the room of that, too.
    let own = matches!(model.shared.layers.last(), Some(Layer::Gate(_))) && !roomy;
    let room = body.union(alarm);
    let room = if own { room.union(situation) } else { room };
    let over = layers::draw(frame, room, model, theme);
    Drawn {
        scrollable: over.unwrap_or(below),
        tabs,
    }
}

/// True where the pane itself shows how far the running step is.
fn shows_running(model: &Model) -> bool {
    let panes = &model.panes;
    let pane = model.shared.pane;
    pane == crate::app::panes::id(&panes.running) || pane == crate::app::panes::id(&panes.checklist)
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

/// The least columns of the place in the header.
const PLACE: usize = 12;

/// Where we are, the two clocks, the verdict's age, who holds the lease. What does not fit is left out from the end; the database, the clocks and
/// what we may do never are. The place makes room for clocks and verdict.
fn header(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let place = &model.shared.place;
    let (may, style) = if model.shared.may_write {
        (" MAY WRITE ", theme.warning())
    } else {
        (" READ-ONLY ", theme.selected())
    };
    let room = usize::from(area.width).saturating_sub(width(may) + 1);
    let set = place.replica_set.as_ref().map_or_else(
        || place.topology.clone(),
        |set| format!("replica set {set}"),
    );
    let clocks = situation::clocks(&model.shared).map(|(down, ours)| {
        format!(
            "DOWN {} (ours {}:{:02})",
            calendar::stretch(down),
            ours / 60_000,
            ours / 1_000 % 60
        )
    });
    let clocks: Option<(String, Style)> = clocks.map(|it| (it, theme.warning()));
    let of_verdict = if situation::is_written_since(&model.shared) {
        theme.danger()
    } else {
        theme.text()
    };
    let whole = format!("{} @ {}", safe(&place.database, 64), safe(&place.host, 60));
    let taken = |part: Option<&(String, Style)>| part.map_or(0, |it| width(&it.0) + 3);
    let brief = situation::verdict_in_brief(&model.shared).map(|it| (it, of_verdict));
    let brief = brief.filter(|it| taken(clocks.as_ref()) + taken(Some(it)) + PLACE < room);
    let left = room.saturating_sub(taken(clocks.as_ref()) + taken(brief.as_ref()) + 1);
    let at = fit(&whole, left.max(PLACE.min(width(&whole))));
    let long = situation::verdict(&model.shared).map(|it| (safe(&it, 200), of_verdict));
    let lease = situation::lease(&model.shared).map(|it| (safe(&it, 60), theme.text()));
    let fits = |it: &(String, Style)| {
        let others = taken(clocks.as_ref()) + taken(lease.as_ref());
        width(&at) + 1 + others + taken(Some(it)) <= room
    };
    let verdict = long.filter(fits).or(brief);
    let mut parts: Vec<(String, Style)> = vec![(at, theme.title())];
    let more = [
        clocks,
        verdict,
        lease,
        Some((safe(&set, 40), theme.dim())),
        place
            .user
            .as_ref()
            .map(|user| (format!("user {}", safe(user, 40)), theme.dim())),
        Some((
            format!("MongoDB {}", safe(&place.server_version, 20)),
            theme.dim(),
        )),
        Some((format!("via {}", place.uri_source), theme.dim())),
    ];
    let mut used = width(&parts[0].0) + 1;
    for part in more.into_iter().flatten() {
        let wide = width(&part.0) + 3;
        if used + wide > room {
            break;
        }
        used += wide;
        parts.push(part);
    }
    let mut spans = vec![Span::raw(" ")];
    for (at, (text, style)) in parts.into_iter().enumerate() {
        if at > 0 {
            spans.push(Span::styled(" · ", theme.dim()));
        }
        spans.push(Span::styled(fit(&text, room.saturating_sub(1)), style));
    }
    spans.push(Span::raw(" ".repeat(room.saturating_sub(used))));
    spans.push(Span::raw(" "));
    spans.push(Span::styled(may, style));
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// What the check of the mapping warns of: the first warning, how many more there are, and where they are shown.
fn warning_line(model: &Model, columns: usize, theme: Theme) -> Option<Line<'static>> {
    let overview = model.shared.facts.overview.as_ref()?;
    let (first, others) = overview.warnings.split_first()?;
    let pane = crate::app::panes::digit(crate::app::panes::id(&model.panes.mapping));
    let more = match others.len() {
        0 => format!(" ({pane} shows it)"),
        many => format!(" (and {} more; {pane} shows them)", number(many as u64)),
    };
    let first = fit(&safe(first, 400), columns.saturating_sub(width(&more) + 4));
    Some(Line::styled(
        pad(&format!(" ! {first}{more}"), columns),
        theme.warning(),
    ))
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
            None => format!(
                "nothing runs; it is asked again every second. A step that starts now tries until {}",
                lost.until
            ),
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

/// Lines as sentences one behind the other.
fn in_one_line(text: &str) -> String {
    let mut all = String::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let line = words.join(" ");
        if line.is_empty() {
            continue;
        }
        let ends = all.ends_with(|c: char| c.is_alphanumeric() || c == ')');
        if ends && line.starts_with(char::is_uppercase) {
            all.push('.');
        } else if ends && line.starts_with(char::is_alphanumeric) {
            all.push_str(" ·");
        }
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(&line);
    }
    all
}

fn message_lines(model: &Model, columns: usize, most: usize) -> Vec<String> {
    let Some(banner) = &model.shared.banner else {
        return Vec::new();
    };
    let text = format!("!! {}: {}", banner.title, in_one_line(&banner.text));
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
    let columns = usize::from(area.width);
    if model.shared.running.is_none() {
        let text = format!(
            " » Leaving: waiting for the engine to close; {} leaves at once",
            model.shared.key(INTERRUPT)
        );
        frame.render_widget(Line::styled(fit(&text, columns), theme.warning()), area);
        return;
    }
    let line = panes::running::strip(model, columns, theme);
    frame.render_widget(Paragraph::new(line), area);
}

/// How many rows the four sentences take: the last two share a row where both fit.
fn situation_rows(model: &Model, area: Rect) -> u16 {
    let columns = usize::from(area.width).saturating_sub(1);
    let situation = situation::of(&model.shared);
    match area.height {
        0..=19 => 1,
        20..=29 if last_two(&situation, columns).is_some() => 3,
        _ => 4,
    }
}

/// Where the way back begins on the row of what is destroyed, where both fit.
fn last_two(situation: &Situation, columns: usize) -> Option<usize> {
    let destroys = width(" Destroys ") + width(&situation.destroys) + 2;
    let back = width(" Back ") + width(&situation.back);
    let begins = destroys.max(columns / 2);
    if begins + back <= columns {
        return Some(begins);
    }
    (destroys + back <= columns).then_some(destroys)
}

fn situation_lines(frame: &mut Frame<'_>, area: Rect, model: &Model, theme: Theme) {
    let situation = situation::of(&model.shared);
    let columns = usize::from(area.width).saturating_sub(1);
    let more = format!(" ({})", model.shared.key(TRUTH));
    let part = |label: &str, text: &str, room: usize| {
        let label = format!(" {label} ");
        let room = room.saturating_sub(width(&label));
        // When it was read goes first; what is cut can be read whole.
        let short = text.rsplit_once(" (read ").map_or(text, |(said, _)| said);
        let text = if width(text) > room && width(short) <= room {
            pad(short, room)
        } else if width(text) > room {
            format!("{}{more}", fit(text, room.saturating_sub(width(&more))))
        } else {
            pad(text, room)
        };
        [Span::styled(label, theme.label()), Span::raw(text)]
    };
    let line = |label: &str, text: &str| Line::from(Vec::from(part(label, text, columns)));
    let lines = match area.height {
        4.. => vec![
            line("True now", &safe(&situation.now, 400)),
            line("Next    ", &safe(&situation.next, 400)),
            line("Destroys", &situation.destroys),
            line("Way back", &situation.back),
        ],
        2..=3 => {
            let half = last_two(&situation, columns).unwrap_or(columns / 2);
            let destroys = part("Destroys", &situation.destroys, half);
            let back = part("Back", &situation.back, columns - half);
            vec![
                line("True now", &safe(&situation.now, 400)),
                line("Next    ", &safe(&situation.next, 400)),
                destroys.into_iter().chain(back).collect::<Line<'_>>(),
            ]
        }
        _ => vec![line("Next", &safe(&situation.next, 400))],
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
            let text = format!(" {mark} {}", safe_line(&notice.text, 1_000));
            let text = if width(&text) > columns {
                let more = format!(" ({} shows all)", model.shared.key(WHOLE_MESSAGE));
                format!("{}{more}", fit(&text, columns.saturating_sub(width(&more))))
            } else {
                text
            };
            Line::styled(text, style)
        }
        None if model.shared.waiting > 0 => Line::styled(" … asking the database", theme.dim()),
        None => Line::default(),
    };
    frame.render_widget(line, area);
}
