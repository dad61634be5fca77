//! Documents as the schema says: nothing is found, and what reads with the same meaning is no finding.

use bson::{Bson, DateTime, Document, Timestamp, doc};

use crate::conform::shop::{self, BOOKING, BUSINESS, conform, findings, id, json};

#[tokio::test]
async fn documents_as_the_schema_says_end_with_0_and_every_document_counted() {
    let case = shop::case().await;
    let before = case.picture().await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(findings(&found), Vec::<String>::new());
    let counts: Vec<_> = found["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["name"].as_str().unwrap(),
                it["documents"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("User", 3),
        ("Business", 2),
        ("Tag", 2),
        ("Customer", 4),
        ("Booking", 8),
    ];
    assert_eq!(counts, expected);
    assert_eq!(found["notes"], serde_json::json!([]));
    let all = conform(&case, &["--all"]).await.code(0);
    assert_eq!(all.out, "");
    assert!(all.err.starts_with("conform: done") && all.err.lines().count() == 1);
    conform(&case, &[]).await.code(0).says(&["nothing wrong"]);
    case.assert_same(&before).await;
    assert!(!case.path("ringfence-runs").exists());
}

#[tokio::test]
async fn a_value_of_another_type_that_reads_with_the_same_meaning_is_no_finding() {
    let case = shop::case().await;
    let bookings = case.database.collection::<Document>("bookings");
    let same = doc! {
        "seats": 1.0, "price": 3_i64, "serial": 5, "startTime": Timestamp { time: 5, increment: 1 },
        "extra": [Timestamp { time: 6, increment: 1 }, Bson::MinKey], "scores": [7_i64, -2.0], "reason": "DONE", "notes": [],
        "photo": bson::Binary { subtype: bson::spec::BinarySubtype::Uuid, bytes: vec![1; 16] },
    };
    let one = doc! { "_id": id(BOOKING, 1) };
    bookings
        .update_one(one, doc! { "$set": same })
        .await
        .unwrap();
    let businesses = case.database.collection::<Document>("businesses");
    let name = doc! { "$set": { "name": id(1, 1), "branches": [], "address.geo": Bson::Null, "address.zip": Bson::Null } };
    businesses
        .update_one(doc! { "_id": id(BUSINESS, 0) }, name)
        .await
        .unwrap();
    let min = doc! { "$set": { "seats": i64::from(i32::MIN), "startTime": DateTime::MIN } };
    bookings
        .update_one(doc! { "_id": id(BOOKING, 2) }, min)
        .await
        .unwrap();
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(findings(&found), Vec::<String>::new());
}
