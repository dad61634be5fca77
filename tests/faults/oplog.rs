//! The server's log is cut off before it is read.

use std::time::{Duration, Instant};

use bson::{Document, doc};
use ringfence::demo::server::Topology;

use crate::support::case::Case;
use crate::support::{self, data};

async fn fail(case: &Case, command: &str, code: i32) {
    let fault = doc! { "errorCode": code, "failCommands": [command], "appName": "ringfence" };
    let arm = doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": fault };
    data::run(&case.database.client().database("admin"), arm).await;
}

/// Applies up to a step, and watches for a second.
fn through<'a>(case: &'a Case, step: &'a str) -> Vec<&'a str> {
    let mut all = vec!["--uri", &case.uri, "--watch-seconds", "1", "apply"];
    all.extend([
        "--plan",
        "plan.json",
        "--confirm",
        &case.name,
        "--through",
        step,
    ]);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_log_that_rolls_over_while_the_stop_watches_ends_in_unknown_with_words() {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    // 136: the log was cut off while it was read. 286: it was before the reading began.
    for (n, (command, code)) in [("getMore", 136), ("getMore", 286)].into_iter().enumerate() {
        let name = format!("shop{n}");
        let case = Case::at(server.uri(&name), name.clone()).await;
        data::seed(&case.database).await;
        case.plan().await;
        case.bare(&through(&case, "backup")).await.code(0);
        fail(&case, command, code).await;
        let ended = case.bare(&through(&case, "stop")).await;
        let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
        data::run(&case.database.client().database("admin"), off).await;
        for raw in [&format!("code {code}"), "failpoint", "QUIET"] {
            let said = ended.out.contains(raw) || ended.err.contains(raw);
            assert!(!said, "{ended:?}");
        }
        ended
            .code(0)
            .says(&["UNKNOWN", "the server's log (oplog) is too small"]);
        let runs = case.database.collection::<Document>("_ringfence_runs");
        let run = runs.find_one(doc! {}).await.unwrap().unwrap();
        let verdict = run.get_document("verdict").unwrap();
        let word = verdict.get_str("word").unwrap();
        assert_eq!(word.to_lowercase(), "unknown");
        // The next apply watches anew.
        case.apply(&[]).await.code(0).says(&["QUIET"]);
    }
}

/// Writes elsewhere until the log begins after what it holds now.
async fn roll_over(case: &Case) {
    let client = case.database.client();
    let log = client.database("local");
    let log = log.collection::<Document>("oplog.rs");
    let edge = async |order: i32| {
        let found = log.find_one(doc! {}).sort(doc! { "$natural": order }).await;
        found.unwrap().unwrap().get_timestamp("ts").unwrap()
    };
    let newest = edge(-1).await;
    let junk = client.database("elsewhere").collection::<Document>("junk");
    let text = "x".repeat(100_000);
    let deadline = Instant::now() + Duration::from_secs(90);
    while edge(1).await <= newest {
        assert!(Instant::now() < deadline, "the log is not cut off");
        let many = (0..20).map(|_| doc! { "text": &text });
        junk.insert_many(many).await.unwrap();
        // What is not in a checkpoint is not cut off.
        data::run(&client.database("admin"), doc! { "fsync": 1 }).await;
    }
    junk.drop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_is_written_after_a_build_ahead_is_taken_in_although_the_log_was_cut_off_since() {
    let arguments = ["--oplogSize", "1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    case.plan().await;
    case.apply(&["--build-ahead"]).await.code(0);
    let bookings = case.database.collection::<Document>("Booking");
    let mut late = bookings.find_one(doc! {}).await.unwrap().unwrap();
    let id = bson::oid::ObjectId::new();
    late.extend(doc! { "_id": id, "reference": "late" });
    bookings.insert_one(late).await.unwrap();
    roll_over(&case).await;
    let ended = case.apply(&[]).await.code(0);
    ended.says(&["the application wrote after the backup"]);
    assert!(
        bookings
            .find_one(doc! { "_id": id })
            .await
            .unwrap()
            .is_some()
    );
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let back = case.database.collection::<Document>("Booking");
    assert!(back.find_one(doc! { "_id": id }).await.unwrap().is_some());
    let names = case.database.list_collection_names().await.unwrap();
    assert!(names.iter().all(|it| !it.contains("_before_")), "{names:?}");
}
