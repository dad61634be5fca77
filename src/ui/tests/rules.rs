//! What holds on every screen: the clocks in the header, nothing cut without a way to see it, lists beside their detail where there is room.

use super::scene::{midway, typing, with};
use super::{drawn, text};
use crate::app::layer::Layer;
use crate::app::layer::picker::{Item, Picker};
use crate::app::model::Model;
use crate::app::panes::TABLE;
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
