//! Who goes, who stays and why, and that it is said.

use std::collections::BTreeSet;

use bson::{Document, doc};

use crate::retire::world::{self, GOING};
use crate::support::data::{USER, id};

#[tokio::test]
async fn those_alone_go_who_cannot_sign_in_have_a_customer_and_are_named_by_nothing() {
    let case = world::seeded().await;
    let before = case.picture().await;
    let everybody = world::numbers(&case, "User").await;
    let planned = world::plan(&case).await;
    let planned = planned.says(&[
        "13 users would retire",
        "Review.talk.said.by 1",
        "Review.readBy.* 1",
        "User.invitedBy 1",
        "Customer.madeFrom 1",
        "no booking 4",
    ]);
    assert!(planned.out.contains("Invoice.userId"), "{}", planned.out);
    let applied = case.apply(&[]).await.code(0);
    let applied = applied.says(&[
        "13 users retired",
        "users 42 = kept 29 + retired 13 + set aside 0",
        "all their sign-in fields byte-equal",
        "image 1",
        "locale 7",
        "preferences 13",
    ]);
    drop(applied);
    let going: BTreeSet<u32> = GOING.into_iter().collect();
    assert_eq!(world::numbers(&case, "_ringfence_retired").await, going);
    let staying: BTreeSet<u32> = everybody.difference(&going).copied().collect();
    assert_eq!(world::numbers(&case, "User").await, staying);
    // Whole rows, byte for byte.
    let was = &before["User"].documents;
    for row in world::rows(&case, "_ringfence_retired").await {
        assert!(was.contains(&row), "{row:?}");
    }
    // The first original stays what it is, and the users between the two swaps have a name of their own.
    let now = case.picture().await;
    assert_eq!(now["_ringfence_before_User"].documents, *was);
    assert_eq!(now["_ringfence_old_1_User"].documents.len(), was.len());
    case.ringfence(&["verify"]).await.code(0).says(&[
        "nothing wrong",
        "users 42 = kept 29 + retired 13 + set aside 0",
    ]);
    case.ringfence(&["report"]).await.code(0).says(&[
        "users 42 = kept 29 + retired 13",
        "accounts",
        "13 users retired",
        "preferences 13",
    ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn nobody_retires_unless_it_is_asked_for_and_the_same_plan_can_be_asked_later() {
    let case = world::seeded().await;
    let everybody = world::numbers(&case, "User").await;
    case.migrate().await;
    assert_eq!(world::numbers(&case, "User").await, everybody);
    let ended = case.apply(&["--retire-users"]).await.code(0);
    drop(ended.says(&["13 users retired"]));
    assert_eq!(world::numbers(&case, "_ringfence_retired").await.len(), 13);
    // A second time there is nothing to do.
    let before = case.picture().await;
    case.apply(&["--retire-users"]).await.code(0);
    let now = case.picture().await;
    let users = |picture: &crate::support::picture::Picture| picture["User"].clone();
    assert_eq!(users(&before), users(&now));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn who_changed_or_was_referred_to_since_the_plan_stays_and_is_named() {
    let case = world::seeded().await;
    case.migrate().await;
    let users = case.database.collection::<Document>("User");
    let set = doc! { "$set": { "hashedPassword": "$2b$new" } };
    users
        .update_one(doc! { "_id": id(USER, 33) }, set)
        .await
        .unwrap();
    let late = doc! { "_id": 1, "who": { "user": id(USER, 34) } };
    case.database
        .collection("Late")
        .insert_one(late)
        .await
        .unwrap();
    let ended = case
        .apply(&["--retire-users", "--through", "retire-users"])
        .await;
    ended.code(0).says(&[
        "11 users retired",
        "changed since the plan, so they stay",
        &id(USER, 33).to_hex(),
        "Late.who.user 1",
    ]);
    let live = world::numbers(&case, "User").await;
    assert!(live.contains(&33) && live.contains(&34));
    // The application's own change is a reason to refuse a plain way back, though it came before they left.
    case.roll_back(&[]).await.code(2).says(&["1 changed"]);
    case.roll_back(&["--keep-new"]).await.code(0);
    let row = users
        .find_one(doc! { "_id": id(USER, 33) })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get_str("hashedPassword").unwrap(), "$2b$new");
    assert_eq!(row.get_str("phone").unwrap(), "+49 30 33");
    assert_eq!(world::numbers(&case, "User").await.len(), 42);
}
