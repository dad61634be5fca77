//! A server that is lost is said within three seconds, with since when, until when, and what is safe; and that it is back.

use std::time::{Duration, Instant};

use bson::doc;
use ringfence::demo::server::{Signal, Topology};

use crate::support;
use crate::support::console::{CTRL_C, Console, ENTER, ESC};
use crate::terminal::data;

#[test]
fn a_lost_server_is_said_within_three_seconds_and_its_return_too() {
    let server = data::wait(support::private(Topology::ReplicaSet(1), &[]));
    let name = support::fresh_name();
    let place = data::seeded_at(server.uri(&name), name);
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    server.signal(0, Signal::Stop).unwrap();
    let began = Instant::now();
    let screen = console.shows("NO ANSWER from the primary since");
    let took = began.elapsed();
    assert!(took < Duration::from_millis(3_500), "{took:?}"); // half a second for a busy machine
    assert!(screen.contains("nothing runs"), "{screen}");
    server.signal(0, Signal::Continue).unwrap();
    console.hides("NO ANSWER");
    console.press_for("R", "┌ What is true");
    console.press(ESC);
    console.hides("┌ What is true");
    // A running step says how long it tries, and one's own stop is no failure.
    console.press_for(ENTER, "May ringfence write?");
    console.press("Y");
    console.shows("Next     3 Stop");
    console.press_for(CTRL_C, "Leaving: the report");
    console.press(CTRL_C);
    assert_eq!(console.ends().code, 0);
    assert_eq!(place.count("Booking", doc! {}), 2_000);
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn a_server_that_is_killed_while_a_step_runs_is_waited_for_and_the_step_ends_well() {
    let mut server = data::wait(support::private(Topology::ReplicaSet(1), &[]));
    let name = support::fresh_name();
    let place = data::seeded_at(server.uri(&name), name);
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(crate::support::console::arguments(
        &place.uri,
        place.runs.path(),
    ));
    command.args(["--max-rate", "60"]);
    let console = Console::spawn(command, (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("3", "Conflicts: 110 of 110, 110 undecided");
    console.press_for("A", "The same answer for");
    console.press_for("of every", "undecided of every kind");
    console.hides("look at them first");
    console.press_for(ENTER, "; 0 undecided");
    console.press_for("1", "▾ Phase 1");
    console.press_for(">", "May ringfence write?");
    console.press("Y");
    console.shows("Create customers runs");
    server.signal(0, Signal::Kill).unwrap();
    let screen = console.shows("NO ANSWER from the primary since");
    for words in ["Create customers tries until", "is safe"] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    data::wait(server.restart(0)).unwrap();
    console.hides("NO ANSWER");
    for _ in 0..6 {
        console.press("+");
    }
    console.shows("stopped here: the next step, Cut over, is behind a gate");
    assert_eq!(place.count("Booking", doc! {}), 2_000);
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}
