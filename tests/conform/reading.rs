//! What is read, and by whom: a user who may only read, views, missing and odd collections, fields and models that a client does not know.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::Client;
use serde_json::json;

use crate::conform::shop::{self, BOOKING, conform, findings, id, json, lines, with_schema};
use crate::support;
use crate::support::case::Case;
use crate::support::data;

fn notes(found: &serde_json::Value) -> Vec<&str> {
    found["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_user_who_may_only_read_checks_all_and_writes_nothing() {
    let server = support::with_access_control().await;
    let plain = server.uri("shop");
    let as_user =
        |user: &str| plain.replacen("://", &format!("://{user}:pw@"), 1) + "&authSource=admin";
    let admin = Client::with_uri_str(&plain)
        .await
        .unwrap()
        .database("admin");
    data::run(
        &admin,
        doc! { "createUser": "root", "pwd": "pw", "roles": ["root"] },
    )
    .await;
    let root = Case::at(as_user("root"), "shop".to_owned()).await;
    let admin = root.database.client().database("admin");
    data::run(
        &admin,
        doc! { "createUser": "reader", "pwd": "pw", "roles": [{ "role": "read", "db": "shop" }] },
    )
    .await;
    shop::seed(&root.database).await;
    data::run(
        &root.database,
        doc! { "create": "recent", "viewOn": "bookings", "pipeline": [] },
    )
    .await;
    let local = root.database.client().database("local");
    let oplog = local.collection::<Document>("oplog.rs");
    let writes =
        doc! { "op": { "$ne": "n" }, "ns": { "$nin": ["config.system.sessions", "config.$cmd"] } };
    let before = oplog.count_documents(writes.clone()).await.unwrap();
    let reader = Case::at(as_user("reader"), "shop".to_owned()).await;
    with_schema(&reader, shop::SCHEMA);
    let found = json(conform(&reader, &["--json"]).await, 0);
    assert_eq!(findings(&found), Vec::<String>::new());
    assert_eq!(found["models"][4]["documents"], 8);
    conform(&reader, &["--all", "--memory", "0"]).await.code(0);
    assert_eq!(oplog.count_documents(writes).await.unwrap(), before);
}

#[tokio::test]
async fn views_are_noted_and_a_view_under_a_model_is_read() {
    let case = shop::case().await;
    let admin = case.database.client().database("admin");
    let name = |it: &str| format!("{}.{it}", case.name);
    data::run(
        &admin,
        doc! { "renameCollection": name("bookings"), "to": name("kept") },
    )
    .await;
    data::run(
        &case.database,
        doc! { "create": "bookings", "viewOn": "kept", "pipeline": [] },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(found["models"][4]["documents"], 8);
    let notes = notes(&found);
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes[0].contains("bookings is a view: `npx prisma@6 db push` fails"),
        "{notes:?}"
    );
    assert!(notes[1].contains("the model Booking reads it"), "{notes:?}");
    let kept = case.database.collection::<Document>("kept");
    kept.update_one(
        doc! { "_id": id(BOOKING, 2) },
        doc! { "$set": { "seats": "x" } },
    )
    .await
    .unwrap();
    let ended = conform(&case, &["--all"]).await.code(2);
    assert_eq!(
        lines(&ended)[0]["id"],
        json!({ "$oid": id(BOOKING, 2).to_hex() })
    );
    assert!(ended.err.contains("is a view"), "{}", ended.err);
}

#[tokio::test]
async fn a_collection_that_does_not_exist_is_a_note_and_has_no_documents() {
    let case = shop::case().await;
    with_schema(
        &case,
        &format!(
            "{}\nmodel News {{\n  id String @id @map(\"_id\") @db.ObjectId\n  slug String @unique\n}}\n",
            shop::SCHEMA
        ),
    );
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(
        found["models"][5],
        json!({ "name": "News", "collection": "News", "documents": 0, "findings": [] })
    );
    assert_eq!(
        notes(&found),
        ["the collection News does not exist: the model News reads nothing"]
    );
}

#[tokio::test]
async fn documents_under_the_old_name_of_a_model_are_no_reason_to_say_that_nothing_is_wrong() {
    let case = shop::case().await;
    for (from, to) in [("bookings", "Booking"), ("customers", "customer")] {
        let admin = case.database.client().database("admin");
        let name = |it: &str| format!("{}.{it}", case.name);
        data::run(
            &admin,
            doc! { "renameCollection": name(from), "to": name(to) },
        )
        .await;
    }
    let found = json(conform(&case, &["--json"]).await, 2);
    let notes = notes(&found);
    assert_eq!(notes.len(), 2, "{notes:?}");
    for (note, words) in notes.iter().zip([
        "while customer holds documents",
        "while Booking holds documents",
    ]) {
        assert!(
            note.contains(words) && note.contains("not checked"),
            "{notes:?}"
        );
    }
    conform(&case, &[])
        .await
        .code(2)
        .says(&["not everything could be checked"]);
}

#[tokio::test]
async fn what_a_client_does_not_know_is_not_judged() {
    let case = shop::case().await;
    let schema = shop::SCHEMA
        .replace(
            "  seats      Int\n",
            "  seats      Int @ignore\n  shape Unsupported(\"x\")\n",
        )
        .replace("  @@map(\"users\")\n", "  @@map(\"users\")\n  @@ignore\n")
        .replace(
            "  owner     User       @relation(fields: [ownerId], references: [id])\n",
            "  owner     User       @relation(fields: [ownerId], references: [id]) @ignore\n",
        );
    with_schema(&case, &schema);
    let bookings = case.database.collection::<Document>("bookings");
    bookings
        .update_many(doc! {}, doc! { "$set": { "seats": "x" } })
        .await
        .unwrap();
    case.database
        .collection::<Document>("users")
        .delete_many(doc! {})
        .await
        .unwrap();
    let found = json(conform(&case, &["--json"]).await, 0);
    let names: Vec<_> = found["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["Business", "Tag", "Customer", "Booking"]);
    assert_eq!(
        notes(&found),
        ["the model User has @@ignore: no client reads it, and it was not checked"]
    );
}

#[tokio::test]
async fn a_standalone_server_is_checked_with_a_note_about_the_moment() {
    let server = support::private(ringfence::demo::server::Topology::Standalone, &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    shop::seed(&case.database).await;
    with_schema(&case, shop::SCHEMA);
    let found = json(conform(&case, &["--json"]).await, 0);
    assert!(notes(&found)[0].contains("one moment"), "{found}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_a_broken_connection_the_check_is_run_again_and_no_finding_is_printed_twice() {
    let server = support::private(
        ringfence::demo::server::Topology::ReplicaSet(1),
        &["--setParameter", "enableTestCommands=1"],
    )
    .await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    shop::seed(&case.database).await;
    with_schema(&case, shop::SCHEMA);
    let bookings = case.database.collection::<Document>("bookings");
    bookings
        .update_many(doc! {}, doc! { "$set": { "seats": "x" } })
        .await
        .unwrap();
    let many = (100..4_000).map(|at| doc! { "_id": id(BOOKING, at) });
    bookings.insert_many(many).await.unwrap();
    let whole = conform(&case, &["--all"]).await.code(2);
    let admin = case.database.client().database("admin");
    let fail = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": { "failCommands": ["getMore"], "appName": "ringfence", "closeConnection": true } };
    data::run(&admin, fail).await;
    let again = tokio::time::timeout(Duration::from_mins(1), conform(&case, &["--all"]))
        .await
        .unwrap()
        .code(2);
    assert_eq!(whole.out, again.out);
    assert!(lines(&whole).len() > 20_000);
}
