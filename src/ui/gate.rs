//! The gate before a destructive action: full width, in the colour of danger. It says what happens to what, what was checked, and how to get
//! back; then the database's name is typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use super::text::wrap;
use super::theme::Theme;
use super::widgets::{self, below, complaint, editor};
use crate::app::commands::about::Keymap;
use crate::app::commands::ids::{CHOOSE, CONFIRM};
use crate::app::layer::GateLayer;
use crate::app::message::Scrollable;
use crate::domain::gate::{Destructive, Gate};
use crate::domain::text::safe;

/// Draws it.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    open: &GateLayer,
    now: &str,
    keys: &Keymap,
    theme: Theme,
) -> Scrollable {
    let gate = &open.gate;
    let room = usize::from(area.width.saturating_sub(4));
    let (lines, chosen) = contents(gate, now, keys, room, theme);
    let complaints = open
        .complaint
        .as_deref()
        .map_or(0, |text| wrap(&safe(text, 400), room).len());
    let ask = format!(
        "Type the database's name, {}, then {}:",
        safe(&gate.database, 400),
        keys.of(CONFIRM)
    );
    let ask: Vec<_> = wrap(&ask, room)
        .into_iter()
        .map(|line| Line::styled(line, theme.title()))
        .collect();
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let asks = rows(ask.len());
    let typing = asks.saturating_add(1 + rows(complaints.max(1)));
    let wanted = rows(lines.len()).saturating_add(typing + 2);
    let over =
        area.centered_vertically(ratatui::layout::Constraint::Length(wanted.min(area.height)));
    frame.render_widget(Clear, over);
    let title = format!(" Gate: {} ", gate.action.title());
    let block = Block::bordered()
        .border_type(BorderType::Double)
        .style(theme.text())
        .border_style(theme.danger())
        .title(Line::styled(title, theme.danger()));
    let inside = block.inner(over);
    frame.render_widget(block, over);
    let inside = Rect {
        x: inside.x + 1,
        width: inside.width.saturating_sub(2),
        ..inside
    };
    let text_rows = inside.height.saturating_sub(typing);
    // What is chosen is seen when the gate opens, however much was written since.
    let opens = chosen.saturating_sub(usize::from(text_rows));
    let down = open.down.unwrap_or(opens);
    let furthest = widgets::scrolled(
        frame,
        Rect {
            height: text_rows,
            ..inside
        },
        lines,
        down,
        theme,
    );
    let typed = below(inside, text_rows);
    let asked = Rect {
        height: asks.min(typed.height),
        ..typed
    };
    frame.render_widget(Paragraph::new(ask), asked);
    let line = below(typed, asks);
    editor(
        frame,
        Rect {
            height: 1.min(line.height),
            ..line
        },
        &open.typed,
        theme,
    );
    complaint(frame, below(line, 1), open.complaint.as_deref(), theme);
    Scrollable {
        page: usize::from(text_rows),
        furthest,
        at: down.min(furthest),
        ..Scrollable::default()
    }
}

fn contents(
    gate: &Gate,
    now: &str,
    keys: &Keymap,
    room: usize,
    theme: Theme,
) -> (Vec<Line<'static>>, usize) {
    let mut lines: Vec<Line<'static>> = wrap(&safe(&gate.first_line(), 300), room)
        .into_iter()
        .map(|line| Line::styled(line, theme.danger()))
        .collect();
    lines.push(Line::default());
    // Choices stand above all else: on a small screen, too.
    for (at, line) in gate.written.iter().enumerate() {
        let label = if at == 0 { "Written" } else { "" };
        lines.extend(widgets::labelled(label, &safe(line, 400), room, theme));
    }
    let mut chosen = 0;
    for (is_chosen, line) in choice_lines(gate, keys, room, theme) {
        lines.push(line);
        if is_chosen {
            chosen = lines.len();
        }
    }
    let mut say = |label: &str, text: &str, most: usize| {
        lines.extend(widgets::labelled(label, &safe(text, most), room, theme));
    };
    // The gate read it when it was opened; where it says nothing, what all panes say holds.
    say(
        "True now",
        if gate.now.is_empty() { now } else { &gate.now },
        600,
    );
    for (at, line) in gate.lost.iter().enumerate() {
        say(if at == 0 { "Lost" } else { "" }, line, 400);
    }
    // On a small screen, too, it is seen before anything is typed.
    say("Way back", &gate.way_back.words(), 600);
    for (at, line) in gate.will_do.iter().enumerate() {
        say(if at == 0 { "Will do" } else { "" }, line, 400);
    }
    let mut say = |label: &str, text: &str| {
        lines.extend(widgets::labelled(label, &safe(text, 600), room, theme));
    };
    say("Backup", &gate.backup.words());
    for (at, line) in gate.proof.iter().enumerate() {
        say(if at == 0 { "Proof" } else { "" }, &line.words());
    }
    if let Some(writers) = &gate.writers {
        say("Writers", &writers.words());
    }
    for missing in &gate.missing {
        for line in wrap(&format!("Shut: {}", safe(missing, 600)), room) {
            lines.push(Line::styled(line, theme.danger()));
        }
    }
    (lines, chosen)
}

/// The choices at the gate to roll back, the present one marked and told apart.
fn choice_lines(
    gate: &Gate,
    keys: &Keymap,
    room: usize,
    theme: Theme,
) -> Vec<(bool, Line<'static>)> {
    let mut lines = Vec::new();
    if gate.choices.len() > 1 {
        let ask = format!(
            "What becomes of it? {} goes to the next choice:",
            keys.of(CHOOSE)
        );
        lines.push((false, Line::styled(ask, theme.title())));
    }
    for choice in &gate.choices {
        let chosen = gate.action == Destructive::RollBack(choice.new);
        let (mark, style) = if chosen {
            ("▸", theme.selected())
        } else {
            (" ", theme.dim())
        };
        let text = format!("{}: {}", choice.new.word(), safe(&choice.says, 900));
        for (at, line) in wrap(&text, room.saturating_sub(4)).iter().enumerate() {
            let before = match at {
                0 => format!("{mark} "),
                _ => "    ".to_owned(),
            };
            lines.push((chosen, Line::styled(format!("{before}{line}"), style)));
        }
    }
    lines
}
