//! Written no faster than allowed: a rate, a secondary that falls behind, batches that take long.

use std::time::{Duration, Instant};

use bson::doc;
use mongodb::Client;
use ringfence::demo::server::Topology;
use ringfence::store::connect;
use ringfence::store::throttle;

use crate::support::case::Case;
use crate::support::{self, data};

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
        while stopped.elapsed() < long || throttle::lag(&connection.client).await.unwrap() < long {
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
