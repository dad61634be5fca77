//! Indexes and validators that are made on live collections while a migration is under way.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::Database;
use ringfence::demo::server::Topology;

use crate::support::case::Case;
use crate::support::data::{BOOKING, id, run};
use crate::support::{self, picture};

/// Makes an index.
async fn index(database: &Database, collection: &str, index: Document) {
    run(
        database,
        doc! { "createIndexes": collection, "indexes": [index] },
    )
    .await;
}

fn key(picture: &picture::Picture, collection: &str, index: &str) -> Document {
    let index = picture[collection].indexes.get(index).expect(index);
    Document::try_from(index.get_document("key").unwrap()).unwrap()
}

/// Changes what lives on every rebuilt collection that is live now.
async fn change(database: &Database) {
    let both = doc! { "key": { "userId": 1, "status": -1 }, "name": "Booking_userId_status_idx" };
    index(database, "Booking", both).await;
    let ends =
        doc! { "key": { "endsAt": 1 }, "name": "Booking_endsAt_idx", "expireAfterSeconds": 90_000 };
    index(database, "Booking", ends).await;
    run(
        database,
        doc! { "dropIndexes": "Booking", "index": "Booking_open_idx" },
    )
    .await;
    run(
        database,
        doc! { "collMod": "Booking", "validator": { "serviceId": { "$exists": true } } },
    )
    .await;
    let tier = doc! { "key": { "tier": 1, "name": 1 }, "name": "Customer_tier_name_idx" };
    index(database, "Customer", tier).await;
    let name = doc! { "key": { "name": 1 }, "name": "User_name_idx" };
    index(database, "User", name).await;
}

/// Fails unless what is live has what [`change`] made.
fn carried(now: &picture::Picture) {
    let both = key(now, "Booking", "Booking_customerId_status_idx");
    assert_eq!(both, doc! { "customerId": 1, "status": -1 });
    assert!(!now["Booking"].indexes.contains_key("Booking_open_idx"));
    let ends = &now["Booking"].indexes["Booking_endsAt_idx"];
    assert_eq!(ends.get_i32("expireAfterSeconds").unwrap(), 90_000);
    key(now, "Customer", "Customer_tier_name_idx");
    key(now, "User", "User_name_idx");
    let options = Document::try_from(&*now["Booking"].options).unwrap();
    let validator = options.get_document("validator").unwrap();
    assert!(validator.contains_key("serviceId"), "{options}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_changed_on_live_collections_since_a_step_is_carried_by_name_and_goes_back() {
    for through in ["customers", "bookings", "prove"] {
        let case = Case::seeded().await;
        case.plan().await;
        case.apply(&["--through", through]).await.code(0);
        change(&case.database).await;
        let before = picture::application(&case.picture().await);
        let ended = case.apply(&[]).await.code(0);
        if through == "prove" {
            ended.says(&[
                "index Booking_customerId_status_idx of Booking was made",
                "index Booking_open_idx of Booking was dropped",
                "index Customer_tier_name_idx of Customer was made",
            ]);
        }
        carried(&case.picture().await);
        case.ringfence(&["verify"]).await.code(0);
        case.apply(&[]).await.code(0);
        case.roll_back(&[]).await.code(0);
        let now = picture::application(&case.picture().await);
        assert_eq!(
            picture::differences(&before, &now, true),
            Vec::<String>::new(),
            "{through}"
        );
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_and_an_option_made_on_users_after_the_cut_over_are_there_after_the_clean_up() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "cut-over"]).await.code(0);
    let name = doc! { "key": { "name": 1 }, "name": "User_name_idx" };
    index(&case.database, "User", name).await;
    let images = doc! { "collMod": "User", "changeStreamPreAndPostImages": { "enabled": true } };
    run(&case.database, images).await;
    let said = case.apply(&["--through", "clean-users"]).await.code(0);
    said.says(&[
        "index User_name_idx of User was made",
        "whether change streams of User see documents before a change",
    ]);
    let now = case.picture().await;
    key(&now, "User", "User_name_idx");
    let options = Document::try_from(&*now["User"].options).unwrap();
    assert!(
        options.contains_key("changeStreamPreAndPostImages"),
        "{options}"
    );
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_that_cannot_be_built_over_the_copy_stops_the_run_before_the_renames_and_is_named()
{
    let geo = doc! { "key": { "phone": "2dsphere" }, "name": "Customer_where" };
    let text =
        doc! { "key": { "notes": "text" }, "name": "Customer_words", "language_override": "phone" };
    // Users 12 and 15 become one customer.
    let slot = doc! { "key": { "userId": 1, "slot": 1 }, "name": "Booking_userId_slot_key", "unique": true, "partialFilterExpression": { "slot": 7 } };
    for ((collection, late), named) in [
        (("Customer", geo), "Customer_where"),
        (("Customer", text), "Customer_words"),
        (("Booking", slot), "Booking_customerId_slot_key"),
    ] {
        for through in ["bookings", "prove"] {
            let case = Case::seeded().await;
            let bookings = case.database.collection::<Document>("Booking");
            for (n, user) in [(700, 12), (701, 15)] {
                let new = doc! { "_id": id(BOOKING, n), "userId": id(crate::support::data::USER, user), "serviceId": id(crate::support::data::SERVICE, 0), "reference": format!("R-{n}"), "status": "open", "slot": 7, "notes": "n" };
                bookings.insert_one(new).await.unwrap();
            }
            case.plan().await;
            case.apply(&["--through", through]).await.code(0);
            index(&case.database, collection, late.clone()).await;
            let before = picture::application(&case.picture().await);
            let stopped = case.apply(&[]).await;
            assert!(!stopped.err.contains("dup key"), "{}", stopped.err);
            if collection == "Booking" {
                stopped.code(4).says(&["booking-unique"]); // a conflict that the plan does not know
            } else {
                let words = [named, "cannot be built", "What is live is unchanged"];
                stopped.code(2).says(&words);
            }
            let now = picture::application(&case.picture().await);
            assert_eq!(
                picture::differences(&before, &now, true),
                Vec::<String>::new()
            );
            // Without it the same command goes on.
            let name = late.get_str("name").unwrap();
            let of = case.database.collection::<Document>(collection);
            of.drop_index(name).await.unwrap();
            case.apply(&[]).await.code(0);
        }
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_validator_that_comes_late_and_names_a_field_that_leaves_stops_the_run_before_the_renames()
 {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    run(
        &case.database,
        doc! { "collMod": "Booking", "validator": { "userId": { "$exists": true } } },
    )
    .await;
    let before = picture::application(&case.picture().await);
    let stopped = case.apply(&[]).await.code(1);
    stopped.says(&["the validator of Booking names userId"]);
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_made_while_the_rename_waits_is_built_on_what_is_live_and_goes_back() {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    crate::support::data::seed(&case.database).await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let admin = case.database.client().database("admin");
    let wait = doc! { "failCommands": ["renameCollection"], "appName": "ringfence", "blockConnection": true, "blockTimeMS": 2_500 };
    let arm = doc! { "configureFailPoint": "failCommand", "mode": { "times": 4 }, "data": wait };
    run(&admin, arm).await;
    let meanwhile = async {
        // Journaled, so the last look is over; the first rename waits.
        let runs = case.database.collection::<Document>("_ringfence_runs");
        let began = doc! { "collections.booking.swap_began": true };
        for _ in 0..1_000 {
            if runs.find_one(began.clone()).await.unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let both =
            doc! { "key": { "userId": 1, "status": 1 }, "name": "Booking_userId_status_idx" };
        let ends = doc! { "key": { "endsAt": 1 }, "name": "Booking_endsAt_idx", "expireAfterSeconds": 90_000 };
        run(
            &case.database,
            doc! { "createIndexes": "Booking", "indexes": [both, ends] },
        )
        .await;
    };
    let before = picture::documents(&case.database, "Booking").await;
    let (ended, ()) = tokio::join!(case.apply(&[]), meanwhile);
    ended
        .code(0)
        .says(&["index Booking_customerId_status_idx of Booking was made"]);
    let now = case.picture().await;
    key(&now, "Booking", "Booking_customerId_status_idx");
    let kept = &now["_ringfence_before_Booking"].indexes["Booking_endsAt_idx"];
    assert_eq!(kept.get_i32("expireAfterSeconds").unwrap(), i32::MAX);
    let live = &now["Booking"].indexes["Booking_endsAt_idx"];
    assert_eq!(live.get_i32("expireAfterSeconds").unwrap(), 90_000);
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let back = case.picture().await;
    assert_eq!(before, back["Booking"].documents);
    key(&back, "Booking", "Booking_userId_status_idx");
    let ends = &back["Booking"].indexes["Booking_endsAt_idx"];
    assert_eq!(ends.get_i32("expireAfterSeconds").unwrap(), 90_000);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_that_the_new_application_makes_is_said_by_verify_and_is_not_wrong() {
    let case = Case::seeded().await;
    case.migrate().await;
    let own = doc! { "key": { "customerId": 1, "createdAt": 1 }, "name": "of_the_new_code" };
    index(&case.database, "Booking", own).await;
    let said = case.ringfence(&["verify"]).await.code(0);
    said.says(&[
        "nothing wrong",
        "index of_the_new_code of Booking was made since the cut-over",
    ]);
    case.apply(&[]).await.code(0);
    case.roll_back(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_before_the_cut_over_leaves_an_index_that_was_made_since_and_says_nothing_of_it()
{
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let late = doc! { "key": { "status": 1 }, "name": "late" };
    index(&case.database, "Booking", late).await;
    let before = picture::application(&case.picture().await);
    case.roll_back(&[]).await.code(0);
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_that_was_made_by_hand_on_a_kept_original_is_dropped_by_name_before_it_comes_back()
{
    for options in [&[][..], &["--keep-new"], &["--discard-new"]] {
        let case = Case::seeded().await;
        let before = picture::application(&case.picture().await);
        case.migrate().await;
        let kept = "_ringfence_before_Booking";
        let hand = doc! { "key": { "endsAt": 1 }, "name": "hand", "expireAfterSeconds": 2_000_000 };
        index(&case.database, kept, hand).await;
        let drop = doc! { "dropIndexes": kept, "index": "Booking_open_idx" };
        run(&case.database, drop).await;
        case.ringfence(&["verify"]).await.code(0);
        let live = case.database.collection::<Document>("Booking");
        if !options.is_empty() {
            let mut new = live.find_one(doc! {}).await.unwrap().unwrap();
            new.insert("_id", id(BOOKING, 990));
            new.insert("reference", "new");
            live.insert_one(new).await.unwrap();
            // A refusal drops nothing.
            case.roll_back(&[]).await.code(2);
            let indexes = &case.picture().await[kept].indexes;
            assert!(indexes.contains_key("hand"));
        }
        case.roll_back(options)
            .await
            .code(0)
            .says(&["index hand of _ringfence_before_Booking", "it is dropped"]);
        live.delete_one(doc! { "_id": id(BOOKING, 990) })
            .await
            .unwrap();
        let now = picture::application(&case.picture().await);
        // What is carried back stands in a merged copy.
        let same = !options.contains(&"--keep-new");
        assert_eq!(
            picture::differences(&before, &now, same),
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn other_options_of_a_kept_original_are_refused_before_anything_is_renamed() {
    let case = Case::seeded().await;
    case.migrate().await;
    let kept = "_ringfence_before_Booking";
    let change = doc! { "collMod": kept, "validator": { "serviceId": { "$exists": true } } };
    run(&case.database, change).await;
    let before = picture::application(&case.picture().await);
    for options in [&[][..], &["--keep-new"], &["--discard-new"]] {
        case.roll_back(options).await.code(2).says(&[
            "other options or indexes",
            "Nothing was changed",
            "metadata.json",
        ]);
        let now = picture::application(&case.picture().await);
        assert_eq!(
            picture::differences(&before, &now, true),
            Vec::<String>::new()
        );
    }
}
