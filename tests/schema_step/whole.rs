//! The whole way: plan, apply, conform; and what the documents and indexes are then.

use bson::{Bson, doc};

use crate::schema_step::world::{self, BOOKING, BUSINESS, ROOM, SERVICE, USER, id, one};
use crate::support::case::Case;
use crate::support::picture;

pub async fn migrated() -> Case {
    let case = world::seeded().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    case
}

#[tokio::test]
async fn after_apply_every_document_can_be_read_by_the_new_application() {
    let case = migrated().await;
    assert_eq!(
        world::names(&case).await,
        [
            "bookings",
            "businesses",
            "customers",
            "rooms",
            "services",
            "users"
        ]
    );
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform)
        .await
        .code(0)
        .says(&["nothing wrong"]);
    case.ringfence(&["verify"]).await.code(0);
    case.ringfence(&["status"]).await.code(0);
    // The same command again changes nothing.
    case.apply(&[]).await.code(0);

    let booking = one(&case, "bookings", id(BOOKING, 0)).await;
    let keys: Vec<_> = booking.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "_id",
            "serviceId",
            "start_time",
            "remark",
            "status",
            "createdAt",
            "customerId",
            "updatedAt"
        ]
    );
    assert_eq!(booking.get("updatedAt"), booking.get("createdAt"));
    let service = one(&case, "services", id(SERVICE, 0)).await;
    assert_eq!(service.get("price"), Some(&Bson::Int32(30)));
    let business = one(&case, "businesses", id(BUSINESS, 0)).await;
    assert_eq!(business.get_str("state").unwrap(), "open");
    let business = one(&case, "businesses", id(BUSINESS, 1)).await;
    assert_eq!(business.get_str("state").unwrap(), "closed");
    let customers = case.database.collection::<bson::Document>("customers");
    let of_today = doc! { "isActive": true, "tags": { "$size": 0 }, "updatedAt": { "$type": "date" }, "createdAt": { "$type": "date" } };
    assert_eq!(
        customers.count_documents(of_today).await.unwrap(),
        customers.count_documents(doc! {}).await.unwrap()
    );
    let owner = one(&case, "users", id(USER, 0)).await;
    assert_eq!(owner.get("updatedAt"), owner.get("createdAt"));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn indexes_stand_under_the_schemas_names_and_those_made_by_hand_stay() {
    let case = migrated().await;
    let names = async |collection: &str| -> Vec<String> {
        let indexes = picture::indexes(&case.database, collection).await;
        indexes.into_keys().collect()
    };
    let bookings = names("bookings").await;
    for name in [
        "bookings_customerId_idx",
        "bookings_start_time_idx",
        "by hand",
    ] {
        assert!(bookings.iter().any(|it| it == name), "{name}: {bookings:?}");
    }
    let by_hand = picture::indexes(&case.database, "bookings").await;
    let key = by_hand["by hand"].get_document("key").unwrap();
    assert_eq!(*key, *bson::rawdoc! { "start_time": -1, "serviceId": 1 });
    assert_eq!(names("services").await, ["_id_", "services_businessId_idx"]);
    assert_eq!(
        names("customers").await,
        [
            "_id_",
            "customers_businessId_email_key",
            "customers_businessId_name_idx"
        ]
    );
    let users = picture::indexes(&case.database, "users").await;
    assert!(users["users_email_key"].get_bool("unique").unwrap());
    assert!(users.contains_key("User_email_idx"));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_empty_collection_under_a_new_name_is_set_aside_and_comes_back() {
    let case = world::seeded().await;
    case.database.create_collection("rooms").await.unwrap();
    case.database.create_collection("bookings").await.unwrap();
    let before = case.picture().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    let ended = case.ringfence(&plan).await.code(0);
    ended.says(&["_ringfence_before_rooms", "_ringfence_before_bookings"]);
    case.apply(&[]).await.code(0);
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    case.roll_back(&[]).await.code(0);
    let after = case.picture().await;
    let own = |picture: &picture::Picture| {
        let mut own = picture.clone();
        own.retain(|name, _| !name.starts_with("_ringfence_"));
        own
    };
    let differences = picture::differences(&own(&before), &own(&after), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn finish_leaves_no_side_collection_but_those_of_the_links() {
    let case = world::seeded().await;
    case.database.create_collection("rooms").await.unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    let finish = ["finish", "--confirm", &case.name];
    case.ringfence(&finish).await.code(0);
    let names = case.database.list_collection_names().await.unwrap();
    let left: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("_ringfence_before") || name.starts_with("_ringfence_old"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let verify = ["verify"];
    case.ringfence(&verify)
        .await
        .code(0)
        .says(&["are as the after-schema says"]);
    // What an old process writes under its old name is named, and can be set aside.
    let rooms = case.database.collection::<bson::Document>("Room");
    rooms.insert_one(doc! { "name": "Late" }).await.unwrap();
    case.ringfence(&verify).await.code(2).says(&["Room (1 "]);
    case.ringfence(&["strays"])
        .await
        .code(0)
        .says(&["Room (1 "]);
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    case.ringfence(&take_in)
        .await
        .code(1)
        .says(&["is finished", "--set-aside"]);
    let aside = ["strays", "--set-aside", "--confirm", &case.name];
    case.ringfence(&aside).await.code(0);
    case.ringfence(&verify).await.code(0);
    // And a document that the new application cannot read.
    let bookings = case.database.collection::<bson::Document>("bookings");
    let unset = doc! { "$unset": { "updatedAt": "" } };
    bookings.update_one(doc! {}, unset).await.unwrap();
    case.ringfence(&verify)
        .await
        .code(2)
        .says(&["Booking.updatedAt: missing-required, 1"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn customers_that_were_there_before_get_what_the_schema_asks_too() {
    let case = world::seeded().await;
    let mapping = std::fs::read_to_string(case.path("ringfence.toml")).unwrap();
    let named = mapping.replace("collection = \"Customer\"", "collection = \"customers\"");
    assert_ne!(mapping, named);
    std::fs::write(case.path("ringfence.toml"), named).unwrap();
    let customers = case.database.collection::<bson::Document>("customers");
    let known = doc! { "_id": id(9, 1), "businessId": id(BUSINESS, 0), "name": "Known", "email": "guest2@example.com" };
    customers.insert_one(known).await.unwrap();
    let before = case.picture().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    let known = one(&case, "customers", id(9, 1)).await;
    assert_eq!(known.get("isActive"), Some(&Bson::Boolean(true)));
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    assert_eq!(
        before["customers"].documents,
        case.picture().await["customers"].documents
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn values_of_an_enum_are_stored_as_the_schema_says_and_go_back() {
    let case = world::seeded().await;
    let with_status = world::AFTER.replace(
        "  note       String?  @map(\"remark\")",
        "  status     Status   @default(NEW)\n  note       String?  @map(\"remark\")",
    );
    let with_status = with_status.replace("  DONE\n", "  DONE\n  HELD\n");
    let (room, with) = ("model Room {\n", "model Room {\n  mood Status?\n");
    world::write(&case, &with_status.replace(room, with));
    let before = world::BEFORE.replace(room, with);
    std::fs::write(case.path("before.prisma"), before).unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan)
        .await
        .code(0)
        .says(&["Booking: status: \"NEW\" becomes \"new\" (7 documents)"]);
    case.apply(&[]).await.code(0);
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    let bookings = case.database.collection::<bson::Document>("bookings");
    let set = doc! { "$set": { "status": "new" } };
    bookings
        .update_one(doc! { "_id": id(BOOKING, 1) }, set)
        .await
        .unwrap();
    // A value that the schema of today lacks.
    let held = doc! { "$set": { "status": "HELD" } };
    bookings
        .update_one(doc! { "_id": id(BOOKING, 2) }, held)
        .await
        .unwrap();
    // No document had this field at the plan.
    let rooms = case.database.collection::<bson::Document>("rooms");
    let new = doc! { "_id": id(ROOM, 9), "name": "New", "mood": "new" };
    rooms.insert_one(new).await.unwrap();
    let late = doc! { "_id": id(SERVICE, 9), "name": "Late", "businessId": id(BUSINESS, 0) };
    let services = case.database.collection::<bson::Document>("services");
    services.insert_one(late).await.unwrap();
    case.roll_back(&["--keep-new"]).await.code(2).says(&[
        "the old application cannot read these fields",
        "carried in part: 1 Booking changed",
        "(status)",
        "carried in part: 1 Service added",
        "(price)",
    ]);
    let booking = one(&case, "Booking", id(BOOKING, 2)).await;
    assert_eq!(booking.get_str("status").unwrap(), "HELD");
    let room = one(&case, "Room", id(ROOM, 9)).await;
    assert_eq!(room.get_str("mood").unwrap(), "NEW");
    for n in 0..2 {
        let booking = one(&case, "Booking", id(BOOKING, n)).await;
        assert_eq!(booking.get_str("status").unwrap(), "NEW");
    }
}
