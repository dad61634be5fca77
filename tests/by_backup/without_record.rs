//! A rollback without the run's record: what equals the backup comes back, and what is live goes aside.

use bson::doc;

use crate::by_backup::world::{
    assert_back, backup, book, dump_drop_and_restore, lose_record, migrates_again, of, rename,
};
use crate::schema_step::world;
use crate::support::case::{Case, Ended};
use crate::support::data;
use crate::support::nth;
use crate::support::picture;

async fn back(case: &Case, backup: &str) -> Ended {
    case.roll_back(&["--without-record", "--backup", backup])
        .await
}

#[tokio::test]
async fn without_the_record_the_originals_come_back_and_what_was_live_stands_aside_until_purge() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let backup = backup(&case);
    book(&case, 700).await;
    let migrated = case.picture().await;
    lose_record(&case).await;
    let words = [
        "_ringfence_before_Booking",
        "rollback --without-record --backup",
    ];
    case.ringfence(&["verify"]).await.code(2).says(&words);
    case.ringfence(&["status"]).await.code(0).says(&words);
    case.ringfence(&["report"]).await.code(1).says(&words);
    case.roll_back(&[]).await.code(1).says(&words);
    back(&case, &backup).await.code(0).says(&[
        "byte for byte",
        "_ringfence_rolled_back_norecord1_Booking (148 documents)",
        "cannot be counted",
    ]);
    assert_back(&case, &before, true).await;
    let now = case.picture().await;
    for name in ["Booking", "Customer", "User"] {
        let aside = &now[&format!("_ringfence_rolled_back_norecord1_{name}")];
        assert_eq!(aside.documents, migrated[name].documents, "{name}");
    }
    case.ringfence(&["status"])
        .await
        .code(0)
        .says(&["stands aside in _ringfence_rolled_back_norecord1_Booking"]);
    // The same command again, and the whole way once more.
    back(&case, &backup).await.code(0);
    assert_back(&case, &before, true).await;
    migrates_again(&case).await;
    let backup = crate::by_backup::world::backup(&case);
    lose_record(&case).await;
    back(&case, &backup)
        .await
        .code(0)
        .says(&["_ringfence_rolled_back_norecord2_Booking"]);
    assert_back(&case, &before, true).await;
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn one_original_that_is_not_what_the_backup_holds_keeps_all_of_them_where_they_are() {
    let case = Case::seeded().await;
    case.migrate().await;
    let backup = backup(&case);
    lose_record(&case).await;
    let change = |name: &'static str| of(&case, name);
    change("_ringfence_before_User")
        .update_one(doc! {}, doc! { "$set": { "x": 1 } })
        .await
        .unwrap();
    let before = case.picture().await;
    back(&case, &backup).await.code(2).says(&[
        "_ringfence_before_User, the original of User, does not hold what the backup holds (40 documents here, 40 documents there)",
        "Nothing was changed",
    ]);
    case.assert_same(&before).await;
    of(&case, "_ringfence_before_User").drop().await.unwrap();
    let before = case.picture().await;
    back(&case, &backup)
        .await
        .code(2)
        .says(&["User has no original aside", "Nothing was changed"]);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_backup_that_is_none_or_of_another_database_changes_nothing() {
    let case = Case::seeded().await;
    case.migrate().await;
    let other = Case::empty().await;
    of(&other, "Booking")
        .insert_one(doc! { "_id": 1 })
        .await
        .unwrap();
    let elsewhere = other.path("elsewhere").display().to_string();
    other
        .ringfence(&["backup", "--out", &elsewhere])
        .await
        .code(0);
    lose_record(&case).await;
    let before = case.picture().await;
    back(&case, "nowhere").await.code(1);
    back(&case, &elsewhere).await.code(2).says(&[
        "_ringfence_before_User is an original of which the backup holds nothing",
        "Nothing was changed",
    ]);
    let empty = case.path("empty");
    std::fs::create_dir_all(empty.join(&case.name)).unwrap();
    back(&case, &empty.display().to_string())
        .await
        .code(2)
        .says(&[
            "_ringfence_before_User is an original of which the backup holds nothing",
            "Nothing was changed",
        ]);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_record_that_knows_its_collections_is_used_instead() {
    let case = Case::seeded().await;
    case.migrate().await;
    let before = case.picture().await;
    back(&case, &backup(&case))
        .await
        .code(1)
        .says(&["the record of this run stands", "Leave out"]);
    case.assert_same(&before).await;
    case.roll_back(&[]).await.code(0);
    back(&case, &backup(&case)).await.code(1).says(&["nothing"]);
    case.roll_back(&["--without-record"]).await.code(1);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_database_that_was_dropped_and_restored_goes_back_by_the_backup() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let backup = backup(&case);
    dump_drop_and_restore(&case).await;
    book(&case, 700).await;
    let words = [
        "knows none of the collections that stand",
        "rollback --without-record --backup",
    ];
    case.ringfence(&["verify"]).await.code(2).says(&words);
    case.ringfence(&["status"]).await.code(0).says(&words);
    case.roll_back(&[]).await.code(1).says(&words);
    back(&case, &backup).await.code(0);
    assert_back(&case, &before, false).await;
    case.roll_back(&[])
        .await
        .code(0)
        .says(&["rolled back already"]);
    migrates_again(&case).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn options_and_indexes_come_from_the_backup_and_names_are_given_back() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let backup = backup(&case);
    lose_record(&case).await;
    let original = "_ringfence_before_Booking";
    of(&case, original)
        .drop_index("Booking_userId_idx")
        .await
        .unwrap();
    let commands = [
        doc! { "createIndexes": original, "indexes": [{ "key": { "x": 1 }, "name": "x_1" }] },
        doc! { "collMod": original, "validator": { "status": "other" }, "validationLevel": "strict" },
    ];
    for command in commands {
        data::run(&case.database, command).await;
    }
    // As an after-schema's `@@map` asks; and the original was renamed too.
    rename(&case, "Booking", "bookings").await;
    rename(&case, "Business", "businesses").await;
    rename(&case, original, "old_bookings").await;
    let live = case.picture().await;
    back(&case, &backup)
        .await
        .code(0)
        .says(&["businesses is called Business again"]);
    assert_back(&case, &before, true).await;
    let now = case.picture().await;
    assert_eq!(
        now["_ringfence_rolled_back_norecord1_bookings"].documents,
        live["bookings"].documents
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_cut_over_that_was_killed_between_two_renames_goes_back_without_its_record() {
    let server = nth::server().await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    of(&case, "Customer").drop().await.unwrap();
    let before = case.picture().await;
    let apply = ["apply", "--plan", "plan.json", "--confirm", "shop"];
    // One rename each for the new customers and the old bookings, two for the rest; the first of all leaves no original.
    for renames in 2..5 {
        case.plan().await;
        assert!(nth::kill_at(&case, &apply, "renameCollection", renames).await);
        let backup = backup(&case);
        lose_record(&case).await;
        back(&case, &backup).await.code(0);
        assert_back(&case, &before, true).await;
        case.ringfence(&["purge", "--confirm", "shop"])
            .await
            .code(0);
        case.assert_same(&before).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_without_a_record_that_was_killed_ends_like_one_that_was_not() {
    let server = nth::server().await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    let before = case.picture().await;
    let mut expected: Option<picture::Picture> = None;
    let mut kills = 0;
    for (command, most) in [("renameCollection", 20), ("collMod", 5)] {
        for nth in (0..most).step_by(if crate::support::full() { 1 } else { 3 }) {
            case.migrate().await;
            let backup = backup(&case);
            book(&case, 700).await;
            lose_record(&case).await;
            let words = [
                "rollback",
                "--confirm",
                "shop",
                "--without-record",
                "--backup",
                &backup,
            ];
            let killed = nth::kill_at(&case, &words, command, nth).await;
            kills += u32::from(killed);
            back(&case, &backup).await.code(0);
            assert_back(&case, &before, true).await;
            let now = picture::but_runs(&case.picture().await);
            match &expected {
                None => expected = Some(now),
                Some(expected) => {
                    let other = picture::differences(expected, &now, false);
                    assert_eq!(other, Vec::<String>::new(), "{command} {nth}");
                }
            }
            case.ringfence(&["purge", "--confirm", "shop"])
                .await
                .code(0);
            case.assert_same(&before).await;
            if !killed {
                break;
            }
        }
    }
    eprintln!("killed {kills} times");
    let least = if crate::support::full() { 7 } else { 3 };
    assert!(kills >= least, "{kills}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_only_renamed_is_found_though_every_uuid_is_another() {
    for lost in [false, true] {
        let case = world::seeded().await;
        let rooms = of(&case, "rooms");
        // An empty one that was put aside for the name.
        case.database.create_collection("rooms").await.unwrap();
        let before = picture::application(&case.picture().await);
        let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
        case.ringfence(&plan).await.code(0);
        case.apply(&[]).await.code(0);
        let backup = backup(&case);
        dump_drop_and_restore(&case).await;
        if lost {
            lose_record(&case).await;
        }
        back(&case, &backup)
            .await
            .code(0)
            .says(&["rooms is called Room again, with all that it holds"]);
        assert_back(&case, &before, false).await;
        assert_eq!(rooms.count_documents(doc! {}).await.unwrap(), 0);
    }
}
