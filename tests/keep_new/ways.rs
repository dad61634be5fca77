//! The command: what it refuses, what it says, what it leaves.

use bson::doc;

use crate::keep_new::expected::{Migrated, new_booking};
use crate::support::data::{BOOKING, USER, id};
use crate::support::picture;

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn without_any_change_it_is_the_plain_rollback_down_to_the_collections_themselves() {
    let world = Migrated::new().await;
    world.keep_new().await.code(0).says(&["byte for byte"]);
    let now = world.case.picture().await;
    assert_eq!(
        picture::differences(&world.original, &picture::but_runs(&now), true),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_plain_rollback_refuses_with_counts_by_kind_and_changes_nothing() {
    let world = Migrated::new().await;
    let customer = world.customer_of(60).await;
    world.insert("Booking", new_booking(700, customer)).await;
    world
        .update("Customer", customer, doc! { "$set": { "city": "Rome" } })
        .await;
    world.delete("User", id(USER, 6)).await;
    let before = world.case.picture().await;
    world.case.roll_back(&[]).await.code(2).says(&[
        "Booking: 1 document added, 0 changed, 0 deleted",
        "Customer: 0 documents added, 1 changed, 0 deleted",
        "User: 0 documents added, 0 changed, 1 deleted",
        "--keep-new",
        "--discard-new",
    ]);
    world.case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn as_json_each_kind_of_change_is_counted_with_what_stayed_and_why() {
    let world = Migrated::new().await;
    let booking = new_booking(700, id(crate::support::data::CUSTOMER, 90));
    world.insert("Booking", booking).await;
    world.delete("Booking", id(BOOKING, 60)).await;
    let ended = world
        .case
        .roll_back(&["--keep-new", "--json"])
        .await
        .code(2);
    let json: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json["complete"], false);
    let counts = &json["changes"]["Booking"];
    assert_eq!(
        counts["added"],
        serde_json::json!({ "found": 1, "carried": 0 })
    );
    assert_eq!(
        counts["deleted"],
        serde_json::json!({ "found": 1, "carried": 1 })
    );
    let left = &json["leftBehind"][0];
    assert_eq!(left["reason"], "customer-without-user");
    assert_eq!(left["ids"], serde_json::json!([id(BOOKING, 700).to_hex()]));
    let names = world.case.picture().await;
    let aside = picture::put_aside(names.keys(), "Booking").unwrap();
    assert_eq!(json["keptAside"], serde_json::json!([aside]));
}

#[tokio::test]
async fn the_two_choices_exclude_each_other_and_create_users_needs_keep_new() {
    let world = Migrated::new().await;
    for options in [&["--keep-new", "--discard-new"][..], &["--create-users"]] {
        assert_ne!(world.case.roll_back(options).await.code, 0);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_an_earlier_rollback_kept_aside_is_never_dropped_and_never_in_the_way() {
    let world = Migrated::new().await;
    world.delete("Booking", id(BOOKING, 60)).await;
    world.keep_new().await.code(0);
    let first = world.case.picture().await;
    let name = picture::put_aside(first.keys(), "Booking").unwrap();
    world.case.migrate().await;
    world.delete("Booking", id(BOOKING, 61)).await;
    world.keep_new().await.code(0);
    let now = world.case.picture().await;
    assert_eq!(now[&name], first[&name]);
    assert_ne!(picture::put_aside(now.keys(), "Booking"), Some(name));
    let purge = ["purge", "--confirm", &world.case.name];
    world.case.ringfence(&purge).await.code(0);
    let left = world.case.picture().await;
    assert_eq!(picture::put_aside(left.keys(), "Booking"), None);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_report_says_what_came_back() {
    let world = Migrated::new().await;
    world.delete("Booking", id(BOOKING, 60)).await;
    world.keep_new().await.code(0);
    world
        .case
        .ringfence(&["report"])
        .await
        .code(0)
        .says(&["carried back in Booking: 1 deleted"]);
}
