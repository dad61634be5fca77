//! The console where no mapping fits the data: it opens with what the data suggests, and goes on once that is saved.

use bson::{Document, doc};
use portable_pty::CommandBuilder;

use crate::support::console::{CTRL_U, Console, ENTER, arguments};
use crate::terminal::data::{self, Place};

/// The sample with collections that are named otherwise.
fn named_otherwise() -> Place {
    let place = data::seeded();
    data::wait(async {
        let admin = place.connection.client.database("admin");
        for (from, to) in [("Booking", "appointments"), ("Service", "offers")] {
            let from = format!("{}.{from}", place.name);
            let to = format!("{}.{to}", place.name);
            let rename = doc! { "renameCollection": from, "to": to };
            admin.run_command(rename).await.unwrap();
        }
    });
    place
}

/// A console in a folder of its own, where its mapping file goes.
pub fn open(place: &Place, size: (u16, u16)) -> Console {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(arguments(&place.uri, place.runs.path()));
    command.cwd(place.runs.path());
    Console::spawn(command, size)
}

#[test]
fn where_no_mapping_fits_the_console_opens_with_a_proposal_that_is_saved_and_surveyed() {
    let place = named_otherwise();
    let file = place.runs.path().join("ringfence.toml");
    let console = open(&place, (120, 40));
    console.shows("!! Survey: refused");
    let screen = console.shows("proposed from the data, not saved");
    assert!(screen.contains("appointments"), "{screen}");
    assert!(screen.contains("values are ids of User"), "{screen}");

    // One key by the picker, from what stands in the database; taken back; then by hand.
    console.press("g");
    while !console.screen().contains("┌ user.created") {
        let before = console.screen();
        console.press("j");
        console.until("the next key", |screen| screen != before);
    }
    console.press_for(ENTER, "┌ user.created: when the user was made");
    console.press("updatedAt");
    console.press(ENTER);
    console.hides("┌ user.created: when");
    console.shows("Mapping · changed, not saved");
    console.press_for("u", "proposed from the data, not saved");
    console.press_for("e", "┌ What the key says");
    console.press(&format!("{CTRL_U}createdAt{ENTER}"));
    console.hides("┌ What the key says");
    assert!(!file.exists(), "nothing is written before it is asked for");

    // Only a capital letter saves.
    console.press_for("S", "┌ Write the mapping file?");
    console.press("y");
    console.press_for("n", "Mapping ·");
    console.hides("┌ Write the mapping file?");
    assert!(!file.exists());
    console.press_for("S", "┌ Write the mapping file?");
    console.press("Y");
    console.shows("· Survey: 397 users, 2,000 bookings");
    console.shows("Next     2 Back up");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("collection = \"appointments\""), "{text}");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
    assert!(place.side_collections().is_empty());
}

#[test]
fn a_warning_of_the_mappings_check_stays_on_screen_and_a_changed_file_is_not_written_over() {
    let place = data::seeded();
    let file = place.runs.path().join("ringfence.toml");
    let text = include_str!("../../assets/mapping.toml");
    let text = text.replace(
        "created = \"createdAt\"\ncontact",
        "created = \"madeAt\"\ncontact",
    );
    std::fs::write(&file, &text).unwrap();
    let console = open(&place, (80, 24));
    console.shows("! warning: mapping ringfence.toml:");
    console.shows("Next     2 Back up");
    for pane in ["2", "3", "4", "6", "7", "8", "1"] {
        console.press(pane);
        let screen = console.shows("! warning: mapping");
        assert_eq!(screen.lines().count(), 24, "{screen}");
    }
    let screen = console.press_for("9", "as the file says");
    assert!(screen.contains("! user.created"), "{screen}");
    // Somebody else writes the file meanwhile.
    std::fs::write(&file, format!("{text}\n# theirs\n")).unwrap();
    console.press_for("e", "┌ What the key says");
    console.press(&format!("{CTRL_U}createdAt{ENTER}"));
    console.press_for("S", "┌ Write the mapping file?");
    console.press_for("Y", "The mapping was not saved");
    assert!(std::fs::read_to_string(&file).unwrap().contains("# theirs"));
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
    assert_eq!(place.count("Booking", Document::new()), 2_000);
}
