//! What the kills found, one test each, small and by name.

use bson::{Document, doc};
use tokio::sync::{Mutex, MutexGuard};

use crate::crash::reference;
use crate::support::case::Case;
use crate::support::data::{BOOKING, SERVICE, USER, booking, id};
use crate::support::hold::kill_at;
use crate::support::picture::Picture;

/// A small database with expiries and validators, and its plan, on the shared server.
struct Small {
    case: Case,
    original: Picture,
    /// The failpoints are the whole server's.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::const_new(());

impl Small {
    async fn new() -> Self {
        let alone = ALONE.lock().await;
        let case = Case::seeded().await;
        case.plan().await;
        Self {
            original: case.picture().await,
            case,
            _alone: alone,
        }
    }

    fn apply(&self) -> [&str; 5] {
        ["apply", "--plan", "plan.json", "--confirm", &self.case.name]
    }

    async fn swap_began(&self, collection: &str) -> bool {
        let record = reference::latest_run(&self.case.database).await.unwrap();
        let collections = record.get_document("collections").unwrap();
        let of = collections.get_document(collection);
        of.is_ok_and(|of| of.get_bool("swap_began").unwrap())
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_cut_over_that_was_killed_after_its_renames_still_puts_validators_and_expiries_on() {
    let small = Small::new().await;
    for (point, live) in [("collMod Booking +1", "Booking"), ("collMod User", "User")] {
        kill_at(&small.case, &small.apply(), point).await;
        let now = small.case.picture().await;
        assert_ne!(now[live].options, small.original[live].options);
    }
    small.case.apply(&[]).await.code(0);
    let now = small.case.picture().await;
    for live in ["Booking", "User"] {
        assert_ne!(now[live].uuid, small.original[live].uuid);
        assert_eq!(now[live].options, small.original[live].options);
    }
    let expiry = "Booking_expiresAt_idx";
    assert_eq!(
        now["Booking"].indexes[expiry],
        small.original["Booking"].indexes[expiry]
    );
    small.case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_swaps_have_one_journal_entry_and_a_run_that_was_killed_around_it_can_still_be_rolled_back()
 {
    let small = Small::new().await;
    small.case.apply(&["--through", "prove"]).await.code(0);
    kill_at(&small.case, &small.apply(), "update _ringfence_runs +4").await;
    assert_eq!(
        small.swap_began("customer").await,
        small.swap_began("booking").await
    );
    small.case.apply(&[]).await.code(0);
    small.case.roll_back(&[]).await.code(0);
    reference::assert_back(&small.case, &small.original).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_is_written_after_a_kill_before_the_renames_is_taken_in_and_backed_up_with_true_expiries()
 {
    let small = Small::new().await;
    kill_at(&small.case, &small.apply(), "rename Customer").await;
    assert!(small.swap_began("booking").await);
    let mut new = booking(500);
    new.insert("userId", id(USER, 21));
    new.insert("serviceId", id(SERVICE, 0));
    let bookings = small.case.database.collection::<Document>("Booking");
    bookings.insert_one(new).await.unwrap();
    let said = small.case.apply(&[]).await.code(0);
    assert!(!said.err.contains("differ"), "{said:?}");
    let taken = bookings.find_one(doc! { "_id": id(BOOKING, 500) }).await;
    assert!(taken.unwrap().unwrap().contains_key("customerId"));
    let record = reference::latest_run(&small.case.database).await.unwrap();
    let backup = record.get_document("backup").unwrap();
    let folder = small.case.path(backup.get_str("path").unwrap());
    let metadata = folder.join(&small.case.name).join("Booking.metadata.json");
    let metadata = std::fs::read_to_string(metadata).unwrap();
    assert!(metadata.contains("86400"), "{metadata}");
    small.case.roll_back(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_finish_that_was_killed_between_its_drops_is_finished_by_the_same_command() {
    let small = Small::new().await;
    small.case.apply(&[]).await.code(0);
    let finish = ["finish", "--confirm", &small.case.name];
    for point in [
        "drop _ringfence_before_Booking",
        "drop _ringfence_before_User",
        "drop _ringfence_next_User",
    ] {
        kill_at(&small.case, &finish, point).await;
    }
    small.case.ringfence(&finish).await.code(0);
    let names = small.case.database.list_collection_names().await.unwrap();
    assert!(
        !names.iter().any(|name| name.contains("_before_")),
        "{names:?}"
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn finish_and_rollback_again_say_that_nothing_is_left_to_do_and_do_nothing() {
    let small = Small::new().await;
    for verb in ["rollback", "finish"] {
        let words = [verb, "--confirm", &small.case.name];
        small.case.apply(&[]).await.code(0);
        small.case.ringfence(&words).await.code(0);
        let before = small.case.picture().await;
        let again = small.case.ringfence(&words).await.code(0);
        again.says(&["already", "nothing is left to do"]);
        small
            .case
            .ringfence(&[verb, "--confirm", "other"])
            .await
            .code(3);
        small.case.assert_same(&before).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_plan_that_was_kept_by_a_killed_run_is_recorded_as_reviewed_by_the_next() {
    let small = Small::new().await;
    small.case.apply(&["--through", "document"]).await.code(0);
    // After the survey's and the stop's records, and after the plan itself.
    kill_at(&small.case, &small.apply(), "update _ringfence_runs +4").await;
    let reviewed = async || {
        let record = reference::latest_run(&small.case.database).await.unwrap();
        assert!(record.get_document("plan").is_ok());
        record.get_document("steps").unwrap().contains_key("review")
    };
    assert!(!reviewed().await);
    small.case.apply(&[]).await.code(0);
    assert!(reviewed().await);
}
