//! What keys do and do not do.

use ringfence::command;

use crate::support::console::{CTRL_C, Console, ENTER, ESC};
use crate::terminal::data;

/// One space between words, so that a sentence is found where it was wrapped.
fn flat(screen: &str) -> String {
    screen
        .split(|c: char| c.is_whitespace() || "│▲▼".contains(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn esc_never_leaves_and_q_and_ctrl_c_ask_first() {
    let place = data::seeded();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    for pane in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        console.press(pane);
        for _ in 0..3 {
            // A notice goes with the next key: so it is seen that Esc was taken in.
            console.press_for("x", "x: not now: nothing runs");
            console.press(ESC);
            console.hides("x: not now");
        }
    }
    console.press_for("q", "Leaving: the report");
    console.press(ESC);
    console.hides("Leaving: the report");
    console.press_for("?", "Help: every command");
    console.press_for(CTRL_C, "Leaving: the report");
    console.press("q");
    console.press("Y");
    console.press(ENTER);
    console.press_for("P", "values as they are");
    console.press(CTRL_C); // once more, where it has asked
    assert_eq!(console.ends().code, 0);
    assert!(
        place.side_collections().is_empty(),
        "nothing was allowed to be written"
    );
}

#[test]
fn the_help_lists_every_command() {
    let place = data::seeded();
    // So high that the whole help is seen at once.
    let console = Console::open(&place.uri, place.runs.path(), (110, 200));
    console.shows("Next     2 Back up");
    let seen = console.press_for("?", "Help: every command");
    assert!(!seen.contains('▼'), "{seen}");
    let seen = flat(&seen);
    let table = command::table();
    assert!(table.len() > 50);
    for listed in table {
        let about = listed.about;
        let line = format!("{} {}", about.shown, about.sentence());
        assert!(seen.contains(&flat(&line)), "the help lacks: {line}");
    }
    console.press(ESC);
    console.hides("Help: every command");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn what_cannot_be_done_now_says_why_and_does_nothing() {
    let place = data::seeded();
    let before = place.fingerprints();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    console.press_for(
        "<",
        "<: not now: nothing to roll back: the live data is untouched",
    );
    console.press_for("x", "x: not now: nothing runs");
    console.press_for("6", "no run has left a record");
    console.press("1");
    // Step 9 is pending: its gate does not even open.
    console.press(&"j".repeat(8));
    console.shows("┌ Cut over");
    console.press_for(ENTER, "Enter: not now:");
    // Blockers that wait for an answer are shown instead of a plan.
    console.press(&"k".repeat(4));
    console.shows("┌ Review conflicts");
    console.press_for(ENTER, "25 blockers wait for your answer");
    console.shows("only undecided");
    console.press_for("d", "d: not now: it is undecided already");
    console.press_for("u", "u: not now: nothing was decided");
    console.press_for("q", "Leaving: the report");
    console.press("e");
    console.shows("The report was not written");
    console.press_for("w", "┌ The report was not written");
    console.shows("no run has left a record");
    console.press(ESC);
    console.hides("┌ The report was not written");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
    assert_eq!(place.fingerprints(), before);
    assert!(place.side_collections().is_empty());
}

#[test]
fn a_key_that_comes_together_with_a_change_of_size_is_taken() {
    let place = data::seeded();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    for round in 0..60_u16 {
        for step in 0..5 {
            console.resize((100 + (round * 7 + step) % 40, 30 + (round + step * 3) % 20));
        }
        console.press_for("?", "Help: every command");
        console.press(ESC);
        console.hides("Help: every command");
    }
}
