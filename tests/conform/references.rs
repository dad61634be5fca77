//! References of other kinds: optional ones, to the model itself, by text, by numbers, by several fields, to a collection that comes later.

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};

use crate::conform::shop::{self, CUSTOMER, USER, conform, findings, id, json, with_schema};
use crate::support::case::Case;

async fn insert(case: &Case, collection: &str, documents: Vec<Document>) {
    let collection = case.database.collection::<Document>(collection);
    collection.insert_many(documents).await.unwrap();
}

#[tokio::test]
async fn an_optional_relation_that_leads_nowhere_is_advice_and_a_client_reads_null() {
    let case = shop::case().await;
    let customers = case.database.collection::<Document>("customers");
    let nobody = doc! { "$set": { "referredById": ObjectId::from_bytes([9; 12]) } };
    customers
        .update_one(doc! { "_id": id(CUSTOMER, 0) }, nobody)
        .await
        .unwrap();
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(
        findings(&found),
        ["Customer.referredById dangling-relation 1 advice"]
    );
    let finding = &found["models"][3]["findings"][0];
    assert_eq!(finding["error"], "silent: the relation is read as null");
    assert_eq!(
        finding["samples"],
        serde_json::json!([id(CUSTOMER, 0).to_hex()])
    );
    conform(&case, &[])
        .await
        .code(0)
        .says(&["advice", "nothing wrong"]);
}

#[tokio::test]
async fn models_that_refer_to_one_another_are_followed_both_ways() {
    let case = Case::empty().await;
    with_schema(
        &case,
        r#"
model A {
  id   String  @id @map("_id") @db.ObjectId
  b    B?      @relation("one", fields: [bId], references: [id])
  bId  String? @unique @db.ObjectId
  back B?      @relation("two")
}
model B {
  id   String  @id @map("_id") @db.ObjectId
  a    A?      @relation("two", fields: [aId], references: [id])
  aId  String? @unique @db.ObjectId
  back A?      @relation("one")
}
"#,
    );
    let index = |key: &str, name: &str| doc! { "key": { key: 1 }, "name": name, "unique": true };
    insert(
        &case,
        "A",
        vec![
            doc! { "_id": id(1, 1), "bId": id(2, 1) },
            doc! { "_id": id(1, 2), "bId": id(2, 9) },
        ],
    )
    .await;
    insert(
        &case,
        "B",
        vec![
            doc! { "_id": id(2, 1), "aId": id(1, 1) },
            doc! { "_id": id(2, 2), "aId": id(1, 9) },
        ],
    )
    .await;
    for (collection, index) in [
        ("A", index("bId", "A_bId_key")),
        ("B", index("aId", "B_aId_key")),
    ] {
        crate::support::data::run(
            &case.database,
            doc! { "createIndexes": collection, "indexes": [index] },
        )
        .await;
    }
    for memory in ["56M", "0"] {
        let found = json(conform(&case, &["--json", "--memory", memory]).await, 0);
        assert_eq!(
            findings(&found),
            [
                "A.bId dangling-relation 1 advice",
                "B.aId dangling-relation 1 advice"
            ]
        );
        assert_eq!(
            found["models"][0]["findings"][0]["samples"],
            serde_json::json!([id(1, 2).to_hex()])
        );
        assert_eq!(
            found["models"][1]["findings"][0]["samples"],
            serde_json::json!([id(2, 2).to_hex()])
        );
    }
}

#[tokio::test]
async fn references_by_text_numbers_and_several_fields_are_compared_by_value() {
    let case = Case::empty().await;
    with_schema(
        &case,
        r#"
model Numbered {
  id   Int     @id @map("_id")
  ones One[]
}
model Named {
  id   String  @id @map("_id")
  ones One[]
}
model Coded {
  id   String  @id @map("_id") @db.ObjectId
  x    String
  y    Int
  ones One[]

  @@unique([x, y])
}
model One {
  id       String   @id @map("_id") @db.ObjectId
  numbered Numbered @relation(fields: [number], references: [id])
  number   Int
  named    Named    @relation(fields: [name], references: [id])
  name     String
  coded    Coded?   @relation(fields: [a, b], references: [x, y])
  a        String?
  b        Int?

  @@index([number])
  @@index([name])
  @@index([a, b])
}
"#,
    );
    insert(
        &case,
        "Numbered",
        vec![
            doc! { "_id": 1 },
            doc! { "_id": 2_i64 },
            doc! { "_id": 3.0 },
        ],
    )
    .await;
    insert(
        &case,
        "Named",
        vec![doc! { "_id": "ann" }, doc! { "_id": id(3, 3) }],
    )
    .await;
    insert(
        &case,
        "Coded",
        vec![
            doc! { "_id": id(4, 1), "x": "x", "y": 1 },
            doc! { "_id": id(4, 2), "x": "x", "y": 2 },
        ],
    )
    .await;
    let one = |at: u32, number: Bson, name: Bson, a: Bson, b: Bson| doc! { "_id": id(5, at), "number": number, "name": name, "a": a, "b": b };
    insert(
        &case,
        "One",
        vec![
            one(1, 1.0.into(), "ann".into(), "x".into(), 1_i64.into()),
            one(2, 2.into(), "ann".into(), "x".into(), Bson::Null),
            one(3, 3_i64.into(), "ann".into(), Bson::Null, Bson::Null),
        ],
    )
    .await;
    let indexes = |found: Vec<String>| {
        found
            .into_iter()
            .filter(|it| !it.contains("index-missing"))
            .collect::<Vec<_>>()
    };
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(indexes(findings(&found)), Vec::<String>::new());
    insert(
        &case,
        "One",
        vec![
            one(6, 4.into(), "Ann".into(), "x".into(), 3.into()),
            // A client reads the id's digits and asks for them as text; the document's own id is no text.
            one(7, 1.into(), id(3, 3).into(), Bson::Null, Bson::Null),
        ],
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(
        indexes(findings(&found)),
        [
            "One.number dangling-relation 1",
            "One.name dangling-relation 2",
            "One.a+b dangling-relation 1 advice",
        ]
    );
}

#[tokio::test]
async fn lists_of_friends_are_compared_within_one_collection() {
    let case = Case::empty().await;
    with_schema(
        &case,
        r#"
model Person {
  id        String   @id @map("_id") @db.ObjectId
  friendIds String[] @db.ObjectId
  friends   Person[] @relation("F", fields: [friendIds], references: [id])
  ofIds     String[] @db.ObjectId
  friendOf  Person[] @relation("F", fields: [ofIds], references: [id])
}
"#,
    );
    let person = |at: u32, friends: &[u32], of: &[u32]| {
        let ids = |all: &[u32]| all.iter().map(|at| id(USER, *at)).collect::<Vec<_>>();
        doc! { "_id": id(USER, at), "friendIds": ids(friends), "ofIds": ids(of) }
    };
    insert(
        &case,
        "Person",
        vec![
            person(1, &[2, 3], &[]),
            person(2, &[2], &[1, 2]),
            person(3, &[], &[1]),
        ],
    )
    .await;
    json(conform(&case, &["--json"]).await, 0);
    insert(
        &case,
        "Person",
        vec![person(4, &[1, 2, 3, 9], &[]), person(5, &[], &[1])],
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 2);
    // One finding for a list, however many of its members have it.
    assert_eq!(
        findings(&found),
        [
            "Person.friendIds dangling-relation 1",
            "Person.friendIds relation-mismatch 1",
            "Person.ofIds relation-mismatch 1",
        ]
    );
}
