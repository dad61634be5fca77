//! What an old process writes under a name that the after-schema took away: it is taken in through the rules, and what they cannot mend stays aside.

use bson::{Bson, Document, doc};

use crate::schema_step::whole::migrated;
use crate::schema_step::world::{BOOKING, BUSINESS, ROOM, SERVICE, USER, day, id, one};
use crate::support::case::Case;

async fn writes(case: &Case, collection: &str, document: Document) {
    let collection = case.database.collection::<Document>(collection);
    collection.insert_one(document).await.unwrap();
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn strays_come_in_as_the_after_schema_says_and_what_it_cannot_read_stays() {
    let case = migrated().await;
    let service = |number: u8, price: f64| {
        doc! { "_id": id(SERVICE, number), "name": "Late", "price": price, "businessId": id(BUSINESS, 0) }
    };
    writes(&case, "Service", service(50, 12.0)).await;
    writes(&case, "Service", service(51, 12.5)).await;
    writes(
        &case,
        "Room",
        doc! { "_id": id(ROOM, 50), "name": "Old room" },
    )
    .await;
    let booking = doc! {
        "_id": id(BOOKING, 60), "userId": id(USER, 2), "serviceId": id(SERVICE, 0), "date": day(7), "note": "late", "status": "NEW", "createdAt": day(1),
    };
    writes(&case, "Booking", booking).await;
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    case.ringfence(&take_in).await.code(2).says(&[
        "1 of 2 documents stay there",
        "the new application could not read them",
    ]);
    let late = one(&case, "services", id(SERVICE, 50)).await;
    assert_eq!(late.get("price"), Some(&Bson::Int32(12)));
    let booking = one(&case, "bookings", id(BOOKING, 60)).await;
    assert_eq!(booking.get_datetime("start_time").unwrap(), &day(7));
    assert_eq!(booking.get_str("remark").unwrap(), "late");
    assert!(booking.get_object_id("customerId").is_ok());
    assert_eq!(booking.get_datetime("updatedAt").unwrap(), &day(1));
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    let aside = ["strays", "--set-aside", "--confirm", &case.name];
    case.ringfence(&aside).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    // One that was changed since does not stand as it came.
    let rooms = case.database.collection::<Document>("rooms");
    let other = doc! { "$set": { "name": "Other" } };
    rooms
        .update_one(doc! { "_id": id(ROOM, 50) }, other)
        .await
        .unwrap();
    case.ringfence(&["verify"])
        .await
        .code(2)
        .says(&["does not stand as it came"]);
    case.roll_back(&["--keep-new"]).await;
    let back = one(&case, "Service", id(SERVICE, 50)).await;
    assert_eq!(back.get("price"), Some(&Bson::Double(12.0)));
    let back = one(&case, "Booking", id(BOOKING, 60)).await;
    assert_eq!(back.get_object_id("userId").unwrap(), id(USER, 2));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_a_rollback_what_came_under_the_new_names_is_named_and_goes_in_as_it_was_before() {
    let case = migrated().await;
    case.roll_back(&[]).await.code(0);
    case.ringfence(&["strays"])
        .await
        .code(0)
        .says(&["no stray stands"]);
    // A push makes empty ones.
    case.database.create_collection("users").await.unwrap();
    case.ringfence(&["strays"])
        .await
        .code(0)
        .says(&["no stray stands"]);
    let service =
        doc! { "_id": id(SERVICE, 50), "name": "Late", "price": 12, "businessId": id(BUSINESS, 0) };
    writes(&case, "services", service).await;
    writes(&case, "rooms", doc! { "_id": id(ROOM, 50), "name": "Late" }).await;
    let customer = doc! { "_id": id(9, 1), "businessId": id(BUSINESS, 0), "name": "New" };
    writes(&case, "customers", customer).await;
    let booking = doc! { "_id": id(BOOKING, 60), "customerId": id(9, 1), "serviceId": id(SERVICE, 0), "start_time": day(7), "createdAt": day(1), "updatedAt": day(1) };
    writes(&case, "bookings", booking).await;
    let names = ["services (1 ", "rooms (1 ", "customers (1 ", "bookings (1 "];
    case.ringfence(&["strays"]).await.code(0).says(&names);
    case.ringfence(&["status"])
        .await
        .code(0)
        .says(&["bookings holds 1"]);
    case.apply(&[]).await.code(2).says(&names);
    let purge = ["purge", "--confirm", &case.name];
    case.ringfence(&purge).await.code(2).says(&names);
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    case.ringfence(&take_in).await.code(2).says(&[
        "_services: 1 document read back, live in Service",
        "_rooms: 1 document read back, live in Room",
        "_customers: 1 of 1 document stay there",
        "_bookings: 1 of 1 document stay there",
    ]);
    let back = one(&case, "Service", id(SERVICE, 50)).await;
    assert_eq!(back.get("price"), Some(&Bson::Double(12.0)));
    assert_eq!(one(&case, "Room", id(ROOM, 50)).await.len(), 2);
    let aside = ["strays", "--set-aside", "--confirm", &case.name];
    case.ringfence(&aside).await.code(0);
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
}
