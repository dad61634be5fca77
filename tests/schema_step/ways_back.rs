//! The ways back from an after-schema: the old names, the same bytes, the same indexes; and what the application wrote under the new ones.

use bson::{DateTime, Document, doc};

use crate::schema_step::whole::migrated;
use crate::schema_step::world::{self, BOOKING, BUSINESS, ROOM, SERVICE, USER, id, one};
use crate::support::picture::{self, Picture};

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

#[tokio::test]
async fn a_rollback_gives_back_names_bytes_and_indexes() {
    let case = world::seeded().await;
    let before = case.picture().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    case.roll_back(&[])
        .await
        .code(0)
        .says(&["byte for byte", "rooms is called Room again, unchanged"]);
    let after = case.picture().await;
    let differences = picture::differences(&own(&before), &own(&after), true);
    assert!(differences.is_empty(), "{differences:#?}");
    // And again, with the same plan.
    case.apply(&[]).await.code(0);
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_collection_that_was_only_renamed_goes_back_with_what_was_written_since() {
    let case = migrated().await;
    let rooms = case.database.collection::<Document>("rooms");
    rooms
        .insert_one(doc! { "_id": id(ROOM, 1), "name": "Blue" })
        .await
        .unwrap();
    case.roll_back(&[])
        .await
        .code(0)
        .says(&["rooms is called Room again, with what was written since"]);
    assert_eq!(
        one(&case, "Room", id(ROOM, 1))
            .await
            .get_str("name")
            .unwrap(),
        "Blue"
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_the_old_application_cannot_read_is_said_of_a_collection_that_was_only_renamed() {
    let case = world::seeded().await;
    let with_kinds = |schema: &str, kinds: &str| {
        let room = format!("enum Kind {{\n{kinds}\n}}\n\nmodel Room {{\n  kind Kind?\n");
        schema.replace("model Room {\n", &room)
    };
    world::write(&case, &with_kinds(world::AFTER, "SMALL\nODD\nLARGE"));
    let before = with_kinds(world::BEFORE, "SMALL");
    std::fs::write(case.path("before.prisma"), before).unwrap();
    // It was so before: nothing of ours.
    let odd = doc! { "_id": id(ROOM, 1), "name": "Odd", "kind": "ODD" };
    let rooms = case.database.collection::<Document>("Room");
    rooms.insert_one(odd).await.unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    let rooms = case.database.collection::<Document>("rooms");
    for (number, kind) in [(2, "LARGE"), (3, "SMALL")] {
        let new = doc! { "_id": id(ROOM, number), "name": "New", "kind": kind };
        rooms.insert_one(new).await.unwrap();
    }
    let new = format!(
        "carried in part: 1 Room added: it is back, and the old application cannot read these fields: a value is of another type, is none of its enum, or is missing: {} (kind)",
        id(ROOM, 2).to_hex()
    );
    let ended = case.roll_back(&[]).await.code(2);
    let ended = ended.says(&["rooms is called Room again, with what was written", &new]);
    let said = format!("{}{}", ended.out, ended.err);
    assert!(!said.contains(&id(ROOM, 1).to_hex()), "{said}");
    let room = one(&case, "Room", id(ROOM, 2)).await;
    assert_eq!(room.get_str("kind").unwrap(), "LARGE");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_the_application_wrote_under_new_names_is_carried_back_under_the_old_ones() {
    let case = migrated().await;
    let database = &case.database;
    let at = DateTime::from_millis(1_800_000_000_000);
    let bookings = database.collection::<Document>("bookings");
    let set = doc! { "$set": { "start_time": at, "remark": "moved", "updatedAt": at } };
    bookings
        .update_one(doc! { "_id": id(BOOKING, 0) }, set)
        .await
        .unwrap();
    let customer = one(&case, "bookings", id(BOOKING, 1)).await;
    let customer = customer.get_object_id("customerId").unwrap();
    let new = doc! {
        "_id": id(BOOKING, 100), "customerId": customer, "serviceId": id(SERVICE, 1), "start_time": at, "createdAt": at, "updatedAt": at,
    };
    bookings.insert_one(new).await.unwrap();
    let services = database.collection::<Document>("services");
    services
        .update_one(
            doc! { "_id": id(SERVICE, 0) },
            doc! { "$set": { "price": 35 } },
        )
        .await
        .unwrap();
    let businesses = database.collection::<Document>("businesses");
    businesses
        .update_one(
            doc! { "_id": id(BUSINESS, 0) },
            doc! { "$set": { "state": "closed" } },
        )
        .await
        .unwrap();
    case.roll_back(&[]).await.code(2).says(&["--keep-new"]);
    case.roll_back(&["--keep-new"]).await.code(0);

    let booking = one(&case, "Booking", id(BOOKING, 0)).await;
    let expected = doc! {
        "_id": id(BOOKING, 0), "userId": id(USER, 2), "serviceId": id(SERVICE, 0), "date": at, "note": "moved", "status": "NEW", "createdAt": world::day(0), "updatedAt": at,
    };
    assert_eq!(booking, expected);
    let booking = one(&case, "Booking", id(BOOKING, 100)).await;
    assert_eq!(booking.get_object_id("userId").unwrap(), id(USER, 3));
    assert_eq!(booking.get_datetime("date").unwrap(), &at);
    let service = one(&case, "Service", id(SERVICE, 0)).await;
    assert_eq!(service.get("price"), Some(&bson::Bson::Double(35.0)));
    let business = one(&case, "Business", id(BUSINESS, 0)).await;
    assert_eq!(business.get_str("state").unwrap(), "closed");
    // What nobody touched is as it was, without what the schema had written.
    let untouched = one(&case, "Booking", id(BOOKING, 5)).await;
    assert_eq!(untouched.get("updatedAt"), None);
    assert_eq!(
        world::names(&case).await,
        ["Booking", "Business", "Room", "Service", "User"]
    );
}
