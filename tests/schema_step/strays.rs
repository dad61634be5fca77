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
