//! The schemas that `assets/` ships, on the demo's own data: what `conform` says of them before the migration and after it.

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use futures_util::TryStreamExt as _;
use ringfence::demo::sample::{self, Size};
use ringfence::demo::schemas;

use crate::conform::shop::{conform, findings, json, with_schema};
use crate::support::case::Case;

/// The sample in a database of its own, with the schema beside it.
pub async fn sample(schema: &str) -> Case {
    let case = Case::empty().await;
    sample::seed(&case.database, 1, Size::Small, &|_, _| {})
        .await
        .unwrap();
    with_schema(&case, schema);
    case
}

/// Does both repairs that the after-schema asks for after a migration, as they are offered.
pub async fn mended(case: &Case) {
    let index =
        doc! { "key": { "businessId": 1, "email": 1 }, "name": "Customer_businessId_email_idx" };
    crate::support::data::run(
        &case.database,
        doc! { "createIndexes": "Customer", "indexes": [index] },
    )
    .await;
    let bookings = case.database.collection::<Document>("Booking");
    let text = doc! { "serviceId": { "$type": "string" } };
    let texts: Vec<Document> = bookings
        .find(text)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(texts.len(), 2);
    for booking in texts {
        let service = ObjectId::parse_str(booking.get_str("serviceId").unwrap()).unwrap();
        let this = doc! { "_id": booking.get("_id").cloned().unwrap_or(Bson::Null) };
        let mend = doc! { "$set": { "serviceId": service } };
        bookings.update_one(this, mend).await.unwrap();
    }
}

/// Bookings whose id of this field is kept as text, as the server counts them.
async fn as_text(case: &Case, field: &str) -> u64 {
    let bookings = case.database.collection::<Document>("Booking");
    let text = doc! { field: { "$type": "string" } };
    bookings.count_documents(text).await.unwrap()
}

#[tokio::test]
async fn the_schema_of_before_finds_in_the_demo_what_was_planted_there_and_nothing_else() {
    let case = sample(schemas::BEFORE).await;
    let before = case.picture().await;
    assert_eq!(
        (
            as_text(&case, "userId").await,
            as_text(&case, "serviceId").await
        ),
        (2, 2)
    );
    let found = json(conform(&case, &["--json"]).await, 2);
    let expected = [
        "TeamMember.userId reference-without-index 1 advice",
        "Service.businessId dangling-relation 1 advice",
        "Customer.businessId reference-without-index 1 advice",
        "Booking.userId wrong-type 2",
        "Booking.serviceId wrong-type 2",
        "Booking.userId dangling-relation 4 advice",
        "Booking.serviceId dangling-relation 3 advice",
        "Booking.customerId dangling-relation 2 advice",
        "Booking.customerId reference-without-index 1 advice",
        "Review.authorId reference-without-index 1 advice",
    ];
    assert_eq!(findings(&found), expected);
    assert_eq!(found["notes"], serde_json::json!([]));
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_the_migration_the_other_schema_asks_for_one_index_and_two_ids_and_then_it_conforms()
{
    let case = sample(schemas::AFTER).await;
    case.migrate().await;
    let found = json(conform(&case, &["--json"]).await, 2);
    let wrong = |found: &serde_json::Value| {
        let all = findings(found).into_iter();
        all.filter(|it| !it.ends_with("advice")).collect::<Vec<_>>()
    };
    let expected = [
        "Customer.businessId+email index-missing 1",
        "Booking.serviceId wrong-type 2",
    ];
    assert_eq!(wrong(&found), expected);
    mended(&case).await;
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(wrong(&found), Vec::<String>::new());
}
