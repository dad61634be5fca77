//! Ending a running step between two batches: asked first, kept what was prepared, and gone on with afterwards.

use bson::{Document, doc, oid::ObjectId};
use ringfence::demo::server::{Server, Topology};

use crate::support;
use crate::support::console::{CTRL_C, Console, ENTER};
use crate::terminal::data::{self, Place};

/// Enough bookings for several batches.
const MORE: usize = 30_000;

fn more_bookings(place: &Place) {
    data::wait(async {
        let bookings = place.connection.database.collection::<Document>("Booking");
        let one = bookings
            .find_one(
                doc! { "userId": { "$type": "objectId" }, "customerId": { "$exists": false } },
            )
            .sort(doc! { "_id": -1 })
            .await
            .unwrap()
            .unwrap();
        let copies = (0..MORE).map(|_| {
            let mut copy = one.clone();
            copy.insert("_id", ObjectId::new());
            copy
        });
        bookings.insert_many(copies).await.unwrap();
    });
}

/// A server of its own whose commands can be slowed.
fn seeded_apart() -> (Server, Place) {
    let server = data::wait(support::private(
        Topology::ReplicaSet(1),
        &["--setParameter", "enableTestCommands=1"],
    ));
    let name = support::fresh_name();
    let place = data::seeded_at(server.uri(&name), name);
    (server, place)
}

/// Slows each of ringfence's commands of that name, or lets them go again.
fn slow(place: &Place, command: &str, on: bool) {
    let mode = if on { "alwaysOn" } else { "off" };
    let command = doc! {
        "configureFailPoint": "failCommand",
        "mode": mode,
        "data": { "failCommands": [command], "appName": "ringfence", "blockConnection": true, "blockTimeMS": 400 },
    };
    data::wait(
        place
            .connection
            .client
            .database("admin")
            .run_command(command),
    )
    .unwrap();
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn a_step_ended_between_two_batches_keeps_what_it_prepared_and_goes_on_from_there() {
    let (_server, place) = seeded_apart();
    more_bookings(&place);
    let before = place.fingerprints();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("3", "→ will be");
    console.press_for("A", "The same answer for");
    console.press("of every");
    console.hides("look at them first");
    console.press_for(ENTER, "0 undecided");
    console.press_for("1", "Enter run step");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     3 Stop");
    for next in ["4 Document", "5 Review", "6 Create", "7 Reassign"] {
        console.press_for(ENTER, &format!("Next     {next}"));
    }

    slow(&place, "insert", true);
    console.press_for(ENTER, "Next     Reassign bookings runs; x ends it");
    console.until("the first batches", |screen| {
        screen.contains("» ") && screen.contains("/s")
    });
    console.press_for(
        "q",
        "q: not now: Reassign bookings runs: end it with x first",
    );
    console.press_for(CTRL_C, "Stop the running step?");
    console.press("y");
    console.press_for("n", "x stop");
    console.hides("Stop the running step?");
    assert!(console.screen().contains("Reassign bookings runs"));
    console.press_for("x", "Stop the running step?");
    console.press_for("Y", "ends after this batch");
    console.hides("ends after this batch");
    slow(&place, "insert", false);

    let prepared = place.count("_ringfence_next_Booking", doc! {});
    assert!(
        prepared > 0 && prepared < MORE as u64,
        "{prepared} bookings were prepared"
    );
    let screen = console.shows("Next     7 Reassign");
    assert!(screen.contains("Reassign bookings"), "{screen}");
    assert_eq!(place.fingerprints(), before);

    // The terminal goes away while the step runs: it ends between two batches, and the next console goes on from there.
    slow(&place, "insert", true);
    console.press_for(ENTER, "Next     Reassign bookings runs; x ends it");
    console.until("a batch", |screen| screen.contains("» "));
    assert_eq!(console.hang_up(), 130);
    slow(&place, "insert", false);
    assert_eq!(place.fingerprints(), before);
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("· Survey: 397 users");
    console.hides("Survey runs");
    console.shows("Next     7 Reassign");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     8 Prove");
    assert_eq!(
        place.count("_ringfence_next_Booking", doc! {}),
        MORE as u64 + 1994
    );
    console.press_for(ENTER, "Next     9 Cut over");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn a_signal_during_a_step_waits_for_its_batch_and_the_console_opens_where_the_data_stands() {
    let (_server, place) = seeded_apart();
    more_bookings(&place);
    let before = place.fingerprints();
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    slow(&place, "getMore", true);
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Back up runs");
    console.signal("TERM");
    let ended = console.ends();
    assert_eq!(ended.code, 130);
    slow(&place, "getMore", false);
    assert_eq!(place.fingerprints(), before);
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("· Survey: 397 users");
    console.shows("Next     2 Back up");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     3 Stop");
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
}
