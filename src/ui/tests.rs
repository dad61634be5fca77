//! Every pane and every layer as text, at three sizes; and with its styles in three themes. What changes on the screen is seen here first.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use self::scene::{midway, press, surveyed, typing, with};
use super::contrast::{GROUNDS, LEAST, contrast};
use super::{Theme, draw};
use crate::app::layer::{Help, Layer, Note, Number, Question, Whole};
use crate::app::message::{AskedNumber, Drawn, Job, Lost};
use crate::app::model::Model;
use crate::app::panes::TABLE;
use crate::app::progress::Running;
use crate::app::tests::fixture::{self, ENTER, at};
use crate::app::tests::random;
use crate::app::{Answer, Message, situation, update};
use crate::domain::checklist::{NoteOn, Progress, Step};
use crate::domain::conflict::Code;
use crate::domain::evidence::Evidence;
use crate::domain::gate::{Destructive, New, WayBack};
use crate::domain::schema_view::{SchemaView, line_of_plan};

mod rules;
mod scene;
mod truth;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn drawn(model: &mut Model, (width, height): (u16, u16), theme: Theme) -> Buffer {
    update(model, Message::Resized { width, height });
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut seen = Drawn::default();
    terminal
        .draw(|frame| seen = draw(frame, model, theme))
        .unwrap();
    update(model, Message::Drawn(seen));
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width).map(|row| {
        let mut line = String::new();
        let mut skip = 0;
        for cell in row {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            skip = super::text::width(cell.symbol()).saturating_sub(1);
        }
        line.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The text with a letter for each style in front of what has it.
fn styled(buffer: &Buffer) -> String {
    let mut styles: Vec<Style> = Vec::new();
    let width = usize::from(buffer.area.width);
    let mut out = String::new();
    for row in buffer.content.chunks(width) {
        let mut last = None;
        let mut line = String::new();
        for cell in row {
            let style = cell.style().remove_modifier(Modifier::empty());
            let at = styles.iter().position(|known| *known == style);
            let at = at.unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            if last != Some(at) {
                let _ = write!(line, "‹{at}›");
                last = Some(at);
            }
            line.push_str(cell.symbol());
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for (at, style) in styles.iter().enumerate() {
        let word = |color: Option<ratatui::style::Color>| {
            color.map_or_else(|| "-".to_owned(), |color| color.to_string())
        };
        let _ = writeln!(
            out,
            "{at}: {} on {} {:?}",
            word(style.fg),
            word(style.bg),
            style.add_modifier
        );
    }
    out
}

/// A job that has run for a while.
fn busy(mut model: Model) -> Model {
    let job = Job::Step(Step::ReassignBookings);
    model.shared.running = Some(Running::new(job, std::time::Duration::ZERO));
    for second in 0..=20_u64 {
        let now = Message::Now {
            since_start: std::time::Duration::from_secs(second),
            clock: format!("18:55:{:02}", second + 2),
            wall: scene::NOW + i64::try_from(second).unwrap() * 1_000,
        };
        update(&mut model, now);
        update(
            &mut model,
            Message::Progress(Progress {
                doing: "copying bookings".into(),
                done: second * (1_000 + second % 7 * 120),
                total: 100_000,
                slow: String::new(),
            }),
        );
    }
    model
}

fn gate(choices: bool) -> Model {
    let action = if choices {
        Destructive::RollBack(New::Refuse)
    } else {
        Destructive::CutOver
    };
    let mut gate = fixture::gate(action);
    gate.backup = Evidence::holds("2,611 documents, read back 5 min ago, in /runs/a/backup-1");
    gate.proof = vec![Evidence::holds(
        "bookings 2,000 = linked 1,994 + quarantined 6",
    )];
    gate.writers = Some(Evidence::holds(
        "quiet since 18:19:55 UTC (5 min); no write seen since",
    ));
    gate.way_back = Evidence::holds(
        "nothing stands in its place; the originals are renamed back, byte for byte",
    );
    if choices {
        gate.written = vec!["2 bookings changed, 1 customer new since the cut-over".into()];
        gate.choices = [
            New::Refuse,
            New::Keep {
                create_users: false,
            },
            New::Discard,
        ]
        .into_iter()
        .map(|new| WayBack::new(new, "what that leaves behind is said here".into()))
        .collect();
    }
    let mut model = midway();
    update(
        &mut model,
        Message::Answer(Answer::Gate(Box::new(Ok(gate)))),
    );
    typing(&mut model, "sho");
    model
}

#[allow(clippy::too_many_lines)] // one scene after the other
fn scenes() -> Vec<(String, Model)> {
    let mut scenes: Vec<(String, Model)> = TABLE
        .iter()
        .map(|row| (format!("pane-{}", row.id.0), with(row.id.0)))
        .collect();
    let mut add = |name: &str, model: Model| scenes.push((name.to_owned(), model));
    let mut opened = midway();
    opened.panes.checklist.select(Step::ApiEndpoints);
    add("overview-application", opened);
    add("overview-running", busy(midway()));
    add("running", busy(with("running")));
    let mut customers = with("businesses");
    press(&mut customers, ENTER);
    add("businesses-customers", customers);
    let mut open = with("conflicts");
    press(&mut open, ENTER);
    add("conflicts-open", open);
    let mut editor = with("conflicts");
    typing(&mut editor, "e");
    add("layer-decision", editor);
    let mut typed = with("conflicts");
    typing(&mut typed, "et");
    add("layer-typing", typed);
    let mut picker = with("conflicts");
    typing(&mut picker, "A");
    add("layer-picker", picker);
    let mut line = with("bookings");
    typing(&mut line, "/Agnieszka");
    add("layer-line", line);
    let mut answer = with("schema");
    press(&mut answer, ENTER);
    add("schema-answer", answer);
    let mut without = midway();
    without.panes.schema.take(Ok(SchemaView {
        remark: "no after-schema is given".into(),
        lines: vec![line_of_plan(
            "model Booking: customerId replaces userId, with its relation",
        )],
        ..SchemaView::default()
    }));
    without.go_to(crate::app::shared::PaneId("schema"));
    add("schema-none", without);
    add("opened", fixture::empty());
    add("overview-surveyed", surveyed());
    let mut unfit = fixture::running(midway());
    update(&mut unfit, Message::Answer(Answer::MappingUnfit));
    unfit.shared.running = None;
    unfit.shared.alarm(
        "Survey: refused",
        "the mapping does not fit the database shop. Nothing was changed",
    );
    let mut view = fixture::mapping_view();
    view.refused = vec![
        "booking.service: `serviceId` occurs in no document of Booking; nearest: `service`".into(),
    ];
    update(
        &mut unfit,
        Message::Answer(Answer::Mapping(Box::new(Ok(view)))),
    );
    add("mapping-unfit", unfit);
    let mut proposed = with("mapping");
    typing(&mut proposed, "f");
    add("mapping-proposed", proposed);
    let mut warned = midway();
    if let Some(overview) = &mut warned.shared.facts.overview {
        overview.warnings = vec![
            "warning: mapping ringfence.toml:12: user.created: `madeAt` occurs in no document of User; nearest: `createdAt`".into(),
            "warning: mapping ringfence.toml:20: business.owner: `owner` occurs in no document of Business".into(),
        ];
    }
    add("mapping-warnings", warned);
    let mut lost = busy(midway());
    update(
        &mut lost,
        Message::Pulse(Some(Lost {
            since: "18:53:12".into(),
            until: "18:54:12".into(),
        })),
    );
    add("lost", lost);
    let mut alarmed = midway();
    alarmed.shared.alarm(
        "Prove: failed",
        "two bookings differ\nThe log: runs/1/log.txt",
    );
    add("banner", alarmed);
    for (name, layer) in [
        ("help", Layer::Help(Help::default())),
        (
            "whole",
            Layer::Whole(Whole {
                title: "Prove: failed".into(),
                text: "two bookings differ\nand this is what to do".into(),
                down: 0,
            }),
        ),
        ("truth", Layer::Truth(0)),
        (
            "note",
            Layer::Note(Note::new(NoteOn::step(Step::Test), "ran all")),
        ),
        (
            "question",
            Layer::Question(Question::FirstWrite(Step::BackUp)),
        ),
    ] {
        let mut model = midway();
        model.shared.layers.push(layer);
        add(&format!("layer-{name}"), model);
    }
    let mut number = midway();
    number
        .shared
        .layers
        .push(Layer::Number(Box::new(Number::new(AskedNumber {
            code: Code::BookingWithoutBusiness,
            bookings: 44,
            words:
                "booking-without-business takes 44 bookings of 2,000 out of the application (2.2 %)"
                    .into(),
            changes: vec![],
        }))));
    add("layer-number", number);
    let mut palette = midway();
    typing(&mut palette, ":gate");
    add("layer-palette", palette);
    add("layer-gate", gate(false));
    add("layer-gate-choices", gate(true));
    let mut leaving = midway();
    typing(&mut leaving, "q");
    add("layer-leave", leaving);
    scenes
}

#[test]
fn every_pane_and_layer_looks_as_it_did_at_every_size() {
    let theme = Theme::named("default").unwrap();
    for (name, mut model) in scenes() {
        for size in SIZES {
            let buffer = drawn(&mut model, size, theme);
            let name = format!("{name}-{}x{}", size.0, size.1);
            insta::assert_snapshot!(name, text(&buffer));
        }
    }
}

#[test]
fn every_pane_has_its_styles_in_the_default_the_light_and_the_mono_theme() {
    for theme in ["default", "light", "mono"] {
        for (name, mut model) in scenes() {
            let buffer = drawn(&mut model, (80, 24), Theme::named(theme).unwrap());
            insta::assert_snapshot!(format!("styled-{theme}-{name}"), styled(&buffer));
        }
    }
}

#[test]
fn no_pane_knows_an_older_truth_than_another() {
    for (name, mut model) in scenes() {
        let now = situation::of(&model.shared).now;
        let begins: String = now.chars().take(30).collect();
        for row in TABLE {
            if !model.shared.layers.is_empty() {
                continue;
            }
            model.go_to(row.id);
            let shown = text(&drawn(&mut model, (200, 60), Theme::default()));
            assert!(shown.contains(&begins), "{name}: {:?}\n{shown}", row.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened, every pane can be drawn, and all of them say the same four sentences.
    #[test]
    fn random_messages_never_leave_two_panes_with_different_truths(
        events in prop::collection::vec(random::event(), 0..60),
        size in prop::sample::select(&[(60_u16, 15_u16), (80, 24), (120, 40), (200, 60)][..]),
    ) {
        let mut world = random::World::opened();
        for event in events {
            world.happen(event);
        }
        let model = &mut world.model;
        drawn(model, size, Theme::default()); // with its layers, too
        model.shared.layers.clear();
        let mut truths = std::collections::BTreeSet::new();
        for row in TABLE {
            model.go_to(row.id);
            let shown = text(&drawn(model, size, Theme::default()));
            let says = |line: &&str| {
                [" True now", " Next", " Destroys", " Way back"].iter().any(|it| line.starts_with(it))
            };
            truths.insert(shown.lines().filter(says).collect::<Vec<_>>().join("\n"));
        }
        prop_assert_eq!(truths.len(), 1, "{:?}", truths);
        prop_assert!(truths.iter().all(|it| it.contains("Next")));
    }
}

#[test]
fn no_heading_of_a_conflict_and_no_list_shows_an_id_unless_asked() {
    let id = |text: &str| {
        text.split(|c: char| !c.is_ascii_hexdigit())
            .any(|word| word.len() >= 24)
    };
    for pane in ["conflicts", "bookings", "businesses"] {
        for size in SIZES {
            let mut model = at(pane);
            let shown = text(&drawn(&mut model, size, Theme::default()));
            assert!(!id(&shown), "{pane}\n{shown}");
        }
        let mut model = at(pane);
        typing(&mut model, "i");
        let shown = text(&drawn(&mut model, SIZES[1], Theme::default()));
        assert!(id(&shown), "{pane} shows ids on demand\n{shown}");
    }
}

#[test]
fn a_plain_terminal_gets_nothing_but_ascii() {
    for (name, mut model) in scenes() {
        let buffer = drawn(&mut model, SIZES[0], Theme::default().ascii());
        assert!(text(&buffer).is_ascii(), "{name}");
    }
}

#[test]
fn whatever_is_drawn_can_be_read_in_every_theme_on_black_and_on_white() {
    for name in super::names() {
        let theme = Theme::named(&name).unwrap();
        for (scene, mut model) in scenes() {
            let buffer = drawn(&mut model, (120, 40), theme);
            let inked = buffer
                .content
                .iter()
                .filter(|it| !it.symbol().trim().is_empty());
            for cell in inked {
                for ground in GROUNDS {
                    let found = contrast(cell.style(), ground);
                    let what = cell.symbol();
                    assert!(
                        found >= LEAST,
                        "{name}, {scene}: {what} on {ground:?}: {found:.2}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_selected_row_and_tab_stand_out_as_a_whole_in_every_theme() {
    for name in super::names() {
        let theme = Theme::named(&name).unwrap();
        let mut model = midway();
        let buffer = drawn(&mut model, (120, 40), theme);
        let shown = text(&buffer);
        let row = shown
            .lines()
            .position(|line| line.contains("◇  9 Cut over"))
            .unwrap();
        let style = |x: u16, y: usize| {
            let cell = &buffer[(x, u16::try_from(y).unwrap())];
            let style = cell.style();
            (style.fg, style.bg, style.add_modifier)
        };
        let selected = style(4, row);
        assert!((2..56).all(|x| style(x, row) == selected), "{name}");
        assert_ne!(style(4, row + 1), selected, "{name}");
        let (tab, other) = (style(4, 1), style(17, 1));
        let reversed = |it: (_, _, Modifier)| it.2.contains(Modifier::REVERSED);
        assert!(
            tab.1 != other.1 || reversed(tab) != reversed(other),
            "{name}"
        );
    }
}
