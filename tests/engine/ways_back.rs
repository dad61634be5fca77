//! Rolling back after the application wrote, and what is left after finish and purge.

use bson::oid::ObjectId;
use bson::{Document, doc};
use mongodb::Collection;

use crate::support::case::Case;
use crate::support::data::{BOOKING, USER, id};
use crate::support::picture;

fn of(case: &Case, name: &str) -> Collection<Document> {
    case.database.collection(name)
}

/// Writes as the new application would: one booking added, two changed, three deleted; one user changed.
async fn write_since(case: &Case) {
    let bookings = of(case, "Booking");
    let one = bookings
        .find_one(doc! { "_id": id(BOOKING, 10) })
        .await
        .unwrap();
    let mut new = one.unwrap();
    new.insert("_id", id(BOOKING, 700));
    new.insert("reference", "R-0700");
    bookings.insert_one(new).await.unwrap();
    let some = |from: u32, to: u32| doc! { "_id": { "$in": (from..to).map(|n| id(BOOKING, n)).collect::<Vec<_>>() } };
    bookings
        .update_many(some(20, 22), doc! { "$set": { "status": "changed" } })
        .await
        .unwrap();
    bookings.delete_many(some(30, 33)).await.unwrap();
    of(case, "User")
        .update_one(
            doc! { "_id": id(USER, 20) },
            doc! { "$set": { "name": "changed" } },
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_rollback_is_refused_with_counts_when_something_was_written_since_the_cut_over() {
    let case = Case::seeded().await;
    case.migrate().await;
    write_since(&case).await;
    let before = case.picture().await;
    case.roll_back(&[]).await.code(2).says(&[
        "Booking: 1 document added, 2 changed, 3 deleted",
        "User: 0 documents added, 1 changed, 0 deleted",
        "--discard-new",
    ]);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn each_kind_of_write_alone_keeps_a_rollback_from_happening() {
    let case = Case::seeded().await;
    case.migrate().await;
    let bookings = of(&case, "Booking");
    let one = doc! { "_id": id(BOOKING, 10) };
    let was = bookings.find_one(one.clone()).await.unwrap().unwrap();
    let mut new = was.clone();
    new.insert("_id", id(BOOKING, 700));
    new.insert("reference", "R-0700");
    bookings.insert_one(&new).await.unwrap();
    case.roll_back(&[])
        .await
        .code(2)
        .says(&["Booking: 1 document added, 0 changed, 0 deleted"]);
    bookings
        .delete_one(doc! { "_id": id(BOOKING, 700) })
        .await
        .unwrap();
    bookings
        .update_one(one.clone(), doc! { "$set": { "status": "x" } })
        .await
        .unwrap();
    case.roll_back(&[])
        .await
        .code(2)
        .says(&["0 documents added, 1 changed, 0 deleted"]);
    bookings.delete_one(one).await.unwrap();
    case.roll_back(&[])
        .await
        .code(2)
        .says(&["0 documents added, 0 changed, 1 deleted"]);
    bookings.insert_one(was).await.unwrap();
    case.roll_back(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_discards_goes_back_to_the_same_bytes_and_keeps_what_was_written_aside() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    write_since(&case).await;
    let written = case.picture().await;
    case.roll_back(&["--discard-new"])
        .await
        .code(0)
        .says(&["_ringfence_rolled_back_", "_Booking"]);
    let after = case.picture().await;
    assert_eq!(
        picture::differences(&before, &picture::application(&after), true),
        Vec::<String>::new()
    );
    for name in ["Booking", "User"] {
        let kept = &after[&picture::put_aside(after.keys(), name).unwrap()];
        assert_eq!(kept.documents, written[name].documents, "{name}");
    }
    assert!(
        !after
            .keys()
            .any(|name| name.contains("_next_") || name.contains("_before_"))
    );
    // Nothing of it is left after a purge.
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn finish_drops_the_originals_and_purge_the_rest_and_a_rollback_then_says_what_to_do() {
    let case = Case::seeded().await;
    let original = case.picture().await;
    case.migrate().await;
    let migrated = picture::application(&case.picture().await);
    case.ringfence(&["finish"]).await.code(3);
    case.ringfence(&["finish", "--confirm", "other"])
        .await
        .code(3);
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .says(&["finish it or roll it back first"]);
    case.ringfence(&["finish", "--confirm", &case.name])
        .await
        .code(0)
        .says(&["_ringfence_before_Booking", "purge"]);
    let names = |picture: &picture::Picture| -> Vec<String> {
        let ours = picture.keys().filter(|name| name.starts_with('_'));
        ours.cloned().collect()
    };
    assert_eq!(
        names(&case.picture().await),
        [
            "_ringfence_links",
            "_ringfence_quarantine",
            "_ringfence_runs"
        ]
    );
    let before = case.picture().await;
    let said = case.roll_back(&[]).await.code(1).says(&["restore"]);
    case.assert_same(&before).await;
    case.apply(&[])
        .await
        .code(0)
        .says(&["migrated by run", "nothing is left to do"]);
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    let after = case.picture().await;
    assert_eq!(names(&after), Vec::<String>::new());
    assert_eq!(
        picture::differences(&migrated, &after, true),
        Vec::<String>::new()
    );
    // The command that the refused rollback named gives the originals back.
    let command = said.err.split('`').nth(1).unwrap();
    let words: Vec<_> = command.split(' ').skip(1).collect();
    case.ringfence(&words).await.code(0);
    let restored = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&original, &restored, false),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_rollback_without_a_run_says_so_and_changes_nothing() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.roll_back(&[])
        .await
        .code(1)
        .says(&["nothing to roll back"]);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn finish_before_the_whole_is_done_is_refused() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "cut-over"]).await.code(0);
    let before = case.picture().await;
    let ended = case
        .ringfence(&["finish", "--confirm", &case.name])
        .await
        .says(&["not complete"]);
    assert_ne!(ended.code, 0);
    assert_eq!(
        picture::differences(
            &picture::but_runs(&before),
            &picture::but_runs(&case.picture().await),
            true
        ),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_application_that_writes_while_its_writes_are_carried_back_is_named_with_how_much() {
    let case = Case::seeded().await;
    case.migrate().await;
    write_since(&case).await;
    let bookings = of(&case, "Booking");
    let one = bookings.find_one(doc! {}).await.unwrap().unwrap();
    let writer = tokio::spawn(async move {
        for n in 0.. {
            let mut new = one.clone();
            new.insert("_id", ObjectId::new());
            new.insert("reference", format!("during {n}"));
            bookings.insert_one(new).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    });
    let refused = case.roll_back(&["--keep-new"]).await;
    writer.abort();
    let _ = writer.await; // aborted
    refused.code(1).says(&[
        "the application still writes",
        "to Booking",
        "Nothing was renamed",
    ]);
    let live = of(&case, "Booking");
    let during = doc! { "reference": { "$regex": "^during" } };
    let written = live.count_documents(during.clone()).await.unwrap();
    assert!(written > 0);
    case.roll_back(&["--keep-new"]).await;
    assert_eq!(live.count_documents(during).await.unwrap(), written);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn finish_says_what_was_changed_since_the_cut_over_in_each_rebuilt_collection() {
    let case = Case::seeded().await;
    case.migrate().await;
    let finish = ["finish", "--confirm", &case.name];
    let gate = case.session().await.finish_gate().await.unwrap();
    assert_eq!(
        gate.written,
        [
            "nothing since the cut-over: the documents of Customer, Booking, User are byte for byte what was proved"
        ]
    );
    write_since(&case).await;
    of(&case, "Customer").delete_one(doc! {}).await.unwrap();
    let gate = case.session().await.finish_gate().await.unwrap();
    assert_eq!(
        gate.written[..3],
        [
            "Booking: 1 document added, 2 changed, 3 deleted",
            "Customer: 0 documents added, 0 changed, 1 deleted",
            "User: 0 documents added, 1 changed, 0 deleted",
        ]
    );
    assert!(gate.written[3].contains("exact for what stands now"));
    // A refusal says it as well, and `--json` puts it into its document.
    let ended = case.ringfence(&[&["--json"], &finish[..]].concat()).await;
    let said: serde_json::Value = serde_json::from_str(&ended.code(0).out).unwrap();
    assert_eq!(
        said["writtenSince"][0],
        "Booking: 1 document added, 2 changed, 3 deleted"
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn finish_says_which_collections_cannot_be_counted() {
    let case = Case::seeded().await;
    case.migrate().await;
    of(&case, "_ringfence_before_User").drop().await.unwrap();
    let gate = case.session().await.finish_gate().await.unwrap();
    assert!(gate.written[0].contains("the original of User is gone"));
    assert!(gate.lost[0].contains("the original of User is gone"));
    let kept = of(&case, "_ringfence_before_Booking");
    kept.delete_one(doc! {}).await.unwrap();
    let bookings = of(&case, "Booking");
    let finish = ["finish", "--confirm", &case.name];
    case.ringfence(&finish).await.code(2).says(&[
        "written since the cut-over: cannot be counted",
        "the original of User is gone",
        "_ringfence_before_Booking, the original of Booking, was changed",
        "Nothing was changed",
        "--accept-lost-originals",
    ]);
    assert_eq!(kept.count_documents(doc! {}).await.unwrap(), 149);
    case.ringfence(&[&finish[..], &["--accept-lost-originals"]].concat())
        .await
        .code(0);
    assert_eq!(bookings.count_documents(doc! {}).await.unwrap(), 147);
    let names = case.database.list_collection_names().await.unwrap();
    assert!(!names.iter().any(|name| name.contains("_before_")));
}
