//! What the run made live, or what a side collection alone keeps, and somebody dropped or changed: it is said, and nothing goes on over it.

use bson::{Document, doc};

use crate::support::case::Case;
use crate::support::picture;

const GONE: &str = "stands nowhere any more";

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_made_live_and_dropped_since_is_said_and_only_giving_up_what_was_written_goes_back()
 {
    for (name, anew) in [("Booking", true), ("User", false)] {
        let case = Case::seeded().await;
        let before = case.picture().await;
        case.migrate().await;
        let live = case.database.collection::<Document>(name);
        let document = live.find_one(doc! {}).await.unwrap().unwrap();
        live.drop().await.unwrap();
        if anew {
            live.insert_one(document).await.unwrap();
        }
        case.ringfence(&["verify"])
            .await
            .code(2)
            .says(&[name, GONE]);
        case.ringfence(&["status"])
            .await
            .code(0)
            .says(&["MISSING", name, "--discard-new"]);
        let picture = case.picture().await;
        case.apply(&[]).await.code(2).says(&[name, GONE]);
        case.ringfence(&["finish", "--confirm", &case.name])
            .await
            .code(2)
            .says(&[name, GONE]);
        for option in [&[][..], &["--keep-new"]] {
            case.roll_back(option).await.code(2).says(&[name, GONE]);
        }
        let was = picture::application(&picture);
        let now = picture::application(&case.picture().await);
        assert_eq!(picture::differences(&was, &now, true), Vec::<String>::new());
        // What stands under the name is a stray: nothing of it is dropped.
        let code = if anew { 2 } else { 0 };
        case.roll_back(&["--discard-new"]).await.code(code);
        let now = picture::application(&case.picture().await);
        let differences = picture::differences(&before, &now, true);
        assert_eq!(differences, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_view_under_a_live_name_refuses_a_rollback_before_its_first_rename() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let admin = case.database.client().database("admin");
    let of = |name: &str| format!("{}.{name}", case.name);
    let rename = doc! { "renameCollection": of("Booking"), "to": of("bookings") };
    admin.run_command(rename).await.unwrap();
    let view = doc! { "create": "Booking", "viewOn": "bookings", "pipeline": [] };
    case.database.run_command(view).await.unwrap();
    case.roll_back(&["--discard-new"])
        .await
        .code(1)
        .says(&["Booking is a view now", "Nothing was changed"]);
    case.database
        .collection::<Document>("Booking")
        .drop()
        .await
        .unwrap();
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let mut now = picture::application(&case.picture().await);
    now.remove("system.views");
    let differences = picture::differences(&before, &now, true);
    assert_eq!(differences, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn finish_refuses_where_a_side_collection_lost_or_changed_what_the_originals_alone_still_hold()
 {
    let case = Case::seeded().await;
    case.migrate().await;
    let finish = ["finish", "--confirm", &case.name];
    for (name, change) in [
        (
            "_ringfence_quarantine",
            Some(doc! { "$set": { "by": "hand" } }),
        ),
        ("_ringfence_quarantine", None),
        ("_ringfence_links", None),
    ] {
        let side = case.database.collection::<Document>(name);
        let whole = side.find_one(doc! {}).await.unwrap().unwrap();
        let this = doc! { "_id": whole.get("_id").unwrap() };
        match change {
            Some(change) => drop(side.update_one(this.clone(), change).await.unwrap()),
            None => drop(side.delete_one(this.clone()).await.unwrap()),
        }
        case.ringfence(&finish)
            .await
            .code(2)
            .says(&[name, "Nothing was changed"]);
        let names = case.database.list_collection_names().await.unwrap();
        assert!(names.contains(&"_ringfence_before_Booking".to_owned()));
        side.delete_one(this).await.unwrap();
        side.insert_one(whole).await.unwrap();
    }
    case.ringfence(&finish).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn purge_keeps_links_and_quarantine_while_originals_stand_without_a_run() {
    let case = Case::seeded().await;
    case.migrate().await;
    let runs = case.database.collection::<Document>("_ringfence_runs");
    runs.drop().await.unwrap();
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(1)
        .says(&[
            "_ringfence_before_Booking",
            "Links and quarantine belong to them",
        ]);
    let names = case.database.list_collection_names().await.unwrap();
    for name in ["_ringfence_links", "_ringfence_quarantine"] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
}
