//! Each gate, refused with nothing and with another name, and passed with the right one.

use std::path::Path;
use std::process::Command;

use bson::{Document, doc};

use crate::cli::write_block;
use crate::support::console::{CTRL_U, Console, ENTER, arguments};
use crate::terminal::data::{self, Place};
use crate::terminal::walk::typing_line;

/// Refuses the open gate twice, then passes it.
pub fn refuse_then_pass(console: &Console, title: &str, database: &str) {
    console.shows(&format!("Gate: {title}"));
    console.press_for(ENTER, "nothing was typed");
    console.press("another");
    console.press_for(ENTER, "that is not the database's name");
    console.press(&format!("{CTRL_U}{database}"));
    console.until("the name that was typed", |screen| {
        typing_line(screen).contains(database)
    });
    console.press(ENTER);
    console.hides(&format!("Gate: {title}"));
}

fn verb(place: &Place, words: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(arguments(&place.uri, place.runs.path()))
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn the_gate_to_delete_the_originals_is_refused_and_passed() {
    let place = data::seeded();
    let plan = place.runs.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    verb(&place, &["plan", "--defaults", "--out", plan]);
    verb(&place, &["apply", "--plan", plan, "--confirm", &place.name]);
    let live = {
        let set =
            doc! { "$set": { "notes.go-live": { "text": "done", "at": 1_i64, "by": "ann" } } };
        data::wait(async {
            let runs = place
                .connection
                .database
                .collection::<Document>("_ringfence_runs");
            runs.update_one(doc! { "outcome": "open" }, set)
                .await
                .unwrap();
        });
        place.fingerprints()
    };
    let originals = |place: &Place| {
        let names = place.side_collections();
        names.iter().filter(|it| it.contains("_before_")).count()
    };
    assert_eq!(originals(&place), 3);
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("customers, bookings and users are migrated");
    console.press("G");
    console.until("the last phase", |screen| {
        screen.contains("▸ After") || screen.contains("▾ After")
    });
    if console.screen().contains("▸ After") {
        console.press_for(ENTER, "▾ After");
    }
    console.press_for("G", "┌ Delete the originals");
    console.press(ENTER);
    console.shows("Gate: Delete the originals");
    assert_eq!(originals(&place), 3, "an open gate deletes nothing");
    refuse_then_pass(&console, "Delete the originals", &place.name);
    console.shows("migrated; the originals are deleted");
    assert_eq!(originals(&place), 0);
    let kept = |prints: std::collections::BTreeMap<String, (String, String)>| {
        let mut prints = prints;
        prints.retain(|name, _| !name.starts_with("_ringfence_"));
        prints
    };
    assert_eq!(
        kept(place.fingerprints()),
        kept(live),
        "live data is as it was"
    );
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn the_gate_to_the_write_block_is_shut_where_nobody_authenticates_else_refused_and_passed() {
    let place = data::seeded();
    let console = at_the_gate_to_the_write_block(&place.uri, place.runs.path());
    console.press_for(&place.name, &place.name);
    console.press_for(ENTER, "not yet: nobody authenticates on this server");
    drop(console);

    // The block holds for the whole server.
    let (_guarded, mover, _) = data::wait(write_block::guarded());
    let runs = mover.folder.path().join("runs");
    let console = at_the_gate_to_the_write_block(&mover.uri, &runs);
    refuse_then_pass(&console, "Block writes", &mover.name);
    console.shows("WRITES ARE BLOCKED in every database of this cluster");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}

fn at_the_gate_to_the_write_block(uri: &str, runs: &Path) -> Console {
    let console = Console::open(uri, runs, (120, 40));
    console.shows("Next     2 Back up");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     3 Stop");
    console.press_for("B", "Gate: Block writes");
    console
}
