//! A rollback after a push: earlier indexes everywhere, what the push made leaves, and nothing with documents in it is dropped.

use bson::{Document, doc};

use crate::push::shop::{self, as_prisma_does, push};
use crate::push::stand_in::{drops, makes};
use crate::support::picture;

#[tokio::test]
async fn a_plain_rollback_gives_every_collection_its_indexes_again_and_takes_what_the_push_made() {
    let (case, before) = shop::migrated().await;
    push(&case, &as_prisma_does()).await.code(0);
    case.roll_back(&[]).await.code(0).says(&[
        "byte for byte",
        "indexes that a push had dropped stand again: Invoice_dueAt_ttl of Invoice, Invoice_place_geo of Invoice",
        "indexes that a push had made are dropped: Invoice_userId_idx of Invoice",
        "empty collections that a push had made are dropped: Coupon",
    ]);
    let now = case.picture().await;
    shop::assert_back(&before, &now, &[]);
    assert!(!now.contains_key("Coupon"));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn indexes_that_a_push_took_from_kept_originals_come_back_with_their_true_expiries() {
    for option in [&[][..], &["--keep-new"]] {
        let (case, before) = shop::migrated().await;
        let mut commands = as_prisma_does();
        for index in ["Booking_expiresAt_idx", "Booking_reference_key"] {
            commands.push(drops("_ringfence_before_Booking", index));
        }
        push(&case, &commands).await.code(2);
        if !option.is_empty() {
            let bookings = case.database.collection::<Document>("Booking");
            let one = doc! { "reference": "R-0003" };
            bookings
                .update_one(one, doc! { "$set": { "notes": "late" } })
                .await
                .unwrap();
        }
        case.roll_back(option).await.code(0);
        let now = case.picture().await;
        assert_eq!(now["Booking"].indexes, before["Booking"].indexes);
        let but: &[&str] = if option.is_empty() { &[] } else { &["Booking"] };
        shop::assert_back(&before, &now, but);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_collection_that_the_push_made_and_that_holds_documents_stays_aside_and_is_named() {
    for (option, code) in [(&[][..], 2), (&["--discard-new"], 0)] {
        let (case, before) = shop::migrated().await;
        push(&case, &as_prisma_does()).await.code(0);
        let coupons = case.database.collection::<Document>("Coupon");
        coupons.insert_one(doc! { "code": "A" }).await.unwrap();
        let ended = case.roll_back(option).await.code(code);
        ended.says(&["Coupon, which a push made, holds 1 document by now and stays aside as _ringfence_rolled_back_"]);
        let now = case.picture().await;
        shop::assert_back(&before, &now, &[]);
        let aside = picture::put_aside(now.keys(), "Coupon").expect("the coupons");
        assert_eq!(now[&aside].documents.len(), 1);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_came_with_a_push_leaves_whether_or_not_the_schema_names_it_and_what_came_later_stays()
{
    let (case, before) = shop::migrated().await;
    // A push that fails after it made two that no schema names; and an application that makes another.
    let commands = [
        doc! { "create": "Fresh" },
        doc! { "create": "Filled" },
        doc! { "insert": "Filled", "documents": [{ "a": 1 }] },
        doc! { "exit": 3 },
    ];
    push(&case, &commands)
        .await
        .code(1)
        .says(&["Fresh", "Filled"]);
    let late = case.database.collection::<Document>("Late");
    late.insert_one(doc! { "a": 1 }).await.unwrap();
    case.roll_back(&[]).await.code(2).says(&[
        "empty collections that a push had made are dropped: Fresh",
        "Filled, which a push made, holds 1 document by now and stays aside as _ringfence_rolled_back_",
        "collections that came since the cut-over, and that no push is known to have made, stay: Late",
    ]);
    let mut now = case.picture().await;
    assert!(now.remove("Late").is_some());
    let aside = picture::put_aside(now.keys(), "Filled").expect("what it holds");
    assert_eq!(now[&aside].documents.len(), 1);
    shop::assert_back(&before, &now, &[]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_that_cannot_be_built_again_is_named_and_the_rest_is_back() {
    let (case, before) = shop::migrated().await;
    let mut commands = as_prisma_does();
    commands.push(drops("Invoice", "Invoice_number_key"));
    push(&case, &commands).await.code(2);
    let invoices = case.database.collection::<Document>("Invoice");
    invoices.insert_one(doc! { "number": "I-1" }).await.unwrap();
    case.roll_back(&[]).await.code(2).says(&[
        "the originals are live again",
        "indexes that cannot be built again: Invoice_number_key of Invoice: it is unique, and documents would share a value",
    ]);
    let now = case.picture().await;
    shop::assert_back(&before, &now, &["Invoice"]);
    assert!(now["Invoice"].indexes.contains_key("Invoice_place_geo"));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_of_somebody_else_is_named_and_left() {
    let (case, before) = shop::migrated().await;
    let mut commands = as_prisma_does();
    commands.push(makes("Invoice", "by_hand", doc! { "lines": 1 }));
    push(&case, &commands).await.code(0);
    case.roll_back(&[]).await.code(0).says(&[
        "indexes that came since the cut-over, and that the schema does not name, stay: by_hand of Invoice",
    ]);
    let mut now = case.picture().await;
    let invoices = now.get_mut("Invoice").unwrap();
    assert!(invoices.indexes.remove("by_hand").is_some());
    shop::assert_back(&before, &now, &[]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn drops_of_a_push_that_was_run_by_hand_come_back_too() {
    let (case, before) = shop::migrated().await;
    for command in &as_prisma_does()[3..] {
        crate::support::data::run(&case.database, command.clone()).await;
    }
    case.roll_back(&[])
        .await
        .code(0)
        .says(&["indexes that a push had dropped stand again"]);
    shop::assert_back(&before, &case.picture().await, &[]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_is_killed_again_and_again_ends_with_the_same_indexes_and_collections() {
    let (case, before) = shop::migrated().await;
    let mut commands = as_prisma_does();
    commands.push(drops("_ringfence_before_Booking", "Booking_reference_key"));
    push(&case, &commands).await.code(2);
    let mut kills = 0;
    for step in 1..40_u64 {
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .args(["--uri", &case.uri, "rollback", "--confirm", &case.name])
            .current_dir(case.folder.path())
            .env("HOME", case.folder.path())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let after = std::time::Duration::from_millis(step * 60);
        if tokio::time::timeout(after, child.wait()).await.is_ok() {
            break;
        }
        child.kill().await.unwrap();
        kills += 1;
    }
    assert!(kills > 1, "it was never killed");
    case.roll_back(&[]).await.code(0);
    let now = case.picture().await;
    shop::assert_back(&before, &now, &[]);
    assert!(!now.contains_key("Coupon"));
    let aside = now.keys().find(|name| name.contains("rolled_back"));
    assert_eq!(aside, None);
}
