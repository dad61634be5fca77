//! One truth: what the console says at every point is what `status` says, and the work of another shell is seen.

use std::process::Command;
use std::time::Duration;

use bson::{Document, doc};
use ringfence::demo::server::Topology;
use serde_json::Value;

use crate::support;
use crate::support::console::{Console, arguments};
use crate::terminal::data::{self, Place};

/// A verb in another shell.
fn verb(place: &Place, words: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(arguments(&place.uri, place.runs.path()))
        .args(words)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

fn done(place: &Place, words: &[&str]) -> String {
    let (code, out, err) = verb(place, words);
    assert_eq!(code, 0, "{words:?}: {out}{err}");
    out
}

/// What `status --json` says is true now.
fn now(place: &Place) -> String {
    let said: Value = serde_json::from_str(&done(place, &["status", "--json"])).unwrap();
    said["situation"]["now"].as_str().unwrap().to_owned()
}

/// The console comes to say what `status` says, in text and as JSON, and both say `words`.
fn agree(place: &Place, console: &Console, words: &str) {
    let says = now(place);
    assert!(says.contains(words), "{words}: {says}");
    // The line is cut at the edge of the screen.
    let begins: String = says.chars().take(80).collect();
    console.shows(&format!("True now {begins}"));
    let text = done(place, &["status"]);
    assert!(text.contains(&format!("True now  {says}")), "{text}");
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn the_console_says_what_status_says_at_every_point_of_another_shells_migration() {
    let place = data::seeded();
    let console = Console::open(&place.uri, place.runs.path(), (180, 40));
    console.shows("Next     2 Back up");
    agree(&place, &console, "the live data is untouched");

    let plan = place.runs.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    done(&place, &["plan", "--defaults", "--out", plan]);
    let confirm = ["--confirm", &place.name];
    let apply = [&["apply", "--plan", plan][..], &confirm].concat();
    done(&place, &[&apply[..], &["--through", "prove"]].concat());
    // The other shell's work is seen within five seconds.
    let began = std::time::Instant::now();
    console.shows("prepared copies stand beside it");
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    agree(
        &place,
        &console,
        "untouched; prepared copies stand beside it",
    );
    done(&place, &[&apply[..], &["--through", "cut-over"]].concat());
    agree(
        &place,
        &console,
        "customers and bookings are migrated and live",
    );
    done(&place, &apply);
    agree(
        &place,
        &console,
        "customers, bookings and users are migrated",
    );
    done(&place, &[&["rollback"][..], &confirm].concat());
    agree(&place, &console, "the originals are live again");
    console.hides("is untouched");

    // And again, with a booking of the new application that is carried back.
    done(&place, &["plan", "--defaults", "--out", plan]);
    done(&place, &apply);
    data::wait(async {
        let bookings = place.connection.database.collection::<Document>("Booking");
        let of = doc! { "customerId": { "$exists": true } };
        let set = doc! { "$set": { "notes": "late" } };
        bookings.update_one(of, set).await.unwrap();
    });
    agree(&place, &console, "1 write to Booking");
    done(
        &place,
        &[&["rollback", "--keep-new"][..], &confirm].concat(),
    );
    agree(&place, &console, "the originals are live again");

    // Finished, then purged.
    done(&place, &["plan", "--defaults", "--out", plan]);
    done(&place, &apply);
    console.shows("True now customers, bookings and users are migrated");
    let note =
        |step| doc! { format!("notes.{step}"): { "text": "done", "at": 1_i64, "by": "ann" } };
    data::wait(async {
        let runs = place
            .connection
            .database
            .collection::<Document>("_ringfence_runs");
        let set = doc! { "$set": note("go-live") };
        runs.update_one(doc! { "outcome": "open" }, set)
            .await
            .unwrap();
    });
    done(&place, &[&["finish"][..], &confirm].concat());
    agree(&place, &console, "the originals are deleted");
    done(&place, &[&["purge"][..], &confirm].concat());
    agree(&place, &console, "by any run on record");
}

#[test]
fn after_foreign_writes_neither_status_nor_report_says_that_writers_stand_still() {
    let place = data::seeded();
    let plan = place.runs.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    done(&place, &["plan", "--defaults", "--out", plan]);
    let confirm = ["--confirm", &place.name];
    let apply = [&["apply", "--plan", plan][..], &confirm].concat();
    let insert = |late: bool| {
        data::wait(async {
            let users = place.connection.database.collection::<Document>("User");
            users.insert_one(doc! { "late": late }).await.unwrap();
        });
    };
    done(&place, &[&apply[..], &["--through", "prove"]].concat());
    assert!(done(&place, &["status"]).contains("writers stand still since"));
    insert(true);
    let status = done(&place, &["status"]);
    assert!(!status.contains("writers stand still"), "{status}");
    let stop = status
        .lines()
        .find(|line| line.trim_start().starts_with("3  Stop the application"))
        .unwrap();
    assert!(stop.contains("stale"), "{status}");
    assert!(
        stop.contains("the application wrote since (1 write to User)"),
        "{status}"
    );
    let report = done(&place, &["report"]);
    assert!(!report.contains("writers stand still"), "{report}");
    assert!(
        report.contains("the application wrote since then: 1 write to User"),
        "{report}"
    );
}

/// How often the server was asked for the collections of a database.
fn lists(place: &Place) -> i64 {
    let status = data::wait(
        place
            .connection
            .database
            .run_command(doc! { "serverStatus": 1 }),
    );
    let status = status.unwrap();
    let commands = status.get_document("metrics").unwrap();
    let commands = commands.get_document("commands").unwrap();
    let lists = commands.get_document("listCollections").unwrap();
    lists.get_i64("total").unwrap()
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn a_console_at_rest_reads_the_database_anew_only_where_something_was_written() {
    let server = data::wait(support::private(Topology::ReplicaSet(1), &[]));
    let name = support::fresh_name();
    let place = data::seeded_at(server.uri(&name), name);
    let console = Console::open(&place.uri, place.runs.path(), (120, 40));
    console.shows("Next     2 Back up");
    std::thread::sleep(Duration::from_secs(5));
    let before = lists(&place);
    // It looks every two seconds. A set of one writes by itself every ten.
    std::thread::sleep(Duration::from_secs(9));
    let at_rest = lists(&place) - before;
    assert!(at_rest <= 2, "{at_rest}");
    let users = place.connection.database.collection::<Document>("User");
    data::wait(users.insert_one(doc! { "_id": "new" })).unwrap();
    std::thread::sleep(Duration::from_secs(5));
    assert!(lists(&place) > before + at_rest, "a write is not looked at");
}
