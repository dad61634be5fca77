//! Written no faster than allowed: a rate, a secondary that falls behind, batches that take long.

use std::time::{Duration, Instant};

use bson::doc;
use mongodb::Client;
use ringfence::demo::server::{Server, Signal, Topology};
use ringfence::store::connect;
use ringfence::store::members;

use crate::support::case::Case;
use crate::support::{self, data, kill};

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rate_makes_an_apply_take_as_long_as_it_says_and_changes_nothing_else() {
    let case = Case::seeded().await;
    case.plan().await;
    let began = Instant::now();
    // Customers, links, bookings, quarantine and users are more than 250 documents; the first batch is let through at once.
    case.apply(&["--max-rate", "60"]).await.code(0);
    let slow = began.elapsed();
    assert!(slow > Duration::from_millis(2_500), "{slow:?}");
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&["--max-latency", "1"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn nothing_is_written_while_a_secondary_is_further_behind_than_allowed() {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(3), &arguments).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    case.plan().await;
    let connection = connect::connect(&case.uri, "the test", None).await.unwrap();
    // One secondary stops applying what it is sent, and the others go on writing.
    let secondary = secondary_of(&case).await;
    let stop = |mode: &str| doc! { "configureFailPoint": "rsSyncApplyStop", "mode": mode };
    data::run(&secondary.database("admin"), stop("alwaysOn")).await;
    let behind = async {
        let elsewhere = case.database.client().database("elsewhere");
        let (stopped, long) = (Instant::now(), Duration::from_secs(3));
        // A lag of the set's beginning is none of this one.
        while stopped.elapsed() < long || members::lag(&connection.client).await.unwrap() < long {
            let clock = elsewhere.collection("clock");
            clock.insert_one(doc! { "tick": 1 }).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    behind.await;
    let apply = case.apply(&["--max-lag", "1"]);
    tokio::pin!(apply);
    let ended = tokio::time::timeout(Duration::from_secs(3), &mut apply).await;
    assert!(ended.is_err(), "{ended:?}");
    for name in ["_ringfence_next_Customer", "_ringfence_next_Booking"] {
        let copies = case.database.collection::<bson::Document>(name);
        assert_eq!(copies.count_documents(doc! {}).await.unwrap(), 0, "{name}");
    }
    data::run(&secondary.database("admin"), stop("off")).await;
    apply.await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

/// A set of three whose last member is frozen; that one's address.
async fn with_one_frozen() -> (Server, Case, String) {
    let server = support::private(Topology::ReplicaSet(3), &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    case.plan().await;
    let frozen = format!("127.0.0.1:{}", server.port(2).unwrap());
    server.signal(2, Signal::Stop).unwrap();
    (server, case, frozen)
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_secondary_that_freezes_meanwhile_is_said_when_it_is_no_longer_measured() {
    let (server, case, frozen) = with_one_frozen().await;
    // Slow enough that the primary gives that member up while copies are written.
    let ended = case.apply(&["--max-lag", "1", "--max-rate", "15"]).await;
    server.signal(2, Signal::Continue).unwrap();
    let words = [&frozen, "cannot be reached", "--max-lag 1 --require-all"];
    ended.code(0).says(&words);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_wait_for_a_frozen_secondary_is_said_in_a_pipe_and_ends_when_it_answers() {
    let (server, case, frozen) = with_one_frozen().await;
    let words = [
        "--max-lag",
        "1",
        "--require-all",
        // Slow enough that the primary gives that member up while copies are written.
        "--max-rate",
        "15",
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        "shop",
    ];
    let mut running = kill::start(&case, &words);
    let said = || std::fs::read_to_string(case.path("said.err")).unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let awaited = format!("writing waits while {frozen} cannot be reached");
    while !said().contains(&awaited) {
        assert!(Instant::now() < deadline, "{}", said());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    server.signal(2, Signal::Continue).unwrap();
    running.ends().await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_lag_that_nobody_can_measure_is_said_and_a_promise_on_it_refused() {
    let server = support::private(Topology::Standalone, &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    let before = case.picture().await;
    let status = case.ringfence(&["--max-lag", "5", "status"]).await;
    status.code(0).says(&["--max-lag limits nothing"]);
    let all = case.ringfence(&["--max-lag", "5", "--require-all", "survey"]);
    all.await
        .code(1)
        .says(&["--require-all cannot be kept", "Nothing was changed"]);
    case.assert_same(&before).await;
}

/// A client of one secondary alone.
async fn secondary_of(case: &Case) -> Client {
    let admin = case.database.client().database("admin");
    let status = admin.run_command(doc! { "replSetGetStatus": 1 }).await;
    let status = status.unwrap();
    let members = status.get_array("members").unwrap();
    let name = members
        .iter()
        .filter_map(|member| member.as_document())
        .find(|member| member.get_str("stateStr").unwrap() == "SECONDARY")
        .map(|member| member.get_str("name").unwrap().to_owned());
    let uri = format!("mongodb://{}/?directConnection=true", name.unwrap());
    Client::with_uri_str(uri).await.unwrap()
}
