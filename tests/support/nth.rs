//! kill -9 while the server holds back the nth command of a kind.

use bson::{Document, doc};
use ringfence::demo::server::{Server, Topology};

use crate::support::case::{Case, Ended};
use crate::support::{self, kill};

/// How long a command is held at most.
const PATIENCE_MS: i32 = 30_000;

/// A server that takes fail points.
pub async fn server() -> Server {
    let test_commands = ["--setParameter", "enableTestCommands=1"];
    support::private(Topology::ReplicaSet(1), &test_commands).await
}

async fn command(case: &Case, command: Document) -> Document {
    let admin = case.database.client().database("admin");
    admin.run_command(command).await.unwrap()
}

#[allow(dead_code)] // each test binary uses its own part
/// Runs the binary and kills it when it asks for the `nth` (from 0) command of this name. False where it ended before; it must have ended well.
pub async fn kill_at(case: &Case, words: &[&str], name: &str, nth: usize) -> bool {
    match held_at(case, words, name, nth).await {
        None => true,
        Some(ended) => {
            ended.code(0);
            false
        }
    }
}

/// The same, where it may end with what it left behind.
#[allow(dead_code)] // each test binary uses its own part
pub async fn kill_or_end(case: &Case, words: &[&str], name: &str, nth: usize) -> bool {
    match held_at(case, words, name, nth).await {
        None => true,
        Some(ended) => {
            assert!([0, 2].contains(&ended.code), "{ended:?}");
            false
        }
    }
}

/// `None` once it was killed.
async fn held_at(case: &Case, words: &[&str], name: &str, nth: usize) -> Option<Ended> {
    let nth = i32::try_from(nth).unwrap();
    let point = doc! {
        "configureFailPoint": "failCommand", "mode": { "skip": nth },
        "data": { "failCommands": [name], "appName": "ringfence", "blockConnection": true, "blockTimeMS": PATIENCE_MS },
    };
    let entered = command(case, point).await.get_i32("count").unwrap();
    let arrives = doc! { "waitForFailPoint": "failCommand", "timesEntered": i64::from(entered) + 1, "maxTimeMS": PATIENCE_MS };
    let mut running = kill::start(case, words);
    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    tokio::select! {
        _ = command(case, arrives) => {}
        ended = running.ends() => {
            command(case, off).await;
            return Some(ended);
        }
    }
    assert!(running.kill().await.is_none());
    kill::end_commands(case).await;
    command(case, off).await;
    None
}
