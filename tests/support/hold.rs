//! Holding the binary at a forced point: a failpoint of the server keeps a command of ringfence's from being executed when it arrives, and
//! the process is killed while it waits for the answer. To be killed after a rename, it is held at the next one. The product knows nothing
//! of it.

use bson::{Document, doc};

use crate::support::case::Case;
use crate::support::kill::{self, Running};

/// How long a command is held at most, and how long it may take to arrive, in milliseconds.
const PATIENCE_MS: i32 = 30_000;

/// What holds the process.
#[derive(Debug, Clone, Copy)]
enum Hold<'a> {
    /// This command on this collection, after so many of them went by.
    Command(&'a str, &'a str, i32),
    /// A failpoint within an index build, which is under way in the server then.
    IndexBuild(&'a str),
}

impl<'a> Hold<'a> {
    /// Reads `rename Booking`, `update _ringfence_runs +1` (the second one), or the name of a failpoint within index builds.
    fn parse(text: &'a str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            [failpoint] => Self::IndexBuild(failpoint),
            ["rename", collection] => Self::Command("renameCollection", collection, 0),
            [command, collection] => Self::Command(command, collection, 0),
            [command, collection, skip] => {
                Self::Command(command, collection, skip.parse().unwrap())
            }
            _ => panic!("{text:?} holds nothing"),
        }
    }

    fn failpoint(self) -> &'a str {
        match self {
            Self::Command(..) => "failCommand",
            Self::IndexBuild(failpoint) => failpoint,
        }
    }
}

/// Runs the command, kills it when it is held at this point, and has the server forget what it was asked last.
pub async fn kill_at(case: &Case, words: &[&str], point: &str) {
    let running = hold_at(case, words, point).await;
    assert!(running.kill().await.is_none(), "{point:?}");
    let hold = Hold::parse(point);
    // Before the failpoint is taken away, which waits for what it holds and would let it be executed.
    if let Hold::Command(..) = hold {
        kill::end_commands(case).await;
    }
    command(
        case,
        doc! { "configureFailPoint": hold.failpoint(), "mode": "off" },
    )
    .await;
}

/// Runs the command until it is held at this point.
pub async fn hold_at<'a>(case: &'a Case, words: &[&str], point: &str) -> Running<'a> {
    let hold = Hold::parse(point);
    let (skip, data) = match hold {
        Hold::Command(command, collection, skip) => {
            let data = doc! {
                "failCommands": [command], "namespace": format!("{}.{collection}", case.name), "appName": "ringfence",
                "blockConnection": true, "blockTimeMS": PATIENCE_MS,
            };
            (skip, data)
        }
        Hold::IndexBuild(_) => (0, doc! {}),
    };
    let name = hold.failpoint();
    let set = doc! { "configureFailPoint": name, "mode": { "skip": skip }, "data": data };
    let entered = command(case, set).await.get_i32("count").unwrap();
    let mut running = kill::start(case, words);
    let arrives = doc! { "waitForFailPoint": name, "timesEntered": i64::from(entered) + 1, "maxTimeMS": PATIENCE_MS };
    tokio::select! {
        _ = command(case, arrives) => {}
        ended = running.ends() => panic!("{point:?} was never reached: {ended:?}"),
    }
    running
}

async fn command(case: &Case, command: Document) -> Document {
    let admin = case.database.client().database("admin");
    admin.run_command(command).await.unwrap()
}
