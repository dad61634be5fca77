//! Cursors that the server gives up: every kind of reader goes on by itself, and what comes out is whole.

use bson::{Document, doc};
use mongodb::Database;
use ringfence::demo::server::{Server, Topology};
use ringfence::domain::id::Id;
use ringfence::domain::survey::facts::id_of;
use ringfence::store::connect;
use ringfence::store::scan::{self, Scan};

use crate::support::case::Case;
use crate::support::picture;
use crate::support::{self, data};

/// `CursorNotFound`, `QueryPlanKilled`, `CursorKilled`.
const LOST: [i32; 3] = [43, 175, 237];
/// More than one batch of every reader.
const MORE: i32 = 5_000;

async fn server() -> Server {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    support::private(Topology::ReplicaSet(1), &arguments).await
}

/// The sample data, with so many users and bookings that every reader of them needs a second batch.
async fn large(server: &Server, name: &str) -> Case {
    let case = Case::at(server.uri(name), name.to_owned()).await;
    data::seed_plain(&case.database).await;
    let users = (0..MORE).map(|n| doc! { "_id": format!("u{n:05}"), "name": format!("N{n}"), "email": format!("n{n}@example.org"), "phone": "1" });
    let bookings = (0..MORE).map(|n| doc! { "_id": format!("b{n:05}"), "userId": format!("u{n:05}"), "serviceId": data::id(data::SERVICE, 0), "notes": "n", "reference": format!("more {n}") });
    for (name, documents) in [
        ("User", users.collect::<Vec<_>>()),
        ("Booking", bookings.collect()),
    ] {
        let collection = case.database.collection::<Document>(name);
        collection.insert_many(documents).await.unwrap();
    }
    case
}

/// The next `times` calls of `command` by the product fail with `code`.
async fn arm(database: &Database, command: &str, code: i32, times: i32) -> i64 {
    let fault = doc! { "errorCode": code, "failCommands": [command], "appName": "ringfence" };
    configure(database, doc! { "mode": { "times": times }, "data": fault }).await
}

/// The next two calls of getMore by the product on this collection fail with `code`.
async fn arm_at(database: &Database, place: &str, code: i32) -> i64 {
    let fault = doc! { "errorCode": code, "failCommands": ["getMore"], "appName": "ringfence", "namespace": place };
    configure(database, doc! { "mode": { "times": 2 }, "data": fault }).await
}

/// Ends the fault, and fails unless it was met since `armed`.
async fn met(database: &Database, armed: i64, what: &str) {
    let now = configure(database, doc! { "mode": "off" }).await;
    assert!(now > armed, "{what}: no cursor was lost");
}

/// Sets the fault; returns how often it was met so far, as the server counts.
async fn configure(database: &Database, more: Document) -> i64 {
    let mut command = doc! { "configureFailPoint": "failCommand" };
    command.extend(more);
    let admin = database.client().database("admin");
    let reply = admin.run_command(command).await.unwrap();
    let count = reply.get("count").unwrap();
    count.as_i64().or(count.as_i32().map(i64::from)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn every_verb_goes_on_after_a_lost_cursor_and_ends_as_an_undisturbed_run() {
    let server = server().await;
    let undisturbed = large(&server, "calm").await;
    undisturbed.plan().await;
    undisturbed.apply(&["--accept-unknown"]).await.code(0);
    let expected = picture::but_runs(&undisturbed.picture().await);
    let name = "shop".to_owned();
    let case = large(&server, &name).await;
    let before = picture::application(&case.picture().await);
    let other = format!("{name}_back");
    // A verb, and the collection whose cursor is lost while it runs.
    let place = |collection: &str| format!("{name}.{collection}");
    let apply = [
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        &name,
        "--accept-unknown",
    ];
    let ahead = [&apply[..], &["--through", "prove"]].concat();
    let back = ["rollback", "--confirm", &name, "--keep-new"];
    let steps: [(String, &[&str]); 14] = [
        (place("User"), &["survey"]),
        (place("Booking"), &["survey"]),
        (place("Booking"), &["backup", "--out", "b"]),
        (place("User"), &["export", "--out", "e"]),
        (
            format!("{other}.Booking"),
            &["--db", &other, "restore", "--from", "b"],
        ),
        (
            place("Booking"),
            &["plan", "--defaults", "--out", "plan.json"],
        ),
        (place("_ringfence_next_Booking"), &ahead),
        (place("Booking"), &apply),
        (place("Booking"), &["verify"]),
        (place("_ringfence_links"), &["verify"]),
        (place("_ringfence_before_User"), &["verify"]),
        (place("User"), &["verify"]),
        (place("_ringfence_before_Booking"), &["verify"]),
        (place("_ringfence_before_Booking"), &back),
    ];
    for (at, (place, arguments)) in steps.into_iter().enumerate() {
        let code = LOST[at % LOST.len()];
        let what = arguments.join(" ");
        if arguments == back {
            let now = picture::but_runs(&case.picture().await);
            let other = picture::differences(&expected, &now, false);
            assert!(other.is_empty(), "{code}: {other:#?}");
            set_notes(&case, "later").await;
        }
        let so_far = arm_at(&case.database, &place, code).await;
        let ended = case.ringfence(arguments).await;
        met(&case.database, so_far, &format!("{what}, {place}, {code}")).await;
        // The survey of the sample data finds blockers.
        let right = if arguments == ["survey"] { 2 } else { 0 };
        assert_eq!(
            ended.code, right,
            "{what}, {place}, {code}: {}{}",
            ended.out, ended.err
        );
        println!("{what}, {place}, {code}: goes on");
    }
    let notes = case.database.collection::<Document>("Booking");
    let kept = notes.count_documents(doc! { "notes": "later" }).await;
    assert_eq!(kept.unwrap(), 1);
    set_notes(&case, "n").await;
    let now = picture::application(&case.picture().await);
    let other = picture::differences(&before, &now, false);
    assert!(other.is_empty(), "{other:#?}");
}

/// What an application writes.
async fn set_notes(case: &Case, notes: &str) {
    let bookings = case.database.collection::<Document>("Booking");
    bookings
        .update_one(
            doc! { "_id": "b00007" },
            doc! { "$set": { "notes": notes } },
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_by_id_goes_on_after_the_last_document_and_gives_each_once() {
    let server = server().await;
    let connection = connect::connect(&server.uri("ids"), "the test", Some("ids"))
        .await
        .unwrap();
    let database = &connection.database;
    let ids = (0..1_000).map(|n| match n % 3 {
        0 => bson::Bson::Int32(n),
        1 => bson::Bson::String(format!("{n:04}")),
        _ => bson::Bson::ObjectId(data::id(data::OTHER, n.unsigned_abs())),
    });
    let documents = ids.map(|id| doc! { "_id": id });
    let collection = database.collection::<Document>("c");
    collection
        .insert_many(documents.collect::<Vec<_>>())
        .await
        .unwrap();
    let scan = Scan {
        ordered: true,
        batch: 100,
        ..Scan::default()
    };
    let undisturbed = scan::all(database, "c", &scan).await.unwrap();
    let undisturbed: Vec<Id> = undisturbed.iter().filter_map(|it| id_of(it)).collect();
    for code in LOST {
        for times in [1, 2, 1_000] {
            let so_far = arm(database, "getMore", code, times).await;
            let mut reader = scan::read(database, "c", &scan, None).unwrap();
            let mut read = Vec::new();
            while let Some(batch) = reader.next().await.unwrap() {
                assert!(!batch.is_empty());
                assert_eq!(batch.len(), batch.documents().count());
                read.extend(batch.documents().filter_map(id_of));
            }
            met(database, so_far, "reading").await;
            assert_eq!(read, undisturbed, "{code}, {times} times");
        }
        // One that cannot be opened again ends with an error, not in a silence.
        let so_far = arm(database, "find", code, 1_000).await;
        let mut reader = scan::read(database, "c", &scan, None).unwrap();
        assert!(reader.next().await.unwrap_err().is_lost_cursor());
        met(database, so_far, "finding").await;
    }
}
