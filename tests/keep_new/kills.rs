//! kill -9 while it carries back: at every rename, and at inserts, index builds, drops and writes of the run record. The same command again
//! ends like one that was never stopped.

use std::process::Stdio;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use mongodb::Client;
use ringfence::demo::server::{Server, Topology};
use tokio::process::Child;

use crate::keep_new::expected::{Migrated, new_booking};
use crate::support::case::Case;
use crate::support::data::{BOOKING, CUSTOMER, USER, id};
use crate::support::picture::{self, Picture};
use crate::support::{self, data};

/// How long a command is held back; the kill comes within it.
const HELD_MS: i32 = 700;

async fn server() -> Server {
    support::private(
        Topology::ReplicaSet(1),
        &["--setParameter", "enableTestCommands=1"],
    )
    .await
}

async fn admin(server: &Server, command: Document) -> Document {
    let client = Client::with_uri_str(server.uri("admin")).await.unwrap();
    let ran = client.database("admin").run_command(command.clone()).await;
    ran.unwrap_or_else(|error| panic!("{command}: {error}"))
}

/// A migrated database with a change in each of the three collections, so that each has a merged copy.
async fn written_to(server: &Server, name: &str) -> Migrated {
    let case = Case::at(server.uri(name), name.to_owned()).await;
    data::seed(&case.database).await;
    let world = Migrated::of_case(case, "verify").await;
    let customer = world.customer_of(67).await;
    world.insert("Booking", new_booking(700, customer)).await;
    world.delete("Booking", id(BOOKING, 61)).await;
    world
        .update("Customer", customer, doc! { "$set": { "phone": "+9" } })
        .await;
    world
        .update(
            "Customer",
            id(CUSTOMER, 1),
            doc! { "$set": { "name": "Changed" } },
        )
        .await;
    world
        .update("User", id(USER, 20), doc! { "$set": { "last": 1 } })
        .await;
    world
}

/// All that a rollback leaves, but for the run record.
async fn end(world: &Migrated) -> Picture {
    picture::without_run_ids(&picture::but_runs(&world.case.picture().await))
}

/// Starts a rollback and holds this command of ours back from the `nth` on, for so long. `None` where the rollback ended before.
async fn held_at(
    server: &Server,
    world: &Migrated,
    (command, nth): (&str, i32),
    millis: i32,
) -> Option<Child> {
    let point = doc! {
        "configureFailPoint": "failCommand", "mode": { "skip": nth },
        "data": { "failCommands": [command], "blockConnection": true, "blockTimeMS": millis, "appName": "ringfence" },
    };
    let count = admin(server, point).await;
    let entered = count.get_i64("count");
    let entered = entered.or_else(|_| count.get_i32("count").map(i64::from));
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(["--uri", &world.case.uri, "--watch-seconds", "0", "rollback"])
        .args(["--keep-new", "--confirm", &world.case.name])
        .current_dir(world.case.folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let wait = doc! { "waitForFailPoint": "failCommand", "timesEntered": entered.unwrap() + 1, "maxTimeMS": 30_000 };
    tokio::select! {
        _ = admin(server, wait) => Some(child),
        _ = child.wait() => {
            let_go(server).await;
            None
        }
    }
}

/// Holds nothing back from now on.
async fn let_go(server: &Server) {
    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    admin(server, off).await;
}

/// Holds this command of ours back from the `nth` on, and kills -9 in the middle. False where the rollback ended before.
async fn kill_at(server: &Server, world: &Migrated, command: &str, nth: i32) -> bool {
    let Some(mut child) = held_at(server, world, (command, nth), HELD_MS).await else {
        return false;
    };
    child.kill().await.unwrap();
    let_go(server).await;
    true
}

/// What was held back is done, or given up, before the next command.
async fn wait_until_quiet(server: &Server) {
    let ours = doc! { "currentOp": true, "appName": "ringfence", "active": true };
    let deadline = Instant::now() + Duration::from_secs(30);
    while !admin(server, ours.clone())
        .await
        .get_array("inprog")
        .unwrap()
        .is_empty()
    {
        assert!(Instant::now() < deadline, "an operation of ours never ends");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Kills at every `step`th of this command, and compares. Returns how often it was killed.
async fn killed_at_each(command: &str, step: usize) -> u32 {
    let server = server().await;
    let whole = written_to(&server, "whole").await;
    whole.keep_new().await.code(0);
    let expected = end(&whole).await;
    let mut kills = 0;
    for nth in (0..40).step_by(step) {
        let world = written_to(&server, &format!("k{nth}")).await;
        if !kill_at(&server, &world, command, nth).await {
            break;
        }
        kills += 1;
        wait_until_quiet(&server).await;
        world.keep_new().await;
        let other = picture::differences(&expected, &end(&world).await, false);
        assert!(other.is_empty(), "killed at {command} {nth}: {other:#?}");
        world
            .case
            .roll_back(&[])
            .await
            .code(0)
            .says(&["rolled back already"]);
        world.case.database.drop().await.unwrap();
    }
    eprintln!("{command}: killed {kills} times");
    kills
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_kill_at_any_rename_and_the_same_command_again_end_alike() {
    assert_eq!(killed_at_each("renameCollection", 1).await, 6);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_kill_while_the_copies_are_built_and_the_same_command_again_end_alike() {
    let step = if crate::support::full() { 1 } else { 2 };
    assert!(killed_at_each("insert", step).await >= 2);
    assert!(killed_at_each("createIndexes", step).await >= 2);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_kill_at_any_drop_or_note_and_the_same_command_again_end_alike() {
    let step = if crate::support::full() { 1 } else { 9 };
    assert!(killed_at_each("drop", step).await >= 2);
    assert!(killed_at_each("update", step).await >= 2);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_is_half_done_is_finished_by_the_same_choice_only() {
    let server = server().await;
    let world = written_to(&server, "half").await;
    assert!(kill_at(&server, &world, "renameCollection", 3).await);
    wait_until_quiet(&server).await;
    let half = world.case.picture().await;
    for other in [&[][..], &["--discard-new"]] {
        let said = world.case.roll_back(other).await.code(1);
        said.says(&["half done", "rollback --confirm half --keep-new"]);
    }
    world.case.assert_same(&half).await;
    world.keep_new().await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_copy_that_is_not_what_it_must_be_is_named_by_the_proof_and_nothing_is_renamed() {
    let server = server().await;
    let world = written_to(&server, "proof").await;
    let before = picture::application(&world.case.picture().await);
    let set = |field: &str, value: bson::Bson| doc! { "$set": { field: value } };
    let tampered: [(&str, u8, u32, Option<Document>); 6] = [
        ("Booking", BOOKING, 60, None),
        ("Booking", BOOKING, 700, None),
        ("Booking", BOOKING, 62, Some(set("status", "other".into()))),
        (
            "Booking",
            BOOKING,
            700,
            Some(set("userId", id(USER, 9).into())),
        ),
        ("Booking", BOOKING, 144, Some(set("notes", "other".into()))),
        ("User", USER, 20, Some(doc! { "$unset": { "last": "" } })),
    ];
    for (name, kind, number, update) in tampered {
        let child = held_at(&server, &world, ("createIndexes", 0), 2_000).await;
        let copy = world.of(&format!("_ringfence_merged_{name}"));
        let of = doc! { "_id": id(kind, number) };
        match &update {
            Some(update) => {
                let updated = copy.update_one(of, update.clone()).await.unwrap();
                assert_eq!(updated.modified_count, 1, "{name} {number}");
            }
            None => assert_eq!(copy.delete_one(of).await.unwrap().deleted_count, 1),
        }
        let_go(&server).await;
        let ended = child.unwrap().wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(
            ended.status.code(),
            Some(2),
            "{name} {number} {update:?}: {said}"
        );
        assert!(
            said.contains("the proof of what would come back failed"),
            "{said}"
        );
        let now = picture::application(&world.case.picture().await);
        assert_eq!(
            picture::differences(&before, &now, true),
            Vec::<String>::new()
        );
    }
    world.keep_new().await.code(0);
}
