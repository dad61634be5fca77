//! What holds on every screen: the clocks in the header, nothing cut without a way to see it, lists beside their detail where there is room.

use std::time::Duration;

use super::scene::{midway, typing, with};
use super::{drawn, text};
use crate::app::layer::picker::{Item, Picker};
use crate::app::layer::{GateLayer, Layer};
use crate::app::message::Job;
use crate::app::model::Model;
use crate::app::panes::TABLE;
use crate::app::progress::Running;
use crate::app::shared::PaneId;
use crate::domain::checklist::{Progress, Step};
use crate::domain::evidence::Evidence;
use crate::domain::gate::Destructive;
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
