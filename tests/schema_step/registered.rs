//! Somebody registers between the cut-over and the last swap of the users: who breaks nothing is taken in; who breaks what the after-schema asks
//! stops that step, and the same command goes on once it is mended.

use bson::{Document, doc};

use crate::schema_step::world::{self, USER, id, one};
use crate::support::case::Case;

const PLAN: [&str; 5] = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
const CONFORM: [&str; 3] = ["conform", "--schema", "after.prisma"];

async fn planned() -> Case {
    let case = world::seeded().await;
    case.ringfence(&PLAN).await.code(0);
    case
}

fn account(number: u8, email: Option<&str>) -> Document {
    let mut user = doc! {
        "_id": id(USER, number), "name": "New", "hashedPassword": "$2b$10$y", "createdAt": world::day(200), "updatedAt": world::day(200),
    };
    if let Some(email) = email {
        user.insert("email", email);
    }
    user
}

async fn register(case: &Case, collection: &str, user: Document) {
    let users = case.database.collection::<Document>(collection);
    users.insert_one(user).await.unwrap();
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn who_registers_after_the_cut_over_and_breaks_nothing_is_taken_in() {
    let case = planned().await;
    case.apply(&["--through", "cut-over"]).await.code(0);
    let new = account(50, Some("new@example.com"));
    register(&case, "User", new.clone()).await;
    case.apply(&[])
        .await
        .code(0)
        .says(&["1 user came since the backup"]);
    case.ringfence(&CONFORM).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    let user = one(&case, "users", id(USER, 50)).await;
    assert_eq!(user.get_str("email").unwrap(), "new@example.com");
    case.roll_back(&[]).await.code(0);
    assert_eq!(one(&case, "User", id(USER, 50)).await, new);
}

#[tokio::test]
async fn who_was_changed_after_the_cut_over_keeps_the_clean_up_shut() {
    let case = planned().await;
    case.apply(&["--through", "cut-over"]).await.code(0);
    let users = case.database.collection::<Document>("User");
    let moved = doc! { "$set": { "phone": "+31 6 99" } };
    users
        .update_one(doc! { "_id": id(USER, 2) }, moved)
        .await
        .unwrap();
    case.apply(&[])
        .await
        .code(1)
        .says(&["User is not what the backup holds"]);
}

async fn shut(case: &Case, says: &[&str]) {
    case.apply(&[]).await.code(2).says(says);
    let finish = ["finish", "--confirm", &case.name];
    let ended = case.ringfence(&finish).await;
    assert_ne!(ended.code, 0, "{ended:?}");
    case.apply(&["--through", "schema"]).await.code(2);
    case.ringfence(&["status"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_e_mail_that_is_taken_stops_the_last_swap_of_the_users_until_it_is_mended() {
    for (through, collection) in [("cut-over", "User"), ("clean-users", "users")] {
        let case = planned().await;
        case.apply(&["--through", through]).await.code(0);
        register(&case, collection, account(51, Some("owner0@example.com"))).await;
        let members = [id(USER, 0).to_hex(), id(USER, 51).to_hex()];
        shut(&case, &[members[0].as_str(), members[1].as_str()]).await;
        assert!(world::names(&case).await.contains(&collection.to_owned()));
        let users = case.database.collection::<Document>(collection);
        let mended = doc! { "$set": { "email": "other@example.com" } };
        users
            .update_one(doc! { "_id": id(USER, 51) }, mended)
            .await
            .unwrap();
        case.apply(&[]).await.code(0);
        case.ringfence(&CONFORM).await.code(0);
        case.ringfence(&["verify"]).await.code(0);
    }
}

#[tokio::test]
async fn an_e_mail_that_is_taken_stops_the_clean_up_with_its_members_where_nobody_retires() {
    let case = world::seeded().await;
    let users = case.database.collection::<Document>("User");
    for number in [6, 7] {
        let mail = doc! { "$set": { "email": format!("guest{number}@example.com") } };
        users
            .update_one(doc! { "_id": id(USER, number) }, mail)
            .await
            .unwrap();
    }
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&["--through", "cut-over"]).await.code(0);
    register(&case, "User", account(53, Some("owner1@example.com"))).await;
    let members = [id(USER, 1).to_hex(), id(USER, 53).to_hex()];
    let says = [
        members[0].as_str(),
        members[1].as_str(),
        "run the same command again",
    ];
    case.apply(&[]).await.code(2).says(&says);
    users
        .delete_one(doc! { "_id": id(USER, 53) })
        .await
        .unwrap();
    case.apply(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_missing_e_mail_stops_the_retirement_and_the_way_back_is_open() {
    let case = planned().await;
    case.apply(&["--through", "clean-users"]).await.code(0);
    register(&case, "users", account(52, None)).await;
    shut(&case, &["User.email", &id(USER, 52).to_hex()]).await;
    let users = case.database.collection::<Document>("users");
    let mended = doc! { "$set": { "email": "mended@example.com" } };
    users
        .update_one(doc! { "_id": id(USER, 52) }, mended)
        .await
        .unwrap();
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    case.roll_back(&["--keep-new"]).await.code(0);
    let user = one(&case, "User", id(USER, 52)).await;
    assert_eq!(user.get_str("email").unwrap(), "mended@example.com");
}
