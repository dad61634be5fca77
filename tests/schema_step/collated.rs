//! Uniques of the after-schema in a collection with a collation of its own: proved by that collation before anything is changed.

use bson::{Document, doc};

use crate::schema_step::world::{self, AFTER, ROOM, SERVICE, USER, id};
use crate::support::case::Case;
use crate::support::{data, picture};

const PLAN: [&str; 5] = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
const CONFORM: [&str; 3] = ["conform", "--schema", "after.prisma"];

/// The world with rooms of these names in a collection with this collation, and a schema that makes their names unique.
async fn with_rooms(collation: Document, names: &[&str]) -> Case {
    let case = world::seeded().await;
    let rooms = case.database.collection::<Document>("Room");
    rooms.drop().await.unwrap();
    let create = doc! { "create": "Room", "collation": collation };
    data::run(&case.database, create).await;
    let all = names.iter().zip(0..);
    let all = all.map(|(name, n)| doc! { "_id": id(ROOM, n), "name": *name });
    rooms.insert_many(all).await.unwrap();
    let after = AFTER.replace(
        "  name String\n\n  @@map(\"rooms\")",
        "  name String @unique\n\n  @@map(\"rooms\")",
    );
    assert_ne!(after, AFTER);
    world::write(&case, &after);
    case
}

async fn assert_unchanged(case: &Case, before: &picture::Picture) {
    let now = picture::application(&case.picture().await);
    let differences = picture::differences(&picture::application(before), &now, true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn a_unique_is_proved_by_the_collation_and_texts_that_it_takes_for_one_are_a_blocker() {
    let collation = doc! { "locale": "sv", "strength": 1 };
    let case = with_rooms(collation, &["Red", "Blue", "R\u{200b}\u{e9}D"]).await;
    let before = case.picture().await;
    let plan = case.ringfence(&PLAN).await.code(2).says(&[
        "unique (blocker): Room: 1 group of documents with one value of name (by the collation of the collection, not letter by letter)",
        &id(ROOM, 0).to_hex(),
        &id(ROOM, 2).to_hex(),
        "take `@unique` from name",
    ]);
    let accepted = plan.out.lines().filter(|it| it.contains("(accepted)"));
    assert!(!accepted.clone().any(|it| it.contains("rooms_name_key")));
    assert!(accepted.count() > 3, "the rest is");
    assert!(!case.path("plan.json").exists());
    assert_unchanged(&case, &before).await;
    // Mended, all of it goes through.
    let rooms = case.database.collection::<Document>("Room");
    let mended = doc! { "$set": { "name": "Green" } };
    let third = doc! { "_id": id(ROOM, 2) };
    rooms
        .update_one(third.clone(), mended.clone())
        .await
        .unwrap();
    case.ringfence(&PLAN)
        .await
        .code(0)
        .says(&["Room has a collation of its own"]);
    // What comes after the plan is found before anything is changed, too.
    let again = doc! { "$set": { "name": "BLUE" } };
    rooms.update_one(third.clone(), again).await.unwrap();
    let before = case.picture().await;
    case.apply(&[])
        .await
        .code(4)
        .says(&["1 group of documents"]);
    assert_unchanged(&case, &before).await;
    rooms.update_one(third, mended).await.unwrap();
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_under_the_collection_s_collation_gets_the_schemas_name_and_no_second_is_made() {
    for name in ["Room_name_key", "rooms_name_key"] {
        let case = with_rooms(doc! { "locale": "en", "strength": 2 }, &["Red", "Blue"]).await;
        let index = doc! { "key": { "name": 1 }, "name": name, "unique": true };
        let indexes = doc! { "createIndexes": "Room", "indexes": [index] };
        data::run(&case.database, indexes).await;
        let before = case.picture().await;
        case.ringfence(&PLAN).await.code(0);
        case.apply(&[]).await.code(0);
        let indexes = picture::indexes(&case.database, "rooms").await;
        let names: Vec<_> = indexes.keys().map(String::as_str).collect();
        assert_eq!(names, ["_id_", "rooms_name_key"]);
        let collation = indexes["rooms_name_key"].get_document("collation");
        assert_eq!(collation.unwrap().get_str("locale").unwrap(), "en");
        case.ringfence(&CONFORM).await.code(0);
        case.roll_back(&[]).await.code(0);
        assert_unchanged(&case, &before).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_that_stands_without_the_collation_is_kept_and_judged_letter_by_letter() {
    let case = with_rooms(doc! { "locale": "en", "strength": 2 }, &["Red", "RED"]).await;
    let index = doc! { "key": { "name": 1 }, "name": "Room_name_key", "unique": true, "collation": { "locale": "simple" } };
    let indexes = doc! { "createIndexes": "Room", "indexes": [index] };
    data::run(&case.database, indexes).await;
    case.ringfence(&PLAN).await.code(0);
    case.apply(&[]).await.code(0);
    let indexes = picture::indexes(&case.database, "rooms").await;
    assert!(indexes["rooms_name_key"].get_document("collation").is_err());
    case.ringfence(&CONFORM).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn customers_to_be_and_values_that_a_rule_writes_or_converts_are_compared_by_the_collation_too()
 {
    // Customers are made of users: two of one business differ in capitals only.
    let case = world::seeded().await;
    let create = doc! { "create": "Customer", "collation": { "locale": "en", "strength": 2 } };
    data::run(&case.database, create).await;
    let users = case.database.collection::<Document>("User");
    for (n, name) in [(2, "Ann"), (4, "ANN")] {
        let set = doc! { "$set": { "name": name } };
        users
            .update_one(doc! { "_id": id(USER, n) }, set)
            .await
            .unwrap();
    }
    let after = AFTER.replace(
        "  @@index([businessId, name])\n",
        "  @@unique([businessId, name])\n",
    );
    world::write(&case, &after);
    case.ringfence(&PLAN).await.code(2).says(&[
        "unique (blocker): Customer: 1 group of documents with one value of businessId, name (by the collation",
    ]);
    // A number that becomes text, a text that is renamed, and a default.
    let case = world::seeded().await;
    let services = case.database.collection::<Document>("Service");
    let kept = crate::support::picture::documents(&case.database, "Service").await;
    services.drop().await.unwrap();
    let create = doc! { "create": "Service", "collation": { "locale": "en", "strength": 2, "numericOrdering": true } };
    data::run(&case.database, create).await;
    let raw = case.database.collection::<bson::RawDocumentBuf>("Service");
    raw.insert_many(kept).await.unwrap();
    for (n, code) in [(0, bson::bson!(7)), (1, bson::bson!("007"))] {
        let set = doc! { "$set": { "code": code } };
        services
            .update_one(doc! { "_id": id(SERVICE, n) }, set)
            .await
            .unwrap();
    }
    let after = AFTER.replace(
        "  price      Int\n",
        "  price      Int\n  code       String @unique @map(\"kode\")\n",
    );
    world::write(&case, &after);
    let before = world::BEFORE.replace(
        "  price      Float\n",
        "  price      Float\n  code       Int\n",
    );
    std::fs::write(case.path("before.prisma"), before).unwrap();
    case.ringfence(&PLAN).await.code(2).says(&[
        "unique (blocker): Service: 1 group of documents with one value of code (by the collation",
    ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn users_who_stay_are_compared_by_the_collation_before_the_last_swap() {
    let case = Case::empty().await;
    let create = doc! { "create": "User", "collation": { "locale": "en", "strength": 2 } };
    data::run(&case.database, create).await;
    let case = world::seeded_in(case).await;
    case.ringfence(&PLAN).await.code(0);
    case.apply(&["--through", "cut-over"]).await.code(0);
    let users = case.database.collection::<Document>("User");
    let late = doc! { "_id": id(USER, 80), "name": "Late", "email": "OWNER0@example.com", "hashedPassword": "$2b$10$x", "createdAt": world::day(1) };
    users.insert_one(late).await.unwrap();
    let live = case.picture().await;
    case.apply(&[]).await.code(2).says(&[
        "documents that came since the plan was made would not be as the after-schema says",
        "User.email: duplicate",
        &id(USER, 80).to_hex(),
    ]);
    assert_unchanged(&case, &live).await;
    let mended = doc! { "$set": { "email": "late@example.com" } };
    users
        .update_one(doc! { "_id": id(USER, 80) }, mended)
        .await
        .unwrap();
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
}

#[tokio::test]
async fn a_text_that_is_too_long_to_be_compared_is_a_blocker() {
    let case = with_rooms(doc! { "locale": "sv", "strength": 1 }, &["Red"]).await;
    let rooms = case.database.collection::<Document>("Room");
    let long = doc! { "_id": id(ROOM, 1), "name": "x".repeat(1_100_000) };
    rooms.insert_one(long).await.unwrap();
    let before = case.picture().await;
    case.ringfence(&PLAN).await.code(2).says(&[
        "check (blocker)",
        "or one is longer than 1 MB",
        "was not checked",
    ]);
    assert!(!case.path("plan.json").exists());
    assert_unchanged(&case, &before).await;
    let shorter = doc! { "$set": { "name": "Blue" } };
    let of = doc! { "_id": id(ROOM, 1) };
    rooms.update_one(of, shorter).await.unwrap();
    case.ringfence(&PLAN).await.code(0);
}
