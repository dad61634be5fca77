//! The same screens at 80×24, and what is said when there is no room at all.

use crate::support::console::{CTRL_U, Console, DOWN, ENTER, ESC};
use crate::terminal::data;
use crate::terminal::walk::typing_line;

fn fits(screen: &str) {
    assert_eq!(screen.lines().count(), 24, "{screen}");
}

#[test]
#[allow(clippy::too_many_lines)] // one walk over the screens
#[ignore = "long: RINGFENCE_TESTS=full"]
fn the_main_screens_are_readable_at_80_by_24() {
    let place = data::seeded();
    let before = place.fingerprints();
    let console = Console::open(&place.uri, place.runs.path(), (80, 24));
    console.shows("Survey: 397 users");
    let screen = console.shows("Next     2 Back up");
    fits(&screen);
    assert!(screen.contains(&format!("{} @ ", place.name)), "{screen}");
    assert!(screen.contains("READ-ONLY"), "{screen}");
    assert!(screen.contains("Destroys nothing"), "{screen}");
    assert!(screen.contains("? help"), "{screen}");

    // The list with a detail, and the records of a merge side by side.
    let screen = console.press_for("3", "Suggested merge");
    assert!(screen.contains("Conflicts: 110 of 110"), "{screen}");
    assert!(screen.contains("(merge?)"), "{screen}");
    console.press(ENTER);
    let screen = console.until("two records in the whole pane", |screen| {
        let both = |line: &str| line.contains("│") && line.contains(" A ") && line.contains(" B ");
        !screen.contains("Conflicts: 110 of 110") && screen.lines().any(both)
    });
    fits(&screen);
    console.press_for("\x1b[C", "→ will be");
    console.press(ESC);
    console.shows("Conflicts: 110 of 110");

    console.press_for("2", "Thai Garden Leipzig");
    let screen = console.press_for("4", "- userId:");
    fits(&screen);
    console.press(&"J".repeat(10));
    console.shows("+ customerId:");
    console.press(DOWN);

    // To the gate.
    console.press("3");
    console.shows("Conflicts: 110 of 110");
    console.press_for("A", "The same answer for");
    console.press("of every");
    console.hides("look at them first");
    console.press_for(ENTER, "0 undecided");
    console.press_for("1", "Enter run step");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     3 Stop");
    for next in [
        "4 Document",
        "5 Review",
        "6 Create",
        "7 Reassign",
        "8 Prove",
        "9 Cut over",
    ] {
        console.press_for(ENTER, &format!("Next     {next}"));
    }
    let screen = console.press_for(ENTER, "Gate: Cut over");
    fits(&screen);
    let first = screen
        .lines()
        .skip_while(|line| !line.contains("Gate: Cut over"))
        .nth(1)
        .unwrap();
    for part in [
        "127.0.0.1:",
        "replica set ringfence",
        &format!("database {}", place.name),
    ] {
        assert!(first.contains(part), "{part} is missing in {first}");
    }
    console.press("wrong");
    console.until("what is typed", |screen| {
        typing_line(screen).contains("wrong")
    });
    let screen = console.press_for(ENTER, "that is not the database's name");
    assert!(typing_line(&screen).contains("wrong"), "{screen}");

    // The name pasted with its line break is typed, and confirms nothing.
    console.press(&format!("\x1b[200~{}\r\n\x1b[201~", place.name));
    let screen = console.until("what was pasted", |screen| {
        typing_line(screen).contains(&format!("wrong{}", place.name))
    });
    assert!(screen.contains("Gate: Cut over"), "{screen}");
    console.press(CTRL_U);
    console.press("wrong");
    console.until("what is typed", |screen| {
        let line = typing_line(screen);
        line.contains("wrong") && !line.contains(&place.name)
    });
    console.press_for(ENTER, "that is not the database's name");

    // Smaller still: the words stay, the line that is typed too.
    console.resize((60, 15));
    let screen = console.until("the gate at 60×15", |screen| {
        screen.lines().count() == 15 && typing_line(screen).contains("wrong")
    });
    assert!(
        screen.contains("that is not the database's name"),
        "{screen}"
    );
    console.resize((59, 14));
    let screen = console.shows("too small");
    assert!(!screen.contains("Gate"), "{screen}");
    console.resize((80, 24));
    console.shows("Gate: Cut over");
    console.press(ESC);
    console.hides("Gate: Cut over");

    // Every pane at the smallest size, then a storm of sizes: the last one counts.
    console.resize((60, 15));
    console.until("15 rows", |screen| screen.lines().count() == 15);
    for pane in ["2", "3", "4", "5", "6", "7", "8", "9", "0", "1"] {
        let before = console.screen();
        console.press(pane);
        let screen = console.until("another pane", |screen| screen != before);
        assert!(screen.contains("Next"), "{screen}");
        assert!(screen.contains("? help"), "{screen}");
    }
    for step in 0..60_u16 {
        console.resize((20 + step * 37 % 190, 5 + step * 13 % 60));
    }
    console.resize((80, 24));
    let screen = console.until("80×24 again", |screen| {
        screen.lines().count() == 24 && screen.contains("Next     9 Cut over")
    });
    assert!(screen.contains("1 Overview"), "{screen}");
    assert_eq!(place.fingerprints(), before);
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}
