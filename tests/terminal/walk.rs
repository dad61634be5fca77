//! The whole walk of an operator, from the survey to the report, there and back.

use std::path::Path;

use bson::doc;

use crate::support::console::{CTRL_U, Console, DOWN, ENTER, PAGE_DOWN};
use crate::terminal::data;
use crate::terminal::gates::refuse_then_pass;

/// Presses Enter on the selected step, and waits for what it says and for the step that then comes next.
fn run(console: &Console, says: &str, next: &str) -> String {
    console.press(ENTER);
    console.until(&format!("{says}, then {next}"), |screen| {
        screen.contains(&format!("· {says}"))
            && screen
                .lines()
                .any(|line| line.contains("Next") && line.contains(next))
    })
}

/// Opens the gate of the selected step, is refused twice, and passes it.
fn pass_gate(console: &Console, title: &str, database: &str) {
    console.press_for(ENTER, &format!("Gate: {title}"));
    refuse_then_pass(console, title, database);
}

/// The line under the gate's question.
pub fn typing_line(screen: &str) -> &str {
    let mut lines = screen
        .lines()
        .skip_while(|line| !line.contains("then Enter:"));
    lines.nth(1).unwrap_or("")
}

fn report_files(runs: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for run in std::fs::read_dir(runs).unwrap() {
        let run = run.unwrap().path();
        if run.is_dir() {
            for file in std::fs::read_dir(run).unwrap() {
                found.push(file.unwrap().file_name().into_string().unwrap());
            }
        }
    }
    found.retain(|name| name.starts_with("report"));
    found.sort();
    found
}

#[test]
#[allow(clippy::too_many_lines)] // one walk, in order
fn a_whole_walk_migrates_verifies_and_rolls_back_to_the_same_bytes() {
    let place = data::seeded();
    let before = place.fingerprints();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));

    // The survey runs by itself; nothing may be written yet.
    console.shows("· Survey: 397 users, 2,000 bookings, 372 pairs");
    let screen = console.shows("Next     2 Back up");
    assert!(screen.contains("READ-ONLY"), "{screen}");
    assert!(screen.contains(&format!("{} @ ", place.name)), "{screen}");
    assert!(place.side_collections().is_empty());

    // Two conflicts by hand: one accepted, one with a name of our own.
    console.press_for("3", "Conflicts: 110 of 110, 110 undecided");
    console.shows("→ will be");
    console.press_for("a", "1 answer changed in the decisions file; ");
    console.press_for("/", "Find conflicts");
    console.press_for("missing-name", "“missing-name”");
    console.press(ENTER);
    console.hides("Find conflicts");
    console.press_for("e", "Decide: no name");
    console.press_for("t", "Type name, then Enter:");
    console.press_for("Night Walker", "Night Walker");
    console.press_for(ENTER, "✎ typed");
    console.press_for("n", "Note (Alt-Enter: new line):");
    console.press_for("asked at the desk", "asked at the desk");
    console.press_for(ENTER, "Note      asked at the desk");
    console.press_for(ENTER, "1 answer changed in the decisions file; ");
    console.press_for("F", "Conflicts: 110 of 110");
    console.press_for("u", "1 answer changed in the decisions file; ");
    console.press_for("U", "1 answer changed in the decisions file; ");
    console.press_for("/", "Find conflicts");
    console.press("missing-name");
    let screen = console.press_for(ENTER, "By hand");
    assert!(screen.contains("name = Night Walker"), "{screen}");
    console.press("F");

    // The rest as suggested.
    console.press_for("A", "The same answer for");
    console.press_for("of every", "undecided of every kind");
    console.hides("look at them first");
    console.press_for(ENTER, "; 0 undecided");
    console.shows("Every conflict has an answer.");

    // The first write asks, and only a capital Y is yes.
    console.press_for("1", "▾ Phase 1");
    console.press_for(ENTER, "May ringfence write?");
    console.press("y");
    console.press(ENTER);
    console.press_for("n", "Enter run step");
    console.hides("May ringfence write?");
    assert!(place.side_collections().is_empty());
    assert!(console.screen().contains("READ-ONLY"));
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "MAY WRITE");
    console.shows("· Back up: 2,611 documents of 8 collections written");
    console.shows("Next     3 Stop the application");

    run(&console, "Stop the application: QUIET", "4 Document");
    run(&console, "Document current data: 397 users", "5 Review");
    run(&console, "Review conflicts: plan", "6 Create");
    run(&console, "Create customers: 368 customers", "7 Reassign");
    run(&console, "Reassign bookings: 2,000 bookings", "8 Prove");

    // A difference looked at: all of the first page, and over its edge.
    let screen = console.press_for("4", "+ customerId:");
    assert!(screen.contains("- userId:"), "{screen}");
    assert!(screen.contains("Bookings 1–100+"), "{screen}");
    let first = booking(&screen);
    console.press(DOWN);
    let screen = console.until("the next booking", |screen| booking(screen) != first);
    console.press("G");
    console.until("the page's last booking", |now| {
        booking(now) != booking(&screen)
    });
    console.press_for(PAGE_DOWN, "Bookings 101–200+");
    console.press("1");

    run(
        &console,
        "Prove: bookings 2,000 = linked 1,994",
        "9 Cut over",
    );
    assert_eq!(
        place.fingerprints(),
        before,
        "nothing live changed before the gate"
    );

    // The gate: refused with nothing, refused with another name, passed with the right one.
    let screen = console.press_for(ENTER, "Gate: Cut over");
    assert!(
        screen.contains(&format!("replica set ringfence · database {}", place.name)),
        "{screen}"
    );
    console.press_for(ENTER, "nothing was typed");
    console.press("production");
    console.press_for(ENTER, "that is not the database's name");
    assert_eq!(place.fingerprints(), before);
    console.press(&format!("{CTRL_U}{}", place.name));
    console.until("the name that was typed", |screen| {
        typing_line(screen).contains(&place.name)
    });
    console.press(ENTER);
    console.shows("· Cut over: Customer and Booking are live");
    console.shows("Next     10 Clean up users");
    assert_eq!(
        place.count("Booking", doc! { "userId": { "$exists": true } }),
        0
    );
    assert_eq!(place.count("Customer", doc! { "name": "Night Walker" }), 1);

    pass_gate(&console, "Clean up users", &place.name);
    console.shows("· Clean up users: contact fields");
    console.shows("Next     11 Retire");
    pass_gate(&console, "Retire customer users", &place.name);
    console.shows("· Retire customer users:");
    console.shows("Next     12 Update the schema");
    run(
        &console,
        "Update the schema: every index stands",
        "13 Verify",
    );
    run(
        &console,
        "Verify: nothing wrong; live bookings 1,994",
        "14 API endpoints",
    );

    // The report shows the equations.
    console.press_for("6", "┌ Sections");
    for _ in 0..12 {
        if console.screen().contains("▸Proved") {
            break;
        }
        let before = console.screen();
        console.press("j");
        console.until("the next section", |screen| screen != before);
    }
    console.shows("bookings 2,000 = linked 1,994 + quarantined 6");

    // And back: the same bytes, indexes and options.
    console.press_for("<", "Gate: Roll back");
    console.press_for("\t", "Gate: Roll back and keep what was written since");
    console.press_for("\t", "Gate: Roll back and discard what was written since");
    console.press("\t");
    console.hides("what was written since");
    console.press_for("\t", "Gate: Roll back and keep what was written since");
    refuse_then_pass(&console, "Roll back", &place.name);
    console.shows("· Roll back:");
    console.shows("True now the originals are live again");
    assert_eq!(place.fingerprints(), before, "the originals are back");
    assert!(
        !place
            .side_collections()
            .iter()
            .any(|name| name.contains("_next_") || name.contains("_before_")),
        "{:?}",
        place.side_collections()
    );

    // Leaving with the report.
    console.press_for("q", "Leaving: the report");
    console.press("e");
    let ended = console.ends();
    assert_eq!(ended.code, 0);
    assert!(ended.screen.contains("report: "), "{}", ended.screen);
    assert_eq!(
        report_files(place.runs.path()),
        ["report.json", "report.md"]
    );
}

/// The title of the difference that is shown.
fn booking(screen: &str) -> String {
    let mut lines = screen.lines();
    let line = lines.find(|line| line.contains("┌ Bookings")).unwrap_or("");
    let title = line.rsplit("┌ ").next().unwrap_or_default();
    title.trim_end_matches(['─', '┐', ' ']).to_owned()
}
