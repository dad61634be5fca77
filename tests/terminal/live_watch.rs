//! Once the application was found quiet, the console says at once when something writes all the same.

use bson::{Document, doc};

use crate::support::console::{Console, ENTER};
use crate::terminal::data;

#[test]
fn a_write_after_the_application_was_found_quiet_is_said_at_once_with_its_collection() {
    let place = data::seeded();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     3 Stop the application");
    console.press_for(ENTER, "· Stop the application: QUIET");
    console.shows("Next     4 Document");
    for _ in 0..2 {
        let insert = async {
            let bookings = place.connection.database.collection::<Document>("Booking");
            bookings.insert_one(doc! { "late": true }).await.unwrap();
        };
        data::wait(insert);
    }
    let screen = console.shows("!! The application writes: ");
    assert!(screen.contains("to Booking since"), "{screen}");
    assert!(
        screen.contains("run “Stop the application” again"),
        "{screen}"
    );
}
