//! Uniques of a collection with a collation of its own: compared as the server compares, unless an index guards them.

use bson::{Document, doc};

use crate::conform::shop::{conform, findings, id, json, with_schema};
use crate::support::case::Case;
use crate::support::data;

const SCHEMA: &str = "model A {\n  id String @id @map(\"_id\") @db.ObjectId\n  n String @unique\n  m String\n  tags String[]\n  @@unique([m, tags])\n}\n";

fn notes(found: &serde_json::Value) -> Vec<&str> {
    let notes = found["notes"].as_array().unwrap().iter();
    notes.map(|note| note.as_str().unwrap()).collect()
}

async fn seeded(collation: Document, values: &[(&str, &str, &[&str])]) -> Case {
    let case = Case::empty().await;
    with_schema(&case, SCHEMA);
    let create = doc! { "create": "A", "collation": collation };
    data::run(&case.database, create).await;
    let documents = values.iter().zip(1..).map(|((n, m, tags), at)| {
        doc! { "_id": id(1, at), "n": *n, "m": *m, "tags": tags.to_vec() }
    });
    let collection = case.database.collection::<Document>("A");
    collection.insert_many(documents).await.unwrap();
    case
}

async fn index(case: &Case, index: Document) {
    let indexes = doc! { "createIndexes": "A", "indexes": [index] };
    data::run(&case.database, indexes).await;
}

#[tokio::test]
async fn texts_that_a_collation_takes_for_one_are_duplicates_and_an_index_guards_them() {
    let collation = doc! { "locale": "en", "strength": 1, "numericOrdering": true };
    let values: [(&str, &str, &[&str]); 6] = [
        ("room 1", "a", &["x"]),
        ("Room 01", "b", &["x"]),
        ("r\u{00f6}om\u{200b} 1", "c", &["y"]),
        ("room 2", "d", &["Tag", "z"]),
        ("room 3", "D", &["t\u{00e1}g"]),
        ("$room", "E", &[]),
    ];
    let case = seeded(collation, &values).await;
    let found = json(conform(&case, &["--json"]).await, 2);
    let duplicates = |found: &serde_json::Value| {
        let all = findings(found).into_iter();
        all.filter(|it| it.contains("duplicate"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        duplicates(&found),
        ["A.n duplicate 1", "A.m+tags duplicate 1"]
    );
    assert!(notes(&found)[0].contains("A has a collation of its own"));
    let lines = conform(&case, &["--all"]).await.code(2);
    let group = lines
        .out
        .lines()
        .find(|it| it.contains("\"field\":\"n\",\"kind\":\"duplicate\""));
    assert!(group.unwrap().contains("\"members\":3"), "{}", lines.out);
    // What it says is what the server does.
    for key in [doc! { "n": 1 }, doc! { "m": 1, "tags": 1 }] {
        let index = doc! { "key": key, "name": "u", "unique": true };
        let command = doc! { "createIndexes": "A", "indexes": [index] };
        assert!(case.database.run_command(command).await.is_err());
    }
    let collection = case.database.collection::<Document>("A");
    let others = doc! { "_id": { "$in": [id(1, 2), id(1, 3), id(1, 5)] } };
    collection.delete_many(others).await.unwrap();
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(duplicates(&found), Vec::<String>::new());
    index(
        &case,
        doc! { "key": { "n": 1 }, "name": "A_n_key", "unique": true },
    )
    .await;
    index(
        &case,
        doc! { "key": { "m": 1, "tags": 1 }, "name": "A_m_tags_key", "unique": true },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(notes(&found), Vec::<&str>::new());
}

#[tokio::test]
async fn an_index_that_compares_letter_by_letter_guards_only_under_the_schemas_name() {
    let collation = doc! { "locale": "en", "strength": 2 };
    let case = seeded(collation, &[("x", "a", &[]), ("X", "b", &[])]).await;
    let both = doc! { "key": { "m": 1, "tags": 1 }, "name": "A_m_tags_key", "unique": true };
    index(&case, both).await;
    let simple = |name: &str| doc! { "key": { "n": 1 }, "name": name, "unique": true, "collation": { "locale": "simple" } };
    index(&case, simple("by hand")).await;
    let found = json(conform(&case, &["--json"]).await, 2);
    assert!(
        findings(&found).contains(&"A.n duplicate 1".to_owned()),
        "{found}"
    );
    data::run(
        &case.database,
        doc! { "dropIndexes": "A", "index": "by hand" },
    )
    .await;
    // A push leaves this one, and nothing else is made.
    index(&case, simple("A_n_key")).await;
    json(conform(&case, &["--json"]).await, 0);
}

#[tokio::test]
async fn a_text_that_is_too_long_to_be_compared_is_said_and_is_no_promise() {
    let case = seeded(
        doc! { "locale": "en", "strength": 2 },
        &[("x", "a", &[]), ("X", "b", &[])],
    )
    .await;
    let both = doc! { "key": { "m": 1, "tags": 1 }, "name": "A_m_tags_key", "unique": true };
    index(&case, both).await;
    let collection = case.database.collection::<Document>("A");
    let long = "y".repeat(1_100_000);
    let long = doc! { "_id": id(1, 3), "n": long, "m": "c", "tags": [] };
    collection.insert_one(long).await.unwrap();
    let found = json(conform(&case, &["--json"]).await, 2);
    assert!(notes(&found)[0].contains("was not checked"), "{found}");
    // Nothing else is wrong, and that is no promise all the same.
    let other = doc! { "_id": id(1, 2) };
    collection.delete_one(other).await.unwrap();
    let unique = doc! { "key": { "n": 1 }, "name": "by hand", "unique": true, "collation": { "locale": "simple" } };
    index(&case, unique).await;
    let ended = conform(&case, &[]).await;
    assert_ne!(ended.code, 0, "{}", ended.out);
    ended.says(&["or one is longer than 1 MB", "was not checked"]);
    // An index of the schema's own guards it, however long its texts are.
    collection.drop_index("by hand").await.unwrap();
    index(
        &case,
        doc! { "key": { "n": 1 }, "name": "A_n_key", "unique": true },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(notes(&found), Vec::<&str>::new());
}
