//! Without a terminal there is no console; the verbs that do without are named.

use std::time::{Duration, Instant};

use crate::support::case::Case;

#[tokio::test]
async fn the_console_without_a_terminal_names_the_headless_verbs_and_touches_nothing() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    let verbs = [
        "needs a terminal",
        "survey",
        "plan",
        "apply",
        "rollback",
        "demo --headless",
    ];
    case.ringfence(&[]).await.code(1).says(&verbs);
    case.bare(&[]).await.code(1).says(&verbs);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn the_demo_without_a_terminal_is_refused_before_a_server_is_started() {
    let case = Case::empty().await;
    let started = Instant::now();
    let nowhere = ["--uri", "mongodb://127.0.0.1:1/x"];
    case.bare(&nowhere)
        .await
        .code(1)
        .says(&["needs a terminal"]);
    let ended = case.bare(&["demo"]).await.code(1);
    assert!(!ended.err.contains("starting"), "{ended:?}");
    ended.says(&["needs a terminal", "demo --headless"]);
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}
