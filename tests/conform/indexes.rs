//! Indexes that stand against those of the schema: missing, dropped by a push with the line that keeps each, partial, text, TTL, geo, hidden.

use bson::{Document, doc};
use serde_json::{Value as Json, json};

use crate::conform::shop::{self, conform, findings, json, lines, with_schema};
use crate::support::case::Case;
use crate::support::data;

async fn create(case: &Case, collection: &str, index: Document) {
    data::run(
        &case.database,
        doc! { "createIndexes": collection, "indexes": [index] },
    )
    .await;
}

async fn drop_index(case: &Case, collection: &str, name: &str) {
    data::run(
        &case.database,
        doc! { "dropIndexes": collection, "index": name },
    )
    .await;
}

fn repairs(found: &Json) -> Vec<String> {
    let models = found["models"].as_array().unwrap().iter();
    let findings = models.flat_map(|model| model["findings"].as_array().unwrap());
    findings
        .map(|it| it["repair"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_index_of_the_schema_that_does_not_stand_is_missing_and_making_it_ends_that() {
    for (collection, name, expected, key, unique) in [
        (
            "users",
            "users_email_key",
            "User.email index-missing 1",
            doc! { "email": 1 },
            true,
        ),
        (
            "customers",
            "customers_businessId_email_key",
            "Customer.businessId+email index-missing 1",
            doc! { "businessId": 1, "email": 1 },
            true,
        ),
        (
            "bookings",
            "bookings_customer_id_startTime_idx",
            "Booking.customerId+start index-missing 1",
            doc! { "customer_id": 1, "startTime": -1 },
            false,
        ),
        (
            "businesses",
            "businesses_address_town_idx",
            "Business.address.city index-missing 1",
            doc! { "address.town": 1 },
            false,
        ),
    ] {
        let case = shop::case().await;
        drop_index(&case, collection, name).await;
        let found = json(conform(&case, &["--json"]).await, 2);
        assert_eq!(findings(&found), [expected]);
        let repair = &repairs(&found)[0];
        assert!(
            repair.contains("createIndex({") && repair.contains(name),
            "{repair}"
        );
        assert_eq!(repair.contains("unique: true"), unique, "{repair}");
        let line = &lines(&conform(&case, &["--all"]).await.code(2))[0];
        assert_eq!(
            (&line["id"], &line["kind"], &line["index"]),
            (&Json::Null, &json!("index-missing"), &json!(name))
        );
        create(
            &case,
            collection,
            doc! { "key": key, "name": name, "unique": unique },
        )
        .await;
        json(conform(&case, &["--json"]).await, 0);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_that_does_not_do_what_the_schema_wants_does_not_stand_for_it() {
    for (index, also) in [
        // Not unique, for some documents only, hidden from queries is enough for a unique.
        (
            doc! { "key": { "email": 1 }, "name": "users_email_key" },
            Some("User.email index-dropped-by-push 1 advice"),
        ),
        (
            doc! { "key": { "email": 1 }, "name": "part", "unique": true, "partialFilterExpression": { "email": { "$gt": "" } } },
            None,
        ),
        (
            doc! { "key": { "email": -1 }, "name": "down", "unique": true },
            Some("User.email index-dropped-by-push 1 advice"),
        ),
        (
            doc! { "key": { "email": 1, "name": 1 }, "name": "both", "unique": true },
            Some("User.email+name index-dropped-by-push 1 advice"),
        ),
    ] {
        let case = shop::case().await;
        drop_index(&case, "users", "users_email_key").await;
        create(&case, "users", index.clone()).await;
        let found = json(conform(&case, &["--json"]).await, 2);
        let expected: Vec<_> = std::iter::once("User.email index-missing 1")
            .chain(also)
            .collect();
        assert_eq!(findings(&found), expected, "{index}");
    }
}

#[tokio::test]
async fn an_index_that_the_schema_does_not_name_is_advice_with_the_line_that_keeps_it_and_that_line_ends_it()
 {
    let case = shop::case().await;
    create(
        &case,
        "bookings",
        doc! { "key": { "startTime": -1, "seats": 1 }, "name": "by_hand" },
    )
    .await;
    create(
        &case,
        "businesses",
        doc! { "key": { "address.geo.lat": 1 }, "name": "lat_1" },
    )
    .await;
    create(
        &case,
        "users",
        doc! { "key": { "name": 1 }, "name": "name_1", "unique": true },
    )
    .await;
    create(&case, "bookings", doc! { "key": { "updatedAt": 1 }, "name": "gone_soon", "expireAfterSeconds": 1_000_000_000 }).await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(
        findings(&found),
        [
            "User.name index-dropped-by-push 1 advice",
            "Business.address.geo.lat index-dropped-by-push 1 advice",
            "Booking.start+seats index-dropped-by-push 1 advice",
            "Booking.updatedAt index-dropped-by-push 1 advice",
        ]
    );
    let lines: Vec<String> = repairs(&found)
        .iter()
        .map(|it| it.split('`').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "@@unique([name], map: \"name_1\")",
            "@@index([address.geo.lat], map: \"lat_1\")",
            "@@index([start(sort: Desc), seats], map: \"by_hand\")",
            "@@index([updatedAt], map: \"gone_soon\")",
        ]
    );
    let mut schema = shop::SCHEMA.to_owned();
    for (collection, line) in [
        ("users", &lines[0]),
        ("businesses", &lines[1]),
        ("bookings", &lines[2]),
        ("bookings", &lines[3]),
    ] {
        let map = format!("  @@map(\"{collection}\")\n");
        schema = schema.replace(&map, &format!("  {line}\n{map}"));
    }
    with_schema(&case, &schema);
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(findings(&found), Vec::<String>::new());
}

#[tokio::test]
async fn partial_and_text_indexes_are_left_by_a_push_and_geo_is_dropped_without_a_line_that_keeps_it()
 {
    let case = shop::case().await;
    create(&case, "users", doc! { "key": { "name": 1 }, "name": "part", "partialFilterExpression": { "name": { "$gt": "" } } }).await;
    create(
        &case,
        "users",
        doc! { "key": { "name": "text" }, "name": "words" },
    )
    .await;
    create(
        &case,
        "businesses",
        doc! { "key": { "place": "2dsphere" }, "name": "geo" },
    )
    .await;
    create(
        &case,
        "businesses",
        doc! { "key": { "no.such": 1 }, "name": "elsewhere", "sparse": true },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(
        findings(&found),
        [
            "Business.no.such index-dropped-by-push 1 advice",
            "Business.place index-dropped-by-push 1 advice",
        ]
    );
    let repairs = repairs(&found);
    assert!(
        repairs[0].contains("sparse: true") && repairs[0].contains("{\"no.such\":1}"),
        "{repairs:?}"
    );
    assert!(repairs[1].starts_with("after a push, make it again: db.getCollection(\"businesses\").createIndex({\"place\":\"2dsphere\"}"), "{repairs:?}");
}

#[tokio::test]
async fn an_index_of_the_schemas_fields_under_another_name_stands_for_it_and_is_dropped_by_a_push()
{
    let case = shop::case().await;
    drop_index(&case, "users", "users_email_key").await;
    create(
        &case,
        "users",
        doc! { "key": { "email": 1 }, "name": "email_1", "unique": true },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(
        findings(&found),
        ["User.email index-dropped-by-push 1 advice"]
    );
    let repair = &repairs(&found)[0];
    assert!(
        repair.contains("in place of the schema's index"),
        "{repair}"
    );
    with_schema(
        &case,
        &shop::SCHEMA.replace("String?    @unique", "String?    @unique(map: \"email_1\")"),
    );
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(findings(&found), Vec::<String>::new());
}

#[tokio::test]
async fn a_reference_that_no_index_begins_with_is_advice_and_the_line_ends_it() {
    let case = shop::case().await;
    with_schema(&case, &shop::SCHEMA.replace("  @@index([ownerId])\n", ""));
    drop_index(&case, "businesses", "businesses_ownerId_idx").await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(
        findings(&found),
        ["Business.ownerId reference-without-index 1 advice"]
    );
    assert_eq!(
        repairs(&found),
        ["add `@@index([ownerId])` to the model Business"]
    );
    let line = &lines(&conform(&case, &["--all"]).await.code(0))[0];
    assert_eq!(
        line,
        &json!({
            "model": "Business", "collection": "businesses", "id": null, "field": "ownerId", "kind": "reference-without-index", "advice": true,
        })
    );
    // An index that somebody made by hand is one, too.
    create(
        &case,
        "businesses",
        doc! { "key": { "ownerId": 1, "name": 1 }, "name": "hand" },
    )
    .await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(
        findings(&found),
        ["Business.ownerId+name index-dropped-by-push 1 advice"]
    );
}

#[tokio::test]
async fn a_text_index_of_the_schema_is_compared_by_its_fields() {
    let case = shop::case().await;
    with_schema(
        &case,
        &shop::SCHEMA.replace(
            "  @@index([ownerId])\n",
            "  @@index([ownerId])\n  @@fulltext([name])\n",
        ),
    );
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(findings(&found), ["Business.name index-missing 1"]);
    assert!(
        repairs(&found)[0].contains("{\"name\": \"text\"}"),
        "{found}"
    );
    create(
        &case,
        "businesses",
        doc! { "key": { "name": "text" }, "name": "businesses_name_idx" },
    )
    .await;
    json(conform(&case, &["--json"]).await, 0);
}
