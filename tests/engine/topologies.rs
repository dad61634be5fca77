//! A standalone and a three-node set, whole; and the verdict of step 3 while something writes.

use std::time::{Duration, Instant};

use bson::doc;
use ringfence::demo::server::{Server, Topology};
use ringfence::domain::gate::Destructive;
use ringfence::engine::Watcher;
use tokio::process::Command;

use crate::support::case::Case;
use crate::support::data::{BOOKING, SERVICE, USER, booking, id};
use crate::support::picture::{self, Picture};
use crate::support::{self, data};

async fn seeded_on(server: &Server) -> Case {
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    case
}

async fn assert_back(case: &Case, before: &Picture) {
    let back = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(before, &back, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_standalone_is_migrated_and_rolled_back_with_a_verdict_by_write_counters() {
    let server = support::private(Topology::Standalone, &[]).await;
    let case = seeded_on(&server).await;
    let before = case.picture().await;
    case.plan().await;
    case.apply(&[]).await.code(0).says(&["QUIET"]);
    case.ringfence(&["verify"]).await.code(0);
    case.apply(&[]).await.code(0);
    case.roll_back(&[]).await.code(0);
    assert_back(&case, &before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_standalone_that_is_written_to_stops_the_apply_which_says_which_collection() {
    let server = support::private(Topology::Standalone, &[]).await;
    let case = seeded_on(&server).await;
    still_written_to(&case).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_set_of_three_is_migrated_and_rolled_back_even_with_one_member_dead() {
    let server = support::private(Topology::ReplicaSet(3), &[]).await;
    let case = seeded_on(&server).await;
    let before = case.picture().await;
    case.migrate().await;
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    assert_back(&case, &before).await;
    // The default commit quorum of an index build would wait for this one for ever.
    let dead = server.pid(2).unwrap().to_string();
    let killed = Command::new("kill").args(["-9", &dead]).status().await;
    assert!(killed.unwrap().success());
    case.apply(&[]).await.code(0);
    case.roll_back(&[]).await.code(0);
    assert_back(&case, &before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_replica_set_that_is_written_to_stops_the_apply_which_says_which_collection() {
    let case = Case::seeded().await;
    still_written_to(&case).await;
}

/// Applies while something adds bookings; then once more when it has stopped.
async fn still_written_to(case: &Case) {
    case.plan().await;
    case.apply(&["--through", "backup"]).await.code(0);
    let bookings = case.database.collection("Booking");
    let writer = tokio::spawn(async move {
        for n in 2_000.. {
            let mut new = booking(n);
            new.insert("userId", id(USER, 21));
            new.insert("serviceId", id(SERVICE, 0));
            bookings.insert_one(new).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let started = Instant::now();
    let ended = case.apply(&["--watch-seconds", "0.5"]).await;
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "it waited for a pause"
    );
    let live = case.database.collection::<bson::Document>("Booking");
    let with_user = doc! { "userId": { "$exists": true } };
    assert!(live.count_documents(with_user.clone()).await.unwrap() >= 150);
    ended
        .code(1)
        .says(&["still writes", "Booking: ", "Nothing was changed"]);
    writer.abort();
    assert!(writer.await.unwrap_err().is_cancelled());
    case.apply(&["--watch-seconds", "0.1"]).await.code(0);
    let one = doc! { "_id": id(BOOKING, 2_000), "customerId": { "$exists": true } };
    assert_eq!(live.count_documents(one).await.unwrap(), 1);
    assert_eq!(live.count_documents(with_user).await.unwrap(), 0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_write_between_the_verdict_and_the_cut_over_keeps_the_gate_shut_until_it_was_backed_up() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let mut new = booking(2_000);
    new.insert("userId", id(USER, 21));
    new.insert("serviceId", id(SERVICE, 0));
    case.database
        .collection("Booking")
        .insert_one(new)
        .await
        .unwrap();
    let before = picture::application(&case.picture().await);
    // As the console does it: the gate of the cut-over, asked without step 3.
    let mut session = case.session().await;
    session.survey(&Watcher::silent()).await.unwrap();
    let gate = session.gate(Destructive::CutOver).await.unwrap();
    let missing = gate.missing.join("\n");
    assert!(
        missing.contains("Booking is not what the backup holds"),
        "{missing}"
    );
    assert!(gate.confirm(&case.name).is_err());
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
    case.apply(&[]).await.code(0);
}
