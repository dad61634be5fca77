//! A set of three whose primary steps down, or is frozen.

use std::time::Duration;

use bson::doc;
use ringfence::demo::server::{Server, Signal, Topology};

use crate::support::case::Case;
use crate::support::picture;
use crate::support::{self, data};

async fn three() -> (Server, Case) {
    let server = support::private(Topology::ReplicaSet(3), &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    (server, case)
}

/// Waits until a primary has answered for a while, so that the test's own look is not the one that meets an election.
async fn calm(case: &Case) {
    let mut answers = 0;
    while answers < 5 {
        let answered = case.database.list_collection_names().await.is_ok();
        answers = if answered { answers + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Runs apply and rollback while `disturb` goes on beside them; both must come out as if nothing had happened.
async fn disturbed(case: &Case, disturb: impl AsyncFn(u32)) {
    let undisturbed = Case::seeded().await;
    undisturbed.migrate().await;
    let expected = picture::but_runs(&undisturbed.picture().await);
    let before = picture::application(&case.picture().await);
    case.plan().await;
    let (ended, ()) = tokio::join!(case.apply(&[]), disturb(0));
    calm(case).await;
    if ended.code != 0 {
        assert!(!ended.err.contains("Kind:"), "{}", ended.err);
        case.apply(&[]).await.code(0);
    }
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&expected, &now, false),
        Vec::<String>::new()
    );
    let (ended, ()) = tokio::join!(case.roll_back(&[]), disturb(1));
    calm(case).await;
    if ended.code != 0 {
        case.roll_back(&[]).await.code(0);
    }
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_primary_that_steps_down_again_and_again_changes_nothing_of_the_end() {
    let (_server, case) = three().await;
    let admin = case.database.client().database("admin");
    disturbed(&case, async |_| {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            // The answer may be lost with the connection; what counts is that it steps down.
            let _ = admin
                .run_command(
                    doc! { "replSetStepDown": 5, "secondaryCatchUpPeriodSecs": 3, "force": true },
                )
                .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_primary_that_is_frozen_for_a_while_changes_nothing_of_the_end() {
    let full = crate::support::full();
    let frozen = Duration::from_secs(if full { 20 } else { 3 });
    let (server, case) = three().await;
    let admin = case.database.client().database("admin");
    disturbed(&case, async |_| {
        tokio::time::sleep(Duration::from_millis(800)).await;
        let hello = admin.run_command(doc! { "hello": 1 }).await.unwrap();
        let node = node_of(&server, hello.get_str("me").unwrap());
        let pid = server.pid(node).unwrap().to_string();
        let signal = |name: &str| {
            std::process::Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
        };
        signal("-STOP");
        tokio::time::sleep(frozen).await;
        signal("-CONT");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_primary_of_three_that_is_killed_and_started_again_changes_nothing_of_the_end() {
    let (server, case) = three().await;
    let server = tokio::sync::Mutex::new(server);
    let admin = case.database.client().database("admin");
    disturbed(&case, async |_| {
        tokio::time::sleep(Duration::from_millis(800)).await;
        let hello = admin.run_command(doc! { "hello": 1 }).await.unwrap();
        let mut server = server.lock().await;
        let primary = node_of(&server, hello.get_str("me").unwrap());
        server.signal(primary, Signal::Kill).unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        server.restart(primary).await.unwrap();
    })
    .await;
}

/// The node that calls itself `me`.
fn node_of(server: &Server, me: &str) -> usize {
    (0..3)
        .find(|at| me.ends_with(&format!(":{}", server.port(*at).unwrap())))
        .unwrap()
}
