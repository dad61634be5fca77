//! What holds on every screen: the clocks in the header, nothing cut without a way to see it, lists beside their detail where there is room.

use std::time::Duration;

use super::scene::{midway, typing, with};
use super::{drawn, text};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::picker::{Item, Picker};
use crate::app::layer::{GateLayer, Layer};
use crate::app::message::Job;
use crate::app::model::Model;
use crate::app::panes::TABLE;
use crate::app::panes::checklist::Row;
use crate::app::progress::Running;
use crate::app::shared::PaneId;
use crate::domain::checklist::{NoteOn, Phase, Progress, Step, Touch};
use crate::domain::evidence::Evidence;
use crate::domain::gate::Destructive;
use crate::domain::run::Note;
use crate::ui::Theme;

fn shown(model: &mut Model, size: (u16, u16)) -> String {
    text(&drawn(model, size, Theme::default()))
}

fn header(model: &mut Model, size: (u16, u16)) -> String {
    let shown = shown(model, size);
    shown.lines().next().unwrap_or_default().to_owned()
}

/// Sets what was written since the verdict.
fn written(model: &mut Model, words: &str) {
    let known = model.shared.facts.situation.as_mut().unwrap();
    known.writes = Some(words.to_owned());
}

/// The gate that is open.
fn gate_of(model: &mut Model) -> &mut GateLayer {
    let layers = model.shared.layers.iter_mut();
    let mut gates = layers.filter_map(|layer| {
        if let Layer::Gate(open) = layer {
            Some(open)
        } else {
            None
        }
    });
    gates.next_back().unwrap()
}

#[test]
fn both_clocks_and_the_age_of_the_verdict_stand_in_the_header_of_every_pane() {
    let mut model = midway();
    model.shared.place.database = "the_bookings_of_all_our_salons".to_owned();
    for row in TABLE {
        model.go_to(row.id);
        for (size, verdict) in [
            ((60, 15), ""),
            ((80, 24), "quiet 5m ago"),
            ((120, 40), "quiet 5m ago"),
            ((160, 50), "quiet, 5 min ago, nothing seen since"),
        ] {
            let header = header(&mut model, size);
            for wanted in [
                "DOWN 00:05:00 (ours 0:03)",
                verdict,
                "MAY WRITE",
                " the_book",
            ] {
                assert!(header.contains(wanted), "{size:?} {wanted}: {header}");
            }
        }
    }
    written(
        &mut model,
        "3 writes to a_collection_with_quite_a_long_name, the last of them at 18:54:12",
    );
    for size in [(80, 24), (120, 40)] {
        assert!(
            header(&mut model, size).contains("WRITTEN SINCE"),
            "{size:?}"
        );
    }
}

#[test]
fn a_line_of_a_list_that_is_cut_is_shown_whole_while_it_is_selected() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut model = midway();
        typing(&mut model, ":");
        typing(&mut model, "gate");
        let shown = shown(&mut model, size);
        assert!(shown.contains('…'), "{size:?}\n{shown}");
        let flat: Vec<&str> = shown
            .split(|c: char| c.is_whitespace() || c == '│')
            .collect();
        let flat: Vec<&str> = flat.into_iter().filter(|it| !it.is_empty()).collect();
        let flat = flat.join(" ");
        assert!(
            flat.contains("has a gate of its own")
                || flat.contains("(not now: the next step, Cut over,"),
            "{size:?}\n{shown}"
        );
    }
    // One that fits is not said twice.
    let mut model = midway();
    let item = |label: &str| Item {
        label: label.to_owned(),
        more: "short".to_owned(),
    };
    let list = Picker::new("A list", vec![item("one"), item("two")]);
    model.shared.layers.push(Layer::Palette(list, Vec::new()));
    let shown = shown(&mut model, (80, 24));
    assert_eq!(shown.matches("short").count(), 2, "{shown}");
}

#[test]
fn wide_screens_show_list_and_detail_side_by_side_and_small_ones_say_that_they_are() {
    for row in TABLE {
        let mut model = with(row.id.0);
        let wide = shown(&mut model, (160, 50));
        let side_by_side = wide.lines().any(|line| line.contains("┐┌"));
        let whole = ["running", "log", "clients"].contains(&row.id.0);
        assert!(side_by_side || whole, "{}\n{wide}", row.id.0);
        let small = shown(&mut model, (59, 15));
        assert!(small.contains("too small: 59×15"), "{small}");
        let flat = shown(&mut model, (60, 15));
        assert!(flat.contains("Next"), "{flat}");
    }
}

#[test]
fn the_choice_at_the_gate_to_roll_back_is_seen_on_a_small_screen_however_much_was_written() {
    for choice in 0..3 {
        let mut model = super::gate(true);
        let open = gate_of(&mut model);
        open.gate.written = (0..12)
            .map(|at| format!("Collection{at}: 1 document added, 1 changed, 0 deleted"))
            .collect();
        let chosen = &mut open.gate.choices[choice];
        chosen.says = "it is carried onto the originals; ".repeat(4) + "END OF CHOICE";
        open.gate.action = Destructive::RollBack(chosen.new);
        let shown = shown(&mut model, (80, 24));
        assert!(
            shown.contains("▸") && shown.contains("END OF CHOICE"),
            "{shown}"
        );
    }
}

#[test]
fn a_gate_gives_no_mark_to_what_nobody_checked() {
    let mut model = super::gate(false);
    let open = gate_of(&mut model);
    open.gate.backup = Evidence::said("none");
    open.gate.proof = vec![Evidence::said("not checked yet")];
    open.gate.writers = Some(Evidence::said("the application wrote since 18:19:55 UTC"));
    open.gate.way_back = Evidence::said("none");
    let shown = shown(&mut model, (120, 40));
    let gate: Vec<&str> = shown.lines().filter(|it| it.starts_with('║')).collect();
    assert!(
        gate.iter().any(|it| it.contains("Backup    none")),
        "{shown}"
    );
    assert!(gate.iter().all(|it| !it.contains('✓')), "{shown}");
}

#[test]
fn where_one_is_among_the_bookings_is_said_whole_enough_for_every_name_on_the_way() {
    let mut model = with("bookings");
    let says = format!(
        "{} › Zoë Müller 58",
        "A very very long business name ".repeat(5)
    );
    let filter = model.panes.bookings.pages.filter().clone();
    let back = Some(crate::app::panes::id(&model.panes.businesses));
    model.panes.bookings.show(filter, says, back);
    crate::app::tests::fixture::look(&mut model);
    for size in [(80, 24), (120, 40), (200, 60)] {
        let shown = shown(&mut model, size);
        let title = shown.lines().find(|it| it.contains("Businesses ›"));
        let title = title.unwrap();
        for part in ["A very", "› Zoë Müller 58 ›", "Bookings"] {
            assert!(title.contains(part), "{size:?} {part}: {title}");
        }
    }
}

#[test]
fn a_detail_of_a_business_that_is_longer_than_its_room_scrolls() {
    let mut model = with("businesses");
    model.shared.facts.businesses[0].name = "A very long name of a business ".repeat(10);
    let mut seen = shown(&mut model, (80, 24));
    assert!(seen.contains('▼'), "{seen}");
    for down in 0..20 {
        model.panes.businesses.down = down;
        seen.push_str(&shown(&mut model, (80, 24)));
    }
    let whole = shown(&mut model, (120, 60));
    let last = "Its customers also book";
    assert!(whole.contains(last), "{whole}");
    assert!(seen.contains("Also book"), "{seen}");
}

#[test]
fn a_paused_step_shows_no_rate_and_no_time_left() {
    let mut model = midway();
    let mut running = Running::new(Job::Step(Step::ReassignBookings), Duration::ZERO);
    let at = |second: u64, slow: &str| Progress {
        doing: "copying bookings".to_owned(),
        done: second * 1_000,
        total: 100_000,
        slow: slow.to_owned(),
    };
    for second in 1..=6 {
        running.take(at(second, ""), Duration::from_secs(second));
    }
    model.shared.now = Duration::from_secs(6);
    model.shared.running = Some(running);
    model.go_to(PaneId("running"));
    let runs = shown(&mut model, (120, 40));
    assert!(runs.contains("now 1,000/s"), "{runs}");
    assert!(runs.contains("this step ~"), "{runs}");
    let running = model.shared.running.as_mut().unwrap();
    running.take(at(6, "paused"), Duration::from_secs(7));
    let paused = shown(&mut model, (120, 40));
    assert!(paused.contains("PAUSED"), "{paused}");
    for gone in ["/s", "this step ~", "to the gate"] {
        assert!(!paused.contains(gone), "{gone}: {paused}");
    }
}

/// The words of a screen, without borders and line breaks.
fn flat(screen: &str) -> String {
    let words = screen.split(|c: char| c.is_whitespace() || "│║".contains(c));
    let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
    words.join(" ")
}

#[test]
fn every_row_of_a_gate_is_reached_from_where_it_opens() {
    for size in [(60, 15), (80, 24), (120, 40)] {
        let mut model = super::gate(true);
        let open = gate_of(&mut model);
        open.gate.written = (0..30)
            .map(|at| format!("Collection{at}: 1 document added, 1 changed, 0 deleted"))
            .collect();
        let opens = shown(&mut model, size);
        assert!(opens.contains("▸ refuse"), "{size:?}\n{opens}");
        let mut seen = String::new();
        for key in [KeyCode::PageUp, KeyCode::PageDown] {
            for _ in 0..12 {
                super::press(&mut model, Key::plain(key));
                seen.push_str(&shown(&mut model, size));
            }
        }
        for at in 0..30 {
            assert!(seen.contains(&format!("Collection{at}: ")), "{size:?} {at}");
        }
        for wanted in [
            "database shop",
            "Written ",
            "discard",
            "True now",
            "Writers ",
        ] {
            assert!(seen.contains(wanted), "{size:?} {wanted}");
        }
    }
}

#[test]
fn the_name_that_is_to_be_typed_is_seen_whole_however_long_it_is() {
    let name = "the_bookings_of_all_our_salons_and_studios_in_the_whole_country";
    for size in [(80, 24), (120, 40)] {
        let mut model = super::gate(false);
        gate_of(&mut model).gate.database = name.to_owned();
        let shown = flat(&shown(&mut model, size));
        let ask = format!("Type the database's name, {name}, then Enter:");
        assert!(shown.contains(&ask), "{size:?}\n{shown}");
    }
}

#[test]
fn the_hint_of_enter_says_what_it_does_on_the_selected_row() {
    let hint = |row: Row| {
        let mut model = midway();
        model.panes.checklist.row = row;
        let shown = flat(&shown(&mut model, (120, 40)));
        let (_, hints) = shown.rsplit_once("Enter ").unwrap();
        hints.to_owned()
    };
    let phase = |phase: Phase| hint(Row::Phase(phase));
    assert!(phase(Phase::Migration).starts_with("fold "));
    assert!(phase(Phase::After).starts_with("unfold "));
    assert!(hint(Row::Item(Step::Frontend, 1)).starts_with("note…"));
    for step in Step::ALL {
        let said = hint(Row::Step(*step));
        let wanted = match (step, step.touch()) {
            (Step::Review, _) => "see what to decide",
            (_, Touch::Note) => "note…",
            (_, Touch::Gate) => "open the gate…",
            (_, Touch::ReadOnly | Touch::Aside) => "run ",
        };
        assert!(said.starts_with(wanted), "{step:?}: {said}");
    }
}

#[test]
fn no_tab_moves_when_a_step_begins() {
    for size in [(80, 24), (120, 40), (160, 50)] {
        let mut model = midway();
        let tabs = |model: &mut Model| {
            let shown = shown(model, size);
            shown.lines().nth(1).unwrap().to_owned()
        };
        let still = tabs(&mut model);
        let job = Job::Step(Step::ReassignBookings);
        model.shared.running = Some(Running::new(job, Duration::ZERO));
        let runs = tabs(&mut model);
        let begins = |line: &str| line.split(" 5 ").next().unwrap().to_owned();
        assert!(still.contains("4 Book"), "{size:?} {still}");
        assert_eq!(begins(&runs), begins(&still), "{size:?}");
    }
}

#[test]
fn the_items_of_a_step_that_is_noted_as_a_whole_are_ticked() {
    let mut model = midway();
    let open = shown(&mut model, (200, 60));
    assert!(!open.contains("✓ Customer endpoints"), "{open}");
    model.panes.checklist.select(Step::ApiEndpoints);
    let note = Note {
        text: "done by the team of the API".to_owned(),
        at: 0,
        by: "ann@vm".to_owned(),
    };
    let known = model.shared.facts.situation.as_mut().unwrap();
    known.run = Some(super::scene::run([(
        NoteOn::step(Step::ApiEndpoints).key(),
        note,
    )]));
    let noted = shown(&mut model, (200, 60));
    for item in Step::ApiEndpoints.items() {
        assert!(noted.contains(&format!("✓ {}", item.title)), "{noted}");
    }
    assert!(!noted.contains("✓ Customer management"), "{noted}");
}

#[test]
fn a_name_that_the_cut_over_took_away_is_no_warning_in_the_mapping() {
    let mut model = with("mapping");
    let open = shown(&mut model, (120, 40));
    assert!(open.contains("│ ? user."), "{open}");
    let Some(Ok(view)) = &mut model.panes.mapping.view else {
        panic!("no mapping");
    };
    view.locked = Some("run 1 is under way".to_owned());
    let locked = shown(&mut model, (120, 40));
    assert!(!locked.contains("│ ? "), "{locked}");
    assert!(locked.contains("not in what is live now"), "{locked}");
}
