//! The after-schema in the console: a plan stops at what has no answer, the answers are given there and kept in the decisions file, and the
//! plan goes through.

use ringfence::demo::schemas;

use crate::support::console::{Console, ENTER, ESC};
use crate::terminal::data;
use crate::terminal::mapping::open;

/// The demo's schema with a field more, which no document has and nothing is suggested for.
fn after() -> String {
    let line = "  comment   String?\n";
    assert!(schemas::AFTER.contains(line));
    schemas::AFTER.replace(line, "  comment   String?\n  language  String\n")
}

fn decide_all(console: &Console) {
    console.press_for("3", "→ will be");
    console.press_for("A", "The same answer for");
    console.press("of every");
    console.hides("look at them first");
    console.press_for(ENTER, "0 undecided");
}

#[test]
fn what_the_after_schema_asks_is_answered_in_its_pane_and_the_plan_goes_through() {
    let place = data::seeded();
    let mapping = include_str!("../../assets/mapping.toml");
    let mapping =
        format!("{mapping}\n[schema]\nafter = \"after.prisma\"\nbefore = \"before.prisma\"\n");
    let write =
        |name: &str, text: &str| std::fs::write(place.runs.path().join(name), text).unwrap();
    write("ringfence.toml", &mapping);
    write("before.prisma", schemas::BEFORE);
    write("after.prisma", &after());
    let before = place.fingerprints();
    let console = open(&place, (120, 40));
    console.shows("Next     2 Back up");
    let screen = console.press_for("0", "Blockers 1");
    for part in [
        "25 conflicts undecided",
        "To answer ",
        "answer needed",
        "Indexes ",
        "made when all is settled",
    ] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }

    // A plan stops there, and leads to the list.
    decide_all(&console);
    console.press_for("1", "Enter run step");
    console.press_for(">", "May ringfence write?");
    console.press("Y");
    console.shows("!! Review conflicts: refused");
    console.until("the list, with nothing presumed", |screen| {
        screen.contains("┌ Schema · after.prisma · 1 blocker") && !screen.contains("presumed")
    });

    // The blocker takes a value; one that is none is refused and the line stays as it was.
    console.press_for("g", "┌ Review.language");
    console.press_for(ENTER, "write a value…");
    console.press("another field");
    console.hides("write a value…");
    console.press_for(ENTER, "┌ The field of the model");
    console.press_for("nonsense\r", "has no field nonsense");
    console.press(ESC);
    console.hides("The answer was not kept");
    console.press_for(ENTER, "write a value…");
    console.press(ENTER);
    console.press_for("en", "┌ The value that is written");
    console.press(ENTER);
    let screen = console.until("no blocker", |screen| {
        screen.contains("┌ Schema · after.prisma · ") && !screen.contains("blocker")
    });
    assert!(
        screen.contains("Review: language: \"en\" written"),
        "{screen}"
    );

    // All the rest at once, after a look.
    console.press_for("A", "accept ");
    console.press(ENTER);
    console.shows("all answered");
    console.press_for("1", "Enter run step");
    console.press(">");
    console.shows("stopped here: the next step, Cut over, is behind a gate");
    assert_eq!(place.fingerprints_of_the_application(), before);
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
    let decided = place
        .runs
        .path()
        .join(format!("{}.decisions.toml", place.name));
    let decided = std::fs::read_to_string(decided).unwrap();
    assert!(
        decided.contains("\"Review.language\" = \"constant en\""),
        "{decided}"
    );
}
