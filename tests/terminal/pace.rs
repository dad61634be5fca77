//! Pausing and slowing down a running step from the console.

use std::time::Duration;

use bson::doc;

use crate::support::console::{Console, ENTER, arguments};
use crate::terminal::data;

#[test]
fn a_paused_step_writes_nothing_until_it_goes_on_and_says_so() {
    let place = data::seeded();
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(arguments(&place.uri, place.runs.path()));
    command.args(["--max-rate", "10"]);
    let console = Console::spawn(command, (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("3", "Conflicts: 110 of 110, 110 undecided");
    console.press_for("A", "The same answer for");
    console.press_for("of every", "undecided of every kind");
    console.hides("look at them first");
    console.press_for(ENTER, "; 0 undecided");
    console.press_for("1", "▾ Phase 1");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     3 Stop the application");
    console.press_for(ENTER, "Next     4 Document");
    console.press_for(ENTER, "Next     5 Review");
    console.press_for(ENTER, "Next     6 Create");
    let all = |name: &str| place.count(name, doc! {});
    console.press_for(ENTER, "slowed to 10/s");
    console.press_for("p", "PAUSED, p goes on");
    let before = all("_ringfence_links") + all("_ringfence_next_Customer");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(
        all("_ringfence_links") + all("_ringfence_next_Customer"),
        before
    );
    console.shows("PAUSED, p goes on");
    // A note is written meanwhile, and kept at the step's end.
    console.press("G");
    console.press_for("k", "▸ Phase 4");
    console.press_for(" ", "▾ Phase 4");
    console.press_for("j", "14 API endpoints");
    console.press_for("n", "┌ Note on API endpoints");
    console.press_for("deployed by ann", "deployed by ann");
    console.press_for("\x13", "the note is kept when Create customers ends");
    for _ in 0..5 {
        console.press("+");
    }
    console.shows("at most 320/s");
    console.press("p");
    console.shows("API endpoints: a note is kept");
    console.shows("Next     7 Reassign bookings");
    assert!(all("_ringfence_links") + all("_ringfence_next_Customer") > before);
}
