//! `failCommand`, on our commands alone (by our application name).

use std::collections::BTreeMap;
use std::fmt::Write;

use bson::{Document, doc};
use futures_util::future::join_all;
use ringfence::demo::server::Topology;

use crate::support::case::{Case, Ended};
use crate::support::picture::{self, Picture};
use crate::support::{self, data};

/// The commands that a migration sends.
const COMMANDS: [&str; 13] = [
    "insert",
    "update",
    "delete",
    "find",
    "getMore",
    "aggregate",
    "create",
    "createIndexes",
    "renameCollection",
    "drop",
    "collMod",
    "listCollections",
    "findAndModify",
];
/// Commands that write, and so may report a failed write concern.
const WRITES: [&str; 9] = [
    "insert",
    "update",
    "delete",
    "create",
    "createIndexes",
    "renameCollection",
    "drop",
    "collMod",
    "findAndModify",
];
/// Servers that work in parallel.
const SERVERS: usize = 3;

struct Kind {
    name: &'static str,
    times: i32,
    data: fn() -> Document,
    writes: bool,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "connection closed",
        times: 1,
        data: || doc! { "closeConnection": true },
        writes: false,
    },
    Kind {
        name: "shutting down (91), twice",
        times: 2,
        data: || doc! { "errorCode": 91 },
        writes: false,
    },
    Kind {
        name: "write concern failed (64)",
        times: 1,
        data: || doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } },
        writes: true,
    },
    Kind {
        name: "interrupted (11600), three times",
        times: 3,
        data: || doc! { "errorCode": 11_600 },
        writes: false,
    },
    Kind {
        name: "held for 700 ms, twice",
        times: 2,
        data: || doc! { "blockConnection": true, "blockTimeMS": 700 },
        writes: false,
    },
];

async fn arm(case: &Case, command: &str, kind: &Kind) {
    let mut fault = (kind.data)();
    fault.extend(doc! { "failCommands": [command], "appName": "ringfence" });
    let arm = doc! { "configureFailPoint": "failCommand", "mode": { "times": kind.times }, "data": fault };
    data::run(&case.database.client().database("admin"), arm).await;
}

async fn disarm(case: &Case) {
    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    data::run(&case.database.client().database("admin"), off).await;
}

/// How a command took it, in order of how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    GoesOn,
    Stops,
}

/// Takes what a verb ended with; when it stopped, the same verb must go on once the fault is over.
async fn settled(what: &str, case: &Case, ended: Ended, again: impl AsyncFn() -> Ended) -> Outcome {
    disarm(case).await;
    if ended.code == 0 {
        return Outcome::GoesOn;
    }
    let raw = ["Kind:", "labels:", "source: ", "RawDocument"];
    assert!(
        raw.iter().all(|it| !ended.err.contains(it)),
        "{what}: {}",
        ended.err
    );
    assert_ne!(ended.code, 101, "{what}: {}", ended.err);
    let second = again().await;
    assert_eq!(
        second.code, 0,
        "{what}: {}\nthen: {}",
        ended.err, second.err
    );
    Outcome::Stops
}

async fn through(case: &Case, command: &str, kind: &Kind, expected: &Picture) -> Outcome {
    let what = format!("{command}, {}", kind.name);
    data::seed(&case.database).await;
    let before = picture::application(&case.picture().await);
    case.plan().await;
    let mut worst = Outcome::GoesOn;
    // Once before everything, once before the cut-over.
    for through in ["prove", "verify"] {
        let apply = async || case.apply(&["--through", through]).await;
        arm(case, command, kind).await;
        worst = worst.max(settled(&what, case, apply().await, apply).await);
    }
    let now = picture::but_runs(&case.picture().await);
    let other = picture::differences(expected, &now, false);
    assert!(other.is_empty(), "{what}: {other:#?}");
    let back = async || case.roll_back(&[]).await;
    arm(case, command, kind).await;
    worst = worst.max(settled(&what, case, back().await, back).await);
    let now = picture::application(&case.picture().await);
    let other = picture::differences(&before, &now, true);
    assert!(other.is_empty(), "{what}: {other:#?}");
    worst
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn every_fault_on_every_command_ends_in_the_state_of_an_undisturbed_run() {
    let full = crate::support::full();
    let kinds: Vec<&Kind> = KINDS
        .iter()
        .take(if full { KINDS.len() } else { 3 })
        .collect();
    let all: Vec<(&str, &Kind)> = COMMANDS
        .iter()
        .enumerate()
        .flat_map(|(row, command)| {
            let of = kinds.iter().enumerate();
            // By default every fifth of them, so that each command and each kind has its turn.
            of.filter(move |(column, _)| full || (row + column) % 5 == 0)
                .map(move |(_, kind)| (*command, *kind))
        })
        .filter(|(command, kind)| !kind.writes || WRITES.contains(command))
        .collect();
    let undisturbed = Case::seeded().await;
    undisturbed.migrate().await;
    let expected = picture::but_runs(&undisturbed.picture().await);
    let workers = (0..SERVERS).map(|worker| {
        let (all, expected) = (&all, &expected);
        async move {
            let arguments = ["--setParameter", "enableTestCommands=1"];
            let server = support::private(Topology::ReplicaSet(1), &arguments).await;
            let mut outcomes = Vec::new();
            for (at, (command, kind)) in all.iter().enumerate().skip(worker).step_by(SERVERS) {
                let name = format!("shop{at}");
                let case = Case::at(server.uri(&name), name).await;
                outcomes.push((
                    *command,
                    kind.name,
                    through(&case, command, kind, expected).await,
                ));
                case.database.drop().await.unwrap();
            }
            outcomes
        }
    });
    let outcomes: BTreeMap<(&str, &str), Outcome> = join_all(workers)
        .await
        .into_iter()
        .flatten()
        .map(|(command, kind, outcome)| ((command, kind), outcome))
        .collect();
    println!("{}", table(&kinds, &outcomes));
    let stopped: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| **outcome == Outcome::Stops)
        .collect();
    assert!(
        stopped.is_empty(),
        "did not go on by themselves: {stopped:?}"
    );
}

fn table(kinds: &[&Kind], outcomes: &BTreeMap<(&str, &str), Outcome>) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
    let mut text = format!(
        "| command | {} |\n|---|{}\n",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for command in COMMANDS {
        let cells: Vec<_> = names
            .iter()
            .map(|kind| match outcomes.get(&(command, *kind)) {
                Some(Outcome::GoesOn) => "goes on",
                Some(Outcome::Stops) => "stops; again, goes on",
                None => "–",
            })
            .collect();
        let _ = writeln!(text, "| {command} | {} |", cells.join(" | "));
    }
    text
}
