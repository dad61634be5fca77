//! The server's log is cut off before it is read.

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
