//! What the after-schema asks: the list in groups, and the selected line whole with its documents and its answer.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::text::{fit, pad, right, width, wrap};
use super::super::theme::Theme;
use super::super::widgets;
use crate::app::commands::ids::IDS;
use crate::app::message::{Job, Scrollable};
use crate::app::model::Model;
use crate::app::panes::schema::{READ, Row, SchemaPane, fate_words, how_long};
use crate::app::shared::Shared;
use crate::app::situation::not_surveyed;
use crate::domain::number::counted;
use crate::domain::schema_view::{Fate, IndexLine, SchemaLine, SchemaView, Stands, Way};
use crate::domain::text::{safe, safe_lines};

/// From so many columns on the detail stands beside the list.
const WIDE: u16 = 160;
/// Rows of the detail below the list, where there are few and where there are many.
const BELOW: (u16, u16) = (7, 12);
/// While it is read.
const READING: &str = "reading every document, as the migration will leave it …";
/// Columns of the number of documents.
const COUNT: usize = 17;
/// Columns of what becomes of an index.
const FATE: usize = 28;
/// Columns of what becomes of a line.
const STATE: usize = 15;

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, _: bool, theme: Theme) -> Scrollable {
    let (pane, shared) = (&model.panes.schema, &model.shared);
    let Some(view) = pane.shown() else {
        let inside = widgets::boxed(frame, area, "Schema", theme);
        let text = instead(pane, shared);
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), inside);
        return Scrollable::default();
    };
    if view.files.is_empty() {
        return without(frame, area, pane, view, theme);
    }
    let [list, detail] = if area.width >= WIDE {
        area.layout(&Layout::horizontal([
            Constraint::Percentage(58),
            Constraint::Fill(1),
        ]))
    } else {
        area.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(if area.height < 24 { BELOW.0 } else { BELOW.1 }),
        ]))
    };
    let mut scrollable = rows(frame, list, (pane, shared), view, theme);
    scrollable.detail = selected(frame, detail, (pane, shared), view, theme);
    scrollable
}

/// What stands there while there is no list.
fn instead(pane: &SchemaPane, shared: &Shared) -> String {
    if let Some(Err(why)) = &pane.view {
        return format!(
            "What the after-schema asks cannot be shown: {}",
            safe_lines(why, 2_000)
        );
    }
    let reads = shared.running.as_ref().map(|it| it.job == Job::Schema);
    match reads {
        Some(true) => READING.to_owned(),
        Some(false) => "It is read when the running step has ended.".to_owned(),
        None if shared.waiting > 0 => READING.to_owned(),
        None if shared.facts.overview.is_none() => not_surveyed(shared),
        None => format!(
            "Nothing was read yet: {}. {} begins.",
            how_long(shared),
            shared.key(READ)
        ),
    }
}

/// Where no after-schema is given: how one is given, and what changes in the schema in any case.
fn without(
    frame: &mut Frame<'_>,
    area: Rect,
    pane: &SchemaPane,
    view: &SchemaView,
    theme: Theme,
) -> Scrollable {
    let title = format!("Schema · {}", safe(&view.remark, 200));
    let inside = widgets::boxed(frame, area, &title, theme);
    let columns = usize::from(inside.width);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut say = |text: &str| {
        let wrapped = wrap(text, columns);
        lines.extend(wrapped.into_iter().map(Line::raw));
    };
    say(
        "The schema.prisma of the new application tells ringfence what else the data needs: fields and collections with other names, values where nothing is, other types, indexes.",
    );
    say("");
    say(
        "To give it, write into the mapping file, then open the console again (a headless run takes `ringfence plan --after FILE`):",
    );
    say("");
    say("    [schema]");
    say("    after = \"schema-after.prisma\"     # the new application's");
    say("    before = \"schema-before.prisma\"   # today's, if you have it");
    say("");
    say(
        "ringfence then lists here what the schema asks. You answer it here, and the cut-over does it. Without an after-schema ringfence does the migration alone.",
    );
    if !view.lines.is_empty() {
        lines.push(Line::default());
        let heading = "These lines of your schema.prisma change in any case:";
        lines.push(Line::styled(heading, theme.label()));
        for change in &view.lines {
            let wrapped = wrap(&safe(&change.says, 400), columns.saturating_sub(4));
            let begins = std::iter::once("  · ").chain(std::iter::repeat("    "));
            let texts = begins.zip(wrapped);
            lines.extend(texts.map(|(begins, text)| Line::raw(format!("{begins}{text}"))));
        }
    }
    let detail = widgets::scrolled(frame, inside, lines, pane.down, theme);
    Scrollable {
        page: usize::from(inside.height),
        detail,
        ..Scrollable::default()
    }
}

fn title(pane: &SchemaPane, view: &SchemaView, shared: &Shared) -> String {
    let mut parts = vec!["Schema".to_owned(), safe(&view.files, 120)];
    let blockers = view.count(Stands::Blocker) as u64;
    if blockers > 0 {
        parts.push(counted(blockers, "blocker", "blockers"));
    }
    match view.count(Stands::Undecided) {
        0 => {}
        waits => parts.push(format!("{waits} to answer")),
    }
    if !view.is_open() && view.locked.is_none() {
        parts.push("all answered".to_owned());
    }
    if !view.remark.is_empty() {
        parts.push(view.remark.clone());
    }
    if pane.waits_to_be_told(shared) {
        parts.push(format!(
            "older than the answers: {} reads again",
            shared.key(READ)
        ));
    }
    parts.join(" · ")
}

fn rows(
    frame: &mut Frame<'_>,
    area: Rect,
    (pane, shared): (&SchemaPane, &Shared),
    view: &SchemaView,
    theme: Theme,
) -> Scrollable {
    let inside = widgets::boxed(frame, area, &title(pane, view, shared), theme);
    let columns = usize::from(inside.width);
    let height = usize::from(inside.height);
    let from = widgets::window(pane.selected, pane.rows.len(), height);
    // The heading of the first group is seen with its first row.
    let from = if pane.selected <= 1 { 0 } else { from };
    let mut lines = Vec::new();
    for (at, row) in pane.rows.iter().enumerate().skip(from).take(height) {
        let line = match row {
            Row::Heading(title, count) => Line::from(vec![
                Span::styled((*title).to_owned(), theme.label()),
                Span::styled(format!(" {count}"), theme.dim()),
            ]),
            Row::Line(at) => view
                .lines
                .get(*at)
                .map_or_else(Line::default, |line| change(line, columns, theme)),
            Row::Index(at) => view
                .indexes
                .get(*at)
                .map_or_else(Line::default, |line| index(line, columns, theme)),
        };
        lines.push(if at == pane.selected {
            widgets::selected(line, theme)
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), inside);
    Scrollable {
        page: height,
        list: widgets::list_area(inside, from, pane.rows.len().saturating_sub(from)),
        ..Scrollable::default()
    }
}

/// The sign of a line and its style; never by colour alone.
fn mark(stands: Stands, theme: Theme) -> (&'static str, Style) {
    match stands {
        Stands::Blocker => ("!", theme.danger()),
        Stands::Undecided => ("?", theme.warning()),
        Stands::Accepted => ("✓", theme.good()),
        Stands::Left => ("–", theme.dim()),
        Stands::Note => ("·", theme.dim()),
    }
}

/// What a line waits for, or what answered it.
fn state(line: &SchemaLine) -> &'static str {
    match line.stands {
        Stands::Blocker if line.ways.is_empty() => "blocks the plan",
        Stands::Blocker | Stands::Undecided => "answer needed",
        Stands::Accepted => "accepted",
        Stands::Left => "left",
        Stands::Note => "",
    }
}

fn change(line: &SchemaLine, columns: usize, theme: Theme) -> Line<'static> {
    let (mark, style) = mark(line.stands, theme);
    let about = 11.min(columns / 6);
    // Of a unique it is groups of documents that are counted.
    let (one, many) = if line.about == "unique" {
        ("group", "groups")
    } else {
        ("document", "documents")
    };
    // Where nothing is counted, the words have that room, too.
    let (documents, count) = match line.count {
        0 => (String::new(), 0),
        count => (right(&counted(count, one, many), COUNT - 1) + " ", COUNT),
    };
    let rest = columns.saturating_sub(2 + about + STATE + count);
    Line::from(vec![
        Span::styled(format!("{mark} "), style),
        Span::styled(
            pad(&fit(&line.about, about.saturating_sub(1)), about),
            style,
        ),
        Span::raw(pad(&fit(&brief(line), rest.saturating_sub(1)), rest)),
        Span::styled(documents, theme.dim()),
        Span::styled(pad(state(line), STATE), style),
    ])
}

/// What a line says, without the number of documents that has its own column.
fn brief(line: &SchemaLine) -> String {
    let says = safe(&line.says, 300);
    let documents = format!(" ({})", counted(line.count, "document", "documents"));
    says.strip_suffix(&documents)
        .map_or(says.clone(), str::to_owned)
}

fn index(line: &IndexLine, columns: usize, theme: Theme) -> Line<'static> {
    let style = match line.fate {
        Fate::Made => theme.good(),
        Fate::PushDrops | Fate::Forbidden => theme.warning(),
        Fate::Stands | Fate::Replaced | Fate::MadeOnceSettled | Fate::ReplacedOnceSettled => {
            theme.dim()
        }
    };
    let fate = fate_words(line.fate);
    let state = FATE;
    let rest = columns.saturating_sub(2 + state);
    let name = fit(&line.name, (rest / 2).max(12));
    let unique = if line.unique { "unique " } else { "" };
    let keys = format!("{unique}[{}] of {}", line.keys, line.collection);
    let room = rest.saturating_sub(width(&name) + 2);
    Line::from(vec![
        Span::raw("  "),
        Span::raw(pad(&format!("{name}  {}", fit(&keys, room)), rest)),
        Span::styled(right(fate, state), style),
    ])
}

/// The selected line whole; returns how far it scrolls.
fn selected(
    frame: &mut Frame<'_>,
    area: Rect,
    (pane, shared): (&SchemaPane, &Shared),
    view: &SchemaView,
    theme: Theme,
) -> usize {
    let line = pane.line();
    let title = match (line, pane.index()) {
        (Some(line), _) if line.key.is_empty() => safe(&line.about, 60),
        (Some(line), _) => safe(&line.key, 120),
        (None, Some(index)) => index.name.clone(),
        (None, None) => String::new(),
    };
    let inside = widgets::boxed(frame, area, &title, theme);
    let columns = usize::from(inside.width);
    let mut lines = Vec::new();
    let mut add = |label: &str, text: &str| {
        if !text.is_empty() {
            lines.extend(widgets::labelled(label, text, columns, theme));
        }
    };
    if let Some(line) = line {
        add("Happens", &safe(&line.says, 2_000));
        add("Answer", &answer(line));
        add("Seen in", &samples(line, shared));
    }
    if let Some(index) = pane.index() {
        add("Index", &index.name);
        add("Of", &index.collection);
        let unique = if index.unique {
            "; no two documents share a value"
        } else {
            ""
        };
        add("Fields", &format!("{}{unique}", index.keys));
        add("Fate", why(index.fate));
    }
    if let Some(locked) = &view.locked {
        add("Locked", &safe(locked, 300));
    }
    widgets::scrolled(frame, inside, lines, pane.down, theme)
}

fn answer(line: &SchemaLine) -> String {
    match (&line.answer, line.stands) {
        (Some(answer), _) => safe(answer, 200),
        (None, Stands::Undecided) if line.ways.contains(&Way::Accept) => {
            "none yet; accept, and this is done".to_owned()
        }
        (None, Stands::Undecided) => "none yet".to_owned(),
        (None, Stands::Blocker) if line.ways.is_empty() => {
            "none helps: mend the data or the schema, and read again".to_owned()
        }
        (None, Stands::Blocker) => "none yet, and nothing can be suggested".to_owned(),
        (None, _) => String::new(),
    }
}

/// A few of the documents: by name where they have one, by their ids on demand.
fn samples(line: &SchemaLine, shared: &Shared) -> String {
    if line.samples.is_empty() {
        return String::new();
    }
    if !shared.ids && !line.named.is_empty() {
        return line.named.join(" · ");
    }
    if !shared.ids {
        let samples = counted(line.samples.len() as u64, "document", "documents");
        return format!("{samples}; {} shows their ids", shared.key(IDS));
    }
    let samples: Vec<_> = line.samples.iter().map(|it| safe(it, 300)).collect();
    samples.join("; ")
}

fn why(fate: Fate) -> &'static str {
    match fate {
        Fate::Stands => "it stands, and stays",
        Fate::Made => "it is made with the prepared copy, before the cut-over",
        Fate::MadeOnceSettled => {
            "once no blocker and no question is left in this list, it is made with the prepared copy, before the cut-over"
        }
        Fate::Forbidden => {
            "it cannot be made as the data is now: a blocker of this list says why, and what mends it"
        }
        Fate::ReplacedOnceSettled => {
            "once no blocker and no question is left in this list, another takes its place; it stands until then"
        }
        Fate::Replaced => {
            "it leaves with the original: another takes its place, under the schema's name or over the new field"
        }
        Fate::PushDrops => {
            "it is kept; `npx prisma@6 db push` drops it, since the schema does not name it. Name it in the schema to keep it"
        }
    }
}
