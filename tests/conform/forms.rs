//! The forms of the answer, and what is refused before anything is read.

use bson::{Bson, Document, doc};
use serde_json::json;

use crate::conform::shop::{self, BOOKING, conform, findings, id, json, lines, with_schema};
use crate::support::case::Case;

async fn broken() -> Case {
    let case = shop::case().await;
    let bookings = case.database.collection::<Document>("bookings");
    bookings
        .update_many(
            doc! {},
            doc! { "$unset": { "updatedAt": 1 }, "$set": { "seats": "x" } },
        )
        .await
        .unwrap();
    let one = doc! { "_id": id(BOOKING, 3) };
    bookings
        .update_one(one, doc! { "$set": { "seats": 1.5, "status": Bson::Null } })
        .await
        .unwrap();
    case
}

#[tokio::test]
async fn the_document_of_json_is_of_the_promised_form() {
    let case = broken().await;
    let found = json(conform(&case, &["--json"]).await, 2);
    let keys: Vec<_> = found.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["models", "notes"]);
    let model = &found["models"][4];
    let keys: Vec<_> = model.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "collection", "documents", "findings"]);
    let first_five: Vec<_> = (0..5).map(|at| id(BOOKING, at).to_hex()).collect();
    assert_eq!(
        model["findings"][0],
        json!({
            "kind": "missing-required", "field": "updatedAt", "count": 8, "error": "P2032: a read that meets the document fails",
            "samples": first_five,
            "repair": "write a value into updatedAt (from the time in the document's ObjectId), or make it optional: `updatedAt DateTime?`",
        })
    );
    // Several effects of one kind are all said; the kinds stand in their order.
    let kinds: Vec<_> = findings(&found);
    assert_eq!(
        kinds,
        [
            "Booking.updatedAt missing-required 8",
            "Booking.seats wrong-type 8",
            "Booking.status default-not-written 1",
        ]
    );
    let error = model["findings"][1]["error"].as_str().unwrap();
    assert!(
        error.starts_with("P2023")
            && error.contains("; silent: the number is read without its fraction"),
        "{error}"
    );
}

#[tokio::test]
async fn every_finding_is_a_line_and_nothing_else_stands_on_standard_output() {
    let case = broken().await;
    let ended = conform(&case, &["--all"]).await.code(2);
    let all = lines(&ended);
    assert_eq!(all.len(), 17);
    let keys: Vec<_> = all[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["model", "collection", "id", "field", "kind", "advice"]
    );
    for at in 0..8 {
        let of_it = all
            .iter()
            .filter(|it| it["id"]["$oid"] == id(BOOKING, at).to_hex());
        assert_eq!(of_it.count(), if at == 3 { 3 } else { 2 });
    }
    // Nothing beside the line that says how it ended.
    assert!(ended.err.starts_with("conform: done") && ended.err.lines().count() == 1);
}

#[tokio::test]
async fn the_table_says_what_the_application_sees_and_what_mends_it() {
    let case = broken().await;
    conform(&case, &[]).await.code(2).says(&[
        "19 documents in 5 models",
        "missing-required",
        "P2032: a read that meets the document fails",
        &format!("for example: {}", id(BOOKING, 0).to_hex()),
        "repair: write a value into updatedAt",
        "the documents are not as the schema says",
    ]);
}

#[tokio::test]
async fn ids_that_look_like_personal_data_are_masked_unless_asked_for() {
    let case = Case::empty().await;
    with_schema(
        &case,
        "model A {\n  id String @id @map(\"_id\")\n  n Int\n}\n",
    );
    let collection = case.database.collection::<Document>("A");
    collection
        .insert_many([
            doc! { "_id": "ann@example.org" },
            doc! { "_id": "a\u{202e}b" },
        ])
        .await
        .unwrap();
    for verb in ["--json", "--all"] {
        let ended = conform(&case, &[verb]).await.code(2);
        assert!(
            !ended.out.contains("ann@") && ended.out.contains("a…@….org"),
            "{}",
            ended.out
        );
        let ended = conform(&case, &[verb, "--show-personal-data"])
            .await
            .code(2);
        assert!(ended.out.contains("ann@example.org"), "{}", ended.out);
    }
    let found = json(conform(&case, &["--json"]).await, 2);
    let samples = &found["models"][0]["findings"][0]["samples"];
    assert_eq!(samples, &json!(["a…@….org", "a\\u{202e}b"]));
}

#[tokio::test]
async fn what_cannot_be_checked_at_all_is_refused_with_exit_1_and_the_reason() {
    let case = shop::case().await;
    conform(&case, &["--all", "--json"])
        .await
        .code(1)
        .says(&["exclude each other"]);
    with_schema(
        &case,
        "model A {\n  id String @id @map(\"_id\")\n  n Itn\n}\n",
    );
    let words = [
        "schema.prisma, line 3, column 5",
        "there is no type Itn. Did you mean Int?",
        "n Itn",
    ];
    conform(&case, &[]).await.code(1).says(&words);
    with_schema(&case, "datasource db {\n  provider = \"mysql\"\n}\n");
    conform(&case, &[]).await.code(1).says(&[
        "line 2, column 14",
        "mysql",
        "provider = \"mongodb\"",
    ]);
    with_schema(&case, "// nothing\n");
    conform(&case, &[]).await.code(1).says(&["no model"]);
    case.ringfence(&["conform", "--schema", "nowhere"])
        .await
        .code(1)
        .says(&["nowhere"]);
    case.ringfence(&["conform"])
        .await
        .code(1)
        .says(&["--schema"]);
    with_schema(&case, shop::SCHEMA);
    let uri = case.uri.replace(&case.name, "no_such_database");
    let ended = case
        .bare(&["--uri", &uri, "conform", "--schema", "schema.prisma"])
        .await;
    ended
        .code(1)
        .says(&["no database no_such_database", "nothing was checked"]);
}

#[tokio::test]
async fn a_folder_of_schemas_is_read_as_one() {
    let case = shop::case().await;
    let (head, models) = shop::SCHEMA.split_at(shop::SCHEMA.find("model User").unwrap());
    std::fs::create_dir_all(case.path("prisma/models")).unwrap();
    std::fs::write(case.path("prisma/schema.prisma"), head).unwrap();
    std::fs::write(case.path("prisma/models/all.prisma"), models).unwrap();
    let ended = case
        .ringfence(&["conform", "--schema", "prisma", "--json"])
        .await;
    assert_eq!(findings(&json(ended, 0)), Vec::<String>::new());
}
