//! Databases that version 0.1 left in every state of a run, and what is said of them and made of them. A later version may write its run
//! records otherwise, but must read these with the same meaning.
//!
//! `fixtures/runs/` was made on [`small`](crate::golden::worlds) by the commands of version 0.1 that stand beside each name below, with the suggested
//! decisions, and is never made anew. Its times were set back by two years and its host is called `desk`; nothing else was changed.

use bson::{Document, doc};

use crate::golden::journals;
use crate::golden::kept::{assert_kept, fixture};
use crate::golden::normal::{clock, volatile};
use crate::golden::snapshot;
use crate::golden::stage::{Said, Stage};
use crate::support;

/// What only reads.
const READING: [&[&str]; 4] = [
    &["status", "--json"],
    &["report"],
    &["report", "--json"],
    &["verify", "--json"],
];

const APPLY: &[&str] = &["apply --plan plan.json"];
const ROLLBACK: &[&str] = &["rollback"];
const KEEP_NEW: &[&str] = &["rollback --keep-new"];
const DISCARD_NEW: &[&str] = &["rollback --discard-new"];
const FINISH: &[&str] = &["finish"];
const PURGE: &[&str] = &["purge"];

/// The database `name` as version 0.1 left it, with `plan.json` beside it.
pub async fn left_by_0_1(name: &str) -> Stage {
    let stage = Stage::empty(name).await;
    let text = fixture(&format!("runs/{name}.json"));
    snapshot::restore(&stage.database, &text).await;
    assert_eq!(snapshot::taken(&stage.database).await, text);
    let records = stage.database.collection::<Document>("_ringfence_runs");
    let record = records.find_one(doc! {}).await.unwrap().unwrap();
    let plan = record.get_document("plan").unwrap().clone();
    let plan = bson::Bson::Document(plan).into_relaxed_extjson();
    std::fs::write(stage.path("plan.json"), plan.to_string()).unwrap();
    // The one thing that must be another: the server's own identity, which a run is bound to.
    let here = doc! { "$set": { "replica_set_id": replica_set_id(&stage).await } };
    records.update_one(doc! {}, here).await.unwrap();
    stage
}

pub async fn replica_set_id(stage: &Stage) -> String {
    let admin = stage.database.client().database("admin");
    let answer = admin
        .run_command(doc! { "replSetGetConfig": 1 })
        .await
        .unwrap();
    let settings = answer
        .get_document("config")
        .unwrap()
        .get_document("settings")
        .unwrap();
    settings.get_object_id("replicaSetId").unwrap().to_hex()
}

pub fn told(arguments: &[&str], said: &Said) -> String {
    format!(
        "$ ringfence {}\nexit {}\n{}{}\n",
        arguments.join(" "),
        said.code,
        said.out,
        said.err
    )
}

/// What reading says, and then, each on the database as it was left, what these commands say and leave.
async fn all_of(name: &str, ways: &[&[&str]]) -> Vec<(String, String)> {
    let stage = left_by_0_1(name).await;
    let mut reading = String::new();
    for arguments in READING {
        reading += &told(arguments, &stage.ringfence(arguments).await);
    }
    // All of it is in the record, so nothing else differs from run to run.
    let mut all = vec![(format!("runs/{name}.said.txt"), clock(&reading))];
    for way in ways {
        let stage = left_by_0_1(name).await;
        let mut text = String::new();
        for command in *way {
            let mut arguments: Vec<_> = command.split(' ').collect();
            arguments.extend(["--confirm", name]);
            text += &told(&arguments, &stage.ringfence(&arguments).await);
        }
        let status = ["status", "--json"];
        text += &told(&status, &stage.ringfence(&status).await);
        text += &snapshot::digests(&stage.database).await;
        let word: String = way.join("-then-").replace(" --", "-");
        let word = word.split(' ').next().unwrap();
        let word = word.trim_end_matches("-plan");
        all.push((format!("runs/{name}.{word}.txt"), volatile(&text)));
    }
    all
}

async fn kept(name: &str, ways: &[&[&str]]) {
    assert_kept(&all_of(name, ways).await);
}

/// The same, and what is said beside the journal that version 0.1 wrote.
async fn kept_with_journal(name: &str, ways: &[&[&str]], back: &[&str]) {
    let mut all = all_of(name, ways).await;
    all.push((
        format!("runs/{name}.journal.txt"),
        journals::told_beside(name, back).await,
    ));
    assert_kept(&all);
}

/// `apply --through customers`
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn customers_that_0_1_prepared_are_gone_on_with_and_back_from() {
    kept("v01_customers", &[APPLY, ROLLBACK]).await;
}

/// `apply --build-ahead`
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn copies_that_0_1_built_ahead_are_gone_on_with() {
    kept("v01_ahead", &[APPLY]).await;
}

/// `apply --through bookings`
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn bookings_that_0_1_prepared_are_gone_on_with() {
    kept("v01_bookings", &[APPLY, FINISH]).await;
}

/// `apply --through prove`
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn copies_that_0_1_proved_are_gone_on_with_and_back_from() {
    kept("v01_proved", &[APPLY, ROLLBACK]).await;
}

/// `apply --through cut-over`
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_cut_over_of_0_1_is_gone_on_with_and_back_from() {
    kept("v01_cut_over", &[APPLY, ROLLBACK]).await;
}

/// `apply`
#[tokio::test]
async fn a_whole_apply_of_0_1_is_verified_and_gone_back_from() {
    if support::full() {
        let ways = [APPLY, ROLLBACK, FINISH, PURGE];
        kept_with_journal("v01_verified", &ways, &["rollback"]).await;
    } else {
        kept("v01_verified", &[ROLLBACK]).await; // all of them and its journal take two minutes
    }
}

/// `apply`, and notes on the tests and on going live, in the console
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_application_that_went_live_on_0_1_is_finished_or_gone_back_from() {
    kept("v01_live", &[FINISH, KEEP_NEW, DISCARD_NEW]).await;
}

/// The same, then `finish`
#[tokio::test]
async fn a_run_that_0_1_finished_is_purged_and_neither_applied_again_nor_rolled_back() {
    kept("v01_finished", &[APPLY, ROLLBACK, FINISH, PURGE]).await;
}

/// `apply`, then `rollback`
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_run_that_0_1_rolled_back_is_applied_again() {
    kept("v01_rolled_back", &[APPLY, ROLLBACK, FINISH, PURGE]).await;
}

/// `apply`; a customer and a booking of theirs are inserted and another booking's price is changed; `rollback --discard-new`
#[tokio::test]
async fn what_0_1_discarded_stays_aside_until_it_is_purged() {
    kept("v01_discarded", &[ROLLBACK, PURGE]).await;
}

/// The same, with `rollback --keep-new`
#[tokio::test]
async fn what_0_1_carried_back_and_left_behind_is_still_told() {
    kept("v01_kept_new", &[PURGE]).await;
}

/// The same, killed when the users were renamed back, and the bookings and customers were not
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_0_1_left_half_done_is_ended_by_the_same_command_alone() {
    let ways: [&[&str]; 4] = [
        KEEP_NEW,
        &["unlock", "rollback"],
        &["unlock", "rollback --discard-new"],
        &["unlock", "rollback --keep-new"],
    ];
    kept_with_journal("v01_keeping_new", &ways, &["rollback", "--keep-new"]).await;
}

/// `apply --block-writes`, on a server with access control, where the block then holds
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_write_block_that_0_1_set_is_still_told() {
    kept("v01_blocked", &[ROLLBACK, &["unlock --write-block"]]).await;
}
